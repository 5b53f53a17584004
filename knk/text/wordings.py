"""The phrases and frames of statements, as data, for writing and for reading.

`compose` and `render` write with the tables that have plain names. The readers, `clauses` and `sentences`, know these
and the tables named `READ_...`. So a new wording is one more member of a table here, and a golden text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from knk.logic.statements import Relation
from knk.text.tokens import LIE, TRUTH

NOT_THAT: Final = ("it is not the case that", "it is not true that", "it is false that")
READ_NOT_THAT: Final = (
    *NOT_THAT,
    "it isn't the case that",
    "it isn't true that",
    "it's not the case that",
    "it's not true that",
    "it's false that",
    "it is untrue that",
    "it is wrong that",
)
READ_SO_THAT: Final = ("it is the case that", "it is true that", "it's true that", "it's the case that")

IFF: Final = ("if and only if", "precisely when")
READ_IFF: Final = (*IFF, "iff", "exactly when", "just when", "just in case")

AND_WORDS: Final = ("and", "but", "while", "whereas")
BUT_NOT_BOTH: Final = ("but not both",)
OR_BOTH: Final = ("or both",)

RELATIONS: Final[Mapping[Relation, Sequence[str]]] = {
    "exactly": ("exactly",),
    "at least": ("at least", "no fewer than"),
    "at most": ("at most", "no more than"),
}
READ_RELATIONS: Final[Mapping[str, tuple[Relation, int]]] = {
    **{phrase: (relation, 0) for relation, phrases in RELATIONS.items() for phrase in phrases},
    "precisely": ("exactly", 0),
    "only": ("exactly", 0),
    "just": ("exactly", 0),
    "not fewer than": ("at least", 0),
    "not less than": ("at least", 0),
    "no less than": ("at least", 0),
    "not more than": ("at most", 0),
    "more than": ("at least", 1),
    "fewer than": ("at most", -1),
    "less than": ("at most", -1),
}
"""Phrases before a number: the relation they state and what is added to the number."""

CLAIMS: Final = ("these claims", "the following claims", "these statements")
READ_CLAIMS: Final = (*CLAIMS, "these", "the following", "the following statements", "these things")

SAME: Final = ("of the same kind", "of the same type")
DIFFERENT: Final = ("of different kinds", "of different types")
SAME_AS: Final = ("of the same kind as", "of the same type as")
DIFFERENT_FROM: Final = ("of a different kind from", "of a different type from")
READ_SAME: Final[Mapping[str, bool]] = {
    **dict.fromkeys((*SAME, "of one kind", "of the same sort", "the same", "the same kind", "the same type"), True),
    **dict.fromkeys((*DIFFERENT, "different", "of different sorts", "different kinds", "different types"), False),
}
READ_SAME_AS: Final[Mapping[str, bool]] = {
    **dict.fromkeys((*SAME_AS, "the same as", "the same kind as", "the same type as", "of the same sort as"), True),
    **dict.fromkeys(
        (
            *DIFFERENT_FROM,
            "of a different kind than",
            "of a different type than",
            "of a different kind to",
            "of a different type to",
            "different from",
            "different than",
            "a different kind from",
            "a different type from",
        ),
        False,
    ),
}

BE: Final = frozenset(("is", "am", "are", "'s", "'m", "'re"))
_TELL: Final = ("tells the truth", "tell the truth", "speaks the truth", "speak the truth")
_LIE: Final = ("lies", "lie")
HABITS: Final[Mapping[str, tuple[bool, bool]]] = {
    **{f"{adverb}{verb}": (True, False) for adverb in ("", "always ", "only ") for verb in _TELL},
    **{f"{adverb}{verb}": (False, False) for adverb in ("", "always ") for verb in _LIE},
    **{f"never {verb}": (True, False) for verb in _LIE},
    **{f"never {verb}": (False, False) for verb in _TELL},
    **{
        f"{do} {adverb}{verb}": (truth, True)
        for do in ("does not", "doesn't", "do not", "don't")
        for adverb in ("", "always ")
        for verb, truth in (("tell the truth", True), ("speak the truth", True), ("lie", False))
    },
}
"""Verbs about what a person does: whether they make a truth-teller, and whether that is denied."""
STATES: Final[Mapping[str, bool]] = {
    **{f"{adverb}lying": False for adverb in ("", "always ")},
    **{f"{adverb}telling the truth": True for adverb in ("", "always ")},
    **{f"{article}{LIE}": False for article in ("", "a ", "an ")},
    **{f"{article}{TRUTH}": True for article in ("", "a ", "an ")},
}
"""What follows "is": whether it makes a truth-teller."""

SPEECH_VERBS: Final = (
    *("said", "says", "stated", "states", "remarked", "remarks", "declared", "declares", "expressed", "expresses"),
    *("asserted", "asserts", "mentioned", "mentions", "commented", "comments", "noted", "notes", "claimed", "claims"),
    *("announced", "announces", "answered", "answers", "replied", "replies", "insisted", "insists", "swore", "swears"),
    *("explained", "explains", "whispered", "whispers", "observed", "observes", "maintained", "maintains", "adds"),
    *("told you", "tells you", "told me", "tells me", "told us", "tells us", "assured you", "assures you", "say"),
    *("was heard saying", "is heard saying", "was heard to say", "has this to say", "had this to say", "claim"),
    *("exclaims", "exclaimed", "confides", "confided", "shouts", "shouted", "murmurs", "murmured", "added"),
)

CLASSIC_FRAMES: Final = (
    "{s} said that {c}.",
    "{s} told you that {c}.",
    '{s} said, "{C}."',
    '{s} stated, "{C}".',
    'According to {s}, "{C}".',
    'In {s}\'s words: "{C}".',
    '{s} remarked, "{C}".',
    '"{C}," {s} declared.',
    '{s} was heard saying, "{C}".',
    "{s} expressed that {c}.",
    '"{C}" - {s}.',
    'As {s} put it, "{C}".',
    '{s} asserted: "{C}".',
    '"{C}," {s} mentioned.',
    '{s} commented, "{C}".',
    'In a statement by {s}: "{C}".',
    '{s} noted, "{C}".',
    '"{C}," {s} claimed.',
)
VARIED_FRAMES: Final = (
    "{s} says that {c}.",
    "{s} claims that {c}.",
    "{s} tells you that {c}.",
    "{s} insists that {c}.",
    "{s} swears that {c}.",
    "{s} assures you that {c}.",
    "{s} maintains that {c}.",
    "According to {s}, {c}.",
    "{s}'s claim is that {c}.",
    "What {s} says is that {c}.",
    '{s} says, "{C}."',
    '{s} declares: "{C}."',
    '{s} announces, "{C}."',
    '{s} whispers, "{C}."',
    '{s} replies: "{C}."',
    '{s} has this to say: "{C}."',
    'From {s} you hear: "{C}."',
    '{s}\'s words are: "{C}."',
    '"{C}," says {s}.',
    '"{C}," {s} tells you.',
    '"{C}," explains {s}.',
    '"{C}," {s} remarks.',
    '"{C}," is what {s} says.',
)
DIALOGUE_FRAMES: Final = ('{s}: "{C}."',)
READ_FRAMES: Final = (
    "{s}: {c}",
    *(f"{{s}} {verb}{that} {{c}}" for verb in SPEECH_VERBS for that in ("", " that")),
    *(f'"{{c}}" {{s}} {verb}' for verb in SPEECH_VERBS),
    *(f'"{{c}}" {verb} {{s}}' for verb in SPEECH_VERBS),
    "In the words of {s}: {c}",
    "{s}'s statement: {c}",
    "{s}'s statement is that {c}",
    "{s}'s words: {c}",
    "{s}'s claim: {c}",
    "As {s} puts it, {c}",
    "As {s} tells it, {c}",
    "Asked about the others, {s} says that {c}",
    '"{c}" according to {s}',
)
