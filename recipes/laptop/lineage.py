"""A lineage: a base model and the models trained from it, stage by stage; each is trained, then evaluated."""

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
from recipes.laptop.data import ARMS, Row, base_rows, rlvr_rows, warm_up_rows, write_token_budget
from recipes.laptop.evaluate import TASKS, check_accuracy, write_samples
from recipes.laptop.model import save_model

RECIPES: Final = Path(__file__).parent
BASE: Final = "base"
WARMED: Final = "warmed"
STARTS: Final = (BASE, WARMED)
"""The arms from which RLVR starts."""
GATE: Final = "gate.json"


@dataclass(frozen=True)
class Scale:
    """The size of a study.

    Args:
        base_tokens: the tokens on which the base is trained.
        warm_up_tokens: the tokens of each warm-up.
        replay_share: the share of a warm-up's examples drawn from the base's mixture.
        arms: the warm-up arms.
        rl_domain: the domain of RLVR.
        rl_problems: the number of problems of RLVR.
        rl_steps: the number of steps of RLVR.
        checkpoint_steps: the number of steps between evaluated checkpoints of RLVR.
        items: the number of held-out items of each task.
        seeds: the number of bases.
        rl_seeds: the number of RLVR runs from each start of each base.
    """

    base_tokens: int
    warm_up_tokens: int
    replay_share: float
    arms: tuple[str, ...]
    rl_domain: str
    rl_problems: int
    rl_steps: int
    checkpoint_steps: int
    items: int
    seeds: int
    rl_seeds: int

    @property
    def checkpoints(self) -> range:
        """The steps of RLVR at which checkpoints are evaluated."""
        return range(self.checkpoint_steps, self.rl_steps + 1, self.checkpoint_steps)


SCALES: Final[Mapping[str, Scale]] = {
    "tiny": Scale(
        base_tokens=20_000,
        warm_up_tokens=10_000,
        replay_share=0.2,
        arms=(WARMED,),
        rl_domain="col",
        rl_problems=16,
        rl_steps=2,
        checkpoint_steps=2,
        items=4,
        seeds=1,
        rl_seeds=1,
    ),
    "demo": Scale(
        base_tokens=1_000_000,
        warm_up_tokens=600_000,
        replay_share=0.2,
        arms=(WARMED,),
        rl_domain="col",
        rl_problems=100,
        rl_steps=40,
        checkpoint_steps=10,
        items=150,
        seeds=1,
        rl_seeds=1,
    ),
    "study": Scale(
        base_tokens=1_000_000,
        warm_up_tokens=800_000,
        replay_share=0.2,
        arms=tuple(ARMS),
        rl_domain="col",
        rl_problems=100,
        rl_steps=50,
        checkpoint_steps=10,
        items=300,
        seeds=3,
        rl_seeds=2,
    ),
}


@dataclass(frozen=True)
class Stage:
    """A model to train and evaluate.

    Args:
        arm: its name in tables: "base", a warm-up arm, or a start with " + RL".
        start: the arm from which it is trained; None for the base.
        rl_run: the index of the RLVR run; None if the stage is not RLVR.
    """

    arm: str
    start: str | None = None
    rl_run: int | None = None

    @property
    def name(self) -> str:
        """The name of its folder and of its file of samples.

        >>> Stage("warmed + RL", "warmed", 1).name
        'warmed-rl-1'
        """
        parts = self.arm.replace(",", "").replace("+ ", "").split()
        if self.rl_run is not None:
            parts.append(str(self.rl_run))
        return "-".join(parts).lower()


def stages(scale: Scale) -> tuple[Stage, ...]:
    """Return the stages of a lineage; each comes after the stage from which it starts.

    Args:
        scale: the size of the study.
    """
    warm_ups = [Stage(arm, BASE) for arm in scale.arms]
    rl = [Stage(f"{start} + RL", start, run) for run in range(scale.rl_seeds) for start in STARTS]
    warmed = [stage for stage in warm_ups if stage.arm == WARMED]
    controls = [stage for stage in warm_ups if stage.arm != WARMED]
    return (Stage(BASE), *warmed, *rl, *controls)


@dataclass(frozen=True)
class Lineage:
    """A base model and the models trained from it, in one folder.

    Args:
        scale: the size of the study.
        folder: the folder to write.
        seed: the seed of the base.
        model: the initial model; a new small one if None.
        overlays: files of further settings for all training recipes, for example for a larger model.
    """

    scale: Scale
    folder: Path
    seed: int
    model: Path | None = None
    overlays: tuple[Path, ...] = ()

    @property
    def initial_model(self) -> Path:
        """The model from which the base is trained."""
        return self.model or self.folder / "model"

    def train(self, stage: Stage) -> dict[str, Any]:
        """Train a stage unless it is already trained, and return the manifest of its run.

        Args:
            stage: the stage; the stage from which it starts must be trained.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if stage.start is None:
            if not (self.initial_model / "config.json").exists():
                save_model(self.initial_model, self.seed)
            return self._train_sft(stage, self.initial_model, base_rows(self.seed), self.scale.base_tokens, "base.yaml")
        start = self.folder / stage.start
        if stage.rl_run is not None:
            return self._train_rlvr(stage, start)
        rows = warm_up_rows(stage.arm, self.scale.replay_share, self.seed)
        return self._train_sft(stage, start, rows, self.scale.warm_up_tokens, "warmup.yaml")

    def evaluate(self, stage: Stage) -> None:
        """Evaluate a stage and its checkpoints on the held-out items, unless already done.

        Args:
            stage: the stage; it must be trained.
        """
        model = self.folder / stage.name
        if stage.start is None:
            self._measure_gate(model)
        write_samples(model, self.samples(stage), TASKS, self.scale.items)
        if stage.rl_run is not None:
            for path in sorted(model.glob("checkpoint-*")):
                samples = self.samples(stage, int(path.name.removeprefix("checkpoint-")))
                write_samples(path, samples, (self.scale.rl_domain,), self.scale.items, forced=False)

    def samples(self, stage: Stage, step: int | None = None) -> Path:
        """Return the path of the samples of a stage, or of one of its checkpoints.

        Args:
            stage: the stage.
            step: the step of the checkpoint; None for the final model.
        """
        if step is None:
            return self.folder / "samples" / f"{stage.name}.jsonl"
        return self.folder / "curves" / stage.name / f"{step}.jsonl"

    def _train_sft(self, stage: Stage, model: Path, rows: Iterable[Row], tokens: int, recipe: str) -> dict[str, Any]:
        data = self.folder / f"{stage.name}.jsonl"
        if not data.exists():
            write_token_budget(data, rows, tokens, _token_counter(self.initial_model))
        return self._train(stage, model, recipe, data, {"seed": self.seed})

    def _train_rlvr(self, stage: Stage, model: Path) -> dict[str, Any]:
        data = self.folder / "rlvr.jsonl"
        if not data.exists():
            write(data, rlvr_rows(self.scale.rl_domain, self.scale.rl_problems, self.seed))
        seed = 100 * self.seed + (stage.rl_run or 0) + 1
        settings = {"max_steps": self.scale.rl_steps, "save_steps": self.scale.checkpoint_steps, "seed": seed}
        return self._train(stage, model, "rlvr.yaml", data, settings)

    def _train(self, stage: Stage, model: Path, recipe: str, data: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
        changes = {
            "model_name_or_path": str(model),
            "datasets": [{"path": "json", "data_files": str(data), "split": "train"}],
            "output_dir": str(self.folder / stage.name),
        }
        return train(load(RECIPES / recipe, self.overlays, changes | dict(settings)), in_process=True)

    def _measure_gate(self, model: Path) -> None:
        """Measure how often the base checks a candidate correctly; see CRITERIA.md for the threshold."""
        path = self.folder / GATE
        if not path.exists():
            with whole_file(path) as file:
                file.write(json.dumps(check_accuracy(model, self.scale.items)).encode())


def _token_counter(model: Path) -> Callable[[str], int]:
    """Return a function that counts the tokens of a text."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    return lambda text: len(tokenizer(text)["input_ids"])
