"""Words and marks of a text, with their places: the first step of reading."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

QUOTE: Final = '"'
DASH: Final = "-"
TITLES: Final = ("Dr", "Mr", "Mrs", "Ms", "Prof", "St")
"""Titles whose full stop, before a space and a word, belongs to a name."""

# A letter of a word is whatever is not space, control, punctuation or quotation: naming the letters would leave out
# the marks that many scripts write with. What is no letter after all is simply an unknown word.
_LETTER: Final = r"[^\s\x00-/:-@\[-`{-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u2000-\u206f\u3000-\u303f]"
_WORD: Final = rf"(?:{_LETTER}\.(?={_LETTER}))*{_LETTER}+(?:[-'\u2019\u2010\u2011]{_LETTER}+)*"
_TITLE: Final = rf"(?:{'|'.join(TITLES)})\.(?=\s{_LETTER})"
_TOKEN: Final = re.compile(rf"{_TITLE}|({_WORD})|[-\u2010-\u2015\u2212]+|\.+|[^\s]")
_SAME: Final = {ord("\u2019"): "'", ord("\u2010"): "-", ord("\u2011"): "-"}
_MARKS: Final = {
    **dict.fromkeys("'\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a", QUOTE),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", DASH),
    "&": "and",
}
_DECORATION: Final = frozenset("*_`#\u2022\u00b7\ufeff")
_CLITICS: Final = ("n't", "'s", "'m", "'re")


class Tokens(NamedTuple):
    """A text cut into words and marks.

    `keys[i]` is what token i is compared by (lower case, one kind of quotation mark, dash and apostrophe); it stands
    at `starts[i]:ends[i]` of `text`; `breaks[i]` is 1 where it begins a line and 2 where a blank line comes before.
    """

    text: str
    keys: list[str]
    starts: list[int]
    ends: list[int]
    breaks: list[int]

    def source(self, first: int, end: int) -> str:
        """Return the text of tokens `first` to before `end`, as it was written.

        >>> tokenize("Ann  and Bob.").source(0, 3)
        'Ann  and Bob'
        """
        return self.text[self.starts[first] : self.ends[end - 1]] if first < end else ""


def tokenize(text: str) -> Tokens:
    """Cut a text into words and marks; what only decorates (bullets, emphasis, numbering) is left out.

    >>> tokenize('- **Ann**: \u201cBob isn\u2019t lying.\u201d').keys
    ['ann', ':', '"', 'bob', 'is', "n't", 'lying', '.', '"']
    """
    found = Tokens(text, [], [], [], [])
    _, keys, starts, ends, breaks = found
    lines = "\n" in text
    end = 0
    begins = 2
    for match in _TOKEN.finditer(text):
        start = match.start()
        if lines and start > end:
            begins = max(begins, min(2, text.count("\n", end, start)))
        end = match.end()
        source = match.group()
        key = word_key(source) if match.lastindex else _MARKS.get(source[:1], source.lower())
        if key in _DECORATION:
            continue
        pieces = _pieces(key, source) if "'" in key and match.lastindex else ((key, end),)
        for piece, piece_end in pieces:
            keys.append(piece)
            starts.append(start)
            ends.append(piece_end)
            breaks.append(begins)
            start, begins = piece_end, 0
        if breaks[-1] or (len(keys) > 1 and breaks[-2]) or (len(keys) > 2 and breaks[-3]):
            begins = max(begins, _drop_bullet(found))
    return found


@lru_cache(maxsize=16384)
def word_key(word: str) -> str:
    """Return what a word is compared by: lower case, composed letters, plain hyphens and apostrophes.

    >>> word_key("O\u2019NEIL")
    "o'neil"
    """
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", word.translate(_SAME)).casefold())


def is_word(key: str) -> bool:
    """Whether a token is a word or a number, and no mark.

    >>> is_word("mary-jane"), is_word(","), is_word("n't")
    (True, False, True)
    """
    return key[-1].isalnum() or key[0].isalnum() or (len(key) > 1 and key[0] not in ".-") or key[0] > "\u00bf"


def words_of(phrase: str) -> tuple[str, ...]:
    """Return the keys of a phrase's words, marks and all.

    >>> words_of("it isn't true that")
    ('it', 'is', "n't", 'true', 'that')
    """
    return tuple(tokenize(phrase).keys)


def spelled(found: Tokens, first: int, end: int) -> str:
    """Return tokens as one name: single spaces, plain hyphens.

    >>> spelled(tokenize("Mary\u2010Jane   Smith"), 0, 2)
    'Mary-Jane Smith'
    """
    pieces = (found.text[found.starts[i] : found.ends[i]] for i in range(first, end))
    return " ".join(pieces).replace("\u2010", "-").replace("\u2011", "-")


def _pieces(key: str, source: str) -> Sequence[tuple[str, int]]:
    raise NotImplementedError


def _drop_bullet(found: Tokens) -> int:
    raise NotImplementedError
