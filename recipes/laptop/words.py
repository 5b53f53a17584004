"""The words that all domains of the laptop recipe share: to suppose, to contradict, to conclude and to answer."""

from __future__ import annotations

from typing import Final

NAMES: Final = ("Ann", "Bob", "Cal", "Dan", "Eve")
CONTRADICTION: Final = "That is a contradiction."
ALL_FITS: Final = "It all fits."
GIVE_UP: Final = "unknown"


def assignment(name: str, value: str) -> str:
    """Return the single word that assigns a value to a person.

    >>> assignment("Ann", "red")
    'Ann_red'
    """
    return f"{name}_{value}"


def supposition(claim: str) -> str:
    """Return the sentence that supposes a claim.

    >>> supposition("Ann_red")
    'Suppose that Ann_red.'
    """
    return f"Suppose that {claim}."


def completion(thought: str, answer: str) -> str:
    r"""Return a completion in the required format.

    >>> completion("Let me see.", "3")
    ' Let me see.</think>\n<answer>3</answer>'
    """
    return f" {thought}</think>\n<answer>{answer}</answer>"
