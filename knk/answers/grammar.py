"""The grammar of final answers: what each form of words claims about whom.

Every token has to be part of a known form. Nothing is skipped because it is unknown: a word outside the grammar makes
the whole answer unreadable, so that a hedge, a denial or a quotation cannot hide among the words of a right answer.
The forms are regular expressions over the tokens' codes, which `knk.answers.lexicon` lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from knk.answers.lexicon import Lexicon, code_of_unknown
from knk.text.vocabulary import NUMBER_WORDS

Claim = tuple[int, bool]
"""A person's index in the puzzle, and whether that person is claimed to be a knight."""


@dataclass
class Reading:
    """The claims of an answer, in order.

    Args:
        tokens: the tokens of the answer.
        lexicon: the puzzle's words.
        claims: the claims, in order.
        implied: people whose role follows from a claim with "only".
        strangers: words that name somebody who is not in the puzzle.
    """

    tokens: Sequence[str]
    lexicon: Lexicon
    claims: list[Claim] = field(default_factory=list)
    implied: list[int] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def add_claim(self, people: Iterable[int], knight: bool) -> bool:
        """Add the claim that some people are (not) knights; return True."""
        self.claims += [(person, knight) for person in people]
        return True

    def add_only_claim(self, people: Sequence[int], knight: bool) -> bool:
        """Add the claim that some people are (not) knights and all others the opposite; return True."""
        self.add_claim(people, knight)
        others = [person for person in self.everyone() if person not in people]
        self.implied += others
        return self.add_claim(others, not knight)

    def role(self, index: int) -> bool:
        """Whether the token at an index means "knight"."""
        return self.lexicon.roles[self.tokens[index]]

    def everyone(self) -> range:
        """Everybody's index."""
        return range(self.lexicon.size)

    def people_left(self) -> list[int]:
        """The people who have not been named so far, even if a claim with "only" implies their roles."""
        claimed = {person for person, _ in self.claims}
        return [person for person in self.everyone() if person not in claimed or person in self.implied]

    def named(self, start: int, end: int) -> list[int]:
        """The people named between two indices."""
        people = self.lexicon.people
        named = []
        for word in self.tokens[start:end]:
            if word in people:
                named.append(people[word])
            elif self.lexicon.codes.get(word) is None and code_of_unknown(word) == "U":
                self.strangers.append(word)
        return named

    def counts(self, match: re.Match[str], number: int) -> bool:
        """Whether every number word in a match ("all three", "both") is a given number."""
        words = self.tokens[match.start() : match.end()]
        if number != 2 and "both" in words:
            return False
        return all(_number(word) in (None, number) for word in words)


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
    verb = match["how"]
    knight = reading.role(match.end("how") - 1) ^ ("n" in verb or "j" in verb)
    add_claim = reading.add_only_claim if match["only"] or "o" in verb else reading.add_claim
    add_claim(people, knight)
    if match["tail"]:
        reading.add_claim(people, not reading.role(match.end("tail") - 1))
    if match["gloss"]:
        reading.add_claim(people, reading.role(match.end("gloss") - 1))
    return True


def _role_list(reading: Reading, match: re.Match[str]) -> bool:
    knight = reading.role(match.start("role"))
    if match["gloss"] and reading.role(match.end("gloss") - 1) is not knight:
        return False
    people = reading.named(*match.span("who"))
    if match["count"] and reading.tokens[match.start("count")] != f"({len(people)})":
        return False
    return (reading.add_only_claim if match["only"] or match["none"] else reading.add_claim)(people, knight)


def _counted_list(reading: Reading, match: re.Match[str]) -> bool:
    people = reading.named(*match.span("inside" if match["inside"] else "who"))
    number = _number(reading.tokens[match.start("number")])
    return number == len(set(people)) and reading.add_only_claim(people, reading.role(match.end("number")))


def _everyone(reading: Reading, match: re.Match[str]) -> bool:
    knight = reading.role(match.end("how") - 1)
    if match["but"]:
        reading.add_only_claim(reading.named(*match.span("but")), not knight)
    else:
        reading.add_claim(reading.everyone(), knight)
    return reading.counts(match, reading.lexicon.size)


def _all_but(reading: Reading, match: re.Match[str]) -> bool:
    reading.add_only_claim(reading.named(*match.span("who")), not reading.role(match.end() - 1))
    return reading.counts(match, reading.lexicon.size)


def _nobody(reading: Reading, match: re.Match[str]) -> bool:
    reading.add_claim(reading.everyone(), not reading.role(match.end() - 1))
    return reading.counts(match, reading.lexicon.size) and ("H" not in match[0] or reading.lexicon.size == 2)


def _neither(reading: Reading, match: re.Match[str]) -> bool:
    return reading.add_claim(reading.named(*match.span("who")), not reading.role(match.end() - 1))


def _rest(reading: Reading, match: re.Match[str]) -> bool:
    people = reading.people_left()
    reading.add_claim(people, reading.role(match.end() - 1))
    number = len(people)
    return 0 < number < reading.lexicon.size and (not match["one"] or number == 1) and reading.counts(match, number)


_GROUP: Final = r"[NU](?:[,&]{1,2}[NU])*"
# A name that starts the next claim is not the last one of a list.
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

Forms = list[tuple[Meaning, "re.Match[str]"]]


def encode(tokens: Sequence[str], lexicon: Lexicon) -> str:
    """Return the codes of tokens, one letter each.

    >>> from knk.answers.lexicon import lexicon_of, tokenize
    >>> lexicon = lexicon_of(("Ann",), ("knight", "knave"))
    >>> encode(tokenize("Ann is surely a knight", lexicon), lexicon)
    'NiUar'
    """
    codes = lexicon.codes
    text = "".join([codes[token] if token in codes else code_of_unknown(token) for token in tokens])
    return _with_articles(text, tokens) if lexicon.exact else text


def _with_articles(text: str, tokens: Sequence[str]) -> str:
    """Return the codes, with a name that is also an article ("A") read as the article before a role."""
    pairs = zip(text, text[1:].ljust(len(text)), tokens, strict=True)
    return "".join(
        [
            "a" if code == "N" and after == "r" and word.casefold() in ("a", "an") else code
            for code, after, word in pairs
        ]
    )


def _form_at(codes: str, index: int) -> tuple[Meaning, re.Match[str]] | None:
    """Return the meaning of the form that matches the codes from an index, and its match."""
    for pattern, meaning in _GRAMMAR:
        match = pattern.match(codes, index)
        if match and match.end() > index:
            return meaning, match
    return None


def _forms_from(codes: str, start: int, dead_ends: set[int]) -> Forms | None:
    """Return forms that match all codes from `start`, or None if there are none, or none of them makes a claim.

    Args:
        codes: the codes of all tokens.
        start: the index of the first code to match.
        dead_ends: indices from which no match exists; more are added, so that all starts together take linear time.
    """
    forms: Forms = []
    visited = []
    index = start
    while index < len(codes):
        visited.append(index)
        form = None if index in dead_ends else _form_at(codes, index)
        if form is None:
            dead_ends.update(visited)
            return None
        meaning, match = form
        if meaning is not _nothing:
            forms.append(form)
        index = match.end()
    if not forms:
        dead_ends.update(visited)
        return None
    return forms


def _starts(codes: str) -> Iterator[int]:
    """Iterate over the indices at which an answer may start: lines, and sentences that announce a conclusion."""
    for index in range(1, len(codes)):
        if codes[index - 1] == "\n" or (codes[index - 1] == "." and _LEAD.match(codes, index)):
            yield index


def read(tokens: Sequence[str], lexicon: Lexicon, start: int = 0, forms: Forms | None = None) -> Reading | None:
    """Return the claims of an answer, or None if a token is not part of any form.

    Args:
        tokens: the tokens.
        lexicon: the puzzle's words.
        start: the index of the first token of the answer.
        forms: the forms that match from there, if they are known.

    >>> from knk.answers.lexicon import lexicon_of, tokenize
    >>> lexicon = lexicon_of(("Ann", "Bob"), ("knight", "knave"))
    >>> read(tokenize("Ann is a knight, the other is not", lexicon), lexicon)
    >>> read(tokenize("Ann is a knight, the other is a knave", lexicon), lexicon).claims
    [(0, True), (1, False)]
    """
    if forms is None:
        forms = _forms_from(encode(tokens, lexicon), start, set())
    if forms is None:
        return None
    reading = Reading(tokens, lexicon)
    for meaning, match in forms:
        if not meaning(reading, match):
            return None
    return reading


def read_end(tokens: Sequence[str], lexicon: Lexicon, is_complete: bool) -> tuple[Reading | None, int]:
    """Return the claims of the longest readable end of a text, and the index of its first token.

    Args:
        tokens: the tokens of the text.
        lexicon: the puzzle's words.
        is_complete: whether the text starts at its beginning, so that all of it may be the answer.

    >>> from knk.answers.lexicon import lexicon_of, tokenize
    >>> lexicon = lexicon_of(("Ann", "Bob"), ("knight", "knave"))
    >>> text = "Ann cannot lie. So Ann is a knight, and Bob is a knave."
    >>> reading, start = read_end(tokenize(text, lexicon), lexicon, True)
    >>> reading.claims, start
    ([(0, True), (1, False)], 4)
    """
    codes = encode(tokens, lexicon)
    dead_ends: set[int] = set()
    for start in (0, *_starts(codes)) if is_complete else _starts(codes):
        forms = _forms_from(codes, start, dead_ends)
        if forms:
            return read(tokens, lexicon, start, forms), start
    return None, len(tokens)
