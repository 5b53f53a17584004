r"""Where a completion's answer is: in tags, in a box, or at the end; and whether the text around it takes it back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from knk.answers.denials import is_denied
from knk.answers.grammar import Reading, read, read_end
from knk.answers.lexicon import Lexicon, tokenize
from knk.answers.verdict import Reason

MAX_ANSWER: Final = 4000
"""The most characters of an answer, apart from those per person."""
MAX_ANSWER_PER_PERSON: Final = 200
"""The additional characters of an answer for each person of the puzzle."""
_MAX_TAGS: Final = 32
"""More answer tags than these are several answers, without being read."""
_TAG: Final = re.compile(r"<\s{0,3}(?P<close>/?)\s{0,3}(?:(?P<think>think|thinking)|answer)\s{0,3}>", re.IGNORECASE)
_BOX: Final = re.compile(r"\\(?:boxed|fbox)\s{0,3}\{")
_BRACE: Final = re.compile(r"\\.|[{}]", re.DOTALL)
_STOP_TOKEN: Final = re.compile(r"(?:<[|｜][\w▁]{1,40}[|｜]>|</s>|<eos>|<end_of_turn>|\[/INST\])\s*\Z")
_CLOSING_PHRASE: Final = re.compile(
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
_PUNCTUATION: Final = re.compile(r"[\s.!*`_\"')\]}$\\|-]*")


class Rejected(Exception):
    """A completion without an answer that can be judged.

    Args:
        reason: why.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def read_answer(completion: str, lexicon: Lexicon) -> Reading:
    """Return the claims of a completion's answer.

    Args:
        completion: what the model wrote.
        lexicon: the words of the puzzle.

    Raises:
        Rejected: there is no answer, or none that counts.
    """
    start, tags, drafts = _find_tags(completion)
    if tags:
        reading = _read_tagged(completion, start, tags, lexicon)
    else:
        body, is_complete = _end_of(completion, start, lexicon)
        reading = _read_boxed(body, lexicon) or _read_bare(body, is_complete, lexicon)
    if drafts:
        _check_drafts(completion, drafts, reading, lexicon)
    return reading


def cut_after_answer(completion: str) -> str:
    """Return a completion up to the end of its first closed answer, or whole if no answer is closed.

    Benchmarks judge this part: what a model writes after its answer, as base models do, does not take the answer back.
    Rewards judge the whole completion, so that a policy gains nothing by several answers.

    The answer is the first in tags that is not blank, after the first `</think>` if there is one, and outside of any
    thinking that starts later.

    Args:
        completion: what a model wrote.

    >>> cut_after_answer("Hm.</think><answer>Ann is a knave</answer> Wait, no: <answer>")
    'Hm.</think><answer>Ann is a knave</answer>'
    """
    tags = list(_TAG.finditer(completion))
    thought_end = next((index for index, tag in enumerate(tags) if tag["think"] and tag["close"]), -1)
    thinking, opened = False, None
    for tag in tags[thought_end + 1 :]:
        if tag["think"]:
            thinking, opened = not tag["close"], None
        elif not thinking and not tag["close"]:
            opened = tag.end()
        elif opened is not None and completion[opened : tag.start()].strip():
            return completion[: tag.end()]
    return completion


def _max_length(lexicon: Lexicon) -> int:
    return MAX_ANSWER + MAX_ANSWER_PER_PERSON * lexicon.size


def _find_tags(completion: str) -> tuple[int, list[re.Match[str]], list[re.Match[str]]]:
    """Return the index at which thinking ends, the answer tags after it, and those before it outside any `<think>`."""
    start, thinking = 0, False
    tags: list[re.Match[str]] = []
    drafts: list[re.Match[str]] = []
    for tag in _TAG.finditer(completion):
        if not tag["think"]:
            if not thinking and len(tags) <= _MAX_TAGS:
                tags.append(tag)
        elif tag["close"]:
            drafts += tags
            start, thinking, tags = tag.end(), False, []
        else:
            thinking = True
    if thinking:
        raise Rejected("no answer")
    return start, tags, drafts


def _check_drafts(completion: str, tags: list[re.Match[str]], answer: Reading, lexicon: Lexicon) -> None:
    """Reject an answer that contradicts one in tags before a `</think>` that nothing opened.

    If the prompt opened it, the earlier answers are drafts. But answers that differ are several answers in any case.
    """
    if len(tags) > _MAX_TAGS:
        raise Rejected("several answers")
    for tag, following in pairwise(tags):
        if not tag["close"] and following["close"] and following.start() - tag.end() <= _max_length(lexicon):
            draft = read(tokenize(completion[tag.end() : following.start()], lexicon), lexicon)
            if draft and not set(draft.claims) <= set(answer.claims):
                raise Rejected("several answers")


def _read_tagged(completion: str, start: int, tags: list[re.Match[str]], lexicon: Lexicon) -> Reading:
    """Return the claims of the answers between tags, which all have to be the same."""
    if len(tags) > _MAX_TAGS or any(bool(tag["close"]) != bool(i % 2) for i, tag in enumerate(tags)):
        raise Rejected("several answers")
    ends = [(tag.start(), tag.end()) for tag in tags]
    if len(tags) % 2:
        ends.append((len(completion), len(completion)))
    readings = []
    for (before, opened), (closed, after) in zip(ends[::2], ends[1::2], strict=True):
        content = completion[opened:closed]
        if not content.isspace() and content:
            readings.append(_read_content(content, lexicon))
            _check_before(completion[start:before], lexicon)
        start = after
    _check_after(completion[start:])
    return _only_reading(readings)


def _only_reading(readings: Sequence[Reading | None]) -> Reading:
    """Return the last of some readings, which all have to make the same claims."""
    last = readings[-1] if readings else None
    if last is None:
        raise Rejected("no answer")
    if any(reading is None or set(reading.claims) != set(last.claims) for reading in readings):
        raise Rejected("several answers")
    return last


@lru_cache(maxsize=4096)
def _read_content(content: str, lexicon: Lexicon) -> Reading:
    """Return the claims of a tag's content; cached, as many completions of a group say the same."""
    if len(content) > _max_length(lexicon):
        raise Rejected("unreadable")
    tokens = tokenize(content, lexicon)
    reading = read(tokens, lexicon) or read(tokenize(_without_closing(content), lexicon), lexicon)
    if reading is None or not (reading.claims or reading.strangers):
        raise Rejected(_reason_unread(tokens, lexicon))
    return reading


def _reason_unread(tokens: list[str], lexicon: Lexicon) -> Reason:
    """Return why tokens could not be read, which depends on whether they mention people or roles at all."""
    mentions = any(lexicon.codes.get(word) in ("N", "r", "V") for word in tokens)
    return "unreadable" if mentions else "no answer"


def _end_of(completion: str, start: int, lexicon: Lexicon) -> tuple[str, bool]:
    """Return the end of a completion without closing phrases, no longer than an answer, and whether it is all of it."""
    longest = _max_length(lexicon)
    cut = max(start, len(completion) - longest)
    return _without_closing(completion[cut:]), cut == start


def _without_stop(text: str) -> str:
    text = text.rstrip()
    while match := _STOP_TOKEN.search(text, max(0, len(text) - 60)):
        text = text[: match.start()].rstrip()
    return text


def _without_closing(text: str) -> str:
    text = _without_stop(text)
    for _ in range(3):
        # The phrases are short, so the last line or so is enough.
        match = _CLOSING_PHRASE.search(text, max(0, len(text) - 200))
        if not match:
            break
        text = text[: match.start()].rstrip()
    return text


def _read_boxed(body: str, lexicon: Lexicon) -> Reading | None:
    """Return the claims of the boxes, which all have to be the same, or None if the last one is not an answer."""
    boxes = boxes_in(body)
    if not boxes:
        return None
    start, opened, closed = boxes[-1]
    last = read(tokenize(body[opened:closed], lexicon), lexicon)
    if last is None or len(dict(last.claims)) < lexicon.size:
        return None
    _check_after(body[closed + 1 :])
    _check_before(body[:start], lexicon)
    return _only_reading([read(tokenize(body[opened:closed], lexicon), lexicon) for _, opened, closed in boxes])


def boxes_in(body: str) -> list[tuple[int, int, int]]:
    """Return the start of each box, and the start and end of its content; a box that is not closed does not count."""
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


def _read_bare(body: str, is_complete: bool, lexicon: Lexicon) -> Reading:
    """Return the claims of the longest readable end of a text."""
    tokens = tokenize(body, lexicon)
    reading, start = read_end(tokens, lexicon, is_complete)
    if reading is None:
        raise Rejected(_reason_unread(tokens, lexicon))
    if is_denied(tokens[:start]):
        # If claims are missing, too, the line before was more likely meant as one of them.
        raise Rejected("retracted" if len(dict(reading.claims)) == lexicon.size else "unreadable")
    return reading


def _check_before(before: str, lexicon: Lexicon) -> None:
    """Reject an answer that the words just before it deny or doubt."""
    if before and not before.isspace() and is_denied(tokenize(before[-400:], lexicon)):
        raise Rejected("retracted")


def _check_after(after: str) -> None:
    """Reject an answer that is followed by more than a closing phrase."""
    after = after.strip()
    if not _PUNCTUATION.fullmatch(after) and (len(after) > 1000 or not _PUNCTUATION.fullmatch(_without_closing(after))):
        raise Rejected("retracted")
