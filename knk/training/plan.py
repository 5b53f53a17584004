"""Whether a recipe fits some GPUs, how long it takes, and what would fit otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from knk.errors import BadConfig
from knk.tables import format_table
from knk.training.data import sources
from knk.training.estimate import DEFAULT_ROWS, DEFAULT_TOKENS, Cost, RunEstimate, has_vllm_server
from knk.training.gpus import GIB, Gpu
from knk.training.recipe import Recipe
from knk.training.shapes import Shape, shape_of

LORA: Final = {
    "use_peft": True,
    "lora_r": 32,
    "lora_alpha": 64,
    "lora_target_modules": "all-linear",
    "dtype": "bfloat16",
}


@dataclass(frozen=True)
class Plan:
    """The estimated memory and time of a recipe on some GPUs.

    Args:
        recipe: the recipe.
        gpus: the number of GPUs.
        gpu: their kind.
        memory: the memory of the fullest training GPU.
        time: the time of the run.
        changed: settings that differ from the recipe's because of the number of GPUs.
        problems: why the recipe cannot run; empty if it can.
        assumed: the assumptions about the data.
        gpus_used: the number of GPUs that are used.
    """

    recipe: Recipe
    gpus: int
    gpu: Gpu
    memory: tuple[Cost, ...]
    time: tuple[Cost, ...]
    changed: Mapping[str, Any]
    problems: tuple[str, ...]
    assumed: str
    gpus_used: int

    @property
    def needed(self) -> float:
        """The bytes of memory that the fullest GPU needs."""
        return sum(cost.amount for cost in self.memory)

    @property
    def fits(self) -> bool:
        """Whether the recipe can run."""
        return not self.problems

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return sum(cost.amount for cost in self.time)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "recipe": self.recipe.path.name,
            "gpus": self.gpus,
            "gpu": self.gpu.name,
            "fits": self.fits,
            "problems": list(self.problems),
            "settings": dict(self.changed),
            "memory_bytes": {cost.name: round(cost.amount) for cost in self.memory},
            "gpu_memory_bytes": round(self.gpu.memory),
            "seconds": {cost.name: round(cost.amount) for cost in self.time},
            "assumed": self.assumed,
        }

    def table(self) -> str:
        """Return the plan as text for a terminal."""
        gpus_used = f", {self.gpus_used} used" if self.gpus_used < self.gpus else ""
        lines = [f"{self.recipe.path.name} on {self.gpus} x {self.gpu.name}{gpus_used}"]
        if self.changed:
            settings = " ".join(f"--set {name}={value}" for name, value in self.changed.items())
            lines.append(f"with {settings}")
        memory = [[cost.name, f"{cost.amount / GIB:.1f} GiB", cost.detail] for cost in self.memory]
        memory.append(["total", f"{self.needed / GIB:.1f} GiB", f"of {self.gpu.memory / GIB:.1f}"])
        time = [[cost.name, _hours(cost.amount), cost.detail] for cost in self.time]
        time.append(["total", _hours(self.seconds), self.assumed])
        # One table, so that the columns of memory and time stand below each other.
        table = format_table(memory + time, "<><", "  ").splitlines()
        lines += ["", "memory of the fullest GPU:", *table[: len(memory)]]
        if self.fits:
            lines += ["", "time:", *table[len(memory) :]]
        lines += ["", "It fits." if self.fits else "It does not fit:", *(f"  {problem}" for problem in self.problems)]
        return "\n".join(lines)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def plan(recipe: Recipe, gpus: int, gpu: Gpu, tokens: int | None = None, rows: int | None = None) -> Plan:
    """Estimate the memory and time of a recipe on some GPUs.

    Args:
        recipe: the recipe.
        gpus: the number of GPUs of one machine.
        gpu: their kind.
        tokens: the mean number of tokens per completion; `DEFAULT_TOKENS` if None.
        rows: the number of rows of SFT; counted in the data if None, or `DEFAULT_ROWS` if there are no data yet.

    Raises:
        BadConfig: the size of the model is unknown.
    """
    counted = rows or (DEFAULT_ROWS if recipe.trainer == "grpo" else _rows(recipe))
    estimate = RunEstimate(recipe, gpus, gpu, tokens or DEFAULT_TOKENS, counted, shape_of(recipe.model))
    return Plan(
        recipe,
        *(gpus, gpu, tuple(estimate.memory()), tuple(estimate.time()), estimate.changed_settings()),
        problems=tuple(estimate.problems()),
        gpus_used=estimate.processes + (1 if has_vllm_server(recipe) else 0),
        assumed=f"for {estimate.tokens:,} tokens per completion" + ("" if estimate.is_grpo else f", {counted:,} rows"),
    )


def _rows(recipe: Recipe) -> int:
    """Return the number of rows of SFT, or an assumption, and at most as many as the split takes."""
    try:
        datasets = sources(recipe)
        are_local = all(source.files for source in datasets)
        rows = sum(sum(1 for _ in source.rows()) for source in datasets) if are_local else DEFAULT_ROWS
    except BadConfig:
        rows = DEFAULT_ROWS
    slices = re.findall(r"train\[:(\d+)\]", str(recipe.settings.get("datasets")))
    return min(rows, *map(int, slices)) if slices else rows


def plan_memory(recipe: Recipe, shape: Shape, memory: float) -> tuple[Cost, ...]:
    """Return the memory of a GPU if the recipe runs with the processes that it names.

    Args:
        recipe: the recipe.
        shape: the shape of its model.
        memory: the bytes of memory of a GPU.
    """
    gpus = recipe.processes + (1 if has_vllm_server(recipe) else 0)
    return tuple(RunEstimate(recipe, gpus, Gpu("", memory, 1, 1), DEFAULT_TOKENS, DEFAULT_ROWS, shape).memory())


def alternatives(planned: Plan, tokens: int | None = None, rows: int | None = None) -> Iterator[str]:
    """Iterate over changes with which a recipe that does not fit would fit, one line each.

    Args:
        planned: the plan.
        tokens: as for `plan`.
        rows: as for `plan`.
    """
    recipe = planned.recipe

    def fits(changes: Mapping[str, Any], gpus: int = planned.gpus) -> bool:
        changed = replace(recipe, settings={**recipe.settings, **changes})
        return plan(changed, gpus, planned.gpu, tokens, rows).fits

    for changes in _changes(recipe):
        if fits(changes):
            yield " ".join(f"--set {name}={value}" for name, value in changes.items())
    less = next((number for number in range(planned.gpus - 1, 0, -1) if fits({}, number)), None)
    more = next((number for number in range(planned.gpus + 1, 65) if fits({}, number)), None)
    for number in filter(None, (less, more)):
        yield f"{number} x {planned.gpu.name}"


def _changes(recipe: Recipe) -> Iterator[dict[str, Any]]:
    """Iterate over settings that need less memory, the smallest change first."""
    settings = recipe.settings
    colocated = {"vllm_mode": "colocate", "vllm_gpu_memory_utilization": 0.3, "vllm_enable_sleep_mode": True}
    longest = "max_length" if recipe.trainer == "sft" else "max_completion_length"
    if settings.get("gradient_checkpointing") is False:
        yield {"gradient_checkpointing": True}
    if has_vllm_server(recipe):
        yield colocated
    if not settings.get("use_peft"):
        yield LORA
        if has_vllm_server(recipe):
            yield {**LORA, **colocated}
    if isinstance(settings.get(longest), int):
        for divisor in (2, 4, 8):
            yield {longest: settings[longest] // divisor}
