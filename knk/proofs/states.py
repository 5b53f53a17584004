"""What is known about people's roles, as one integer with two bits a person.

In a *state* bit 2i stands for "person i is a knave" and bit 2i + 1 for "person i is a knight".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

CONFLICT: Final = -1
"""In place of a state: no roles are possible."""


def bit_of(person: int, knight: bool) -> int:
    """Return the state in which only this role is known.

    >>> bit_of(0, False), bit_of(1, True)
    (1, 8)
    """
    return (2 if knight else 1) << 2 * person


def people_of(state: int) -> Iterator[tuple[int, bool]]:
    """Iterate over the people whose roles are known, with True for a knight, in increasing order.

    >>> list(people_of(0b1001))
    [(0, False), (1, True)]
    """
    while state:
        position = (state & -state).bit_length() - 1
        yield position >> 1, bool(position & 1)
        state &= state - 1
