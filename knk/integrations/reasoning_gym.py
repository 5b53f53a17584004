"""Puzzles as a dataset of reasoning-gym, registered as "knk" when this module is imported.

Unlike reasoning-gym's own `knights_knaves`, its puzzles have a split, no two of a dataset are the same puzzle, datasets
 of neighbouring seeds share no stretch of puzzles, and a score is 1 or 0, what `knk.verify` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from knk.errors import BadRow, BadSpec, MissingPackage
from knk.generation.generate import spec_of
from knk.generation.spec import Spec
from knk.integrations.common import asked, score_of, verdict_of
from knk.tasks import kk
from knk.tasks.source import Row, check_split

try:
    from reasoning_gym.dataset import ProceduralDataset
    from reasoning_gym.factory import DATASETS, register_dataset
except ImportError as error:
    raise MissingPackage("the dataset 'knk' needs reasoning-gym: pip install 'knk[reasoning-gym]'") from error

NAME: Final = "knk"


@dataclass
class KnkConfig:
    """What puzzles a dataset has.

    Args:
        spec: what puzzles to make; a mapping of fields, as configuration files have it, changes the paper's.
        split: "train", "held-out" or "test".
        seed: the seed to make them with; 0 where reasoning-gym gives None.
        size: how many there are.
    """

    # It is no frozen value: reasoning-gym sets the seed of a copy to go on with other items.

    spec: Spec | Mapping[str, Any] = field(default=kk.PAPER)
    split: str = "train"
    seed: int | None = None
    size: int = 500

    def validate(self) -> None:
        """See that there can be such puzzles; reasoning-gym calls it.

        Raises:
            BadSpec: the specification cannot be, or the size is no number from 1 up.
            BadFile: there is no such split.
        """
        check_split(self.split)
        if not isinstance(self.size, int) or self.size < 1:
            raise BadSpec(f"a dataset has a size from 1 up, not {self.size!r}")
        self.made()

    def made(self) -> Spec:
        """Return the specification, whichever way it was given.

        >>> KnkConfig({"people": 3}).made().people
        3
        """
        return self.spec if isinstance(self.spec, Spec) else spec_of(kk.PAPER, **self.spec)


class KnkDataset(ProceduralDataset):  # type: ignore[misc] # reasoning-gym brings no types
    """Puzzles by their number, as reasoning-gym asks for them; all are made when the first is asked for.

    Args:
        config: what puzzles there are.

    >>> data = KnkDataset(KnkConfig(spec={"people": 2}, split="held-out", seed=1, size=2))
    >>> data[0]["answer"]
    '(1) Astrid is a knight\\n(2) Nico is a knave'
    >>> data.score_answer(data[0]["answer"], data[0]), data.score_answer("Nico is a knave.", data[0])
    (1.0, 0.0)
    """

    def __init__(self, config: KnkConfig) -> None:
        super().__init__(config=config, seed=config.seed or 0, size=config.size)

    @cached_property
    def _rows(self) -> list[Row]:
        return list(kk.rows(self.config.split, n=self.size, seed=self.seed, spec=self.config.made()))

    def __getitem__(self, idx: int) -> dict[str, Any]:
        """Return an item: a question, an answer, and what it takes to judge one.

        Args:
            idx: its number, from 0 up.

        Raises:
            IndexError: there is no such item.
        """
        if not 0 <= idx < self.size:
            raise IndexError(f"there are {self.size} puzzles, and {idx} is none of them")
        row = self._rows[idx]
        metadata = {
            "source_dataset": NAME,
            "source_index": idx,
            "id": row["id"],
            "puzzle": row["puzzle"],
            "solution": row["solution"],
            "difficulty": {"people": row["people"]},
        }
        return {"question": asked("kk", row), "answer": row["answer"], "metadata": metadata}

    def score_answer(self, answer: str | None, entry: Mapping[str, Any]) -> float:
        """Return 1 if an answer is right, else 0, as `knk.tasks.kk.verify` judges it.

        Args:
            answer: what a model wrote, whole or only what stood in its answer tags; None where there were none.
            entry: an item of any such dataset.

        Raises:
            BadRow: the entry has no puzzle.
        """
        metadata = entry.get("metadata")
        if not isinstance(metadata, Mapping):
            raise BadRow("an entry has no 'metadata'")
        return score_of(verdict_of("kk", answer if isinstance(answer, str) else "", dict(metadata)))


if NAME not in DATASETS:  # A module may be loaded twice, and reasoning-gym takes a name only once.
    register_dataset(NAME, KnkDataset, KnkConfig)
