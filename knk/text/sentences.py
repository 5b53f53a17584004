"""The sentences of a text in which somebody says something: "Ann says that ...", and what is in quotation marks."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NoReturn

from knk.errors import BadText
from knk.logic.puzzle import Utterance
from knk.logic.statements import Statement
from knk.text import wordings
from knk.text.clauses.clause import read_clause
from knk.text.clauses.cursor import Unread
from knk.text.lookup import END, Items
from knk.text.phrases import Phrases, words_with_marks
from knk.text.tokens import DASH, MAX_QUOTE_LENGTH, PERSON, QUOTE, Token, Tokens, is_word

_MAX_FRAME_TOKENS: Final = 12
"""Words of "..., says Ann" after a statement."""
_MAX_QUOTED_TOKENS: Final = 24
FULL_STOPS: Final = frozenset((".", "!", "?", END))
_SEPARATORS: Final = (*FULL_STOPS, ";", ",")
_PRONOUNS: Final = frozenset(("i", "me", "myself", "we", "us", "they", "them", "others"))


class SentenceReader:
    """Reads the sentences of a text in which somebody says something.

    Methods take an index of `items` where they begin to read, and return the index where they end.

    Args:
        tokens: the text.
        items: its tokens with names and role words replaced.
        people: how many people the puzzle has.
    """

    def __init__(self, tokens: Tokens, items: Items, people: int) -> None:
        self.tokens = tokens
        self.items, self.origins = items
        self.people = people
        self.utterances: list[Utterance] = []

    def read_text(self) -> tuple[Utterance, ...]:
        """Read all sentences."""
        at = 0
        while at < len(self.items):
            at = at + 1 if self.items[at] in FULL_STOPS or self.items[at] == ";" else self._read_sentence(at)
        return tuple(self.utterances)

    def read_statement(self, at: int, end: int, speaker: int | None) -> tuple[Statement, int]:
        """Read one statement before `end`; return it and where it ends."""
        tokens = tuple(self.items[at:end])
        # The speaker matters to pronouns alone: without them all speakers share what has been read before.
        me = speaker if not _PRONOUNS.isdisjoint(tokens) else None
        try:
            statement, size = read_clause(tokens, self.people, me)
        except Unread as unread:
            self.fail(unread.problem, at + unread.at)
        except RecursionError:
            # The reader's own limit is lower; this is for callers whose stack is nearly full already.
            self.fail("statements are nested too deeply", at)
        return statement, at + size

    def fail(self, problem: str, at: int) -> NoReturn:
        """Raise `BadText` about the words from an index on."""
        tokens = self.tokens
        if at >= len(self.origins):
            link = ", got" if problem.startswith("expected") else ":"
            raise BadText(f"{problem}{link} the end of the text", "", len(tokens.text)) from None
        first = self.origins[at]
        last = first + 1
        stop = min(len(tokens.keys), first + _MAX_QUOTED_TOKENS)
        while last < stop and tokens.keys[last] not in FULL_STOPS:
            last += 1
        words = " ".join(tokens.source(first, last)[:MAX_QUOTE_LENGTH].split())
        raise BadText(problem, words, tokens.starts[first]) from None  # Users need no `Unread`.

    # Sentences.

    def _read_sentence(self, at: int) -> int:
        """Read a sentence in which somebody says something."""
        if self.items[at] == QUOTE:
            return self._read_quotation_first(at)
        frame = self._match_frame(at)
        if frame is None:
            return self._read_statement_first(at)
        speaker, at = frame
        if self._item(at) == "nothing" and self._item(at + 1) in (*FULL_STOPS, ""):
            return at + 1
        if self._item(at) == QUOTE:
            end = self._closing(at)
            self._read_quotation(at + 1, end, speaker)
            return self._read_sentence_end(end + 1)
        end = self._sentence_end(at)
        statement, stop = self.read_statement(at, end, speaker)
        self.utterances.append(Utterance(speaker, statement))
        if stop < end and self.items[stop] != ";":
            self._fail_after_statement(stop)
        return stop

    def _read_quotation_first(self, at: int) -> int:
        """Read a sentence that begins with a quotation and ends with its speaker."""
        end = self._closing(at)
        frame_start = end + 1
        while self._item(frame_start) in (",", DASH):
            frame_start += 1
        match = _frames()[1].match(self.items, frame_start)
        if match is None or (match[1] == frame_start + 1 and self.items[frame_start - 1] != DASH):
            self.fail("unclear who says this", at)
        self._read_quotation(at + 1, end, self._first_person(frame_start, match[1]))
        return self._read_sentence_end(match[1])

    def _read_statement_first(self, at: int) -> int:
        """Read a sentence without quotation marks that ends with its speaker."""
        end = self._sentence_end(at)
        for comma in range(end - 1, max(at, end - _MAX_FRAME_TOKENS), -1):
            if self.items[comma] in (",", DASH):
                match = _frames()[1].match(self.items, comma + 1)
                if match and match[1] == end and end > comma + 2:
                    speaker = self._first_person(comma, end)
                    statement, stop = self.read_statement(at, comma, speaker)
                    if stop < comma:
                        self._fail_after_statement(stop)
                    self.utterances.append(Utterance(speaker, statement))
                    return end
                break
        return self.fail("expected a sentence that names its speaker, as in 'Ann says that ...'", at)

    def _read_quotation(self, at: int, end: int, speaker: int) -> None:
        """Read the statement or statements between quotation marks."""
        opening, is_empty = at - 1, True
        while True:
            while at < end and self.items[at] in _SEPARATORS:
                at += 1
            if at >= end:
                break
            statement, stop = self.read_statement(at, end, speaker)
            self.utterances.append(Utterance(speaker, statement))
            if stop < end and self.items[stop] not in _SEPARATORS:
                self._fail_after_statement(stop)
            if stop + 1 < end and self.items[stop] == ",":
                self._fail_after_statement(stop)
            at, is_empty = stop, False
        if is_empty:
            self.fail("the quotation is empty", opening)

    def _read_sentence_end(self, at: int) -> int:
        """Read the end of a sentence after a quotation; a new sentence may also just begin."""
        if self._item(at) in FULL_STOPS or self._item(at) == ";":
            return at + 1
        if at < len(self.items) and not self._begins_sentence(at):
            self.fail("expected the end of the sentence", at)
        return at

    # Parts of sentences.

    def _item(self, at: int) -> Token:
        return self.items[at] if at < len(self.items) else ""

    def _fail_after_statement(self, at: int) -> NoReturn:
        self.fail("expected the end of the statement", at)

    def _match_frame(self, at: int) -> tuple[int, int] | None:
        """Return who speaks and where their words begin, if a sentence begins "Ann says that" or the like."""
        match = _frames()[0].match(self.items, at, skip=",")
        if match is None:
            return None
        end = match[1]
        marks = 0
        while self._item(end + marks) in (",", ":", DASH) and marks < 2:
            marks += 1
        if end == at + 1 and self._item(end) not in (":", DASH):
            return None
        return self._first_person(at, end), end + marks

    def _first_person(self, first: int, end: int) -> int:
        return next(item for item in self.items[first:end] if isinstance(item, int))

    def _closing(self, at: int) -> int:
        """Return where the quotation that opens at an index closes."""
        try:
            return self.items.index(QUOTE, at + 1)
        except ValueError:
            return self.fail("the quotation has no closing mark", at)

    def _begins_sentence(self, at: int) -> bool:
        """Whether a sentence in which somebody speaks may begin at an index."""
        return self.items[at] == QUOTE or self._match_frame(at) is not None

    def _sentence_end(self, at: int) -> int:
        """Return where a sentence without quotation marks ends at the latest."""
        breaks = self.tokens.breaks
        for end in range(at, len(self.items)):
            item = self.items[end]
            if item in FULL_STOPS:
                return end
            if end > at and breaks[self.origins[end]] and self._begins_sentence(end):
                return end
            if item == ";" and end + 1 < len(self.items) and self._begins_sentence(end + 1):
                return end
        return len(self.items)


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
            words = [word for word in words_with_marks(text) if is_word(word) or word in (PERSON, "'s")]
            if words:
                phrases.add(words, True)
    return before, after
