"""What is published, put into a folder as it is published: files, a card, and a manifest with every file's hash."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from knk.datasets.audit.report import Audit
from knk.datasets.audit.run import audit
from knk.datasets.audit.sources import PUZZLE_COLUMN, TEXT_COLUMNS
from knk.datasets.manifest import MANIFEST, README, File, Manifest, is_path
from knk.errors import BadFolder, HubFailed
from knk.files import read_json, sha256_of
from knk.hub.cards import dataset_card, model_card
from knk.hub.layout import (
    lay_out,
    tree_of,
)

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["dataset", "model"]
PICKLES: Final = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".npy", ".joblib")
"""Endings of files that may run code when they are loaded."""
WEIGHTS: Final = ".safetensors"
MODEL_FILES: Final = (
    *("config.json", "generation_config.json", "model.safetensors.index.json", "adapter_config.json"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json"),
    *("merges.txt", "vocab.txt", "tokenizer.model", "spiece.model", "chat_template.jinja", "chat_template.json"),
    *("processor_config.json", "preprocessor_config.json"),
)
"""Names of files that belong to a model, beside its weights."""
_CONFIGS: Final = ("config.json", "adapter_config.json")
_NAME: Final = re.compile(r"[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}", re.ASCII)
_LICENCE: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,59}")
_LARGEST_HEADER: Final = 100 << 20


@dataclass(frozen=True)
class Tree:
    """A folder that is ready to be published.

    Args:
        folder: where it is.
        kind: what it holds.
        files: its files and their sizes, by path.
        left_out: files of the folder that it was made from that are not published.
    """

    folder: Path
    kind: Kind
    files: Mapping[str, int]
    left_out: tuple[str, ...] = ()

    @property
    def card(self) -> str:
        """The text of its card."""
        return (self.folder / README).read_text(encoding="utf-8")


def stage(
    folder: str | os.PathLike[str],
    into: str | os.PathLike[str],
    name: str,
    licence: str | None = None,
    audited: bool = True,
    processes: int | None = 1,
    progress: Callable[[int], None] | None = None,
) -> Tree:
    """Put a dataset into a folder as it is published: rows by people and grade, a card, a manifest.

    `datasets.load_dataset(into, "people-5")` reads it there too. The same dataset gives the same bytes.

    Args:
        folder: a corpus, or any folder of Parquet or JSON lines files whose `manifest.json` lists them, each with its
            path, split, rows and SHA-256.
        into: where to put it; empty, or not there yet.
        name: the name it is to have on the Hub, as `org/name`; the card says how to load it.
        licence: its licence, as the Hub spells it; see `knk.hub.cards.dataset_card`.
        audited: whether to audit it, and have the figures in the card.
        processes: how many processes audit, None for one a processor.
        progress: called with the number of rows audited since it was called last.

    Raises:
        BadFolder: a folder is not what it should be, or a file in it is not as its manifest says.
        BadFile: a file cannot be read as rows.
        HubFailed: the name or the licence is none.

    >>> from tempfile import TemporaryDirectory
    >>> from knk.datasets.build import build
    >>> from knk.datasets.config import CorpusConfig
    >>> with TemporaryDirectory() as folder:
    ...     corpus = Path(folder, "corpus")
    ...     _ = build(CorpusConfig.from_text("{shares: {train: 1.0}, parts: [{people: [3, 4], rows: 20}]}"), corpus)
    ...     tree = stage(corpus, Path(folder, "tree"), "org/puzzles", audited=False)
    >>> list(tree.files)
    ['README.md', 'data/people-3/train-00000.parquet', 'data/people-4/train-00000.parquet', 'manifest.json']
    """
    check_name(name)
    _check_licence(licence)
    folder, into = Path(folder), _empty(into)
    manifest = Manifest.read(folder)
    files, schema = lay_out(manifest, folder, into)
    laid_out = Manifest(_told(manifest.about, licence), files)
    laid_out.write(into)
    found = _audited(into, laid_out, schema, processes, progress) if audited else "It was not audited."
    _write_card(into, dataset_card(name, laid_out, schema, licence, found))
    listed = {MANIFEST, README, *(file.path for file in manifest.files)}
    left_out = tuple(path for path in tree_of(folder) if path not in listed)
    return Tree(into, "dataset", tree_of(into), left_out)


def stage_model(
    folder: str | os.PathLike[str],
    into: str | os.PathLike[str],
    name: str,
    licence: str | None = None,
    pickles: bool = False,
) -> Tree:
    """Put a checkpoint into a folder as it is published: weights, configuration, tokenizer, a card, a manifest.

    Only files of these kinds are taken. Files that may run code when they are loaded, optimizer states among them, are
    not, unless they are asked for.

    Args:
        folder: the checkpoint; a `manifest.json` in it, if there is one, says how it was made.
        into: where to put it; empty, or not there yet.
        name: the name it is to have on the Hub, as `org/name`.
        licence: its licence, as the Hub spells it.
        pickles: whether to take pickle files too.

    Raises:
        BadFolder: there are no weights or no configuration, or a file is not what its name says.
        HubFailed: the name or the licence is none.
    """
    check_name(name)
    _check_licence(licence)
    folder, into = Path(folder), _empty(into)
    about = _about(folder)
    there = [path for path in sorted(folder.iterdir()) if path.name != MANIFEST]
    taken = [path for path in there if path.is_file() and _is_of_model(path.name, pickles)]
    _check_model(folder, taken, pickles)
    for path in taken:
        _link(path, into / path.name)
    files = tuple(File(path.name, "", "", 0, sha256_of(path)) for path in taken)
    config = next(read_json(folder / each, BadFolder) for each in reversed(_CONFIGS) if (folder / each).is_file())
    Manifest(_told(about, licence), files).write(into)
    _write_card(into, model_card(name, about, config, licence))
    left_out = tuple(path.name + "/" * path.is_dir() for path in there if path not in taken)
    return Tree(into, "model", tree_of(into), left_out)


def check_name(name: str) -> None:
    """See that a name can be one on the Hub.

    Raises:
        HubFailed: it cannot.
    """
    if not _NAME.fullmatch(name) or "--" in name or ".." in name or name.endswith((".git", ".")):
        raise HubFailed(f"{name!r} is no name on the Hub: it looks like org/name")


def _check_licence(licence: str | None) -> None:
    if licence is not None and not _LICENCE.fullmatch(licence):
        raise HubFailed(f"{licence!r} is no licence as the Hub spells it: such as apache-2.0, mit or cc-by-nc-sa-4.0")


def _told(about: Mapping[str, Any], licence: str | None) -> Mapping[str, Any]:
    """Return what the manifest says, the licence included: who publishes it again need not say it again."""
    return {**about, "license": licence} if licence else about


def _empty(into: str | os.PathLike[str]) -> Path:
    into = Path(into)
    into.mkdir(parents=True, exist_ok=True)
    if any(into.iterdir()):
        raise BadFolder(f"{into} is not empty")
    return into


def _write_card(into: Path, card: str) -> None:
    # It is not listed in the manifest: it may be edited on the Hub.
    (into / README).write_text(card, encoding="utf-8", newline="\n")


def _audited(
    folder: Path, manifest: Manifest, schema: pa.Schema, processes: int | None, progress: Callable[[int], None] | None
) -> Audit | str:
    """Return what an audit found, or why there is none."""
    if not {PUZZLE_COLUMN, *TEXT_COLUMNS} & set(schema.names):
        return "It was not audited: it has no column of puzzles."
    found = audit(folder, progress=progress, processes=processes)
    if {part.name for part in found.parts} != set(manifest.counts()):
        return "It was not audited: an audit tells splits by their names, and does not know all of these."
    return found


# A checkpoint.


def _about(folder: Path) -> Mapping[str, Any]:
    """Return what a checkpoint's manifest says of how it was made."""
    if not folder.is_dir():
        raise BadFolder(f"there is no folder {folder}")
    about = read_json(folder / MANIFEST, BadFolder) if (folder / MANIFEST).is_file() else {}
    if about.get("files"):
        Manifest.read(folder).check(folder)
    return {name: value for name, value in about.items() if name not in ("files", "counts")}


def _is_of_model(name: str, pickles: bool) -> bool:
    return name in MODEL_FILES or name.endswith(WEIGHTS) or (pickles and name.endswith(PICKLES))


def _check_model(folder: Path, taken: list[Path], pickles: bool) -> None:
    """See that there is a model among the files, and that they are what their names say."""
    names = {path.name for path in taken}
    if not names & set(_CONFIGS):
        raise BadFolder(f"{folder} has neither {' nor '.join(_CONFIGS)}: it is no checkpoint")
    weights = [path for path in taken if path.name.endswith(WEIGHTS)]
    if not weights and not pickles:
        raise BadFolder(f"{folder} has no weights in {WEIGHTS} files; save the model with safe_serialization=True")
    for path in weights:
        _check_weights(path)
    for path in taken:
        if not is_path(path.name):
            raise BadFolder(f"{path.name!r} is no name for a published file")
        if path.suffix == ".json":
            read_json(path, BadFolder)


def _check_weights(path: Path) -> None:
    """See that a file begins as safetensors do: the length of a JSON object, and that object."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if length <= min(_LARGEST_HEADER, path.stat().st_size) else b""
    try:
        whole = isinstance(json.loads(header), dict)
    except (ValueError, RecursionError):
        whole = False
    if not whole:
        raise BadFolder(f"{path} is no {WEIGHTS} file, whatever its name says")


def _link(source: Path, target: Path) -> None:
    """Give a file a second place without copying its gigabytes, where the disk allows it."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
