"""What a recipe takes on some GPUs: memory by part and time, from stated assumptions, before anything is loaded.

| what | assumed |
|---|---|
| trained weights | 16 bytes a parameter: weights, gradients, Adam's two moments; shared out by ZeRO-3 and FSDP2 |
| frozen weights | 2 bytes a parameter in bfloat16, 4 otherwise |
| activations | a layer's input for each token and layer, and one layer whole; without checkpointing all layers whole |
| log-probabilities | TRL works them out in chunks: 1 GiB |
| vLLM beside the trainer | its share of the card; while it sleeps, the activations have that room |
| a card | 1.5 GiB for CUDA, and 5% that is lost to fragments |
| vLLM's server | 90% of a card of its own |
| without vLLM | keys and values of a pass's completions, and the whole model gathered where it is shared out |
| speed | 35% of the card's bfloat16 peak in training, 60% of its bandwidth in generation; none lost to sending |
| a step of generation | 5 ms besides the reading with vLLM, 30 ms without |
| a step of RLVR | prompts of 256 tokens; the longest completion is four times the mean, and all are padded to it |
| what is not counted | rewards, loading, saving, sending weights and gradients |
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from knk.errors import BadConfig
from knk.tables import format_table
from knk.training.data import sources
from knk.training.gpus import gpus
from knk.training.recipe import Recipe
from knk.training.shapes import HALF, Shape, shape_of

GIB: Final = 1 << 30
_TRAINED: Final = 16
_CHUNKS: Final = GIB
_CUDA: Final = 1.5 * GIB
_FRAGMENTS: Final = 0.05
_TRAINING: Final = 0.35
_READING: Final = 0.6
_STEP_OVERHEAD: Final = {True: 0.005, False: 0.030}
"""Seconds a token of generation takes besides the reading, with vLLM and without."""
_LONGEST: Final = 4
_PROMPT: Final = 256
_MOST_GPUS: Final = 1024
ROWS: Final = 18_000
"""Examples of SFT, where the data are not there to be counted: four answers to each of 4,500 puzzles."""
TOKENS: Final = 1_600
"""Tokens of an answer, unless told: about the mean that the paper reports for MATH after warm-up, 1,624."""
LORA: Final = {
    "use_peft": True,
    "lora_r": 32,
    "lora_alpha": 64,
    "lora_target_modules": "all-linear",
    "dtype": "bfloat16",
}


@dataclass(frozen=True)
class Gpu:
    """A kind of GPU.

    Args:
        name: its name.
        memory: bytes of memory.
        flops: its dense bfloat16 peak, in operations a second.
        bandwidth: bytes of memory read a second.
    """

    name: str
    memory: float
    flops: float
    bandwidth: float


def _gpu(name: str, gib: float, tera: float, giga: float) -> Gpu:
    return Gpu(name, gib * GIB, tera * 1e12, giga * 1e9)


GPUS: Final[Mapping[str, Gpu]] = {
    gpu.name: gpu
    for gpu in (
        _gpu("B200", 180, 2250, 8000),
        _gpu("H200", 140, 989, 4800),
        _gpu("H100", 79, 989, 3350),
        _gpu("A100-80", 79, 312, 2039),
        _gpu("A100-40", 39.5, 312, 1555),
        _gpu("L40S", 45, 362, 864),
        _gpu("A6000", 47.5, 155, 768),
        _gpu("RTX5090", 31.5, 209, 1792),
        _gpu("RTX4090", 23.5, 165, 1008),
        _gpu("RTX3090", 23.7, 71, 936),
        _gpu("A10G", 22.5, 70, 600),
        _gpu("L4", 22.5, 121, 300),
    )
}
"""GPUs by name, with the memory that programs find on them; the rest is of the makers' data sheets."""


def gpus_of(text: str) -> tuple[int, Gpu]:
    """Return how many GPUs of which kind a text such as `4xH100` says.

    Args:
        text: a kind, with a number and `x` before it if there are several.

    Raises:
        BadConfig: there is no such kind, or the number is none.

    >>> number, gpu = gpus_of("4xH100")
    >>> number, gpu.name
    (4, 'H100')
    """
    found = re.fullmatch(r"(?:(\d{1,4})x)?([\w-]{1,20})", text.strip())
    kinds = {name.lower(): gpu for name, gpu in GPUS.items()} | {"a100": GPUS["A100-80"]}
    if not found or found[2].lower() not in kinds or not 1 <= int(found[1] or 1) <= _MOST_GPUS:
        raise BadConfig(f"GPUs are said as 4xH100, not {text[:40]!r}; known: {', '.join(GPUS)}")
    return int(found[1] or 1), kinds[found[2].lower()]


def gpus_here() -> tuple[int, Gpu]:
    """Return how many GPUs this machine has, and of which kind; one that is not known is taken for as fast as an H100.

    Raises:
        BadConfig: it has none.
    """
    here = gpus()
    if not here:
        raise BadConfig("this machine has no NVIDIA GPU: name some with --gpus, such as --gpus 4xH100")
    least = min(here, key=lambda gpu: float(gpu["memory_bytes"]))
    words = re.findall(r"[a-z0-9]+", least["name"].lower())
    said = {*words, *(one + other for one, other in pairwise(words))}
    kind = next((gpu for name, gpu in GPUS.items() if name.split("-")[0].lower() in said), None)
    name = least["name"] if kind else f"{least['name']}, taken for as fast as an H100"
    return len(here), replace(kind or GPUS["H100"], name=name, memory=float(least["memory_bytes"]))


@dataclass(frozen=True)
class Part:
    """Something that memory or time is needed for.

    Args:
        name: what it is.
        amount: bytes of one GPU, or seconds.
        why: how it comes about.
    """

    name: str
    amount: float
    why: str = ""


@dataclass(frozen=True)
class Plan:
    """What a recipe takes on some GPUs.

    Args:
        recipe: the recipe, with the settings for these GPUs.
        gpus: how many there are.
        gpu: of which kind.
        memory: what the fullest training GPU holds.
        time: what takes how long.
        changed: settings that differ from the recipe's because of the number of GPUs.
        problems: why it cannot work; none where it can.
        assumed: what was assumed about the data.
        used: how many of the GPUs have work.
    """

    recipe: Recipe
    gpus: int
    gpu: Gpu
    memory: tuple[Part, ...]
    time: tuple[Part, ...]
    changed: Mapping[str, Any]
    problems: tuple[str, ...]
    assumed: str
    used: int

    @property
    def needed(self) -> float:
        """The bytes that one GPU needs."""
        return sum(part.amount for part in self.memory)

    @property
    def fits(self) -> bool:
        """Whether it can work."""
        return not self.problems

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return sum(part.amount for part in self.time)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "recipe": self.recipe.path.name,
            "gpus": self.gpus,
            "gpu": self.gpu.name,
            "fits": self.fits,
            "problems": list(self.problems),
            "settings": dict(self.changed),
            "memory_bytes": {part.name: round(part.amount) for part in self.memory},
            "gpu_memory_bytes": round(self.gpu.memory),
            "seconds": {part.name: round(part.amount) for part in self.time},
            "assumed": self.assumed,
        }

    def table(self) -> str:
        """Return it as lines for a terminal."""
        used = f", of which {self.used} {'is' if self.used == 1 else 'are'} used" if self.used < self.gpus else ""
        lines = [f"{self.recipe.path.name} on {self.gpus} x {self.gpu.name}{used}"]
        if self.changed:
            settings = " ".join(f"--set {name}={value}" for name, value in self.changed.items())
            lines.append(f"with {settings}")
        memory = [[part.name, f"{part.amount / GIB:.1f} GiB", part.why] for part in self.memory]
        memory.append(["total", f"{self.needed / GIB:.1f} GiB", f"of {self.gpu.memory / GIB:.1f}"])
        time = [[part.name, _hours(part.amount), part.why] for part in self.time]
        time.append(["total", _hours(self.seconds), self.assumed])
        # One table, so that the columns of memory and time stand below each other.
        table = format_table(memory + time, "<><", "  ").splitlines()
        lines += ["", "memory of the fullest GPU:", *table[: len(memory)]]
        if self.fits:
            lines += ["", "time:", *table[len(memory) :]]
        lines += ["", "it fits" if self.fits else "it does not fit:", *(f"  {problem}" for problem in self.problems)]
        return "\n".join(lines)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def plan(recipe: Recipe, gpus: int, gpu: Gpu, tokens: int | None = None, rows: int | None = None) -> Plan:
    """Return what a recipe takes on some GPUs.

    Args:
        recipe: the recipe.
        gpus: how many GPUs of one machine.
        gpu: of which kind.
        tokens: tokens of an answer, on average; an assumption if not given.
        rows: examples of SFT; those of the data, if they are there, or an assumption.

    Raises:
        BadConfig: the model's size cannot be found out.
    """
    counted = rows or (ROWS if recipe.trainer == "grpo" else _rows(recipe))
    return _Planned(recipe, gpus, gpu, tokens or TOKENS, counted, shape_of(recipe.model)).plan()


def _rows(recipe: Recipe) -> int:
    """The examples of SFT: those of the data, or an assumption, and no more than the split takes of them."""
    try:
        named = sources(recipe)
        found = sum(sum(1 for _ in source.rows()) for source in named) if all(one.files for one in named) else ROWS
    except BadConfig:
        found = ROWS
    slices = re.findall(r"train\[:(\d+)\]", str(recipe.settings.get("datasets")))
    return min(found, *map(int, slices)) if slices else found


def plan_memory(recipe: Recipe, shape: Shape, memory: float) -> tuple[Part, ...]:
    """Return what a GPU holds where a recipe is run with the processes that it names.

    Args:
        recipe: the recipe.
        shape: its model's.
        memory: the bytes of a GPU.
    """
    gpus = recipe.processes + (1 if _serves(recipe) else 0)
    return tuple(_Planned(recipe, gpus, Gpu("", memory, 1, 1), TOKENS, ROWS, shape).memory())


def advice(planned: Plan, tokens: int | None = None, rows: int | None = None) -> Iterator[str]:
    """Iterate over ways in which a recipe that does not fit would, a line each.

    Args:
        planned: the plan.
        tokens: as for `plan`.
        rows: as for `plan`.
    """
    recipe = planned.recipe

    def fits(changes: Mapping[str, Any], gpus: int = planned.gpus) -> bool:
        tried = replace(recipe, settings={**recipe.settings, **changes})
        return plan(tried, gpus, planned.gpu, tokens, rows).fits

    for changes in _changes(recipe):
        if fits(changes):
            yield " ".join(f"--set {name}={value}" for name, value in changes.items())
    less = next((number for number in range(planned.gpus - 1, 0, -1) if fits({}, number)), None)
    more = next((number for number in range(planned.gpus + 1, 65) if fits({}, number)), None)
    for number in filter(None, (less, more)):
        yield f"{number} x {planned.gpu.name}"


def _changes(recipe: Recipe) -> Iterator[dict[str, Any]]:
    """Settings that take less, from what changes least on."""
    own = recipe.settings
    colocated = {"vllm_mode": "colocate", "vllm_gpu_memory_utilization": 0.3, "vllm_enable_sleep_mode": True}
    longest = "max_length" if recipe.trainer == "sft" else "max_completion_length"
    if own.get("gradient_checkpointing") is False:
        yield {"gradient_checkpointing": True}
    if _serves(recipe):
        yield colocated
    if not own.get("use_peft"):
        yield LORA
        if _serves(recipe):
            yield {**LORA, **colocated}
    if isinstance(own.get(longest), int):
        for part in (2, 4, 8):
            yield {longest: own[longest] // part}


def _serves(recipe: Recipe) -> bool:
    """Whether vLLM's server has a GPU to itself."""
    return bool(recipe.settings.get("use_vllm")) and recipe.settings.get("vllm_mode", "colocate") == "server"


@dataclass(frozen=True)
class _Planned:
    """A plan in the making."""

    recipe: Recipe
    gpus: int
    gpu: Gpu
    tokens: int
    rows: int
    shape: Shape

    @cached_property
    def launch(self) -> Mapping[str, Any]:
        """The configuration for accelerate."""
        return self.recipe.launch

    @cached_property
    def shared(self) -> bool:
        """Whether weights are shared out over the GPUs: by DeepSpeed in its third stage, or by FSDP."""
        partly = self.recipe.settings.get("accelerate_config") in ("zero1", "zero2")
        return self.launch.get("distributed_type") in ("DEEPSPEED", "FSDP") and self.processes > 1 and not partly

    @cached_property
    def processes(self) -> int:
        if self.launch.get("distributed_type") == "NO":
            return 1
        return max(1, self.gpus - (1 if _serves(self.recipe) else 0))

    @cached_property
    def is_grpo(self) -> bool:
        return self.recipe.trainer == "grpo"

    @cached_property
    def batch(self) -> int:
        """The examples of a step."""
        return (
            self._number("per_device_train_batch_size", 8)
            * self._number("gradient_accumulation_steps", 1)
            * self.recipe.processes
        )

    @cached_property
    def device_batch(self) -> int | None:
        """The examples of a pass on one GPU, so that a step has as many as the recipe says; None where none do."""
        most = self._number("per_device_train_batch_size", 8)
        fitting = (size for size in range(most, 0, -1) if self.batch % (size * self.processes) == 0)
        return next(fitting, None)

    @cached_property
    def length(self) -> int:
        """The tokens of the longest example."""
        if self.is_grpo:
            return _PROMPT + self._number("max_completion_length", 512)
        return self._number("max_length", 1024)

    @cached_property
    def adapters(self) -> int:
        """The parameters of the adapters; 0 where all weights are trained."""
        if not self.recipe.settings.get("use_peft"):
            return 0
        return self.shape.adapter_parameters(self._number("lora_r", 16))

    def _number(self, name: str, default: int) -> int:
        return self.recipe.number(name, default)

    def plan(self) -> Plan:
        memory = tuple(self.memory())
        return Plan(
            self.recipe,
            *(self.gpus, self.gpu, memory, tuple(self.time()), self.changed()),
            problems=tuple(self.problems(sum(part.amount for part in memory))),
            used=self.processes + (1 if _serves(self.recipe) else 0),
            assumed=f"for {self.tokens:,} tokens an answer" + ("" if self.is_grpo else f", {self.rows:,} rows"),
        )

    def changed(self) -> dict[str, Any]:
        size = self.device_batch
        if size is None:
            return {}
        settings = {
            "num_processes": self.processes,
            "per_device_train_batch_size": size,
            "gradient_accumulation_steps": self.batch // (size * self.processes),
        }
        before = {**self.recipe.settings, "num_processes": self.recipe.processes}
        return {name: value for name, value in settings.items() if value != before.get(name)}

    def problems(self, needed: float) -> Iterator[str]:
        if _serves(self.recipe) and self.gpus < 2:
            yield "vLLM's server needs a GPU beside those that train"
        if self.device_batch is None:
            yield f"{self.batch} examples a step cannot be shared out over {self.processes} processes"
        if needed > self.gpu.memory:
            yield f"{(needed - self.gpu.memory) / GIB:.1f} GiB too much for a GPU"
        room = self._served * self.gpu.memory
        wanted = HALF * self.shape.parameters + self.length * self.shape.cache_bytes
        if room and wanted > room:
            yield f"vLLM has {room / GIB:.1f} GiB; the weights and one completion need {wanted / GIB:.1f}"

    @property
    def _served(self) -> float:
        """The share of a GPU that vLLM has, where it has any."""
        if not self.recipe.settings.get("use_vllm"):
            return 0.0
        if _serves(self.recipe):
            return 0.9
        return self.recipe.share("vllm_gpu_memory_utilization", 0.3)

    def memory(self) -> Iterator[Part]:
        shape, over = self.shape, self.processes if self.shared else 1
        told = f", shared out over {over}" if over > 1 else ""
        if self.adapters:
            each = HALF if self.recipe.settings.get("dtype") == "bfloat16" else 2 * HALF
            yield Part(
                "frozen weights",
                each * shape.parameters / over,
                f"{shape.parameters / 1e9:.2f}B, {each} bytes each{told}",
            )
            yield Part("adapters", _TRAINED * self.adapters / over, f"{self.adapters / 1e6:.0f}M, trained{told}")
        else:
            yield Part(
                "weights, gradients, Adam",
                _TRAINED * shape.parameters / over,
                f"{shape.parameters / 1e9:.2f}B, {_TRAINED} bytes each{told}",
            )
        if over > 1:
            yield Part(
                "gathered layers",
                HALF * (2 * shape.layer_parameters + shape.embedding_parameters),
                "two, and the embedding",
            )
        elif not self.adapters:
            yield Part("weights in bfloat16", HALF * shape.parameters, "the copy that is computed with")
        yield from self._working()
        yield Part("log-probabilities", _CHUNKS, "in chunks")
        yield Part("CUDA and fragments", _CUDA + _FRAGMENTS * self.gpu.memory)

    def _working(self) -> Iterator[Part]:
        """What comes and goes: activations, the cache, vLLM."""
        tokens, shape = (self.device_batch or 1) * self.length, self.shape
        whole = 2 * shape.layer_activations * tokens
        kept = HALF * shape.hidden * shape.layers * tokens
        checkpointed = self.recipe.settings.get("gradient_checkpointing", True) is not False
        active = kept + whole if checkpointed else shape.layers * shape.layer_activations * tokens + whole
        told = f"{tokens:,} tokens a pass{', checkpointed' if checkpointed else ''}"
        beside = self._served * self.gpu.memory if not _serves(self.recipe) else 0.0
        if beside and self.recipe.settings.get("vllm_enable_sleep_mode"):
            yield Part("activations, or vLLM awake", max(active, beside), told)
            return
        yield Part("activations", active, told)
        if beside:
            yield Part("vLLM", beside, "its share of the card")
        elif self.is_grpo and not self._served:
            yield Part("cache", shape.cache_bytes * tokens * self._generated, "keys and values in generation")
            if self.shared:
                yield Part("model in generation", HALF * shape.parameters, "gathered whole")

    @property
    def _generated(self) -> int:
        """How many passes' completions are generated at a time."""
        return self.batch // ((self.device_batch or 1) * self.processes)

    def time(self) -> Iterator[Part]:
        if not self.is_grpo:
            steps = self.recipe.settings.get("max_steps")
            rows = steps * self.batch if isinstance(steps, int) and steps > 0 else self.rows * self._epochs
            tokens = rows * min(self.tokens + _PROMPT, self.length)
            yield Part("training", self._trained(tokens), f"{tokens / 1e6:,.0f}M tokens")
            return
        steps = self._number("max_steps", 100)
        mean = min(self.tokens, self.length - _PROMPT)
        yield Part("generation", steps * self._generating(mean), f"{steps} steps of {self.batch} completions")
        # The passes of training, and one more for the log-probabilities before it.
        padded = self.batch * (self._longest(mean) + _PROMPT)
        yield Part("training", steps * self._trained(padded) * 10 / 8, "completions padded to the longest")

    @property
    def _epochs(self) -> float:
        return self.recipe.share("num_train_epochs", 3.0)

    def _trained(self, tokens: float) -> float:
        """Seconds to train on tokens: forward, backward, and the forward pass again that checkpointing takes."""
        return 8 * self.shape.parameters * tokens / (self.processes * self.gpu.flops * _TRAINING)

    def _generating(self, mean: int) -> float:
        """Seconds to generate a step's completions: each token reads the weights and the caches once."""
        devices = 1 if _serves(self.recipe) else self.processes
        side_by_side = self.batch / devices
        caches = side_by_side * self.shape.cache_bytes * (mean / 2 + _PROMPT)
        overhead = _STEP_OVERHEAD[self._served > 0]
        token = (HALF * self.shape.parameters + caches) / (self.gpu.bandwidth * _READING) + overhead
        return self._longest(mean) * token

    def _longest(self, mean: int) -> int:
        return min(_LONGEST * mean, self.length - _PROMPT)
