"""The words of the laptop recipe: every token that its models know.

A model of a million parameters learns to check a candidate only if each step is one look-up. So a person with a value
is one word (`A=red`), and so is a relation between two people (`A#B`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

PEOPLE: Final = ("A", "B", "C", "D", "E")
COLOURS: Final = ("red", "green", "blue")
SIDES: Final = ("in", "out")
ROLES: Final = ("knight", "knave")
DIFFER, SAME = "#", "~"
AND, OR = "&", "|"
"""What ends the first of two claims of a statement; so the word itself tells that another claim follows."""
SAYS, ADDS = ":", "+"
"""What follows a speaker; a second statement of the same person opens differently, so that each can be found."""
OPENING: Final = {COLOURS: "<colours>", SIDES: "<sides>", ROLES: "<roles>"}
"""The word that opens a problem says which values people can have."""
TRY, FITS, FAILS = "try", "fits", "fails"
OK, WRONG, YES, NO = "ok", "wrong", "yes", "no"
REVIEW, RECALL, REVERSE = "<review>", "<recall>", "<reverse>"
GIVE_UP: Final = "unknown"
FILLER: Final = "go"
LOOK: Final = "look"
"""The whole thought where a problem is answered at once."""
DIGITS: Final = tuple("0123456789")
THINK, END_THOUGHT, ANSWER, END_ANSWER = "<think>", "</think>", "<answer>", "</answer>"

Values = tuple[str, ...]
"""The value of each person, in the order in which a problem names them."""


def assignment(person: str, value: str) -> str:
    """Return the word that assigns a value to a person.

    >>> assignment("A", "red")
    'A=red'
    """
    return f"{person}={value}"


def claim(person: str, value: str, joint: str = "") -> str:
    """Return the word that claims that a person has a value; it differs from the one that assigns the value.

    Args:
        person: the person.
        value: the value.
        joint: what joins the claim to the next one: `AND`, `OR` or nothing.

    >>> claim("A", "red"), claim("A", "knight", AND)
    ('A-red', 'A-knight&')
    """
    return f"{person}-{value}{joint}"


def assignments(people: Sequence[str], values: Sequence[str]) -> str:
    """Return the words that assign a value to each of some people.

    >>> assignments("AB", ("in", "out"))
    'A=in B=out'
    """
    return " ".join(map(assignment, people, values))


def prompt(question: str) -> str:
    """Return the prompt that asks a question and opens the thinking."""
    return f"{question} ? {THINK}\n"


def completion(thought: str, answer: str) -> str:
    r"""Return a completion in the required format.

    >>> completion("try A=in fits", "A=in")
    'try A=in fits </think> <answer> A=in </answer>'
    """
    return f"{thought} {END_THOUGHT} {ANSWER} {answer} {END_ANSWER}"


def vocabulary() -> tuple[str, ...]:
    """Return all words, each once."""
    values = (*COLOURS, *SIDES, *ROLES)
    pairs = [(first, second) for first in PEOPLE for second in PEOPLE if first != second]
    words: Iterable[str] = (
        *PEOPLE,
        *(assignment(person, value) for person in PEOPLE for value in values),
        *(claim(person, value) for person in PEOPLE for value in (*SIDES, *ROLES)),
        *(claim(person, role, joint) for person in PEOPLE for role in ROLES for joint in (AND, OR)),
        *(f"{first}{kind}{second}" for first, second in pairs for kind in (DIFFER, SAME)),
        *(f"{person}{verb}" for person in PEOPLE for verb in (SAYS, ADDS)),
        *values,
        *("same", "differ", "or", "?", ";"),
        *(OK, WRONG, YES, NO, TRY, FITS, FAILS, GIVE_UP, FILLER, LOOK),
        *(*OPENING.values(), REVIEW, RECALL, REVERSE),
        *(THINK, END_THOUGHT, ANSWER, END_ANSWER),
        *DIGITS,
    )
    return tuple(dict.fromkeys(words))
