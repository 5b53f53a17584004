"""The kinds of statement: frozen trees about who is a knight and who is a knave.

People are numbers, their positions in the puzzle, so a statement is the same whatever the people are called. Each kind
gives its meaning once, in `value` (see `knk.logic.algebra`), and describes itself to the rest of the library in the
attributes and methods of `Statement`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Self

from knk.errors import BadPuzzle
from knk.logic.algebra import at_least
from knk.logic.statement_base import Atom, Compound, GroupStatement, Statement

__all__ = [
    "Statement",
    "Atom",
    "Compound",
    "GroupStatement",
    "Knight",
    "Knave",
    "Not",
    "And",
    "Or",
    "OneOf",
    "Implies",
    "Iff",
    "Relation",
    "RELATIONS",
    "Count",
    "Parity",
    "SameKind",
    "STATEMENT_KINDS",
    "COMPOUNDS",
    "GROUP_STATEMENTS",
]

Relation = Literal["exactly", "at least", "at most"]
RELATIONS: Final[tuple[Relation, ...]] = ("exactly", "at least", "at most")


class Knight(Atom):
    """`person` is a knight.

    >>> Knight(0)
    Knight(0)
    """

    is_knight = True

    def value(self, roles: Sequence[Any], all_true: Any) -> Any:
        return roles[self.person]

    def negated(self) -> Statement:
        return Knave(self.person)


class Knave(Atom):
    """`person` is a knave.

    >>> Knave(0).value([1], 1)
    0
    """

    is_knight = False

    def value(self, roles: Sequence[Any], all_true: Any) -> Any:
        return all_true ^ roles[self.person]

    def negated(self) -> Statement:
        return Knight(self.person)


class Not(Compound):
    """The part is false.

    >>> Not(Knight(0)).value([1], 1)
    0
    """

    kind = "not"
    sign = "~"
    min_parts = max_parts = 1

    def value(self, roles: Sequence[Any], all_true: Any) -> Any:
        return all_true ^ self._parts[0].value(roles, all_true)

    def negated(self) -> Statement:
        return self._parts[0]


class And(Compound):
    """All parts are true.

    >>> And(Knight(0), Knight(1), Knave(2)).value([1, 1, 0], 1)
    1
    """

    kind = "and"
    sign = "&"

    def value(self, roles: Sequence[Any], all_true: Any) -> Any:
        result = all_true
        for part in self._parts:
            result = result & part.value(roles, all_true)
        return result

    def negated(self) -> Statement:
        return Or(*(part.negated() for part in self._parts))


class Or(Compound):
    """At least one part is true.

    >>> Or(Knight(0), Knight(1)).value([0, 1], 1)
    1
    """

    kind = "or"
    sign = "|"

    def value(self, roles: Sequence[Any], all_true: Any) -> Any:
        result = all_true ^ all_true
        for part in self._parts:
            result = result | part.value(roles, all_true)
        return result

    def negated(self) -> Statement:
        return And(*(part.negated() for part in self._parts))


class OneOf(Compound):
    """Exactly one part is true.

    >>> OneOf(Knight(0), Knight(1), Knight(2)).value([1, 1, 1], 1)
    0
    """

    kind = "one of"
    sign = "^"

    def value(self, roles: Sequence[Any], all_true: Any) -> Any:
        _, one_or_more, two_or_more = at_least([part.value(roles, all_true) for part in self._parts], 2, all_true)
        return one_or_more & (all_true ^ two_or_more)

    def negated(self) -> Statement:
        return Iff(*self._parts) if len(self._parts) == 2 else Not(self)


class Implies(Compound):
    """If the first part is true, so is the second.

    >>> Implies(Knight(0), Knight(1)).value([0, 0], 1)
    1
    """

    kind = "if"
    sign = ">"
    min_parts = max_parts = 2
    is_symmetric = False

    def value(self, roles: Sequence[Any], all_true: Any) -> Any:
        premise, conclusion = self._parts
        return (all_true ^ premise.value(roles, all_true)) | conclusion.value(roles, all_true)

    def negated(self) -> Statement:
        premise, conclusion = self._parts
        return And(premise, conclusion.negated())


class Iff(Compound):
    """The first part is true if and only if the second is.

    >>> Iff(Knight(0), Knight(1)).value([0, 1], 1)
    0
    """

    kind = "iff"
    sign = "="
    min_parts = max_parts = 2

    def value(self, roles: Sequence[Any], all_true: Any) -> Any:
        left, right = self._parts
        return all_true ^ left.value(roles, all_true) ^ right.value(roles, all_true)

    def negated(self) -> Statement:
        left, right = self._parts
        return Iff(left, right.negated())


def _checked_group(group: Sequence[int]) -> tuple[int, ...]:
    group = tuple(group)
    if not group or len(set(group)) != len(group):
        raise BadPuzzle(f"expected a group of one or more distinct people, got {group}")
    return group


@dataclass(frozen=True, eq=False, repr=False)
class Count(GroupStatement):
    """Exactly, at least or at most `k` of `group` are knights (knaves if `knights` is false).

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
            raise BadPuzzle(f"expected one of {', '.join(RELATIONS)}, got {self.relation!r}")
        if not 0 <= self.k <= len(self.group):
            raise BadPuzzle(f"expected a number from 0 to {len(self.group)}, got {self.k}")

    @property
    def args(self) -> tuple[Any, ...]:
        return self.relation, self.k, self.group, self.knights

    @property
    def parameters(self) -> tuple[Any, ...]:
        return self.relation, self.k, self.knights

    @property
    def named(self) -> tuple[int, ...]:
        return self.group

    @property
    def is_vacuous(self) -> bool:
        return (self.relation, self.k) in (("at least", 0), ("at most", len(self.group)))

    def value(self, roles: Sequence[Any], all_true: Any) -> Any:
        members = [roles[i] if self.knights else all_true ^ roles[i] for i in self.group]
        max_count = min(self.k + 1, len(members))
        counts = at_least(members, max_count, all_true)
        reached = counts[self.k]
        passed = counts[self.k + 1] if self.k < max_count else all_true ^ all_true
        if self.relation == "at least":
            return reached
        return all_true ^ passed if self.relation == "at most" else reached & (all_true ^ passed)

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
    """An even (odd) number of `group` are knights (knaves if `knights` is false).

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

    def value(self, roles: Sequence[Any], all_true: Any) -> Any:
        result = all_true if self.even else all_true ^ all_true
        for person in self.group:
            result = result ^ (roles[person] if self.knights else all_true ^ roles[person])
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
    """`left` and `right` are of the same kind (of different kinds if `same` is false).

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

    def value(self, roles: Sequence[Any], all_true: Any) -> Any:
        different = roles[self.left] ^ roles[self.right]
        return all_true ^ different if self.same else different

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
