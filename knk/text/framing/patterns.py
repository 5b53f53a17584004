"""Framing wordings compiled for matching: an automaton over words and slots.

A wording is a sequence of words, slots such as `{names}`, optional parts `[x]` and choices `(x|y)`. It becomes nodes,
each with the nodes that may follow it; a state is the set of nodes that may come next in several wordings at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple

from knk.text.framing import wordings
from knk.text.tokens import is_word, tokenize

_PIECE: Final = re.compile(r"\s*(?:([\[(])|([\])|])|(\{\w+\})|([^\s\[\]()|{}]+))")

Pattern = list[Any]
"""A wording as words, slots and lists of alternative patterns."""


class Node(NamedTuple):
    """A word or a slot of a wording, and what may come after it; the end of a wording has no label."""

    label: str
    follow: tuple[Node, ...]


_END: Final = Node("", ())


class State:
    """Nodes that may come next, in several wordings at once; the states that follow are made when needed.

    Args:
        nodes: the nodes.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.follow: dict[str, list[Node]] = {}
        for node in nodes:
            self.follow.setdefault(node.label, []).append(node)
        self.is_end = self.follow.pop("", None) is not None
        self.slots = tuple(label for label in self.follow if label[0] == "{" and len(label) > 1)
        self._states: dict[str, State] = {}

    def after(self, label: str) -> State | None:
        """Return the state after a word or a slot, or None where it may not come next."""
        state = self._states.get(label)
        if state is None and label in self.follow:
            nodes = {id(node): node for before in self.follow[label] for node in before.follow}
            state = self._states[label] = State(nodes.values())
        return state


@lru_cache(maxsize=1)
def first_state() -> State:
    """Return the state before the first word of any framing sentence.

    >>> first_state().after("you") is None, first_state().after("knights") is None
    (False, True)
    """
    return State([node for wording in dict.fromkeys(_sentences()) for node in _compiled(_parsed(wording), (_END,))])


def _sentences() -> Iterator[str]:
    """Iterate over all wordings, a sentence at a time, with every slot in the form for reading."""
    pairs = [*wordings.MEETINGS, *wordings.QUESTIONS, *wordings.DIALOGUE_MEETINGS, wordings.CLASSIC_MEETING]
    rules = [*wordings.RULES, *wordings.DIALOGUE_RULES, wordings.CLASSIC_RULE]
    for text in [*rules, wordings.CLASSIC_QUESTION, *(text for pair in pairs for text in pair)]:
        # Brackets that are written are passed over like commas; in what is only read they have a meaning.
        plain = text.replace("(", "").replace(")", "")
        plain = re.sub(r"\{a([A-Z])\}", r"(a|an) {\1}", plain.replace("{digits}", "{n}").replace("{C", "{"))
        yield from filter(None, re.split(r"[.?](?:\s|$)", plain))
    yield from wordings.READ_ONLY


def _parsed(wording: str) -> Pattern:
    """Return a wording as a pattern."""
    stack: list[list[Pattern]] = [[[]]]
    for opening, closing, slot, word in _PIECE.findall(wording):
        if opening:
            stack.append([[]])
        elif closing == "|":
            stack[-1].append([])
        elif closing:
            alternatives = stack.pop()
            stack[-1][-1].append([*alternatives, []] if closing == "]" else alternatives)
        else:
            stack[-1][-1].extend([slot] if slot else [key for key in tokenize(word).keys if is_word(key)])
    return stack[0][0]


def _compiled(pattern: Pattern, follow: tuple[Node, ...]) -> tuple[Node, ...]:
    """Return the nodes that a pattern may begin with, when `follow` may come after it."""
    for piece in reversed(pattern):
        if isinstance(piece, str):
            follow = (Node(piece, follow),)
        else:
            follow = tuple(node for alternative in piece for node in _compiled(alternative, follow))
    return follow
