"""The names and role words of a text: found, and replaced by what they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from knk.errors import BadPuzzle
from knk.logic.puzzle import Roles, is_name
from knk.text.names import check_names, grammar_words, name_words, role_words
from knk.text.tokens import MAX_QUOTE_LENGTH, Token, Tokens, is_word, spelled

END: Final = "<end>"
"""What stands for a framing sentence or a blank line: a sentence ends before it."""

Lookup = dict[str, list[tuple[tuple[str, ...], Token]]]
"""What stands for names and role words, by their first word, the longest first."""


class Items(NamedTuple):
    """A text's tokens with names and role words replaced.

    `tokens[i]` comes from the text's token `origins[i]`, and what follows it where it has several words.
    """

    tokens: list[Token]
    origins: list[int]


@lru_cache(maxsize=1024)
def lookup_of(names: tuple[str, ...], roles: Roles) -> Lookup:
    """Return what stands for these names and role words.

    Raises:
        BadPuzzle: one of them could not be told from the other words of a text.

    >>> lookup_of(("Ann", "Mary Jane"), ("knight", "knave"))["mary"]
    [(('mary', 'jane'), 1)]
    """
    for name in names:
        if not is_name(name):
            raise BadPuzzle(f"{name[:MAX_QUOTE_LENGTH]!r} is not a name: use letters, digits, - ' . only")
    check_names(names, roles)
    lookup: Lookup = {}
    for person, name in enumerate(names):
        words = name_words(name, roles)
        lookup.setdefault(words[0], []).append((words, person))
    for words, meaning in role_words(roles).items():
        lookup.setdefault(words[0], []).append((words, meaning))
    for same_start in lookup.values():
        same_start.sort(key=lambda entry: -len(entry[0]))
    return lookup


def discover_names(tokens: Tokens, spans: Mapping[int, int], roles: Roles) -> tuple[str, ...]:
    """Return the people of a text that lists nobody: all words with a capital letter and no other meaning.

    Args:
        tokens: the text.
        spans: where its framing sentences begin and end.
        roles: the role words.

    >>> from knk.text.tokens import tokenize
    >>> discover_names(tokenize("Ann: Bob is a knave."), {}, ("knight", "knave"))
    ('Ann', 'Bob')
    """
    words = role_words(roles)
    known = grammar_words()
    is_lower = tokens.text.islower()
    names: dict[tuple[str, ...], str] = {}
    keys = tokens.keys

    def may_be_name(at: int) -> bool:
        key = keys[at]
        first = tokens.text[tokens.starts[at]]
        if key == "a":
            return first == "A" and at + 1 < len(keys) and (keys[at + 1],) not in words
        return is_word(key) and (is_lower or first != first.lower()) and key not in known and (key,) not in words

    at = 0
    while at < len(keys):
        if at in spans:
            at = spans[at]
            continue
        end = at
        while end < len(keys) and may_be_name(end) and (end == at or not (tokens.breaks[end] or is_lower)):
            end += 1
        if end > at:
            names.setdefault(tuple(keys[at:end]), spelled(tokens, at, end))
        at = max(end, at + 1)
    return tuple(names.values())


def replace_names(tokens: Tokens, spans: Mapping[int, int], lookup: Lookup) -> Items:
    """Return the tokens with names and role words replaced, and framing sentences by `END`.

    >>> from knk.text.tokens import tokenize
    >>> replace_names(tokenize("Ann lies."), {}, lookup_of(("Ann",), ("knight", "knave"))).tokens
    [0, 'lies', '.']
    """
    keys, breaks = tokens.keys, tokens.breaks
    items, origins = result = Items([], [])
    at, size = 0, len(keys)
    while at < size:
        if at in spans:
            items.append(END)
            origins.append(at)
            at = spans[at]
            continue
        if breaks[at] == 2 and items and items[-1] not in (":", ",", END):
            items.append(END)
            origins.append(at)
        key = keys[at]
        end = at + 1
        token: Token = key
        if key in lookup:
            for words, value in lookup[key]:
                if words == tuple(keys[at : at + len(words)]) and _is_meant(tokens, words, at, lookup):
                    token, end = value, at + len(words)
                    break
        items.append(token)
        origins.append(at)
        at = end
    return result


def _is_meant(tokens: Tokens, words: tuple[str, ...], at: int, lookup: Lookup) -> bool:
    """Whether words are the name or role word that they look like: a lone "a" is mostly an article."""
    if words != ("a",):
        return True
    following = tokens.keys[at + 1] if at + 1 < len(tokens.keys) else ""
    is_role = any(isinstance(value, str) for _, value in lookup.get(following, ()))
    return tokens.source(at, at + 1) == "A" and not is_role
