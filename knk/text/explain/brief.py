"""The writer of proofs as in a textbook; `knk.text.explain.long` extends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from knk.logic.statements import Statement
from knk.proofs.steps import Contradiction, Follows, Retract, Step, Suppose, Trace
from knk.text.explain import wordings
from knk.text.explain.claims import Claim, Role
from knk.text.explain.wordings import Wordings
from knk.text.explain.writer import Slots, Writer

_MAX_OPEN_PEOPLE: Final = 12
"""People of unknown role up to whom all their roles are tried to find a statement's value."""


class Inference(NamedTuple):
    """Roles that follow from one utterance at once, and the people whose known roles they follow from."""

    utterance: int
    using: tuple[int, ...]
    roles: tuple[Role, ...]


class BriefWriter(Writer):
    """Writes a proof as in a textbook."""

    follows_wordings: Mapping[str, Wordings] = wordings.FOLLOWS
    contradiction_wordings: Mapping[str, Wordings] = wordings.CONTRADICTION

    def __init__(self, trace: Trace, seed: int) -> None:
        super().__init__(trace, seed)
        self.known: dict[int, bool] = {}
        self.supposed: list[Role] = []

    def write(self) -> None:
        """Write the whole proof."""
        self.write_steps(self.trace.steps)
        self.write_check()

    def write_steps(self, steps: Sequence[Step]) -> None:
        """Write the steps of one line of argument; what follows from one utterance is written together."""
        for _, group in groupby(steps, key=_group_key):
            run = list(group)
            step = run[0]
            match step:
                case Follows():
                    self.write_follows([step for step in run if isinstance(step, Follows)])
                case Suppose():
                    self.write_supposition(step)
                case Retract():
                    self.write_retraction(step)
                case Contradiction():
                    self.write_contradiction(step)

    # What follows from an utterance.

    def write_follows(self, steps: Sequence[Follows]) -> None:
        """Write what follows from one utterance."""
        for number, batch in enumerate(_batches(steps, self.puzzle.statements[steps[0].statement].speaker)):
            self.write_batch(batch, repeats_utterance=bool(number))

    def write_batch(self, steps: Sequence[Follows], repeats_utterance: bool) -> None:
        """Write what follows from one utterance at once: the speaker's role first, which makes the rest plainer."""
        index = steps[0].statement
        speaker = self.puzzle.statements[index].speaker
        of_speaker = [step for step in steps if step.person == speaker]
        of_others = [step for step in steps if step.person != speaker]
        for step in of_speaker:
            self.write_inference(_single(step), repeats_utterance=False)
        if speaker in self.known and of_others:
            using = {person for step in of_others for person in step.using}
            roles = tuple((step.person, step.knight) for step in of_others)
            self.write_inference(Inference(index, tuple(sorted(using)), roles), repeats_utterance or bool(of_speaker))
        else:
            for step in of_others:
                self.write_inference(_single(step), repeats_utterance=False)

    def write_inference(self, inference: Inference, repeats_utterance: bool) -> None:
        """Write why roles follow; `repeats_utterance` where the sentence before was about the same utterance."""
        index, using, roles = inference
        speaker = self.puzzle.statements[index].speaker
        since = tuple((person, self.known[person]) for person in using if person != speaker)
        slots = {
            "says": self.claims.quote(index),
            "s": self.claims.name(speaker),
            "so": self.claims.roles("follows", roles, index),
            "must": self.claims.roles("follows", roles, index, be="must be"),
        }
        if since:
            slots["since"] = self.claims.roles("known", since)
        kind = self.fill_inference(inference, slots, repeats_utterance)
        if since and kind != "value":
            kind += " since"
        self.write_sentence(self.follows_wordings[kind], slots)
        self.known.update(roles)
        self.after_inference(inference, slots)

    def fill_inference(self, inference: Inference, slots: Slots, repeats_utterance: bool) -> str:
        """Fill the slots that say why roles follow; return which wordings fit."""
        index, _, roles = inference
        speaker = self.puzzle.statements[index].speaker
        if speaker in self.known:
            return self.fill_by_role(index, slots, repeats_utterance)
        if roles[0][0] == speaker:
            return self.fill_by_value(inference, slots) or self.fill_by_trial(inference, slots)
        person, knight = roles[0]
        other = (person, not knight)
        slots |= self.claims.assumed(other)
        slots["paradox"] = self.claims.paradox(index, (other,))
        return "either"

    def fill_by_role(self, index: int, slots: Slots, repeats_utterance: bool) -> str:
        """Fill the slots for an utterance whose speaker's role is known and decides its truth."""
        speaker = self.puzzle.statements[index].speaker
        true = self.known[speaker]
        slots["srole"] = self.claims.roles("known", ((speaker, true),))
        slots["t"] = self.claims.truth("by role", index, true)
        slots["f"] = self.claims.truth("by value", index, not true)
        return "again" if repeats_utterance else "role"

    def fill_by_value(self, inference: Inference, slots: Slots) -> str:
        """Fill the slots for an utterance whose truth the known roles decide; return "" where they do not."""
        content = self.puzzle.statements[inference.utterance].statement
        knight = inference.roles[0][1]
        if not _is_decided(content, {person: self.known[person] for person in inference.using}, knight):
            return ""
        slots["t"] = self.claims.truth("by value", inference.utterance, knight)
        return "value" if inference.using else "value always"

    def fill_by_trial(self, inference: Inference, slots: Slots) -> str:
        """Fill the slots for a speaker who could not say this in the other role."""
        person, knight = inference.roles[0]
        other = (person, not knight)
        slots |= self.claims.assumed(other)
        slots["t"] = self.claims.truth("by value", inference.utterance, knight, (other,))
        slots["law"] = self.claims.law(not knight, knight)
        return "trial"

    def after_inference(self, inference: Inference, slots: Mapping[str, Claim]) -> None:
        """Write what may be added to an inference: here nothing."""

    # Suppositions and contradictions.

    def write_contradiction(self, step: Contradiction) -> None:
        """Write why an utterance does not fit."""
        speaker = self.puzzle.statements[step.statement].speaker
        since = tuple((person, self.known[person]) for person in step.using if person != speaker)
        slots = {"says": self.claims.quote(step.statement), "s": self.claims.name(speaker)}
        if since:
            slots["since"] = self.claims.roles("known", since)
        if speaker in self.known:
            kind = self.fill_by_role(step.statement, slots, repeats_utterance=False)
        else:
            # There is a `since`: no puzzle with a solution has an utterance that nobody could make in any case.
            kind = "either"
            slots["paradox"] = self.claims.paradox(step.statement, ())
        self.write_sentence(self.contradiction_wordings[f"{kind} since" if since else kind], slots)

    def write_supposition(self, step: Suppose) -> None:
        """Write a supposition and what follows from it."""
        role = (step.person, step.knight)
        slots = {"supposed": self.claims.roles("supposed", (role,)), "s": self.claims.name(step.person)}
        self.open_supposition(slots)
        self.write_supposed(role, step.steps)

    def write_supposed(self, role: Role, steps: Sequence[Step]) -> bool:
        """Write steps under a supposition, and drop it; return whether they gave everybody a role."""
        before = dict(self.known)
        self.supposed.append(role)
        self.known[role[0]] = role[1]
        self.write_steps(steps)
        self.supposed.pop()
        is_complete = len(self.known) == len(self.puzzle.names)
        self.known = before
        return is_complete

    def open_supposition(self, slots: Slots) -> None:
        """Write that a role is supposed."""
        options = wordings.SUPPOSE_WITHIN if self.supposed else wordings.SUPPOSE
        self.write_sentence(options, slots, opens=not self.supposed)

    def write_retraction(self, step: Retract) -> None:
        """Write what is known after a supposition has failed."""
        role = ((step.person, step.knight),)
        slots = {
            "so": self.claims.roles("retracted", role),
            "must": self.claims.roles("retracted", role, be="must be"),
        }
        if self.supposed:
            slots["given"] = self.claims.roles("known", tuple(self.supposed))
        self.close_supposition(slots)
        self.known[step.person] = step.knight

    def close_supposition(self, slots: Slots) -> None:
        """Write that a supposition has failed."""
        self.write_sentence(wordings.RETRACT_WITHIN if self.supposed else wordings.RETRACT, slots)

    # The check at the end.

    def write_check(self) -> None:
        """Write that every utterance fits the solution."""
        self.write_sentence(wordings.VERIFIED, {"verdicts": self.claims.verdicts(self.known)}, opens=True)


def _group_key(step: Step) -> tuple[type[Step], int]:
    """Return a key that neighbouring steps share only where they follow from one utterance."""
    return (Follows, step.statement) if isinstance(step, Follows) else (type(step), id(step))


def _batches(steps: Sequence[Follows], speaker: int) -> list[list[Follows]]:
    """Return steps from one utterance in batches in which none needs a role that another one gives."""
    batches: list[list[Follows]] = [[]]
    given: set[int] = set()
    for step in steps:
        if not given.isdisjoint(step.using):
            batches.append([])
            given = set()
        batches[-1].append(step)
        given |= {step.person} - {speaker}
    return batches


def _single(step: Follows) -> Inference:
    return Inference(step.statement, step.using, ((step.person, step.knight),))


def _is_decided(content: Statement, known: Mapping[int, bool], value: bool) -> bool:
    """Whether known roles alone give a statement this value."""
    people = content.people
    if not people <= known.keys() and len(people - known.keys()) > _MAX_OPEN_PEOPLE:
        return False
    return _decided_value(content, tuple(sorted((p, known[p]) for p in people if p in known))) is value


@lru_cache(maxsize=16384)
def _decided_value(content: Statement, known: tuple[Role, ...]) -> bool | None:
    """Return a statement's value where known roles decide it."""
    fixed = dict(known)
    open_ = sorted(content.people - fixed.keys())
    values: set[bool] = set()
    for bits in range(1 << len(open_)):
        roles = fixed | {person: bool(bits >> index & 1) for index, person in enumerate(open_)}
        values.add(bool(content.value(roles, True)))  # type: ignore[arg-type]
        if len(values) == 2:
            return None
    return values.pop()
