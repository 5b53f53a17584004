"""The language of the small model: a puzzle's statements, its proof and its answer as a short list of words.

People are numbers, not names. Every kind of statement has a fixed number of parts, so brackets and commas are not
needed. Each step of the proof quotes the statement that it uses, so that the model does not have to look it up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from knk.logic.notation import encode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution
from knk.proofs.steps import Contradiction, Follows, Retract, Step, Suppose, Trace

MAX_PEOPLE: Final = 8
PAD, START, END, ANSWER = "pad", "proof", "end", "answer"
WORDS: Final = (
    *(PAD, START, END, ANSWER, "with", "so", "cannot", "suppose", "hence"),
    *"~&|>=",
    *(f"{person}:" for person in range(MAX_PEOPLE)),
    *(f"{sign}{person}" for person in range(MAX_PEOPLE) for sign in "+-"),
)
"""The vocabulary; the index of a word is its token."""
_WORD: Final = re.compile(r"[0-9]+:|[+-][0-9]+|[~&|>=]|[(),]")


def statement_words(field: str) -> list[str]:
    """Return the words of one statement with its speaker.

    Args:
        field: the statement in `knk.logic.notation`.

    Raises:
        ValueError: the language has no words for this kind of statement.

    >>> statement_words("1:&(+0,-2)")
    ['1:', '&', '+0', '-2']
    """
    words = _WORD.findall(field)
    if "".join(words) != field:
        raise ValueError(f"no words for the statement {field!r}")
    return [word for word in words if word not in "(),"]


def question(puzzle: Puzzle) -> list[str]:
    """Return the words of a puzzle, the model's prompt.

    >>> from knk.logic.notation import decode
    >>> " ".join(question(decode("Ann,Bob 0:&(-0,-1)")))
    '0: & -0 -1 proof'
    """
    return [word for field in encode(puzzle).split(" ")[1:] for word in statement_words(field)] + [START]


def reply(trace: Trace) -> list[str]:
    """Return the reply that the model learns: the proof, the answer and the end.

    >>> from knk.logic.notation import decode
    >>> from knk.proofs.trace import trace
    >>> " ".join(reply(trace(decode("Ann,Bob 0:&(-0,-1)"))))
    '0: & -0 -1 so -0 0: & -0 -1 so +1 answer -0 +1 end'
    """
    quotes = [statement_words(field) for field in encode(trace.puzzle).split(" ")[1:]]
    roles = [role(person, knight) for person, knight in enumerate(trace.solution)]
    return [*_steps(trace.steps, quotes, {}), ANSWER, *roles, END]


def role(person: int, knight: bool) -> str:
    """Return the word for a person's role.

    >>> role(2, False)
    '-2'
    """
    return f"{'+' if knight else '-'}{person}"


def _steps(steps: Iterable[Step], quotes: Sequence[list[str]], known: dict[int, bool]) -> Iterator[str]:
    known = dict(known)
    for step in steps:
        match step:
            case Follows(statement, using, person, knight):
                yield from (*quotes[statement], *_using(using, known), "so", role(person, knight))
                known[person] = knight
            case Contradiction(statement, using):
                yield from (*quotes[statement], *_using(using, known), "cannot")
            case Suppose(person, knight, inner):
                yield from ("suppose", role(person, knight))
                yield from _steps(inner, quotes, known | {person: knight})
            case Retract(person, knight):
                yield from ("hence", role(person, knight))
                known[person] = knight


def _using(using: Iterable[int], known: dict[int, bool]) -> list[str]:
    roles = [role(person, known[person]) for person in using]
    return ["with", *roles] if roles else []


def is_solved(words: Sequence[str], solution: Solution) -> bool:
    """Whether a reply ends with the right role of each person, in order, and contains no other answer.

    >>> is_solved("suppose +0 answer -0 +1 end".split(), (False, True))
    True
    >>> is_solved("answer -0 +1 +0 end".split(), (False, True)), is_solved("answer -0 +1".split(), (False, True))
    (False, False)
    """
    expected = [ANSWER, *(role(person, knight) for person, knight in enumerate(solution)), END]
    written = words[: words.index(END) + 1] if END in words else []
    # A reply with several answers counts as wrong.
    return list(written[-len(expected) :]) == expected and written.count(ANSWER) == 1
