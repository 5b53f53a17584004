r"""The words in which a final answer may be written, each with a code of one letter.

The grammar (`knk.answers.grammar`) is regular expressions over these codes:

    N  a person of the puzzle      U  an unknown word (perhaps a person who is not in the puzzle)
    r  a role, or "lying"          V  a verb that says the role, as in "lies"
    i  is, are, must be            j  isn't, cannot be          n  not        v  indeed, definitely
    a  a, an      t  the           x  first, last      X  other, remaining    o  only
    b  both, all  E  everyone      f  of      p  them, people   Z  none       z  there are no
    H  neither    h  nor           e  except  O  the rest, everyone else    T  there are
    Q  all but    #  a number      m  an item's number, as in "(1)"
    l  so, therefore               d  my, our          g  final, correct      s  answer, roles
    c  we conclude                 y  that    A  as follows     k  here is    q  a heading: name, role

A mark (comma, colon, line end, ...) is its own code; `>` is an arrow, `?` any mark without a meaning here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from knk.answers.markup import clean
from knk.logic.puzzle import Roles
from knk.text.vocabulary import NUMBER_WORDS, plural

_TOKEN: Final = re.compile(
    r"""
    \(\d{1,4}\) | (?<!\S)\d{1,4}[.):](?=\s)                     # the number of a list item
    | ^\(?(?:[a-zA-Z]|[ivxIVX]{2,4})[.)](?=\s)                  # the letter of a list item, only at the start of a line
    | [-=]{1,3}>                                                # an arrow
    | [^\s()\[\]{}<>.,;:=|/\\+&!?"'~^%@-]+(?:['-][^\s()\[\]{}<>.,;:=|/\\+&!?"'~^%@-]+)*
    | \S | \n
    """,
    re.VERBOSE | re.MULTILINE,
)
_ARROW: Final = re.compile(r"[-=]+>")
_LIST_ITEM: Final = re.compile(r"\(?\w{1,4}[.):]|\(\d{1,4}\)")

_WORDS: Final = {
    "i": "is/are/must be/has to be/have to be",
    "j": "isn't/aren't/cannot be/can't be/can not be",
    "n": "not",
    "v": "definitely/certainly/clearly/indeed/also/in fact",
    "a": "a/an",
    "t": "the",
    "x": "first/second/third/fourth/fifth/last/another",
    "X": "other/remaining",
    "o": "only/sole",
    "b": "both/all/each",
    "E": "everyone/everybody/every one/every person/every inhabitant/every islander/each person/each inhabitant",
    "f": "of",
    "p": "them/they/people/persons/inhabitants/islanders/characters/individuals/residents",
    "Z": "none/nobody/no one/no-one/no inhabitant/no person",
    "z": "there are no/there is no",
    "T": "there are/there is",
    "H": "neither",
    "h": "nor",
    "Q": "everyone but/everybody but/all but",
    "O": "others/rest/everyone else/everybody else/all others/all the others/all the rest/the other ones",
    "e": "except/except for/apart from/save for",
    "&": "and/&/while/whereas/but/as well as/+",
    "l": "so/therefore/thus/hence/finally/consequently/accordingly/overall/verified/in conclusion/in summary/"
    "to summarize/to summarise/to conclude/in short/as a result/and so/summing up",
    "d": "my/our",
    "g": "final/correct/unique/complete/consistent/full/resulting",
    "s": "answer/answers/solution/conclusion/result/results/assignment/assignments/roles/identities/summary",
    "c": "we have/we get/we find/we conclude/we can conclude/we know/we see/i conclude/this means/this gives/"
    "this gives us/it follows/i find",
    "y": "that",
    "A": "as follows/the following",
    "k": "here is/here are/here's/this is/these are",
    "?": "or/either/if/possibly/probably/perhaps/maybe/likely",
    "q": "name/person/inhabitant/islander/character/role/type/identity/kind/status",
}
_VERBS: Final = {
    True: "tells the truth/tell the truth/always tells the truth/always tell the truth/never lies/never lie/"
    "does not lie/doesn't lie/do not lie/don't lie",
    False: "lies/lie/always lies/always lie/never tells the truth/never tell the truth/does not tell the truth/"
    "doesn't tell the truth/do not tell the truth/don't tell the truth",
}
_ADJECTIVES: Final = {True: "honest/truthful/telling the truth", False: "dishonest/lying"}
_NOUNS: Final = {
    True: "truth-teller/truth-tellers/truthteller/truthtellers/truth teller/truth tellers",
    False: "liar/liars",
}


def _split(text: str) -> list[str]:
    tokens: list[str] = _TOKEN.findall(text)
    if "'" in tokens:
        # An apostrophe inside a word is part of its token; any other is a quotation mark.
        tokens = [token for token in tokens if token != "'"]
    return tokens


def _name_tokens(name: str) -> list[str]:
    return _split(clean(name).casefold())


_CODES: Final = {
    **{" ".join(_split(phrase)): code for code, phrases in _WORDS.items() for phrase in phrases.split("/")},
    **{mark: mark for mark in ",;.:=|()-/\n"},
    "!": ".",
    "->": ">",
    "=>": ">",
    **{form.format(number): "m" for number in range(1, 31) for form in ("({})", "{}.", "{})", "{}:")},
    **dict.fromkeys(NUMBER_WORDS[1:], "#"),
}


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The words in which a puzzle's answers may be written.

    Args:
        size: the number of people.
        codes: the code of each word or phrase.
        people: the index of the person that a word or phrase names.
        roles: whether a word or phrase means "knight".
        exact: names that are also words of the grammar ("A"), which are names only in exactly this spelling.
        phrases: the phrases that start with a word, longest first, by that word.
    """

    size: int
    codes: dict[str, str]
    people: dict[str, int] = field(default_factory=dict)
    roles: dict[str, bool] = field(default_factory=dict)
    exact: set[str] = field(default_factory=set)
    phrases: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)

    def add_role(self, word: str, knight: bool, code: str = "r") -> None:
        """Add a word for a role, unless it has a role already."""
        parts = _name_tokens(word)
        key = " ".join(parts)
        if key not in self.roles:
            self.roles[key] = knight
            self.codes[key] = code
            self.add_phrase(parts)

    def add_person(self, name: str, person: int) -> None:
        """Add a person's name; a name that two people share means neither of them."""
        # An initial ("R. Smith") is split differently at the start of a line, where it may be a list item's letter.
        for parts in {tuple(_name_tokens(name)), tuple(_name_tokens(f", {name}")[1:])}:
            key = " ".join(parts)
            if key in self.codes and key not in self.people:
                key = " ".join(_split(clean(name)))
                self.exact.add(key)
            self.codes[key] = "N" if self.people.get(key, person) == person else "?"
            self.people[key] = person
            self.add_phrase(parts)

    def add_phrase(self, parts: Sequence[str]) -> None:
        """Join words that follow one another into one token."""
        if len(parts) > 1:
            # A new list, as the old one may be shared by all puzzles.
            phrases = {*self.phrases.get(parts[0], ()), tuple(parts)}
            self.phrases[parts[0]] = sorted(phrases, key=len, reverse=True)


def _common() -> Lexicon:
    """Return the words that all puzzles share."""
    shared = Lexicon(0, dict(_CODES))
    for key in _CODES:
        shared.add_phrase(key.split(" "))
    for code, table in (("r", _ADJECTIVES), ("V", _VERBS)):
        for knight, words in table.items():
            for word in words.split("/"):
                shared.add_role(word, knight, code)
    return shared


_COMMON: Final = _common()


def _spellings(role: str) -> Iterator[str]:
    for word in (role, plural(role)):
        yield from (word, word.replace("-", " "), word.replace("-", ""))


@lru_cache(maxsize=64)
def _role_words(roles: Roles) -> Lexicon:
    """Return the words that all puzzles with these role words share."""
    shared = Lexicon(0, dict(_COMMON.codes), phrases=dict(_COMMON.phrases))
    for knight, role in zip((True, False), roles, strict=True):
        for word in _spellings(role):
            shared.add_role(word, knight)
    nouns = {word: knight for knight, words in _NOUNS.items() for word in words.split("/")}
    # If "liar" is the puzzle's word for a knight, the meaning of "truth-teller" would be a guess.
    if all(shared.roles.get(word, knight) is knight for word, knight in nouns.items()):
        for word, knight in nouns.items():
            shared.add_role(word, knight)
    for word, knight in _COMMON.roles.items():
        shared.roles.setdefault(word, knight)
    return shared


@lru_cache(maxsize=4096)
def lexicon_of(names: tuple[str, ...], roles: Roles) -> Lexicon:
    """Return the words in which a puzzle's answers may be written.

    >>> lexicon = lexicon_of(("Ann", "Bob"), ("angel", "demon"))
    >>> lexicon.people["bob"], lexicon.roles["demons"]
    (1, False)
    """
    shared = _role_words(roles)
    built = Lexicon(len(names), dict(shared.codes), {}, shared.roles, set(), dict(shared.phrases))
    for person, name in enumerate(names):
        built.add_person(name, person)
    return built


def tokenize(text: str, lexicon: Lexicon) -> list[str]:
    """Return the words, phrases and punctuation marks of a text, in lower case except for names that need capitals.

    >>> tokenize("(1) Ann is a knight.", lexicon_of(("Ann",), ("knight", "knave")))
    ['(1)', 'ann', 'is', 'a', 'knight', '.']
    """
    text = clean(text)
    if lexicon.exact:
        tokens = [token if token in lexicon.exact else token.casefold() for token in _split(text)]
    else:
        tokens = _split(text.casefold())
    if not lexicon.phrases.keys().isdisjoint(tokens):
        tokens = list(_join_phrases(tokens, lexicon.phrases))
    codes = lexicon.codes
    return [part for token in tokens for part in ((token,) if token in codes else _split_compound(token, codes))]


def _join_phrases(tokens: list[str], phrases: dict[str, list[tuple[str, ...]]]) -> Iterator[str]:
    """Iterate over the tokens, with those of each phrase joined."""
    index = 0
    while index < len(tokens):
        for phrase in phrases.get(tokens[index], ()):
            if tuple(tokens[index : index + len(phrase)]) == phrase:
                yield " ".join(phrase)
                index += len(phrase)
                break
        else:
            yield tokens[index]
            index += 1


def _split_compound(word: str, codes: dict[str, str]) -> tuple[str, ...]:
    """Return the known words in an unknown one: "ann's" is "ann is", "ann-knight" is "ann - knight"."""
    if word.endswith("'s") and codes.get(word[:-2]) == "N":
        return word[:-2], "is"
    left, dash, right = word.rpartition("-")
    if dash and codes.get(left) == "N" and codes.get(right) == "r":
        return left, dash, right
    return (word,)


def code_of_unknown(word: str) -> str:
    """Return the code of a word that is not in the lexicon."""
    if word.isdecimal():
        return "#"
    if _ARROW.fullmatch(word):
        return ">"
    if _LIST_ITEM.fullmatch(word):
        return "m"
    return "U" if any(letter.isalpha() for letter in word) else "?"
