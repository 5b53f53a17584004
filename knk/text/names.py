"""Which names and role words a text can have so that a reader can tell them from its other words."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from knk.errors import BadPuzzle
from knk.logic.puzzle import Roles
from knk.text import wordings
from knk.text.tokens import LIE, TITLES, TRUTH, is_word, tokenize, word_key, words_of
from knk.text.vocabulary import NUMBER_WORDS, ROLE_PAIRS, role_forms

SYNONYMS: Final = (("truth-teller", "truth teller", "truthteller"), ("liar",))
"""Words for truth-tellers and for liars that are understood whatever the role words are."""

PRONOUNS: Final = frozenset(
    """
    i me my mine myself you your yours yourself he him his himself she her hers herself it its itself we us our ours
    ourselves they them their theirs themselves one ones someone somebody something anyone anybody anything everyone
    everybody everything nobody nothing none who whom whose which what that this these those some any each every all
    both either neither other others another most many few several more less half such same
    """.split()
)
_GRAMMAR: Final = """
    a an the and or nor not no if then only iff when of among amongst in here alone there is am are was were be been do
    does did have has had number even odd true false so but both that said with for from to at on as by group people
    provided kind kinds type types let
"""
_INNER_NAME_WORDS: Final = frozenset(("of", "the"))
"""Words of the grammar that a name may have after its first word: Joan of Arc."""
RESERVED_WORDS: Final = frozenset(
    "and or who always never is are a an the tell tells lie lies only speak says speaks".split()
)
"""Words that no role word may have."""
MAX_NAME_TOKENS: Final = 8
"""Words of a name."""


@lru_cache(maxsize=1)
def grammar_words() -> frozenset[str]:
    """Return all words that the sentences of a text are built with.

    >>> {"if", "knave", "neither", "said"} - grammar_words()
    {'knave'}
    """
    phrases: list[str] = [*NUMBER_WORDS, *wordings.AND_WORDS, *wordings.READ_IFF, *wordings.READ_CLAIMS]
    phrases += [*wordings.READ_NOT_THAT, *wordings.READ_SO_THAT, *wordings.READ_RELATIONS, *wordings.READ_SAME]
    phrases += [*wordings.READ_SAME_AS, *wordings.HABITS, *wordings.STATES, *wordings.SPEECH_VERBS]
    for frame in (*wordings.CLASSIC_FRAMES, *wordings.VARIED_FRAMES, *wordings.READ_FRAMES):
        phrases.append(frame.replace("{s}", " ").replace("{c}", " ").replace("{C}", " "))
    words = {key for phrase in phrases for key in words_of(phrase) if is_word(key)}
    return frozenset(words | set(_GRAMMAR.split()) | PRONOUNS) - {"truth", "lie"}


@lru_cache(maxsize=256)
def role_words(roles: Roles) -> dict[tuple[str, ...], str]:
    """Return the forms of the role words as tokens, each with `TRUTH` or `LIE`.

    Raises:
        BadPuzzle: a form could mean either role, or could not be told from the other words of a text.

    >>> role_words(("elf", "goblin"))[("elves",)]
    '<truth>'
    """
    forms: dict[tuple[str, ...], str] = {}
    for role, meaning in zip(roles, (TRUTH, LIE), strict=True):
        for form in role_forms(role):
            keys = words_of(form)
            if not keys or not all(map(is_word, keys)) or keys[0] in grammar_words() or set(keys) & RESERVED_WORDS:
                raise BadPuzzle(f"{role!r} is also an ordinary word of these texts: choose another role word")
            if forms.setdefault(keys, meaning) != meaning:
                raise BadPuzzle(f"{roles[0]!r} and {roles[1]!r} look alike in a text: choose other role words")
        if " ".join(tokenize(role).keys) != " ".join(map(word_key, role.split())):
            raise BadPuzzle(f"{role!r} is also an ordinary word of these texts: choose another role word")
    synonyms = {
        words_of(form): meaning
        for words, meaning in zip(SYNONYMS, (TRUTH, LIE), strict=True)
        for word in words
        for form in role_forms(word)
    }
    # Where the text gives a synonym the opposite meaning ("liars always tell the truth"), no synonym counts.
    return forms if any(synonyms.get(form, meaning) != meaning for form, meaning in forms.items()) else synonyms | forms


@lru_cache(maxsize=65536)
def name_words(name: str, roles: Roles) -> tuple[str, ...]:
    """Return a name as tokens.

    Raises:
        BadPuzzle: the name could not be told from the other words of a text.

    >>> name_words("Mary-Jane O'Neil", ("knight", "knave"))
    ('mary-jane', "o'neil")
    """
    keys = words_of(name)
    if len(keys) > MAX_NAME_TOKENS:
        raise BadPuzzle(f"expected a name of at most {MAX_NAME_TOKENS} words, got {name[:80]!r}: choose another name")
    known = grammar_words()
    is_usable = (
        " ".join(tokenize(name).source(i, i + 1) for i in range(len(keys))) == name
        and all(is_word(key) for key in keys)
        and (keys[0] not in known or name == "A")
        and all(key not in known or key in _INNER_NAME_WORDS for key in keys[1:])
        and name not in TITLES
        and keys[-1] not in {title.lower() for title in TITLES}
        and not any((key,) in role_words(roles) for key in keys)
        and not any(form[0] == keys[0] for form in role_words(roles))
    )
    if not is_usable:
        raise BadPuzzle(f"the name {name!r} is, or has, an ordinary word of these texts: choose another name")
    return keys


def check_names(names: tuple[str, ...], roles: Roles) -> None:
    """Raise `BadPuzzle` where a text with these names and role words could not be read back.

    >>> check_names(("Ann", "If"), ("knight", "knave"))
    Traceback (most recent call last):
    ...
    knk.errors.BadPuzzle: the name 'If' is, or has, an ordinary word of these texts: choose another name
    """
    role_words(roles)
    keys = [name_words(name, roles) for name in names]
    if not "".join(names).isascii() and len(set(keys)) < len(keys):
        raise BadPuzzle("two people's names differ only in accents: choose other names")


def known_pair(keys: Iterable[str]) -> Roles | None:
    """Return the first pair of the library's role words that a text uses, or None.

    >>> known_pair(["ann", ":", "bob", "is", "an", "angel"])
    ('angel', 'demon')
    """
    present = set(keys)
    pairs = [(words_of(form), pair) for pair in ROLE_PAIRS for word in pair for form in role_forms(word)]
    for words, pair in pairs:
        if len(words) == 1 and words[0] in present:
            return pair
    return None
