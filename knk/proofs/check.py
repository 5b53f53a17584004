"""`check` confirms every step of a proof with the solver, independently of the rules that built it."""

from __future__ import annotations

from collections.abc import Sequence

from knk.errors import BadTrace, ManySolutions, NoSolution
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.solver import follows, solve
from knk.logic.statements import And, Implies, Knave, Knight, Not, Or, Statement
from knk.proofs.steps import Contradiction, Follows, Retract, Step, Suppose, Trace


def check(trace: Trace) -> None:
    """Confirm with the solver that every step of a proof is sound and that the proof is complete.

    A role follows only from the one statement and the roles that its step names, all known by then; a contradiction
    is one; a retracted supposition was just refuted; every statement is verified; and the end is the only solution.

    Raises:
        BadTrace: a step is unsound, or the proof is incomplete; the error names the step.

    >>> from dataclasses import replace
    >>> from knk.logic.notation import decode
    >>> from knk.proofs.trace import trace
    >>> proof = trace(decode("Ann,Bob 0:&(-0,-1)"))
    >>> check(proof)
    >>> check(replace(proof, steps=proof.steps[1:]))
    Traceback (most recent call last):
        ...
    knk.errors.BadTrace: the role of Ann is never established
    """
    known = _Checker(trace.puzzle).line(trace.steps, {}, "")
    people = range(len(trace.puzzle.names))
    open_ = [trace.puzzle.names[person] for person in people if person not in known]
    if open_:
        raise BadTrace(f"the role of {open_[0]} is never established")
    if trace.solution != tuple(known[person] for person in people):
        raise BadTrace("the solution is not the one that the steps establish")
    _check_verified(trace)
    try:
        solution = solve(trace.puzzle)
    except (NoSolution, ManySolutions) as error:
        raise BadTrace(str(error)) from error
    if solution != trace.solution:
        raise BadTrace("the puzzle has another solution")


def _check_verified(trace: Trace) -> None:
    statements = trace.puzzle.statements
    if [verified.statement for verified in trace.verified] != list(range(len(statements))):
        raise BadTrace("expected every statement to be verified once, in order")
    for verified, (speaker, statement) in zip(trace.verified, statements, strict=True):
        true = bool(statement.value(trace.solution, True))
        if verified.true is not true or trace.solution[speaker] is not true:
            raise BadTrace(
                f"statement {verified.statement + 1} is {str(true).lower()}, unlike its verification or its speaker"
            )


class _Checker:
    """The checks of single steps, each against one utterance alone."""

    def __init__(self, puzzle: Puzzle) -> None:
        self.puzzle = puzzle

    def line(self, steps: Sequence[Step], known: dict[int, bool], within: str) -> dict[int, bool]:
        """Confirm the steps of one line of argument and return all roles known at its end.

        Args:
            steps: the steps.
            known: the roles known before them.
            within: the path of the supposition that they stand in, as in "3.", or "" for the main line.
        """
        known = dict(known)
        supposed: Suppose | None = None
        for number, step in enumerate(steps, 1):
            path = f"{within}{number}"
            if supposed and not isinstance(step, Retract):
                raise BadTrace("a refuted supposition must be retracted at once", path)
            if isinstance(step, Contradiction) and (not within or number < len(steps)):
                raise BadTrace("a contradiction can only end a supposition", path)
            self._step(step, supposed, known, path)
            supposed = step if isinstance(step, Suppose) else None
        if supposed:
            raise BadTrace("the supposition is never retracted", f"{within}{len(steps)}")
        return known

    def _step(self, step: Step, supposed: Suppose | None, known: dict[int, bool], path: str) -> None:
        """Confirm one step, and add the role that it establishes to those known."""
        match step:
            case Follows():
                self._follows(step, known, path)
                known[step.person] = step.knight
            case Suppose():
                self._suppose(step, known, path)
            case Retract():
                if supposed is None or (step.person, step.knight) != (supposed.person, not supposed.knight):
                    raise BadTrace("the supposition that is retracted was not just refuted", path)
                known[step.person] = step.knight
            case Contradiction():
                self._contradiction(step, known, path)
            case _:
                raise BadTrace(f"{type(step).__name__} is no step of a proof", path)

    def _follows(self, step: Follows, known: dict[int, bool], path: str) -> None:
        self._check_new(step.person, step.knight, known, path)
        name, speaker = self.puzzle.names[step.person], self._speaker(step.statement, path)
        roles = self._roles(step, known, path)
        if self._holds(step.statement, Not(roles)):
            raise BadTrace(f"the roles used do not fit what {speaker} says, so that nothing follows", path)
        if not self._holds(step.statement, Implies(roles, _role(step.person, step.knight))):
            raise BadTrace(f"what {speaker} says and the roles used do not force this role of {name}", path)

    def _suppose(self, step: Suppose, known: dict[int, bool], path: str) -> None:
        self._check_new(step.person, step.knight, known, path)
        if not step.steps or not isinstance(step.steps[-1], Contradiction):
            raise BadTrace("the supposition does not end in a contradiction", path)
        self.line(step.steps, known | {step.person: step.knight}, f"{path}.")

    def _contradiction(self, step: Contradiction, known: dict[int, bool], path: str) -> None:
        speaker = self._speaker(step.statement, path)
        if not self._holds(step.statement, Not(self._roles(step, known, path))):
            raise BadTrace(f"what {speaker} says fits the roles used, so that there is no contradiction", path)

    def _check_new(self, person: int, knight: bool, known: dict[int, bool], path: str) -> None:
        if not 0 <= person < len(self.puzzle.names) or knight not in (True, False):
            raise BadTrace(f"there is no person {person}, or {knight!r} is not a role", path)
        if person in known:
            raise BadTrace(f"the role of {self.puzzle.names[person]} is known or supposed already", path)

    def _speaker(self, index: int, path: str) -> str:
        if not 0 <= index < len(self.puzzle.statements):
            raise BadTrace(f"there is no statement {index}", path)
        return self.puzzle.names[self.puzzle.statements[index].speaker]

    def _roles(self, step: Follows | Contradiction, known: dict[int, bool], path: str) -> Statement:
        """Return the statement that the people whom a step uses have the roles known of them."""
        unknown = [person for person in step.using if person not in known]
        if unknown:
            raise BadTrace(f"the role of person {unknown[0]} is used before it is known", path)
        parts = [_role(person, known[person]) for person in step.using]
        speaker = self.puzzle.statements[step.statement].speaker
        return And(*parts) if len(parts) > 1 else parts[0] if parts else Or(Knight(speaker), Knave(speaker))

    def _holds(self, index: int, statement: Statement) -> bool:
        """Whether a statement follows from one utterance alone, according to the solver."""
        speaker, content = self.puzzle.statements[index]
        people = sorted(content.people | statement.people | {speaker})
        renumber = {person: index for index, person in enumerate(people)}.__getitem__
        utterance = Utterance(renumber(speaker), content.with_people(renumber))
        try:
            return follows(Puzzle.trusted(("",) * len(people), (utterance,)), statement.with_people(renumber)) is True
        except NoSolution:
            return True  # Nobody can say this, so that everything follows.


def _role(person: int, knight: bool) -> Statement:
    return Knight(person) if knight else Knave(person)
