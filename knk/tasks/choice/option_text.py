"""The texts of options and answers: one form for many spellings, and options recognised by their text."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

LETTERS: Final = "ABCDEFGHIJ"

_INVISIBLE: Final = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD, 0xFE0F), None)
_CHARACTERS: Final = {
    **_INVISIBLE,
    **dict.fromkeys(map(ord, "‐‑‒–—―−"), "-"),
    **dict.fromkeys(map(ord, "’‘ʼ′´"), "'"),
    **dict.fromkeys(map(ord, "“”„«»"), '"'),
    **dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000\t\v\f"), " "),
}
# Letters in other shapes; not superscripts, since 10² is not 102.
_SHAPED_LETTERS: Final = re.compile("[\uff01-\uff5e\U0001d400-\U0001d7ff]+")
_LATEX_STYLES: Final = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:bf|rm|it|sf|tt)|boldsymbol|bf|rm|it|emph|underline)\s?(?=[\s{])"
    r"|\\[()\[\],;! ]"
)
_SPACES: Final = re.compile(r"[^\S\n]+")
_LINE_ENDS: Final = re.compile(r" ?\n[ \n]*")
_DECORATION: Final = str.maketrans(dict.fromkeys('{}$`"', ""))


def clean(text: str) -> str:
    """Return a text with one character for each kind of dash, quote and space, without blank lines.

    >>> clean("a – b\\n \\n “c”")
    'a - b\\n"c"'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_CHARACTERS))
        text = _SHAPED_LETTERS.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    # One space or line end for many: patterns that end in white space would take quadratic time in long runs.
    return _LINE_ENDS.sub("\n", _SPACES.sub(" ", text.replace("\r", "\n")))


def without_decoration(text: str) -> str:
    """Return a clean text without brackets, dollars, quotes and styles around its words.

    >>> without_decoration(r"**\\text{B}**.")
    'B.'
    """
    if "\\" in text:
        text = _LATEX_STYLES.sub("", text)
    return text.translate(_DECORATION).replace("**", "").strip(" \n*_#")


_FIRST_WORD: Final = re.compile(r"[A-Z](?=[a-z]{4,}\b)")


def normalized(text: str) -> str:
    """Return one form for all spellings of a text.

    Case counts, as in units and genes, except for the first letter of a text that starts with a long word.

    >>> normalized("Colour  vision."), normalized("ATP")
    ('colour vision', 'ATP')
    """
    words = " ".join(without_decoration(text).split()).rstrip(" .*_#")
    return words[:1].casefold() + words[1:] if _FIRST_WORD.match(words) else words


@lru_cache(maxsize=1 << 12)
def _normalized_options(options: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(normalized(clean(option)) for option in options)


def letters_with_text(text: str, options: tuple[str, ...]) -> set[str]:
    """Return the letters of the options with this text.

    >>> letters_with_text("Red.", ("red", "green"))
    set()
    >>> letters_with_text("green.", ("red", "green"))
    {'B'}
    """
    exact = " ".join(text.split())
    letters = {LETTERS[index] for index, option in enumerate(options) if " ".join(option.split()) == exact}
    if letters or not exact:
        return letters
    normal = normalized(text)
    return {LETTERS[index] for index, option in enumerate(_normalized_options(options)) if option and option == normal}


def is_text_of(text: str, letter: str, options: tuple[str, ...]) -> bool:
    """Whether a text is that of a letter's option, in whatever case.

    >>> is_text_of("RED", "A", ("red", "green"))
    True
    """
    index = LETTERS.index(letter)
    if index >= len(options):
        return False
    return _normalized_options(options)[index].casefold() == normalized(text).casefold() != ""
