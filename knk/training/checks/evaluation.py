"""The rows that a run evaluates on can be read, and none is an item that it trains on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

from knk.datasets.split import split_of
from knk.errors import BadConfig, KnkError
from knk.logic.notation import decode
from knk.tasks.format import question_of
from knk.tasks.source import row_id
from knk.text.parse import parse
from knk.training.checks.lengths import check_lengths
from knk.training.checks.model import Model
from knk.training.checks.rows import MAX_ROWS, check_rows
from knk.training.data import LocatedRow, Source, eval_sources
from knk.training.evaluation import Sampling
from knk.training.recipe import Recipe

_KEY_LENGTH: Final = 32
"""The length of a puzzle's key, in hexadecimal digits."""
_HASH: Final = re.compile(r"[0-9a-f]{16,}")


def check_evaluation(recipe: Recipe, data: Iterable[Source], model: Model) -> list[str]:
    """Check that a recipe can evaluate while it trains, on other items than it trains on; return lines about it.

    Args:
        recipe: the recipe, with all settings of its evaluation.
        data: its datasets to train on.
        model: its model.

    Raises:
        BadConfig: it cannot; the message says what to change.
        BadFile: a file cannot be read.
    """
    data, held_out, settings = tuple(data), eval_sources(recipe), recipe.settings
    if not held_out:
        return []
    sampling = _check_settings(recipe)
    check_rows(recipe, held_out, are_all_rewards_needed=False)
    _check_identities(recipe, data, held_out)
    count = sum(1 for source in held_out for _ in source.rows())
    if not count and all(source.files for source in held_out):
        raise BadConfig(f"{recipe.path}: expected 'eval_data' to have rows, got none")
    if settings["eval_strategy"] in ("no", False):
        return [f"evaluation: none, as eval_strategy is no; {count:,} rows"]
    rows = f"{count:,} rows" if count else "rows on the Hub"
    every = f"{settings['eval_steps']} steps" if settings["eval_strategy"] == "steps" else "epoch"
    how = f", {settings['num_generations_eval']} per prompt, {sampling}" if recipe.trainer == "grpo" else ""
    return [
        f"evaluation: {rows} every {every}{how}, {settings['per_device_eval_batch_size']} at a time per process"
        f"{_unsaved(settings)}{_not_compared(data, held_out)}",
        f"evaluation, {check_lengths(recipe, held_out, model)}",
    ]


def _check_settings(recipe: Recipe) -> str:
    """Check the settings of an evaluation against each other; return the sampling in words."""
    settings = recipe.settings
    if settings.get("save_total_limit") == 1 and settings.get("save_strategy") != "no":
        raise BadConfig(
            f"{recipe.path}: with 'eval_data', expected 'save_total_limit' to be at least 2, the best and the last "
            "checkpoint, got 1: the trainer would remove the last, from which a run resumes"
        )
    if recipe.trainer == "sft":
        if settings.get("eval_sampling") is not None:
            raise BadConfig(f"{recipe.path}: remove 'eval_sampling': SFT evaluates the loss, and samples nothing")
        return ""
    sampling = Sampling.from_settings(settings.get("eval_sampling"))
    if sampling.is_greedy and settings["num_generations_eval"] > 1:
        raise BadConfig(
            f"{recipe.path}: {settings['num_generations_eval']} greedy completions of a prompt are equal: set "
            "num_generations_eval to 1, or a temperature in 'eval_sampling'"
        )
    return "greedy" if sampling.is_greedy else f"temperature {sampling.temperature:g}, top_p {sampling.top_p:g}"


def _unsaved(settings: Mapping[str, Any]) -> str:
    """Return a note if models are evaluated of which no checkpoint is saved."""
    evaluated, saved = settings["eval_steps"], settings.get("save_steps", 500)
    are_steps = settings["eval_strategy"] == settings.get("save_strategy", "steps") == "steps"
    are_numbers = all(isinstance(steps, int) and steps > 0 for steps in (evaluated, saved))
    if are_steps and are_numbers and evaluated % saved:
        return f"; not all are saved (save_steps {saved}), so the best may be lost: set eval_steps to a multiple of it"
    return ""


def _not_compared(data: Sequence[Source], held_out: Sequence[Source]) -> str:
    """Return a note if the rows to evaluate on cannot be compared with all rows to train on."""
    if all(source.files for source in (*data, *held_out)):
        return ""
    return "; not compared with the training data, as data are on the Hub"


def _check_identities(recipe: Recipe, data: tuple[Source, ...], held_out: tuple[Source, ...]) -> None:
    """Check that no row to evaluate on is an item to train on."""
    trained = {name for located in _first(data) for name in identities(located.row)}
    follows_curriculum = recipe.settings.get("curriculum") is not None
    total, known = 0, []
    for located in _first(held_out):
        total += 1
        names = identities(located.row)
        if names & trained or (follows_curriculum and any(_is_of_training_split(name) for name in names)):
            known.append(located)
    if known:
        what = (
            "puzzles of the split that 'curriculum' draws from" if follows_curriculum else "items of the training data"
        )
        raise BadConfig(
            f"{known[0]}: {len(known):,} of {total:,} rows of 'eval_data' are {what}, this one first: take rows "
            "that are held out, as 'knk task NAME --split held-out' writes them"
        )


def _first(data: Iterable[Source]) -> Iterator[LocatedRow]:
    return islice(chain.from_iterable(source.located_rows() for source in data), MAX_ROWS)


def identities(row: Mapping[str, Any]) -> frozenset[str]:
    """Return what identifies the item of a row: rows of one item, in whatever style, have at least one in common.

    They are the key of its puzzle, computed from the puzzle or from the question; the hash of its question; and the
    hash in its column "id".

    Args:
        row: a row for SFT or GRPO.
    """
    names = set()
    if isinstance(row.get("id"), str) and _HASH.fullmatch(row["id"]) and "puzzle" not in row:
        names.add(row["id"])
    question = _question(row)
    if question:
        names.add(row_id(question))
    key = _key(row, question)
    return frozenset({*names, key} if key else names)


def _question(row: Mapping[str, Any]) -> str:
    """Return the question of a row, without what a prompt of this library adds to it."""
    prompt = row.get("prompt") or row.get("messages") or row.get("text")
    if isinstance(prompt, list):
        prompt = [message for message in prompt if isinstance(message, Mapping) and message.get("role") != "assistant"]
    try:
        return question_of(prompt) if prompt else ""
    except KnkError:
        pass
    texts = [prompt] if isinstance(prompt, str) else [message.get("content") for message in prompt or ()]
    return "\n".join(text for text in texts if isinstance(text, str))


def _key(row: Mapping[str, Any], question: str) -> str:
    """Return the key of a row's puzzle, empty if it has none."""
    try:
        if isinstance(row.get("puzzle"), str):
            return decode(row["puzzle"]).key
        return parse(question).key if question else ""
    except KnkError:
        return ""


def _is_of_training_split(name: str) -> bool:
    return len(name) == _KEY_LENGTH and split_of(name) == "train"
