"""Canonical labelling: numbering people so that puzzles that differ only by renaming people get the same form.

Individualisation and refinement, as in McKay and Piperno, "Practical graph isomorphism, II"
(https://arxiv.org/abs/1301.1493). People get *colours*, numbers that tell apart people whose situations differ. Where
refinement leaves several people of one colour, each of them is tried as the first; symmetries show which of these
attempts would repeat another. Of the forms at the leaves of this search the least one is canonical.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Generic, TypeVar

from knk.errors import GaveUp

Form = TypeVar("Form", str, bytes)
_Item = TypeVar("_Item")


def connected(items: Iterable[_Item], people: Callable[[_Item], Collection[int]]) -> list[list[_Item]]:
    """Return the items in groups that share nobody.

    Args:
        items: whatever is about people.
        people: returns the people whom an item is about, at least one.

    >>> connected([(0, 1), (2,), (1, 3)], lambda pair: pair)
    [[(0, 1), (1, 3)], [(2,)]]
    """
    parent: dict[int, int] = {}

    def find(person: int) -> int:
        parent.setdefault(person, person)
        while parent[person] != person:
            parent[person] = person = parent[parent[person]]
        return person

    members: list[tuple[int, _Item]] = []
    for item in items:
        root = -1
        for person in people(item):
            if root < 0:
                root = find(person)
                members.append((person, item))
            elif parent.get(person) != root:
                parent[find(person)] = root
    groups: defaultdict[int, list[_Item]] = defaultdict(list)
    for person, item in members:
        groups[find(person)].append(item)
    return list(groups.values())


class Labelling(ABC, Generic[Form]):
    """The search for the least form of something about people numbered from 0; subclasses say what its form is.

    Args:
        size: how many people there are.
        max_labellings: labellings that are tried before the search gives up; None for no limit.
    """

    def __init__(self, size: int, max_labellings: int | None = None) -> None:
        self.size = size
        self._max_labellings = max_labellings
        self._labellings = 0
        self._first: tuple[Form, list[int]] | None = None
        self._best: tuple[Form, list[int]] | None = None
        self._automorphisms: list[dict[int, int]] = []

    @abstractmethod
    def form(self, labels: list[int]) -> Form:
        """Return what the thing looks like when each person i is called `labels[i]`."""

    @abstractmethod
    def recoloured(self, colours: list[int]) -> list[int]:
        """Return each person's colour mixed with those of the people they are related to."""

    @abstractmethod
    def individualised(self, colour: int, rank: int) -> int:
        """Return the new colour of the person who is singled out of those of one colour as number `rank`."""

    def are_twins(self, person: int, other: int) -> bool:  # noqa: ARG002 - a subclass may know better
        """Whether swapping two people is known to leave the form unchanged."""
        return False

    def repeats(self, person: int, tried: list[int], fixed: tuple[int, ...]) -> bool:
        """Whether singling out a person would only repeat the forms that one of those tried has given."""
        return not self._orbit(person, fixed).isdisjoint(tried)

    def refined(self, colours: list[int]) -> list[int]:
        """Return colours recoloured until that tells no more people apart."""
        known = len(set(colours))
        while True:
            colours = self.recoloured(colours)
            now = len(set(colours))
            if now in (known, self.size):
                return colours
            known = now

    def least_form(self, colours: list[int]) -> Form:
        """Return the least form over the labellings that the search tries, starting from refined colours.

        Raises:
            GaveUp: there are more than `max_labellings` of them.
        """
        self._search(colours, ())
        assert self._best is not None
        return self._best[0]

    def _search(self, colours: list[int], fixed: tuple[int, ...]) -> None:
        cell: list[int] = _smallest_cell(colours)
        if not cell:
            self._visit(sorted(range(self.size), key=colours.__getitem__))
        elif all(self.are_twins(cell[0], person) for person in cell[1:]):
            # Whoever comes first, the form is the same: all are singled out at once.
            self._search(self._singled_out(colours, cell), (*fixed, *cell))
        else:
            tried: list[int] = []
            for person in cell:
                if not (tried and self.repeats(person, tried, fixed)):
                    tried.append(person)
                    self._search(self._singled_out(colours, [person]), (*fixed, person))

    def _singled_out(self, colours: list[int], people: list[int]) -> list[int]:
        colours = list(colours)
        for rank, person in enumerate(people):
            colours[person] = self.individualised(colours[person], rank)
        return self.refined(colours)

    def _visit(self, order: list[int]) -> None:
        """Compare the form at a leaf with the first and the best; an equal form shows a symmetry."""
        self._labellings += 1
        if self._max_labellings is not None and self._labellings > self._max_labellings:
            raise GaveUp(f"more than {self._max_labellings} labellings of {self.size} people who look alike")
        labels = [0] * self.size
        for label, person in enumerate(order):
            labels[person] = label
        form = self.form(labels)
        for known in (self._first, self._best):
            if known is not None and form == known[0]:
                self._automorphisms.append(dict(zip(known[1], order, strict=True)))
                return
        if self._first is None:
            self._first = form, order
        if self._best is None or form < self._best[0]:
            self._best = form, order

    def _orbit(self, person: int, fixed: tuple[int, ...]) -> set[int]:
        """Return everybody to whom the known symmetries that keep `fixed` can move a person."""
        useful = [swap for swap in self._automorphisms if all(swap[f] == f for f in fixed)]
        useful += [{new: old for old, new in swap.items()} for swap in useful]
        orbit, pending = {person}, [person]
        while pending:
            current = pending.pop()
            for swap in useful:
                if swap[current] not in orbit:
                    orbit.add(swap[current])
                    pending.append(swap[current])
        return orbit


def _smallest_cell(colours: list[int]) -> list[int]:
    """Return the smallest set of people of one colour, or nobody if all colours differ."""
    cells: defaultdict[int, list[int]] = defaultdict(list)
    for person, colour in enumerate(colours):
        cells[colour].append(person)
    shared = [(len(members), colour) for colour, members in cells.items() if len(members) > 1]
    return cells[min(shared)[1]] if shared else []
