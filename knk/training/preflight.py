"""What is looked at before a run starts: data, rewards, lengths, batches, disk and memory.

A trainer that cuts prompts, drops rows or runs out of memory after an hour says so late or never; here it is one line
before anything is loaded.
"""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, Final

from knk import tasks
from knk.errors import BadConfig, MissingPackage
from knk.training.data import Source, sources
from knk.training.gpus import gpus
from knk.training.plan import GIB, plan_memory
from knk.training.recipe import Recipe
from knk.training.shapes import Shape, from_config
from knk.yaml_config import suggestion

MOST_ROWS: Final = 200_000
"""Rows whose length is looked at; of more, the first so many."""
_CONTEXTS: Final = ("max_position_embeddings", "n_positions")
_LAUNCHER: Final = ("accelerate_config", "config_file", "num_processes")


@dataclass(frozen=True)
class Lengths:
    """How long rows are, in tokens.

    Args:
        rows: how many there are.
        longest: the longest one's tokens.
        over: how many are longer than the limit.
    """

    rows: int
    longest: int
    over: int


def check(recipe: Recipe) -> list[str]:
    """Return what was found out about a run that can work, a line each.

    Args:
        recipe: what is to be trained.

    Raises:
        BadConfig: it cannot work; the message says what to change.
        MissingPackage: TRL or transformers is not installed.
    """
    check_keys(recipe)
    _check_packages(recipe)
    data = sources(recipe)
    told = [_check_rewards(recipe, data)] if recipe.trainer == "grpo" else []
    told += [_check_batches(recipe, data)] if recipe.trainer == "grpo" else []
    tokenizer, config = _model(recipe)
    contexts = (config.get(name) for name in _CONTEXTS)
    context = next((size for size in contexts if isinstance(size, int)), None)
    lengths = _check_sft if recipe.trainer == "sft" else _check_grpo
    told.append(lengths(recipe, data, tokenizer, context))
    try:
        shape = from_config(config)
    except ValueError:
        return [
            *told,
            "disk, memory: not looked at: the model's configuration does not tell its size",
        ]
    return [*told, _check_disk(recipe, data, shape), _check_memory(recipe, shape)]


def check_keys(recipe: Recipe) -> None:
    """See that TRL knows every setting.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: it does not know one; the nearest name is told.
        MissingPackage: TRL is not installed.
    """
    known = {*defaults(recipe.trainer), *_LAUNCHER}
    for name in recipe.settings:
        if name not in known:
            raise BadConfig(f"{recipe.path}: trl {recipe.trainer} has no setting {name!r}{suggestion(name, known)}")


@lru_cache(maxsize=2)
def defaults(trainer: str) -> Mapping[str, Any]:
    """Return all settings of a trainer of TRL, with the values that it takes where a recipe has none.

    Args:
        trainer: `sft` or `grpo`.

    Raises:
        MissingPackage: TRL is not installed.
    """
    actions = script(trainer).make_parser()._actions  # noqa: SLF001 - argparse has no other way to list its options
    return {action.dest: action.default for action in actions}


def script(trainer: str) -> Any:
    """Return the module of TRL that is behind `trl sft` or `trl grpo`.

    Args:
        trainer: `sft` or `grpo`.

    Raises:
        MissingPackage: TRL is not installed.
    """
    try:
        return import_module(f"trl.scripts.{trainer}")
    except ImportError as error:
        raise MissingPackage("training needs TRL: pip install 'knk[train]'") from error


def _check_packages(recipe: Recipe) -> None:
    """See that what a recipe trains with beside TRL is installed."""
    if recipe.launch.get("distributed_type") == "DEEPSPEED" and find_spec("deepspeed") is None:
        raise MissingPackage(
            f"{recipe.path}: it shares weights out by DeepSpeed, which is not installed: pip install deepspeed, or "
            "name another accelerate_config"
        )
    if recipe.settings.get("use_vllm") and find_spec("vllm") is None:
        raise MissingPackage(
            f"{recipe.path}: it generates with vLLM, which is not installed: install it, or --set use_vllm=false"
        )


def _number(recipe: Recipe, name: str) -> int:
    """A setting that is a whole number, or TRL's default for it."""
    return recipe.number(name, defaults(recipe.trainer)[name])


# Rewards and batches: what GRPO alone has.


def _check_rewards(recipe: Recipe, data: Iterable[Source]) -> str:
    names = recipe.settings.get("reward_funcs")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise BadConfig(f"{recipe.path}: 'reward_funcs' is a list of names such as knk.rewards.kk_reward")
    weights = recipe.settings.get("reward_weights")
    if weights is not None and (not isinstance(weights, list) or len(weights) != len(names)):
        raise BadConfig(f"{recipe.path}: 'reward_weights' needs a number for each of the {len(names)} rewards")
    first = next(_rows(data), None)
    for name in names:
        if "." in name:
            _resolve(recipe, name)
            _check_columns(recipe, name, first)
    return f"rewards: {', '.join(names)}"


def _resolve(recipe: Recipe, name: str) -> None:
    """See that a dotted path leads to something that can be called; TRL looks in the working directory, too."""
    module, _, attribute = name.rpartition(".")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BadConfig(f"{recipe.path}: there is no reward {name!r}: {error}") from error
    finally:
        sys.path.remove(str(Path.cwd()))
    if not callable(found):
        raise BadConfig(f"{recipe.path}: the reward {name!r} is no function")


def _check_columns(recipe: Recipe, name: str, row: Mapping[str, Any] | None) -> None:
    """See that the data have the columns that a reward of this library needs."""
    task = next((task for task in tasks.NAMES if name.startswith(f"knk.rewards.{task}_")), None)
    if task is None or row is None:
        return
    missing = [column for column in tasks.load(task).COLUMNS if column not in row]
    if missing:
        raise BadConfig(
            f"{recipe.path}: the data have no column {missing[0]!r}, which {name} needs: 'knk task {task}' makes it"
        )


def _check_batches(recipe: Recipe, data: Iterable[Source]) -> str:
    """See that whole groups fill a batch, and that the data fill one batch at least."""
    group, accumulated = _number(recipe, "num_generations"), _number(recipe, "gradient_accumulation_steps")
    size = _number(recipe, "per_device_train_batch_size") * recipe.processes
    batch = recipe.number("generation_batch_size", size * recipe.number("steps_per_generation", accumulated))
    if batch % group:
        raise BadConfig(
            f"{recipe.path}: a batch of {batch} completions (per_device_train_batch_size x gradient_accumulation_steps "
            f"x {recipe.processes} processes) is not made of whole groups of num_generations {group}"
        )
    prompts = batch // group
    rows = sum(1 for _ in _rows(data))
    if 0 < rows < prompts:
        raise BadConfig(
            f"{recipe.path}: a batch takes {prompts} prompts and the data have {rows} rows: the trainer would drop "
            "them all; make the batch smaller"
        )
    dropped = f"; {rows % prompts} of {rows} rows sit out each epoch" if rows % prompts else ""
    return f"batches: {batch} completions for {prompts} prompts{dropped}"


# Lengths.


def _model(recipe: Recipe) -> tuple[Any, dict[str, Any]]:
    """The model's tokenizer and its configuration."""
    try:
        from transformers import AutoConfig, AutoTokenizer
    except ImportError as error:
        raise MissingPackage("training needs transformers: pip install 'knk[train]'") from error
    if Path(recipe.model).is_absolute() and not Path(recipe.model).is_dir():
        raise BadConfig(f"{recipe.model}: there is no such model")
    try:
        tokenizer = AutoTokenizer.from_pretrained(recipe.model)
        return tokenizer, AutoConfig.from_pretrained(recipe.model).to_dict()
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise BadConfig(f"{recipe.path}: the model {recipe.model!r} cannot be read: {why}") from error


def _check_sft(recipe: Recipe, data: Iterable[Source], tokenizer: Any, context: int | None) -> str:
    """See that no row would be cut or dropped."""
    unlimited = "max_length" in recipe.settings and recipe.settings["max_length"] is None
    limit = context if unlimited else _number(recipe, "max_length")
    if limit is not None and context is not None and limit > context:
        raise BadConfig(f"{recipe.path}: max_length {limit} is more than the model's context of {context} tokens")
    found = _measured((_example(row) for row in _rows(data)), _counter(tokenizer, ended=True), limit)
    if found.over:
        raise BadConfig(
            f"{recipe.path}: {found.over} of {found.rows} rows are longer than {limit} tokens (the longest has "
            f"{found.longest}) and would be cut or dropped: raise max_length, or leave them out with 'knk corpus sft "
            f"--max-tokens {limit} --tokenizer {recipe.model}'"
        )
    return f"lengths: {found.rows} rows, the longest {found.longest} tokens of {limit}"


def _check_grpo(recipe: Recipe, data: Iterable[Source], tokenizer: Any, context: int | None) -> str:
    """See that the longest prompt and a whole completion fit into the model's context."""
    completion = _number(recipe, "max_completion_length")
    served = recipe.settings.get("vllm_max_model_length") if recipe.settings.get("use_vllm") else None
    limit = min((size for size in (context, served) if isinstance(size, int)), default=None)
    found = _measured((row.get("prompt") for row in _rows(data)), _counter(tokenizer, ended=False), limit)
    if limit is not None and found.longest + completion > limit:
        raise BadConfig(
            f"{recipe.path}: the longest prompt has {found.longest} tokens and max_completion_length is {completion}: "
            f"together over the context of {limit} tokens; shorten max_completion_length to {limit - found.longest}"
        )
    return f"lengths: {found.rows} prompts, the longest {found.longest} tokens, and {completion} of {limit} to answer"


def _rows(data: Iterable[Source]) -> Iterator[dict[str, Any]]:
    return chain.from_iterable(source.rows() for source in data)


def _example(row: Mapping[str, Any]) -> Any:
    """All that SFT trains on in a row: prompt and completion, messages, or text."""
    prompt, completion = row.get("prompt"), row.get("completion")
    if isinstance(prompt, str) and isinstance(completion, str):
        return prompt + completion
    if isinstance(prompt, list) and isinstance(completion, list):
        return prompt + completion
    return row.get("messages", row.get("text"))


def _counter(tokenizer: Any, ended: bool) -> Callable[[Any], int]:
    """What counts the tokens of a text or of messages; `ended` for those that are answered."""

    def count(value: Any) -> int:
        if isinstance(value, str):
            return len(tokenizer(value)["input_ids"]) + (1 if ended else 0)
        told = tokenizer.apply_chat_template(value, tokenize=False, add_generation_prompt=not ended)
        return len(tokenizer(told, add_special_tokens=False)["input_ids"])

    return count


def _measured(values: Iterable[Any], count: Callable[[Any], int], limit: int | None) -> Lengths:
    lengths = []
    for number, value in enumerate(values, 1):
        if number > MOST_ROWS:
            break
        if not isinstance(value, (str, list)) or not value:
            raise BadConfig(f"row {number} of the data is not what this trainer takes: see the recipe's README")
        lengths.append(count(value))
    return Lengths(len(lengths), max(lengths, default=0), sum(limit is not None and one > limit for one in lengths))


# Room on the disk and on the GPUs.


def _check_disk(recipe: Recipe, data: Iterable[Source], shape: Shape) -> str:
    """See that the checkpoints have room."""
    saved = _checkpoints(recipe, data) * _checkpoint_bytes(recipe, shape)
    whole = recipe.output.absolute()
    folder = next(folder for folder in (whole, *whole.parents) if folder.exists())
    free = shutil.disk_usage(folder).free
    if saved > free:
        raise BadConfig(
            f"{recipe.output}: the checkpoints need {saved / GIB:.1f} GiB and {free / GIB:.1f} GiB are free: make "
            "room, name another output_dir, or set save_total_limit"
        )
    return f"disk: checkpoints of {saved / GIB:.2f} GiB, {free / GIB:.1f} GiB free"


def _checkpoint_bytes(recipe: Recipe, shape: Shape) -> int:
    """What a checkpoint takes: the trained weights and Adam's two moments, each in 32 bits."""
    trained = (
        shape.adapter_parameters(_number(recipe, "lora_r")) if recipe.settings.get("use_peft") else shape.parameters
    )
    return 12 * trained


def _checkpoints(recipe: Recipe, data: Iterable[Source]) -> int:
    """How many checkpoints lie there at a time, the model at the end counted as one."""
    steps = recipe.settings.get("max_steps")
    if not isinstance(steps, int) or steps < 1:
        epochs = recipe.share("num_train_epochs", float(defaults(recipe.trainer)["num_train_epochs"]))
        a_step = _number(recipe, "per_device_train_batch_size") * _number(recipe, "gradient_accumulation_steps")
        steps = math.ceil(sum(1 for _ in _rows(data)) * epochs / (a_step * recipe.processes))
    every = recipe.settings.get("save_steps") or defaults(recipe.trainer)["save_steps"]
    written = 1 if every < 1 else math.ceil(steps / every)
    limit = recipe.settings.get("save_total_limit")
    # The newest is written before the oldest goes.
    return 1 + (min(written, limit + 1) if isinstance(limit, int) and limit > 0 else written)


def _check_memory(recipe: Recipe, shape: Shape) -> str:
    """See that the GPUs here, if there are any, are enough and large enough."""
    here = [] if recipe.settings.get("use_cpu") else gpus()
    if not here:
        return "memory: not looked at, as no GPU is used here; 'knk plan' says what fits where"
    least = min(gpu["memory_bytes"] for gpu in here)
    if recipe.processes > len(here):
        raise BadConfig(
            f"{recipe.path}: {recipe.processes} processes and {len(here)} GPUs here: 'knk plan {recipe.path}' says "
            "what to set"
        )
    planned = plan_memory(recipe, shape, least)
    needed = sum(part.amount for part in planned)
    if needed > least:
        largest = max(planned, key=lambda part: part.amount)
        raise BadConfig(
            f"{recipe.path}: a GPU needs {needed / GIB:.1f} GiB ({largest.name}: {largest.amount / GIB:.1f}) and has "
            f"{least / GIB:.1f}: 'knk plan {recipe.path}' says what would fit"
        )
    return f"memory: {needed / GIB:.1f} of {least / GIB:.1f} GiB on each of {recipe.processes} GPUs"
