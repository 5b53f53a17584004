"""A run's checkpoints: which one to resume from, and what is wrong with newer ones.

A process that is killed while it writes a checkpoint, or a full disk, leaves files that are missing or cut short.
Nothing is unpickled to find out: the files that PyTorch writes are zip files, whose directory is at their end, and a
safetensors file says in its header how long it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from knk.errors import BadFile
from knk.files import read_json

STATE: Final = "trainer_state.json"
"""The file that a trainer writes last into a checkpoint."""
_PREFIX: Final = "checkpoint-"
_DEEPSPEED: Final = "latest"
"""The file in which DeepSpeed names the folder of its part of a checkpoint."""
_MODELS: Final = ("model.*", "pytorch_model*", "adapter_model.*")
_OPTIMIZERS: Final = ("optimizer.pt", "optimizer.bin", "optimizer_*")
_REQUIRED: Final = {"optimizer": _OPTIMIZERS, "scheduler": ("scheduler.pt",), "random state": ("rng_state*.pth",)}
_LENGTH_BYTES: Final = 8
_MAX_HEADER: Final = 100_000_000


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint.

    Args:
        path: its folder.
        step: the number of steps done.
        epoch: the number of epochs done.
        history: what the trainer logged until then.
    """

    path: Path
    step: int
    epoch: float
    history: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints in a run's folder.

    Args:
        last: the last whole one, None if there is none.
        damaged: the newer ones, the newest first, each with what is wrong with it.
    """

    last: Checkpoint | None
    damaged: tuple[tuple[Path, str], ...] = ()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self.last is not None or bool(self.damaged)

    def disown(self) -> None:
        """Remove the state from the damaged checkpoints.

        The run will write them again, file by file, and without a state a mixture of old and new files is never taken
        for a whole checkpoint.
        """
        for path, _ in self.damaged:
            (path / STATE).unlink(missing_ok=True)


def find_checkpoints(folder: Path, has_optimizer: bool = True) -> Checkpoints:
    """Return the checkpoints in a run's folder.

    Args:
        folder: the run's folder.
        has_optimizer: whether a whole checkpoint has the states of optimizer, scheduler and random numbers; it does not
            with `save_only_model`.
    """
    damaged: list[tuple[Path, str]] = []
    for step, path in sorted(_numbered(folder), reverse=True):
        fault = damage(path, has_optimizer)
        if fault is None:
            state = read_json(path / STATE)
            return Checkpoints(
                Checkpoint(path, step, float(state.get("epoch") or 0), tuple(state["log_history"])), tuple(damaged)
            )
        damaged.append((path, fault))
    return Checkpoints(None, tuple(damaged))


def newest_step(folder: Path) -> int:
    """Return the step of the newest checkpoint that has a state, 0 if there is none.

    Args:
        folder: the run's folder.
    """
    return max((step for step, path in _numbered(folder) if (path / STATE).exists()), default=0)


def damage(folder: Path, has_optimizer: bool = True) -> str | None:
    """Return what is wrong with a checkpoint, None if it is whole.

    Args:
        folder: the checkpoint's folder.
        has_optimizer: as in `find_checkpoints`.
    """
    try:
        return next(_faults(folder, has_optimizer), None)
    except (OSError, BadFile) as error:
        return f"it cannot be read: {error}"


def _numbered(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in folder.glob(f"{_PREFIX}*"):
        number = path.name.removeprefix(_PREFIX)
        if number.isdecimal() and path.is_dir():
            yield int(number), path


def _faults(folder: Path, has_optimizer: bool) -> Iterator[str]:
    if not (folder / STATE).is_file():
        yield f"{STATE} is missing"
    for path in sorted(folder.iterdir()):
        if not _is_whole(path):
            yield f"{path.name} is cut short"
    if not isinstance(read_json(folder / STATE).get("log_history"), list):
        yield f"{STATE} has no log_history"
    yield from _missing_parts(folder)
    if (folder / _DEEPSPEED).exists():
        yield from _deepspeed_faults(folder)
        return
    for part, patterns in {"model": _MODELS, **(_REQUIRED if has_optimizer else {})}.items():
        if not any(next(folder.glob(pattern), None) for pattern in patterns):
            yield f"the {part} is missing"


def _missing_parts(folder: Path) -> Iterator[str]:
    """The files of a model in several files, and the random states of several processes, that are missing."""
    for path in folder.glob("*.index.json"):
        files = read_json(path).get("weight_map")
        names = {Path(str(name)).name for name in files.values()} if isinstance(files, dict) else set()
        yield from (f"{name} is missing" for name in sorted(names) if not (folder / name).is_file())
    states = [path.stem.removeprefix("rng_state_") for path in folder.glob("rng_state_*.pth")]
    expected = [f"{number}" for number in range(len(states))]
    yield from (f"rng_state_{number}.pth is missing" for number in expected if number not in states)
    for path in folder.glob("*_fsdp_*"):
        if path.is_dir() and not (path / ".metadata").is_file():
            yield f"{path.name}/.metadata is missing"


def _deepspeed_faults(folder: Path) -> Iterator[str]:
    tag = Path((folder / _DEEPSPEED).read_text(encoding="utf-8", errors="replace").strip()).name
    part = folder / tag
    if not tag or not part.is_dir():
        yield f"the folder {tag or 'of DeepSpeed'} is missing"
        return
    for kind in ("model", "optim"):
        if not next(part.glob(f"*{kind}_states.pt"), None):
            yield f"{tag}/*{kind}_states.pt is missing"
    for path in sorted(part.iterdir()):
        if not _is_whole(path):
            yield f"{tag}/{path.name} is cut short"


def _is_whole(path: Path) -> bool:
    """Whether a file has its end; True for files whose format does not tell."""
    test = _TESTS.get(path.suffix)
    if test is None or not path.is_file():
        return True
    try:
        return test(path)
    except (OSError, ValueError, KeyError, TypeError, BadFile, BadZipFile):
        return False


def _is_whole_zip(path: Path) -> bool:
    with ZipFile(path) as file:
        return bool(file.infolist())


def _is_whole_safetensors(path: Path) -> bool:
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if length > min(size, _MAX_HEADER):
            return False
        header = json.loads(file.read(length))
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    return bool(size == _LENGTH_BYTES + length + max(ends, default=0))


def _is_whole_json(path: Path) -> bool:
    json.loads(path.read_bytes())
    return True


_TESTS: Final[Mapping[str, Callable[[Path], bool]]] = {
    ".json": _is_whole_json,
    ".safetensors": _is_whole_safetensors,
    **dict.fromkeys((".pt", ".pth", ".bin"), _is_whole_zip),
}
