"""Puzzles in the laptop recipe's words; what its arms write of them: the library's proof, and what controls for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from random import Random
from typing import Final

import knk
from knk.logic.puzzle import Puzzle
from knk.logic.statements import (
    And,
    Knave,
    Knight,
    Not,
    Or,
    Statement,
)
from knk.proofs.steps import Contradiction, Follows, Retract, Step, Suppose, Trace
from recipes.laptop.words import FAILS, FITS, answered, supposed, word

STYLES: Final = ("proof", "answer-only", "shuffled", "filler")
"""The proof as it is; the answer alone; the proof's sentences in any order; as many words that say nothing."""
_NOTHING: Final = "Let me see."


def question(puzzle: Puzzle) -> str:
    """Return a puzzle in the recipe's words.

    Args:
        puzzle: a puzzle whose people say at most two things each.

    >>> import knk
    >>> question(knk.decode("Ann,Bob 0:-1 1:&(-0,-1)"))
    'Each is knight or knave. A says Bob_knave. B says Ann_knave and Bob_knave. Who is what?'
    """
    told = " ".join(f"{_saying(puzzle, place)}." for place in range(len(puzzle.statements)))
    return f"Each is knight or knave. {told} Who is what?"


def told(notation: str, style: str, seed: int) -> str:
    """Return the completion that an arm learns from for a puzzle.

    Args:
        notation: the puzzle.
        style: one of `STYLES`.
        seed: draws the order where it is shuffled.
    """
    sentences, answer = _told(notation)
    if style == "answer-only":
        sentences = (_NOTHING,)
    elif style == "shuffled":
        sentences = tuple(Random(f"{notation} {seed}").sample(sentences, len(sentences)))
    elif style == "filler":
        words = sum(len(sentence.split()) for sentence in sentences)
        sentences = (_NOTHING,) * max(1, round(words / len(_NOTHING.split())))
    return answered(" ".join(sentences), answer)


@lru_cache(maxsize=20_000)
def _told(notation: str) -> tuple[tuple[str, ...], str]:
    """The sentences of a puzzle's proof, and its answer."""
    trace = knk.trace(knk.decode(notation))
    everybody = [_role(trace.puzzle, person, knight) for person, knight in enumerate(trace.solution)]
    return (*_sentences(trace, trace.steps, {}), FITS), ", ".join(everybody)


def _sentences(trace: Trace, steps: Sequence[Step], roles: dict[int, bool]) -> Iterator[str]:
    """A proof's sentences. What is retracted is supposed the other way round: the case that is left."""
    puzzle = trace.puzzle
    for step in steps:
        if isinstance(step, Suppose):
            yield supposed(_role(puzzle, step.person, step.knight))
            yield from _sentences(trace, step.steps, roles | {step.person: step.knight})
        elif isinstance(step, Retract):
            roles[step.person] = step.knight
            yield supposed(_role(puzzle, step.person, step.knight))
        elif isinstance(step, Follows):
            grounds = _grounds(puzzle, step.statement, step.using, roles)
            roles[step.person] = step.knight
            yield f"{grounds} so {_role(puzzle, step.person, step.knight)}."
        elif isinstance(step, Contradiction):
            yield f"{_grounds(puzzle, step.statement, step.using, roles)} wrong."
            yield FAILS


def _grounds(puzzle: Puzzle, said: int, using: Sequence[int], roles: dict[int, bool]) -> str:
    """What was said, and the roles that it is taken with, the speaker's first."""
    speaker = puzzle.statements[said].speaker
    known = [f"{puzzle.names[who][0]} {_role(puzzle, who, roles[who])} {_kind(roles[who])}"
             for who in sorted(using, key=lambda who: who != speaker)]  # fmt: skip
    return " ".join([_saying(puzzle, said), *known])


def _saying(puzzle: Puzzle, place: int) -> str:
    """Who says what; a second thing that somebody says is added."""
    said = puzzle.statements[place]
    again = any(earlier.speaker == said.speaker for earlier in puzzle.statements[:place])
    return f"{puzzle.names[said.speaker][0]} {'adds' if again else 'says'} {_statement(puzzle, said.statement)}"


def _statement(puzzle: Puzzle, statement: Statement) -> str:
    if isinstance(statement, Not):
        (inner,) = statement.args
        assert isinstance(inner, (Knight, Knave))
        return _role(puzzle, inner.person, isinstance(inner, Knave))
    if isinstance(statement, (And, Or)):
        return f" {'and' if isinstance(statement, And) else 'or'} ".join(
            _statement(puzzle, part) for part in statement.args
        )
    assert isinstance(statement, (Knight, Knave))
    return _role(puzzle, statement.person, isinstance(statement, Knight))


def _role(puzzle: Puzzle, person: int, knight: bool) -> str:
    return word(puzzle.names[person], _kind(knight))


def _kind(knight: bool) -> str:
    return "knight" if knight else "knave"
