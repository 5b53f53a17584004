"""Completions of several tasks, attacks included, each with its row; every adapter must score them as `verify` does."""

import doctest
import json
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from knk.answers.verdict import Verdict
from knk.integrations.common import verifier_columns
from knk.logic.notation import encode
from knk.logic.solver import solve
from knk.tasks import load
from tests.support.attacks import kk, math, mmlu_pro


class Case(NamedTuple):
    """A completion, with its task and its row."""

    task: str
    row: dict[str, Any]
    completion: str

    @property
    def verdict(self) -> Verdict:
        """The library's own verdict."""
        return load(self.task).verify(self.completion, self.row)


def _kk() -> list[Case]:
    return [
        Case("kk", {"puzzle": encode(one.puzzle), "solution": list(solve(one.puzzle))}, one.completion)
        for one in kk.ATTACKS
    ]


def _math() -> list[Case]:
    # Only numbers, which are compared in this process: formulas, and attacks that hang, take workers and seconds.
    reasons = ("right", "several answers", "retracted")
    chosen = [one for one in math.ATTACKS if one.gold == "5" and one.reason in reasons]
    return [Case("hendrycks_math", {"problem": one.problem, "answer": one.gold}, one.completion) for one in chosen]


@cache
def cases() -> tuple[Case, ...]:
    """Return all cases, puzzles first."""
    options = [Case("mmlu_pro", verifier_columns("mmlu_pro", one.row), one.completion) for one in mmlu_pro.ATTACKS]
    puzzle = {"puzzle": "Ann,Bob 0:&(-0,-1)", "solution": [False, True]}
    return (*_kk(), *options, *_math(), *(Case("kk", puzzle, text) for text in ODD))


ODD = ("", " ", "\n\n", "\0", "\ud800", "<answer>", "</think>", "{}", "x" * 100_000)
"""Degenerate completions to a puzzle of Ann and Bob."""


def unknown(*_: Any) -> Verdict:
    """Return the verdict of a verifier that could not decide."""
    return Verdict(None, "timed out")


def write_mmlu(path: Any, n: int = 3) -> None:
    """Write a small file of rows as MMLU-Pro has them."""
    item = {"options": ["1", "2", "3"], "answer": "B", "category": "math"}
    lines = [json.dumps(item | {"question": f"What is {k} + {2 - k}?", "question_id": k}) for k in range(n)]
    path.write_text("\n".join(lines), encoding="utf-8")


def doctests_pass(module: ModuleType) -> bool:
    """Whether a module's doctests pass; the default run leaves out modules that need a framework."""
    return doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).failed == 0
