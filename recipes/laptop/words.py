"""The words that all of the laptop recipe's domains share: to suppose, to contradict, to conclude and to answer."""

from __future__ import annotations

from typing import Final

NAMES: Final = ("Ann", "Bob", "Cal", "Dan", "Eve")
FAILS: Final = "That is a contradiction."
FITS: Final = "It all fits."
GIVEN_UP: Final = "unknown"


def word(name: str, value: str) -> str:
    """Return the word for a person who is or has something.

    >>> word("Ann", "red")
    'Ann_red'
    """
    return f"{name}_{value}"


def supposed(what: str) -> str:
    """Return the sentence that supposes something."""
    return f"Suppose that {what}."


def answered(thought: str, answer: str) -> str:
    """Return a completion in form."""
    return f" {thought}</think>\n<answer>{answer}</answer>"
