r"""Does a model's completion give the puzzle's solution? One judge for reward, data filter, benchmark and command line.

Where the answer is:

1. What stands before the last `</think>` is thinking and never the answer; nor is what follows a `<think>` left open.
   (Where only the prompt can have opened the thinking, an answer in tags within it must not gainsay the one after it.)
2. `<answer>...</answer>`, if there is such a tag: its whole content is the answer. The last one may be left open at the
   end, as a stop string leaves it. Several must say the same. After it nothing may follow but a closing phrase.
3. Else the last `\boxed{...}`, on the same terms, where what it holds reads as an answer.
4. Else the longest end of the text that reads as an answer, starting at a line or at a sentence that announces a
   conclusion ("So", "The answer is").

Nothing is paid if the words just before the answer deny or doubt it ("It is not true that:"), or if sentences before
it speak against what follows ("The following is false. I like tea."). How the answer is read is in
`knk.answers.grammar`. At most `LONGEST_ANSWER` characters and `LONGEST_CLAIM` a person are read: a longer answer in
tags is unreadable, of a longer text without tags only the end is looked at. "User:" and "Assistant:" mean nothing here.

The reasoning is not judged, and may be missing: whoever wants a format rewards it apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from knk.answers.grammar import (
    Lexicon,
    Reading,
    lexicon,
    read,
    read_end,
    words,
)
from knk.answers.verdict import Reason, Verdict
from knk.errors import BadPuzzle
from knk.logic.puzzle import Puzzle
from knk.logic.solver import solve

LONGEST_ANSWER: Final = 4000
"""Characters that an answer may have, whoever it is about; see `LONGEST_CLAIM`."""
LONGEST_CLAIM: Final = 200
"""Characters that an answer may have more for each person of the puzzle."""
_MOST_TAGS: Final = 32
"""More answer tags than these are several answers, unread."""


class _Unpaid(Exception):
    """Why there is no answer to read."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason


def verify(completion: str, puzzle: Puzzle, *, solution: Sequence[bool] | None = None) -> Verdict:
    r"""Return the verdict on a completion: strict in what it means, lenient in how it is written.

    Args:
        completion: what a model wrote, with or without its reasoning.
        puzzle: what it was asked.
        solution: the puzzle's solution, True for a knight, where the caller knows it; else it is solved for.

    Raises:
        NoSolution: the puzzle has no solution.
        ManySolutions: the puzzle has several.
        BadPuzzle: the given solution is not one role for each person.
        TypeError: the completion is not a string.

    >>> from knk.logic.notation import decode
    >>> puzzle = decode("Ann,Bob 0:&(-0,-1)")
    >>> print(verify("Ann lies, so...</think><answer>(1) Ann is a knave\n(2) Bob is a knight</answer>", puzzle))
    right: -Ann +Bob
    >>> print(verify("It is not true that Ann is a knave and Bob is a knight.", puzzle))
    unreadable
    """
    if not isinstance(completion, str):
        raise TypeError(f"a completion is a string, not {type(completion).__name__}")
    truth = _solved(puzzle) if solution is None else tuple(solution)
    if len(truth) != len(puzzle.names):
        raise BadPuzzle(f"a solution gives each of the {len(puzzle.names)} people a role, not {len(truth)}")
    try:
        reading = _answer(completion, lexicon(puzzle.names, puzzle.roles))
    except _Unpaid as unpaid:
        return Verdict(False, unpaid.reason)
    reason = _reason(reading, truth)
    claims = tuple((puzzle.names[person], knight) for person, knight in dict.fromkeys(reading.claims))
    return Verdict(reason == "right", reason, claims)


@lru_cache(maxsize=4096)
def _solved(puzzle: Puzzle) -> tuple[bool, ...]:
    return solve(puzzle)


def _reason(reading: Reading, truth: tuple[bool, ...]) -> Reason:
    claims = dict(reading.claims)
    if reading.strangers:
        return "unknown person"
    if len(set(reading.claims)) > len(claims):
        return "contradiction"
    if len(claims) < len(truth):
        return "incomplete"
    return "right" if all(claims[person] == bool(role) for person, role in enumerate(truth)) else "wrong"


# Where the answer is.

_TAG: Final = re.compile(r"<\s{0,3}(?P<close>/?)\s{0,3}(?:(?P<think>think|thinking)|answer)\s{0,3}>", re.IGNORECASE)
_BOX: Final = re.compile(r"\\(?:boxed|fbox)\s{0,3}\{")
_BRACE: Final = re.compile(r"\\.|[{}]", re.DOTALL)
_STOP: Final = re.compile(r"(?:<[|｜][\w▁]{1,40}[|｜]>|</s>|<eos>|<end_of_turn>|\[/INST\])\s*\Z")
_CLOSING: Final = re.compile(
    r"""(?:\A|(?<=[\s.!)\]}>*$]))(?:
    q\.?e\.?d\.? | done | i?\ ?hope\ (?:this|that|it)\ (?:helps|is\ (?:correct|right))
    | (?:this|that)\ is\ (?:the|my|our)\ (?:final\ |correct\ |unique\ |only\ )*(?:answer|solution)
    | (?:this|the|that)\ (?:is|(?:answer|assignment|solution)\ is)\ (?:the\ only\ |a\ |the\ )?
      (?:consistent|unique|correct|verified)(?:\ (?:answer|assignment|solution))?
      (?:\ with\ (?:all\ )?(?:of\ )?(?:the\ )?(?:given\ )?(?:statements|conditions|constraints))?
    | (?:this|the|that)\ (?:(?:answer|assignment|solution)\ )?satisfies\ (?:all\ )?(?:of\ )?(?:the\ )?(?:given\ )?
      (?:statements|conditions|constraints)
    )[\s.!*$]*\Z""",
    re.VERBOSE | re.IGNORECASE,
)
_HARMLESS: Final = re.compile(r"[\s.!*`_\"')\]}$\\|-]*")


def _answer(completion: str, known: Lexicon) -> Reading:
    """Return what the completion's answer says.

    Raises:
        _Unpaid: there is no answer, or none that counts.
    """
    start, tags, early = _tags(completion)
    if tags:
        reading = _tagged(completion, start, tags, known)
    else:
        body, whole = _ending(completion, start, known)
        reading = _boxed(body, known) or _bare(body, whole, known)
    if early:
        _check_early(completion, early, reading, known)
    return reading


def _longest(known: Lexicon) -> int:
    return LONGEST_ANSWER + LONGEST_CLAIM * known.size


def _tags(completion: str) -> tuple[int, list[re.Match[str]], list[re.Match[str]]]:
    """Return where the thinking ends, the answer tags after it, and those before it outside any `<think>`."""
    start, thinking = 0, False
    tags: list[re.Match[str]] = []
    early: list[re.Match[str]] = []
    for tag in _TAG.finditer(completion):
        if not tag["think"]:
            if not thinking and len(tags) <= _MOST_TAGS:
                tags.append(tag)
        elif tag["close"]:
            early += tags
            start, thinking, tags = tag.end(), False, []
        else:
            thinking = True
    if thinking:
        raise _Unpaid("no answer")
    return start, tags, early


def _check_early(completion: str, tags: list[re.Match[str]], answer: Reading, known: Lexicon) -> None:
    """Refuse an answer that gainsays one in tags before a `</think>` that nothing opened.

    The prompt may have opened it, so that they are drafts; but two answers that differ are two, whatever is between.
    """
    if len(tags) > _MOST_TAGS:
        raise _Unpaid("several answers")
    for tag, following in pairwise(tags):
        if not tag["close"] and following["close"] and following.start() - tag.end() <= _longest(known):
            draft = read(words(completion[tag.end() : following.start()], known), known)
            if draft and not set(draft.claims) <= set(answer.claims):
                raise _Unpaid("several answers")


def _tagged(completion: str, start: int, tags: list[re.Match[str]], known: Lexicon) -> Reading:
    """Return what the answers between tags say, which is the same for all."""
    if len(tags) > _MOST_TAGS or any(bool(tag["close"]) != bool(i % 2) for i, tag in enumerate(tags)):
        raise _Unpaid("several answers")
    ends = [(tag.start(), tag.end()) for tag in tags]
    if len(tags) % 2:
        ends.append((len(completion), len(completion)))
    readings = []
    for (before, opened), (closed, after) in zip(ends[::2], ends[1::2], strict=True):
        content = completion[opened:closed]
        if not content.isspace() and content:
            readings.append(_whole(content, known))
            _check_lead(completion[start:before], known)
        start = after
    _check_rest(completion[start:])
    return _agreed(readings)


def _agreed(readings: Sequence[Reading | None]) -> Reading:
    """Return the last of some readings, which all say the same."""
    last = readings[-1] if readings else None
    if last is None:
        raise _Unpaid("no answer")
    if any(reading is None or set(reading.claims) != set(last.claims) for reading in readings):
        raise _Unpaid("several answers")
    return last


@lru_cache(maxsize=4096)
def _whole(content: str, known: Lexicon) -> Reading:
    """Return what a content says all of which is the answer, kept because many completions of a group say the same."""
    if len(content) > _longest(known):
        raise _Unpaid("unreadable")
    found = words(content, known)
    reading = read(found, known) or read(words(_without_closing(content), known), known)
    if reading is None or not (reading.claims or reading.strangers):
        raise _Unpaid(_blank(found, known))
    return reading


def _blank(found: list[str], known: Lexicon) -> Reason:
    """Return why words are no answer that could not be read as one: by whether they speak of people or roles at all."""
    spoken = any(known.codes.get(word) in ("N", "r", "V") for word in found)
    return "unreadable" if spoken else "no answer"


def _ending(completion: str, start: int, known: Lexicon) -> tuple[str, bool]:
    """Return the end of a completion, no longer than an answer, less what closes it; and whether that is all of it."""
    longest = _longest(known)
    cut = max(start, len(completion) - longest)
    return _without_closing(completion[cut:]), cut == start


def _without_stop(text: str) -> str:
    text = text.rstrip()
    while match := _STOP.search(text, max(0, len(text) - 60)):
        text = text[: match.start()].rstrip()
    return text


def _without_closing(text: str) -> str:
    text = _without_stop(text)
    for _ in range(3):
        # Searched in the last line or so: the phrases are short.
        match = _CLOSING.search(text, max(0, len(text) - 200))
        if not match:
            break
        text = text[: match.start()].rstrip()
    return text


def _boxed(body: str, known: Lexicon) -> Reading | None:
    """Return what the boxes say, which is the same for all, or None if the last does not read as an answer."""
    boxes = boxes_in(body)
    if not boxes:
        return None
    start, opened, closed = boxes[-1]
    last = read(words(body[opened:closed], known), known)
    if last is None or len(dict(last.claims)) < known.size:
        return None
    _check_rest(body[closed + 1 :])
    _check_lead(body[:start], known)
    return _agreed([read(words(body[opened:closed], known), known) for _, opened, closed in boxes])


def boxes_in(body: str) -> list[tuple[int, int, int]]:
    """Return where each box starts, and where its content starts and ends; boxes left open are none."""
    boxes: list[tuple[int, int, int]] = []
    for box in _BOX.finditer(body):
        if boxes and box.start() < boxes[-1][2]:
            continue
        depth = 1
        for brace in _BRACE.finditer(body, box.end()):
            depth += {"{": 1, "}": -1}.get(brace[0], 0)
            if not depth:
                boxes.append((box.start(), box.end(), brace.start()))
                break
        else:
            break
    return boxes


def _bare(body: str, whole: bool, known: Lexicon) -> Reading:
    """Return what the longest readable end of a text says."""
    found = words(body, known)
    reading, start = read_end(found, known, whole)
    if reading is None:
        raise _Unpaid(_blank(found, known))
    if _denied(found[:start]):
        # Where claims are missing too, the line before was rather meant to be one.
        raise _Unpaid("retracted" if len(dict(reading.claims)) == known.size else "unreadable")
    return reading


# What stands around the answer.

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
_NO_DENIAL: Final = re.compile(r"\b(?:in this case|no other|only possib(?:le|ility))\b")
_NEXT: Final = frozenset({"following", "below", "next", "follows"})
_ANSWER: Final = frozenset({"answer", "solution"})
_UNTRUE: Final = frozenset({"false", "wrong", "incorrect", "untrue", "opposite", "reverse", "inverse", "contrary"})
_BREAKS: Final = (",", ";", ".", "!", "?", "so", "therefore", "thus", "hence")
_CONDITIONS: Final = frozenset({"if", "unless", "assuming", "supposing", "provided", "whether"})
# What is said of an answer that is yet to come, whatever else is said in between: "The following is false. I like tea."
_SWITCHED: Final = r"(?:exchanged|interchanged|switched|swapped|reversed|inverted|flipped|negated)"
_AHEAD: Final = re.compile(
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
_AHEAD_WORDS: Final = frozenset(
    [
        *("the following", "here is", "this is"),
        *"below day disregard everything exchanged flip flipped following follows here's ignore inverted".split(),
        *"interchanged invert joke lie mean negate negated next pretend read reverse reversed swap swapped".split(),
        *"switched tags this".split(),
    ]
)
_SEEN: Final = 120
"""Words before an answer that may deny it."""
_UNFINISHED: Final = frozenset(
    ": that is not never if whether either unless than deny doubt perhaps maybe possibly probably likely".split()
)
_LEADS: Final = frozenset(
    "answer answers solution conclusion result results roles assignment identities so therefore thus hence have get "
    "conclude find final finally".split()
)


def _check_lead(before: str, known: Lexicon) -> None:
    """Refuse an answer that is denied just before it."""
    if before and not before.isspace() and _denied(words(before[-400:], known)):
        raise _Unpaid("retracted")


def _check_rest(after: str) -> None:
    """Refuse an answer after which more follows than a closing phrase."""
    after = after.strip()
    if not _HARMLESS.fullmatch(after) and (len(after) > 1000 or not _HARMLESS.fullmatch(_without_closing(after))):
        raise _Unpaid("retracted")


def _denied(before: list[str]) -> bool:
    """Whether what stands before an answer denies it, or the last line denies or doubts what follows.

    A sentence of its own does so only where it speaks of what follows; else it is reasoning ("Bob is not a knight.").
    A lead-in, which runs on into the answer, may neither deny nor doubt, but its last clause decides where that
    announces an answer ("Bob is not a knight, so the roles are:").
    """
    near = before[-_SEEN:]
    if not _AHEAD_WORDS.isdisjoint(near) and _AHEAD.search(" ".join(near)):
        return True
    line = _last_line(before)
    if line and line[-1] in (".", "!"):
        sentence = _since(line[:-1], (".", "!", "?"))
        if not _denials(sentence):
            return False
        return not _NEXT.isdisjoint(sentence) or not (_UNTRUE.isdisjoint(sentence) or _ANSWER.isdisjoint(sentence))
    clause = _since(line, _BREAKS)
    earlier = line[: len(line) - len(clause)]
    while earlier and earlier[-1] in _BREAKS:
        earlier.pop()
    # A clause that hangs on the one before ("It is not true that, therefore,", "If I am right,") announces nothing.
    hangs = not _UNFINISHED.isdisjoint(earlier[-1:]) or not _CONDITIONS.isdisjoint(_since(earlier, _BREAKS)[:1])
    return _denials(line if hangs or _LEADS.isdisjoint(clause) else clause)


def _last_line(before: list[str]) -> list[str]:
    end = len(before)
    while end and not any(letter.isalnum() or letter in ".!?" for letter in before[end - 1]):
        end -= 1
    line = before[:end]
    place = max((i for i, word in enumerate(line) if word == "\n"), default=-1)
    return " ".join(line[place + 1 :]).split()


def _since(line: list[str], marks: tuple[str, ...]) -> list[str]:
    place = max((i for i, word in enumerate(line) if word in marks), default=-1)
    return line[place:] if place >= 0 and line[place].isalpha() else line[place + 1 :]


def _denials(line: list[str]) -> bool:
    text = _NO_DENIAL.sub(" ", " ".join(line).casefold())
    return any(word in _DENIALS or word.endswith("n't") for word in text.split())
