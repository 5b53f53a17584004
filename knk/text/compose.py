"""Statements as English clauses: `compose`, the inverse of `knk.text.clauses.clause.read_clause`.

The result is a template: people are written `{0}`, `{1}`, ..., so that one wording serves any names. To write one more
kind of statement, add an entry to `WRITERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from knk.logic.mixing import mix
from knk.logic.puzzle import Roles
from knk.logic.statements import (
    And,
    Atom,
    Count,
    Iff,
    Implies,
    Knave,
    Knight,
    Not,
    OneOf,
    Or,
    Parity,
    SameKind,
    Statement,
)
from knk.text import wordings
from knk.text.vocabulary import join_words, number_word, plural, with_article

T = TypeVar("T")
MAX_LISTED_PEOPLE: Final = 7
"""A group of everybody may be listed by name up to this many people; beyond, it is "the twelve"."""


def compose(
    statement: Statement, people: int, roles: Roles, me: int | None = None, variant: int = 0, polite: bool = False
) -> str:
    """Return a statement in English, people written as `{0}`, `{1}`, ...

    Args:
        statement: the statement.
        people: how many people the puzzle has.
        roles: the words for those who tell the truth and those who lie.
        me: who is "I", if anybody is.
        variant: which wording to choose; 0 is always the plainest.
        polite: whether to avoid "I and Bob" and "me and Bob", by using names alone.

    >>> compose(Implies(Knight(0), Not(Knave(1))), 2, ("knight", "knave"), me=0)
    'if I am a knight then {1} is not a knave'
    """
    composer = _Composer(people, roles, me, variant)
    text, _ = composer.write(statement)
    return compose(statement, people, roles, None, variant) if polite and composer.is_impolite else text


Clause = tuple[str, bool]
"""A clause and whether it is closed: whether a conjunction may follow it without brackets."""


class _Composer:
    """Writes one statement.

    Every method that writes a kind of statement returns a `Clause`; `group` is people by number, `truth` whether a role
    is that of truth-tellers.
    """

    def __init__(self, people: int, roles: Roles, me: int | None, variant: int) -> None:
        self.people = people
        self.roles = roles
        self.me = me
        self.state = variant
        self.is_impolite = False

    def pick(self, options: Sequence[T]) -> T:
        """Return the option that the variant chooses; the first for variant 0."""
        if not self.state:
            return options[0]
        self.state = mix(self.state) or 1
        return options[(self.state >> 32) % len(options)]

    def write(self, statement: Statement) -> Clause:
        """Return a statement as a clause."""
        writer = WRITERS.get(type(statement))
        if writer is None:
            raise TypeError(f"{type(statement).__name__} has no wording")
        return writer(self, statement)

    def part(self, statement: Statement) -> str:
        """Return a statement inside another one, in brackets where they are needed."""
        text, is_closed = self.write(statement)
        return text if is_closed else f"({text})"

    # People and role words.

    def subject(self, person: int) -> str:
        return "I" if person == self.me else f"{{{person}}}"

    def object(self, person: int) -> str:
        return "me" if person == self.me else f"{{{person}}}"

    def subjects(self, group: Sequence[int], conjunction: str = "and") -> str:
        self.is_impolite |= self.me in group[:-1]
        return join_words([self.subject(person) for person in group], conjunction)

    def is_(self, person: int) -> str:
        return "am" if person == self.me else "is"

    def role(self, truth: bool) -> str:
        return self.roles[0 if truth else 1]

    def a(self, truth: bool) -> str:
        return with_article(self.role(truth))

    def plural_role(self, truth: bool) -> str:
        return plural(self.role(truth))

    def group(self, group: tuple[int, ...]) -> str:
        """Return people as they follow "of" or "among"."""
        whole = group == tuple(range(self.people)) and len(group) > 1
        if whole and self.me is not None:
            return "us"
        self.is_impolite |= self.me in group[:-1]
        names = join_words([self.object(person) for person in group])
        if not whole:
            return names
        total = f"the {number_word(self.people)}"
        if self.people > MAX_LISTED_PEOPLE:
            return total
        return self.pick((names, total)) if self.people > 2 else names

    # Statements with no statement inside.

    def atom(self, atom: Atom) -> Clause:
        person, truth = atom.person, atom.is_knight
        subject, be = self.subject(person), self.is_(person)
        plain = f"{subject} {be} {self.a(truth)}"
        is_me = person == self.me
        ending = "" if is_me else "s"
        habit = f"always tell{ending} the truth" if truth else f"always lie{ending}"
        contracted = f"I'm {self.a(truth)}" if is_me else plain
        return self.pick((plain, plain, contracted, plain, f"{subject} {habit}")), True

    def denied_atom(self, atom: Atom) -> Clause:
        person, truth = atom.person, atom.is_knight
        subject, be = self.subject(person), self.is_(person)
        plain = f"{subject} {be} not {self.a(truth)}"
        contracted = f"I'm not {self.a(truth)}" if person == self.me else plain
        return self.pick((plain, contracted, f"{subject} {be} no {self.role(truth)}")), True

    def count(self, count: Count) -> Clause:
        relation, k, group, truth = count.args
        plural_role = self.plural_role(truth)
        phrase = self.pick(wordings.RELATIONS[relation])
        among = f"the number of {plural_role} among {self.group(group)} is {phrase} {number_word(k)}", True
        if len(group) == 1:
            return f"the number of {plural_role} among {self.group(group)} alone is {phrase} {number_word(k)}", True
        if relation == "exactly" and k == 0:
            if len(group) == 2 and self.group(group) != "us":
                return among
            return self.pick(((f"none of {self.group(group)} is {self.a(truth)}", True), among))
        predicate = f"is {self.a(truth)}" if k == 1 else f"are {plural_role}"
        of = f"{phrase} {number_word(k)} of {self.group(group)} {predicate}"
        word = self.role(truth) if k == 1 else plural_role
        there_are = f"there {'is' if k == 1 else 'are'} {phrase} {number_word(k)} {word} among {self.group(group)}"
        return self.pick(((of, True), (of, True), (there_are, False), among))

    def parity(self, parity: Parity) -> Clause:
        even, group, truth = parity.args
        word = "even" if even else "odd"
        plural_role = self.plural_role(truth)
        if len(group) == 1:
            return f"the number of {plural_role} among {self.group(group)} alone is {word}", True
        of = f"an {word} number of {self.group(group)} are {plural_role}", True
        among = f"the number of {plural_role} among {self.group(group)} is {word}", True
        return self.pick((of, among))

    def same_kind(self, same: SameKind) -> Clause:
        left, right = same.left, same.right
        phrase = self.pick(wordings.SAME if same.same else wordings.DIFFERENT)
        pair = f"{self.subject(left)} and {self.subject(right)} are {phrase}"
        if self.me is not None and self.people == 2 and (left, right) == (0, 1):
            pair = self.pick((f"we are {phrase}", pair))
        link = self.pick(wordings.SAME_AS if same.same else wordings.DIFFERENT_FROM)
        compared = f"{self.subject(left)} {self.is_(left)} {link} {self.object(right)}"
        if left == self.me and not pair.startswith("we"):
            return compared, True
        return self.pick((pair, pair, compared)), True

    # Statements with statements inside.

    def denial(self, statement: Not) -> Clause:
        part = statement.parts[0]
        if isinstance(part, Atom):
            return self.denied_atom(part)
        return f"{self.pick(wordings.NOT_THAT)} {self.part(part)}", False

    def conjunction(self, statement: And) -> Clause:
        parts = statement.parts
        denied = [part.parts[0] for part in parts if isinstance(part, Not)]
        options: list[Clause] = []
        group, truth = _same_role(parts)
        if group and self.me is not None and group == tuple(range(self.people)):
            both = "both" if len(group) == 2 else "all"
            options += [
                (f"we are {both} {self.plural_role(truth)}", True),
                (f"{both} of us are {self.plural_role(truth)}", True),
            ] * 2
        elif len(group) == 2:
            names = self.subjects(group)
            options += [
                (f"{names} are both {self.plural_role(truth)}", True),
                (f"both {names} are {self.plural_role(truth)}", True),
            ]
        elif group:
            options += [(f"{self.subjects(group)} are all {self.plural_role(truth)}", True)] * 2
        group, truth = _same_role(denied) if len(denied) == len(parts) == 2 else ((), True)
        if group:
            last = self.is_(group[1])
            options += [(f"neither {self.subjects(group, 'nor')} {last} {self.a(truth)}", True)] * 2
        # Parts are written once, and only if needed: writing them for each option would double the work per level.
        chosen = self.pick([None, *options])
        return chosen or (self.chain(self.texts(parts), "and"), False)

    def disjunction(self, statement: Or) -> Clause:
        parts = statement.parts
        texts = self.texts(parts)
        chain = self.chain(texts, "or"), False
        options = [chain, chain, (f"either {chain[0]}", False)] if len(parts) == 2 else [chain]
        group, truth = _same_role(parts)
        if group:
            text = f"{self.subjects(group, 'or')} {self.is_(group[-1])} {self.a(truth)}"
            options += [(text, False), (f"either {text}", False)] if len(parts) == 2 else [(text, False)]
        elif not all(isinstance(part, Atom) for part in parts):
            options.append((f"at least one of {self.claims(texts)}", False))
        return self.pick(options)

    def one_of(self, statement: OneOf) -> Clause:
        parts = statement.parts
        texts = self.texts(parts)
        options = [(f"exactly one of {self.claims(texts)}", False)]
        if len(parts) == 2:
            options.insert(0, (f"either {self.chain(texts, 'or')}, but not both", False))
            group, truth = _same_role(parts)
            if group:
                text = f"either {self.subjects(group, 'or')} {self.is_(group[-1])} {self.a(truth)}, but not both"
                options.append((text, False))
        return self.pick(options)

    def conditional(self, statement: Implies) -> Clause:
        premise, conclusion = statement.parts
        then = self.part(conclusion)
        if_ = self.part(premise)
        return self.pick(
            (
                (f"if {if_} then {then}", False),
                (f"if {if_}, then {then}", False),
                (f"if {if_}, then {then}", False),
                (f"{then} if {if_}", False),
                (f"{if_} only if {then}", False),
            )
        )

    def biconditional(self, statement: Iff) -> Clause:
        left, right = map(self.part, statement.parts)
        return f"{left} {self.pick(wordings.IFF)} {right}", False

    def texts(self, parts: Sequence[Statement]) -> list[str]:
        return [self.part(part) for part in parts]

    def chain(self, texts: Sequence[str], conjunction: str) -> str:
        return self.pick((f" {conjunction} ".join(texts), join_words(texts, conjunction)))

    def claims(self, texts: Sequence[str]) -> str:
        return f"{self.pick(wordings.CLAIMS)} is true: {'; '.join(texts)}"


WRITERS: Final[dict[type[Statement], Callable[[_Composer, Any], Clause]]] = {
    Knight: _Composer.atom,
    Knave: _Composer.atom,
    Not: _Composer.denial,
    And: _Composer.conjunction,
    Or: _Composer.disjunction,
    OneOf: _Composer.one_of,
    Implies: _Composer.conditional,
    Iff: _Composer.biconditional,
    Count: _Composer.count,
    Parity: _Composer.parity,
    SameKind: _Composer.same_kind,
}
"""How each kind of statement is written."""


def _same_role(parts: Sequence[Statement]) -> tuple[tuple[int, ...], bool]:
    """Return the people to whom parts give one role, each another one, and whether it is the knights'; or nobody."""
    atoms = [part for part in parts if isinstance(part, Atom)]
    group, roles = tuple(atom.person for atom in atoms), {atom.is_knight for atom in atoms}
    if len(roles) != 1 or len(group) != len(parts) or len(set(group)) < len(group):
        return (), True
    return group, True in roles
