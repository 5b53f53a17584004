"""Denials and doubts: whether the words before an answer take it back."""

from __future__ import annotations

import re
from typing import Final

_DENIALS: Final = frozenset(
    """
    not no never none nothing neither nor cannot false falsely untrue wrong wrongly incorrect incorrectly
    opposite reverse reversed inverse inverted contrary hardly unlikely impossible contradiction contradicts
    contradictory unless if whether might may maybe perhaps possibly possible possibility probably likely
    could would unsure uncertain deny denies doubt doubtful reject rejected except lie lies lying mistaken
    mistake mistakenly suppose supposing supposed assume assumes assuming assumption case scenario option
    guess guessing hypothetical hypothetically hypothesis imagine pretend said says say claim claims claimed
    states stated told according ignore ignoring joke joking kidding or either alternatively example invalid
    inconsistent fails failed disproves disproved refutes refuted retract disregard nonsense anything far
    swap swaps swapped swapping flip flipped invert negate negated
    """.split()
)
_HARMLESS_PHRASES: Final = re.compile(r"\b(?:in this case|no other|only possib(?:le|ility))\b")
_POINTERS: Final = frozenset({"following", "below", "next", "follows"})
_ANSWER: Final = frozenset({"answer", "solution"})
_FALSE: Final = frozenset({"false", "wrong", "incorrect", "untrue", "opposite", "reverse", "inverse", "contrary"})
_CLAUSE_ENDS: Final = (",", ";", ".", "!", "?", "so", "therefore", "thus", "hence")
_CONDITIONS: Final = frozenset({"if", "unless", "assuming", "supposing", "provided", "whether"})
# Remarks on an answer that is still to come, whatever stands between: "The following is false. I like tea."
_SWITCHED: Final = r"(?:exchanged|interchanged|switched|swapped|reversed|inverted|flipped|negated)"
_DENIAL_AHEAD: Final = re.compile(
    rf"""\b(?:
    (?:(?:the|my)\ (?:following|next)(?:\ (?:answer|solution|assignment|roles?|lines?|text|list|box))?
      | (?:the|my|each|every|all)(?:\ \w+){{0,2}}\ below | what\ (?:follows|comes\ next)
      | (?:everything|all|anything)(?:\ that)?\ (?:follows|below|i\ (?:say|write|claim))[^.\n]{{0,30}}?
      | (?:every|each|any|all|the)(?:\ \w+){{1,2}}\ in\ (?:the|my)\ (?:answer|tags|box))
    \ (?:is|are|will\ be|should\ be|has\ been|have\ been)\ [^.,;:\n]{{0,20}}?
    \b(?:not|false|wrong|incorrect|untrue|lies?|opposite|jokes?|fiction|mistaken|{_SWITCHED})
    | (?:none|nothing|no\ \w+)(?:\ of)?\ (?:the\ following|what\ follows|below)
    | (?:(?<!.)|(?<=[.!?:;,\n]\ )|(?:now|please|but|then|must|should|and)\ )
      (?:ignore|disregard|swap|reverse|invert|flip|negate|(?:do\ not|don't)\ (?:trust|believe|use))
      \ [^.\n]{{0,60}}?(?:following|below|next|follows|roles|answer)
    | (?:roles?|words?|names?|meanings?|answers?)\ (?:[^.,;:\n]{{0,40}}\ )?{_SWITCHED}
    | (?:is|are)\ (?:all\ )?{_SWITCHED}\ in\ (?:the|my)\ answer
    | (?:answer|solution)\ is\ (?:not|never)\ (?:this|the\ following|here|below)
    | (?:this\ is|here\ is|here's)\ (?:(?:only|just|merely)\ an?\ (?:example|joke|guess|test)
      | an?\ (?:joke|lie|wrong|false|incorrect|made-up))
    | i\ (?:will|shall|am\ going\ to)\ (?:now\ )?(?:lie|joke|pretend|be\ wrong) | opposite\ day
    | read\ (?:every\ |each\ |all\ )?\w+\ (?:for|as)
    | by\ (?!this\ |that\ |which\ |it\ |what\ )[^.\n]{{1,40}}\ i\ (?:always\ )?mean
    )\b""",
    re.VERBOSE,
)
_DENIAL_AHEAD_WORDS: Final = frozenset(
    [
        *("the following", "here is", "this is"),
        *"below day disregard everything exchanged flip flipped following follows here's ignore inverted".split(),
        *"interchanged invert joke lie mean negate negated next pretend read reverse reversed swap swapped".split(),
        *"switched tags this".split(),
    ]
)
_MAX_WORDS: Final = 120
"""The words before an answer in which such a remark counts."""
_UNFINISHED: Final = frozenset(
    ": that is not never if whether either unless than deny doubt perhaps maybe possibly probably likely".split()
)
_ANNOUNCEMENTS: Final = frozenset(
    "answer answers solution conclusion result results roles assignment identities so therefore thus hence have get "
    "conclude find final finally".split()
)


def is_denied(before: list[str]) -> bool:
    """Whether the words before an answer deny or doubt it.

    A complete sentence does so only if it is about what follows; otherwise it is reasoning ("Bob is not a knight."). A
    lead-in that runs on into the answer may contain neither denial nor doubt, except that its last clause decides if
    that clause announces an answer ("Bob is not a knight, so the roles are:").

    Args:
        before: the tokens before the answer, in lower case.

    >>> is_denied("it is not true that :".split()), is_denied("bob is not a knight .".split())
    (True, False)
    """
    recent = before[-_MAX_WORDS:]
    if not _DENIAL_AHEAD_WORDS.isdisjoint(recent) and _DENIAL_AHEAD.search(" ".join(recent)):
        return True
    line = _last_line(before)
    if line and line[-1] in (".", "!"):
        sentence = _after_last(line[:-1], (".", "!", "?"))
        if not _has_denial(sentence):
            return False
        return not _POINTERS.isdisjoint(sentence) or not (_FALSE.isdisjoint(sentence) or _ANSWER.isdisjoint(sentence))
    clause = _after_last(line, _CLAUSE_ENDS)
    earlier = line[: len(line) - len(clause)]
    while earlier and earlier[-1] in _CLAUSE_ENDS:
        earlier.pop()
    # A clause that continues the one before ("It is not true that, therefore,", "If I am right,") announces nothing.
    is_unfinished = not _UNFINISHED.isdisjoint(earlier[-1:])
    is_condition = not _CONDITIONS.isdisjoint(_after_last(earlier, _CLAUSE_ENDS)[:1])
    return _has_denial(line if is_unfinished or is_condition or _ANNOUNCEMENTS.isdisjoint(clause) else clause)


def _last_line(before: list[str]) -> list[str]:
    end = len(before)
    while end and not any(letter.isalnum() or letter in ".!?" for letter in before[end - 1]):
        end -= 1
    line = before[:end]
    index = max((i for i, word in enumerate(line) if word == "\n"), default=-1)
    return " ".join(line[index + 1 :]).split()


def _after_last(line: list[str], marks: tuple[str, ...]) -> list[str]:
    index = max((i for i, word in enumerate(line) if word in marks), default=-1)
    return line[index:] if index >= 0 and line[index].isalpha() else line[index + 1 :]


def _has_denial(line: list[str]) -> bool:
    text = _HARMLESS_PHRASES.sub(" ", " ".join(line).casefold())
    return any(word in _DENIALS or word.endswith("n't") for word in text.split())
