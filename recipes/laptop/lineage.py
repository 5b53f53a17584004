"""A base model and all that comes of it: the stages of the laptop recipe, each trained, then measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import write
from knk.files import whole_file
from knk.training.recipe import load
from knk.training.run import train
from recipes.laptop.data import ARMS, Row, base_rows, rlvr_rows, warm_rows, write_budget
from recipes.laptop.evaluate import TASKS, checks_right, sample
from recipes.laptop.model import save_model

HERE: Final = Path(__file__).parent
BASE: Final = "base"
WARMED: Final = "warmed"
STARTS: Final = (BASE, WARMED)
"""What RLVR starts from."""
GATE: Final = "gate.json"


@dataclass(frozen=True)
class Scale:
    """How much of everything.

    Args:
        base: the base's tokens.
        warm: the tokens of each warm-up.
        replay: the share of the base's kind of examples in a warm-up.
        arms: the arms of the warm-up.
        domain: the domain of RLVR.
        problems: how many problems RLVR has.
        steps: the steps of RLVR.
        every: after how many of them a checkpoint is measured.
        items: held-out items of each task.
        seeds: how many bases.
        rl_seeds: how many runs of RLVR from each start.
    """

    base: int
    warm: int
    replay: float
    arms: tuple[str, ...]
    domain: str
    problems: int
    steps: int
    every: int
    items: int
    seeds: int
    rl_seeds: int


SCALES: Final[Mapping[str, Scale]] = {
    "tiny": Scale(20_000, 10_000, 0.2, (WARMED,), "col", 16, 2, 2, 4, 1, 1),
    "demo": Scale(1_000_000, 600_000, 0.2, (WARMED,), "col", 100, 40, 10, 150, 1, 1),
    "study": Scale(1_000_000, 800_000, 0.2, tuple(ARMS), "col", 100, 50, 10, 300, 3, 2),
}


@dataclass(frozen=True)
class Stage:
    """A model that is made and measured.

    Args:
        arm: its name in tables: `base`, an arm of the warm-up, or a start `+ RL`.
        start: the arm that it is trained from; none for the base.
        number: of RLVR, the number of the run.
    """

    arm: str
    start: str | None = None
    number: int | None = None

    @property
    def name(self) -> str:
        """The name of its folder and of its file of samples."""
        words = [*self.arm.replace(",", "").replace("+ ", "").split(), *([] if self.number is None else [self.number])]
        return "-".join(map(str, words)).lower()


def stages(scale: Scale) -> tuple[Stage, ...]:
    """Return the stages of a lineage, those that others start from first.

    Args:
        scale: how much of everything.
    """
    warmed = tuple(Stage(arm, BASE) for arm in scale.arms)
    rl = tuple(Stage(f"{start} + RL", start, number) for number in range(scale.rl_seeds) for start in STARTS)
    return (
        Stage(BASE),
        *(one for one in warmed if one.arm == WARMED),
        *rl,
        *(one for one in warmed if one.arm != WARMED),
    )


@dataclass(frozen=True)
class Lineage:
    """A base and all that comes of it, in a folder.

    Args:
        scale: how much of everything.
        folder: where everything is put.
        seed: the base's seed.
        model: the model to begin with; a new small one if not given.
        overlays: recipes' further settings, such as a larger model needs.
    """

    scale: Scale
    folder: Path
    seed: int
    model: Path | None = None
    overlays: tuple[Path, ...] = ()

    @property
    def first(self) -> Path:
        """The model that the base is trained from."""
        return self.model or self.folder / "model"

    def train(self, stage: Stage) -> dict[str, Any]:
        """Train a stage, as far as that is not done, and return its run's manifest.

        Args:
            stage: the stage; the one that it starts from has to be trained.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if stage.start is None:
            if not (self.first / "config.json").exists():
                save_model(self.first, self.seed)
            return self._sft(stage, self.first, base_rows(self.seed), self.scale.base, "base.yaml")
        start = self.folder / stage.start
        if stage.number is not None:
            return self._rlvr(stage, start)
        rows = warm_rows(stage.arm, self.scale.replay, self.seed)
        return self._sft(stage, start, rows, self.scale.warm, "warmup.yaml")

    def measure(self, stage: Stage) -> None:
        """Ask a stage's model and its checkpoints all held-out items, as far as that is not done.

        Args:
            stage: the stage; it has to be trained.
        """
        model = self.folder / stage.name
        if stage.start is None:
            self._gate(model)
        sample(model, self.samples(stage), TASKS, self.scale.items)
        if stage.number is not None:
            for path in sorted(model.glob("checkpoint-*")):
                step = int(path.name.removeprefix("checkpoint-"))
                sample(path, self.samples(stage, step), (self.scale.domain,), self.scale.items, forced=False)

    def samples(self, stage: Stage, step: int | None = None) -> Path:
        """Return the file of a stage's samples, or of one of its checkpoints'.

        Args:
            stage: the stage.
            step: the checkpoint's step.
        """
        if step is None:
            return self.folder / "samples" / f"{stage.name}.jsonl"
        return self.folder / "curves" / stage.name / f"{step}.jsonl"

    def _sft(self, stage: Stage, model: Path, rows: Iterable[Row], tokens: int, recipe: str) -> dict[str, Any]:
        data = self.folder / f"{stage.name}.jsonl"
        if not data.exists():
            write_budget(data, rows, tokens, _length(self.first))
        return self._train(stage, model, recipe, data, {"seed": self.seed})

    def _rlvr(self, stage: Stage, model: Path) -> dict[str, Any]:
        data = self.folder / "rlvr.jsonl"
        if not data.exists():
            write(data, rlvr_rows(self.scale.domain, self.scale.problems, self.seed))
        seed = 100 * self.seed + (stage.number or 0) + 1
        more = {"max_steps": self.scale.steps, "save_steps": self.scale.every, "seed": seed}
        return self._train(stage, model, "rlvr.yaml", data, more)

    def _train(self, stage: Stage, model: Path, recipe: str, data: Path, more: Mapping[str, Any]) -> dict[str, Any]:
        changes = {
            "model_name_or_path": str(model),
            "datasets": [{"path": "json", "data_files": str(data), "split": "train"}],
            "output_dir": str(self.folder / stage.name),
        }
        return train(load(HERE / recipe, self.overlays, changes | dict(more)), in_process=True)

    def _gate(self, model: Path) -> None:
        """Measure how often the base's checks are right: below 0.95 a warm-up tests nothing."""
        path = self.folder / GATE
        if not path.exists():
            with whole_file(path) as file:
                file.write(json.dumps(checks_right(model, self.scale.items)).encode())


def _length(model: Path) -> Callable[[str], int]:
    """What counts the tokens of a text."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    return lambda text: len(tokenizer(text)["input_ids"])
