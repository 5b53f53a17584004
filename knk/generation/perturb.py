"""Small changes of a puzzle: a model that can solve puzzles solves the changed one too, one that memorised does not.

Two kinds change the logic, so that the solution changes too: `leaf` (one "X is a knight" or "X is a knave" inside a
statement becomes another) and `statement` (one statement becomes another). The other kinds change only the
presentation, so that all people keep their roles: the order of people or of statements, names, role words, wording.

`knk.evals.memorisation` has the matching measure, the memorisation score of Xie et al., "On Memorization of Large
Language Models in Logical Reasoning" (https://arxiv.org/abs/2410.23123), section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from knk.errors import CannotPerturb
from knk.generation.draws import Draws
from knk.generation.grammar import Grammar
from knk.generation.spec import Spec
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.solver import Solution, count, solve
from knk.logic.statements import Atom, Knave, Knight, Statement
from knk.text.render import render
from knk.text.vocabulary import NAMES, NAMES_OF_MANY_LANGUAGES, RARE_NAMES, ROLE_PAIRS, full_names

_MAX_TRIES: Final = 400
"""How many random changes of one kind are tried."""


@dataclass(frozen=True)
class Perturbed:
    """A changed puzzle with its text and its solution, which the solver has confirmed.

    Args:
        kind: the kind of change, one of `KINDS`.
        puzzle: the changed puzzle; it has exactly one solution.
        text: its English.
        solution: its solution, True for a knight.
        changes_solution: whether somebody's role changed.
    """

    kind: str
    puzzle: Puzzle
    text: str
    solution: Solution
    changes_solution: bool


def perturb(puzzle: Puzzle, kind: str, seed: int = 0, style: str = "varied") -> Perturbed:
    """Return the puzzle with one kind of change.

    Args:
        puzzle: a puzzle with exactly one solution.
        kind: one of `KINDS`.
        seed: determines the change, and the wording of the text.
        style: the style of the text, one of `knk.text.styles.STYLES`.

    Raises:
        CannotPerturb: the puzzle has no such change, or the kind is unknown.
        NoSolution: the puzzle has no solution.
        ManySolutions: the puzzle has several solutions.

    >>> from knk.logic.notation import decode, encode
    >>> changed = perturb(decode("Ann,Bob 0:&(-0,-1)"), "leaf", seed=1)
    >>> encode(changed.puzzle), changed.solution, changed.changes_solution
    ('Ann,Bob 0:&(-0,+1)', (False, False), True)
    """
    if kind not in KINDS:
        raise CannotPerturb(f"unknown kind of change {kind!r}: expected one of {', '.join(KINDS)}")
    before = solve(puzzle)
    draws = Draws(seed, 6, list(KINDS).index(kind))
    old_text = render(puzzle, seed, style)
    for changed, order in KINDS[kind](puzzle, draws):
        text = render(changed, seed + (kind == "wording"), style)
        if text != old_text and count(changed, 2) == 1:
            after = solve(changed)
            keeps_roles = after == tuple(before[person] for person in order)
            if keeps_roles != (kind in CHANGES_SOLUTION):
                return Perturbed(kind, changed, text, after, not keeps_roles)
    raise CannotPerturb(f"found no change of kind {kind!r} that leaves this puzzle exactly one solution")


Change = tuple[Puzzle, Sequence[int]]
"""A changed puzzle, and for each of its people the index of that person in the original puzzle."""


def _leaf(puzzle: Puzzle, draws: Draws) -> Iterator[Change]:
    """Iterate over changes of one atom: to the other role or to another person."""
    people = range(len(puzzle.names))
    changes = []
    for index, (speaker, statement) in enumerate(puzzle.statements):
        for old in dict.fromkeys(part for part in statement.walk() if isinstance(part, Atom)):
            others: list[Statement] = [kind(person) for person in people for kind in (Knight, Knave)]
            changes += [
                (index, Utterance(speaker, _replaced(statement, old, new)))
                for new in others
                if new not in (old, Knave(speaker))
            ]
    for index, utterance in draws.sample(changes, len(changes)):
        yield _with_utterance(puzzle, index, utterance)


def _statement(puzzle: Puzzle, draws: Draws) -> Iterator[Change]:
    """Iterate over changes of one statement to another of the kinds that the puzzle has."""
    if not puzzle.statements:
        return
    grammar = Grammar(_spec_like(puzzle), len(puzzle.names))
    for _ in range(_MAX_TRIES):
        index = draws.below(len(puzzle.statements))
        speaker, new = puzzle.statements[index].speaker, grammar.draw(draws)
        if grammar.allows(speaker, new):
            yield _with_utterance(puzzle, index, Utterance(speaker, new))


def _people_order(puzzle: Puzzle, draws: Draws) -> Iterator[Change]:
    people = range(len(puzzle.names))
    for _ in range(_MAX_TRIES):
        order = draws.sample(people, len(people))
        yield puzzle.reordered(order), order


def _statement_order(puzzle: Puzzle, draws: Draws) -> Iterator[Change]:
    for _ in range(_MAX_TRIES):
        statements = draws.sample(puzzle.statements, len(puzzle.statements))
        yield Puzzle(puzzle.names, tuple(statements), puzzle.roles), range(len(puzzle.names))


def _renamed(names: tuple[str, ...]) -> Callable[[Puzzle, Draws], Iterator[Change]]:
    def change(puzzle: Puzzle, draws: Draws) -> Iterator[Change]:
        people = len(puzzle.names)
        pool = [
            name for name in (names if people <= len(names) // 2 else full_names(names)) if name not in puzzle.names
        ]
        if people <= len(pool):
            yield Puzzle(tuple(draws.sample(pool, people)), puzzle.statements, puzzle.roles), range(people)

    return change


def _role_words(puzzle: Puzzle, draws: Draws) -> Iterator[Change]:
    for roles in draws.sample([pair for pair in ROLE_PAIRS if pair != puzzle.roles], len(ROLE_PAIRS) - 1):
        yield Puzzle(puzzle.names, puzzle.statements, roles), range(len(puzzle.names))


def _role_words_reversed(puzzle: Puzzle, draws: Draws) -> Iterator[Change]:
    """Yield the puzzle in which knights lie and knaves tell the truth: the roles stay, their words swap."""
    yield Puzzle(puzzle.names, puzzle.statements, puzzle.roles[::-1]), range(len(puzzle.names))


def _wording(puzzle: Puzzle, draws: Draws) -> Iterator[Change]:
    yield puzzle, range(len(puzzle.names))


KINDS: Final[dict[str, Callable[[Puzzle, Draws], Iterator[Change]]]] = {
    "leaf": _leaf,
    "statement": _statement,
    "people order": _people_order,
    "statement order": _statement_order,
    "common names": _renamed(NAMES),
    "rare names": _renamed(RARE_NAMES),
    "names of many languages": _renamed(NAMES_OF_MANY_LANGUAGES),
    "role words": _role_words,
    "role words reversed": _role_words_reversed,
    "wording": _wording,
}
"""All kinds of change; each function yields candidates, the most likely first."""
CHANGES_SOLUTION: Final = frozenset({"leaf", "statement"})
"""The kinds that change somebody's role; the others keep all roles."""


def _replaced(statement: Statement, old: Statement, new: Statement) -> Statement:
    if statement == old:
        return new
    if not statement.parts:
        return statement
    return type(statement)(*(_replaced(part, old, new) for part in statement.parts))


def _with_utterance(puzzle: Puzzle, index: int, utterance: Utterance) -> Change:
    statements = (*puzzle.statements[:index], utterance, *puzzle.statements[index + 1 :])
    return Puzzle(puzzle.names, statements, puzzle.roles), range(len(puzzle.names))


def _spec_like(puzzle: Puzzle) -> Spec:
    """Return a specification whose statements resemble those of the puzzle."""
    parts = [part for _, statement in puzzle.statements for part in statement.walk()]
    width = max((len(part.parts) or len(part.named) for part in parts), default=2)
    return Spec(
        people=len(puzzle.names),
        kinds=tuple((statement.kind, 1.0) for _, statement in puzzle.statements),
        depth=min(5, max(statement.depth for _, statement in puzzle.statements)),
        width=min(10, max(2, width)),
    )
