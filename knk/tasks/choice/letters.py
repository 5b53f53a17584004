r"""The lettered option that a completion answers with: strict about meaning, lenient about form.

The answer is in the `<answer>` tags after the last `</think>`, or at the end of the text after the thinking. It is the
last `\boxed{...}`, a sentence that announces it ("The answer is C"), or the whole text: a letter, an option's text, or
both if they agree. There is none if letters differ, if words before the answer deny or doubt it, or if more than the
option's text comes after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from knk.answers.locate import Rejected, boxes_in
from knk.answers.verdict import Reason
from knk.tasks.choice.leads import ANNOUNCEMENT, ANSWER_NOUN, LONE_LETTER, SENTENCE_OPENER, check_lead
from knk.tasks.choice.option_text import clean, is_text_of, letters_with_text, without_decoration
from knk.tasks.format import answer_of

MAX_ANSWER_LENGTH: Final = 4000
"""The most characters of an answer, besides its options; of a longer text without tags the end is read."""
_MAX_LEAD_LENGTH: Final = 400
"""Characters before the answer tags that may deny the answer."""
_MAX_STARTS: Final = 64
"""How many positions at which an answer may start are tried, from the last back."""

_STOP_TOKEN: Final = re.compile(r"\s?(?:<[|｜][\w▁]{1,40}[|｜]>|</s>|<eos>|<end_of_turn>)\s*\Z")
_CLOSING_PHRASE: Final = re.compile(r"\s?\bI hope (?:this|it) (?:is correct|helps)[.!]?\s*\Z", re.IGNORECASE)
_CONCLUSION: Final = re.compile(SENTENCE_OPENER, re.IGNORECASE)
_LETTER: Final = re.compile(
    rf"(?:[-•>]\s+)?(?P<noun>{ANSWER_NOUN}\s+)?(?:\(\s?(?P<round>[A-Ja-j])\s?\)|\[\s?(?P<square>[A-Ja-j])\s?\]|(?P<bare>[A-Ja-j]))(?P<rest>(?!\w|').*)",
    re.DOTALL | re.IGNORECASE,
)
_IS_RIGHT: Final = re.compile(
    rf"\s+is\s+(?:(?:correct|right)|(?:the\s+|my\s+)?(?:(?:final|correct|right|best)\s+){{0,2}}{ANSWER_NOUN})\s*\.?\s*",
    re.IGNORECASE,
)
_SEPARATOR: Final = re.compile(r"[\s.):,=-]")
# A sign or a command right before a box, such as an exclamation mark, \neg or \overline.
_NEGATION: Final = re.compile(
    r"[!~¬≠]$|\\(?!(?:displaystyle|quad|qquad|therefore|implies|to|(?:long|Long)?[rR]ightarrow|[lL]arge|huge)\b)[a-zA-Z]+$"
)
_LINE_START: Final = re.compile(r"^(?=\S)", re.MULTILINE)


@dataclass(frozen=True)
class LetterAnswer:
    """The letter that a completion answers with.

    Args:
        letter: the letter, perhaps beyond the options; "" if there is a problem.
        problem: why there is no answer that counts, or None.
    """

    letter: str
    problem: Reason | None = None


def letter_of(text: str, options: tuple[str, ...]) -> LetterAnswer:
    r"""Return the letter that a completion answers with.

    Args:
        text: the completion.
        options: the options' texts.

    >>> letter_of(r"Leaves are green.</think><answer>\boxed{B}</answer>", ("red", "green"))
    LetterAnswer(letter='B', problem=None)
    >>> letter_of("The answer is A or B.", ("red", "green")).problem
    'several answers'
    """
    try:
        return LetterAnswer(_read_letter(text, options))
    except Rejected as rejected:
        return LetterAnswer("", rejected.reason)


def _read_letter(text: str, options: tuple[str, ...]) -> str:
    """Return the letter that a completion answers with.

    Raises:
        Rejected: there is none, or none that counts.
    """
    answer = answer_of(text)
    if answer.problem:
        raise Rejected(answer.problem)
    longest = MAX_ANSWER_LENGTH + sum(map(len, options))
    if answer.tagged and len(answer.text) > longest:
        raise Rejected("unreadable")
    content = _CLOSING_PHRASE.sub("", _STOP_TOKEN.sub("", clean(answer.text[-longest:]).rstrip()))
    letter = _read_boxes(content, options, answer.tagged) or _read_end(content, options, answer.tagged)
    if answer.tagged:
        after = text.rpartition("</think>")[2]
        check_lead(clean(after[: after.rfind("<answer>")][-_MAX_LEAD_LENGTH:]), letter, announced=False)
    return letter


# The whole of a text, read as an answer.


def _letters_in(text: str, options: tuple[str, ...], boxed: bool = False) -> set[str]:
    """Return the letters that a text may mean if all of it is an answer; none if it is something else.

    A small letter counts only if a box, a mark or an announcement marks it as one: it may be a word cut short.
    """
    letters = letters_with_text(text, options)
    plain = without_decoration(text)
    announced = ANNOUNCEMENT.match(plain) or _CONCLUSION.match(plain)
    if announced:
        plain = without_decoration(plain[announced.end() :])
        letters |= letters_with_text(plain, options)
    match = _LETTER.fullmatch(plain[1:-1] if plain[:1] == plain[-1:] == "'" else plain)
    if not match:
        return letters
    letter = match["round"] or match["square"] or match["bare"]
    rest = match["rest"]
    if not _SEPARATOR.sub("", rest):
        # The question asks for a letter, so a capital is one, even if an option's text is a letter too.
        if letter.isupper() and not match["noun"]:
            return {letter}
        marked = boxed or announced or rest or match["noun"] or not match["bare"]
        return letters | {letter.upper()} if marked or letters else letters
    if _IS_RIGHT.fullmatch(rest):
        return {letter.upper()}
    by_text = next((by_text for tail in _remainders(rest) if (by_text := letters_with_text(tail, options))), set())
    if not by_text and not any(is_text_of(tail, letter.upper(), options) for tail in _remainders(rest)):
        return letters
    return letters | by_text | {letter.upper()}


def _remainders(rest: str) -> Iterator[str]:
    """Iterate over the possible texts after a letter: a mark may separate them, or belong to the text ("C: -5")."""
    for _ in range(4):
        rest = rest.strip()
        yield rest
        if not _SEPARATOR.match(rest):
            return
        rest = rest[1:]


def _only_letter(letters: set[str], text: str) -> str:
    if len(letters) != 1:
        raise Rejected("several answers" if letters else _reason_of_no_answer(text))
    return next(iter(letters))


def _reason_of_no_answer(text: str) -> Reason:
    """Return why a text is no answer, from the letters in it."""
    letters = {match[0] for match in LONE_LETTER.finditer(text[-_MAX_LEAD_LENGTH:])}
    return "several answers" if len(letters) > 1 else "unreadable" if letters else "no answer"


# The answer in boxes, or at the end of a text.


def _read_boxes(content: str, options: tuple[str, ...], tagged: bool) -> str | None:
    """Return the letter in the boxes, which must all have the same, or None if there are no boxes."""
    boxes = boxes_in(content)
    if not boxes:
        return None
    contents = [content[opening:closing] for _, opening, closing in boxes]
    letters = [_only_letter(_letters_in(text, options, boxed=True), text) for text in contents]
    letter = letters[-1]
    if len(set(letters)) > 1:
        raise Rejected("several answers")
    start, _, closing = boxes[-1]
    if _NEGATION.search(without_decoration(content[:start])):
        raise Rejected("retracted")
    if _letters_in(letter + content[closing + 1 :], options) != {letter}:
        raise Rejected("retracted")
    # The earlier boxes have the same letter, so only the words between them can deny it.
    lead = _without_boxes(content[:start], boxes[:-1])
    _check_lines(lead, letter, options, tagged)
    check_lead(lead, letter, announced=False)
    return letter


def _without_boxes(text: str, boxes: list[tuple[int, int, int]]) -> str:
    for start, _, closing in reversed(boxes):
        text = text[:start] + text[closing + 1 :]
    return text


def _read_end(content: str, options: tuple[str, ...], tagged: bool) -> str:
    """Return the letter of the longest end of a text that is an answer.

    Args:
        content: the text.
        options: the question's options.
        tagged: whether the text is marked as the answer, so that an option's text alone is enough.

    Raises:
        Rejected: there is none, or none that counts.
    """
    if tagged and (letters := _letters_in(content, options)):
        return _only_letter(letters, content)
    announced = {match.start() for match in ANNOUNCEMENT.finditer(content)}
    starts = {0, *announced, *(match.start() for match in _LINE_START.finditer(content))}
    for start in sorted(starts)[-_MAX_STARTS:]:
        end = content[start:]
        letters = _letters_in(end, options)
        if letters and (start in announced or _starts_as_answer(end)):
            letter = _only_letter(letters, end)
            _check_lines(content[:start], letter, options, tagged)
            check_lead(content[:start], letter, announced=start in announced)
            return letter
    raise Rejected(_reason_of_no_answer(content))


def _starts_as_answer(text: str) -> bool:
    """Whether a text starts with an announcement or a letter, and not with an option's text."""
    plain = without_decoration(text)
    return bool(ANNOUNCEMENT.match(plain) or _LETTER.fullmatch(plain))


def _check_lines(lead: str, letter: str, options: tuple[str, ...], tagged: bool) -> None:
    """Raise an error if a line before an answer in tags is another answer; without tags, lines may quote the options.

    Raises:
        Rejected: there is such a line.
    """
    lines = lead.split("\n")[:-1] if tagged else []
    if any(_letters_in(line, options) - {letter} for line in lines[-_MAX_STARTS:]):
        raise Rejected("several answers")
