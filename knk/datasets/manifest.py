"""`manifest.json`: what a dataset was made from, and its files with their row counts and hashes.

Corpora, chains of thought to train on and published datasets all have one.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from knk.errors import BadFolder
from knk.files import json_object, sha256_of, whole_file

MANIFEST: Final = "manifest.json"
README: Final = "README.md"
MAX_BYTES: Final = 64 << 20
"""The largest manifest that is read."""
_SPLIT: Final = re.compile(r"\w{1,60}", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PATH: Final = re.compile(r"[\w+-][\w.+-]*(/[\w+-][\w.+-]*)*", re.ASCII)


@dataclass(frozen=True)
class File:
    """A file of a dataset.

    Args:
        path: its path in the dataset's folder, with `/` between the parts.
        split: its split, "" for a file without rows.
        part: the part of the dataset that its rows belong to, "" if there are no parts.
        rows: its number of rows.
        sha256: the hash of its bytes, in hexadecimal digits.
    """

    path: str
    split: str
    part: str
    rows: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Return the file as a manifest lists it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, entry: Any, name: str = MANIFEST) -> Self:
        """Return a file from its entry in a manifest, of which only `path` and `sha256` are required.

        Args:
            entry: the entry.
            name: the manifest's name, for error messages.

        Raises:
            BadFolder: a field is missing or invalid.
        """
        if not isinstance(entry, Mapping):
            raise BadFolder(f"{name}: expected a JSON object for each file, got {type(entry).__name__}")
        split, part, rows = entry.get("split") or "", entry.get("part") or "", entry.get("rows") or 0
        path, sha256 = entry.get("path"), entry.get("sha256")
        texts = (path, split, part, sha256)
        if not all(isinstance(text, str) for text in texts) or type(rows) is not int or rows < 0:
            raise BadFolder(
                f"{name}: expected 'path', 'split', 'part' and 'sha256' of each file as strings and 'rows' as a number "
                f"from 0 up, got {str(dict(entry))[:80]}"
            )
        file = cls(str(path), split, part, rows, str(sha256))
        if not is_path(file.path) or file.path == MANIFEST:
            raise BadFolder(f"{name}: invalid path of a file: {file.path[:80]!r}")
        if not _SHA256.fullmatch(file.sha256) or (file.split and not _SPLIT.fullmatch(file.split)):
            raise BadFolder(f"{name}: {file.path}: invalid hash or split")
        return file

    def check(self, folder: Path) -> None:
        """Check that the file is in the folder and has its hash.

        Raises:
            BadFolder: it is missing or was changed; the message names it.
        """
        path = folder / self.path
        if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            raise BadFolder(f"{path} is missing")
        if sha256_of(path) != self.sha256:
            raise BadFolder(f"{path} was changed: its hash differs from the one in {MANIFEST}")


def is_path(path: str) -> bool:
    """Whether a text is a relative path without hidden parts and without characters of a pattern.

    >>> is_path("data/people-5/train-00000.parquet"), is_path("../secret"), is_path(".git/config"), is_path("data/*")
    (True, False, False, False)
    """
    return bool(_PATH.fullmatch(path))


@dataclass(frozen=True)
class Manifest:
    """What a manifest says.

    Args:
        about: how the dataset was made: all fields but the files and their counts.
        files: the files, sorted by path.
    """

    about: Mapping[str, Any]
    files: tuple[File, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", tuple(sorted(self.files, key=lambda file: file.path)))

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of rows of each split and part.

        >>> Manifest({}, (File("train/a-00000.parquet", "train", "a", 7, ""),)).counts()
        {'train': {'a': 7}}
        """
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for file in self.files:
            if file.split:
                counts[file.split][file.part] += file.rows
        return {split: dict(parts) for split, parts in counts.items()}

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the manifest in a folder.

        Raises:
            BadFolder: there is no manifest, or it is invalid.
        """
        path = folder / MANIFEST
        if not path.is_file():
            raise BadFolder(f"{folder} has no {MANIFEST}: expected a dataset written by knk")
        if path.stat().st_size > MAX_BYTES:
            raise BadFolder(f"{path} is larger than {MAX_BYTES >> 20} MiB")
        return cls.from_json(path.read_text(encoding="utf-8", errors="replace"), str(path))

    @classmethod
    def from_json(cls, text: str, name: str = MANIFEST) -> Self:
        """Return the manifest that a JSON text holds.

        Args:
            text: the text.
            name: the file's name, for error messages.

        Raises:
            BadFolder: the text is not a manifest, or lists a file twice or with an invalid field.

        >>> Manifest.from_json('{"version": "1", "files": []}')
        Manifest(about={'version': '1'}, files=())
        """
        about = json_object(text, name, BadFolder)
        entries = about.pop("files", None)
        about.pop("counts", None)
        if not isinstance(entries, list):
            raise BadFolder(f"{name}: expected 'files' to be a list, got {type(entries).__name__}")
        files = tuple(File.from_dict(entry, name) for entry in entries)
        if len({file.path for file in files}) < len(files):
            raise BadFolder(f"{name} lists a file twice")
        return cls(about, files)

    def to_json(self) -> str:
        """Return the manifest as JSON: the same text for the same dataset.

        >>> print(Manifest({"version": "1"}, ()).to_json(), end="")
        {
         "version": "1",
         "counts": {},
         "files": []
        }
        """
        content = {**self.about, "counts": self.counts(), "files": [file.to_dict() for file in self.files]}
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

    def write(self, folder: Path) -> None:
        """Write the manifest into a folder, whole or not at all."""
        with whole_file(folder / MANIFEST) as file:
            file.write(self.to_json().encode())

    def check(self, folder: Path) -> None:
        """Check that the folder has all files, unchanged.

        Raises:
            BadFolder: a file is missing or was changed; the message names it.
        """
        for file in self.files:
            file.check(folder)
