"""The terse language the small model reads and writes: a puzzle's statements, its proof and its answer as words.

People are numbers, names are never seen, and every statement kind has a fixed number of parts, so brackets and commas
are not needed. A step of the proof quotes the statement it rests on, so that the model need not look back for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from knk.logic.notation import encode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution
from knk.proofs.steps import Contradiction, Follows, Retract, Step, Suppose, Trace

MOST_PEOPLE: Final = 8
PAD, START, END, ANSWER = "pad", "proof", "end", "answer"
WORDS: Final = (
    *(PAD, START, END, ANSWER, "with", "so", "cannot", "suppose", "hence"),
    *"~&|>=",
    *(f"{person}:" for person in range(MOST_PEOPLE)),
    *(f"{sign}{person}" for person in range(MOST_PEOPLE) for sign in "+-"),
)
"""All words there are; a word's number is its place."""
_WORD: Final = re.compile(r"[0-9]+:|[+-][0-9]+|[~&|>=]|[(),]")


def statement_words(field: str) -> list[str]:
    """Return the words of one statement with its speaker.

    Args:
        field: the statement in `knk.logic.notation`.

    Raises:
        ValueError: the statement is of a kind that this language has no words for.

    >>> statement_words("1:&(+0,-2)")
    ['1:', '&', '+0', '-2']
    """
    words = _WORD.findall(field)
    if "".join(words) != field:
        raise ValueError(f"there are no words for {field!r}")
    return [word for word in words if word not in "(),"]


def question(puzzle: Puzzle) -> list[str]:
    """Return what the model is given.

    >>> from knk.logic.notation import decode
    >>> " ".join(question(decode("Ann,Bob 0:&(-0,-1)")))
    '0: & -0 -1 proof'
    """
    return [word for field in encode(puzzle).split(" ")[1:] for word in statement_words(field)] + [START]


def reply(trace: Trace) -> list[str]:
    """Return what the model should write: the proof, the answer and the end.

    >>> from knk.logic.notation import decode
    >>> from knk.proofs.trace import trace
    >>> " ".join(reply(trace(decode("Ann,Bob 0:&(-0,-1)"))))
    '0: & -0 -1 so -0 0: & -0 -1 so +1 answer -0 +1 end'
    """
    quotes = [statement_words(field) for field in encode(trace.puzzle).split(" ")[1:]]
    roles = [role(person, knight) for person, knight in enumerate(trace.solution)]
    return [*_steps(trace.steps, quotes, {}), ANSWER, *roles, END]


def role(person: int, knight: bool) -> str:
    """Return the word that says what somebody is.

    >>> role(2, False)
    '-2'
    """
    return f"{'+' if knight else '-'}{person}"


def _steps(steps: Iterable[Step], quotes: Sequence[list[str]], known: dict[int, bool]) -> Iterator[str]:
    known = dict(known)
    for step in steps:
        match step:
            case Follows(said, using, person, knight):
                yield from (*quotes[said], *_using(using, known), "so", role(person, knight))
                known[person] = knight
            case Contradiction(said, using):
                yield from (*quotes[said], *_using(using, known), "cannot")
            case Suppose(person, knight, inner):
                yield from ("suppose", role(person, knight))
                yield from _steps(inner, quotes, known | {person: knight})
            case Retract(person, knight):
                yield from ("hence", role(person, knight))
                known[person] = knight


def _using(using: Iterable[int], known: dict[int, bool]) -> list[str]:
    roles = [role(person, known[person]) for person in using]
    return ["with", *roles] if roles else []


def solved(words: Sequence[str], solution: Solution) -> bool:
    """Whether a reply ends with the right role of everybody, in order, and nothing else.

    >>> solved("suppose +0 answer -0 +1 end".split(), (False, True))
    True
    >>> solved("answer -0 +1 +0 end".split(), (False, True)), solved("answer -0 +1".split(), (False, True))
    (False, False)
    """
    right = [ANSWER, *(role(person, knight) for person, knight in enumerate(solution)), END]
    upto = words.index(END) + 1 if END in words else 0
    # One answer alone: whoever gives several has given none.
    return list(words[:upto][-len(right) :]) == right and words[:upto].count(ANSWER) == 1
