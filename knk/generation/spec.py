"""`Spec`: which puzzles to generate, and the two presets."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

from knk.errors import BadPuzzle, BadSpec
from knk.generation.presets import Preset
from knk.logic.puzzle import DEFAULT_ROLES, Puzzle, Roles
from knk.logic.statements import STATEMENT_KINDS
from knk.proofs.difficulty import (
    GRADES,
    MEASURES,
    UNBOUNDED,
    grade_bounds,
)
from knk.text.vocabulary import NAMES, ROLE_PAIRS

KINDS: Final = tuple(dict.fromkeys(statement.kind for statement in STATEMENT_KINDS))
"""The kinds of statement that a specification gives weights; "atom" is "X is a knight" and "X is a knave"."""
MAX_PEOPLE: Final = 2000
NOBODY_SPEAKS: Final = "no puzzle has exactly one solution if nobody says anything: raise statements to 1 or more"
"""The error message about a specification without statements."""

Target = tuple[tuple[str, int | tuple[int, int]], ...]
"""Measures, as `knk.proofs.difficulty.MEASURES` names them, each with a value or a range (minimum, maximum)."""


@dataclass(frozen=True)
class Spec:
    """Which puzzles to generate. Every puzzle has exactly one solution.

    Args:
        people: how many people, or a range (minimum, maximum) of which each number is equally frequent.
        kinds: statement kinds (see `KINDS`) and their weights; a name alone has weight 1.
        depth: how deep statements are nested; at 0 there are only atoms, counts, parities and same-kind statements.
        width: the most parts of an "and", "or" or "one of", and the most people that a count or parity names one by
            one (with up to eight people it may also be about all of them).
        statements: how many statements each person makes, or a range (minimum, maximum).
        self_accusation: whether a speaker may use the atom "I am a knave" inside a statement.
        trivial: whether statements may occur that are true, or false, in every assignment of roles.
        duplicates: whether several puzzles may have the same key.
        balanced: whether to keep knights and knaves about equally frequent over all puzzles; otherwise their
            frequency depends on the statements.
        names: the names to draw people's names from.
        roles: the pairs of role words to draw from.
        target: required measures (see `knk.proofs.difficulty.MEASURES`), each a number or a range; a
            puzzle that is too hard to measure does not match.

    Raises:
        BadSpec: a number is out of range, a kind or a measure is unknown, no kind has any weight, or no puzzle can
            match the target.

    >>> Spec(people=3).people_range
    (3, 3)
    """

    people: int | tuple[int, int] = 5
    kinds: tuple[tuple[str, float], ...] = tuple((kind, 1.0) for kind in ("atom", "not", "and", "or", "if", "iff"))
    depth: int = 1
    width: int = 2
    statements: int | tuple[int, int] = 1
    self_accusation: bool = False
    trivial: bool = False
    duplicates: bool = False
    balanced: bool = True
    names: tuple[str, ...] = NAMES
    roles: tuple[Roles, ...] = (DEFAULT_ROLES,)
    target: Target = ()

    def __post_init__(self) -> None:
        for name in ("people", "statements"):
            object.__setattr__(self, name, _tuple_if_list(getattr(self, name)))
        if not isinstance(self.kinds, dict):
            # A kind's name alone has weight 1.
            weighted = tuple((kind, 1.0) if isinstance(kind, str) else kind for kind in self.kinds)
            object.__setattr__(self, "kinds", weighted)
        for name in ("kinds", "roles"):
            pairs = getattr(self, name)
            object.__setattr__(
                self, name, tuple(tuple(pair) for pair in (pairs.items() if isinstance(pairs, dict) else pairs))
            )
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "target", _sorted_target(self.target))
        self._check()

    @property
    def people_range(self) -> tuple[int, int]:
        """The minimum and maximum number of people."""
        return _range(self.people)

    @property
    def statements_range(self) -> tuple[int, int]:
        """The minimum and maximum number of statements per person."""
        return _range(self.statements)

    @property
    def target_ranges(self) -> dict[str, tuple[int, int]]:
        """The minimum and maximum of each measure in the target.

        >>> Spec(target={"grade": 3, "steps": (10, 20)}).target_ranges
        {'grade': (3, 3), 'steps': (10, 20)}
        """
        return {name: _range(value) for name, value in self.target}

    @property
    def target_text(self) -> str:
        """The target in words.

        >>> Spec(target={"grade": 3, "steps": (10, 20)}).target_text
        'grade 3, steps 10 to 20'
        """
        return _ranges_text(self.target_ranges)

    def with_changes(self, **changes: Any) -> Self:
        """Return the specification with some fields changed.

        Raises:
            BadSpec: there is no such field, or the result contradicts itself.

        >>> Spec().with_changes(people=(3, 7)).people_range
        (3, 7)
        """
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise BadSpec(f"unknown field {name!r} of a specification: expected one of {', '.join(known)}")
        return replace(self, **changes)

    def _check(self) -> None:
        _check_range("people", self.people, 1, MAX_PEOPLE)
        _check_range("statements", self.statements, 0, 10)
        _check_number("depth", self.depth, 0, 5)
        _check_number("width", self.width, 2, 10)
        weights = dict(self.kinds)
        for kind, weight in weights.items():
            if kind not in KINDS:
                raise BadSpec(f"unknown statement kind {kind!r}: expected one of {', '.join(KINDS)}")
            if not isinstance(weight, int | float) or not 0 <= weight < 1e9:
                raise BadSpec(f"expected a weight of {kind!r} from 0 up, got {weight!r}")
        if not any(weights.values()):
            raise BadSpec("all weights in kinds are 0: give at least one a weight above 0")
        if not self.roles:
            raise BadSpec("roles is empty: expected at least one pair, such as knight/knave")
        try:
            for pair in self.roles:
                if len(pair) != 2:
                    raise BadSpec(f"roles: expected pairs such as angel/demon, got {'/'.join(map(str, pair))!r}")
                Puzzle(self.names, (), pair)
        except BadPuzzle as error:
            raise BadSpec(f"names and roles: {error}") from error
        _check_target(self.target_ranges)


def _sorted_target(target: Any) -> Target:
    """Return a target in the order of `MEASURES`, so that equal targets compare equal."""
    pairs = [tuple(pair) for pair in (target.items() if isinstance(target, dict) else target)]
    for name, *values in pairs:
        if name in ("people", "statements"):
            raise BadSpec(f"{name!r} is a Spec field, not a target")
        if name not in MEASURES:
            raise BadSpec(f"unknown measure {name!r}: expected one of {', '.join(MEASURES)}")
        if len(values) != 1:
            raise BadSpec(f"expected {name} as a number or a range, got {len(values)} values")
        _check_range(name, _tuple_if_list(values[0]), *((1, len(GRADES)) if name == "grade" else (0, UNBOUNDED)))
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise BadSpec(f"the target has {name!r} twice: give it once, as a number or a range")
    return tuple(
        sorted(((name, _tuple_if_list(value)) for name, value in pairs), key=lambda pair: MEASURES.index(pair[0]))
    )


def _check_target(ranges: dict[str, tuple[int, int]]) -> None:
    """Reject measures that no grade has together."""
    for grade in range(1, len(GRADES) + 1):
        bounds = grade_bounds(grade, MAX_PEOPLE)
        # The number of steps depends on the number of people, which may be a range.
        if all(
            name == "steps" or (bounds[name][0] <= maximum and minimum <= bounds[name][1])
            for name, (minimum, maximum) in ranges.items()
        ):
            return
    raise BadSpec(f"no puzzle can have {_ranges_text(ranges)}")


def _ranges_text(ranges: dict[str, tuple[int, int]]) -> str:
    return ", ".join(
        f"{name} {minimum}" + (f" to {maximum}" if maximum > minimum else "")
        for name, (minimum, maximum) in ranges.items()
    )


def _tuple_if_list(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _range(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


def _check_range(name: str, value: Any, minimum: int, maximum: int) -> None:
    pair = value if isinstance(value, tuple) else (value, value)
    numbers = len(pair) == 2 and all(isinstance(v, int) and not isinstance(v, bool) for v in pair)
    if not numbers or not minimum <= pair[0] <= pair[1] <= maximum:
        bounds = f"from {minimum} to {maximum}"
        raise BadSpec(f"expected {name} as a number or a range {bounds}, the smaller number first, got {value!r}")


def _check_number(name: str, value: Any, minimum: int, maximum: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
        raise BadSpec(f"expected a {name} from {minimum} to {maximum}, got {value!r}")


PRESETS: Final[dict[Preset, Spec]] = {
    "classic": Spec(),
    "rich": Spec(kinds=tuple((kind, 1.0) for kind in KINDS), depth=2, width=4, self_accusation=True, roles=ROLE_PAIRS),
}
"""`classic` has the grammar and the probabilities of the public datasets; `rich` has every kind of statement."""
