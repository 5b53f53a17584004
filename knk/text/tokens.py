"""A text cut into words and marks: the first step of reading."""

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
MAX_QUOTE_LENGTH: Final = 60
"""Characters of a text that an error quotes."""
QUOTE: Final = '"'
DASH: Final = "-"
TITLES: Final = ("Dr", "Mr", "Mrs", "Ms", "Prof", "St")
"""Titles whose full stop, before a space and a word, belongs to a name."""

# A letter is any character that is no space, control, punctuation or quotation mark: a list of letters would lack the
# combining marks that many scripts need. A character that is no letter after all is simply an unknown word.
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

    Token i is `text[starts[i]:ends[i]]`. For comparison it is `keys[i]`: in lower case, with one kind of quotation
    mark, dash and apostrophe. `breaks[i]` is 1 if it begins a line, 2 if a blank line comes before it, and else 0.
    """

    text: str
    keys: list[str]
    starts: list[int]
    ends: list[int]
    breaks: list[int]

    def source(self, first: int, end: int) -> str:
        """Return the text of tokens from `first` to before `end`, as it was written.

        >>> tokenize("Ann  and Bob.").source(0, 3)
        'Ann  and Bob'
        """
        return self.text[self.starts[first] : self.ends[end - 1]] if first < end else ""


def tokenize(text: str) -> Tokens:
    """Cut a text into words and marks, without bullets, emphasis and numbering.

    >>> tokenize("- **Ann**: \u201cBob isn\u2019t lying.\u201d").keys
    ['ann', ':', '"', 'bob', 'is', "n't", 'lying', '.', '"']
    """
    tokens = Tokens(text, [], [], [], [])
    _, keys, starts, ends, breaks = tokens
    has_lines = "\n" in text
    end = 0
    break_before = 2
    for match in _TOKEN.finditer(text):
        previous_end = end
        start, end = match.span()
        if has_lines and start > previous_end:
            break_before = max(break_before, min(2, text.count("\n", previous_end, start)))
        source = match.group()
        if match.lastindex:
            key = word_key(source)
            if "'" in key:
                size = 3 if key.endswith(("n't", "'re")) else 2
                if key.endswith(_CLITICS) and len(key) > size:
                    _append_token(tokens, key[:-size], start, end - size, break_before)
                    key, start, break_before = key[-size:], end - size, 0
        else:
            key = _MARKS.get(source[0]) or source.lower()
            if key in _DECORATION or (break_before and key in "->" and not (keys and keys[-1] == QUOTE)):
                continue
        keys.append(key)
        starts.append(start)
        ends.append(end)
        breaks.append(break_before)
        is_numbering = key in _CLOSING and len(keys) > 1 and keys[-2].isdigit()
        break_before = _drop_numbering(tokens) if is_numbering else 0
    return tokens


def _append_token(tokens: Tokens, key: str, start: int, end: int, break_before: int) -> None:
    tokens.keys.append(key)
    tokens.starts.append(start)
    tokens.ends.append(end)
    tokens.breaks.append(break_before)


def _drop_numbering(tokens: Tokens) -> int:
    """Drop a list item's number, "1." "2)" or "(3)", from the end; return the break before it, or 0."""
    for size, opening in ((3, "("), (2, "")):
        keys = tokens.keys[-size:]
        if len(keys) == size and tokens.breaks[-size] and keys[-2].isdigit() and (not opening or keys[0] == opening):
            break_before = tokens.breaks[-size]
            for column in tokens[1:]:
                del column[-size:]
            return break_before
    return 0


@lru_cache(maxsize=16384)
def word_key(word: str) -> str:
    """Return a word for comparison: in lower case, with composed letters and plain hyphens and apostrophes.

    >>> word_key("O\u2019NEIL")
    "o'neil"
    """
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", word.translate(_SAME)).casefold())


def is_word(key: str) -> bool:
    """Whether a token is a word or a number, not a mark or a contraction.

    >>> is_word("mary-jane"), is_word(","), is_word("n't")
    (True, False, False)
    """
    return (key[0].isalnum() or key[0] > "\u00bf") and key != "n't"


def words_of(phrase: str) -> tuple[str, ...]:
    """Return the keys of a phrase's words and marks.

    >>> words_of("it isn't true that")
    ('it', 'is', "n't", 'true', 'that')
    """
    return tuple(tokenize(phrase).keys)


def spelled(tokens: Tokens, first: int, end: int) -> str:
    """Return tokens as a name, with single spaces and plain hyphens.

    >>> spelled(tokenize("Mary\u2010Jane   Smith"), 0, 2)
    'Mary-Jane Smith'
    """
    pieces = (tokens.text[tokens.starts[i] : tokens.ends[i]] for i in range(first, end))
    return " ".join(pieces).replace("\u2010", "-").replace("\u2011", "-")
