"""TRL knows every setting, and its own parser and validators accept the values."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from knk.errors import BadConfig
from knk.training.checks.setting_types import setting_types
from knk.training.options import OWN_SETTINGS
from knk.training.recipe import LAUNCH_SETTINGS, Recipe
from knk.training.trl_scripts import defaults
from knk.training.worker import parser
from knk.yaml_config import suggestion

_MAX_MESSAGE: Final = 300
_SECRETS: Final = ("hub_token", "push_to_hub_token", "token", "use_auth_token", "api_key", "password")
_TOKEN: Final = re.compile(r"hf_[A-Za-z0-9]{20,}")
_POSITIVE: Final = (
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "num_generations",
    "max_completion_length",
    "max_length",
    "lora_r",
)


@dataclass(frozen=True)
class Parsed:
    """A recipe's settings as TRL's parser makes them for one training process.

    Args:
        script: the settings of the script.
        training: those of the trainer.
        model: those of the model.
    """

    script: Any
    training: Any
    model: Any


def check_keys(recipe: Recipe) -> None:
    """Check that TRL knows every setting, and that none is a secret.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: it does not know one, and the message suggests the nearest name; or one holds a token.
        MissingPackage: TRL is not installed.
    """
    known = {*defaults(recipe.trainer), *LAUNCH_SETTINGS, *OWN_SETTINGS}
    for name in recipe.settings:
        if name not in known:
            raise BadConfig(f"{recipe.path}: trl {recipe.trainer} has no setting {name!r}{suggestion(name, known)}")
    secret = next(_secrets(recipe.settings), None)
    if secret:
        raise BadConfig(
            f"{recipe.path}: remove {secret!r}: a run's files hold its settings, and are published; log in with "
            "'hf auth login', or set it in the environment as HF_TOKEN"
        )


def _secrets(value: Any, name: str = "") -> Iterator[str]:
    """Iterate over the names of settings, at any depth, that hold a token."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _secrets(part, str(key))
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _secrets(part, name)
    elif isinstance(value, str) and value and (name in _SECRETS or _TOKEN.fullmatch(value)):
        yield name


def check_types(recipe: Recipe) -> None:
    """Check that every setting is of its type, one of its choices if it has some, and positive if it counts something.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: one is not; the message suggests the nearest choice.
        MissingPackage: TRL is not installed.
    """
    types = setting_types(parser(recipe.trainer).dataclass_types)
    for name, value in recipe.settings.items():
        if name in types:
            try:
                types[name].check(value)
            except BadConfig as error:
                raise BadConfig(f"{recipe.path}: {error}") from error
    for name in _POSITIVE:
        recipe.number(name, 1)
    recipe.share("num_train_epochs", 1.0)


def check_parsed(recipe: Recipe) -> str:
    """Check that TRL's validators accept the settings in each of the recipe's processes, and return one line about it.

    A recipe for several processes that TRL accepts in these but not in a single one trains, but `trl` refuses it: its
    launcher validates the settings in a process of its own.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: a validator refuses them.
        MissingPackage: TRL is not installed.
    """
    parsed(recipe, recipe.processes)
    processes = "1 process" if recipe.processes == 1 else f"{recipe.processes} processes"
    try:
        parsed(recipe, 1)
    except BadConfig as error:
        return f"settings: valid for {processes}; 'trl {recipe.trainer} --config' would refuse them: {error}"
    return f"settings: valid for {processes}"


def parsed(recipe: Recipe, processes: int) -> Parsed:
    """Return a recipe's settings as TRL's parser and validators make them when there are some number of processes.

    Args:
        recipe: the recipe.
        processes: the number of training processes.

    Raises:
        BadConfig: they refuse the settings.
        MissingPackage: TRL is not installed.
    """
    settings = {name: value for name, value in recipe.settings.items() if name not in LAUNCH_SETTINGS}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # The trainer warns again when it starts.
            script, training, model, *_ = _parse(recipe.trainer, deepcopy(settings), processes)
    except Exception as error:
        raise BadConfig(f"{recipe.path}: {one_line(error)}") from error
    return Parsed(script, training, model)


def one_line(error: Exception) -> str:
    """Return an error's message as one line of limited length.

    Args:
        error: an error of another library.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _MAX_MESSAGE else f"{text[: _MAX_MESSAGE - 3]}..."


def _parse(trainer: str, settings: Mapping[str, Any], processes: int) -> tuple[Any, ...]:
    from transformers import TrainingArguments
    from trl import TrlParser

    class Parser(TrlParser):  # type: ignore[misc, no-any-unimported, unused-ignore]
        """TRL's parser, which raises an error instead of ending the process."""

        def error(self, message: str) -> NoReturn:
            raise BadConfig(message)

    types = parser(trainer).dataclass_types
    settings_parser = Parser([_at(kind, processes) if issubclass(kind, TrainingArguments) else kind for kind in types])
    settings_parser.set_defaults_with_config(**settings)
    return tuple(settings_parser.parse_args_into_dataclasses([], look_for_args_file=False))


def _at(arguments: Any, processes: int) -> Any:
    """Return a class of training arguments as it is in one of several processes, without starting any, on no device.

    Its validators would join a group of processes, and take memory of a GPU for as long as this process lives.
    """
    import torch

    world = {"world_size": processes, "distributed_state": None, "_setup_devices": torch.device("cpu"), "_n_gpu": 1}
    return type(arguments.__name__, (arguments,), world)
