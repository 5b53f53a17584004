"""The settings of a recipe that are this library's own; all others are TRL's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal


@dataclass
class Options:
    """The settings that TRL does not have, parsed beside TRL's from the same YAML.

    Args:
        on_no_signal: what a run does without signal to learn from: `warn`, or `stop` after ten such steps in a row; see
            `knk.training.health`.
        eval_data: held-out rows to evaluate on while training: datasets as in `datasets`; in a recipe, file names, too.
        eval_sampling: how completions are sampled then; see `knk.training.evaluation`.
        curriculum: how the difficulty of puzzles changes during RLVR; see `knk.training.curriculum`.
        redraws: how often groups without signal are replaced by other prompts in a step, at most.
        extensions: dotted paths of functions that take a trainer class and return a subclass of it, for example with
            another optimizer; each gets what the one before returned. They are your own code, as rewards are.
    """

    on_no_signal: Literal["warn", "stop"] = field(default="warn", metadata={"help": "What to do without signal."})
    eval_data: list[dict] | None = field(default=None, metadata={"help": "Held-out rows to evaluate on."})  # type: ignore[type-arg]
    eval_sampling: dict | None = field(default=None, metadata={"help": "How to sample then."})  # type: ignore[type-arg]
    curriculum: dict | None = field(default=None, metadata={"help": "How difficulty changes."})  # type: ignore[type-arg]
    extensions: list[str] | None = field(default=None, metadata={"help": "Functions that extend the trainer."})
    redraws: int = field(default=0, metadata={"help": "How often to replace groups without signal in a step."})


OWN_SETTINGS: Final = tuple(option.name for option in fields(Options))


def is_own(name: str) -> bool:
    """Whether a setting is this library's own rather than TRL's.

    Args:
        name: the setting's name.

    >>> is_own("on_no_signal"), is_own("learning_rate")
    (True, False)
    """
    return name in OWN_SETTINGS


def trl_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings without those that are this library's own.

    Args:
        settings: a recipe's settings.
    """
    return {name: value for name, value in settings.items() if not is_own(name)}
