"""The words of puzzles, people's names, role words and numbers, and the rules of English for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from knk.logic.puzzle import DEFAULT_ROLES, Roles

ROLE_PAIRS: Final[tuple[Roles, ...]] = (
    DEFAULT_ROLES,
    ("truth-teller", "liar"),
    ("angel", "demon"),
    ("saint", "sinner"),
    ("hero", "villain"),
    ("oracle", "trickster"),
    ("owl", "fox"),
    ("monk", "thief"),
    ("elf", "goblin"),
    ("scholar", "charlatan"),
    ("judge", "swindler"),
    ("ally", "impostor"),
    ("witness", "forger"),
    ("lamplighter", "smuggler"),
)
"""Words for truth-tellers and liars; the first pair is the default."""

NAMES: Final[tuple[str, ...]] = tuple(
    """
    Ada Agnes Ahmed Aino Akira Alba Alma Amara Anil Anton Anya Arlo Asha Astrid Aziz Bao Basil Bea Bela Birgit Boris
    Bruno Carmen Cecil Celia Chidi Clara Conrad Cora Cyrus Dagny Dalia Dario Dev Dimitri Dora Edda Edgar Einar Elif
    Elio Elsa Enzo Esme Eva Fabio Farah Felix Fiona Flora Freya Gita Goran Greta Gus Hana Hanno Hassan Hector Hedda
    Helga Hiro Hugo Ida Igor Imani Ines Ingrid Iris Isak Ivan Ivy Jalil Jana Jasper Jonas Joy Judith Jules Kai Kamal
    Karin Kenji Kofi Lars Leila Lena Leo Linus Lorna Lotte Luisa Mabel Magda Malik Marco Marta Mei Milo Mina Mira
    Moses Nadia Naomi Neil Nico Nils Nina Nora Odin Olga Omar Oscar Otto Paavo Paolo Petra Pia Priya Quinn Rafael
    Rania Rhea Rita Rolf Rosa Rufus Sana Selma Silas Sonja Stig Sven Tamar Tariq Tessa Theo Tilda Tomas Ulla Uma
    Urban Vera Viggo Wanda Wanjiru Wilma Xenia Yara Yusuf Zelda Zora
    """.split()
)
"""First names that generated puzzles draw from, in a fixed order; none begins like another word of a text."""

RARE_NAMES: Final[tuple[str, ...]] = tuple(
    """
    Aldith Amabel Anselm Athelstan Barnabas Bathsheba Blaise Boniface Caspian Celestine Clement Crispin Damaris Dunstan
    Eglantine Eleazar Ermengarde Ethelbert Eudora Eulalia Fabian Faustina Gideon Godwin Griselda Hesper Hyacinth
    Ignatius Isolde Jemima Jocasta Kester Lavinia Leander Lucretia Lysander Melchior Merewen Minerva Mordecai Neriah
    Octavia Olwen Orlando Orsolya Percival Perpetua Philomena Quentin Rosamund Septimus Sidonie Sylvester Tabitha
    Thaddeus Theodoric Thomasina Tiberius Ursula Valentine Wilfrid Winifred Xanthe Ysolde Zachariah Zenobia
    """.split()
)
"""First names that are rare."""

NAMES_OF_MANY_LANGUAGES: Final[tuple[str, ...]] = tuple(
    """
    Ángel Begoña Iñaki Núria João Conceição Gonçalo Zoé Hélène Loïc Anaïs Jörg Käthe Björn Åsa Øyvind Søren Þóra
    Guðrún Siân Caoimhe Niamh Seán Łucja Małgorzata Zdzisław Jiří Žofia Čeněk Šárka György Zsófia Ștefan Ioana Ayşe
    Çağla Gülşen İlker Đorđe Željko Lê Nguyệt Đức Hồng Nuʻumealani Kalāua Xochitl Itzel Chiamaka Oluwaseun Thandeka
    Sipho Amadou Fatoumata Ngozi Makena Wairimu Siddharth Lakshmi Gurpreet Nasrin Mehwish Parvaneh Khosrow Tuğrul
    Aigerim Bolat Altantsetseg Xiuying Jianhong Haruka Shigeru Minseo Jihoon Putri Wayan Dewi Malaya Tamati Ariki
    """.split()
)
"""First names of many languages, in Latin letters with their marks."""

SURNAMES: Final[tuple[str, ...]] = tuple(
    """
    Ash Bell Birch Brook Cliff Cole Dale Elm Fell Finch Flint Ford Glen Grove Hale Heath Hill Holm Hurst Lake Lane
    Lark Marsh Mead Moor Moss North Park Pike Pond Reed Ridge Rook Rowe Shaw Stone Swift Thorn Vale Wells West Wood
    """.split()
)
"""Surnames for puzzles of more people than there are first names."""

NUMBER_WORDS: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()

_NUMBERS: Final = {word: number for number, word in enumerate(NUMBER_WORDS)}
_MAX_DIGITS: Final = 6
_PLURALS: Final = {
    "human": "humans",
    "shaman": "shamans",
    "man": "men",
    "woman": "women",
    "child": "children",
    "person": "people",
    "thief": "thieves",
    "elf": "elves",
    "wolf": "wolves",
}
"""Endings and their plurals; the first that fits is taken."""
_VOWEL_SOUNDED: Final = ("honest", "honour", "honor", "hour", "heir")
_CONSONANT_SOUNDED: Final = ("one", "once", "uni", "use", "usu", "eu", "ewe", "ut")


@lru_cache(maxsize=1024)
def article(word: str) -> str:
    """Return the indefinite article that goes before a word.

    >>> article("knight"), article("angel"), article("unicorn"), article("honest elf")
    ('a', 'an', 'a', 'an')
    """
    word = word.casefold()
    if word.startswith(_VOWEL_SOUNDED):
        return "an"
    return "an" if word[:1] in tuple("aeiou") and not word.startswith(_CONSONANT_SOUNDED) else "a"


@lru_cache(maxsize=1024)
def with_article(word: str) -> str:
    """Return a word with its indefinite article before it.

    >>> with_article("knight"), with_article("angel")
    ('a knight', 'an angel')
    """
    return f"{article(word)} {word}"


@lru_cache(maxsize=1024)
def plural(word: str) -> str:
    """Return the plural of a role word.

    >>> [plural(word) for word in ("knave", "hero", "ally", "fox", "thief", "wise man")]
    ['knaves', 'heroes', 'allies', 'foxes', 'thieves', 'wise men']
    """
    start, space, last = word.rpartition(" ")
    folded = last.casefold()
    for singular, irregular in _PLURALS.items():
        if folded.endswith(singular):
            return start + space + last[: len(last) - len(singular)] + irregular
    if folded.endswith("y") and folded[-2:-1] not in tuple("aeiou"):
        return word[:-1] + "ies"
    if folded.endswith(("s", "x", "z", "ch", "sh", "hero", "echo")):
        return word + "es"
    return word + "s"


def role_forms(role: str) -> tuple[str, ...]:
    """Return what a role word may look like in a text: singular, plural, and the plural by a slip of the pen.

    >>> role_forms("hero")
    ('hero', 'heroes', 'heros')
    """
    return tuple(dict.fromkeys((role, plural(role), role + "s")))


def join_words(words: Sequence[str], conjunction: str = "and") -> str:
    """Return words as an English list: no comma for two, a comma before the conjunction for more.

    >>> join_words(["Ann", "Bob"]), join_words(["Ann", "Bob", "Cid"], "or")
    ('Ann and Bob', 'Ann, Bob, or Cid')
    """
    if len(words) <= 2:
        return f" {conjunction} ".join(words)
    return f"{', '.join(words[:-1])}, {conjunction} {words[-1]}"


def number_word(number: int) -> str:
    """Return a number in words up to twenty, in digits beyond.

    >>> number_word(3), number_word(21)
    ('three', '21')
    """
    return NUMBER_WORDS[number] if 0 <= number < len(NUMBER_WORDS) else str(number)


def number_of(word: str) -> int | None:
    """Return the number that a word or a few digits stand for, or None; the inverse of `number_word`.

    >>> number_of("three"), number_of("21"), number_of("many")
    (3, 21, None)
    """
    if word in _NUMBERS:
        return _NUMBERS[word]
    return int(word) if word.isascii() and word.isdigit() and len(word) <= _MAX_DIGITS else None


def capitalised(text: str) -> str:
    """Return the text with its first letter in upper case and the rest as it is.

    >>> capitalised("if Bob lies")
    'If Bob lies'
    """
    return text[:1].upper() + text[1:]


@lru_cache(maxsize=64)
def full_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return first names joined to every surname: for puzzles of more people than there are first names.

    >>> full_names(("Ada", "Omar"))[:3]
    ('Ada Ash', 'Omar Ash', 'Ada Bell')
    """
    return tuple(f"{name} {surname}" for surname in SURNAMES for name in names)
