"""The role words of a text, from its framing sentences: `resolve_roles`."""

from __future__ import annotations

from collections.abc import Sequence

from knk.errors import BadText
from knk.logic.puzzle import Roles
from knk.text.framing.finder import Framing, RoleMention
from knk.text.tokens import Tokens
from knk.text.vocabulary import ROLE_PAIRS, plural, role_forms

_WAY_OUT = ": add a sentence such as 'Elves always tell the truth, and goblins always lie'"


def resolve_roles(framing: Framing, tokens: Tokens) -> Roles | None:
    """Return the role words that the framing sentences give, or None where they give none.

    Raises:
        BadText: they give more than two, or do not say which of two unknown kinds tells the truth.

    >>> from knk.text.framing.finder import find_framing
    >>> from knk.text.tokens import tokenize
    >>> tokens = tokenize(
    ...     "Knaves always tell the truth, and knights always lie. So who is a knight and who is a knave?"
    ... )
    >>> resolve_roles(find_framing(tokens), tokens)
    ('knave', 'knight')
    """
    words: dict[str, list[RoleMention]] = {"T": [], "L": []}
    for role in framing.roles:
        if role.kind in words:
            words[role.kind].append(role)
    if not any(words.values()):
        return _known_pair(framing, tokens)
    undecided = [role for role in framing.roles if role.kind not in words]
    for role in undecided:
        kinds = [kind for kind in words if any(_may_be_same(role, known) for known in words[kind][:1])]
        kinds = kinds or [kind for kind in words if not words[kind]]
        if not kinds:
            problem = f"the text does not say whether these people tell the truth{_WAY_OUT}"
            raise BadText(problem, role.text, tokens.starts[role.at])
        words[kinds[0]].append(role)
    for kind, habit in (("T", "tells the truth"), ("L", "lies")):
        if not words[kind]:
            raise BadText(f"the text does not say who always {habit}{_WAY_OUT}")
    for roles in words.values():
        for role in roles:
            if not _may_be_same(role, roles[0]):
                raise BadText("the text has two role words for one kind of people", role.text, tokens.starts[role.at])
    return _singular(words["T"]), _singular(words["L"])


def _known_pair(framing: Framing, tokens: Tokens) -> Roles | None:
    """Return the known pair that is mentioned, where no sentence says who of them tells the truth."""
    if not framing.roles:
        return None
    for pair in ROLE_PAIRS:
        if all(any(role.text.casefold() in role_forms(word) for word in pair) for role in framing.roles):
            return pair
    role = framing.roles[0]
    raise BadText(f"the text does not say who always tells the truth{_WAY_OUT}", role.text, tokens.starts[role.at])


def _may_be_same(first: RoleMention, second: RoleMention) -> bool:
    """Whether two role words may be forms of the same word."""
    texts = first.text.casefold(), second.text.casefold()
    if first.is_plural == second.is_plural:
        return texts[0] == texts[1]
    singular, plural_text = reversed(texts) if first.is_plural else texts
    return plural_text in (plural(singular), singular + "s")


def _singular(roles: Sequence[RoleMention]) -> str:
    """Return a role word in the singular, from all its mentions."""
    best = min(roles, key=lambda role: (role.is_plural, role.begins))
    text = best.text
    if best.begins and not _has_inner_capital(text):
        text = text[:1].lower() + text[1:]
    if not best.is_plural:
        return text
    known = [word for pair in ROLE_PAIRS for word in pair]
    guesses = [word for word in known if plural(word) == text] + _stems(text)
    regular = [word for word in guesses if word and plural(word) == text]
    careless = [word for word in guesses if word + "s" == text]
    return (regular or careless or [text])[0]


def _stems(plural_text: str) -> list[str]:
    """Return the words of which this may be the plural, the likeliest first."""
    stems = []
    for ending, single in (("men", "man"), ("people", "person"), ("children", "child"), ("ves", "f"), ("ies", "y")):
        if plural_text.endswith(ending):
            stems.append(plural_text[: -len(ending)] + single)
    if plural_text.endswith(("shes", "ches", "sses", "xes", "zes")):
        stems.append(plural_text[:-2])
    return [*stems, plural_text[:-1], plural_text[:-2]]


def _has_inner_capital(text: str) -> bool:
    """Whether a word has capitals after its first letter, so that the first is not just the sentence's."""
    return any(letter.isupper() for letter in text[1:])
