"""The data that a recipe trains on: its files, their hashes, their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from glob import glob
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
        name: as the recipe names it: a kind of file, or a repository of the Hub.
        split: the split that is trained on.
        files: the files on this machine; none where it is of the Hub.
    """

    name: str
    split: str
    files: tuple[Path, ...] = ()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Iterate over the rows, a piece of a file at a time."""
        for path in self.files:
            yield from read(path)

    def told(self) -> list[dict[str, Any]]:
        """Return what a manifest says of it: a name, hash, size and number of rows for each file."""
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
        BadConfig: it names none, or files that are not there.
    """
    named = recipe.settings.get("datasets")
    if isinstance(named, list) and named:
        return tuple(_source(recipe, one) for one in named)
    name = recipe.settings.get("dataset_name")
    if isinstance(name, str) and name:
        return (Source(name, str(recipe.settings.get("dataset_train_split") or "train")),)
    raise BadConfig(f"{recipe.path}: it names no data: put a list of datasets under 'datasets'")


def _source(recipe: Recipe, named: Any) -> Source:
    if not isinstance(named, Mapping) or not isinstance(named.get("path"), str):
        raise BadConfig(f"{recipe.path}: each of 'datasets' has a 'path': {' or '.join(_LOCAL)}, or a name on the Hub")
    split = str(named.get("split") or "train")
    if named["path"] not in _LOCAL:
        return Source(named["path"], split)
    patterns = named.get("data_files")
    patterns = [patterns] if isinstance(patterns, str) else patterns
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        raise BadConfig(f"{recipe.path}: 'data_files' names the file of the data, or is a list of such names")
    found = (_files(recipe, pattern) for pattern in patterns)
    return Source(named["path"], split, tuple(path for paths in found for path in paths))


def _files(recipe: Recipe, pattern: str) -> list[Path]:
    paths = sorted(Path(found) for found in glob(pattern))  # noqa: PTH207 - a pattern may be absolute
    if not paths:
        made_by = f"; make it with: {recipe.made_by}" if recipe.made_by else ""
        raise BadConfig(f"{pattern}: the data are not there{made_by}")
    return paths
