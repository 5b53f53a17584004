"""Claims put into English: each is built here, its words together with what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from knk.logic.choice import Choice
from knk.logic.puzzle import Puzzle
from knk.logic.statements import Statement
from knk.text.compose import compose
from knk.text.explain import wordings
from knk.text.explain.claims import Claim, ClaimKind, Role
from knk.text.vocabulary import capitalised, join_words, plural, with_article

_VARIANTS: Final = 8
"""Wordings of one statement to choose among."""
_MANY: Final = 4
"""Roles from which on people who share one are named together."""
_clause = lru_cache(maxsize=65536)(compose)


class ClaimBuilder:
    """Builds the claims of one explanation.

    Args:
        puzzle: the puzzle.
        choice: chooses among wordings; shared with the writer of the sentences.
    """

    def __init__(self, puzzle: Puzzle, choice: Choice) -> None:
        self.names = puzzle.names
        self.role_words = puzzle.roles
        self.utterances = puzzle.statements
        self.choice = choice

    def role_word(self, knight: bool) -> str:
        """Return the word for a knight or a knave."""
        return self.role_words[0 if knight else 1]

    def name(self, person: int) -> Claim:
        """Return somebody's name."""
        return Claim(self.names[person], "name", roles=((person, True),))

    def names_of(self, people: Sequence[int]) -> Claim:
        """Return the claim that no role of these people is known yet."""
        return Claim(join_words([self.names[p] for p in people]), "open", roles=tuple((p, True) for p in people))

    def quote(self, index: int) -> Claim:
        """Return the claim that an utterance's speaker says it."""
        speaker, content = self.utterances[index]
        if speaker in content.people:
            clause = capitalised(self.clause(content, speaker))
            text = self.choice.pick(wordings.SAYS_OF_ONESELF).format(s=self.names[speaker], C=clause)
        else:
            text = self.choice.pick(wordings.SAYS).format(s=self.names[speaker], c=self.clause(content))
        return Claim(text, "quoted", utterance=index, statement=content)

    def clause(self, statement: Statement, me: int | None = None) -> str:
        """Return a statement in English, in the words of `me` if given."""
        variant = self.choice.below(_VARIANTS)
        return _clause(statement, len(self.names), self.role_words, me, variant).format(*self.names)

    def roles(self, kind: ClaimKind, roles: tuple[Role, ...], index: int = -1, be: str = "") -> Claim:
        """Return the claim that people have these roles; `be` replaces "is" and "are"."""
        return Claim(self._roles_text(roles, be), kind, roles=roles, utterance=index)

    def _roles_text(self, roles: Sequence[Role], be: str = "") -> str:
        """Return people's roles as a clause; those who share one are named together where they are many."""
        if len({knight for _, knight in roles}) == 2 and len(roles) < _MANY:
            return join_words([self._group_text([person], knight, be) for person, knight in roles])
        clauses = []
        for knight in (True, False):
            group = [person for person, role in roles if role is knight]
            if group:
                clauses.append(self._group_text(group, knight, be))
        return ", and ".join(clauses)

    def _group_text(self, group: Sequence[int], knight: bool, be: str) -> str:
        """Return the clause that everybody of a group has one role."""
        if len(group) == 1:
            return f"{self.names[group[0]]} {be or 'is'} {with_article(self.role_word(knight))}"
        whole = "both" if len(group) == 2 else "all"
        verb = be.replace(" ", f" {whole} ") if be else f"are {whole}"
        return f"{join_words([self.names[p] for p in group])} {verb} {plural(self.role_word(knight))}"

    def truth(self, kind: ClaimKind, index: int, value: bool, extra: tuple[Role, ...] = ()) -> Claim:
        """Return the claim that an utterance is true or false, `extra` roles assumed."""
        content = self.utterances[index].statement
        return Claim("true" if value else "false", kind, utterance=index, statement=content, value=value, extra=extra)

    def opposite(self, index: int, statement: Statement) -> Claim:
        """Return the opposite of a false utterance as a claim of its own."""
        return Claim(self.clause(statement), "by role", utterance=index, statement=statement)

    def law(self, knight: bool, value: bool) -> Claim:
        """Return the law that nobody of a role says anything of a truth value."""
        word = "true" if value else "false"
        text = f"{with_article(self.role_word(knight))} never says anything {word}"
        return Claim(text, "law", roles=((-1, knight),), value=value)

    def assumed(self, role: Role) -> dict[str, Claim]:
        """Return the slots for a role that is assumed within one sentence: "were" and "now"."""
        person, knight = role
        word = with_article(self.role_word(knight))
        return {
            slot: Claim(f"{self.names[person]} {be} {word}", "by value", roles=(role,), extra=(role,))
            for slot, be in (("were", "were"), ("now", "is"))
        }

    def paradox(self, index: int, extra: tuple[Role, ...]) -> Claim:
        """Return the claim that an utterance would be false from a knight and true from a knave."""
        speaker, content = self.utterances[index]
        knight, knave = map(with_article, self.role_words)
        name = self.names[speaker]
        text = f"this would be false if {name} were {knight} and true if {name} were {knave}"
        return Claim(text, "paradox", utterance=index, statement=content, extra=extra)

    def verdicts(self, known: Mapping[int, bool]) -> Claim:
        """Return the claim that everybody's statements are what the speakers' roles make them."""
        speakers = sorted({speaker for speaker, _ in self.utterances})
        clauses = []
        for true in (True, False):
            names = [self.names[p] for p in speakers if known[p] is true]
            if names:
                say = "say" if len(names) > 1 else "says"
                clauses.append(f"what {join_words(names)} {say} is {'true' if true else 'false'}")
        return Claim(", and ".join(clauses), "by role", roles=tuple((p, known[p]) for p in speakers))
