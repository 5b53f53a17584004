"""The manifest of a corpus: what it was built from, and a list of its files with their hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from knk.errors import BadFolder

MANIFEST: Final = "manifest.json"
README: Final = "README.md"


@dataclass(frozen=True)
class File:
    """A file of a corpus.

    Args:
        path: where it is, in the corpus's folder, with `/` between the parts.
        split: its split, "" for a file that is no data.
        part: the part of the recipe that its rows come from, likewise.
        rows: how many rows it has.
        sha256: the hash of its bytes, in hexadecimal digits.
    """

    path: str
    split: str
    part: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a corpus is: its recipe, what made it, and its files.

    Args:
        recipe: the recipe, as `Recipe.as_dict` has it.
        version: the version of the library.
        files: all files but the manifest's own.
    """

    recipe: Mapping[str, Any]
    version: str
    files: tuple[File, ...]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many rows each split has from each part.

        >>> Manifest({}, "1", (File("train/a-00000.parquet", "train", "a", 7, ""),)).counts()
        {'train': {'a': 7}}
        """
        result: dict[str, dict[str, int]] = {}
        for file in self.files:
            if file.split:
                of_split = result.setdefault(file.split, {})
                of_split[file.part] = of_split.get(file.part, 0) + file.rows
        return result

    def to_json(self) -> str:
        """Return the manifest as JSON: sorted, and the same for the same corpus."""
        content = {
            "counts": self.counts(),
            "files": [asdict(file) for file in sorted(self.files, key=lambda file: file.path)],
            "recipe": self.recipe,
            "version": self.version,
        }
        return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Return the manifest that `to_json` wrote.

        Raises:
            BadFolder: the text is no manifest.
        """
        try:
            content = json.loads(text)
            return cls(content["recipe"], content["version"], tuple(File(**file) for file in content["files"]))
        except (ValueError, TypeError, KeyError) as error:
            raise BadFolder(f"{MANIFEST} is no manifest of a corpus") from error


def check_same(there: Mapping[str, Any], header: Mapping[str, Any], folder: Path) -> None:
    """Check that what is in a folder was begun from the same recipe by the same version of the library.

    Raises:
        BadFolder: it was not.
    """
    for what, of in (("recipe", "recipe"), ("version", "version of the library")):
        if there.get(what) != header[what]:
            raise BadFolder(f"{folder} holds a corpus of another {of}: choose another folder or remove that one")


def check_file(path: Path, sha256: str) -> bytes:
    """Return what is in a file that has to have that hash."""
    content = path.read_bytes() if path.is_file() else None
    if content is None or hashlib.sha256(content).hexdigest() != sha256:
        what = "missing" if content is None else "not as it was written"
        raise BadFolder(f"{path} is {what}: remove the folder and build it again")
    return content
