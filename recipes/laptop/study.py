"""The whole method on a CPU: base, warm-up and its controls, RLVR, and what is measured of each.

    python -m recipes.laptop.study demo -o runs/demo
    python -m recipes.laptop.study study -o runs/laptop

Every stage has a folder or a file of its own and is not done again once it is there, so that a killed study goes on
where it was. Base seeds run side by side, a process and a core each. The figures are in `results.json`, every
completion with its verdict in `samples/`, and each run's manifest and metrics beside its checkpoint; `knk report` draws them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from knk.files import whole_file, write
from knk.training.recipe import load
from knk.training.run import train
from recipes.laptop.data import ARMS, base_rows, rlvr_rows, warm_rows, write_budget
from recipes.laptop.evaluate import TASKS, checks_right, sample
from recipes.laptop.model import save_model

HERE: Final = Path(__file__).parent
GATE: Final = 0.95
"""How often a check must end in the right verdict before a warm-up tests anything."""
NO_REPLAY: Final = "warmed, no replay"


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
        items: held-out items of each task.
        samples: completions of each item.
        curve: items on which the checkpoints of RLVR are measured.
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
    items: int
    samples: int
    curve: int
    seeds: int
    rl_seeds: int


SCALES: Final[Mapping[str, Scale]] = {
    "tiny": Scale(20_000, 10_000, 0.2, ("warmed",), "col", 16, 2, 4, 1, 4, 1, 1),
    "demo": Scale(1_500_000, 400_000, 0.2, ("warmed",), "col", 100, 40, 200, 1, 100, 1, 1),
    "study": Scale(4_000_000, 400_000, 0.2, (*ARMS, NO_REPLAY), "col", 100, 100, 300, 2, 150, 3, 2),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a study, or one of its base seeds, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m recipes.laptop.study", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("scale", choices=list(SCALES), help="how much of everything")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the folder of the study")
    parser.add_argument("--seed", type=int, metavar="N", help="do only this base seed")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="base seeds side by side (default: 2)")
    parser.add_argument("--model", type=Path, metavar="DIR", help="begin with this model instead of a new small one")
    chosen = parser.parse_args(arguments)
    scale = SCALES[chosen.scale]
    chosen.output.mkdir(parents=True, exist_ok=True)
    if chosen.seed is not None:
        Lineage(scale, chosen.output, chosen.seed, chosen.model).run()
        return 0
    begun = time.monotonic()
    jobs = [[*(arguments or sys.argv[1:]), "--seed", str(seed)] for seed in range(scale.seeds)]
    with ThreadPoolExecutor(chosen.jobs) as pool:
        failed = [status for status in pool.map(_apart, jobs) if status]
    if failed:
        return 1
    from recipes.laptop.claims import summary

    summary(scale, chosen.output)
    print(f"{chosen.output / 'results.json'}: {time.monotonic() - begun:.0f} s")
    return 0


def _apart(arguments: Sequence[str]) -> int:
    """Do one base seed in a process of its own, on one core."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    }
    command = [sys.executable, "-m", "recipes.laptop.study", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


class Lineage:
    """A base and all that comes of it.

    Args:
        scale: how much of everything.
        output: the study's folder.
        seed: the base's seed.
        model: the model to begin with; a new one if not given.
    """

    def __init__(self, scale: Scale, output: Path, seed: int, model: Path | None = None) -> None:
        self.scale, self.seed = scale, seed
        self.folder = output / f"seed-{seed}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.first = model or self.folder / "model"
        self._length: Callable[[str], int] | None = None

    def run(self) -> None:
        """Do all stages that are not done."""
        if not (self.first / "config.json").exists():
            save_model(self.first, self.seed)
        self.sft("base", self.first, lambda: base_rows(self.seed), self.scale.base, "base.yaml")
        self.gate()
        for arm in self.scale.arms:
            self.warm(arm)
        for start in ("base", "warmed"):
            for number in range(self.scale.rl_seeds):
                self.rlvr(start, number)
        for name in ("base", *self.scale.arms):
            self.measure(name, self.folder / named(name))
        for start in ("base", "warmed"):
            for number in range(self.scale.rl_seeds):
                self.measure(f"{start} + RL {number}", self.folder / rl_name(start, number))
                self.curve(start, number)

    def gate(self) -> None:
        """Measure how often checks are right, and stop where they are not right often enough."""
        path = self.folder / "gate.json"
        if not path.exists():
            with whole_file(path) as file:
                file.write(json.dumps(checks_right(self.folder / "base", self.scale.items)).encode())
        found = json.loads(path.read_text(encoding="utf-8"))
        self.say("checks right: " + ", ".join(f"{name} {share:.3f}" for name, share in found.items()))

    def warm(self, arm: str) -> None:
        """Warm the base up as an arm does."""
        kind, replay = (arm, self.scale.replay) if arm in ARMS else ("warmed", 0.0)
        base = self.folder / "base"
        self.sft(named(arm), base, lambda: warm_rows(kind, replay, self.seed), self.scale.warm, "warmup.yaml")

    def sft(self, name: str, model: Path, rows: Callable[[], Any], tokens: int, recipe: str) -> None:
        """Train on rows."""
        data = self.folder / f"{name}.jsonl"
        if not data.exists():
            write_budget(data, rows(), tokens, self.length)
        self.train(name, model, recipe, {})

    def rlvr(self, start: str, number: int) -> None:
        """Train by rewards."""
        data = self.folder / "rlvr.jsonl"
        if not data.exists():
            write(data, rlvr_rows(self.scale.domain, self.scale.problems, self.seed))
        more = {"max_steps": self.scale.steps, "seed": 100 * self.seed + number + 1}
        self.train(rl_name(start, number), self.folder / start, "rlvr.yaml", more, data)

    def train(self, name: str, model: Path, recipe: str, more: Mapping[str, Any], data: Path | None = None) -> None:
        """Run a recipe in its folder."""
        data = data or self.folder / f"{name}.jsonl"
        changes = {
            "model_name_or_path": str(model),
            "datasets": [{"path": "json", "data_files": str(data), "split": "train"}],
            "output_dir": str(self.folder / name),
            "seed": self.seed,
        }
        manifest = train(load(HERE / recipe, (), changes | dict(more)), in_process=True)
        self.say(f"{name}: {manifest['steps']} steps, {manifest['seconds']:.0f} s")

    def measure(self, name: str, model: Path) -> None:
        """Ask a model all held-out items."""
        sample(model, self.folder / "samples" / f"{named(name)}.jsonl", TASKS, self.scale.items, self.scale.samples)
        self.say(f"{name}: measured")

    def curve(self, start: str, number: int) -> None:
        """Measure the checkpoints of a run of RLVR on the domain that it trains."""
        name = rl_name(start, number)
        for path in sorted((self.folder / name).glob("checkpoint-*")):
            into = self.folder / "curves" / name / f"{path.name.removeprefix('checkpoint-')}.jsonl"
            sample(path, into, (self.scale.domain,), self.scale.curve)

    def length(self, text: str) -> int:
        """The tokens of a text."""
        if self._length is None:
            from transformers import AutoTokenizer

            tokenizer = AutoTokenizer.from_pretrained(self.first)
            self._length = lambda words: len(tokenizer(words)["input_ids"])
        return self._length(text)

    def say(self, text: str) -> None:
        """Tell where the study is."""
        print(f"seed {self.seed}: {text}", flush=True)


def named(arm: str) -> str:
    """Return an arm's name as a file's."""
    return "-".join(arm.replace(",", "").replace("+ ", "").split()).lower()


def rl_name(start: str, number: int) -> str:
    """Return the name of a run of RLVR."""
    return f"{start}-rl-{number}"


if __name__ == "__main__":
    sys.exit(main())
