"""An adaptive curriculum: RLVR draws puzzles of the next level when most answers are right, else of the level before.

The levels are an ordered list of numbers of people and grades. After `window` batches at a level whose mean success
rate is above `raise_above`, the next level begins; below `lower_below`, the level before. A policy learns nothing from
groups of equal rewards, and the variance of one answer, p(1 - p), falls off quickly outside these bounds.

Compare RLVE (arXiv 2511.07317), which draws from a window of levels that moves up as the policy masters them. Here the
level is one, so that its success rate is measured by all answers of a batch, and it also goes down: a level that is too
hard gives no signal, and a policy that loses a skill is taken back to it.

The level is a function of the success rates that the trainer has logged, and the puzzles of a batch are a function of
the seed, the batch and its level. So a run that resumes from a checkpoint, whose state has the log, draws the same
puzzles, in every process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from hashlib import blake2b
from statistics import fmean
from typing import Any, Final

from knk import tasks
from knk.errors import BadConfig
from knk.tasks import kk
from knk.tasks.source import Row

SUCCESS_RATE: Final = "kk/right"
"""The metric that the rewards of the task `kk` log: the share of right answers in a batch."""
_LAG: Final = 2
"""Batches between a batch and the first whose level can depend on it: trainers load one batch ahead."""


@dataclass(frozen=True)
class Level:
    """The puzzles of one level.

    Args:
        people: their number of people.
        grade: their grade, 1 to 5.
    """

    people: int
    grade: int


LADDER: Final = tuple(Level(*pair) for pair in ((3, 1), (4, 2), (5, 2), (5, 3), (6, 3), (7, 3), (6, 4), (8, 4)))
"""The default levels; each puzzle of them takes less than a second to draw."""


@dataclass(frozen=True)
class Curriculum:
    """The levels, and when they change.

    Args:
        levels: the levels, easiest first.
        raise_above: the mean success rate above which the next level begins.
        lower_below: the mean success rate below which the level before begins.
        window: the number of batches at a level after which it may change.
        style: the style of the prompts, "paper" or "chat"; see `knk.tasks.format`.
        seed: the seed of the puzzles.

    Raises:
        BadConfig: a value is out of range.

    >>> Curriculum(window=2).levels_of([0.9, 0.9, 0.8, 0.1, 0.1, 0.1], 8)
    [0, 0, 0, 1, 1, 1, 0, 0]
    """

    levels: tuple[Level, ...] = LADDER
    raise_above: float = 0.7
    lower_below: float = 0.3
    window: int = 4
    style: str = "paper"
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.levels:
            raise BadConfig("curriculum: expected at least one level, got none")
        if not 0 <= self.lower_below < self.raise_above <= 1:
            raise BadConfig(
                "curriculum: expected 0 <= lower_below < raise_above <= 1, got "
                f"{self.lower_below} and {self.raise_above}"
            )
        if self.window < 1:
            raise BadConfig(f"curriculum: expected a window of at least 1 batch, got {self.window}")

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Curriculum:
        """Return the curriculum of a recipe's setting `curriculum`.

        Args:
            settings: the fields by name; `levels` as a list of `{people: N, grade: N}`.

        Raises:
            BadConfig: a field is unknown or has another type.

        >>> Curriculum.from_settings({"levels": [{"people": 3, "grade": 1}]}).levels
        (Level(people=3, grade=1),)
        """
        known = {entry.name: entry.type for entry in fields(cls)}
        for name, value in settings.items():
            if name not in known:
                raise BadConfig(f"curriculum: unknown field {name!r}: expected one of {', '.join(known)}")
            if name != "levels" and not _has_type(value, str(known[name])):
                raise BadConfig(f"curriculum: expected {name!r} to be {known[name]}, got {str(value)[:40]!r}")
        levels = settings.get("levels")
        return cls(**{**settings, "levels": LADDER if levels is None else tuple(map(_level, _listed(levels)))})

    def levels_of(self, rates: Sequence[float], batches: int) -> list[int]:
        """Return the level of each of the first batches, as an index.

        Args:
            rates: the success rates of the batches so far; all but the last two of `batches` are needed.
            batches: the number of batches.

        Raises:
            BadConfig: a rate is missing.
        """
        if len(rates) < batches - _LAG:
            raise BadConfig(
                f"curriculum: expected the success rates of {batches - _LAG} batches, got {len(rates)}: set "
                "logging_steps to 1 and use the reward knk.rewards.kk_reward"
            )
        levels, start = [0], 0
        for batch in range(1, batches):
            recent = rates[start : batch - 1][-self.window :]
            level = levels[-1]
            if len(recent) == self.window:
                level = self._next(level, fmean(recent))
            if level != levels[-1]:
                start = batch
            levels.append(level)
        return levels

    def _next(self, level: int, rate: float) -> int:
        if rate > self.raise_above:
            return min(level + 1, len(self.levels) - 1)
        return max(level - 1, 0) if rate < self.lower_below else level

    def row(self, level: int, *draw: int | str) -> Row:
        """Return a training row of a level: a prompt, and the columns of the task `kk`.

        Args:
            level: the index of the level.
            draw: what distinguishes the draw from others.

        Raises:
            NotEnough: there is no such puzzle.
        """
        people, grade = self.levels[level].people, self.levels[level].grade
        return dict(_row(people, grade, self.style, _seed(self.seed, level, *draw)))


@dataclass
class PuzzleSource:
    """Training data for `GRPOTrainer` that follows a curriculum: a dataset and the callback that it needs.

    ```python
    source = PuzzleSource(Curriculum(), prompts_per_batch=10)
    args = GRPOConfig(max_steps=200, logging_steps=1, shuffle_dataset=False, ...)
    GRPOTrainer(
        model, reward_funcs=[kk_reward], args=args, train_dataset=source.dataset(200), callbacks=[source.callback()]
    )
    ```

    Args:
        curriculum: the curriculum.
        prompts_per_batch: the different prompts of a generation batch: `generation_batch_size / num_generations`.
    """

    curriculum: Curriculum
    prompts_per_batch: int
    rates: list[float] = field(default_factory=list)

    def level(self, batch: int) -> int:
        """Return the index of a batch's level.

        Args:
            batch: the index of the generation batch.

        Raises:
            BadConfig: the success rate of an earlier batch is missing.
        """
        return self.curriculum.levels_of(self.rates, batch + 1)[-1]

    def row(self, index: int) -> Row:
        """Return a row by its index in the dataset.

        Args:
            index: the index.
        """
        return self.curriculum.row(self.level(index // self.prompts_per_batch), index)

    def spare_rows(self, count: int, seed: int) -> list[Row]:
        """Return other rows of the level of the batch that is being answered, to replace groups without signal.

        Args:
            count: the number of rows.
            seed: what distinguishes them from other spare rows.
        """
        level = self.level(len(self.rates))
        return [self.curriculum.row(level, "spare", seed, number) for number in range(count)]

    def dataset(self, batches: int) -> Any:
        """Return a `datasets.Dataset` whose rows are drawn when the trainer reads them, in order.

        Args:
            batches: the number of generation batches in the run.
        """
        from datasets import Dataset

        def draw(columns: Mapping[str, Sequence[int]]) -> dict[str, list[Any]]:
            rows = [self.row(index) for index in columns["index"]]
            return {name: [row[name] for row in rows] for name in rows[0]}

        dataset = Dataset.from_dict({"index": range(batches * self.prompts_per_batch)})
        dataset.set_transform(draw)
        return dataset

    def callback(self) -> Any:
        """Return the `TrainerCallback` that takes the success rates from the trainer's log, and logs the level."""
        from transformers import TrainerCallback

        source = self

        class Observe(TrainerCallback):  # type: ignore[misc]
            def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
                source.rates[:] = [entry[SUCCESS_RATE] for entry in state.log_history if _is_rate(entry)]

            def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:  # noqa: ARG002
                if not logs or not _is_rate(logs):
                    return
                source.rates.append(logs[SUCCESS_RATE])
                level = source.curriculum.levels[source.level(len(source.rates) - 1)]
                for entry in (logs, state.log_history[-1]):
                    entry |= {"curriculum/people": level.people, "curriculum/grade": level.grade}

        return Observe()


def _is_rate(entry: Mapping[str, Any]) -> bool:
    return isinstance(entry.get(SUCCESS_RATE), (int, float))


@lru_cache(maxsize=1 << 12)
def _row(people: int, grade: int, style: str, seed: int) -> Row:
    spec = kk.PAPER.with_changes(people=people, target={"grade": grade})
    drawn = list(kk.rows("train", n=1, seed=seed, spec=spec))
    return {**next(iter(tasks.prompts(kk, drawn, style))), "people": people, "grade": grade}  # type: ignore[arg-type]


def _seed(*parts: int | str) -> int:
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=6).digest(), "big")


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise BadConfig("curriculum: expected 'levels' to be a list such as [{people: 3, grade: 1}]")
    return value


def _level(value: Any) -> Level:
    if not isinstance(value, Mapping) or set(value) != {"people", "grade"}:
        raise BadConfig(f"curriculum: expected a level such as {{people: 3, grade: 1}}, got {str(value)[:60]!r}")
    people, grade = value["people"], value["grade"]
    if not _has_type(people, "int") or not _has_type(grade, "int") or not 2 <= people <= 20 or not 1 <= grade <= 5:
        raise BadConfig(f"curriculum: expected a level of 2 to 20 people and a grade from 1 to 5, got {dict(value)}")
    return Level(people, grade)


def _has_type(value: Any, name: str) -> bool:
    kinds: Mapping[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,)}
    return isinstance(value, kinds[name]) and not isinstance(value, bool)
