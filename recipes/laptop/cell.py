"""A cell of the study: one base model and the models trained from it; each is trained, then evaluated."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import write
from knk.files import read_json, whole_file
from knk.training.recipe import load
from knk.training.run import train
from recipes.laptop import gate
from recipes.laptop.data import ARMS, LESSONS, Latent, Row, base_rows, rlvr_rows, warm_up_rows, write_token_budget
from recipes.laptop.evaluate import TASKS, Model, write_samples
from recipes.laptop.model import save_model

RECIPES: Final = Path(__file__).parent
BASE: Final = "base"
WARMED: Final = "warmed"
STARTS: Final = (BASE, WARMED)
"""The arms from which RLVR starts."""
GATE: Final = "gate.json"


@dataclass(frozen=True)
class Rollouts:
    """How completions are sampled in RLVR, and the learning rate that suits it.

    Args:
        name: the name in tables; "" for the usual way.
        temperature: the temperature.
        top_p: the share of the probability from which tokens are drawn.
        learning_rate: the learning rate.
    """

    name: str
    temperature: float
    top_p: float
    learning_rate: float


WHOLE: Final = Rollouts("", 1.0, 1.0, 1.0e-4)
NUCLEUS: Final = Rollouts("nucleus", 0.7, 0.95, 1.0e-4)
"""As in the paper: tokens are drawn from a part of the distribution, while the loss is over all of it."""


@dataclass(frozen=True)
class Scale:
    """The size of a study.

    Args:
        base_tokens: the tokens on which a base is trained.
        warm_up_tokens: the tokens of each warm-up.
        arms: the warm-up arms.
        rl_domain: the domain of RLVR.
        rl_problems: the number of problems of RLVR.
        rl_steps: the number of steps of RLVR.
        checkpoint_steps: the number of steps between evaluated checkpoints of RLVR.
        items: the number of held-out items of each task.
        rl_seeds: the number of RLVR runs from each start of each base, for each way of sampling.
        rollouts: the ways of sampling completions in RLVR.
        base_processes: the number of processes that train a base, while nothing else can run.
    """

    base_tokens: int
    warm_up_tokens: int
    arms: tuple[str, ...]
    rl_domain: str
    rl_problems: int
    rl_steps: int
    checkpoint_steps: int
    items: int
    rl_seeds: int
    rollouts: tuple[Rollouts, ...]
    base_processes: int

    @property
    def checkpoints(self) -> range:
        """The steps of RLVR at which checkpoints are evaluated."""
        return range(self.checkpoint_steps, self.rl_steps + 1, self.checkpoint_steps)


SCALES: Final[Mapping[str, Scale]] = {
    "tiny": Scale(
        base_tokens=20_000,
        warm_up_tokens=5_000,
        arms=(WARMED,),
        rl_domain="col",
        rl_problems=16,
        rl_steps=2,
        checkpoint_steps=2,
        items=4,
        rl_seeds=1,
        rollouts=(WHOLE,),
        base_processes=2,
    ),
    "demo": Scale(
        base_tokens=3_000_000,
        warm_up_tokens=100_000,
        arms=(WARMED,),
        rl_domain="col",
        rl_problems=100,
        rl_steps=20,
        checkpoint_steps=10,
        items=120,
        rl_seeds=1,
        rollouts=(WHOLE,),
        base_processes=2,
    ),
    "study": Scale(
        base_tokens=4_000_000,
        warm_up_tokens=100_000,
        arms=tuple(ARMS),
        rl_domain="col",
        rl_problems=100,
        rl_steps=30,
        checkpoint_steps=10,
        items=300,
        rl_seeds=2,
        rollouts=(WHOLE, NUCLEUS),
        base_processes=1,
    ),
}


@dataclass(frozen=True)
class Stage:
    """A model to train and evaluate.

    Args:
        arm: its name in tables: "base", a warm-up arm, or a start with " + RL".
        start: the arm from which it is trained; None for the base.
        rl_run: the index of the RLVR run; None if the stage is not RLVR.
        rollouts: how RLVR samples completions; None if the stage is not RLVR.
    """

    arm: str
    start: str | None = None
    rl_run: int | None = None
    rollouts: Rollouts | None = None

    @property
    def name(self) -> str:
        """The name of its folder and of its file of samples.

        >>> rl_stage("warmed", 1, NUCLEUS).name
        'warmed-rl-nucleus-1'
        """
        parts = self.arm.replace(",", "").replace("+ ", "").split()
        if self.rl_run is not None:
            parts.append(str(self.rl_run))
        return "-".join(parts).lower()


def rl_stage(start: str, run: int, rollouts: Rollouts) -> Stage:
    """Return a stage of RLVR.

    >>> rl_stage("warmed", 1, NUCLEUS).arm
    'warmed + RL, nucleus'
    """
    return Stage(rl_arm(start, rollouts), start, run, rollouts)


def rl_arm(start: str, rollouts: Rollouts) -> str:
    """Return the name of the arm that RLVR makes of a start."""
    return f"{start} + RL" + (f", {rollouts.name}" if rollouts.name else "")


@dataclass(frozen=True)
class Cell:
    """A base model and the models trained from it, in one folder.

    Args:
        scale: the size of the study.
        folder: the folder to write.
        seed: the seed of the base.
        latent: how often the base's lessons go on searching.
        model: the initial model; a new small one if None.
        overlays: files of further settings for all training recipes, for example for a larger model.
    """

    scale: Scale
    folder: Path
    seed: int
    latent: Latent
    model: Path | None = None
    overlays: tuple[Path, ...] = ()

    @property
    def condition(self) -> str:
        """The name of what is the same for several bases.

        >>> Cell(SCALES["tiny"], Path(), 0, Latent(0.03, ("pair",))).condition
        'q = 0.03 in pair alone'
        """
        return condition_of(self.latent)

    @property
    def initial_model(self) -> Path:
        """The model from which the base is trained."""
        return self.model or self.folder / "model"

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages; each comes after the stage from which it starts.

        A base whose lessons search on in some domains only answers one question, what the warm-up carries where. So
        RLVR is left out there.
        """
        warm_ups = [Stage(arm, BASE) for arm in self.scale.arms]
        rl = [
            rl_stage(start, run, rollouts)
            for rollouts in self.scale.rollouts
            for run in range(self.scale.rl_seeds)
            for start in STARTS
        ]
        warmed = [stage for stage in warm_ups if stage.arm == WARMED]
        controls = [stage for stage in warm_ups if stage.arm != WARMED]
        return (Stage(BASE), *warmed, *(rl if self.latent.domains == tuple(LESSONS) else ()), *controls)

    def train(self, stage: Stage) -> dict[str, Any]:
        """Train a stage unless it is already trained, and return the manifest of its run.

        Args:
            stage: the stage; the stage from which it starts must be trained.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if stage.start is None:
            if not (self.initial_model / "config.json").exists():
                save_model(self.initial_model, self.seed)
            rows = base_rows(self.seed, self.latent)
            return self._train_sft(stage, self.initial_model, rows, self.scale.base_tokens, "base.yaml")
        start = self.folder / stage.start
        if stage.rollouts is not None:
            return self._train_rlvr(stage, start, stage.rollouts)
        rows = warm_up_rows(stage.arm, self.seed, self.latent)
        return self._train_sft(stage, start, rows, self.scale.warm_up_tokens, "warmup.yaml")

    def evaluate(self, stage: Stage) -> None:
        """Evaluate a stage and its checkpoints on the held-out items, unless already done.

        Args:
            stage: the stage; it must be trained.
        """
        model = self.folder / stage.name
        write_samples(model, self.samples(stage), TASKS, self.scale.items)
        if stage.rl_run is not None:
            for step in self.scale.checkpoints[:-1]:
                path = model / f"checkpoint-{step}"
                write_samples(path, self.samples(stage, step), (self.scale.rl_domain,), self.scale.items)

    def samples(self, stage: Stage, step: int | None = None) -> Path:
        """Return the path of the samples of a stage, or of one of its checkpoints.

        Args:
            stage: the stage.
            step: the step of the checkpoint; None for the final model.
        """
        if step is None:
            return self.folder / "samples" / f"{stage.name}.jsonl"
        return self.folder / "curves" / stage.name / f"{step}.jsonl"

    def gate(self) -> dict[str, list[float]]:
        """Return how often the trained base checks candidates correctly, measured unless already done."""
        path = self.folder / GATE
        if not path.exists():
            with whole_file(path) as file:
                file.write(json.dumps(gate.measure(Model(self.folder / BASE), self.scale.items)).encode())
        measured: dict[str, list[float]] = read_json(path)
        return measured

    def _train_sft(self, stage: Stage, model: Path, rows: Iterator[Row], tokens: int, recipe: str) -> dict[str, Any]:
        data = self.folder / f"{stage.name}.jsonl"
        if not data.exists():
            write_token_budget(data, rows, tokens, _token_counter(self.initial_model))
        settings = {"seed": self.seed} | (self._shared_among_processes() if stage.start is None else {})
        return self._train(stage, model, recipe, data, settings)

    def _shared_among_processes(self) -> dict[str, Any]:
        """Return the settings that share each step of the base among processes on a CPU; the steps stay the same."""
        processes, settings = self.scale.base_processes, load(RECIPES / "base.yaml", self.overlays).settings
        batches, rest = divmod(int(settings["gradient_accumulation_steps"]), processes)
        if processes == 1 or rest or not settings.get("use_cpu"):
            return {}
        return {"num_processes": processes, "gradient_accumulation_steps": batches}

    def _train_rlvr(self, stage: Stage, model: Path, rollouts: Rollouts) -> dict[str, Any]:
        data = self.folder / "rlvr.jsonl"
        if not data.exists():
            write(data, rlvr_rows(self.scale.rl_domain, self.scale.rl_problems, self.seed))
        settings = {
            "max_steps": self.scale.rl_steps,
            "save_steps": self.scale.checkpoint_steps,
            "seed": 100 * self.seed + (stage.rl_run or 0) + 1,
            "temperature": rollouts.temperature,
            "top_p": rollouts.top_p,
        }
        if not self.overlays:
            settings["learning_rate"] = rollouts.learning_rate
        return self._train(stage, model, "rlvr.yaml", data, settings)

    def _train(self, stage: Stage, model: Path, recipe: str, data: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
        changes = {
            "model_name_or_path": str(model),
            "datasets": [{"path": "json", "data_files": str(data), "split": "train"}],
            "output_dir": str(self.folder / stage.name),
        }
        loaded = load(RECIPES / recipe, self.overlays, changes | dict(settings))
        return train(loaded, in_process=loaded.processes == 1)


def condition_of(latent: Latent) -> str:
    """Return the name of a latent rate.

    >>> condition_of(Latent(0.1)), condition_of(Latent(0.03, ("pair",)))
    ('q = 0.1', 'q = 0.03 in pair alone')
    """
    places = "" if latent.domains == tuple(LESSONS) else f" in {' and '.join(latent.domains)} alone"
    return f"q = {latent.rate:g}{places}"


def _token_counter(model: Path) -> Callable[[list[str]], list[int]]:
    """Return a function that counts the tokens of each of some texts."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    return lambda texts: [len(tokens) for tokens in tokenizer(texts)["input_ids"]]
