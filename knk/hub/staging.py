"""Staging: a dataset or a checkpoint as it will be published, in a folder with a card and a manifest."""

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
from knk.hub.layout import file_sizes, lay_out

if TYPE_CHECKING:
    import pyarrow as pa

RepositoryKind = Literal["dataset", "model"]
PICKLES: Final = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".npy", ".joblib")
"""Extensions of files that can run code when they are loaded."""
WEIGHTS: Final = ".safetensors"
"""The extension of weights that cannot run code."""
MODEL_FILES: Final = (
    *("config.json", "generation_config.json", "model.safetensors.index.json", "adapter_config.json"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json"),
    *("merges.txt", "vocab.txt", "tokenizer.model", "spiece.model", "chat_template.jinja", "chat_template.json"),
    *("processor_config.json", "preprocessor_config.json"),
)
"""Names of the files of a checkpoint other than its weights."""
_ADAPTER: Final = "adapter_config.json"
_CONFIGS: Final = ("config.json", _ADAPTER)
_NAME: Final = re.compile(r"[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}", re.ASCII)
_LICENCE: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,59}")
_MAX_HEADER: Final = 100 << 20


@dataclass(frozen=True)
class StagedFolder:
    """A folder that is ready to be published.

    Args:
        folder: its path.
        kind: whether it is a dataset or a model.
        files: the size in bytes of each file, by path.
        left_out: files of the original folder that are not published.
    """

    folder: Path
    kind: RepositoryKind
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
) -> StagedFolder:
    """Stage a dataset: its rows by number of people and grade, a card and a manifest.

    `datasets.load_dataset(into, "people-5")` reads the staged folder. The same dataset gives the same bytes.

    Args:
        folder: a corpus, or any folder of Parquet or JSON lines files with a `manifest.json` that lists each file's
            path, split, rows and SHA-256.
        into: the folder to write to; it must be empty or not exist.
        name: the dataset's name on the Hub, such as `org/name`; the card says how to load it.
        licence: the licence's id on the Hub; see `knk.hub.cards.dataset_card`.
        audited: whether to audit the dataset and put the results into the card.
        processes: how many processes audit, None for one per core.
        progress: called with the number of rows audited since it was called last.

    Raises:
        BadFolder: the manifest is missing or invalid, a file is missing or was changed, or `into` is not empty.
        BadFile: a file cannot be read as rows.
        HubFailed: the name or the licence is invalid.

    >>> from tempfile import TemporaryDirectory
    >>> from knk.datasets.build import build
    >>> from knk.datasets.config import CorpusConfig
    >>> with TemporaryDirectory() as folder:
    ...     corpus = Path(folder, "corpus")
    ...     _ = build(CorpusConfig.from_text("{shares: {train: 1.0}, parts: [{people: [3, 4], rows: 20}]}"), corpus)
    ...     staged = stage(corpus, Path(folder, "staged"), "org/puzzles", audited=False)
    >>> list(staged.files)
    ['README.md', 'data/people-3/train-00000.parquet', 'data/people-4/train-00000.parquet', 'manifest.json']
    """
    check_name(name)
    _check_licence(licence)
    folder, into = Path(folder), _empty_folder(into)
    original = Manifest.read(folder)
    files, schema = lay_out(original, folder, into)
    manifest = Manifest(_with_licence(original.about, licence), files)
    manifest.write(into)
    result = _audit(into, manifest, schema, processes, progress) if audited else "It was not audited."
    _write_card(into, dataset_card(name, manifest, schema, licence, result))
    listed = {MANIFEST, README, *(file.path for file in original.files)}
    left_out = tuple(path for path in file_sizes(folder) if path not in listed)
    return StagedFolder(into, "dataset", file_sizes(into), left_out)


def stage_model(
    folder: str | os.PathLike[str],
    into: str | os.PathLike[str],
    name: str,
    licence: str | None = None,
    pickles: bool = False,
) -> StagedFolder:
    """Stage a checkpoint: its weights, configuration and tokenizer, a card and a manifest.

    Other files are left out, among them optimizer states and all files that can run code when they are loaded.

    Args:
        folder: the checkpoint; if it has a `manifest.json`, the card says how it was made.
        into: the folder to write to; it must be empty or not exist.
        name: the model's name on the Hub, such as `org/name`.
        licence: the licence's id on the Hub.
        pickles: whether to include pickle files, which can run code.

    Raises:
        BadFolder: weights or configuration are missing, a file is not what its name says, an adapter's base is a
            folder, or `into` is not empty.
        HubFailed: the name or the licence is invalid.
    """
    check_name(name)
    _check_licence(licence)
    folder, into = Path(folder), _empty_folder(into)
    about = _checkpoint_about(folder)
    paths = [path for path in sorted(folder.iterdir()) if path.name != MANIFEST]
    chosen = [path for path in paths if path.is_file() and _belongs_to_model(path.name, pickles)]
    _check_model(folder, chosen, pickles)
    for path in chosen:
        _link_or_copy(path, into / path.name)
    files = tuple(File(path.name, "", "", 0, sha256_of(path)) for path in chosen)
    config = next(read_json(folder / name, BadFolder) for name in reversed(_CONFIGS) if (folder / name).is_file())
    Manifest(_with_licence(about, licence), files).write(into)
    _write_card(into, model_card(name, about, config, licence))
    left_out = tuple(path.name + "/" * path.is_dir() for path in paths if path not in chosen)
    return StagedFolder(into, "model", file_sizes(into), left_out)


def check_name(name: str) -> None:
    """Check that a name is valid on the Hub.

    Raises:
        HubFailed: it is not.
    """
    if not _NAME.fullmatch(name) or "--" in name or ".." in name or name.endswith((".git", ".")):
        raise HubFailed(f"invalid name {name!r}: expected a name on the Hub such as org/name")


def _check_licence(licence: str | None) -> None:
    if licence is not None and not _LICENCE.fullmatch(licence):
        raise HubFailed(f"invalid licence {licence!r}: expected an id such as apache-2.0, mit or cc-by-nc-sa-4.0")


def _with_licence(about: Mapping[str, Any], licence: str | None) -> Mapping[str, Any]:
    """Return what the manifest says, with the licence, which then applies when the dataset is published again."""
    return {**about, "license": licence} if licence else about


def _empty_folder(into: str | os.PathLike[str]) -> Path:
    into = Path(into)
    into.mkdir(parents=True, exist_ok=True)
    if any(into.iterdir()):
        raise BadFolder(f"{into} is not empty")
    return into


def _write_card(into: Path, card: str) -> None:
    # Not listed in the manifest, since a card may be edited on the Hub.
    (into / README).write_text(card, encoding="utf-8", newline="\n")


def _audit(
    folder: Path, manifest: Manifest, schema: pa.Schema, processes: int | None, progress: Callable[[int], None] | None
) -> Audit | str:
    """Return the result of an audit, or why there is none."""
    if not {PUZZLE_COLUMN, *TEXT_COLUMNS} & set(schema.names):
        return "It was not audited: it has no column of puzzles."
    result = audit(folder, progress=progress, processes=processes)
    if {part.name for part in result.parts} != set(manifest.counts()):
        return "It was not audited: the name of a split is not one that an audit recognizes."
    return result


# A checkpoint.


def _checkpoint_about(folder: Path) -> Mapping[str, Any]:
    """Return what a checkpoint's manifest says about how it was made, and check the files that it lists."""
    if not folder.is_dir():
        raise BadFolder(f"there is no folder {folder}")
    about = read_json(folder / MANIFEST, BadFolder) if (folder / MANIFEST).is_file() else {}
    if about.get("files"):
        Manifest.read(folder).check(folder)
    return {name: value for name, value in about.items() if name not in ("files", "counts")}


def _belongs_to_model(name: str, pickles: bool) -> bool:
    return name in MODEL_FILES or name.endswith(WEIGHTS) or (pickles and name.endswith(PICKLES))


def _check_model(folder: Path, paths: list[Path], pickles: bool) -> None:
    """Check that the files include weights and a configuration, and are what their names say."""
    if not {path.name for path in paths} & set(_CONFIGS):
        raise BadFolder(f"{folder} is not a checkpoint: it has neither {' nor '.join(_CONFIGS)}")
    weights = [path for path in paths if path.name.endswith(WEIGHTS)]
    if not weights and not pickles:
        raise BadFolder(f"{folder} has no {WEIGHTS} files; save the model with safe_serialization=True")
    for path in weights:
        _check_weights(path)
    for path in paths:
        if not is_path(path.name):
            raise BadFolder(f"cannot publish a file with the name {path.name!r}")
        if path.suffix == ".json":
            read_json(path, BadFolder)
    if folder / _ADAPTER in paths:
        _check_base(folder / _ADAPTER)


def _check_base(path: Path) -> None:
    """Check that an adapter names its base by a name on the Hub, as others have no folder of this machine."""
    base = read_json(path, BadFolder).get("base_model_name_or_path")
    if isinstance(base, str) and (Path(base).is_absolute() or Path(base).is_dir()):
        raise BadFolder(
            f"{path}: the adapter's base is a folder of this machine: publish the merged model ('knk merge'), or write "
            "the base's name on the Hub into base_model_name_or_path"
        )


def _check_weights(path: Path) -> None:
    """Check that a file begins as safetensors do: with the length of a JSON object, and the object."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if length <= min(_MAX_HEADER, path.stat().st_size) else b""
    try:
        valid = isinstance(json.loads(header), dict)
    except (ValueError, RecursionError):
        valid = False
    if not valid:
        raise BadFolder(f"{path} is not a {WEIGHTS} file, in spite of its name")


def _link_or_copy(source: Path, target: Path) -> None:
    """Link a file to a second path, or copy it if the disk does not allow links."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
