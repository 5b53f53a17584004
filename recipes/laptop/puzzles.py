"""Puzzles in the laptop recipe's words, and the completions that its arms learn: the proof or a control."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from random import Random
from typing import Final

import knk
from knk.logic.puzzle import Puzzle
from knk.logic.statements import And, Knave, Knight, Not, Or, Statement
from knk.proofs.steps import Contradiction, Follows, Retract, Step, Suppose, Trace
from recipes.laptop import words
from recipes.laptop.words import ALL_FITS, CONTRADICTION, assignment, supposition

STYLES: Final = ("proof", "answer-only", "shuffled", "filler")
"""The proof; the answer alone; the proof's sentences in random order; filler with as many words as the proof."""
_FILLER: Final = "Let me see."


def question(puzzle: Puzzle) -> str:
    """Return a puzzle in the recipe's words.

    Args:
        puzzle: a puzzle in which nobody makes more than two statements.

    >>> import knk
    >>> question(knk.decode("Ann,Bob 0:-1 1:&(-0,-1)"))
    'Each is knight or knave. A says Bob_knave. B says Ann_knave and Bob_knave. Who is what?'
    """
    sentences = " ".join(f"{_utterance(puzzle, index)}." for index in range(len(puzzle.statements)))
    return f"Each is knight or knave. {sentences} Who is what?"


def completion(notation: str, style: str, seed: int) -> str:
    """Return the completion that an arm learns for a puzzle.

    Args:
        notation: the puzzle.
        style: one of `STYLES`.
        seed: seeds the order of shuffled sentences.
    """
    sentences, answer = _proof(notation)
    if style == "answer-only":
        sentences = (_FILLER,)
    elif style == "shuffled":
        sentences = tuple(Random(f"{notation} {seed}").sample(sentences, len(sentences)))
    elif style == "filler":
        word_count = sum(len(sentence.split()) for sentence in sentences)
        sentences = (_FILLER,) * max(1, round(word_count / len(_FILLER.split())))
    return words.completion(" ".join(sentences), answer)


@lru_cache(maxsize=20_000)
def _proof(notation: str) -> tuple[tuple[str, ...], str]:
    """Return the sentences of a puzzle's proof, and the answer."""
    trace = knk.trace(knk.decode(notation))
    roles = [_role(trace.puzzle, person, is_knight) for person, is_knight in enumerate(trace.solution)]
    return (*_sentences(trace, trace.steps, {}), ALL_FITS), ", ".join(roles)


def _sentences(trace: Trace, steps: Sequence[Step], roles: dict[int, bool]) -> Iterator[str]:
    """Iterate over a proof's sentences; a retraction is written as the opposite supposition, the case that remains."""
    puzzle = trace.puzzle
    for step in steps:
        if isinstance(step, Suppose):
            yield supposition(_role(puzzle, step.person, step.knight))
            yield from _sentences(trace, step.steps, roles | {step.person: step.knight})
        elif isinstance(step, Retract):
            roles[step.person] = step.knight
            yield supposition(_role(puzzle, step.person, step.knight))
        elif isinstance(step, Follows):
            premises = _premises(puzzle, step.statement, step.using, roles)
            roles[step.person] = step.knight
            yield f"{premises} so {_role(puzzle, step.person, step.knight)}."
        elif isinstance(step, Contradiction):
            yield f"{_premises(puzzle, step.statement, step.using, roles)} wrong."
            yield CONTRADICTION


def _premises(puzzle: Puzzle, index: int, using: Sequence[int], roles: dict[int, bool]) -> str:
    """Return the statement at an index and the roles used with it, the speaker's first."""
    speaker = puzzle.statements[index].speaker
    known = [
        f"{puzzle.names[person][0]} {_role(puzzle, person, roles[person])} {_role_word(roles[person])}"
        for person in sorted(using, key=lambda person: person != speaker)
    ]
    return " ".join([_utterance(puzzle, index), *known])


def _utterance(puzzle: Puzzle, index: int) -> str:
    """Return who says what in the statement at an index; a speaker "adds" the second statement."""
    utterance = puzzle.statements[index]
    speaks_again = any(earlier.speaker == utterance.speaker for earlier in puzzle.statements[:index])
    verb = "adds" if speaks_again else "says"
    return f"{puzzle.names[utterance.speaker][0]} {verb} {_statement(puzzle, utterance.statement)}"


def _statement(puzzle: Puzzle, statement: Statement) -> str:
    if isinstance(statement, Not):
        (inner,) = statement.args
        assert isinstance(inner, (Knight, Knave))
        return _role(puzzle, inner.person, isinstance(inner, Knave))
    if isinstance(statement, (And, Or)):
        conjunction = "and" if isinstance(statement, And) else "or"
        return f" {conjunction} ".join(_statement(puzzle, part) for part in statement.args)
    assert isinstance(statement, (Knight, Knave))
    return _role(puzzle, statement.person, isinstance(statement, Knight))


def _role(puzzle: Puzzle, person: int, is_knight: bool) -> str:
    return assignment(puzzle.names[person], _role_word(is_knight))


def _role_word(is_knight: bool) -> str:
    return "knight" if is_knight else "knave"
