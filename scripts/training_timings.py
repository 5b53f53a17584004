"""Compare the estimates of `knk plan` with published timings, and write the tables of docs/performance/training.md.

python scripts/training_timings.py            # write the tables
python scripts/training_timings.py --check    # exit with 1 if they are not those of the code
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from knk.training.batches import division_of
from knk.training.gpus import GIB, GPUS, Gpu
from knk.training.memory import memory_of
from knk.training.recipe import Recipe
from knk.training.shapes import Shape, shape_of
from knk.training.speed import time_of
from knk.training.workload import PROMPT_TOKENS, Workload

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "docs/performance/training-timings.jsonl"
PAGE = ROOT / "docs/performance/training.md"
OTHER_GPUS = {"A40": Gpu("A40", 44.5 * GIB, 149.7e12, 696e9)}
"""GPUs of published runs that `knk plan` does not offer."""
NEAREST = {
    "warmup/paper.yaml, proofs.yaml, ablation-*.yaml": ("SFT Qwen-1.8B, all weights", "SFT Qwen-7B, all weights"),
    "warmup/ablation-s1k.yaml": ("SFT Qwen2.5-32B, s1",),
    "warmup/qwen2.5-math-1.5b.yaml": ("SFT Qwen-1.8B, all weights",),
    "warmup/qwen2.5-14b.yaml": ("SFT Qwen-14B LoRA", "SFT Qwen2.5-32B, s1"),
    "warmup/paper.yaml with one-24gb-lora.yaml": ("SFT Qwen-1.8B LoRA", "SFT Qwen-7B LoRA"),
    "rlvr/*.yaml, also with vllm-colocate.yaml": ("GRPO Qwen2.5-3B", "GRPO Qwen2.5-Math-7B"),
    "rlvr/*.yaml with one-80gb-lora.yaml": ("GRPO Qwen2.5-3B", "GRPO R1-Distill-Qwen-1.5B"),
}
"""For each recipe, the published cases that are nearest to it, by the beginnings of their names."""


@dataclass(frozen=True)
class Case:
    """A published run beside its estimate.

    Args:
        row: the published figures and settings.
        seconds: the estimated seconds per step.
        gib: the estimated GiB of a GPU.
    """

    row: dict[str, Any]
    seconds: float
    gib: float

    @property
    def time_ratio(self) -> float | None:
        """The estimated time divided by the published one; None if no time is published."""
        return self.seconds / self.row["seconds_per_step"] if "seconds_per_step" in self.row else None

    @property
    def memory_ratio(self) -> float | None:
        """The estimated memory divided by the published one; None if no memory is published."""
        return self.gib / self.row["gib"] if "gib" in self.row else None


def cases() -> list[Case]:
    """Return the published runs with their estimates."""
    return [case_of(json.loads(line)) for line in DATA.read_text(encoding="utf-8").splitlines()]


def case_of(row: dict[str, Any]) -> Case:
    """Return a published run with its estimate."""
    settings = {**row["settings"], "num_processes": row["processes"], "max_steps": 1}
    recipe = Recipe(DATA, row["trainer"], settings)
    shape = Shape(*row["shape"]) if "shape" in row else shape_of(row["model"])
    gpu = OTHER_GPUS.get(row["gpu"]) or GPUS[row["gpu"]]
    # An example of SFT has PROMPT_TOKENS besides its completion.
    tokens = row["tokens"] if row["trainer"] == "grpo" else row["tokens"] - PROMPT_TOKENS
    work = Workload(recipe, division_of(recipe), gpu, tokens, 1, shape)
    memory = sum(cost.amount for cost in memory_of(work).fullest) / GIB
    return Case(row, step_seconds(work, row.get("generations_per_step", 1)), memory)


def step_seconds(work: Workload, generations: int) -> float:
    """Return the estimated seconds of a step; older releases of TRL generated several times in one."""
    times = {cost.name: cost.amount for cost in time_of(work)}
    if generations == 1:
        return sum(times.values())
    division = replace(work.division, accumulation=work.division.accumulation // generations)
    part = {cost.name: cost.amount for cost in time_of(replace(work, division=division))}
    return generations * part["generation"] + times["training"]


def tables() -> dict[str, str]:
    """Return the tables of the page, by the names of their places."""
    found = cases()
    rows = [
        [f"[{case.row['name']}]({case.row['source']})", f"{case.row['processes']} x {case.row['gpu']}", *figures(case)]
        for case in found
    ]
    header = ["published run", "training GPUs", "s per step", "estimated", "ratio", "GiB", "estimated", "ratio"]
    notes: dict[str, list[str]] = {}
    for case in found:
        notes.setdefault(case.row["note"], []).append(case.row["name"])
    nearest = [[name, *distances(found, starts)] for name, starts in NEAREST.items()]
    return {
        "runs": markdown_table(header, rows),
        "notes": "\n".join(f"- {'; '.join(names)}: {note}." for note, names in notes.items()),
        "recipes": markdown_table(["recipe", "nearest published runs", "time, estimated / published"], nearest),
    }


def figures(case: Case) -> list[str]:
    """Return the figures of a published run as cells."""
    cells = []
    for name, estimated, ratio in (
        ("seconds_per_step", case.seconds, case.time_ratio),
        ("gib", case.gib, case.memory_ratio),
    ):
        has_figure = ratio is not None
        cells += [f"{case.row[name]:.1f}", f"{estimated:.1f}", f"{ratio:.2f}"] if has_figure else ["", "", ""]
    return cells


def distances(found: list[Case], starts: tuple[str, ...]) -> list[str]:
    """Return the published runs whose names begin in one of these ways, and the range of their ratios."""
    near = [case for case in found if case.row["name"].startswith(starts)]
    ratios = sorted(case.time_ratio for case in near if case.time_ratio is not None)
    return ["; ".join(starts), f"{ratios[0]:.2f} to {ratios[-1]:.2f}" if len(ratios) > 1 else f"{ratios[0]:.2f}"]


def page(text: str) -> str:
    """Return the page with the tables of the code."""
    found = tables()

    def filled(match: re.Match[str]) -> str:
        return f"<!-- {match[1]} -->\n{found[match[1]]}\n<!-- end -->"

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- end -->", filled, text, flags=re.DOTALL)


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> int:
    """Write the tables, or check them."""
    text = PAGE.read_text(encoding="utf-8")
    written = page(text)
    if "--check" in sys.argv[1:]:
        return 0 if written == text else 1
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
