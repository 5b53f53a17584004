"""The writer of searches: whole answers tried one after another, until one fits."""

from __future__ import annotations

from collections import Counter
from typing import Final

from knk.errors import BadPuzzle
from knk.proofs.search import Check, Try, search
from knk.proofs.steps import Trace
from knk.text.explain import wordings
from knk.text.explain.writer import Slots, Writer

MAX_PEOPLE: Final = 6
"""People up to whom a search is written: it tries up to 64 answers."""
_QUOTED_AGAIN: Final = 4
"""A statement told before is told in full once in so many checks."""


class SearchWriter(Writer):
    """Writes a search that ends at the solution, as `knk.proofs.search.search` finds it with the same seed.

    Raises:
        BadPuzzle: there are so many people that the text would be too long.
    """

    def __init__(self, trace: Trace, seed: int) -> None:
        super().__init__(trace, seed)
        people = len(self.puzzle.names)
        if people > MAX_PEOPLE:
            raise BadPuzzle(f"expected at most {MAX_PEOPLE} people for the style 'search', got {people}: use 'long'")
        self.tries = search(self.puzzle, seed=seed).tries
        self.statements_of = Counter(speaker for speaker, _ in self.puzzle.statements)
        self.quoted: set[int] = set()  # The statements that the text has told by now.

    def write(self) -> None:
        """Write every try, and the answer that fits."""
        self.write_sentence(wordings.SEARCH_OPENING, {})
        for attempt in self.tries:
            self.write_try(attempt)
        self.write_sentence(wordings.SEARCH_CLOSING, {"known": self.claims.roles("known", _all(attempt))}, opens=True)

    def write_try(self, attempt: Try) -> None:
        """Write a candidate and its checks."""
        options = wordings.SEARCH_TRY_AGAIN if attempt is not self.tries[0] else wordings.SEARCH_TRY
        self.write_sentence(options, {"tried": self.claims.roles("tried", _all(attempt))}, opens=True)
        for check in attempt.checks:
            self.write_checked(attempt, check)

    def write_checked(self, attempt: Try, check: Check) -> None:
        """Write whether a statement holds; one told before is mostly only referred to."""
        index, roles = check.statement, attempt.roles
        speaker, content = self.puzzle.statements[index]
        slots: Slots = {
            "s": self.claims.name(speaker),
            "srole": self.claims.roles("known", ((speaker, roles[speaker]),)),
            "is": self.claims.truth("by value", index, check.is_true),
            "should": self.claims.truth("by role", index, roles[speaker]),
            "worked": self.claims.roles("known", tuple((p, roles[p]) for p in sorted(content.people))),
        }
        kind = "holds" if check.holds else "fails"
        if index in self.quoted and self.statements_of[speaker] == 1 and self.choice.below(_QUOTED_AGAIN):
            kind += " again"
        else:
            self.quoted.add(index)
            slots["says"] = self.claims.quote(index)
        self.write_sentence(wordings.SEARCH_CHECK[kind], slots)


def _all(attempt: Try) -> tuple[tuple[int, bool], ...]:
    return tuple(enumerate(attempt.roles))
