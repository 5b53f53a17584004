"""Which sentences of a text are framing, and the people and role words that they give: `find_framing`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, NoReturn

from knk.errors import BadText
from knk.text.framing.patterns import State, first_state
from knk.text.names import MAX_NAME_TOKENS, RESERVED_WORDS
from knk.text.tokens import QUOTE, Tokens, is_word, spelled
from knk.text.vocabulary import number_of

_SKIPPED: Final = frozenset(",:-()")
_ENDS: Final = frozenset(".?!;")
_STARTS_AFTER: Final = frozenset((".", "?", "!", QUOTE))
_MAX_ROLE_TOKENS: Final = 6
"""Words of a role word."""
_NOT_IN_ROLES: Final = RESERVED_WORDS | {"which", "from", "i", "we", "they"}
_MAX_QUOTED_TOKENS: Final = 12

Captures = tuple[tuple[str, int, int], ...]
"""The slots of a match, each with the range of tokens that fills it."""


class RoleMention(NamedTuple):
    """A role word in a framing sentence.

    Args:
        kind: "T" for truth-tellers, "L" for liars; "A" or "B" where the sentence leaves that open.
        is_plural: whether it stands in the plural.
        text: the word.
        begins: whether it begins the sentence, so that its capital may be the sentence's.
        at: the index of its first token.
    """

    kind: str
    is_plural: bool
    text: str
    begins: bool
    at: int


@dataclass
class Framing:
    """The framing sentences of a text.

    Attributes:
        spans: where each begins and ends, as indices of tokens.
        roles: the role words in them.
        names: the people that they list, or None.
    """

    spans: dict[int, int] = field(default_factory=dict)
    roles: list[RoleMention] = field(default_factory=list)
    names: tuple[str, ...] | None = None


def find_framing(tokens: Tokens) -> Framing:
    """Find every framing sentence among tokens, and what they say.

    Raises:
        BadText: the lists of people differ, or one is not as long as its number says.

    >>> from knk.text.tokens import tokenize
    >>> find_framing(tokenize("You meet 2 inhabitants: Ann and Bob. Ann: Bob is a knave.")).names
    ('Ann', 'Bob')
    """
    return _Finder(tokens).find()


class _Finder:
    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.keys = tokens.keys
        self.size = len(tokens.keys)
        self.framing = Framing()
        # Lists of names may be looked through from several starts: enough for any sound text, and bounded.
        self._budget = 20 * self.size + 10_000

    def find(self) -> Framing:
        keys, breaks = self.keys, self.tokens.breaks
        at = 0
        is_quoted = False
        end = 1
        while at < self.size:
            may_begin = end or (not is_quoted and (breaks[at] or keys[at - 1] in _STARTS_AFTER))
            end = self._match_sentence(at) if may_begin else 0
            is_quoted ^= keys[at] == QUOTE
            at = end or at + 1
        return self.framing

    def _match_sentence(self, at: int) -> int:
        """Return where the framing sentence that begins at an index ends, or 0."""
        if self.keys[at] == "(":
            return self._match_instruction(at)
        if not is_word(self.keys[at]):
            return 0
        for end, captures in self._matches(first_state(), at, ()):
            after = end + (self._key(end) == ")" and "(" in self.keys[at:end])
            if after == self.size or self.tokens.breaks[after] or self.keys[after] in _ENDS:
                after += self._key(after) in _ENDS
                self._note(captures, at)
                self.framing.spans[at] = after
                return after
        return 0

    def _key(self, at: int) -> str:
        return self.keys[at] if at < self.size else ""

    def _match_instruction(self, at: int) -> int:
        """Return where a closing "(Format your answer like: ...)" ends, or 0: nothing may follow it."""
        if self.keys[at + 1 : at + 4] != ["format", "your", "answer"] or ")" not in self.keys[-2:]:
            return 0
        self.framing.spans[at] = self.size
        return self.size

    def _matches(self, state: State, at: int, captures: Captures) -> Iterator[tuple[int, Captures]]:
        """Iterate over the ends of all matches of tokens from an index on, and their captures: words before slots."""
        while True:
            index = at if at < self.size and self.keys[at] in state.follow else self._skip(at)
            following = state.after(self.keys[index]) if index < self.size else None
            if state.slots or state.is_end:
                if following is not None:
                    yield from self._matches(following, index + 1, captures)
                for slot in state.slots:
                    following = state.after(slot)
                    assert following is not None
                    for first, end in self._fill(slot, following, at):
                        yield from self._matches(following, end, (*captures, (slot, first, end)))
                if state.is_end:
                    yield at, captures
                return
            if following is None:
                return
            state, at = following, index + 1

    def _skip(self, at: int) -> int:
        """Return the index after a comma, a colon or a bracket or two."""
        index = at
        while index < self.size and index < at + 2 and self.keys[index] in _SKIPPED:
            index += 1
        return index

    def _fill(self, slot: str, following: State, at: int) -> Iterator[tuple[int, int]]:
        """Iterate over the ranges of tokens that may fill a slot."""
        at = self._skip(at)
        if at >= self.size:
            return
        if slot == "{names}":
            end = self._names_end(at, following)
            if end > at:
                yield at, end
        elif slot == "{n}":
            if number_of(self.keys[at]) is not None:
                yield at, at + 1
        else:
            for end in range(at + 1, min(at + _MAX_ROLE_TOKENS, self.size) + 1):
                if self.keys[end - 1] in _NOT_IN_ROLES or not is_word(self.keys[end - 1]):
                    return
                yield at, end

    def _names_end(self, at: int, following: State) -> int:
        """Return where a list of names ends."""
        stops = following.follow
        keys = self.keys
        end = at
        while (
            end < self.size
            and (keys[end] not in stops or keys[end] == "and")
            and (is_word(keys[end]) or keys[end] == ",")
        ):
            if end > at and self.tokens.breaks[end] and keys[end - 1] not in (",", "and"):
                break
            end += 1
        self._budget -= end - at
        if self._budget < 0:
            raise BadText("too many lists of people", self.tokens.source(at, at + 4), self.tokens.starts[at])
        return end

    def _note(self, captures: Captures, start: int) -> None:
        """Note the roles and people that a sentence gives."""
        total = None
        for slot, first, end in captures:
            if slot == "{n}":
                total = number_of(self.keys[first])
            elif slot == "{names}":
                self._note_names(self._names(first, end), total, first, end)
            else:
                text = spelled(self.tokens, first, end)
                self.framing.roles.append(RoleMention(slot[1], slot.endswith("s}"), text, first == start, first))

    def _names(self, first: int, end: int) -> tuple[str, ...]:
        names = []
        begin = first
        for index in range(first, end + 1):
            if index == end or self.keys[index] in (",", "and"):
                if index > begin:
                    if index - begin > MAX_NAME_TOKENS:
                        self._fail(f"a name has more than {MAX_NAME_TOKENS} words", begin, index)
                    names.append(spelled(self.tokens, begin, index))
                begin = index + 1
        return tuple(names)

    def _note_names(self, names: tuple[str, ...], total: int | None, first: int, end: int) -> None:
        if total is not None and total != len(names):
            self._fail(f"{total} people are announced, but {len(names)} are named", first, end)
        if self.framing.names not in (None, names):
            self._fail("the people are listed twice, with different names", first, end)
        self.framing.names = names

    def _fail(self, problem: str, first: int, end: int) -> NoReturn:
        raise BadText(problem, self.tokens.source(first, min(end, first + 12)), self.tokens.starts[first])
