"""Puzzles as a dataset of reasoning-gym, registered as "knk" when this module is imported.

Unlike reasoning-gym's own `knights_knaves`, puzzles have a split, no puzzle repeats within a dataset, datasets of
neighbouring seeds share no stretch of puzzles, and a score is 1 or 0, as `knk.verify` decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from knk.errors import BadRow, BadSpec, MissingPackage
from knk.generation.generate import spec_of
from knk.generation.spec import Spec
from knk.integrations.common import chat_prompt, score_of, verdict_of
from knk.tasks import kk
from knk.tasks.source import Row, check_split

try:
    from reasoning_gym.dataset import ProceduralDataset
    from reasoning_gym.factory import DATASETS, register_dataset
except ImportError as error:
    raise MissingPackage("the dataset 'knk' needs reasoning-gym: pip install '.[reasoning-gym]'") from error

NAME: Final = "knk"


@dataclass
class KnkConfig:
    """The puzzles of a dataset.

    Args:
        spec: the puzzles to generate; a mapping, as configuration files have it, changes fields of the paper's.
        split: "train", "held-out" or "test".
        seed: the seed to generate them with; reasoning-gym's None is 0.
        size: the number of puzzles.
    """

    # Not frozen: reasoning-gym sets the seed of a copy to continue with other items.

    spec: Spec | Mapping[str, Any] = field(default=kk.PAPER)
    split: str = "train"
    seed: int | None = None
    size: int = 500

    def validate(self) -> None:
        """Check that such puzzles exist; reasoning-gym calls this.

        Raises:
            BadSpec: the specification is invalid, or the size is not a positive integer.
            BadFile: there is no such split.
        """
        check_split(self.split)
        if not isinstance(self.size, int) or self.size < 1:
            raise BadSpec(f"expected a size of at least 1, got {self.size!r}")
        self.to_spec()

    def to_spec(self) -> Spec:
        """Return the specification, whether it was given as a value or as a mapping.

        >>> KnkConfig({"people": 3}).to_spec().people
        3
        """
        return self.spec if isinstance(self.spec, Spec) else spec_of(kk.PAPER, **self.spec)


class KnkDataset(ProceduralDataset):  # type: ignore[misc] # reasoning-gym brings no types
    """Puzzles by index, all generated at the first access.

    Args:
        config: the puzzles of the dataset.

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
        return list(kk.rows(self.config.split, n=self.size, seed=self.seed, spec=self.config.to_spec()))

    def __getitem__(self, idx: int) -> dict[str, Any]:
        """Return an item: a question, an answer, and the metadata that `score_answer` needs.

        Args:
            idx: the item's index, from 0.

        Raises:
            IndexError: there is no such item.
        """
        if not 0 <= idx < self.size:
            raise IndexError(f"index {idx} is out of range for {self.size} puzzles")
        row = self._rows[idx]
        metadata = {
            "source_dataset": NAME,
            "source_index": idx,
            "id": row["id"],
            "puzzle": row["puzzle"],
            "solution": row["solution"],
            "difficulty": {"people": row["people"]},
        }
        return {"question": chat_prompt("kk", row), "answer": row["answer"], "metadata": metadata}

    def score_answer(self, answer: str | None, entry: Mapping[str, Any]) -> float:
        """Return 1 if an answer is right, else 0, as `knk.tasks.kk.verify` decides.

        Args:
            answer: what a model wrote, whole or only the text in its answer tags; None if there are none.
            entry: an item of any such dataset.

        Raises:
            BadRow: the entry has no puzzle.
        """
        metadata = entry.get("metadata")
        if not isinstance(metadata, Mapping):
            raise BadRow("an entry has no 'metadata'")
        return score_of(verdict_of("kk", answer if isinstance(answer, str) else "", dict(metadata)))


if NAME not in DATASETS:  # A module may be loaded twice, and reasoning-gym accepts a name only once.
    register_dataset(NAME, KnkDataset, KnkConfig)
