"""Checks before a run starts: settings, packages, data, rewards, lengths, batches, disk and memory.

A trainer that truncates prompts, drops rows or runs out of memory after an hour says so late or never. Here it is one
line before the model is loaded.
"""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, Final

from knk import tasks
from knk.errors import BadConfig, MissingPackage
from knk.training.data import Source, sources
from knk.training.gpus import GIB, installed_gpus
from knk.training.options import OWN_SETTINGS
from knk.training.plan import plan_memory
from knk.training.recipe import LAUNCH_SETTINGS, Recipe
from knk.training.shapes import Shape, from_config
from knk.training.trl_scripts import defaults
from knk.yaml_config import suggestion

MAX_ROWS: Final = 200_000
"""The number of rows, from the first, whose length is checked."""
_CONTEXTS: Final = ("max_position_embeddings", "n_positions")


@dataclass(frozen=True)
class Lengths:
    """The lengths of rows, in tokens.

    Args:
        rows: the number of rows.
        longest: the tokens of the longest row.
        over: the number of rows that are longer than the limit.
    """

    rows: int
    longest: int
    over: int


def check(recipe: Recipe) -> list[str]:
    """Check that a recipe can work, and return one line for each check.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: it cannot work; the message says what to change.
        MissingPackage: TRL or transformers is not installed.
    """
    check_keys(recipe)
    check_packages(recipe)
    data = sources(recipe)
    lines = [_check_rewards(recipe, data)] if recipe.trainer == "grpo" else []
    lines += [_check_batches(recipe, data)] if recipe.trainer == "grpo" else []
    tokenizer, config = _model(recipe)
    contexts = (config.get(name) for name in _CONTEXTS)
    context = next((size for size in contexts if isinstance(size, int)), None)
    check_lengths = _check_sft if recipe.trainer == "sft" else _check_grpo
    lines.append(check_lengths(recipe, data, tokenizer, context))
    try:
        shape = from_config(config)
    except ValueError:
        return [
            *lines,
            "disk, memory: not checked, as the model's configuration does not give its size",
        ]
    return [*lines, check_disk(recipe, data, shape), check_memory(recipe, shape)]


def check_keys(recipe: Recipe) -> None:
    """Check that TRL knows every setting.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: it does not know one; the message suggests the nearest name.
        MissingPackage: TRL is not installed.
    """
    known = {*defaults(recipe.trainer), *LAUNCH_SETTINGS, *OWN_SETTINGS}
    for name in recipe.settings:
        if name not in known:
            raise BadConfig(f"{recipe.path}: trl {recipe.trainer} has no setting {name!r}{suggestion(name, known)}")


def check_packages(recipe: Recipe) -> None:
    """Check that the packages which a recipe uses beside TRL are installed.

    Args:
        recipe: the recipe.

    Raises:
        MissingPackage: one is not.
    """
    if recipe.launch.get("distributed_type") == "DEEPSPEED" and find_spec("deepspeed") is None:
        raise MissingPackage(
            f"{recipe.path}: its accelerate_config needs DeepSpeed, which is not installed: pip install deepspeed, or "
            "choose another accelerate_config"
        )
    if recipe.settings.get("use_vllm") and find_spec("vllm") is None:
        raise MissingPackage(
            f"{recipe.path}: use_vllm needs vLLM, which is not installed: pip install vllm, or add --set use_vllm=false"
        )


def _number(recipe: Recipe, name: str) -> int:
    """Return an integer setting, or TRL's default for it."""
    return recipe.number(name, defaults(recipe.trainer)[name])


# Rewards and batches, for GRPO only.


def _check_rewards(recipe: Recipe, data: Iterable[Source]) -> str:
    names = recipe.settings.get("reward_funcs")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise BadConfig(f"{recipe.path}: expected 'reward_funcs' to be a list of names such as knk.rewards.kk_reward")
    weights = recipe.settings.get("reward_weights")
    if weights is not None and (not isinstance(weights, list) or len(weights) != len(names)):
        numbers = "1 number" if len(names) == 1 else f"{len(names)} numbers"
        actual = len(weights) if isinstance(weights, list) else repr(weights)
        raise BadConfig(f"{recipe.path}: expected {numbers} in 'reward_weights', one for each reward, got {actual}")
    first = next(_rows(data), None)
    for name in names:
        if "." in name:
            _resolve(recipe, name)
            _check_columns(recipe, name, first)
    return f"rewards: {', '.join(names)}"


def _resolve(recipe: Recipe, name: str) -> None:
    """Check that a dotted path is a callable; TRL looks in the working directory, too."""
    module, _, attribute = name.rpartition(".")
    sys.path.insert(0, str(Path.cwd()))
    try:
        reward = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BadConfig(f"{recipe.path}: the reward {name!r} cannot be imported: {error}") from error
    finally:
        sys.path.remove(str(Path.cwd()))
    if not callable(reward):
        raise BadConfig(f"{recipe.path}: expected the reward {name!r} to be a function, got {type(reward).__name__}")


def _check_columns(recipe: Recipe, name: str, row: Mapping[str, Any] | None) -> None:
    """Check that the data have the columns that a reward of this library needs."""
    task = next((task for task in tasks.NAMES if name.startswith(f"knk.rewards.{task}_")), None)
    if task is None or row is None:
        return
    missing = [column for column in tasks.load(task).COLUMNS if column not in row]
    if missing:
        raise BadConfig(
            f"{recipe.path}: the data lack the column {missing[0]!r}, which {name} needs: 'knk task {task}' writes it"
        )


def _check_batches(recipe: Recipe, data: Iterable[Source]) -> str:
    """Check that a batch consists of whole groups, and that the data fill at least one batch."""
    group, accumulated = _number(recipe, "num_generations"), _number(recipe, "gradient_accumulation_steps")
    size = _number(recipe, "per_device_train_batch_size") * recipe.processes
    batch = recipe.number("generation_batch_size", size * recipe.number("steps_per_generation", accumulated))
    if batch % group:
        raise BadConfig(
            f"{recipe.path}: expected a batch that is a multiple of num_generations {group}, got {batch} completions "
            f"(per_device_train_batch_size x gradient_accumulation_steps x {recipe.processes} processes)"
        )
    prompts = batch // group
    rows = sum(1 for _ in _rows(data))
    if 0 < rows < prompts:
        raise BadConfig(
            f"{recipe.path}: a batch needs {prompts} prompts and the data have {rows} rows, so the trainer would drop "
            "them all: make the batch smaller"
        )
    dropped = f"; {rows % prompts} of {rows} rows are left out of each epoch" if rows % prompts else ""
    return f"batches: {batch} completions for {prompts} prompts{dropped}"


# Lengths.


def _model(recipe: Recipe) -> tuple[Any, dict[str, Any]]:
    """Return the model's tokenizer and configuration."""
    try:
        from transformers import AutoConfig, AutoTokenizer
    except ImportError as error:
        raise MissingPackage("training needs transformers: pip install '.[train]'") from error
    if Path(recipe.model).is_absolute() and not Path(recipe.model).is_dir():
        raise BadConfig(f"{recipe.model}: no such folder")
    try:
        tokenizer = AutoTokenizer.from_pretrained(recipe.model)
        return tokenizer, AutoConfig.from_pretrained(recipe.model).to_dict()
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise BadConfig(f"{recipe.path}: the model {recipe.model!r} cannot be read: {why}") from error


def _check_sft(recipe: Recipe, data: Iterable[Source], tokenizer: Any, context: int | None) -> str:
    """Check that no row would be truncated or dropped."""
    unlimited = "max_length" in recipe.settings and recipe.settings["max_length"] is None
    limit = context if unlimited else _number(recipe, "max_length")
    if limit is not None and context is not None and limit > context:
        raise BadConfig(f"{recipe.path}: max_length {limit} exceeds the model's context of {context} tokens")
    lengths = _measure((_example(row) for row in _rows(data)), _counter(tokenizer, is_complete=True), limit)
    if lengths.over:
        raise BadConfig(
            f"{recipe.path}: {lengths.over} of {lengths.rows} rows are longer than {limit} tokens (the longest has "
            f"{lengths.longest}) and would be truncated or dropped: raise max_length, or drop them with "
            f"'knk corpus sft --max-tokens {limit} --tokenizer {recipe.model}'"
        )
    return f"lengths: {lengths.rows} rows, the longest {lengths.longest} tokens of {limit}"


def _check_grpo(recipe: Recipe, data: Iterable[Source], tokenizer: Any, context: int | None) -> str:
    """Check that the longest prompt and a whole completion fit into the model's context."""
    completion = _number(recipe, "max_completion_length")
    served = recipe.settings.get("vllm_max_model_length") if recipe.settings.get("use_vllm") else None
    limit = min((size for size in (context, served) if isinstance(size, int)), default=None)
    lengths = _measure((row.get("prompt") for row in _rows(data)), _counter(tokenizer, is_complete=False), limit)
    if limit is not None and lengths.longest + completion > limit:
        raise BadConfig(
            f"{recipe.path}: the longest prompt has {lengths.longest} tokens and max_completion_length is "
            f"{completion}, together more than the context of {limit} tokens: lower max_completion_length to "
            f"{limit - lengths.longest}"
        )
    return f"lengths: {lengths.rows} prompts, the longest {lengths.longest} tokens, completion {completion} of {limit}"


def _rows(data: Iterable[Source]) -> Iterator[dict[str, Any]]:
    return chain.from_iterable(source.rows() for source in data)


def _example(row: Mapping[str, Any]) -> Any:
    """Return what SFT trains on in a row: prompt and completion, messages, or text."""
    prompt, completion = row.get("prompt"), row.get("completion")
    if isinstance(prompt, str) and isinstance(completion, str):
        return prompt + completion
    if isinstance(prompt, list) and isinstance(completion, list):
        return prompt + completion
    return row.get("messages", row.get("text"))


def _counter(tokenizer: Any, is_complete: bool) -> Callable[[Any], int]:
    """Return a function that counts the tokens of a text or of messages; `is_complete` if they end with an answer."""

    def count(value: Any) -> int:
        if isinstance(value, str):
            return len(tokenizer(value)["input_ids"]) + (1 if is_complete else 0)
        text = tokenizer.apply_chat_template(value, tokenize=False, add_generation_prompt=not is_complete)
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])

    return count


def _measure(values: Iterable[Any], count: Callable[[Any], int], limit: int | None) -> Lengths:
    lengths = []
    for number, value in enumerate(values, 1):
        if number > MAX_ROWS:
            break
        if not isinstance(value, (str, list)) or not value:
            raise BadConfig(
                f"row {number} of the data: expected a text or messages in the columns that this trainer reads; "
                "see the recipe's README"
            )
        lengths.append(count(value))
    return Lengths(
        len(lengths), max(lengths, default=0), sum(limit is not None and length > limit for length in lengths)
    )


# Disk and GPU memory.


def check_disk(recipe: Recipe, data: Iterable[Source], shape: Shape) -> str:
    """Check that the checkpoints fit on the disk, and return one line about it.

    Args:
        recipe: the recipe.
        data: its datasets.
        shape: the shape of its model.

    Raises:
        BadConfig: they do not.
    """
    saved = _checkpoints(recipe, data) * _checkpoint_bytes(recipe, shape)
    whole = recipe.output.absolute()
    folder = next(folder for folder in (whole, *whole.parents) if folder.exists())
    free = shutil.disk_usage(folder).free
    if saved > free:
        raise BadConfig(
            f"{recipe.output}: the checkpoints need {saved / GIB:.1f} GiB and {free / GIB:.1f} GiB are free: free "
            "space, choose another output_dir, or set save_total_limit"
        )
    return f"disk: checkpoints of {saved / GIB:.2f} GiB, {free / GIB:.1f} GiB free"


def _checkpoint_bytes(recipe: Recipe, shape: Shape) -> int:
    """Return the bytes of a checkpoint: the trained weights and Adam's two moments, each in 32 bits."""
    trained = (
        shape.adapter_parameters(_number(recipe, "lora_r")) if recipe.settings.get("use_peft") else shape.parameters
    )
    return 12 * trained


def _checkpoints(recipe: Recipe, data: Iterable[Source]) -> int:
    """Return the largest number of checkpoints at one time, with the final model counted as one."""
    steps = recipe.settings.get("max_steps")
    if not isinstance(steps, int) or steps < 1:
        epochs = recipe.share("num_train_epochs", float(defaults(recipe.trainer)["num_train_epochs"]))
        step_rows = _number(recipe, "per_device_train_batch_size") * _number(recipe, "gradient_accumulation_steps")
        steps = math.ceil(sum(1 for _ in _rows(data)) * epochs / (step_rows * recipe.processes))
    every = recipe.settings.get("save_steps") or defaults(recipe.trainer)["save_steps"]
    written = 1 if every < 1 else math.ceil(steps / every)
    limit = recipe.settings.get("save_total_limit")
    # The newest is written before the oldest is deleted.
    return 1 + (min(written, limit + 1) if isinstance(limit, int) and limit > 0 else written)


def check_memory(recipe: Recipe, shape: Shape, installed: Sequence[Mapping[str, Any]] | None = None) -> str:
    """Check that GPUs are enough and large enough, and return one line about it.

    Args:
        recipe: the recipe.
        shape: the shape of its model.
        installed: the GPUs, as `installed_gpus` returns them; this machine's if None.

    Raises:
        BadConfig: they are not.
    """
    installed = installed_gpus() if installed is None else installed
    if recipe.settings.get("use_cpu"):
        installed = ()
    if not installed:
        return "memory: not checked, as no GPU is used; 'knk plan' estimates what fits"
    smallest_memory = min(gpu["memory_bytes"] for gpu in installed)
    if recipe.processes > len(installed):
        raise BadConfig(
            f"{recipe.path}: {recipe.processes} processes and {len(installed)} GPUs: 'knk plan {recipe.path}' shows "
            "what to set"
        )
    planned = plan_memory(recipe, shape, smallest_memory)
    needed = sum(part.amount for part in planned)
    if needed > smallest_memory:
        largest = max(planned, key=lambda part: part.amount)
        raise BadConfig(
            f"{recipe.path}: a GPU needs {needed / GIB:.1f} GiB ({largest.name}: {largest.amount / GIB:.1f}) and has "
            f"{smallest_memory / GIB:.1f}: 'knk plan {recipe.path}' shows what would fit"
        )
    return f"memory: {needed / GIB:.1f} of {smallest_memory / GIB:.1f} GiB on each of {recipe.processes} GPUs"
