"""The files of a dataset by split, from a file, a folder or the Hub, and the columns that an audit reads."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import FORMATS, read
from knk.errors import BadFile

PUZZLE_COLUMN: Final = "puzzle"
"""The column of the puzzle in notation."""
TEXT_COLUMNS: Final = ("text", "quiz", "question")
"""Columns of the puzzle in English; the first that a row has is read."""
ANSWER_COLUMNS: Final = ("solution", "solution_text", "answer")
"""Columns of an answer, a list of roles or English; all that a row has are checked."""
_SPLITS: Final = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SPLIT_WORDS: Final = {word: split for split, words in _SPLITS.items() for word in words}
_HUB_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class SourceFile:
    """A file of rows, or a split on the Hub.

    Args:
        name: what to call it.
        read: returns an iterator over its rows; may be called several times.
    """

    name: str
    read: Callable[[], Iterator[Mapping[str, Any]]]


Sources = dict[str, list[SourceFile]]
"""The files of each part that is audited."""


def files_by_split(source: str | os.PathLike[str]) -> Sources:
    """Return the files of a dataset by split, train first.

    Args:
        source: a file, a folder or a name on the Hub.

    Raises:
        BadFile: there is no such dataset.
    """
    path = Path(source)
    if path.is_dir():
        files = _folder_files(path)
    elif path.exists():
        return {path.name: [SourceFile(path.name, partial(read, path))]}
    elif _HUB_NAME.fullmatch(os.fspath(source)) and not (os.sep in os.fspath(source) and path.parent.is_dir()):
        files = _hub_files(os.fspath(source))
    else:
        raise BadFile(f"{os.fspath(source)}: no such file or folder, and not a name on the Hub such as ORG/NAME")
    parts: defaultdict[str, list[SourceFile]] = defaultdict(list)
    for file in files:
        parts[_split_of(file.name)].append(file)
    order = [*_SPLITS, *sorted(parts)]
    return dict(sorted(parts.items(), key=lambda item: order.index(item[0])))


def files_of_both(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> Sources:
    """Return all files of each of two datasets, under two different names.

    Args:
        a: a file, a folder or a name on the Hub.
        b: another.

    Raises:
        BadFile: there is no such dataset, or both are the same.
    """
    names = [Path(a).name, Path(b).name]
    if names[0] == names[1]:
        names = [os.fspath(a), os.fspath(b)]
    if names[0] == names[1]:
        raise BadFile(f"cannot compare {names[0]} with itself; audit it alone to find its duplicates")
    return {
        name: [file for files in files_by_split(source).values() for file in files]
        for name, source in zip(names, (a, b), strict=True)
    }


def _folder_files(folder: Path) -> list[SourceFile]:
    paths = [path for path in folder.rglob("*") if path.suffix in FORMATS and path.is_file()]
    by_name = {path.relative_to(folder).as_posix(): path for path in paths}
    files = [SourceFile(name, partial(read, path)) for name, path in sorted(by_name.items()) if not _is_hidden(name)]
    if not files:
        raise BadFile(f"there is no {' or '.join(FORMATS)} file in {folder.name!r}")
    return files


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "_")) for part in name.split("/"))


def _split_of(name: str) -> str:
    """Return the split that a file's path mentions last; the path itself if it mentions none."""
    words = [word for word in re.findall("[a-z]+", name.lower()) if word in _SPLIT_WORDS]
    return _SPLIT_WORDS[words[-1]] if words else name


def _hub_files(name: str) -> list[SourceFile]:
    """Return every split of every configuration of a dataset on the Hub, without running its code."""
    import datasets

    try:
        loaded = {config: datasets.load_dataset(name, config) for config in datasets.get_dataset_config_names(name)}
    except (OSError, ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadFile(f"{name} could not be loaded from the Hub: {reason}") from error
    return [
        SourceFile(split if len(loaded) == 1 else f"{config}/{split}", partial(iter, rows))
        for config, splits in loaded.items()
        for split, rows in splits.items()
    ]


def text_of(row: Mapping[str, Any]) -> Any:
    """Return a row's puzzle in English, None if the row has no column of `TEXT_COLUMNS`."""
    return next((row[column] for column in TEXT_COLUMNS if row.get(column) is not None), None)
