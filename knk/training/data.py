"""The datasets of a recipe: their files, hashes and rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from glob import glob
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read
from knk.errors import BadConfig
from knk.files import sha256_of
from knk.training.recipe import Recipe
from knk.yaml_config import shortened, suggestion

_LOCAL: Final = ("json", "parquet")
_SUFFIXES: Final = (".json", ".jsonl", ".parquet", ".gz", ".zst")
_ONLY_SPLIT: Final = "train"
"""The split of all local files."""
_SPLIT_PART: Final = re.compile(r"\s*(\w+)(\[[^\[\]]*\])?(\([\w ]*\))?\s*")


@dataclass(frozen=True)
class LocatedRow:
    """A row of a file.

    Args:
        path: the file.
        number: the row's number, from 1.
        row: the row.
    """

    path: Path
    number: int
    row: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.path}, row {self.number}"


@dataclass(frozen=True)
class Source:
    """A dataset that a recipe names.

    Args:
        name: the format of local files ("json", "parquet"), or a repository on the Hub.
        split: the split that is trained on, or slices of it, such as `train[:100]`.
        files: the local files; none for a repository on the Hub.
        columns: the columns that are read; all if empty.
    """

    name: str
    split: str
    files: tuple[Path, ...] = ()
    columns: tuple[str, ...] = ()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Iterate over the rows that are trained on, without reading a file whole."""
        return (located.row for located in self.located_rows())

    def located_rows(self) -> Iterator[LocatedRow]:
        """Iterate over the rows that are trained on, with the file and the number of each."""
        for start, stop in self._slices():
            for located in islice(self._all_rows(), start, stop):
                row = located.row
                chosen = {name: row[name] for name in self.columns if name in row} if self.columns else row
                yield LocatedRow(located.path, located.number, chosen)

    def _all_rows(self) -> Iterator[LocatedRow]:
        return (LocatedRow(path, number, row) for path in self.files for number, row in enumerate(read(path), 1))

    def _slices(self) -> list[tuple[int, int | None]]:
        """Return the first row and the row after the last of each slice, as `datasets` reads them."""
        if self.split == _ONLY_SPLIT:
            return [(0, None)]
        from datasets import ReadInstruction

        total = sum(1 for _ in self._all_rows())
        slices = ReadInstruction.from_spec(self.split).to_absolute({_ONLY_SPLIT: total})
        return [(part.from_ or 0, part.to) for part in slices]

    def manifest_entries(self) -> list[dict[str, Any]]:
        """Return its entries in a run's manifest: name, hash, size and number of rows of each file."""
        if not self.files:
            return [{"data": self.name, "split": self.split}]
        return [
            {
                "file": path.name,
                "sha256": sha256_of(path),
                "bytes": path.stat().st_size,
                "rows": sum(1 for _ in read(path)),
            }
            for path in self.files
        ]


def sources(recipe: Recipe) -> tuple[Source, ...]:
    """Return the datasets that a recipe names.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: it names none, or a file does not exist.
    """
    entries = recipe.settings.get("datasets")
    if recipe.settings.get("curriculum") is not None:
        return ()  # Puzzles are drawn while the run trains.
    if isinstance(entries, list) and entries:
        return tuple(_source(recipe, entry) for entry in entries)
    name = recipe.settings.get("dataset_name")
    if isinstance(name, str) and name:
        _check_name(recipe, name)
        return (Source(name, str(recipe.settings.get("dataset_train_split") or "train")),)
    raise BadConfig(f"{recipe.path}: missing setting 'datasets', a list of datasets")


def eval_entries(recipe: Recipe) -> list[dict[str, Any]]:
    """Return the datasets in a recipe's `eval_data`, with file names as datasets; none if it is not set.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: it is neither a file name nor a list of file names and datasets, or is empty.
    """
    value = recipe.settings.get("eval_data")
    if value is None:
        return []
    entries = value if isinstance(value, list) else [value]
    if not entries or not all(isinstance(entry, (str, Mapping)) for entry in entries):
        raise BadConfig(
            f"{recipe.path}: expected 'eval_data' to be a file name, or a list of file names or of datasets as in "
            f"'datasets', got {shortened(value)}"
        )
    return [_entry_of_file(entry) if isinstance(entry, str) else dict(entry) for entry in entries]


def _entry_of_file(name: str) -> dict[str, Any]:
    return {"path": "parquet" if name.endswith(".parquet") else "json", "data_files": name, "split": _ONLY_SPLIT}


def eval_sources(recipe: Recipe) -> tuple[Source, ...]:
    """Return the datasets on which a recipe evaluates while it trains; none if it does not.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: a file does not exist.
    """
    return tuple(_source(recipe, entry) for entry in eval_entries(recipe))


def rows_of(data: Iterable[Source]) -> Iterator[dict[str, Any]]:
    """Iterate over the rows of several datasets, one after the other.

    Args:
        data: the datasets.
    """
    return chain.from_iterable(source.rows() for source in data)


def _source(recipe: Recipe, entry: Any) -> Source:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("path"), str):
        raise BadConfig(
            f"{recipe.path}: expected each entry of 'datasets' to have a 'path': {' or '.join(_LOCAL)}, "
            "or a name on the Hub"
        )
    split = str(entry.get("split") or "train")
    if entry["path"] not in _LOCAL:
        _check_name(recipe, entry["path"], entry.get("data_files"))
        return Source(entry["path"], split)
    patterns = entry.get("data_files")
    patterns = [patterns] if isinstance(patterns, str) else patterns
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        raise BadConfig(f"{recipe.path}: expected 'data_files' to be a file name or a list of file names")
    _check_split(recipe, split)
    columns = entry.get("columns") or []
    if not isinstance(columns, list) or not all(isinstance(column, str) for column in columns):
        raise BadConfig(
            f"{recipe.path}: expected 'columns' of a dataset to be a list of names, got {str(columns)[:60]}"
        )
    matches = (_files(recipe, pattern) for pattern in patterns)
    return Source(entry["path"], split, tuple(path for paths in matches for path in paths), tuple(columns))


def _check_name(recipe: Recipe, name: str, files: Any = None) -> None:
    """Check that the name of a dataset on the Hub, or of another format of `datasets`, is not meant for local files."""
    if Path(name).is_file() or Path(name).suffix in _SUFFIXES:
        shown = ", ".join(f"{key}: {value}" for key, value in _entry_of_file(name).items())
        raise BadConfig(f"{recipe.path}: {name[:80]!r} is a file, not a dataset: write 'datasets: [{{{shown}}}]'")
    if Path(name).is_dir():
        return
    if name.startswith((".", "/", "~")):
        raise BadConfig(f"{recipe.path}: {name[:80]}: no such folder of a dataset")
    hint = suggestion(name, _LOCAL)
    if hint and files is not None:
        raise BadConfig(
            f"{recipe.path}: expected the 'path' of local files to be {' or '.join(_LOCAL)}, got {name[:60]!r}{hint}"
        )


def _check_split(recipe: Recipe, split: str) -> None:
    """Check that a split of local files is the only one that they have, or slices of it."""
    from datasets import ReadInstruction

    for part in split.split("+"):
        match = _SPLIT_PART.fullmatch(part)
        if match is None or match[1] != _ONLY_SPLIT:
            raise BadConfig(
                f"{recipe.path}: local files have only the split 'train', which may be sliced as in 'train[:100]', got "
                f"{split[:60]!r}: set split: train, and name the files of another split in data_files"
            )
    try:
        ReadInstruction.from_spec(split).to_absolute({_ONLY_SPLIT: 1 << 30})
    except (ValueError, AssertionError) as error:
        raise BadConfig(f"{recipe.path}: the split {split[:60]!r} is not valid: {str(error)[:200]}") from error


def _files(recipe: Recipe, pattern: str) -> list[Path]:
    paths = sorted(Path(name) for name in glob(pattern))  # noqa: PTH207 - a pattern may be absolute
    if not paths:
        made_by = f"; make it with: {recipe.made_by}" if recipe.made_by else ""
        raise BadConfig(f"{pattern}: no such file{made_by}")
    return paths
