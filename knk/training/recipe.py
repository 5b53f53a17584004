"""A training recipe: a YAML file of TRL's own settings, and what it extends.

A recipe has the keys that `trl sft --config` and `trl grpo --config` take, those of `knk.training.options`, and three
more:

| key | meaning |
|---|---|
| `extends` | another recipe, relative to this file, whose settings are the defaults |
| `trainer` | `sft` or `grpo` |
| `made_by` | the command that makes the data, shown if the data do not exist |

The path in `accelerate_config` is relative to the file that names it. All other paths are relative to the working
directory, as in TRL. Settings that would run code from elsewhere are rejected.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from knk.errors import BadConfig
from knk.training.options import trl_settings
from knk.yaml_config import mapping, parse_yaml, read_yaml

TRAINERS: Final = ("sft", "grpo")
_MAX_EXTENDS: Final = 8
_ACCELERATE: Final = "accelerate_config"
LAUNCH_SETTINGS: Final = (_ACCELERATE, "config_file", "num_processes")
"""The settings for accelerate's launcher, which starts the training processes."""
_TRL_CONFIGS: Final = {
    "multi_gpu": "MULTI_GPU",
    **dict.fromkeys(("zero1", "zero2", "zero3"), "DEEPSPEED"),
    **dict.fromkeys(("fsdp1", "fsdp2"), "FSDP"),
    "single_gpu": "NO",
}
"""TRL's own accelerate configurations, with their distributed types."""
_REJECTED: Final = {
    "trust_remote_code": "it would run code that comes with a model",
    "env": "a file should not set the environment: set the variables in your shell",
    "reward_model_name_or_path": "use reward functions, under reward_funcs",
}


@dataclass(frozen=True)
class Recipe:
    """A training recipe.

    Args:
        path: its file.
        trainer: `sft` or `grpo`.
        settings: TRL's settings.
        made_by: the command that makes the data, or an empty string.

    Raises:
        BadConfig: the trainer is unknown, or a setting is rejected.
    """

    path: Path
    trainer: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    made_by: str = ""

    def __post_init__(self) -> None:
        if self.trainer not in TRAINERS:
            actual = repr(self.trainer) if self.trainer else "none"
            raise BadConfig(f"{self.path}: expected 'trainer' to be {' or '.join(TRAINERS)}, got {actual}")
        for name, why in _REJECTED.items():
            if self.settings.get(name):
                raise BadConfig(f"{self.path}: remove {name!r}: {why}")

    @property
    def output(self) -> Path:
        """The folder that the run writes to."""
        folder = self.settings.get("output_dir")
        if not isinstance(folder, str) or not folder:
            raise BadConfig(f"{self.path}: missing setting 'output_dir', the folder of the run")
        return Path(folder)

    @property
    def model(self) -> str:
        """The name or the folder of the model to train."""
        model = self.settings.get("model_name_or_path")
        if not isinstance(model, str) or not model:
            raise BadConfig(f"{self.path}: missing setting 'model_name_or_path', the model to train")
        return model

    @property
    def processes(self) -> int:
        """The number of training processes, from the recipe or else from its accelerate configuration."""
        if self.settings.get("num_processes") is not None:
            return self.number("num_processes", 1)
        if "num_processes" not in self.launch:
            return 1
        return _positive(self.launch, "num_processes", Path(str(self.settings[_ACCELERATE])))

    @property
    def launch(self) -> Mapping[str, Any]:
        """The accelerate configuration; of TRL's own, only the distributed type."""
        name = self.settings.get(_ACCELERATE)
        if name is None:
            return {}
        if name in _TRL_CONFIGS:
            return {"distributed_type": _TRL_CONFIGS[name]}
        if not isinstance(name, str) or not Path(name).is_file():
            raise BadConfig(
                f"{_ACCELERATE}: expected a file or one of {', '.join(_TRL_CONFIGS)}, got {str(name)[:80]!r}"
            )
        return mapping(read_yaml(Path(name)), name)

    def number(self, name: str, default: int) -> int:
        """Return a setting that is a positive integer.

        Args:
            name: the setting's name.
            default: TRL's default.

        Raises:
            BadConfig: it is something else.
        """
        return default if self.settings.get(name) is None else _positive(self.settings, name, self.path)

    def share(self, name: str, default: float) -> float:
        """Return a setting that is a positive number.

        Args:
            name: the setting's name.
            default: the default.

        Raises:
            BadConfig: it is something else.
        """
        value = self.settings.get(name)
        if value is None:
            return default
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value < math.inf:
            raise BadConfig(f"{self.path}: expected {name!r} to be a positive number, got {str(value)[:40]!r}")
        return float(value)

    def yaml(self) -> str:
        """Return the settings as YAML for `trl`, without those that are this library's own."""
        return to_yaml(trl_settings(self.settings))


def load(
    path: str | os.PathLike[str],
    overlays: Iterable[str | os.PathLike[str]] = (),
    changes: Mapping[str, Any] | None = None,
) -> Recipe:
    """Return the recipe in a file, merged with the recipes that it extends.

    Args:
        path: the file.
        overlays: files of further settings; a later one overrides an earlier one.
        changes: settings that override all others.

    Raises:
        BadConfig: a file is not a recipe, extends itself, or has a setting that is rejected.
    """
    path = Path(path)
    settings = _merged(path, ())
    for overlay in overlays:
        settings |= _merged(Path(overlay), ())
    settings |= dict(changes or {})
    if settings.get("datasets") is None:
        settings.pop("datasets", None)  # An overlay can so take the datasets away.
    trainer, made_by = (settings.pop(name, "") for name in ("trainer", "made_by"))
    return Recipe(path, str(trainer), settings, str(made_by))


def to_yaml(settings: Mapping[str, Any]) -> str:
    """Return settings as YAML.

    Args:
        settings: the settings.

    >>> to_yaml({"seed": 1})
    'seed: 1\\n'
    """
    import yaml

    return str(yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True, width=100))


def parse_change(text: str) -> tuple[str, Any]:
    """Return the name and the value of a setting in the form `name=value`; the value is parsed as YAML.

    Args:
        text: the setting.

    Raises:
        BadConfig: the name or the value is missing or invalid.

    >>> parse_change("learning_rate=1.0e-6")
    ('learning_rate', 1e-06)
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise BadConfig(f"expected a setting of the form name=value, got {text[:80]!r}")
    try:
        return name, _as_number(parse_yaml(value))
    except BadConfig as error:
        raise BadConfig(f"{name}: {error}") from error


def _merged(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """Return the settings of a file, merged over those that it extends."""
    here = path.resolve()
    if here in above or len(above) > _MAX_EXTENDS:
        raise BadConfig(f"{path}: it extends itself")
    own = {name: _as_number(value) for name, value in mapping(read_yaml(path), str(path)).items()}
    if isinstance(own.get(_ACCELERATE), str):
        own[_ACCELERATE] = _resolve(here, own[_ACCELERATE])
    base = own.pop("extends", None)
    if base is None:
        return own
    if not isinstance(base, str):
        raise BadConfig(f"{path}: expected 'extends' to be the path of another recipe")
    return _merged(path.parent / base, (*above, here)) | own


def _resolve(path: Path, name: str) -> str:
    """Return a file name relative to another file as an absolute path; other names are TRL's own."""
    file = path.parent / name
    return str(file.resolve()) if file.is_file() else name


def _as_number(value: Any) -> Any:
    """Return the number in a string that YAML does not parse as a number, such as 1e-6."""
    if not isinstance(value, str) or not value[:1].isdigit():
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _positive(settings: Mapping[str, Any], name: str, path: Path) -> int:
    value = settings.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadConfig(f"{path}: expected {name!r} to be a positive integer, got {str(value)[:40]!r}")
    return value
