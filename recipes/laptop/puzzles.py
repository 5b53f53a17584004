"""Knights and knaves in the recipe's words: the question, and the check of a candidate, both made from the library's."""

from __future__ import annotations

from knk.logic.puzzle import Puzzle
from knk.logic.statements import And, Knave, Knight, Not, Or, Statement
from knk.proofs.search import Check, Try
from recipes.laptop.relations import check_part
from recipes.laptop.words import FAILS, FITS, NO, OK, OPENING, ROLES, TRY, WRONG, YES, assignment, assignments

Parts = list[tuple[int, bool]]
"""The people whom a statement is about, with the roles that it claims; True is a knight."""


def question(puzzle: Puzzle) -> str:
    """Return a puzzle in the recipe's words.

    Args:
        puzzle: a puzzle of single roles, "and" and "or".

    >>> import knk
    >>> question(knk.decode("Ann,Bob 0:-1 1:&(-0,-1)"))
    '<roles> A: B=knave ; B: A=knave and B=knave'
    """
    return f"{OPENING[ROLES]} " + " ; ".join(
        f"{initial(puzzle, utterance.speaker)}: {_written(puzzle, utterance.statement)}"
        for utterance in puzzle.statements
    )


def write_try(puzzle: Puzzle, attempt: Try) -> str:
    """Return a try of the library's search in the recipe's words: the candidate and the check of each statement.

    >>> import knk
    >>> write_try(puzzle := knk.decode("Ann,Bob 0:-1 1:+0"), knk.search(puzzle, [(True, True)]).tries[0])
    'try A=knight B=knight A: B=knave B=knight no A=knight wrong fails'
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
    word, parts = _parts(utterance.statement)
    checked = f" {word} ".join(
        check_part(initial(puzzle, person), _role(claimed), _role(attempt.roles[person])) for person, claimed in parts
    )
    truth = f" ; {YES if check.is_true else NO}" if word else ""
    speaker = initial(puzzle, utterance.speaker)
    role = assignment(speaker, _role(attempt.roles[utterance.speaker]))
    return f"{speaker}: {checked}{truth} {role} {OK if check.holds else WRONG}"


def _written(puzzle: Puzzle, statement: Statement) -> str:
    word, parts = _parts(statement)
    return f" {word} ".join(assignment(initial(puzzle, person), _role(is_knight)) for person, is_knight in parts)


def _parts(statement: Statement) -> tuple[str, Parts]:
    """Return the word that joins a statement's parts, "" if there is only one, and the parts."""
    if isinstance(statement, (And, Or)):
        return ("and" if isinstance(statement, And) else "or"), [_single(part) for part in statement.args]
    return "", [_single(statement)]


def _single(statement: Statement) -> tuple[int, bool]:
    if isinstance(statement, Not):
        person, is_knight = _single(statement.args[0])
        return person, not is_knight
    assert isinstance(statement, (Knight, Knave))
    return statement.person, isinstance(statement, Knight)


def _role(is_knight: bool) -> str:
    return ROLES[0 if is_knight else 1]
