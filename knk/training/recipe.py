"""A training recipe: a YAML file of TRL's own settings, and what it extends.

A recipe has the keys that `trl sft --config` and `trl grpo --config` take, and three of ours:

| key | what it says |
|---|---|
| `extends` | another recipe, relative to this file, whose settings hold where this one has none |
| `trainer` | `sft` or `grpo` |
| `made_by` | the command that makes the data, told to whoever has not made it |

A path after `accelerate_config` is relative to the file that names it; all other paths are relative to where the
command is run, as TRL has them. Settings that would run code from elsewhere are refused.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from knk.errors import BadConfig
from knk.yaml_config import mapping, parse_yaml, read_yaml

TRAINERS: Final = ("sft", "grpo")
_DEEPEST: Final = 8
_OURS: Final = ("extends", "trainer", "made_by")
_ACCELERATE: Final = "accelerate_config"
_TRLS: Final = {
    "multi_gpu": "MULTI_GPU",
    **dict.fromkeys(("zero1", "zero2", "zero3"), "DEEPSPEED"),
    **dict.fromkeys(("fsdp1", "fsdp2"), "FSDP"),
    "single_gpu": "NO",
}
"""The configurations that TRL brings, with what shares the work out."""
_REFUSED: Final = {
    "trust_remote_code": "it would run code that comes with a model",
    "env": "a file should not set the environment: set the variables in your shell",
    "reward_model_name_or_path": "rewards here are functions, named under reward_funcs",
}


@dataclass(frozen=True)
class Recipe:
    """What to train, and how.

    Args:
        path: the file that was read.
        trainer: `sft` or `grpo`.
        settings: TRL's settings.
        made_by: the command that makes the data; empty if the recipe names none.

    Raises:
        BadConfig: there is no such trainer, or a setting is refused.
    """

    path: Path
    trainer: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    made_by: str = ""

    def __post_init__(self) -> None:
        if self.trainer not in TRAINERS:
            said = f"not {self.trainer!r}" if self.trainer else "and here is none"
            raise BadConfig(f"{self.path}: 'trainer' is {' or '.join(TRAINERS)}, {said}")
        for name, why in _REFUSED.items():
            if self.settings.get(name):
                raise BadConfig(f"{self.path}: leave {name!r} out: {why}")

    @property
    def output(self) -> Path:
        """The folder that the run writes to."""
        folder = self.settings.get("output_dir")
        if not isinstance(folder, str) or not folder:
            raise BadConfig(f"{self.path}: 'output_dir' is the folder for the run, and there is none")
        return Path(folder)

    @property
    def model(self) -> str:
        """The name or the folder of the model that is trained."""
        model = self.settings.get("model_name_or_path")
        if not isinstance(model, str) or not model:
            raise BadConfig(f"{self.path}: 'model_name_or_path' is the model to train, and there is none")
        return model

    @property
    def processes(self) -> int:
        """How many processes train side by side: by the recipe, else by the configuration for accelerate."""
        if self.settings.get("num_processes") is not None:
            return self.number("num_processes", 1)
        if "num_processes" not in self.launch:
            return 1
        return _positive(self.launch, "num_processes", Path(str(self.settings[_ACCELERATE])))

    @property
    def launch(self) -> Mapping[str, Any]:
        """The configuration for accelerate; of those that TRL brings, how they share weights out."""
        name = self.settings.get(_ACCELERATE)
        if name is None:
            return {}
        if name in _TRLS:
            return {"distributed_type": _TRLS[name]}
        if not isinstance(name, str) or not Path(name).is_file():
            raise BadConfig(f"{_ACCELERATE}: there is no file {str(name)[:80]!r}, and TRL has none of that name")
        return mapping(read_yaml(Path(name)), name)

    def number(self, name: str, default: int) -> int:
        """Return a setting that is a whole number from 1 up.

        Args:
            name: the setting's name.
            default: what TRL takes where there is none.

        Raises:
            BadConfig: it is none.
        """
        return default if self.settings.get(name) is None else _positive(self.settings, name, self.path)

    def share(self, name: str, default: float) -> float:
        """Return a setting that is a number above 0.

        Args:
            name: the setting's name.
            default: what is taken where there is none.

        Raises:
            BadConfig: it is none.
        """
        value = self.settings.get(name)
        if value is None:
            return default
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value < math.inf:
            raise BadConfig(f"{self.path}: {name!r} is a number above 0, not {str(value)[:40]!r}")
        return float(value)

    def yaml(self) -> str:
        """Return the settings as the YAML that `trl` takes."""
        import yaml

        return str(yaml.safe_dump(dict(self.settings), sort_keys=False, allow_unicode=True, width=100))


def load(
    path: str | os.PathLike[str],
    overlays: Iterable[str | os.PathLike[str]] = (),
    changes: Mapping[str, Any] | None = None,
) -> Recipe:
    """Return the recipe in a file, with all that it extends.

    Args:
        path: the file.
        overlays: files of further settings; a later one goes before an earlier one.
        changes: settings that go before all others.

    Raises:
        BadConfig: a file is no recipe, extends itself, or has settings that are refused.
    """
    path = Path(path)
    settings = _merged(path, ())
    for overlay in overlays:
        settings |= _merged(Path(overlay), ())
    settings |= dict(changes or {})
    trainer, made_by = (settings.pop(name, "") for name in ("trainer", "made_by"))
    return Recipe(path, str(trainer), settings, str(made_by))


def change_of(text: str) -> tuple[str, Any]:
    """Return the setting that `name=value` says; the value is read as YAML.

    Args:
        text: as it was typed.

    Raises:
        BadConfig: there is no name or no value.

    >>> change_of("learning_rate=1.0e-6")
    ('learning_rate', 1e-06)
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise BadConfig(f"a setting is written as name=value, not {text[:80]!r}")
    try:
        return name, _as_number(parse_yaml(value))
    except BadConfig as error:
        raise BadConfig(f"{name}: {error}") from error


def _merged(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """The settings of a file over those that it extends."""
    here = path.resolve()
    if here in above or len(above) > _DEEPEST:
        raise BadConfig(f"{path}: it extends itself")
    own = {name: _as_number(value) for name, value in mapping(read_yaml(path), str(path)).items()}
    if isinstance(own.get(_ACCELERATE), str):
        own[_ACCELERATE] = _beside(here, own[_ACCELERATE])
    base = own.pop("extends", None)
    if base is None:
        return own
    if not isinstance(base, str):
        raise BadConfig(f"{path}: 'extends' is the path of another recipe")
    return _merged(path.parent / base, (*above, here)) | own


def _beside(path: Path, name: str) -> str:
    """A file named relative to another; a name that is no file is one of TRL's own."""
    beside = path.parent / name
    return str(beside.resolve()) if beside.is_file() else name


def _as_number(value: Any) -> Any:
    """A number that YAML takes for a text, such as 1e-6."""
    if not isinstance(value, str) or not value[:1].isdigit():
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _positive(settings: Mapping[str, Any], name: str, path: Path) -> int:
    value = settings.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadConfig(f"{path}: {name!r} is a whole number from 1 up, not {str(value)[:40]!r}")
    return value
