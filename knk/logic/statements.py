"""What people say: frozen trees about who is a knight and who is a knave.

People are numbers, their places in the puzzle, so a statement is the same whatever the people are called. Each kind
gives its meaning once, in `value`, in terms of `&`, `|` and `^` alone. So one definition serves numbers 0 and 1,
truth tables held as big integers, NumPy arrays, sympy expressions and the gates of a SAT encoding.

Glossary: `xs[i]` is "person i is a knight" and `full` is "true" in whichever of these algebras is at work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Self

from knk.errors import BadPuzzle

if TYPE_CHECKING:
    import sympy

Relation = Literal["exactly", "at least", "at most"]
KEPT_PEOPLE: Final = 10
"""Up to this many people a statement's truth table is small enough to be kept with it."""
RELATIONS: Final[tuple[Relation, ...]] = ("exactly", "at least", "at most")


def at_least(xs: Sequence[Any], most: int, full: Any) -> list[Any]:
    """Return `[at least 0, at least 1, ..., at least most]` of `xs`, in the algebra of `full`.

    >>> [f"{table:04b}" for table in at_least([0b1010, 0b1100], 2, 0b1111)]
    ['1111', '1110', '1000']
    """
    counts = [full] + [full ^ full] * most
    for seen, x in enumerate(xs, 1):
        for k in range(min(most, seen), 0, -1):
            counts[k] = counts[k] | (counts[k - 1] & x)
    return counts


@cache
def masks(people: int) -> tuple[tuple[int, ...], int]:
    """Return the truth table of "i is a knight" for each person i, and the table of "true".

    A table is a big integer; its bit t is the truth where person i is a knight just if bit i of t is set.

    >>> [f"{mask:04b}" for mask in masks(2)[0]]
    ['1010', '1100']
    """
    full = (1 << (1 << people)) - 1
    return tuple(full // ((1 << (1 << i)) + 1) << (1 << i) for i in range(people)), full


class Statement:
    """Base of all kinds of statement: a value, equal to another when class and arguments are equal.

    A kind describes itself in class attributes and methods, and the rest of the library asks it: no other module has
    to list the kinds to reason about statements.

    Attributes:
        kind: the kind's name in specifications and statistics; "atom" for both atoms.
        is_symmetric: whether reordering the parts, or the people named, leaves the meaning unchanged.
    """

    kind: ClassVar[str]
    is_symmetric: ClassVar[bool] = True

    # `people`, `table` and the hash are computed when first asked for and cached in `__dict__`, beside the fields
    # (functools.cached_property takes a lock).

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments that build this statement again."""
        raise NotImplementedError

    @property
    def parts(self) -> tuple[Statement, ...]:
        """The statements directly inside this one.

        >>> And(Knight(0), Not(Knave(1))).parts
        (Knight(0), Not(Knave(1)))
        """
        return ()

    @property
    def named(self) -> tuple[int, ...]:
        """The people whom this statement names itself, outside its parts.

        >>> Count("at most", 1, (0, 2)).named
        (0, 2)
        """
        return ()

    @property
    def parameters(self) -> tuple[Any, ...]:
        """The arguments that are neither people nor statements.

        >>> Count("at most", 1, (0, 2)).parameters
        ('at most', 1, True)
        """
        return ()

    def value(self, xs: Sequence[Any], full: Any) -> Any:
        """Return the statement's truth in the algebra of `xs` and `full` (see the module).

        >>> Implies(Knight(0), Knave(1)).value([1, 0], 1)
        1
        """
        raise NotImplementedError

    def negated(self) -> Statement:
        """Return the opposite statement, put without "not" where the kind allows it.

        >>> And(Knight(0), Not(Knave(1))).negated()
        Or(Knave(0), Knave(1))
        """
        return Not(self)

    def with_people(self, rename: Callable[[int], int]) -> Self:
        """Return the same statement about other people.

        >>> And(Knight(0), Knave(1)).with_people(lambda person: person + 5)
        And(Knight(5), Knave(6))
        """
        raise NotImplementedError

    @property
    def people(self) -> frozenset[int]:
        """Everybody the statement is about.

        >>> sorted(Iff(Knight(3), SameKind(0, 1)).people)
        [0, 1, 3]
        """
        kept: frozenset[int] | None = self.__dict__.get("_people")
        if kept is None:
            kept = frozenset(self.named).union(*[part.people for part in self.parts])
            self.__dict__["_people"] = kept
        return kept

    def table(self, people: int) -> int:
        """Return the statement's truth table among so many people, as `masks` has it.

        >>> f"{And(Knight(0), Knave(1)).table(2):04b}"
        '0010'
        """
        kept: tuple[int, int] | None = self.__dict__.get("_table")
        if kept is None or kept[0] != people:
            kept = (people, self.value(*masks(people)))
            if people <= KEPT_PEOPLE:
                self.__dict__["_table"] = kept
        return kept[1]

    @property
    def depth(self) -> int:
        """Levels of statements within statements; an atom has 0.

        >>> Not(And(Knight(0), Knave(1))).depth
        2
        """
        return 1 + max(part.depth for part in self.parts) if self.parts else 0

    def walk(self) -> Iterator[Statement]:
        """Iterate over this statement and all inside it, outermost first.

        >>> list(Not(Knight(0)).walk())
        [Not(Knight(0)), Knight(0)]
        """
        yield self
        for part in self.parts:
            yield from part.walk()

    def __hash__(self) -> int:
        kept: int | None = self.__dict__.get("_hash")
        if kept is None:
            kept = self.__dict__["_hash"] = hash((type(self).__name__, self.args))
        return kept

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return type(self) is type(other) and self.args == other.args

    def __reduce__(self) -> tuple[Any, ...]:
        # Rebuilt from its arguments: a cached hash of strings holds in one process only.
        return type(self), self.args

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.args))})"


@dataclass(frozen=True, eq=False, repr=False)
class Atom(Statement):
    """A statement about the role of `person`: the base of `Knight` and `Knave`."""

    person: int
    kind: ClassVar[str] = "atom"
    is_knight: ClassVar[bool]

    @property
    def args(self) -> tuple[Any, ...]:
        return (self.person,)

    @property
    def named(self) -> tuple[int, ...]:
        return (self.person,)

    def with_people(self, rename: Callable[[int], int]) -> Self:
        return type(self)(rename(self.person))


class Knight(Atom):
    """`person` is a knight.

    >>> Knight(0)
    Knight(0)
    """

    is_knight = True

    def value(self, xs: Sequence[Any], full: Any) -> Any:
        return xs[self.person]

    def negated(self) -> Statement:
        return Knave(self.person)


class Knave(Atom):
    """`person` is a knave.

    >>> Knave(0).value([1], 1)
    0
    """

    is_knight = False

    def value(self, xs: Sequence[Any], full: Any) -> Any:
        return full ^ xs[self.person]

    def negated(self) -> Statement:
        return Knight(self.person)


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Compound(Statement):
    """A statement made of statements.

    Attributes:
        sign: its sign in the one-line notation.
        min_parts: the fewest parts it can have.
        max_parts: the most parts it can have, None for any number.
    """

    _parts: tuple[Statement, ...]
    sign: ClassVar[str]
    min_parts: ClassVar[int] = 2
    max_parts: ClassVar[int | None] = None

    def __init__(self, *parts: Statement) -> None:
        if len(parts) < self.min_parts or (self.max_parts is not None and len(parts) > self.max_parts):
            expected = f"{self.min_parts}" if self.min_parts == self.max_parts else f"at least {self.min_parts}"
            raise BadPuzzle(f"{type(self).__name__} takes {expected} statements, not {len(parts)}")
        object.__setattr__(self, "_parts", parts)

    @property
    def args(self) -> tuple[Any, ...]:
        return self._parts

    @property
    def parts(self) -> tuple[Statement, ...]:
        return self._parts

    def with_people(self, rename: Callable[[int], int]) -> Self:
        return type(self)(*(part.with_people(rename) for part in self._parts))


class Not(Compound):
    """It is not the case that the part holds.

    >>> Not(Knight(0)).value([1], 1)
    0
    """

    kind = "not"
    sign = "~"
    min_parts = max_parts = 1

    def value(self, xs: Sequence[Any], full: Any) -> Any:
        return full ^ self._parts[0].value(xs, full)

    def negated(self) -> Statement:
        return self._parts[0]


class And(Compound):
    """All parts hold.

    >>> And(Knight(0), Knight(1), Knave(2)).value([1, 1, 0], 1)
    1
    """

    kind = "and"
    sign = "&"

    def value(self, xs: Sequence[Any], full: Any) -> Any:
        result = full
        for part in self._parts:
            result = result & part.value(xs, full)
        return result

    def negated(self) -> Statement:
        return Or(*(part.negated() for part in self._parts))


class Or(Compound):
    """At least one part holds.

    >>> Or(Knight(0), Knight(1)).value([0, 1], 1)
    1
    """

    kind = "or"
    sign = "|"

    def value(self, xs: Sequence[Any], full: Any) -> Any:
        result = full ^ full
        for part in self._parts:
            result = result | part.value(xs, full)
        return result

    def negated(self) -> Statement:
        return And(*(part.negated() for part in self._parts))


class OneOf(Compound):
    """Exactly one part holds.

    >>> OneOf(Knight(0), Knight(1), Knight(2)).value([1, 1, 1], 1)
    0
    """

    kind = "one of"
    sign = "^"

    def value(self, xs: Sequence[Any], full: Any) -> Any:
        _, some, several = at_least([part.value(xs, full) for part in self._parts], 2, full)
        return some & (full ^ several)

    def negated(self) -> Statement:
        return Iff(*self._parts) if len(self._parts) == 2 else Not(self)


class Implies(Compound):
    """If the first part holds, so does the second.

    >>> Implies(Knight(0), Knight(1)).value([0, 0], 1)
    1
    """

    kind = "if"
    sign = ">"
    min_parts = max_parts = 2
    is_symmetric = False

    def value(self, xs: Sequence[Any], full: Any) -> Any:
        premise, conclusion = self._parts
        return (full ^ premise.value(xs, full)) | conclusion.value(xs, full)

    def negated(self) -> Statement:
        premise, conclusion = self._parts
        return And(premise, conclusion.negated())


class Iff(Compound):
    """The first part holds if and only if the second does.

    >>> Iff(Knight(0), Knight(1)).value([0, 1], 1)
    0
    """

    kind = "iff"
    sign = "="
    min_parts = max_parts = 2

    def value(self, xs: Sequence[Any], full: Any) -> Any:
        left, right = self._parts
        return full ^ left.value(xs, full) ^ right.value(xs, full)

    def negated(self) -> Statement:
        left, right = self._parts
        return Iff(left, right.negated())


def _checked_group(group: Sequence[int]) -> tuple[int, ...]:
    group = tuple(group)
    if not group or len(set(group)) != len(group):
        raise BadPuzzle(f"a group names one or more different people, not {group}")
    return group


class GroupStatement(Statement):
    """A statement about a group of people, with no statement inside.

    Attributes:
        group_size: how many people the kind is about, None for any number.
    """

    group_size: ClassVar[int | None] = None

    @classmethod
    def about(cls, group: Sequence[int]) -> list[Statement]:
        """Return every statement of this kind about a group that is neither true nor false by its form.

        >>> SameKind.about((0, 1))
        [SameKind(0, 1, True), SameKind(0, 1, False)]
        """
        raise NotImplementedError


@dataclass(frozen=True, eq=False, repr=False)
class Count(GroupStatement):
    """Exactly, at least or at most `k` of `group` are knights (knaves, where `knights` is false).

    >>> Count("exactly", 2, (0, 1, 2)).value([1, 1, 0], 1)
    1
    >>> Count("at least", 2, (0, 1, 2), knights=False).value([1, 1, 0], 1)
    0
    """

    kind: ClassVar[str] = "count"

    relation: Relation
    k: int
    group: tuple[int, ...]
    knights: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "group", _checked_group(self.group))
        if self.relation not in RELATIONS:
            raise BadPuzzle(f"a count is one of {', '.join(RELATIONS)}, not {self.relation!r}")
        if not 0 <= self.k <= len(self.group):
            raise BadPuzzle(f"{self.relation} {self.k} of {len(self.group)} people cannot be counted")

    @property
    def args(self) -> tuple[Any, ...]:
        return self.relation, self.k, self.group, self.knights

    @property
    def parameters(self) -> tuple[Any, ...]:
        return self.relation, self.k, self.knights

    @property
    def named(self) -> tuple[int, ...]:
        return self.group

    def value(self, xs: Sequence[Any], full: Any) -> Any:
        members = [xs[i] if self.knights else full ^ xs[i] for i in self.group]
        most = min(self.k + 1, len(members))
        counts = at_least(members, most, full)
        reached = counts[self.k]
        passed = counts[self.k + 1] if self.k < most else full ^ full
        if self.relation == "at least":
            return reached
        return full ^ passed if self.relation == "at most" else reached & (full ^ passed)

    def negated(self) -> Statement:
        if self.relation == "at least" and self.k > 0:
            return Count("at most", self.k - 1, self.group, self.knights)
        if self.relation == "at most" and self.k < len(self.group):
            return Count("at least", self.k + 1, self.group, self.knights)
        return Not(self)

    def with_people(self, rename: Callable[[int], int]) -> Self:
        return type(self)(self.relation, self.k, tuple(map(rename, self.group)), self.knights)

    @classmethod
    def about(cls, group: Sequence[int]) -> list[Statement]:
        group, size = tuple(group), len(group)
        bounds = {"exactly": range(size + 1), "at least": range(1, size + 1), "at most": range(size)}
        return [
            cls(relation, k, group, knights)
            for relation in RELATIONS
            for k in bounds[relation]
            for knights in (True, False)
        ]


@dataclass(frozen=True, eq=False, repr=False)
class Parity(GroupStatement):
    """An even (odd) number of `group` are knights (knaves, where `knights` is false).

    >>> Parity(even=True, group=(0, 1, 2)).value([1, 1, 0], 1)
    1
    """

    kind: ClassVar[str] = "parity"

    even: bool
    group: tuple[int, ...]
    knights: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "group", _checked_group(self.group))

    @property
    def args(self) -> tuple[Any, ...]:
        return self.even, self.group, self.knights

    @property
    def parameters(self) -> tuple[Any, ...]:
        return self.even, self.knights

    @property
    def named(self) -> tuple[int, ...]:
        return self.group

    def value(self, xs: Sequence[Any], full: Any) -> Any:
        result = full if self.even else full ^ full
        for person in self.group:
            result = result ^ (xs[person] if self.knights else full ^ xs[person])
        return result

    def negated(self) -> Statement:
        return Parity(not self.even, self.group, self.knights)

    def with_people(self, rename: Callable[[int], int]) -> Self:
        return type(self)(self.even, tuple(map(rename, self.group)), self.knights)

    @classmethod
    def about(cls, group: Sequence[int]) -> list[Statement]:
        return [cls(even, tuple(group), knights) for even in (True, False) for knights in (True, False)]


@dataclass(frozen=True, eq=False, repr=False)
class SameKind(GroupStatement):
    """`left` and `right` are of the same kind (of different kinds, where `same` is false).

    >>> SameKind(0, 1).value([0, 0], 1)
    1
    """

    kind: ClassVar[str] = "same kind"
    group_size: ClassVar[int | None] = 2

    left: int
    right: int
    same: bool = True

    def __post_init__(self) -> None:
        _checked_group((self.left, self.right))

    @property
    def args(self) -> tuple[Any, ...]:
        return self.left, self.right, self.same

    @property
    def parameters(self) -> tuple[Any, ...]:
        return (self.same,)

    @property
    def named(self) -> tuple[int, ...]:
        return self.left, self.right

    def value(self, xs: Sequence[Any], full: Any) -> Any:
        different = xs[self.left] ^ xs[self.right]
        return full ^ different if self.same else different

    def negated(self) -> Statement:
        return SameKind(self.left, self.right, not self.same)

    def with_people(self, rename: Callable[[int], int]) -> Self:
        return type(self)(rename(self.left), rename(self.right), self.same)

    @classmethod
    def about(cls, group: Sequence[int]) -> list[Statement]:
        left, right = group
        return [cls(left, right, same) for same in (True, False)]


STATEMENT_KINDS: Final[tuple[type[Statement], ...]] = (
    *(Knight, Knave, Not, And, Or, OneOf, Implies, Iff),
    *(Count, Parity, SameKind),
)
"""The class of every kind of statement."""
COMPOUNDS: Final = tuple(kind for kind in STATEMENT_KINDS if issubclass(kind, Compound))
GROUP_STATEMENTS: Final = tuple(kind for kind in STATEMENT_KINDS if issubclass(kind, GroupStatement))


def to_sympy(statement: Statement, symbols: Sequence[sympy.Symbol]) -> sympy.Basic:
    """Return the statement as a sympy formula over `symbols`, one a person, true for a knight.

    >>> import sympy
    >>> to_sympy(Implies(Knight(0), Knave(1)), sympy.symbols("a b"))
    Implies(a, ~b)
    """
    import sympy.logic.boolalg as logic

    connectives: dict[type[Statement], Callable[..., Any]] = {
        Not: logic.Not,
        And: logic.And,
        Or: logic.Or,
        Implies: logic.Implies,
        Iff: logic.Equivalent,
    }
    if type(statement) in connectives:
        return connectives[type(statement)](*(to_sympy(part, symbols) for part in statement.parts))
    if isinstance(statement, OneOf):
        _, some, several = at_least([to_sympy(part, symbols) for part in statement.parts], 2, logic.true)
        return logic.And(some, logic.Not(several))
    return statement.value(symbols, logic.true)


def from_sympy(formula: sympy.Basic, symbols: Sequence[sympy.Symbol]) -> Statement:
    """Return the statement that a sympy formula over `symbols` makes.

    Raises:
        BadPuzzle: the formula is constant, or holds a symbol or a function that no statement has.

    >>> import sympy
    >>> a, b = symbols = sympy.symbols("a b")
    >>> from_sympy((a & ~b) | (a ^ b), symbols)
    Or(And(Knight(0), Knave(1)), SameKind(0, 1, False))
    """
    import sympy.logic.boolalg as logic

    if formula in symbols:
        return Knight(list(symbols).index(formula))
    parts = [from_sympy(arg, symbols) for arg in sorted(formula.args, key=_sympy_order(symbols))]
    match formula:
        case logic.Not():
            return Knave(parts[0].person) if isinstance(parts[0], Knight) else Not(parts[0])
        case logic.And():
            return And(*parts)
        case logic.Or():
            return Or(*parts)
        case logic.Implies():
            return Implies(*(from_sympy(arg, symbols) for arg in formula.args))
        case logic.Equivalent():
            return Iff(*parts) if len(parts) == 2 else Or(And(*parts), Not(Or(*parts)))
        case logic.Xor():
            return _odd(parts)
        case logic.ITE():
            test, yes, no = (from_sympy(arg, symbols) for arg in formula.args)
            return And(Implies(test, yes), Implies(Not(test), no))
    raise BadPuzzle(
        f"no statement says {str(formula)[:80]!r}; use symbols, Not, And, Or, Xor, Implies, Equivalent, ITE"
    )


def _sympy_order(symbols: Sequence[sympy.Symbol]) -> Callable[[Any], tuple[Any, ...]]:
    places = {symbol: place for place, symbol in enumerate(symbols)}
    return lambda arg: (min((places.get(s, -1) for s in arg.free_symbols), default=-1), str(arg))


def _odd(parts: Sequence[Statement]) -> Statement:
    people = [part.person for part in parts if isinstance(part, Knight)]
    if len(people) == len(parts):
        return SameKind(people[0], people[1], same=False) if len(people) == 2 else Parity(False, tuple(people))
    result = parts[0]
    for part in parts[1:]:
        result = Not(Iff(result, part))
    return result
