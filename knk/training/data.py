"""The datasets of a recipe: their files, hashes and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from glob import glob
from itertools import chain
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read
from knk.errors import BadConfig
from knk.files import sha256_of
from knk.training.recipe import Recipe

_LOCAL: Final = ("json", "parquet")


@dataclass(frozen=True)
class Source:
    """A dataset that a recipe names.

    Args:
        name: the format of local files ("json", "parquet"), or a repository on the Hub.
        split: the split that is trained on.
        files: the local files; none for a repository on the Hub.
    """

    name: str
    split: str
    files: tuple[Path, ...] = ()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Iterate over the rows, without reading a file whole."""
        for path in self.files:
            yield from read(path)

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
        return (Source(name, str(recipe.settings.get("dataset_train_split") or "train")),)
    raise BadConfig(f"{recipe.path}: missing setting 'datasets', a list of datasets")


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
        return Source(entry["path"], split)
    patterns = entry.get("data_files")
    patterns = [patterns] if isinstance(patterns, str) else patterns
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        raise BadConfig(f"{recipe.path}: expected 'data_files' to be a file name or a list of file names")
    matches = (_files(recipe, pattern) for pattern in patterns)
    return Source(entry["path"], split, tuple(path for paths in matches for path in paths))


def _files(recipe: Recipe, pattern: str) -> list[Path]:
    paths = sorted(Path(name) for name in glob(pattern))  # noqa: PTH207 - a pattern may be absolute
    if not paths:
        made_by = f"; make it with: {recipe.made_by}" if recipe.made_by else ""
        raise BadConfig(f"{pattern}: no such file{made_by}")
    return paths
