"""Statements put into English: `compose`, the inverse of `knk.text.clauses.read_clause`.

What comes out is a template: people are written `{0}`, `{1}`, ..., so that one wording serves any names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from knk.logic.mixing import mix
from knk.logic.puzzle import Roles
from knk.logic.statements import (
    And,
    Atom,
    Count,
    Iff,
    Implies,
    Not,
    OneOf,
    Or,
    Parity,
    SameKind,
    Statement,
)
from knk.text import wordings
from knk.text.vocabulary import article, join_words, number_word, plural

T = TypeVar("T")
FEW: Final = 7
"""A group of everybody is listed by name up to this many people, and "the twelve" beyond."""


def compose(
    statement: Statement, people: int, roles: Roles, me: int | None = None, variant: int = 0, polite: bool = False
) -> str:
    """Return a statement in English, people written as `{0}`, `{1}`, ...

    Args:
        statement: what is said.
        people: how many people the puzzle has.
        roles: the words for those who tell the truth and those who lie.
        me: who is "I", if anybody is.
        variant: which wording to choose; 0 is always the plainest.
        polite: whether to do without "I" where the order of people would give "I and Bob" or "me and Bob".

    >>> from knk.logic.statements import Knave, Knight
    >>> compose(Implies(Knight(0), Not(Knave(1))), 2, ("knight", "knave"), me=0)
    'if I am a knight then {1} is not a knave'
    """
    composer = _Composer(people, roles, me, variant)
    text, _ = composer.write(statement)
    return compose(statement, people, roles, None, variant) if polite and composer.awkward else text


Clause = tuple[str, bool]
"""A clause and whether it is closed: whether another may follow it without brackets."""


class _Composer:
    def __init__(self, people: int, roles: Roles, me: int | None, variant: int) -> None:
        self.people = people
        self.roles = roles
        self.me = me
        self.state = variant
        self.awkward = False

    def pick(self, options: Sequence[T]) -> T:
        if not self.state:
            return options[0]
        self.state = mix(self.state) or 1
        return options[(self.state >> 32) % len(options)]

    def write(self, statement: Statement) -> Clause:
        match statement:
            case Atom(person):
                return self.atom(person, statement.is_knight), True
            case Not():
                return self.denial(statement.parts[0])
            case And():
                return self.together(statement.parts)
            case Or():
                return self.either(statement.parts)
            case OneOf():
                return self.one_of(statement.parts)
            case Implies():
                return self.conditional(*statement.parts)
            case Iff():
                left, right = map(self.part, statement.parts)
                return f"{left} {self.pick(wordings.IFF)} {right}", False
            case Count():
                return self.count(statement)
            case Parity():
                return self.parity(statement)
            case SameKind():
                return self.same_kind(statement)
        raise TypeError(f"{type(statement).__name__} has no wording")

    def part(self, statement: Statement) -> str:
        text, closed = self.write(statement)
        return text if closed else f"({text})"

    # People and role words.

    def subject(self, person: int) -> str:
        return "I" if person == self.me else f"{{{person}}}"

    def object(self, person: int) -> str:
        return "me" if person == self.me else f"{{{person}}}"

    def subjects(self, group: Sequence[int], conjunction: str = "and") -> str:
        self.awkward |= self.me in group[:-1]
        return join_words([self.subject(person) for person in group], conjunction)

    def is_(self, person: int) -> str:
        return "am" if person == self.me else "is"

    def a(self, truth: bool) -> str:
        word = self.roles[0 if truth else 1]
        return f"{article(word)} {word}"

    def many(self, truth: bool) -> str:
        return plural(self.roles[0 if truth else 1])

    def group(self, group: tuple[int, ...]) -> str:
        """Return people as they follow "of" or "among"."""
        whole = group == tuple(range(self.people)) and len(group) > 1
        if whole and self.me is not None:
            return "us"
        self.awkward |= self.me in group[:-1]
        names = join_words([self.object(person) for person in group])
        if not whole:
            return names
        total = f"the {number_word(self.people)}"
        if self.people > FEW:
            return total
        return self.pick((names, total)) if self.people > 2 else names

    # Statements with no statement inside.

    def atom(self, person: int, truth: bool) -> str:
        who, be = self.subject(person), self.is_(person)
        plain = f"{who} {be} {self.a(truth)}"
        mine = person == self.me
        habit = (
            ("always tell" if mine else "always tells") + " the truth" if truth else f"always lie{'' if mine else 's'}"
        )
        short = f"I'm {self.a(truth)}" if mine else plain
        return self.pick((plain, plain, short, plain, f"{who} {habit}"))

    def denied_atom(self, person: int, truth: bool) -> str:
        who, be = self.subject(person), self.is_(person)
        plain = f"{who} {be} not {self.a(truth)}"
        short = f"I'm not {self.a(truth)}" if person == self.me else plain
        return self.pick((plain, short, f"{who} {be} no {self.roles[0 if truth else 1]}"))

    def count(self, count: Count) -> Clause:
        relation, k, group, truth = count.args
        many = self.many(truth)
        phrase = self.pick(wordings.RELATIONS[relation])
        among = f"the number of {many} among {self.group(group)} is {phrase} {number_word(k)}", True
        if len(group) == 1:
            return f"the number of {many} among {self.group(group)} alone is {phrase} {number_word(k)}", True
        if relation == "exactly" and k == 0:
            if len(group) == 2 and self.group(group) != "us":
                return among
            return self.pick(((f"none of {self.group(group)} is {self.a(truth)}", True), among))
        of = f"{phrase} {number_word(k)} of {self.group(group)} {f'is {self.a(truth)}' if k == 1 else f'are {many}'}"
        word = self.roles[0 if truth else 1] if k == 1 else many
        there = f"there {'is' if k == 1 else 'are'} {phrase} {number_word(k)} {word} among {self.group(group)}"
        return self.pick(((of, True), (of, True), (there, False), among))

    def parity(self, parity: Parity) -> Clause:
        even, group, truth = parity.args
        word = "even" if even else "odd"
        many = self.many(truth)
        if len(group) == 1:
            return f"the number of {many} among {self.group(group)} alone is {word}", True
        of = f"an {word} number of {self.group(group)} are {many}", True
        among = f"the number of {many} among {self.group(group)} is {word}", True
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

    def denial(self, part: Statement) -> Clause:
        if isinstance(part, Atom):
            return self.denied_atom(part.person, part.is_knight), True
        return f"{self.pick(wordings.NOT_THAT)} {self.part(part)}", False

    def together(self, parts: tuple[Statement, ...]) -> Clause:
        denied = [part.parts[0] for part in parts if isinstance(part, Not)]
        options: list[Clause] = []
        group, truth = _alike(parts)
        if group and self.me is not None and group == tuple(range(self.people)):
            both = "both" if len(group) == 2 else "all"
            options += [(f"we are {both} {self.many(truth)}", True), (f"{both} of us are {self.many(truth)}", True)] * 2
        elif len(group) == 2:
            names = self.subjects(group)
            options += [(f"{names} are both {self.many(truth)}", True), (f"both {names} are {self.many(truth)}", True)]
        elif group:
            options += [(f"{self.subjects(group)} are all {self.many(truth)}", True)] * 2
        group, truth = _alike(denied) if len(denied) == len(parts) == 2 else ((), True)
        if group:
            last = self.is_(group[1])
            options += [(f"neither {self.subjects(group, 'nor')} {last} {self.a(truth)}", True)] * 2
        # Parts are written once and only if they are needed: writing them for each option would double with the depth.
        chosen = self.pick([None, *options])
        return chosen or (self.chain(self.texts(parts), "and"), False)

    def either(self, parts: tuple[Statement, ...]) -> Clause:
        texts = self.texts(parts)
        chain = self.chain(texts, "or"), False
        options = [chain, chain, (f"either {chain[0]}", False)] if len(parts) == 2 else [chain]
        group, truth = _alike(parts)
        if group:
            text = f"{self.subjects(group, 'or')} {self.is_(group[-1])} {self.a(truth)}"
            options += [(text, False), (f"either {text}", False)] if len(parts) == 2 else [(text, False)]
        elif not all(isinstance(part, Atom) for part in parts):
            options.append((f"at least one of {self.claims(texts)}", False))
        return self.pick(options)

    def one_of(self, parts: tuple[Statement, ...]) -> Clause:
        texts = self.texts(parts)
        options = [(f"exactly one of {self.claims(texts)}", False)]
        if len(parts) == 2:
            options.insert(0, (f"either {self.chain(texts, 'or')}, but not both", False))
            group, truth = _alike(parts)
            if group:
                text = f"either {self.subjects(group, 'or')} {self.is_(group[-1])} {self.a(truth)}, but not both"
                options.append((text, False))
        return self.pick(options)

    def conditional(self, premise: Statement, conclusion: Statement) -> Clause:
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

    def texts(self, parts: Sequence[Statement]) -> list[str]:
        return [self.part(part) for part in parts]

    def chain(self, texts: Sequence[str], conjunction: str) -> str:
        return self.pick((f" {conjunction} ".join(texts), join_words(texts, conjunction)))

    def claims(self, texts: Sequence[str]) -> str:
        return f"{self.pick(wordings.CLAIMS)} is true: {'; '.join(texts)}"


def _alike(parts: Sequence[Statement]) -> tuple[tuple[int, ...], bool]:
    """Return the people of parts that all say one thing of different people, and whether it is "tells the truth"."""
    atoms = [part for part in parts if isinstance(part, Atom)]
    group, roles = tuple(atom.person for atom in atoms), {atom.is_knight for atom in atoms}
    if len(roles) != 1 or len(group) != len(parts) or len(set(group)) < len(group):
        return (), True
    return group, True in roles
