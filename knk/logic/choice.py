"""Choices that follow from a seed, the same on every machine and release of Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from knk.logic.mixing import mix

T = TypeVar("T")
_MASK: Final = (1 << 64) - 1


class Choice:
    """A stream of choices.

    >>> choice = Choice(seed=1)
    >>> [choice.below(10) for _ in range(5)]
    [8, 6, 5, 4, 1]
    """

    def __init__(self, seed: int) -> None:
        self._state = mix(seed & _MASK)

    def below(self, bound: int) -> int:
        """Return a number from 0 to before `bound`."""
        self._state = mix(self._state)
        return (self._state >> 32) % bound

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[self.below(len(options))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in a random order."""
        result = list(items)
        for index in range(len(result) - 1, 0, -1):
            other = self.below(index + 1)
            result[index], result[other] = result[other], result[index]
        return result
