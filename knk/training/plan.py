"""Whether a recipe fits some GPUs, how long it takes, and what would fit otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from knk.errors import BadConfig
from knk.tables import format_table
from knk.training.batches import changed_settings, describe, division_of, divisions, format_settings, splits
from knk.training.data import sources
from knk.training.estimate import DEFAULT_ROWS, DEFAULT_TOKENS, Estimate
from knk.training.gpus import GIB, Gpu
from knk.training.memory import Cost, Memory
from knk.training.recipe import Recipe
from knk.training.serving import Cache, server_command
from knk.training.shapes import Shape, shape_of
from knk.training.speed import time_of
from knk.training.workload import PROMPT_TOKENS, Workload, has_vllm_server, processes_on

_LORA: Final = {"use_peft": True, "lora_r": 32, "lora_alpha": 64, "lora_target_modules": "all-linear"}
_MOST_GPUS: Final = 64


@dataclass(frozen=True)
class Plan:
    """The estimated memory and time of a recipe on some GPUs.

    Args:
        recipe: the recipe.
        gpus: the number of GPUs.
        gpu: their kind.
        phases: the memory of the fullest training GPU.
        time: the time of the run.
        changed: settings that differ from the recipe's because of the number of GPUs.
        problems: why the recipe cannot run; empty if it can.
        notes: what the changed settings mean, and other ways to divide a step.
        assumed: the assumptions about the data.
        gpus_used: the number of GPUs that are used.
        cache: the cache of a vLLM engine, or None without vLLM.
        server: the command of the vLLM server; empty if the recipe needs none.
    """

    recipe: Recipe
    gpus: int
    gpu: Gpu
    phases: Memory
    time: tuple[Cost, ...]
    changed: Mapping[str, Any]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    assumed: str
    gpus_used: int
    cache: Cache | None = None
    server: str = ""

    @property
    def memory(self) -> tuple[Cost, ...]:
        """The memory of the fullest GPU at the moment when it is fullest."""
        return self.phases.fullest

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
            "gpus_used": self.gpus_used,
            "gpu": self.gpu.name,
            "fits": self.fits,
            "problems": list(self.problems),
            "notes": list(self.notes),
            "settings": dict(self.changed),
            "server": self.server,
            "memory_bytes": {cost.name: round(cost.amount) for cost in self.memory},
            "fullest_phase": _PHASES[self.phases.is_fullest_in_training],
            "other_phase_bytes": round(self.phases.other),
            "gpu_memory_bytes": round(self.gpu.memory),
            "cache": self.cache.to_dict() if self.cache else None,
            "seconds": {cost.name: round(cost.amount) for cost in self.time},
            "assumed": self.assumed,
        }

    def table(self) -> str:
        """Return the plan as text for a terminal."""
        gpus_used = f", {self.gpus_used} used" if self.gpus_used < self.gpus else ""
        lines = [f"{self.recipe.path.name} on {self.gpus} x {self.gpu.name}{gpus_used}"]
        if self.changed:
            lines.append(f"with {format_settings(self.changed)}")
        lines += [f"note: {note}" for note in self.notes]
        memory, cache, time = self._memory_rows(), self._cache_rows(), self._time_rows()
        # One table, so that the columns of memory and time stand below each other.
        table = format_table(memory + cache + time, "<><", "  ").splitlines()
        phase = f", {_PHASES[self.phases.is_fullest_in_training]}" if self.phases.generating else ""
        lines += ["", f"memory of the fullest GPU{phase}:", *table[: len(memory)]]
        if cache:
            lines += ["", "vLLM:", *table[len(memory) : len(memory) + len(cache)]]
        if self.fits:
            lines += ["", "time:", *table[len(memory) + len(cache) :]]
        if self.server and self.fits:
            lines += ["", "on a GPU of its own, first start:", f"  {self.server}"]
        lines += ["", "It fits." if self.fits else "It does not fit:", *(f"  {problem}" for problem in self.problems)]
        return "\n".join(lines)

    def _memory_rows(self) -> list[list[str]]:
        rows = [[cost.name, f"{cost.amount / GIB:.1f} GiB", cost.detail] for cost in self.memory]
        total = f"of {self.gpu.memory / GIB:.1f}"
        if self.phases.generating:
            total += f"; {self.phases.other / GIB:.1f} {_PHASES[not self.phases.is_fullest_in_training]}"
        return [*rows, ["total", f"{self.needed / GIB:.1f} GiB", total]]

    def _cache_rows(self) -> list[list[str]]:
        if self.cache is None:
            return []
        cache = self.cache
        waves = f"{cache.waves:.1f} waves" if cache.waves > 1 else "all at a time"
        detail = f"{cache.sequences} completions at a time, of {cache.wanted} per engine: {waves}"
        return [["cache", f"{cache.tokens:,} tokens", detail]]

    def _time_rows(self) -> list[list[str]]:
        rows = [[cost.name, _hours(cost.amount), cost.detail] for cost in self.time]
        return [*rows, ["total", _hours(self.seconds), self.assumed]]


_PHASES: Final = {True: "in training", False: "in generation"}


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def plan(recipe: Recipe, gpus: int, gpu: Gpu, tokens: int | None = None, rows: int | None = None) -> Plan:
    """Estimate the memory and time of a recipe on some GPUs.

    Passes are made smaller where that is needed to fit. If the recipe's batch cannot be divided among all GPUs, the
    plan uses fewer of them or a batch of nearly the same size, whichever fits first, and its notes say so.

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
    shape, processes = shape_of(recipe.model), processes_on(recipe, gpus)
    choices = tuple(divisions(recipe, processes)) or (division_of(recipe),)
    work = Workload(recipe, choices[0], gpu, tokens or DEFAULT_TOKENS, counted, shape)
    plans = [_fitting(replace(work, division=choice), gpus, processes) for choice in choices]
    best = next((made for made in plans if made.fits), plans[0])
    others = [
        f"{format_settings(other.changed)}: {describe(recipe, choice, processes)}"
        for choice, other in zip(choices, plans, strict=True)
        if other is not best and other.fits
    ]
    return replace(best, notes=(*best.notes, *(f"or {other}" for other in others)))


def _fitting(work: Workload, gpus: int, processes: int) -> Plan:
    """Return the plan for a division, with smaller passes if those fit and its own do not."""
    first = _plan(Estimate(work, gpus), processes)
    if first.fits:
        return first
    smaller = splits(work.recipe, work.division.processes, work.division.batch)
    plans = (_plan(Estimate(replace(work, division=division), gpus), processes) for division in smaller)
    return next((made for made in plans if made.fits), first)


def _plan(estimate: Estimate, processes: int) -> Plan:
    work, division = estimate.work, estimate.work.division
    note, rows = describe(work.recipe, division, processes), "" if work.is_grpo else f", {work.rows:,} rows"
    return Plan(
        *(work.recipe, estimate.gpus, work.gpu, estimate.memory),
        time=tuple(time_of(work)),
        changed=changed_settings(work.recipe, division),
        problems=tuple(estimate.problems()),
        notes=(note,) if note else (),
        assumed=f"for {work.tokens:,} tokens per completion{rows}",
        gpus_used=division.processes + (1 if work.has_server else 0),
        cache=estimate.cache,
        server=server_command(work.recipe) if work.has_server else "",
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
    work = Workload(recipe, division_of(recipe), Gpu("", memory, 1, 1), DEFAULT_TOKENS, DEFAULT_ROWS, shape)
    return Estimate(work, recipe.processes + 1).memory.fullest


def alternatives(planned: Plan, tokens: int | None = None, rows: int | None = None) -> Iterator[str]:
    """Iterate over changes with which a recipe that does not fit would fit, one line each.

    Args:
        planned: the plan.
        tokens: as for `plan`.
        rows: as for `plan`.
    """
    recipe = planned.recipe

    def changed(changes: Mapping[str, Any], gpus: int = planned.gpus) -> Plan:
        tried = replace(recipe, settings={**recipe.settings, **changes})
        return plan(tried, gpus, planned.gpu, tokens, rows)

    seen = set()
    for changes in _changes(recipe):
        tried = changed(changes)
        line = format_settings({**changes, **tried.changed})
        if tried.fits and line not in seen:
            seen.add(line)
            yield line
    less = next((number for number in range(planned.gpus - 1, 0, -1) if changed({}, number).fits), None)
    more = next((number for number in range(planned.gpus + 1, _MOST_GPUS + 1) if changed({}, number).fits), None)
    for number in filter(None, (less, more)):
        yield f"{number} x {planned.gpu.name}"


def _changes(recipe: Recipe) -> Iterator[dict[str, Any]]:
    """Iterate over settings that need less memory, the smallest change first."""
    settings = recipe.settings
    longest = "max_length" if recipe.trainer == "sft" else "max_completion_length"
    completion = recipe.number("max_completion_length", 512)
    length = recipe.number("vllm_max_model_length", PROMPT_TOKENS + completion)
    if settings.get("use_vllm") and length < PROMPT_TOKENS + completion:
        yield {"vllm_max_model_length": completion + 4 * PROMPT_TOKENS}
        yield {longest: length - 4 * PROMPT_TOKENS}
    if settings.get("gradient_checkpointing") is False:
        yield {"gradient_checkpointing": True}
    colocated = {
        "vllm_mode": "colocate",
        "vllm_gpu_memory_utilization": 0.3,
        "vllm_enable_sleep_mode": True,
        "vllm_max_model_length": completion + 4 * PROMPT_TOKENS,
    }
    if has_vllm_server(recipe):
        yield colocated
    if not settings.get("use_peft"):
        # Merging adapters for vLLM in bfloat16 would corrupt the frozen weights.
        lora = {**_LORA, "dtype": "float32" if settings.get("use_vllm") else "bfloat16"}
        yield lora
        if has_vllm_server(recipe):
            yield {**lora, **colocated}
    if isinstance(settings.get(longest), int):
        for divisor in (2, 4, 8):
            yield {longest: settings[longest] // divisor}
