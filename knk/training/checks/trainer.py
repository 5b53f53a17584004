"""What the trainer refuses only once the model is loaded, or never, though the settings alone show it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from knk.errors import BadConfig
from knk.training.checks.rows import tasks_of
from knk.training.checks.settings import Parsed
from knk.training.data import Source, rows_of
from knk.training.recipe import Recipe

_SEEDS: Final = 1 << 32
"""NumPy's seeds are below this."""
_HUB_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")


def check_trainer(recipe: Recipe, parsed: Parsed) -> None:
    """Check that settings which depend on each other, or have a range, can work.

    Args:
        recipe: the recipe, with all settings of its evaluation.
        parsed: its settings as TRL parsed them.

    Raises:
        BadConfig: they cannot.
    """
    problems = [*_common(recipe, parsed.training)]
    problems += (_grpo if recipe.trainer == "grpo" else _sft)(recipe, parsed.training)
    if problems:
        raise BadConfig(f"{recipe.path}: {problems[0]}")


def _common(recipe: Recipe, arguments: Any) -> Iterator[str]:
    """Iterate over what both trainers refuse."""
    for name in ("seed", "data_seed"):
        seed = getattr(arguments, name)
        if seed is not None and not 0 <= seed < _SEEDS:
            yield f"expected {name!r} to be from 0 to {_SEEDS - 1}, got {seed}"
    if arguments.dataloader_num_workers < 0:
        yield f"expected 'dataloader_num_workers' to be at least 0, got {arguments.dataloader_num_workers}"
    if arguments.neftune_noise_alpha is not None and arguments.neftune_noise_alpha < 0:
        yield f"expected 'neftune_noise_alpha' to be at least 0, got {arguments.neftune_noise_alpha}"
    if arguments.resume_from_checkpoint is not None:
        yield (
            "remove 'resume_from_checkpoint': knk train resumes from the last checkpoint in output_dir by itself; to "
            "start a new run from a checkpoint's weights, name it in model_name_or_path"
        )
    has_rows = recipe.settings.get("eval_data") is not None or recipe.settings.get("dataset_name") is not None
    if arguments.eval_strategy != "no" and not has_rows:
        yield "'eval_strategy' needs rows to evaluate on: name held-out ones in 'eval_data', or remove it"
    needs_metric = arguments.save_strategy == "best" or arguments.load_best_model_at_end
    if needs_metric and (arguments.eval_strategy == "no" or arguments.metric_for_best_model is None):
        name = "save_strategy: best" if arguments.save_strategy == "best" else "load_best_model_at_end"
        yield f"{name!r} needs an evaluation that says which is best: name held-out rows in 'eval_data'"


def _grpo(recipe: Recipe, arguments: Any) -> Iterator[str]:
    """Iterate over what GRPO's trainer refuses, or would learn nothing from."""
    if arguments.num_iterations < 1:
        yield f"expected 'num_iterations' to be at least 1, got {arguments.num_iterations}"
    if arguments.sync_ref_model and not arguments.beta:
        yield "'sync_ref_model' needs a beta other than 0: without one there is no reference model"
    if arguments.sync_ref_model and arguments.ref_model_sync_steps < 1:
        yield f"expected 'ref_model_sync_steps' to be at least 1, got {arguments.ref_model_sync_steps}"
    if arguments.remove_unused_columns and any(tasks_of(recipe)):
        yield "remove 'remove_unused_columns': it removes the columns that the rewards read"


def _sft(recipe: Recipe, arguments: Any) -> Iterator[str]:
    """Iterate over what SFT's trainer refuses, or would ignore."""
    if arguments.padding_free and not arguments.packing and arguments.max_length is not None:
        yield "'padding_free' without packing truncates nothing: set 'packing: true', or 'max_length: null'"
    if recipe.settings.get("redraws"):
        yield "'redraws' needs trainer: grpo"


def check_tokens(recipe: Recipe, parsed: Parsed, tokenizer: Any, data: Iterable[Source]) -> None:
    """Check what SFT's trainer does with the tokenizer: special tokens, and a loss on the assistant's words alone.

    Args:
        recipe: the recipe.
        parsed: its settings as TRL parsed them.
        tokenizer: the model's tokenizer.
        data: its datasets.

    Raises:
        BadConfig: a token is not in the vocabulary, a chat template is missing, or the rows are not messages.
    """
    if recipe.trainer != "sft":
        return
    vocabulary = tokenizer.get_vocab()
    for name in ("eos_token", "pad_token"):
        token = getattr(parsed.training, name)
        if token is not None and token not in vocabulary:
            raise BadConfig(f"{recipe.path}: {name}: the model's tokenizer has no token {str(token)[:40]!r}")
    template = parsed.training.chat_template_path
    if template is not None and not Path(template).exists() and not _HUB_NAME.fullmatch(template):
        raise BadConfig(f"{recipe.path}: chat_template_path: {template[:80]}: no such file or folder")
    row = next(rows_of(data), None)
    if parsed.training.assistant_only_loss and row is not None and not _has_messages(row):
        raise BadConfig(
            f"{recipe.path}: 'assistant_only_loss' needs rows of messages, and these are text: remove it; "
            "'completion_only_loss: true' leaves prompts out of the loss"
        )


def _has_messages(row: Mapping[str, Any]) -> bool:
    return any(isinstance(row.get(name), list) for name in ("messages", "prompt"))
