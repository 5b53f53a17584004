"""What all statements share: the class `Statement`, and one base class for each shape of statement.

| class | shape |
|---|---|
| `Atom` | the role of one person |
| `Compound` | made of other statements |
| `GroupStatement` | about a group of people |

The kinds themselves are in `knk.logic.statements`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from knk.errors import BadPuzzle
from knk.logic.algebra import masks

MAX_CACHED_PEOPLE: Final = 10
"""Up to this many people a statement's truth table is small enough to be cached with it."""


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
        """The arguments from which this statement can be rebuilt."""
        raise NotImplementedError

    @property
    def parts(self) -> tuple[Statement, ...]:
        """The statements directly inside this one.

        >>> from knk.logic.statements import And, Knave, Knight, Not
        >>> And(Knight(0), Not(Knave(1))).parts
        (Knight(0), Not(Knave(1)))
        """
        return ()

    @property
    def named(self) -> tuple[int, ...]:
        """The people whom this statement names itself, not through its parts.

        >>> from knk.logic.statements import Count
        >>> Count("at most", 1, (0, 2)).named
        (0, 2)
        """
        return ()

    @property
    def parameters(self) -> tuple[Any, ...]:
        """The arguments that are neither people nor statements.

        >>> from knk.logic.statements import Count
        >>> Count("at most", 1, (0, 2)).parameters
        ('at most', 1, True)
        """
        return ()

    @property
    def is_vacuous(self) -> bool:
        """Whether a statement with no parts is true by its form alone.

        >>> from knk.logic.statements import Count
        >>> Count("at least", 0, (0, 1)).is_vacuous, Count("exactly", 0, (0, 1)).is_vacuous
        (True, False)
        """
        return False

    def value(self, roles: Sequence[Any], all_true: Any) -> Any:
        """Return the statement's truth in an algebra (see `knk.logic.algebra`).

        Args:
            roles: for each person, the truth of "this person is a knight".
            all_true: the truth of "true".

        >>> from knk.logic.statements import Implies, Knave, Knight
        >>> Implies(Knight(0), Knave(1)).value([1, 0], 1)
        1
        """
        raise NotImplementedError

    def negated(self) -> Statement:
        """Return the opposite statement, put without "not" where the kind allows it.

        >>> from knk.logic.statements import And, Knave, Knight, Not
        >>> And(Knight(0), Not(Knave(1))).negated()
        Or(Knave(0), Knave(1))
        """
        raise NotImplementedError

    def with_people(self, rename: Callable[[int], int]) -> Self:
        """Return the same statement about other people.

        >>> from knk.logic.statements import And, Knave, Knight
        >>> And(Knight(0), Knave(1)).with_people(lambda person: person + 5)
        And(Knight(5), Knave(6))
        """
        raise NotImplementedError

    @property
    def people(self) -> frozenset[int]:
        """Everybody whom the statement is about.

        >>> from knk.logic.statements import Iff, Knight, SameKind
        >>> sorted(Iff(Knight(3), SameKind(0, 1)).people)
        [0, 1, 3]
        """
        cached: frozenset[int] | None = self.__dict__.get("_people")
        if cached is None:
            cached = frozenset(self.named).union(*[part.people for part in self.parts])
            self.__dict__["_people"] = cached
        return cached

    def table(self, people: int) -> int:
        """Return the statement's truth table, a bit for each assignment of roles (see `knk.logic.algebra.masks`).

        Args:
            people: how many people the puzzle has.

        >>> from knk.logic.statements import And, Knave, Knight
        >>> f"{And(Knight(0), Knave(1)).table(2):04b}"
        '0010'
        """
        cached: tuple[int, int] | None = self.__dict__.get("_table")
        if cached is None or cached[0] != people:
            cached = (people, self.value(*masks(people)))
            if people <= MAX_CACHED_PEOPLE:
                self.__dict__["_table"] = cached
        return cached[1]

    @property
    def depth(self) -> int:
        """How deep statements are nested; an atom has depth 0.

        >>> from knk.logic.statements import And, Knave, Knight, Not
        >>> Not(And(Knight(0), Knave(1))).depth
        2
        """
        return 1 + max(part.depth for part in self.parts) if self.parts else 0

    def walk(self) -> Iterator[Statement]:
        """Iterate over this statement and all statements inside it, outermost first.

        >>> from knk.logic.statements import Knight, Not
        >>> list(Not(Knight(0)).walk())
        [Not(Knight(0)), Knight(0)]
        """
        yield self
        for part in self.parts:
            yield from part.walk()

    def __hash__(self) -> int:
        cached: int | None = self.__dict__.get("_hash")
        if cached is None:
            cached = self.__dict__["_hash"] = hash((type(self).__name__, self.args))
        return cached

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


class GroupStatement(Statement):
    """A statement about a group of people, with no statement inside.

    Attributes:
        group_size: how many people the kind is about, None for any number.
    """

    group_size: ClassVar[int | None] = None

    @classmethod
    def about(cls, group: Sequence[int]) -> list[Statement]:
        """Return every statement of this kind about a group that is neither true nor false by its form.

        >>> from knk.logic.statements import SameKind
        >>> SameKind.about((0, 1))
        [SameKind(0, 1, True), SameKind(0, 1, False)]
        """
        raise NotImplementedError
