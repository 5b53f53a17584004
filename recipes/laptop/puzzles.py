"""Knights and knaves in the recipe's words: the question, and the tries of the library's search."""

from __future__ import annotations

from knk.logic.puzzle import Puzzle
from knk.logic.statements import And, Knave, Knight, Not, Or, Statement
from knk.proofs.search import Check, Try
from recipes.laptop.words import (
    ADDS,
    AND,
    FAILS,
    FITS,
    NO,
    OK,
    OPENING,
    OR,
    ROLES,
    SAYS,
    TRY,
    WRONG,
    YES,
    assignment,
    assignments,
    claim,
)

Parts = list[tuple[int, bool, str]]
"""The claims of a statement: a person, the role (True for a knight), and the joint with the next claim, if any."""


def question(puzzle: Puzzle) -> str:
    """Return a puzzle in the recipe's words.

    Args:
        puzzle: a puzzle of single roles, "and" and "or".

    >>> import knk
    >>> question(knk.decode("Ann,Bob 0:-1 1:&(-0,-1)"))
    '<roles> A: B-knave ; B: A-knave& B-knave'
    """
    return f"{OPENING[ROLES]} " + " ; ".join(
        f"{_opening(puzzle, index)} {_written(puzzle, utterance.statement)}"
        for index, utterance in enumerate(puzzle.statements)
    )


def is_clear(puzzle: Puzzle) -> bool:
    """Whether no two statements of two claims begin with the same word, which tells a small model what comes next.

    Args:
        puzzle: the puzzle.

    >>> import knk
    >>> is_clear(knk.decode("Ann,Bob 0:&(-1,+0) 1:|(-1,+0)")), is_clear(knk.decode("Ann,Bob 0:&(-1,+0) 1:&(-1,-0)"))
    (True, False)
    """
    first_words = [
        written.split()[0]
        for utterance in puzzle.statements
        if " " in (written := _written(puzzle, utterance.statement))
    ]
    return len(set(first_words)) == len(first_words)


def write_try(puzzle: Puzzle, attempt: Try) -> str:
    """Return a try of the library's search in the recipe's words: the candidate and the check of each statement.

    >>> import knk
    >>> write_try(puzzle := knk.decode("Ann,Bob 0:-1 1:+0"), knk.search(puzzle, [(True, True)]).tries[0])
    'try A=knight B=knight A: B-knave B=knight no A=knight wrong fails'
    """
    checks = " ".join(_written_check(puzzle, attempt, check) for check in attempt.checks)
    return f"{TRY} {answer(puzzle, attempt.roles)} {checks} {FITS if attempt.fits else FAILS}"


def answer(puzzle: Puzzle, roles: tuple[bool, ...]) -> str:
    """Return the words that give each person a role.

    >>> import knk
    >>> answer(knk.decode("Ann,Bob 0:-1 1:+0"), (True, False))
    'A=knight B=knave'
    """
    people = [initial(puzzle, person) for person in range(len(puzzle.names))]
    return assignments(people, [_role(is_knight) for is_knight in roles])


def initial(puzzle: Puzzle, person: int) -> str:
    """Return the letter that stands for a person."""
    return puzzle.names[person][0]


def _written_check(puzzle: Puzzle, attempt: Try, check: Check) -> str:
    utterance = puzzle.statements[check.statement]
    parts = _parts(utterance.statement)
    checked = " ".join(_checked_part(puzzle, attempt, *part) for part in parts)
    truth = f" ; {YES if check.is_true else NO}" if len(parts) > 1 else ""
    speaker = initial(puzzle, utterance.speaker)
    role = assignment(speaker, _role(attempt.roles[utterance.speaker]))
    opening = _opening(puzzle, check.statement)
    return f"{opening} {checked}{truth} {role} {OK if check.holds else WRONG}"


def _checked_part(puzzle: Puzzle, attempt: Try, person: int, claimed: bool, joint: str) -> str:
    name, role = initial(puzzle, person), attempt.roles[person]
    verdict = YES if role == claimed else NO
    return f"{claim(name, _role(claimed), joint)} {assignment(name, _role(role))} {verdict}"


def _opening(puzzle: Puzzle, index: int) -> str:
    """Return the word that opens the statement at an index: who says or adds it."""
    speaker = puzzle.statements[index].speaker
    speaks_again = any(earlier.speaker == speaker for earlier in puzzle.statements[:index])
    return f"{initial(puzzle, speaker)}{ADDS if speaks_again else SAYS}"


def _written(puzzle: Puzzle, statement: Statement) -> str:
    parts = _parts(statement)
    return " ".join(claim(initial(puzzle, person), _role(claimed), joint) for person, claimed, joint in parts)


def _parts(statement: Statement) -> Parts:
    """Return the claims of a statement: the person, the claimed role, and what joins it to the next one."""
    if isinstance(statement, (And, Or)):
        *first, last = map(_single, statement.args)
        joint = AND if isinstance(statement, And) else OR
        return [*((*part, joint) for part in first), (*last, "")]
    return [(*_single(statement), "")]


def _single(statement: Statement) -> tuple[int, bool]:
    if isinstance(statement, Not):
        person, is_knight = _single(statement.args[0])
        return person, not is_knight
    assert isinstance(statement, (Knight, Knave))
    return statement.person, isinstance(statement, Knight)


def _role(is_knight: bool) -> str:
    return ROLES[0 if is_knight else 1]
