"""English put back into statements: `read_clause`, the inverse of `knk.text.compose.compose`.

A recursive-descent reader over tokens in which names are already numbers and role words are `TRUTH` and `LIE`. It
takes what has one meaning only: where English is ambiguous ("A and B or C") it asks for brackets, and it never skips a
word. Its decisions where logicians differ: "either ... or" is inclusive unless "but not both" follows; "if" binds up to
the end of its clause; people who are "both knaves" are a conjunction, "none of" them a count of zero.

Glossary: a *unit* is a clause that no "and", "or" or "if and only if" joins at the top. A unit is *open* when its end
is not marked ("it is not the case that ...", "if ... then ..."), so that no connective may follow it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, NoReturn

from knk.logic.notation import MAX_DEPTH
from knk.logic.statements import (
    And,
    Count,
    Iff,
    Implies,
    Knave,
    Knight,
    Not,
    OneOf,
    Or,
    Parity,
    Relation,
    SameKind,
    Statement,
)
from knk.text import wordings
from knk.text.tokens import QUOTE
from knk.text.vocabulary import NUMBER_WORDS
from knk.text.wordings import LIE, TRUTH, Phrases

Token = str | int
_NOT_THAT: Final = Phrases(
    {**dict.fromkeys(wordings.READ_NOT_THAT, True), **dict.fromkeys(wordings.READ_SO_THAT, False)}
)
_IFF: Final = Phrases(dict.fromkeys(wordings.READ_IFF, Iff))
_RELATIONS: Final = Phrases(wordings.READ_RELATIONS)
_CLAIMS: Final = Phrases(dict.fromkeys(wordings.READ_CLAIMS, True))
_HABITS: Final = Phrases(wordings.HABITS)
_DOING: Final = Phrases(wordings.DOING)
_SAME: Final = Phrases(wordings.READ_SAME)
_SAME_AS: Final = Phrases(wordings.READ_SAME_AS)
_NOT_BOTH: Final = Phrases(dict.fromkeys(wordings.BUT_NOT_BOTH, True))
_OR_BOTH: Final = Phrases(dict.fromkeys(wordings.OR_BOTH, True))
_NUMBERS: Final = {word: number for number, word in enumerate(NUMBER_WORDS)} | {"no": 0}
_VERB_STARTS: Final = wordings.BE | frozenset(
    ("always", "never", "only", "does", "do", "both", "all", "tells", "tell", "lies", "lie", "speaks", "speak")
)
_MARKS: Final = frozenset((",", ".", ";", ":", "!", "?", ")", "then", "<end>"))
_DEEPEST: Final = 2 * MAX_DEPTH
"""Brackets and conditions within one another that are read: a statement needs at most two a level."""


class Unread(Exception):
    """Tokens that cannot be read, from `at` on; whoever knows the text turns it into a `BadText`."""

    def __init__(self, at: int, problem: str) -> None:
        super().__init__(problem)
        self.at = at
        self.problem = problem


Make = Callable[[bool, bool], Statement]
"""Builds a statement from a predicate: whether it makes a truth-teller, and whether it is denied."""


class _Subject(NamedTuple):
    """Whom a clause is about, and what is claimed of how many of them."""

    make: Make
    group: tuple[int, ...]
    listed: bool = False


@lru_cache(maxsize=65536)
def read_clause(tokens: tuple[Token, ...], people: int, speaker: int | None) -> tuple[Statement, int]:
    """Return the statement that tokens begin with, and where it ends.

    Raises:
        Unread: no statement can be read.

    >>> read_clause((0, "is", "not", "a", TRUTH, "."), 1, None)
    (Not(Knight(0)), 5)
    """
    reader = _Reader(tokens, people, speaker)
    statement, _ = reader.clause(0)
    if reader.deep and statement.depth > MAX_DEPTH:
        raise Unread(0, f"statements are nested deeper than {MAX_DEPTH}")
    return statement, reader.at


class _Reader:
    def __init__(self, tokens: Sequence[Token], people: int, speaker: int | None) -> None:
        self.tokens = tokens
        self.size = len(tokens)
        self.people = people
        self.speaker = speaker
        self.at = 0
        self.deep = False
        self.began = 0  # Where the subject of the clause at hand began.
        self.mentioned: set[int] = set()
        # Units read so far, by place: a unit read to find out what a comma means is not read twice.
        self.units: dict[int, tuple[Statement, bool, int]] = {}

    # Tokens.

    def peek(self, ahead: int = 0) -> Token:
        place = self.at + ahead
        return self.tokens[place] if place < self.size else ""

    def accept(self, *words: str) -> bool:
        """Pass the given words if they come next."""
        for ahead, word in enumerate(words):
            if self.peek(ahead) != word:
                return False
        self.at += len(words)
        return True

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            self.fail(f"{' '.join(words)!r} is wanted here")

    def take(self, phrases: Phrases[Any]) -> Any:
        """Pass one of the phrases and return its value, or return None."""
        found = phrases.match(self.tokens, self.at)
        if found is None:
            return None
        self.at = found[1]
        return found[0]

    def fail(self, problem: str, at: int | None = None) -> NoReturn:
        raise Unread(self.at if at is None else at, problem)

    # Clauses.

    def clause(self, depth: int, premise: bool = False) -> tuple[Statement, bool]:
        """Read units and what joins them; return the statement and whether its end is open."""
        start = self.at
        statement, open_, kind = self.chain(depth)
        left = self.at
        comma = self.accept(",")
        joined = self.joiner(premise)
        if joined is None:
            self.at = left
            return statement, open_
        if open_ or kind is not None:
            self.fail("brackets are wanted to show what belongs together", start)
        other, _, other_kind = self.chain(depth)
        if other_kind is not None or (not comma and self.joiner(premise) is not None):
            self.fail("brackets are wanted to show what belongs together", start)
        if joined is Iff:
            return Iff(statement, other), True
        return (Implies(statement, other) if joined else Implies(other, statement)), True

    def joiner(self, premise: bool) -> Any:
        """Pass "if and only if", "only if" or "if": Iff, True or False; None where none comes."""
        if self.take(_IFF):
            return Iff
        if self.accept("only", "if"):
            return True
        if not premise and (self.accept("if") or self.accept("provided", "that")):
            return False
        return None

    def chain(self, depth: int) -> tuple[Statement, bool, type[Statement] | None]:
        """Read units joined by "and", or by "or"; return the statement, whether it is open, and which of the two."""
        start = self.at
        statement, open_ = self.unit(depth)
        parts, kind = [statement], None
        only_first: int | None = None
        while True:
            before = self.at
            comma = self.accept(",")
            if comma and len(parts) == 1:
                only_first = before
            joined = None if self.joins_otherwise() else self.conjunction()
            if joined is None and not (comma and kind is None and self.item_begins()):
                self.at = before
                break
            if open_ or (kind not in (None, joined) and joined is not None):
                self.fail("brackets are wanted to show what belongs together", start)
            kind = joined or kind
            statement, open_ = self.unit(depth, last=True)
            parts.append(statement)
        if len(parts) > 1 and kind is None:
            # "A, B": the comma does not join, so what follows it belongs to whoever asked for A.
            assert only_first is not None
            self.at = only_first
            statement, open_, _ = self.units[start]
            return statement, open_, None
        if kind is Or and len(parts) == 2 and self.but_not_both():
            return OneOf(*parts), True, None
        if kind is Or and len(parts) == 2:
            self.or_both()
        return (kind(*parts) if kind else statement), open_, kind

    def conjunction(self) -> type[Statement] | None:
        word = self.peek()
        if word in wordings.AND_WORDS:
            self.at += 1
            return And
        if word == "or":
            self.at += 1
            return Or
        return None

    def joins_otherwise(self) -> bool:
        return self.ends_with(_NOT_BOTH) or self.ends_with(_OR_BOTH)

    def ends_with(self, phrases: Phrases[bool]) -> bool:
        """Whether one of the phrases comes next and nothing of the clause after it."""
        found = phrases.match(self.tokens, self.at)
        return found is not None and (found[1] >= self.size or self.tokens[found[1]] in _MARKS)

    def item_begins(self) -> bool:
        """Whether a unit may come after a comma alone: one whose own words say where it ends."""
        return self.peek() not in ("if", "either", "it", "then", "so", "provided", "", QUOTE)

    def but_not_both(self) -> bool:
        before = self.at
        self.accept(",")
        if self.ends_with(_NOT_BOTH):
            self.take(_NOT_BOTH)
            return True
        self.at = before
        return False

    def or_both(self) -> None:
        before = self.at
        self.accept(",")
        if not (self.ends_with(_OR_BOTH) and self.take(_OR_BOTH)):
            self.at = before

    # Units.

    def unit(self, depth: int, last: bool = False) -> tuple[Statement, bool]:
        if depth > _DEEPEST:
            self.fail("too many brackets or conditions within one another")
        self.deep = self.deep or depth > 1
        known = self.units.get(self.at)
        if known:
            statement, open_, self.at = known
            return statement, open_
        start = self.at
        denials = 0
        while (denied := self.take(_NOT_THAT)) is not None:
            denials += denied
        prefixed = self.at > start
        if denials > _DEEPEST:
            self.fail("too many denials within one another", start)
        # The commonest nesting is read here and not in a method of its own: every frame counts in a deep statement.
        if self.accept("("):
            statement, _ = self.clause(depth + 1)
            self.expect(")")
            open_ = False
        else:
            statement, open_ = self.plain_unit(depth, last or prefixed)
        for _ in range(denials):
            statement = Not(statement)
        self.deep = self.deep or denials > 1
        self.units[start] = statement, open_ or prefixed, self.at
        return statement, open_ or prefixed

    def plain_unit(self, depth: int, bounded: bool) -> tuple[Statement, bool]:
        match self.peek():
            case "if":
                return self.conditional(depth, bounded), True
            case "either":
                return self.either(depth), True
            case "there":
                return self.there(), False
        if self.accept("the", "number", "of"):
            return self.number(), False
        claims = self.claims(depth)
        if claims is not None:
            return claims, True
        return self.predication(), False

    def conditional(self, depth: int, bounded: bool) -> Statement:
        self.expect("if")
        premise, _ = self.clause(depth + 1, premise=True)
        comma = self.accept(",")
        if not self.accept("then") and not comma:
            self.fail("'then' is wanted here")
        if bounded:
            return Implies(premise, self.unit(depth + 1)[0])
        conclusion, _, _ = self.chain(depth + 1)
        return Implies(premise, conclusion)

    def either(self, depth: int) -> Statement:
        start = self.at
        self.expect("either")
        parts = [self.unit(depth + 1)[0]]
        while True:
            before = self.at
            self.accept(",")
            if self.joins_otherwise() or not self.accept("or"):
                self.at = before
                break
            parts.append(self.unit(depth + 1)[0])
        if len(parts) == 1 and not (isinstance(parts[0], Or) and self.tokens[start + 1] != "("):
            self.fail("'or' is wanted here")
        parts = list(parts[0].parts) if len(parts) == 1 else parts
        if len(parts) == 2:
            if self.but_not_both():
                return OneOf(*parts)
            self.or_both()
        return Or(*parts)

    def claims(self, depth: int) -> Statement | None:
        """Read "exactly one of these claims is true: ...; ...", or nothing."""
        before = self.at
        kind: type[Statement] | None = And if self.accept("all") else None
        if kind is None:
            counted = self.take(_RELATIONS)
            kind = {("exactly", 0): OneOf, ("at least", 0): Or}.get(counted) if counted else None
            if kind is None or not self.accept("one"):
                self.at = before
                return None
        if not self.accept("of") or not self.take(_CLAIMS):
            self.at = before
            return None
        if not (self.accept("is", "true") or self.accept("are", "true") or self.accept("holds") or self.accept("hold")):
            self.fail("'is true:' is wanted here")
        self.accept(":")
        parts = [self.unit(depth + 1)[0]]
        while self.peek() in (";", ",") and self.peek(1) not in ("", "then"):
            self.at += 1
            if self.peek() in ("and", "or"):
                self.at += 1
            parts.append(self.unit(depth + 1)[0])
        if len(parts) < 2:
            self.fail("two or more claims between semicolons are wanted")
        return kind(*parts)

    def there(self) -> Statement:
        """Read "there are exactly two knights among us"."""
        self.expect("there")
        if self.peek() not in wordings.BE:
            self.fail("'is' or 'are' is wanted here")
        self.at += 1
        even = self.even()
        if even is None:
            relation, k = self.quantity()
        truth = self.role()
        group = self.among() or self.everybody()
        return Parity(even, group, truth) if even is not None else self.counted(relation, k, group, truth)

    def number(self) -> Statement:
        """Read on from "the number of": "knights among us is even"."""
        truth = self.role()
        group = self.among(tail=False) or self.everybody()
        self.expect("is")
        for word in ("even", "odd"):
            if self.accept(word):
                return Parity(word == "even", group, truth)
        return self.counted(*self.quantity(bare=True), group, truth)

    # Groups and numbers.

    def even(self) -> bool | None:
        for words in (("an", "even"), ("an", "odd")):
            if self.accept(*words, "number", "of"):
                return words[1] == "even"
        return None

    def quantity(self, bare: bool = False) -> tuple[Relation, int]:
        start = self.at
        counted = self.take(_RELATIONS)
        if counted is None:
            if self.accept("no") or bare:
                return "exactly", 0 if not bare else self.numeral()
            self.fail("'exactly', 'at least' or 'at most' is wanted here")
        relation, more = counted
        k = self.numeral() + more
        if k < 0:
            self.fail("nothing is fewer than none", start)
        return relation, k

    def numeral(self) -> int:
        word = self.peek()
        if isinstance(word, str):
            number = _NUMBERS.get(word)
            if number is None and word.isascii() and word.isdigit() and len(word) < 7:
                number = int(word)
            if number is not None:
                self.at += 1
                return number
        return self.fail("a number is wanted here")

    def counted(self, relation: Relation, k: int, group: tuple[int, ...], truth: bool) -> Count:
        if k > len(group):
            self.fail(f"there are only {len(group)} people to count", self.at - 1)
        return Count(relation, k, group, truth)

    def role(self) -> bool:
        for role in (TRUTH, LIE):
            if self.accept(role):
                return role == TRUTH
        return self.fail("a role word is wanted here")

    def everybody(self) -> tuple[int, ...]:
        return tuple(range(self.people))

    def others(self) -> tuple[int, ...]:
        start = self.at - 1
        if self.speaker is None:
            self.fail("it is not clear who 'they' are: say the names", start)
        others = tuple(person for person in range(self.people) if person != self.speaker)
        if not others or (self.mentioned and self.mentioned - {self.speaker} != set(others)):
            self.fail("it is not clear who 'they' are: say the names", start)
        return others

    def among(self, tail: bool = True) -> tuple[int, ...] | None:
        """Read "among us", "among Ann and Bob" or "here", or nothing."""
        if self.accept("here"):
            return self.everybody()
        if not (self.accept("among") or self.accept("amongst") or self.accept("in", "the", "group", "of")):
            return None
        group = self.group(tail)
        self.accept("alone")
        return group

    def group(self, tail: bool = False) -> tuple[int, ...]:
        """Read the people after "of" or "among"."""
        if self.accept("us"):
            start = self.at - 1
            self.accept("all")
            return self.whole(None, start)
        if self.accept("them"):
            return self.others()
        if self.accept("the", "others"):
            return self.others()
        if self.accept("the"):
            start = self.at - 1
            total = self.numeral()
            self.accept("people")
            if self.accept("of"):
                self.expect("us")
            return self.whole(total, start)
        names, conjunction = self.names(tail)
        if conjunction not in (None, "and"):
            self.fail("'and' is wanted between these names", self.at - 1)
        self.accept("alone")
        return names

    def whole(self, total: int | None, start: int) -> tuple[int, ...]:
        if total is not None and total != self.people:
            self.fail(f"there are {self.people} people, not {total}", start)
        return self.everybody()

    def person(self) -> int | None:
        token = self.peek()
        if isinstance(token, int):
            self.at += 1
            return token
        if token in ("i", "me", "myself"):
            if self.speaker is None:
                self.fail("it is not clear who 'I' is")
            self.at += 1
            return self.speaker
        return None

    def names(self, tail: bool = False) -> tuple[tuple[int, ...], str | None]:
        """Read a list of people, and its "and", "or" or "nor"."""
        start = self.at
        first = self.person()
        if first is None:
            self.fail("this cannot be read")
        people, conjunction = [first], None
        while True:
            before = self.at
            self.accept(",")
            allowed = (conjunction,) if conjunction else ("and", "or", "nor")
            joined = next((word for word in allowed if self.accept(word)), None)
            following = self.person() if joined or (self.at > before and not conjunction) else None
            if following is None or (tail and self.peek() in _VERB_STARTS):
                self.at = before
                break
            people.append(following)
            conjunction = joined or conjunction
        if len(people) > 1 and conjunction is None:
            self.fail("a list of people wants its 'and' or 'or'")
        if len(set(people)) < len(people):
            self.fail("somebody is named twice in a list", start)
        self.mentioned.update(people)
        return tuple(people), conjunction

    # Subject and predicate.

    def predication(self) -> Statement:
        """Read who is what."""
        start = self.at
        subject = self.subject()
        self.began = start
        if subject.listed and (self.accept("both") or self.accept("all") or self.accept("each")):
            self.check_both(self.tokens[self.at - 1], subject)
        habit = self.take(_HABITS)
        if habit is not None:
            return subject.make(*habit)
        if self.peek() not in wordings.BE:
            self.fail("this cannot be read" if self.at == start else "'is' or another verb is wanted here")
        self.at += 1
        return self.being(subject, start)

    def check_both(self, word: Token, subject: _Subject) -> None:
        if word == "both" and len(subject.group) != 2:
            self.fail(f"'both' is said of two people, not {len(subject.group)}", self.began)

    def being(self, subject: _Subject, start: int) -> Statement:
        """Read on from "is"."""
        whole = subject.listed and self.quantifier(subject)
        negated = self.accept("not") or self.accept("n't")
        partly = negated and not whole and subject.listed and self.quantifier(subject)
        alike = self.alike(subject, start)
        if alike is not None:
            return Not(alike) if negated else alike
        if not negated and self.accept("no"):
            negated, truth = True, self.role()
        else:
            found = self.take(_DOING)
            if found is None:
                self.fail("this cannot be read")
            truth = found
        if partly:
            return Not(subject.make(truth, False))
        if negated and whole:
            self.fail("'all ... not' has two meanings: say 'not all' or 'none'", start)
        return subject.make(truth, negated)

    def quantifier(self, subject: _Subject) -> bool:
        word = self.peek()
        if word not in ("both", "all", "each"):
            return False
        self.check_both(word, subject)
        self.at += 1
        return True

    def alike(self, subject: _Subject, start: int) -> Statement | None:
        """Read "of the same kind (as X)", or nothing."""
        before = self.at
        if len(subject.group) == 1 and not subject.listed:
            same = self.take(_SAME_AS)
            if same is None:
                return None
            other = self.person()
            if other is None:
                self.fail("a person is wanted here")
            if other == subject.group[0]:
                self.fail("somebody is compared with themselves", start)
            self.mentioned.add(other)
            return SameKind(subject.group[0], other, same)
        same = self.take(_SAME)
        if same is None:
            return None
        if not subject.listed or len(subject.group) != 2:
            self.fail("two people are compared at a time", before)
        return SameKind(*subject.group, same)

    def subject(self) -> _Subject:
        """Read whom a clause is about."""
        word = self.peek()
        if isinstance(word, int) or word == "i":
            return self.listed_subject()
        even = self.even()
        if even is not None:
            return self.counting(lambda group, truth: Parity(even, group, truth))
        if _RELATIONS.match(self.tokens, self.at) is not None:
            relation, k = self.quantity()
            self.expect("of")
            return self.counting(lambda group, truth: self.counted(relation, k, group, truth))
        opening = _OPENINGS.get(word)
        if opening is None:
            self.fail("this cannot be read")
        self.at += 1
        return opening(self)

    def listed_subject(self) -> _Subject:
        names, conjunction = self.names()
        if conjunction == "nor":
            self.fail("'neither' is wanted before 'nor'", self.at - 1)
        if conjunction == "or":
            return _Subject(self.any_of(names), names)
        return _Subject(self.all_of(names), names, len(names) > 1)

    def all_of(self, group: tuple[int, ...]) -> Make:
        def make(truth: bool, negated: bool) -> Statement:
            atoms = [_atom(person, truth, negated) for person in group]
            return And(*atoms) if len(atoms) > 1 else atoms[0]

        return make

    def any_of(self, group: tuple[int, ...]) -> Make:
        return lambda truth, negated: Or(*(_atom(person, truth, negated) for person in group))

    def counting(self, build: Callable[[tuple[int, ...], bool], Statement]) -> _Subject:
        group = self.group()

        def make(truth: bool, negated: bool) -> Statement:
            if negated:
                self.fail("a number of people is not denied: say it of the other kind", self.began)
            return build(group, truth)

        return _Subject(make, group)

    def none_of(self, group: tuple[int, ...]) -> _Subject:
        def make(truth: bool, negated: bool) -> Statement:
            if negated:
                self.fail("'none ... not' denies twice: say it plainly", self.began)
            return Count("exactly", 0, group, truth)

        return _Subject(make, group)

    def neither_of(self, group: tuple[int, ...]) -> _Subject:
        def make(truth: bool, negated: bool) -> Statement:
            if negated:
                self.fail("'neither ... not' denies twice: say it plainly", self.began)
            return And(*(Not(_atom(person, truth, False)) for person in group))

        return _Subject(make, group)

    # Subjects by their first word, which is already passed.

    def begin_both(self) -> _Subject:
        start = self.at - 1
        if self.accept("of"):
            group = self.group()
        else:
            group, conjunction = self.names()
            if conjunction != "and":
                self.fail("'and' is wanted after 'both'", start)
        subject = _Subject(self.all_of(group), group, True)
        self.began = start
        self.check_both("both", subject)
        return subject

    def begin_all(self) -> _Subject:
        start = self.at - 1
        total = self.numeral() if isinstance(self.peek(), str) and self.peek() in _NUMBERS else None
        self.expect("of")
        group = self.group()
        if total not in (None, len(group)):
            self.fail(f"there are {len(group)} people, not {total}", start)
        return _Subject(self.whole_group(group), group)

    def whole_group(self, group: tuple[int, ...]) -> Make:
        inner = self.all_of(group)

        def make(truth: bool, negated: bool) -> Statement:
            if negated:
                self.fail("'all ... not' has two meanings: say 'not all' or 'none'", self.began)
            return inner(truth, False)

        return make

    def begin_each(self) -> _Subject:
        self.expect("of")
        group = self.group()
        return _Subject(self.whole_group(group), group)

    def begin_every(self) -> _Subject:
        self.expect("one", "of")
        group = self.group()
        return _Subject(self.whole_group(group), group)

    def begin_everyone(self) -> _Subject:
        self.accept("here")
        return _Subject(self.whole_group(self.everybody()), self.everybody())

    def begin_none(self) -> _Subject:
        self.expect("of")
        return self.none_of(self.group())

    def begin_no(self) -> _Subject:
        self.expect("one")
        return self.begin_nobody()

    def begin_nobody(self) -> _Subject:
        self.accept("here")
        return self.none_of(self.everybody())

    def begin_not(self) -> _Subject:
        start = self.at - 1
        if not (self.accept("all", "of") or self.accept("both", "of") or self.accept("every", "one", "of")):
            self.fail("this cannot be read", start)
        group = self.group()
        inner = self.whole_group(group)
        return _Subject(lambda truth, negated: Not(inner(truth, negated)), group)

    def begin_neither(self) -> _Subject:
        start = self.at - 1
        if self.accept("of"):
            group = self.group()
            if len(group) != 2:
                self.fail(f"'neither' is said of two people, not {len(group)}", start)
            return self.neither_of(group)
        group, conjunction = self.names()
        if conjunction != "nor":
            self.fail("'nor' is wanted after 'neither'", start)
        return self.neither_of(group)

    def begin_we(self) -> _Subject:
        return _Subject(self.all_of(self.everybody()), self.everybody(), True)

    def begin_they(self) -> _Subject:
        others = self.others()
        return _Subject(self.all_of(others), others, True)

    def begin_the(self) -> _Subject:
        start = self.at - 1
        self.at = start
        group = self.group()
        return _Subject(self.all_of(group), group, True)


_OPENINGS: Final[dict[Token, Callable[[_Reader], _Subject]]] = {
    "both": _Reader.begin_both,
    "all": _Reader.begin_all,
    "each": _Reader.begin_each,
    "every": _Reader.begin_every,
    "everyone": _Reader.begin_everyone,
    "everybody": _Reader.begin_everyone,
    "none": _Reader.begin_none,
    "no": _Reader.begin_no,
    "nobody": _Reader.begin_nobody,
    "not": _Reader.begin_not,
    "neither": _Reader.begin_neither,
    "we": _Reader.begin_we,
    "they": _Reader.begin_they,
    "the": _Reader.begin_the,
}


def _atom(person: int, truth: bool, negated: bool) -> Statement:
    atom = Knight(person) if truth else Knave(person)
    return Not(atom) if negated else atom
