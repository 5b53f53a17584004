"""Words and marks of a text, with their places: the first step of reading."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

Token = str | int
"""A word or mark, or a person's number once names are known."""
TRUTH: Final = "<truth>"
LIE: Final = "<lie>"
PERSON: Final = "<person>"
"""What stands for role words, singular or plural, and for a name once these are known; never a word of a text."""
LONGEST_QUOTE: Final = 60
"""Characters of a text that an error quotes."""
QUOTE: Final = '"'
DASH: Final = "-"
TITLES: Final = ("Dr", "Mr", "Mrs", "Ms", "Prof", "St")
"""Titles whose full stop, before a space and a word, belongs to a name."""

# A letter of a word is whatever is not space, control, punctuation or quotation: naming the letters would leave out
# the marks that many scripts write with. What is no letter after all is simply an unknown word.
_LETTER: Final = (
    r"[^\s\x00-/:-@\[-`{-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u2000-\u206f\u3000-\u303f]"
)
_WORD: Final = rf"(?:{_LETTER}\.(?={_LETTER}))*{_LETTER}+(?:[-'\u2019\u2010\u2011]{_LETTER}+)*"
_TITLE: Final = rf"(?:{'|'.join(TITLES)})\.(?=\s{_LETTER})"
_TOKEN: Final = re.compile(rf"{_TITLE}|({_WORD})|[-\u2010-\u2015\u2212]+|\.+|[^\s]")
_SAME: Final = {ord("\u2019"): "'", ord("\u2010"): "-", ord("\u2011"): "-"}
_MARKS: Final = {
    **dict.fromkeys("'\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a", QUOTE),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", DASH),
    "-": DASH,
    "&": "and",
}
_DECORATION: Final = frozenset("*_`#\u2022\u00b7\ufeff")
_CLOSING: Final = frozenset((".", ")"))
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

    >>> tokenize("- **Ann**: \u201cBob isn\u2019t lying.\u201d").keys
    ['ann', ':', '"', 'bob', 'is', "n't", 'lying', '.', '"']
    """
    found = Tokens(text, [], [], [], [])
    _, keys, starts, ends, breaks = found
    lines = "\n" in text
    end = 0
    begins = 2
    for match in _TOKEN.finditer(text):
        last = end
        start, end = match.span()
        if lines and start > last:
            begins = max(begins, min(2, text.count("\n", last, start)))
        source = match.group()
        if match.lastindex:
            key = word_key(source)
            if "'" in key:
                size = 3 if key.endswith(("n't", "'re")) else 2
                if key.endswith(_CLITICS) and len(key) > size:
                    _push(found, key[:-size], start, end - size, begins)
                    key, start, begins = key[-size:], end - size, 0
        else:
            key = _MARKS.get(source[0]) or source.lower()
            if key in _DECORATION or (begins and key in "->" and not (keys and keys[-1] == QUOTE)):
                continue
        keys.append(key)
        starts.append(start)
        ends.append(end)
        breaks.append(begins)
        begins = _drop_number(found) if key in _CLOSING and len(keys) > 1 and keys[-2].isdigit() else 0
    return found


def _push(found: Tokens, key: str, start: int, end: int, begins: int) -> None:
    found.keys.append(key)
    found.starts.append(start)
    found.ends.append(end)
    found.breaks.append(begins)


def _drop_number(found: Tokens) -> int:
    """Drop a list item's number, "1." "2)" or "(3)", from the end; return what now begins, or 0."""
    for size, opening in ((3, "("), (2, "")):
        keys = found.keys[-size:]
        if len(keys) == size and found.breaks[-size] and keys[-2].isdigit() and (not opening or keys[0] == opening):
            begins = found.breaks[-size]
            for column in found[1:]:
                del column[-size:]
            return begins
    return 0


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
    """Whether a token is a word or a number, and no mark or contraction.

    >>> is_word("mary-jane"), is_word(","), is_word("n't")
    (True, False, False)
    """
    return (key[0].isalnum() or key[0] > "\u00bf") and key != "n't"


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
