"""Rows in the forms that others train on: the public data's columns, and TRL's prompts and completions.

The public K&K data (Logic-RL's files, arXiv 2502.14768, made with the generator of arXiv 2410.23123) has these columns,
and who reads them reads ours: verl and Logic-RL want `prompt`, `data_source` and `reward_model`.

| column | what it holds here |
|---|---|
| `quiz` | the puzzle in English |
| `names` | people's names, in order |
| `knight_knave` | the role words, with and without article and capital |
| `solution` | each person's role, true for a knight |
| `solution_text` | the solution in one sentence |
| `solution_text_format` | the solution, one numbered line a person |
| `cot_head`, `cot_repeat_steps`, `cot_foot` | a checked proof: an opening, its sentences, the check at its end |
| `statements` | the statements in that data's own notation |
| `index` | the number of the row |
| `data_source` | `kk_logic` |
| `prompt` | the prompt as messages, in our wording |
| `ability` | `logic` |
| `reward_model` | `style` "rule", and the `ground_truth`: `solution_text_format` and `statements` |
| `extra_info` | the number of the row and its `split` |
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, Final

from knk import tasks
from knk.datasets.rows import answer_of, wording_seed
from knk.errors import BadRow
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution, solve
from knk.logic.statements import (
    And,
    Atom,
    Iff,
    Implies,
    Knave,
    Knight,
    Not,
    Or,
    SameKind,
    Statement,
)
from knk.parallel.executors import open_executor
from knk.proofs.trace import trace
from knk.tasks import kk
from knk.tasks.source import Row, field
from knk.text.explain import explain
from knk.text.vocabulary import article, capitalised, join_words

FORMS: Final = ("public", "grpo", "sft")
"""What rows can be exported as: the public data's columns, TRL's prompts, TRL's prompts and completions."""
_JOB: Final = 500
"""Rows that a process puts into their form at a time."""
_HEAD: Final = "Let us go from what is known to what follows."
_SENTENCE_END: Final = re.compile(r"(?<=[.!?:]) (?=\S)")
_CONNECTIVES: Final[dict[type[Statement], str]] = {Not: "not", And: "and", Or: "or", Implies: "->", Iff: "<=>"}


@dataclass(frozen=True)
class Form:
    """The form that rows are put into.

    Args:
        name: one of `FORMS`.
        style: for TRL the style of the prompts, "paper" or "chat"; see `knk.tasks.format`.
        proof_style: for "sft" how the proof is told, one of `knk.text.styles.PROOF_STYLES`.
        seed: chooses among the proofs' wordings.
        split: what the public form's `extra_info` says is the split.

    Raises:
        BadRow: there is no such form.

    >>> Form("sft").proof_style
    'long'
    """

    name: str
    style: str = "paper"
    proof_style: str = "long"
    seed: int = 0
    split: str = "train"

    def __post_init__(self) -> None:
        if self.name not in FORMS:
            raise BadRow(f"there is no form {self.name!r}; there are {', '.join(FORMS)}")

    def row(self, row: Row, index: int) -> Row:
        """Return a row of ours in this form.

        Args:
            row: the row.
            index: its number.

        Raises:
            BadRow: the row cannot have this form.
        """
        if self.name == "public":
            return public_row(row, index, self.split, self.seed)
        if self.name == "grpo":
            return prompt_row(row, self.style)
        return completion_row(row, self.style, self.proof_style, self.seed)


def exported(rows: Iterable[Row], form: Form, processes: int | None = 1, executor: str = "local") -> Iterator[Row]:
    """Return an iterator over rows in another form, in their order.

    Args:
        rows: rows of ours; they are taken as they are needed.
        form: the form.
        processes: how many processes make them, None for one a processor; a script that asks for more than one has
            to guard its start with `if __name__ == "__main__"`.
        executor: what runs the jobs, "local" or "ray"; see `knk.parallel.executors.open_executor`.

    Raises:
        BadRow: a row cannot have this form.

    >>> rows = [{"puzzle": "Ann,Bob 0:-1 1:&(-0,-1)", "text": "Ann: Bob is a knave. Bob: We are both knaves."}]
    >>> next(exported(rows, Form("public")))["statements"]
    "(('lying', 1), ('and', ('lying', 0), ('lying', 1)))"
    >>> list(next(exported(rows, Form("sft"))))
    ['prompt', 'completion', 'id']
    """
    rows = iter(rows)
    if len(first := list(islice(rows, _JOB))) < _JOB:
        yield from _formed(form, 0, first)
        return
    with open_executor(processes, executor) as (working, workers):
        under_way = deque([working.submit(_formed, form, 0, first)])
        for start in count(_JOB, _JOB):
            job = list(islice(rows, _JOB))
            if job:
                under_way.append(working.submit(_formed, form, start, job))
            while under_way and (not job or len(under_way) > 2 * workers):
                yield from under_way.popleft().result()
            if not job:
                return


def _formed(form: Form, start: int, rows: Sequence[Row]) -> list[Row]:
    return [_formed_row(form, row, start + place) for place, row in enumerate(rows)]


def _formed_row(form: Form, row: Row, index: int) -> Row:
    try:
        return form.row(row, index)
    except BadRow as error:
        raise BadRow(f"row {index}: {error}") from error


def prompt_row(row: Row, style: str = "paper") -> Row:
    """Return a row for TRL's GRPO, the same as `knk.tasks.prompt_row` returns for the task `kk`.

    >>> sorted(prompt_row({"puzzle": "Ann,Bob 0:&(-0,-1)", "text": "Ann: We are both knaves."}))
    ['id', 'prompt', 'puzzle', 'solution']
    """
    puzzle = _puzzle(row)
    return tasks.prompt_row(tasks.load("kk"), row | {"id": puzzle.key, "solution": list(solve(puzzle))}, style)


def completion_row(row: Row, style: str = "paper", proof_style: str = "long", seed: int = 0) -> Row:
    """Return a row for TRL's SFT: a prompt, and a completion that reasons in a checked proof and answers.

    Args:
        row: a row of ours.
        style: "paper" for strings, the thinking opened by the prompt; "chat" for messages.
        proof_style: how the proof is told.
        seed: chooses among its wordings.

    >>> row = {"puzzle": "Ann,Bob 0:&(-0,-1)", "text": "Ann: We are both knaves."}
    >>> completion_row(row, proof_style="brief")["completion"].splitlines()[-2:]
    ['<answer>(1) Ann is a knave', '(2) Bob is a knight</answer>']
    """
    puzzle = _puzzle(row)
    answer = answer_of(puzzle, solve(puzzle))
    # The proof ends with the answer, which stands in its tags here.
    told = explain(trace(puzzle), proof_style, wording_seed(row["puzzle"], seed)).removesuffix(answer).rstrip()
    text = f"{told}\n</think>\n<answer>{answer}</answer>"
    prompt = kk.prompt(row, style)
    if isinstance(prompt, str):
        return {"prompt": prompt, "completion": f"\n{text}", "id": puzzle.key}
    completion = [{"role": "assistant", "content": f"<think>\n{text}"}]
    return {"prompt": prompt, "completion": completion, "id": puzzle.key}


def public_row(row: Row, index: int, split: str = "train", seed: int = 0) -> Row:
    """Return a row with the public data's columns.

    Args:
        row: a row of ours.
        index: its number.
        split: the split to name in `extra_info`.
        seed: chooses among the proof's wordings.

    Raises:
        BadRow: a statement is of a kind that the public data's notation has not, or somebody says nothing.
    """
    puzzle = _puzzle(row)
    solution = solve(puzzle)
    answer = answer_of(puzzle, solution)
    statements = public_statements(puzzle)
    proof, check, *_ = [*explain(trace(puzzle), "brief", wording_seed(row["puzzle"], seed)).split("\n\n"), ""]
    return {
        "quiz": field(row, "text", str),
        "names": list(puzzle.names),
        "knight_knave": _role_words(puzzle),
        "solution": list(solution),
        "solution_text": _sentence(puzzle, solution),
        "solution_text_format": answer,
        "cot_head": _HEAD,
        "cot_repeat_steps": _SENTENCE_END.split(proof),
        "cot_foot": check,
        "statements": statements,
        "index": index,
        "data_source": "kk_logic",
        "prompt": kk.prompt(row, "chat"),
        "ability": "logic",
        "reward_model": {
            "ground_truth": {"solution_text_format": answer, "statements": statements},
            "style": "rule",
        },
        "extra_info": {"index": index, "split": split},
    }


def public_statements(puzzle: Puzzle) -> str:
    """Return a puzzle's statements in the public data's notation, one a person.

    Several of one person are joined by "and"; who says the same kind of somebody says "if and only if".

    Raises:
        BadRow: that notation has no such statement, or somebody says nothing.

    >>> public_statements(decode("Ann,Bob 0:-1 1:>(+0,~-1)"))
    "(('lying', 1), ('->', ('telling-truth', 0), ('not', ('lying', 1))))"
    """
    said: list[list[Statement]] = [[] for _ in puzzle.names]
    for one in puzzle.statements:
        said[one.speaker].append(one.statement)
    for name, statements in zip(puzzle.names, said, strict=True):
        if not statements:
            raise BadRow(f"the public data's columns have a statement of each person, and {name} says nothing")
    return repr(tuple(_nested(own[0] if len(own) == 1 else And(*own)) for own in said))


def _nested(statement: Statement) -> Any:
    if isinstance(statement, Atom):
        return ("telling-truth" if statement.is_knight else "lying", statement.person)
    if isinstance(statement, SameKind):
        same = Knight(statement.right) if statement.same else Knave(statement.right)
        return ("<=>", _nested(Knight(statement.left)), _nested(same))
    if type(statement) in _CONNECTIVES:
        return (_CONNECTIVES[type(statement)], *map(_nested, statement.parts))
    raise BadRow(f"the public data has no statement of the kind {statement.kind!r}; 'classic' puzzles are made without")


def _puzzle(row: Row) -> Puzzle:
    return decode(field(row, "puzzle", str))


def _role_words(puzzle: Puzzle) -> dict[str, str]:
    """Return the role words under the public data's names for them, in its order."""
    words: dict[str, str] = {}
    for role, word in zip(("knight", "knave"), puzzle.roles, strict=True):
        words |= {capitalised(role): capitalised(word), f"a_{role}": f"{article(word)} {word}", role: word}
    return dict(sorted(words.items()))


def _sentence(puzzle: Puzzle, solution: Solution) -> str:
    words = (puzzle.roles[not knight] for knight in solution)
    return (
        join_words([f"{name} is {article(word)} {word}" for name, word in zip(puzzle.names, words, strict=True)]) + "."
    )
