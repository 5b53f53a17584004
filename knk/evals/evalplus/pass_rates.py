"""EvalPlus's results for samples, and the share of samples that pass."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from knk.sandbox.model import Level

PASSED: Final = "pass"
_REPORTED_K: Final = (1, 10, 100)


@dataclass(frozen=True)
class SampleResult:
    """EvalPlus's result for a sample.

    Args:
        task_id: the problem.
        index: the index of the sample among the problem's samples.
        base: "pass", "fail" or "timeout" on the inputs of HumanEval.
        plus: the same on the inputs that EvalPlus added.
        failed: the arguments of the first failed input, shortened; "" if EvalPlus names none.
    """

    task_id: str
    index: int
    base: str
    plus: str
    failed: str = ""

    @property
    def correct(self) -> bool:
        """Whether the sample passes on all inputs, as HumanEval+ requires."""
        return self.base == self.plus == PASSED

    def __str__(self) -> str:
        failed = f" on ({self.failed})" if self.failed else ""
        return f"base {self.base}, plus {self.plus}{failed}"


@dataclass(frozen=True)
class EvalPlusResults:
    """EvalPlus's results for some samples.

    Args:
        samples: the result of each sample, in the order of the samples.
        reported: the lines that EvalPlus prints at the end.
        version: EvalPlus's version.
        level: the isolation of the sandbox that it ran in.
        root_tasks: the problems that ask for a root, if this version fails all right answers to them.
        counts_roots: whether right roots were counted all the same.
        min_seconds: the minimum time limit for an input.
    """

    samples: tuple[SampleResult, ...]
    reported: tuple[str, ...]
    version: str
    level: Level
    root_tasks: frozenset[str]
    counts_roots: bool
    min_seconds: float

    @property
    def as_shipped(self) -> int:
        """The number of samples that this version of EvalPlus passes as it is installed."""
        return sum(result.correct and result.task_id not in self.root_tasks for result in self.samples)


@dataclass(frozen=True)
class PassRates:
    """How many samples of some problems pass.

    Args:
        tasks: the number of problems.
        samples: the number of samples.
        base: the number of samples that pass on the inputs of HumanEval.
        plus: the number of samples that pass on all inputs.
        pass_at: by k, the probability that one of k samples passes on all inputs, for each k with enough samples.
    """

    tasks: int
    samples: int
    base: int
    plus: int
    pass_at: Mapping[int, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        rates = {f"pass@{k}": rate for k, rate in self.pass_at.items()}
        return {"tasks": self.tasks, "samples": self.samples, "base": self.base, "plus": self.plus, **rates}


def pass_rates(results: Sequence[SampleResult], tasks: AbstractSet[str] | None = None) -> PassRates:
    """Return how many samples pass.

    Args:
        results: the results of the samples.
        tasks: the task ids of the problems to count; all if not given.

    >>> results = [SampleResult("a", 0, "pass", "pass"), SampleResult("a", 1, "pass", "fail")]
    >>> results += [SampleResult("b", 0, "fail", "fail"), SampleResult("b", 1, "pass", "pass")]
    >>> pass_rates(results)
    PassRates(tasks=2, samples=4, base=3, plus=2, pass_at={1: 0.5})
    >>> pass_rates(results, {"a"}).to_dict()
    {'tasks': 1, 'samples': 2, 'base': 2, 'plus': 1, 'pass@1': 0.5}
    """
    by_task: dict[str, list[SampleResult]] = defaultdict(list)
    for result in results:
        if tasks is None or result.task_id in tasks:
            by_task[result.task_id].append(result)
    counted = [result for task in by_task.values() for result in task]
    fewest = min(map(len, by_task.values()), default=0)
    return PassRates(
        len(by_task),
        len(counted),
        sum(result.base == PASSED for result in counted),
        sum(result.correct for result in counted),
        {k: _mean_pass_at_k(by_task.values(), k) for k in _REPORTED_K if k <= fewest},
    )


def _mean_pass_at_k(by_task: Iterable[Sequence[SampleResult]], k: int) -> float:
    rates = [pass_at_k(len(task), sum(result.correct for result in task), k) for task in by_task]
    return sum(rates) / len(rates)


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """Return the probability that k samples, drawn without replacement, contain a correct one.

    Args:
        samples: the number of samples to draw from.
        correct: the number of correct ones among them.
        k: the number of samples drawn.

    >>> pass_at_k(4, 1, 1), pass_at_k(10, 9, 2), pass_at_k(4, 1, 2)
    (0.25, 1.0, 0.5)
    """
    return 1 - math.comb(samples - correct, k) / math.comb(samples, k)
