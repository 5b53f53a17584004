"""English put back into puzzles: `parse`, the inverse of `knk.text.render.render`.

A text is read in steps: it is cut into tokens; framing sentences (openings, rules, questions) are recognised, each by
its own wording; the people and role words are taken from them, or from the rest of the text; and what remains must be
sentences in which somebody says something. Nothing is skipped: what is not understood is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NoReturn

from knk.errors import BadPuzzle, BadText
from knk.logic.puzzle import (
    DEFAULT_ROLES,
    Puzzle,
    Roles,
    Utterance,
    is_name,
)
from knk.logic.statements import Statement
from knk.text import wordings
from knk.text.clauses import Token, Unread, read_clause
from knk.text.framing import Framing, find_framing, resolve_roles
from knk.text.names import check_names, grammar_words, known_pair, name_words, role_words
from knk.text.tokens import DASH, QUOTE, Tokens, is_word, spelled, tokenize
from knk.text.wordings import PERSON, Phrases

LONGEST_TEXT: Final = 4_000_000
"""Characters of a text that is read; no puzzle that people could want is longer."""
LONGEST_FRAME: Final = 12
"""Words of "..., says Ann" after what is said."""
LONGEST_QUOTE: Final = 60
"""Characters of the text that an error quotes."""
_END: Final = "<end>"
_FULL_STOPS: Final = frozenset((".", "!", "?", _END))
_PRONOUNS: Final = frozenset(("i", "me", "myself", "we", "us", "they", "them", "others"))


def parse(text: str) -> Puzzle:
    """Return the puzzle that a text states; `render` is its inverse.

    Reads what `render` writes, the public Knights & Knaves data, and what a person would type. People are those that
    the opening lists, or else all who speak or are named, in order; the role words are those of the opening, or else
    the first known pair that is used, with "liar" and "truth-teller" understood throughout. "Either ... or" is
    inclusive unless "but not both" follows. Sentences within one pair of quotation marks are as many statements.

    Raises:
        BadText: something cannot be read, or has more than one meaning; the error names the words and their place.

    >>> parse("Ann: Bob is lying. Bob says that we are both knaves.").statements
    (Utterance(speaker=0, statement=Knave(1)), Utterance(speaker=1, statement=And(Knave(0), Knave(1))))
    """
    if not isinstance(text, str):
        raise BadText(f"a text is wanted, not {type(text).__name__}")
    if len(text) > LONGEST_TEXT:
        raise BadText(f"a text of more than {LONGEST_TEXT} characters is not read", text[:20])
    tokens = tokenize(text)
    if not tokens.keys:
        raise BadText("there is nothing to read")
    framing = find_framing(tokens)
    roles = resolve_roles(framing, tokens)
    if roles is None:
        roles = known_pair(tokens.keys) or DEFAULT_ROLES
    names = framing.names if framing.names is not None else _discover(tokens, framing, roles)
    if not names:
        raise BadText("nobody is named and nobody speaks", text[:LONGEST_QUOTE].strip())
    try:
        lookup = _lookup(names, roles)
        statements = _Reader(tokens, framing, lookup, len(names)).sentences()
        return Puzzle(names, statements, roles)
    except BadPuzzle as error:
        raise BadText(str(error)) from error


def read_statement(
    text: str, names: Sequence[str], roles: Roles = DEFAULT_ROLES, speaker: int | None = None
) -> Statement:
    """Return the statement that one clause makes about people whose names are known.

    Args:
        text: the clause, as in "If Ann is a knight, then so-and-so is a knave".
        names: everybody, in the order in which statements number them.
        roles: the words for those who tell the truth and those who lie.
        speaker: who is "I".

    Raises:
        BadText: the clause cannot be read, or the names cannot be told from its other words.

    >>> read_statement("neither Bob nor I am a knave", ["Ann", "Bob"], speaker=0)
    And(Not(Knave(1)), Not(Knave(0)))
    """
    if len(text) > LONGEST_TEXT:
        raise BadText(f"a text of more than {LONGEST_TEXT} characters is not read", text[:20])
    tokens = tokenize(text)
    try:
        lookup = _lookup(tuple(names), roles)
    except BadPuzzle as error:
        raise BadText(str(error)) from error
    reader = _Reader(tokens, Framing(), lookup, len(names))
    statement, end = reader.statement(0, len(reader.items), speaker)
    if end < len(reader.items) and reader.items[end] in _FULL_STOPS:
        end += 1
    if end < len(reader.items):
        reader.fail("this cannot be read", end)
    return statement


class _Reader:
    """The tokens outside framing sentences, names and role words replaced, and a place among them."""

    def __init__(self, tokens: Tokens, framing: Framing, lookup: _Lookup, people: int) -> None:
        self.tokens = tokens
        self.people = people
        self.items: list[Token] = []
        self.origins: list[int] = []
        self._replace(framing, lookup)
        self.said: list[Utterance] = []

    def _replace(self, framing: Framing, lookup: _Lookup) -> None:
        keys, breaks, spans = self.tokens.keys, self.tokens.breaks, framing.spans
        items, origins = self.items, self.origins
        at, size = 0, len(keys)
        while at < size:
            if at in spans:
                items.append(_END)
                origins.append(at)
                at = spans[at]
                continue
            if breaks[at] == 2 and items and items[-1] not in (":", ",", _END):
                items.append(_END)
                origins.append(at)
            key = keys[at]
            end = at + 1
            token: Token = key
            if key in lookup:
                for words, value in lookup[key]:
                    if words == tuple(keys[at : at + len(words)]) and self._stands(words, at, lookup):
                        token, end = value, at + len(words)
                        break
            items.append(token)
            origins.append(at)
            at = end

    def _stands(self, words: tuple[str, ...], at: int, lookup: _Lookup) -> bool:
        """Whether these words are the name or role word that they look like: a lone "a" is mostly an article."""
        if words != ("a",):
            return True
        following = self.tokens.keys[at + 1] if at + 1 < len(self.tokens.keys) else ""
        is_role = any(isinstance(value, str) for _, value in lookup.get(following, ()))
        return self.tokens.source(at, at + 1) == "A" and not is_role

    def fail(self, problem: str, at: int) -> NoReturn:
        """Raise `BadText` about items from a place on."""
        tokens = self.tokens
        if at >= len(self.origins):
            first = len(tokens.keys)
            raise BadText(f"{problem}: the text ends too soon", "", len(tokens.text))
        first = self.origins[at]
        last = first + 1
        while last < len(tokens.keys) and last < first + 24 and tokens.keys[last] not in _FULL_STOPS:
            last += 1
        start = tokens.starts[first]
        words = " ".join(tokens.source(first, last)[:LONGEST_QUOTE].split())
        raise BadText(problem, words, start)

    # Sentences.

    def sentences(self) -> tuple[Utterance, ...]:
        """Read all that is said."""
        at = 0
        while at < len(self.items):
            at = at + 1 if self.items[at] in _FULL_STOPS or self.items[at] == ";" else self.sentence(at)
        return tuple(self.said)

    def sentence(self, at: int) -> int:
        """Read a sentence in which somebody says something; return where it ends."""
        if self.items[at] == QUOTE:
            return self.quoted_first(at)
        found = self.prefix(at)
        if found is None:
            return self.claim_first(at)
        speaker, at = found
        if self.item(at) == "nothing" and self.item(at + 1) in (*_FULL_STOPS, ""):
            return at + 1
        if self.item(at) == QUOTE:
            end = self.closing(at)
            self.statements(at + 1, end, speaker)
            return self.finish(end + 1)
        end = self.extent(at)
        statement, stop = self.statement(at, end, speaker)
        self.said.append(Utterance(speaker, statement))
        if stop < end and self.items[stop] != ";":
            self.fail("this cannot be read", stop)
        return stop

    def quoted_first(self, at: int) -> int:
        """Read a sentence that begins with what is said and ends with who says it."""
        end = self.closing(at)
        place = end + 1
        while self.item(place) in (",", DASH):
            place += 1
        found = _frames()[1].match(self.items, place)
        if found is None or (found[1] == place + 1 and self.items[place - 1] != DASH):
            self.fail("it is not clear who says this", at)
        speaker = self.person_in(place, found[1])
        self.statements(at + 1, end, speaker)
        return self.finish(found[1])

    def claim_first(self, at: int) -> int:
        """Read a sentence without quotation marks that ends with who says it."""
        end = self.extent(at)
        for comma in range(end - 1, max(at, end - LONGEST_FRAME), -1):
            if self.items[comma] in (",", DASH):
                found = _frames()[1].match(self.items, comma + 1)
                if found and found[1] == end and end > comma + 2:
                    speaker = self.person_in(comma, end)
                    statement, stop = self.statement(at, comma, speaker)
                    if stop < comma:
                        self.fail("this cannot be read", stop)
                    self.said.append(Utterance(speaker, statement))
                    return end
                break
        return self.fail("nobody is known to say this, or it is not understood", at)

    def prefix(self, at: int) -> tuple[int, int] | None:
        """Return who speaks and where the words begin, if a sentence begins "Ann says that" or the like."""
        found = _frames()[0].match(self.items, at, skip=",")
        if found is None:
            return None
        end = found[1]
        marks = 0
        while self.item(end + marks) in (",", ":", DASH) and marks < 2:
            marks += 1
        if end == at + 1 and self.item(end) not in (":", DASH):
            return None
        return self.person_in(at, end), end + marks

    def person_in(self, first: int, end: int) -> int:
        return next(item for item in self.items[first:end] if isinstance(item, int))

    def item(self, at: int) -> Token:
        return self.items[at] if at < len(self.items) else ""

    def closing(self, at: int) -> int:
        """Return where the quotation that opens at a place closes."""
        try:
            return self.items.index(QUOTE, at + 1)
        except ValueError:
            return self.fail("this quotation does not end", at)

    def finish(self, at: int) -> int:
        """Pass a sentence's end after a quotation; a new sentence may also just begin."""
        if self.item(at) in _FULL_STOPS or self.item(at) == ";":
            return at + 1
        if at < len(self.items) and not self.begins(at):
            self.fail("this cannot be read", at)
        return at

    def begins(self, at: int) -> bool:
        """Whether a sentence in which somebody speaks may begin at a place."""
        return self.items[at] == QUOTE or self.prefix(at) is not None

    def extent(self, at: int) -> int:
        """Return where a sentence without quotation marks ends at the latest."""
        breaks = self.tokens.breaks
        for end in range(at, len(self.items)):
            item = self.items[end]
            if item in _FULL_STOPS:
                return end
            if end > at and breaks[self.origins[end]] and self.begins(end):
                return end
            if item == ";" and end + 1 < len(self.items) and self.begins(end + 1):
                return end
        return len(self.items)

    # What is said.

    def statements(self, at: int, end: int, speaker: int) -> None:
        """Read what stands between quotation marks: a statement or several."""
        first = at
        while True:
            while at < end and self.items[at] in (*_FULL_STOPS, ";", ","):
                at += 1
            if at >= end:
                break
            statement, stop = self.statement(at, end, speaker)
            self.said.append(Utterance(speaker, statement))
            if stop < end and self.items[stop] not in (*_FULL_STOPS, ";", ","):
                self.fail("this cannot be read", stop)
            if stop + 1 < end and self.items[stop] == ",":
                self.fail("this cannot be read", stop)
            at, first = stop, -1
        if first >= 0:
            self.fail("nothing is said here", first - 1)

    def statement(self, at: int, end: int, speaker: int | None) -> tuple[Statement, int]:
        """Read one statement from a place on, and return where it stops."""
        tokens = tuple(self.items[at:end])
        # The speaker matters to pronouns alone: without them all speakers share what has been read before.
        who = speaker if not _PRONOUNS.isdisjoint(tokens) else None
        try:
            statement, size = read_clause(tokens, self.people, who)
        except Unread as unread:
            self.fail(unread.problem, at + unread.at)
        except RecursionError:
            # The reader's own limit is lower; this is for callers whose stack is nearly full already.
            self.fail("statements are nested too deep", at)
        return statement, at + size


# Names and role words.

_Lookup = dict[str, list[tuple[tuple[str, ...], Token]]]


@lru_cache(maxsize=1024)
def _lookup(names: tuple[str, ...], roles: Roles) -> _Lookup:
    """Return what stands for names and role words, by their first word, the longest first."""
    for name in names:
        if not is_name(name):
            raise BadPuzzle(f"{name[:LONGEST_QUOTE]!r} cannot be read as a name: letters, digits, - ' . only")
    check_names(names, roles)
    found: _Lookup = {}
    for person, name in enumerate(names):
        words = name_words(name, roles)
        found.setdefault(words[0], []).append((words, person))
    for words, meaning in role_words(roles).items():
        found.setdefault(words[0], []).append((words, meaning))
    for same_start in found.values():
        same_start.sort(key=lambda entry: -len(entry[0]))
    return found


def _discover(tokens: Tokens, framing: Framing, roles: Roles) -> tuple[str, ...]:
    """Return the people of a text that lists nobody: whoever has a capital letter and no other meaning."""
    words = role_words(roles)
    known = grammar_words()
    lower = tokens.text.islower()
    names: dict[tuple[str, ...], str] = {}
    keys = tokens.keys

    def is_candidate(at: int) -> bool:
        key = keys[at]
        first = tokens.text[tokens.starts[at]]
        if key == "a":
            return first == "A" and at + 1 < len(keys) and (keys[at + 1],) not in words
        return is_word(key) and (lower or first != first.lower()) and key not in known and (key,) not in words

    at = 0
    while at < len(keys):
        if at in framing.spans:
            at = framing.spans[at]
            continue
        end = at
        while end < len(keys) and is_candidate(end) and (end == at or not (tokens.breaks[end] or lower)):
            end += 1
        if end > at:
            names.setdefault(tuple(keys[at:end]), spelled(tokens, at, end))
        at = max(end, at + 1)
    return tuple(names.values())


# Frames.


@lru_cache(maxsize=1)
def _frames() -> tuple[Phrases[bool], Phrases[bool]]:
    """Return what comes before the words of a speaker, and what comes after words in quotation marks."""
    before: Phrases[bool] = Phrases({})
    after: Phrases[bool] = Phrases({})
    for frame in (
        *wordings.CLASSIC_FRAMES,
        *wordings.VARIED_FRAMES,
        *wordings.DIALOGUE_FRAMES,
        *wordings.READ_FRAMES,
    ):
        start, _, end = frame.replace("{C}", "{c}").replace("{s}", f" {PERSON} ").partition("{c}")
        for text, phrases in ((start, before), (end, after)):
            words = [word for word in wordings.words_with_marks(text) if is_word(word) or word in (PERSON, "'s")]
            if words:
                phrases.add(words, True)
    return before, after
