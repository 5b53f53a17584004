"""Puzzles to prove, and a judge of proofs that tries all assignments of roles at every step."""

from itertools import product

from hypothesis import strategies as st

from knk.generation.generate import generate
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.solver import solutions
from knk.logic.statements import Iff, Knave, Knight, Not
from knk.proofs.steps import Contradiction, Follows, Retract, Step, Suppose, Trace, Verified
from tests.support.strategies import statements

NESTED = "Ann,Bob,Cid,Dora 0:=(-3,+2) 1:=(-2,+3) 2:=(+1,+0) 3:=(-1,-0)"
WIDE = "Ann,Bob,Cid,Dora,Eve,Finn,Gus,Hal,Ida,Jan 0:K=3(0,1,2,3,4,5,6,7,8,9) 1:&(-0,V>=7(0,1,2,3,4,5,6,7,8,9)) "
SAMPLES = [
    *(decode(line) for line in ("Ann,Bob 0:&(-0,-1)", "Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)", NESTED)),
    *generate(people=(3, 6), n=12, seed=11),
    *generate(preset="rich", people=(3, 5), n=12, seed=12),
]


@st.composite
def solvable(draw: st.DrawFn) -> tuple[Puzzle, tuple[bool, ...]]:
    """A puzzle of any statements and its only solution."""
    roles = draw(st.lists(st.booleans(), min_size=2, max_size=5).map(tuple))
    people = len(roles)
    drawn = draw(st.lists(st.tuples(st.integers(0, people - 1), statements(people)), max_size=6))
    fitting = [Utterance(who, what if what.value(roles, True) == roles[who] else Not(what)) for who, what in drawn]
    while True:
        puzzle = Puzzle(tuple("ABCDE"[:people]), tuple(fitting))
        others = [other for other in solutions(puzzle) if other != roles]
        if not others:
            return puzzle, roles
        # "I am a knight if and only if this is so" is said only where it is so.
        person = next(p for p in range(people) if others[0][p] != roles[p])
        so = Knight(person) if roles[person] else Knave(person)
        speaker = draw(st.integers(0, people - 1))
        fitting.append(Utterance(speaker, Iff(so, Knight(speaker))))


class AssignmentChecker:
    """Says whether a proof is sound and complete, by trying all assignments at every step."""

    def __init__(self, puzzle: Puzzle) -> None:
        self.puzzle = puzzle
        self.all_roles = list(product((False, True), repeat=len(puzzle.names)))

    def fitting(self, step: Follows | Contradiction, known: dict[int, bool]) -> list[tuple[bool, ...]]:
        """All assignments that fit the statement and the roles that a step uses."""
        speaker, statement = self.puzzle.statements[step.statement]
        return [
            roles
            for roles in self.all_roles
            if roles[speaker] == bool(statement.value(roles, True)) and all(roles[p] == known[p] for p in step.using)
        ]

    def passes(self, step: Step, before: Step | None, known: dict[int, bool]) -> bool:
        """Whether a step is sound after another."""
        if isinstance(before, Contradiction) or isinstance(before, Suppose) != isinstance(step, Retract):
            return False
        match step:
            case Follows():
                if step.person in known or not known.keys() >= set(step.using):
                    return False
                left = self.fitting(step, known)
                return bool(left) and all(roles[step.person] == step.knight for roles in left)
            case Contradiction():
                return known.keys() >= set(step.using) and not self.fitting(step, known)
            case Suppose(person, knight, steps):
                ends = bool(steps) and isinstance(steps[-1], Contradiction)
                return person not in known and ends and self.line(steps, known | {person: knight}) is not None
            case Retract(person, knight):
                return isinstance(before, Suppose) and (before.person, before.knight) == (person, not knight)

    def line(self, steps: tuple[Step, ...], known: dict[int, bool]) -> dict[int, bool] | None:
        """All roles known at the end of a line of argument, or None where it is not sound."""
        known = dict(known)
        for step, before in zip(steps, (None, *steps), strict=False):
            if not self.passes(step, before, known):
                return None
            if isinstance(step, Follows | Retract):
                known[step.person] = step.knight
        return None if steps and isinstance(steps[-1], Suppose) else known


def judged(proof: Trace) -> bool:
    """Whether a proof is sound and complete."""
    if any(isinstance(step, Contradiction) for step in proof.steps):
        return False
    known = AssignmentChecker(proof.puzzle).line(proof.steps, {})
    if known is None or proof.solution != tuple(known.get(p) for p in range(len(proof.puzzle.names))):
        return False
    truths = [bool(statement.value(proof.solution, True)) for _, statement in proof.puzzle.statements]
    fits = truths == [proof.solution[speaker] for speaker, _ in proof.puzzle.statements]
    return fits and proof.verified == tuple(Verified(index, true) for index, true in enumerate(truths))
