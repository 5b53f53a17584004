r"""How a final answer is read: clean it, cut it into words, and match the words against a closed grammar.

Every word must be used up by a known form. Nothing is skipped because it is unknown: a word outside the grammar makes
the whole answer unreadable, so a hedge, a denial or a quotation cannot hide between words that would be right.

Each word becomes one letter, its code, and the grammar is regular expressions over the codes:

    N  a person of the puzzle      U  a word not known (perhaps a person who is not there)
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

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from knk.logic.puzzle import Roles
from knk.text.vocabulary import NUMBER_WORDS, plural

Claim = tuple[int, bool]
"""A person, by their place in the puzzle, and whether they are said to be a knight."""

# Cleaning: what only dresses the answer goes, what carries meaning stays.

_FOLDED_MARKS: Final = {
    **dict.fromkeys(map(ord, "‐‑‒–—―−"), "-"),
    **dict.fromkeys(map(ord, "’‘ʼ′´"), "'"),
    **dict.fromkeys(map(ord, "→⇒➡⟶⟹↦➔➜➝"), "->"),
    **dict.fromkeys(map(ord, "•◦▪●‣∙·⁃"), "-"),
    **dict.fromkeys(map(ord, "✅✓✔☑"), " "),
    **dict.fromkeys(map(ord, "∅"), " none "),
    # Without width, or only there to shape the sign before: never seen, so never meant.
    **dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD, 0xFE0F, 0x20E3), None),
}
_DRESSING: Final = str.maketrans({**dict.fromkeys('*_#"“”„«»{}[]$', " "), "`": "'", "\r": "\n", "\t": " "})
_FENCE: Final = re.compile(r"```(?:json|ya?ml|te?xt|plaintext|markdown|md|csv|latex|tex)?(?=\s|$)|```", re.IGNORECASE)
_HTML: Final = re.compile(r"</?(?:(br|p|li|ul|ol|div)|b|i|em|strong|u|span|code|pre)\s{0,4}/?>", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_LATEX: Final = re.compile(
    r"\\(?:(?:begin|end)\s?\{[a-z]{1,12}\*?\}(?:\{[clr| ]{0,20}\})?|(?P<word>[a-zA-Z]+)|(?P<sign>.))", re.DOTALL
)
_LATEX_WORDS: Final = {
    **dict.fromkeys(
        "text textbf textit textrm texttt textsc mathbf mathrm mathit mathsf mathtt bf it rm emph underline boxed fbox "
        "quad qquad left right large Large displaystyle hline centering mbox".split(),
        " ",
    ),
    **dict.fromkeys("to rightarrow Rightarrow longrightarrow mapsto".split(), " -> "),
    **dict.fromkeys("land wedge".split(), " and "),
    **dict.fromkeys("emptyset varnothing".split(), " none "),
    "newline": "\n",
    "item": "\n- ",
    "colon": ":",
    "bullet": "-",
    "checkmark": " ",
}
_LATEX_SIGNS: Final = {**dict.fromkeys("()[]{} ,;:!\"'_*#$", " "), "\\": "\n", "&": " and "}
_RULE: Final = re.compile(r"^(?=[ |:=]*-)[ |:=-]+$", re.MULTILINE)
_QUOTED: Final = re.compile(r"^[ >]*>", re.MULTILINE)
# "!Ann is a knight" says that she is none; elsewhere the mark ends a sentence.
_NEGATION: Final = re.compile(r"(?<![^\s(&|,;:])!+(?=[^\s!])")
_LINE_START: Final = re.compile(r"\n[ \n]+")


def _latex_meaning(match: re.Match[str]) -> str:
    word, sign = match["word"], match["sign"]
    if word:
        return _LATEX_WORDS.get(word, "\\")
    return _LATEX_SIGNS.get(sign, "\\") if sign else "\n"


def _without_markup(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
    if "\\" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
        if "\\begin" in text:
            text = text.replace("&", "|")
        text = _LATEX.sub(_latex_meaning, text)
    if "<" in text:
        text = _HTML.sub(lambda match: "\n" if match[1] else " ", text)
    return text


def cleaned(text: str) -> str:
    r"""Return the text without markup, and with one sign for each kind of dash, quote and arrow.

    >>> cleaned(r"\boxed{\text{Ann} \to **knight**}").split()
    ['Ann', '->', 'knight']
    """
    if "&" in text or "\\" in text or "<" in text:
        text = _without_markup(text)
    if not text.isascii():
        # Twice: a compatibility form (a full-width dash, an ellipsis) may itself have a sign of its own.
        text = unicodedata.normalize("NFKC", text.translate(_FOLDED_MARKS)).translate(_FOLDED_MARKS)
    if "```" in text:
        text = _FENCE.sub("\n", text)
    if "[" in text:
        text = text.replace("[]", " none ")
    text = text.translate(_DRESSING)
    if "!" in text:
        text = _NEGATION.sub(" ¬ ", text)
    if "--" in text:
        text = _RULE.sub("", text)
    if ">" in text:
        text = _QUOTED.sub("", text)
    return _LINE_START.sub("\n", text)


# Words and their codes.

_TOKEN: Final = re.compile(
    r"""
    \(\d{1,4}\) | (?<!\S)\d{1,4}[.):](?=\s)                     # an item's number
    | ^\(?(?:[a-zA-Z]|[ivxIVX]{2,4})[.)](?=\s)                  # an item's letter, only where a line starts
    | [-=]{1,3}>                                                # an arrow
    | [^\s()\[\]{}<>.,;:=|/\\+&!?"'~^%@-]+(?:['-][^\s()\[\]{}<>.,;:=|/\\+&!?"'~^%@-]+)*
    | \S | \n
    """,
    re.VERBOSE | re.MULTILINE,
)
_ARROW: Final = re.compile(r"[-=]+>")
_ITEM: Final = re.compile(r"\(?\w{1,4}[.):]|\(\d{1,4}\)")

_VOCABULARY: Final = {
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


def _cut(text: str) -> list[str]:
    found: list[str] = _TOKEN.findall(text)
    if "'" in found:
        # An apostrophe within a word is part of it; any other is a quotation mark.
        found = [word for word in found if word != "'"]
    return found


def _parts(name: str) -> list[str]:
    return _cut(cleaned(name).casefold())


_CODES: Final = {
    **{" ".join(_cut(phrase)): code for code, phrases in _VOCABULARY.items() for phrase in phrases.split("/")},
    **{mark: mark for mark in ",;.:=|()-/\n"},
    "!": ".",
    "->": ">",
    "=>": ">",
    **{form.format(number): "m" for number in range(1, 31) for form in ("({})", "{}.", "{})", "{}:")},
    **dict.fromkeys(NUMBER_WORDS[1:], "#"),
}


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The words of one puzzle's answers: the codes of all words, and what names and role words stand for.

    Args:
        size: how many people there are.
        codes: the code of each word or phrase.
        people: which person a word or phrase names.
        roles: whether a word or phrase says "knight".
        exact: names that are also words of the grammar ("A"): names only where written in just this way.
        phrases: for the first word of each phrase, the phrases that it starts, longest first.
    """

    size: int
    codes: dict[str, str]
    people: dict[str, int] = field(default_factory=dict)
    roles: dict[str, bool] = field(default_factory=dict)
    exact: set[str] = field(default_factory=set)
    phrases: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)

    def add_role(self, word: str, knight: bool, code: str = "r") -> None:
        """Let a word say a role, unless it says one already."""
        parts = _parts(word)
        key = " ".join(parts)
        if key not in self.roles:
            self.roles[key] = knight
            self.codes[key] = code
            self.add_phrase(parts)

    def add_person(self, name: str, person: int) -> None:
        """Let a name stand for a person; a name that cannot be told from another stands for nobody."""
        # An initial ("R. Smith") is cut differently where a line starts: there it may be an item's letter.
        for parts in {tuple(_parts(name)), tuple(_parts(f", {name}")[1:])}:
            key = " ".join(parts)
            if key in self.codes and key not in self.people:
                key = " ".join(_cut(cleaned(name)))
                self.exact.add(key)
            self.codes[key] = "N" if self.people.get(key, person) == person else "?"
            self.people[key] = person
            self.add_phrase(parts)

    def add_phrase(self, parts: Sequence[str]) -> None:
        """Let words that follow one another be one."""
        if len(parts) > 1:
            # A new list, as the one that is there may belong to all puzzles.
            started = {*self.phrases.get(parts[0], ()), tuple(parts)}
            self.phrases[parts[0]] = sorted(started, key=len, reverse=True)


def _common() -> Lexicon:
    """Return what all puzzles share."""
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
    """Return what all puzzles with these role words share."""
    shared = Lexicon(0, dict(_COMMON.codes), phrases=dict(_COMMON.phrases))
    for knight, role in zip((True, False), roles, strict=True):
        for word in _spellings(role):
            shared.add_role(word, knight)
    nouns = {word: knight for knight, words in _NOUNS.items() for word in words.split("/")}
    # Where "liar" is the puzzle's word for the truthful, "truth-teller" would be a guess.
    if all(shared.roles.get(word, knight) is knight for word, knight in nouns.items()):
        for word, knight in nouns.items():
            shared.add_role(word, knight)
    for word, knight in _COMMON.roles.items():
        shared.roles.setdefault(word, knight)
    return shared


@lru_cache(maxsize=4096)
def lexicon(names: tuple[str, ...], roles: Roles) -> Lexicon:
    """Return the words with which a puzzle's answers are read.

    >>> known = lexicon(("Ann", "Bob"), ("angel", "demon"))
    >>> known.people["bob"], known.roles["demons"]
    (1, False)
    """
    shared = _role_words(roles)
    built = Lexicon(len(names), dict(shared.codes), {}, shared.roles, set(), dict(shared.phrases))
    for person, name in enumerate(names):
        built.add_person(name, person)
    return built


def words(text: str, known: Lexicon) -> list[str]:
    """Return the words, phrases and marks of a text, in lower case but for names that need their capitals.

    >>> words("(1) Ann is a knight.", lexicon(("Ann",), ("knight", "knave")))
    ['(1)', 'ann', 'is', 'a', 'knight', '.']
    """
    text = cleaned(text)
    if known.exact:
        found = [word if word in known.exact else word.casefold() for word in _cut(text)]
    else:
        found = _cut(text.casefold())
    if not known.phrases.keys().isdisjoint(found):
        found = list(_joined(found, known.phrases))
    codes = known.codes
    return [part for word in found for part in ((word,) if word in codes else _apart(word, codes))]


def _joined(found: list[str], phrases: dict[str, list[tuple[str, ...]]]) -> Iterator[str]:
    """Iterate over the words with those of a phrase put together."""
    at = 0
    while at < len(found):
        for phrase in phrases.get(found[at], ()):
            if tuple(found[at : at + len(phrase)]) == phrase:
                yield " ".join(phrase)
                at += len(phrase)
                break
        else:
            yield found[at]
            at += 1


def _apart(word: str, codes: dict[str, str]) -> tuple[str, ...]:
    """Return the known words that an unknown one is made of: "ann's" is "ann is", "ann-knight" is "ann - knight"."""
    if word.endswith("'s") and codes.get(word[:-2]) == "N":
        return word[:-2], "is"
    left, dash, right = word.rpartition("-")
    if dash and codes.get(left) == "N" and codes.get(right) == "r":
        return left, dash, right
    return (word,)


def _code(word: str) -> str:
    """Return the code of a word that no lexicon holds."""
    if word.isdecimal():
        return "#"
    if _ARROW.fullmatch(word):
        return ">"
    if _ITEM.fullmatch(word):
        return "m"
    return "U" if any(letter.isalpha() for letter in word) else "?"


# The grammar, over codes, and what each form means.


@dataclass
class Reading:
    """What an answer says: its claims in order, and whether it names somebody who is not in the puzzle."""

    words: Sequence[str]
    known: Lexicon
    claims: list[Claim] = field(default_factory=list)
    implied: list[int] = field(default_factory=list)
    strangers: bool = False

    def say(self, people: Iterable[int], knight: bool) -> bool:
        """Add the claim that each of some people is (not) a knight."""
        self.claims += [(person, knight) for person in people]
        return True

    def say_only(self, people: Sequence[int], knight: bool) -> bool:
        """Add the claim that some people are (not) knights, and that nobody else is (everybody else is)."""
        self.say(people, knight)
        others = [person for person in self.everyone() if person not in people]
        self.implied += others
        return self.say(others, not knight)

    def role(self, place: int) -> bool:
        """Whether the word at a place says "knight"."""
        return self.known.roles[self.words[place]]

    def everyone(self) -> range:
        """All people."""
        return range(self.known.size)

    def rest(self) -> list[int]:
        """The people who have not been named so far, though "only" may have said what they are."""
        claimed = {person for person, _ in self.claims}
        return [person for person in self.everyone() if person not in claimed or person in self.implied]

    def named(self, start: int, end: int) -> list[int]:
        """The people named between two places."""
        people = self.known.people
        found = []
        for word in self.words[start:end]:
            if word in people:
                found.append(people[word])
            elif self.known.codes.get(word) is None and _code(word) == "U":
                self.strangers = True
        return found

    def counts(self, match: re.Match[str], number: int) -> bool:
        """Whether every number word of a form ("all three", "both") is the number it ought to be."""
        said = [self.words[place] for place in range(match.start(), match.end())]
        wrong = (word == "both" and number != 2 for word in said)
        return not any(wrong) and all(_number(word) in (None, number) for word in said)


def _number(word: str) -> int | None:
    if word.isdecimal():
        return int(word)
    return NUMBER_WORDS.index(word) if word in NUMBER_WORDS else None


Meaning = Callable[[Reading, "re.Match[str]"], bool]


def _nothing(_reading: Reading, _match: re.Match[str]) -> bool:
    return True


def _claim(reading: Reading, match: re.Match[str]) -> bool:
    start, end = match.span("who")
    people = reading.named(start, end)
    said = match["how"]
    knight = reading.role(match.end("how") - 1) ^ ("n" in said or "j" in said)
    say = reading.say_only if match["only"] or "o" in said else reading.say
    say(people, knight)
    if match["tail"]:
        reading.say(people, not reading.role(match.end("tail") - 1))
    if match["gloss"]:
        reading.say(people, reading.role(match.end("gloss") - 1))
    return True


def _role_list(reading: Reading, match: re.Match[str]) -> bool:
    knight = reading.role(match.start("role"))
    if match["gloss"] and reading.role(match.end("gloss") - 1) is not knight:
        return False
    people = reading.named(*match.span("who"))
    if match["count"] and reading.words[match.start("count")] != f"({len(people)})":
        return False
    return (reading.say_only if match["only"] or match["none"] else reading.say)(people, knight)


def _counted_list(reading: Reading, match: re.Match[str]) -> bool:
    people = reading.named(*match.span("inside" if match["inside"] else "who"))
    number = _number(reading.words[match.start("number")])
    return number == len(set(people)) and reading.say_only(people, reading.role(match.end("number")))


def _everyone(reading: Reading, match: re.Match[str]) -> bool:
    knight = reading.role(match.end("how") - 1)
    if match["but"]:
        reading.say_only(reading.named(*match.span("but")), not knight)
    else:
        reading.say(reading.everyone(), knight)
    return reading.counts(match, reading.known.size)


def _all_but(reading: Reading, match: re.Match[str]) -> bool:
    reading.say_only(reading.named(*match.span("who")), not reading.role(match.end() - 1))
    return reading.counts(match, reading.known.size)


def _nobody(reading: Reading, match: re.Match[str]) -> bool:
    reading.say(reading.everyone(), not reading.role(match.end() - 1))
    return reading.counts(match, reading.known.size) and ("H" not in match[0] or reading.known.size == 2)


def _neither(reading: Reading, match: re.Match[str]) -> bool:
    return reading.say(reading.named(*match.span("who")), not reading.role(match.end() - 1))


def _rest(reading: Reading, match: re.Match[str]) -> bool:
    people = reading.rest()
    reading.say(people, reading.role(match.end() - 1))
    number = len(people)
    return 0 < number < reading.known.size and (not match["one"] or number == 1) and reading.counts(match, number)


_GROUP: Final = r"[NU](?:[,&]{1,2}[NU])*"
# A name that starts the next claim is not the last of a list.
_NO_CLAIM: Final = r"(?![ij:=>|(Vrat]|[,-]n?[at]?r)"
_LIST: Final = rf"[NU](?:(?:[,&]{{1,2}}\n?[-m]?|[;\nm-]{{1,4}}(?=[NU]{_NO_CLAIM}))[NU])*"
_LEAD: Final = re.compile(r"l[,:]?|k?[td]?[go]*s(?:f[bE]?t?p?)?(?:i[Ayl]?)?[:.,\n-]*|cy?[:,]?|k:")

_GRAMMAR: Final[tuple[tuple[re.Pattern[str], Meaning], ...]] = (
    (re.compile(r"[,;.\n&m|-]+|#[.):|]|#(?=[NU])|q:(?=[NU])|\((?=[NU])|/(?=[\nm]*N[^/])"), _nothing),
    (
        # "Ann is not a knight", "Ann and Bob are both knaves", "Ann: knight", "Ann (knight)", "Bob lies".
        re.compile(
            rf"(?:(?P<only>o)|bf?)?(?P<who>{_GROUP})"
            r"(?P<how>(?:i[vl]*b?v*[at]?o?[xX]?|(?:i[vl]*b?v*n|j)v*[at]?|,?q?[:=>|,-]{1,4}n?[at]?|i(?:[:=]|q[i:=])n?[at]?|[,:\n-]{1,3}q[:=-]n?[at]?|\(?[at]?[xX]?)r|b?v*V)\)?"
            r"(?P<tail>[,&]*n[at]?r)?(?:\([at]?(?P<gloss>[rV])\))?"
        ),
        _claim,
    ),
    (_LEAD, _nothing),
    (
        # "Knights: Ann, Bob", "Knaves: none", "the only knave is Cid".
        re.compile(
            rf"t?(?P<only>o)?[xX]?(?P<role>r)(?:\((?P<gloss>t?r|V)\))?(?P<count>m)?(?:[:=>|-]+|i:?|(?=\n[m-]))[\nm-]*"
            rf"(?:\(?(?P<none>Z)\)?|(?P<who>{_LIST}))"
        ),
        _role_list,
    ),
    (
        # "There are two knights: Ann and Bob", "two knights (Ann and Bob)".
        re.compile(rf"T?(?P<number>#)r(?:[,:=>-]+(?P<who>{_LIST})|\((?P<inside>{_LIST})\))"),
        _counted_list,
    ),
    (
        # "All three are knights", "they all lie", "everyone is a knight except Bob".
        re.compile(
            r"(?P<how>(?:E|pb|b(?:f?t?#?p|#)?)(?:(?:i[vl]*|[:=]+)[at]?r|V)|pi[vl]*b[at]?r)"
            rf"(?:,?e(?P<but>{_GROUP}))?"
        ),
        _everyone,
    ),
    (re.compile(rf"(?:Q|(?:E|b(?:f?t?p)?),?e)(?P<who>{_GROUP}),?(?:i[at]?r|V)"), _all_but),
    (re.compile(r"(?:Z|H)(?:ft?#?p)?(?:i[at]?r|V)|zr"), _nobody),
    (re.compile(r"H(?P<who>[NU](?:,?h[NU])+)(?:i[at]?r|V)"), _neither),
    (re.compile(r"(?:t?O(?:ft?p)?|bt?X#?p|t(?:X#?p|X#|(?P<one>X)))(?:(?:i[vl]*b?|[:=>-]+)[at]?r|V)"), _rest),
    (re.compile(r"\|?(?:#\|)?q(?:[|,]q)+"), _nothing),
)

Steps = list[tuple[Meaning, "re.Match[str]"]]


def coded(found: Sequence[str], known: Lexicon) -> str:
    """Return the codes of words, one letter each.

    >>> known = lexicon(("Ann",), ("knight", "knave"))
    >>> coded(words("Ann is surely a knight", known), known)
    'NiUar'
    """
    codes = known.codes
    text = "".join([codes[word] if word in codes else _code(word) for word in found])
    return _with_articles(text, found) if known.exact else text


def _with_articles(text: str, found: Sequence[str]) -> str:
    """Return the codes where a person's name that is an article ("A") is one wherever a role follows."""
    pairs = zip(text, text[1:].ljust(len(text)), found, strict=True)
    return "".join(
        [
            "a" if code == "N" and after == "r" and word.casefold() in ("a", "an") else code
            for code, after, word in pairs
        ]
    )


def _form(codes: str, at: int) -> tuple[Meaning, re.Match[str]] | None:
    """Return the form that the codes have at a place, and its match."""
    for pattern, meaning in _GRAMMAR:
        match = pattern.match(codes, at)
        if match and match.end() > at:
            return meaning, match
    return None


def _steps(codes: str, start: int, dead: set[int]) -> Steps | None:
    """Return the forms that use up all codes from `start`, or None if none do, or none of them claims anything.

    Args:
        codes: the codes of all words.
        start: the first to be used up.
        dead: places known to fail; those found to are added, so that all starts together take linear time.
    """
    steps: Steps = []
    places = []
    at = start
    while at < len(codes):
        places.append(at)
        form = None if at in dead else _form(codes, at)
        if form is None:
            dead.update(places)
            return None
        meaning, match = form
        if meaning is not _nothing:
            steps.append(form)
        at = match.end()
    if not steps:
        dead.update(places)
        return None
    return steps


def _starts(codes: str) -> Iterator[int]:
    """Iterate over where an answer may start: at a line, or at a sentence that announces a conclusion."""
    for at in range(1, len(codes)):
        if codes[at - 1] == "\n" or (codes[at - 1] == "." and _LEAD.match(codes, at)):
            yield at


def read(found: Sequence[str], known: Lexicon, start: int = 0, steps: Steps | None = None) -> Reading | None:
    """Return what the words say, or None if not all of them are part of a known form.

    >>> known = lexicon(("Ann", "Bob"), ("knight", "knave"))
    >>> read(words("Ann is a knight, the other is not", known), known)
    >>> read(words("Ann is a knight, the other is a knave", known), known).claims
    [(0, True), (1, False)]
    """
    if steps is None:
        steps = _steps(coded(found, known), start, set())
    if steps is None:
        return None
    reading = Reading(found, known)
    for meaning, match in steps:
        if not meaning(reading, match):
            return None
    return reading


def read_end(found: Sequence[str], known: Lexicon, whole: bool) -> tuple[Reading | None, int]:
    """Return what the longest readable end of a text says, and where it starts.

    Args:
        found: the words of the text.
        known: the puzzle's words.
        whole: whether the text is there from its beginning, so that all of it may be the answer.

    >>> known = lexicon(("Ann", "Bob"), ("knight", "knave"))
    >>> reading, start = read_end(words("Ann cannot lie. So Ann is a knight, and Bob is a knave.", known), known, True)
    >>> reading.claims, start
    ([(0, True), (1, False)], 4)
    """
    codes = coded(found, known)
    dead: set[int] = set()
    for start in (0, *_starts(codes)) if whole else _starts(codes):
        steps = _steps(codes, start, dead)
        if steps:
            return read(found, known, start, steps), start
    return None, len(found)
