"""Usage errors in words: one sentence that says what is wrong, what was expected, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import typer

_UNKNOWN_COMMAND: Final = re.compile(r"No such command '(.*?)'\.(?: Did you mean (.*)\?)?", re.DOTALL)
_EXTRA_ARGUMENTS: Final = re.compile(r"Got unexpected extra argument(?:\(s\)|s?) \((.*)\)", re.DOTALL)
_NOT_A_CHOICE: Final = re.compile(r"(?:Value error, )?(.*) is not one of (.*?)\.?", re.DOTALL)
_KINDS: Final = {"int_parsing": "a whole number", "float_parsing": "a number"}
_BOUNDS: Final = {
    "greater_than_equal": "a number from {ge} up",
    "greater_than": "a number above {gt}",
    "less_than_equal": "a number up to {le}",
    "less_than": "a number below {lt}",
}


def usage_message(error: typer.TyperException) -> str:
    """Return the message of a usage error.

    >>> usage_message(typer.TyperException("No such command 'slove'. Did you mean 'solve'?"))
    "unknown command 'slove': did you mean 'solve'?"
    """
    # The classes of these errors are private to Typer, so their attributes tell them apart.
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    option = getattr(error, "option_name", None)
    if hasattr(error, "possibilities"):
        return unknown("option", option, error.possibilities or ())
    if option is not None:
        return f"{option} needs a value" if "requires an argument" in message else message.rstrip(".")
    if hasattr(error, "param_type"):
        return _missing(error)
    if hasattr(error, "param_hint"):
        return _bad_value(error) or message.rstrip(".")
    if match := _UNKNOWN_COMMAND.fullmatch(message):
        return unknown("command", repr(match[1]), [match[2]] if match[2] else [])
    if match := _EXTRA_ARGUMENTS.fullmatch(message):
        return f"unexpected argument: {match[1]}"
    return message.rstrip(".")


def unknown(kind: str, name: Any, similar: Sequence[str]) -> str:
    """Return the message about an unknown name, with similar ones that are known.

    >>> unknown("option", "--peeple", ["--people"])
    'unknown option --peeple: did you mean --people?'
    """
    return f"unknown {kind} {name}" + (f": did you mean {' or '.join(sorted(similar))}?" if similar else "")


def _name(error: Any) -> str:
    hint = error.param_hint or (error.param.get_error_hint() if error.param is not None else "")
    return str(hint if isinstance(hint, str) else " / ".join(hint)).replace("'", "")


def _missing(error: Any) -> str:
    """Return the message about a missing argument or option."""
    choices = error.param.get_missing_message(ctx=error.ctx) if error.param is not None else None
    listed = ", ".join(choices.partition(":")[2].replace(",", " ").split()) if choices else ""
    return f"missing {_name(error)}" + (f": expected one of {listed}" if listed else "")


def _bad_value(error: Any) -> str | None:
    """Return the message about a value of an argument or option that is not valid, None if its cause is unknown."""
    errors = getattr(error.__cause__, "errors", None)
    if errors is None:
        return None
    cause = errors()[0]
    name, value = _name(error), cause.get("input")
    if match := _NOT_A_CHOICE.fullmatch(cause["msg"]):
        return f"unknown {name} {value!r}: expected one of {match[2].replace(chr(39), '')}"
    if cause["type"] in _KINDS:
        return f"{name}: expected {_KINDS[cause['type']]}, got {value!r}"
    if cause["type"] in _BOUNDS:
        return f"{name}: expected {_BOUNDS[cause['type']].format(**cause['ctx'])}, got {value}"
    return None
