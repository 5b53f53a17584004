r"""The boxes in a text: `\boxed{...}` and `\fbox{...}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_BOX: Final = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])\s*")
_BRACE: Final = re.compile(r"\\.|[{}]", re.DOTALL)


@dataclass(frozen=True)
class Box:
    r"""A `\boxed{...}` in a text.

    Args:
        content: the text in it; None if its braces do not close, or there are none.
        start: the index at which it starts.
        end: the index at which it ends.
    """

    content: str | None
    start: int
    end: int


def boxes(text: str) -> list[Box]:
    r"""Return the boxes in a text, in order; a box inside another is part of it, and one left open is the last.

    >>> [box.content for box in boxes(r"\boxed{\frac{1}{2}} or \fbox{3}, or \boxed{4")]
    ['\\frac{1}{2}', '3', None]
    """
    result: list[Box] = []
    index = 0
    while command := _BOX.search(text, index):
        end = closing_brace(text, command.end())
        content = None if end is None else text[command.end() + 1 : end]
        index = command.end() if end is None else end + 1
        result.append(Box(content, command.start(), index))
        if end is None and text[command.end() : command.end() + 1] == "{":
            break  # The rest of the text is inside it, and to search it for each box in turn would take quadratic time.
    return result


def has_box(text: str) -> bool:
    r"""Whether a text has the command of a box.

    >>> has_box(r"\boxed 2"), has_box(r"\boxes")
    (True, False)
    """
    return bool(_BOX.search(text))


def closing_brace(text: str, start: int) -> int | None:
    r"""Return the index of the brace that closes the one at an index; None if there is none or it stays open.

    >>> closing_brace("{a{b}c}", 0), closing_brace("{a", 0), closing_brace("a", 0), closing_brace(r"{\}}", 0)
    (6, None, None, 3)
    """
    if text[start : start + 1] != "{":
        return None
    depth = 0
    for brace in _BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.start()
    return None
