"""Every row has what the trainer and the rewards read, and a broken one is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import chain
from pathlib import Path
from typing import Any, Final

from knk import tasks
from knk.errors import BadConfig, KnkError, MissingPackage
from knk.tasks import Task
from knk.training.data import LocatedRow, Source
from knk.training.recipe import Recipe
from knk.yaml_config import shortened, suggestion

MAX_ROWS: Final = 200_000
"""The number of rows, from the first, that are read by the task of a reward, and whose length is checked."""
_REWARDS: Final = "knk.rewards."
_TEXT: Final = "text"
"""TRL's default for `dataset_text_field`."""
_TOKENS: Final = "input_ids"


def check_entries(recipe: Recipe) -> None:
    """Check that TRL knows the keys of each entry of `datasets`, and that it finds the split to train on.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: it does not.
    """
    from trl.scripts.utils import DatasetConfig

    entries = recipe.settings.get("datasets")
    if not isinstance(entries, list):
        return
    known = [field.name for field in fields(DatasetConfig)]
    for key in chain.from_iterable(entry for entry in entries if isinstance(entry, Mapping)):
        if key not in known:
            hint = suggestion(str(key), known)
            raise BadConfig(f"{recipe.path}: an entry of 'datasets' has no key {str(key)[:60]!r}{hint}")
    split = recipe.settings.get("dataset_train_split", "train")
    if split != "train":
        raise BadConfig(f"{recipe.path}: with 'datasets', expected 'dataset_train_split' to be train, got {split!r}")


def check_rows(recipe: Recipe, data: Iterable[Source], are_all_rewards_needed: bool = True) -> str:
    """Check every row of the local files, and return one line about them.

    Args:
        recipe: the recipe.
        data: its datasets.
        are_all_rewards_needed: whether each reward must have rows to judge.

    Raises:
        BadConfig: a row lacks a column, or has another type than the first one; the message names file and row.
        BadFile: a file cannot be read.
        MissingPackage: a task needs a package that is not installed.
    """
    data = tuple(data)
    judges = tuple(dict.fromkeys(tasks_of(recipe))) if recipe.trainer == "grpo" else ()
    count, layout, unused = 0, None, set(judges) - {None}
    for located in chain.from_iterable(source.located_rows() for source in data):
        count += 1
        layout = layout or _layout(recipe, located)
        if layout:
            _check_columns(located, layout)
        if judges and count <= MAX_ROWS:
            unused -= _judges_of(located, judges)
    if not count and data and all(source.files for source in data):
        raise BadConfig(f"{recipe.path}: the data have no rows: {', '.join(map(str, _paths(data)))[:200]}")
    if count and unused and are_all_rewards_needed:
        names = ", ".join(sorted(task.NAME for task in unused if task))
        raise BadConfig(f"{recipe.path}: a reward of {names} has no row to judge: remove it, or add rows of this task")
    return f"rows: {count:,}" if count else "rows: not checked, as the data are on the Hub"


def _paths(data: Iterable[Source]) -> Iterator[Path]:
    return (path for source in data for path in source.files)


def _layout(recipe: Recipe, located: LocatedRow) -> dict[str, type]:
    """Return the columns that the trainer reads and their types, from the first row; none if it has tokens already."""
    row = located.row
    text = str(recipe.settings.get("dataset_text_field") or _TEXT)
    layouts: Sequence[tuple[str, ...]] = [("prompt",)]
    if recipe.trainer == "sft":
        layouts = [("prompt", "completion"), ("messages",), (text,)]
        if _TOKENS in row:
            return {}
    for columns in layouts:
        if columns[0] in row:
            return {column: _kind(row.get(column)) for column in columns}
    expected = " or ".join(" and ".join(columns) for columns in layouts)
    actual = ", ".join(str(column)[:30] for column in list(row)[:12]) or "none"
    raise BadConfig(f"{located}: expected the columns {expected}, got {actual}")


def _kind(value: Any) -> type:
    return list if isinstance(value, list) else str


def _check_columns(located: LocatedRow, layout: Mapping[str, type]) -> None:
    """Check that a row has the columns, not empty and of the types of the first row."""
    kinds = set(layout.values())
    if len(kinds) > 1:
        raise BadConfig(f"{located}: expected prompt and completion both as text or both as messages")
    for column, kind in layout.items():
        if column not in located.row:
            raise BadConfig(f"{located}: it has no column {column!r}")
        value = located.row[column]
        if not isinstance(value, kind) or not value:
            noun = "text" if kind is str else "a list of messages"
            raise BadConfig(f"{located}: expected {column!r} to be {noun}, got {shortened(value)}")
        if isinstance(value, list) and not all(_is_message(message) for message in value):
            raise BadConfig(
                f"{located}: expected each message in {column!r} to have 'role' and 'content', got {shortened(value)}"
            )


def _is_message(message: Any) -> bool:
    return isinstance(message, Mapping) and isinstance(message.get("role"), str) and "content" in message


def tasks_of(recipe: Recipe) -> tuple[Task | None, ...]:
    """Return the task of each reward, None for a reward that is not one of a task of this library.

    Args:
        recipe: the recipe.
    """
    return tuple(_task_of(str(name)) for name in recipe.settings.get("reward_funcs") or ())


def _task_of(reward: str) -> Task | None:
    name = next((task for task in tasks.NAMES if reward.startswith(f"{_REWARDS}{task}_")), None)
    return tasks.load(name) if name else None


def _judges_of(located: LocatedRow, judges: Sequence[Task | None]) -> set[Task | None]:
    """Return the tasks that a row is of, all of which can read it, with None for a reward of no task.

    Rows of other tasks lack a task's first column, or have None in it.
    """
    own = {task for task in judges if task is None or located.row.get(task.COLUMNS[0]) is not None}
    if not own:
        names = [task.NAME for task in judges if task]
        raise BadConfig(
            f"{located}: no reward can judge it: it is not a row of {', '.join(names)}, as 'knk task {names[0]}' writes"
        )
    for task in filter(None, own):
        _read_by(task, located)
    return own


def _read_by(task: Task, located: LocatedRow) -> None:
    missing = [column for column in task.COLUMNS if column not in located.row]
    if missing:
        raise BadConfig(f"{located}: it has no column {missing[0]!r}: 'knk task {task.NAME}' writes it")
    try:
        task.verify("", {column: located.row[column] for column in task.COLUMNS})
    except MissingPackage:
        raise
    except KnkError as error:
        raise BadConfig(f"{located}: the task {task.NAME} cannot read it: {error}") from error
