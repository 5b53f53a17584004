"""The writer of proofs that think aloud: they try cases, check twice and take stock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from knk.logic.statements import Not
from knk.proofs.propagation import consequences
from knk.proofs.steps import Suppose, Trace
from knk.text.explain import wordings
from knk.text.explain.brief import BriefWriter, Inference
from knk.text.explain.claims import Claim, Sentence
from knk.text.explain.writer import Slots

_MAX_TRIAL_STEPS: Final = 6
"""Steps up to which a trial that comes to nothing is written."""
_MAX_RECAP_PEOPLE: Final = 12
"""People up to whom a recapitulation names everybody."""
_RECAP_AFTER: Final = 2
"""A recapitulation is due when more new roles than these are known."""


class LongWriter(BriefWriter):
    """Writes a proof as one thinks aloud."""

    follows_wordings = wordings.LONG_FOLLOWS
    contradiction_wordings = wordings.LONG_CONTRADICTION

    def __init__(self, trace: Trace, seed: int) -> None:
        super().__init__(trace, seed)
        self.recapped = 0  # How many roles the last recapitulation had.

    def write(self) -> None:
        """Write the whole proof, from what everybody says to the check at the end."""
        self.write_sentence(wordings.LONG_OPENING, {})
        for index in range(len(self.puzzle.statements)):
            self.write_sentence(wordings.LONG_HEARD, {"says": self.claims.quote(index)}, opens=not index)
        first = self.trace.steps[:1]
        self.write_sentence(wordings.LONG_AT_ONCE, {}, opens=True)
        if first and isinstance(first[0], Suppose):
            self.write_sentence(wordings.LONG_STUCK_AT_FIRST, {})
        super().write()

    def open_supposition(self, slots: Slots) -> None:
        """Write that a role is supposed; before that, at times, a trial that comes to nothing."""
        if self.supposed:
            self.write_sentence(wordings.LONG_STUCK_WITHIN, {})
            slots["given"] = self.claims.roles("known", tuple(self.supposed))
            self.write_sentence(wordings.LONG_SUPPOSE_WITHIN, slots)
            return
        if self.known:
            self.write_recap()
            self.write_sentence(wordings.LONG_STUCK, {})
        if not self.choice.below(2):
            self.write_failed_trial()
        self.write_sentence(wordings.LONG_SUPPOSE, slots, opens=True)

    def write_failed_trial(self) -> None:
        """Write a supposition that cannot be refuted, what follows from it, and that this decides nothing."""
        person = self.choice.pick([p for p in range(len(self.puzzle.names)) if p not in self.known])
        role = (person, self.trace.solution[person])
        steps = consequences(self.puzzle, self.known, *role)
        if len(steps) > _MAX_TRIAL_STEPS:
            return
        slots = {"s": self.claims.name(person), "supposed": self.claims.roles("supposed", (role,))}
        self.write_sentence(wordings.LONG_TRY, slots, opens=True)
        if self.write_supposed(role, steps):
            ending = wordings.LONG_TRY_FITTED
        else:
            ending = wordings.LONG_TRY_FAILED if steps else wordings.LONG_TRY_NOTHING
        self.write_sentence(ending, {})
        sentence = self.sentences[-1]
        self.sentences[-1] = Sentence((*sentence.pieces, Claim("", "abandoned", roles=(role,))))

    def fill_by_role(self, index: int, slots: Slots, repeats_utterance: bool) -> str:
        """Fill the slots for an utterance whose speaker's role decides its truth; at times with its opposite."""
        kind = super().fill_by_role(index, slots, repeats_utterance)
        content = self.puzzle.statements[index].statement
        is_inference = "so" in slots and kind == "role"
        is_false = not slots["t"].value
        if is_inference and content.depth and is_false and not isinstance(content, Not) and self.choice.below(2):
            slots["denied"] = self.claims.opposite(index, content.negated())
            return "denied"
        return kind

    def after_inference(self, inference: Inference, slots: Mapping[str, Claim]) -> None:
        """Write a second look at an inference, at times, and what is known by now."""
        if "srole" in slots and not self.choice.below(4):
            self.write_second_look(inference, slots)
        if len(self.known) - self.recapped > _RECAP_AFTER and len(self.known) < len(self.puzzle.names):
            self.write_recap()

    def write_second_look(self, inference: Inference, slots: Mapping[str, Claim]) -> None:
        """Write that the opposite of an inference is impossible."""
        person, knight = inference.roles[0]
        other = (person, not knight)
        long_slots = {"srole": slots["srole"], "so": self.claims.roles("known", inference.roles[:1])}
        long_slots |= self.claims.assumed(other)
        long_slots["f"] = self.claims.truth("by value", inference.utterance, not slots["t"].value, (other,))
        self.write_sentence(wordings.LONG_AGAIN, long_slots)

    def write_recap(self) -> None:
        """Write what is known by now."""
        self.recapped = len(self.known)
        known = tuple(sorted(self.known.items()))
        if not known or len(self.puzzle.names) > _MAX_RECAP_PEOPLE:
            return
        slots = {"known": self.claims.roles("known", known)}
        open_ = [p for p in range(len(self.puzzle.names)) if p not in self.known]
        if self.supposed:
            self.write_sentence(wordings.LONG_RECAP_WITHIN, slots)
        elif open_:
            slots["open"] = self.claims.names_of(open_)
            self.write_sentence(wordings.LONG_RECAP, slots)

    def close_supposition(self, slots: Slots) -> None:
        """Write that a supposition has failed."""
        self.recapped = len(self.known)
        self.write_sentence(wordings.LONG_RETRACT_WITHIN if self.supposed else wordings.LONG_RETRACT, slots)
        self.opens = not self.supposed

    def write_check(self) -> None:
        """Write each utterance's check, with the roles that it is about."""
        known = tuple(sorted(self.known.items()))
        self.write_sentence(wordings.LONG_FOUND, {"known": self.claims.roles("known", known)}, opens=True)
        for step in self.trace.verified:
            speaker, content = self.puzzle.statements[step.statement]
            slots = {
                "says": self.claims.quote(step.statement),
                "s": self.claims.name(speaker),
                "srole": self.claims.roles("known", ((speaker, self.known[speaker]),)),
                "t": self.claims.truth("by value", step.statement, step.true),
                "worked": self.claims.roles("known", tuple((p, self.known[p]) for p in sorted(content.people))),
            }
            self.write_sentence(wordings.LONG_VERIFY, slots)
        self.write_sentence(wordings.LONG_CLOSING, {})
