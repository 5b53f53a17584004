r"""Which of the lettered options does a completion answer with? Strict in meaning, lenient in form.

The answer is in the `<answer>` tags after the last `</think>`, or at the end of what follows the thinking. It is read
if it is the last `\boxed{...}`, a sentence that announces it ("The answer is C"), or all there is: a letter, an
option's text, or both where they agree. There is none where letters differ, where words before the answer deny or doubt
it, or where more than the option's text comes after it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from knk.answers.locate import boxes_in
from knk.answers.verdict import Reason
from knk.tasks.format import answer_of

LETTERS: Final = "ABCDEFGHIJ"
LONGEST_ANSWER: Final = 4000
"""Characters that an answer may have more than its options; of a longer text without tags the end is looked at."""


@dataclass(frozen=True)
class Said:
    """What a completion answers with.

    Args:
        letter: the letter, one of `LETTERS`, perhaps beyond the options.
        problem: why there is none that counts, or None.
    """

    letter: str
    problem: Reason | None = None


def letter_of(text: str, options: tuple[str, ...]) -> Said:
    r"""Return the letter that a completion answers with.

    Args:
        text: the completion.
        options: the options' texts.

    >>> letter_of(r"Leaves are green.</think><answer>\boxed{B}</answer>", ("red", "green"))
    Said(letter='B', problem=None)
    >>> letter_of("The answer is A or B.", ("red", "green")).problem
    'several answers'
    """
    try:
        return Said(_answer(text, options))
    except _Unpaid as unpaid:
        return Said("", unpaid.reason)


class _Unpaid(Exception):
    """Why there is no answer to read."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason


def _answer(text: str, options: tuple[str, ...]) -> str:
    """Return the letter that a completion answers with.

    Raises:
        _Unpaid: there is none, or none that counts.
    """
    answer = answer_of(text)
    if answer.problem:
        raise _Unpaid(answer.problem)
    longest = LONGEST_ANSWER + sum(map(len, options))
    if answer.tagged and len(answer.text) > longest:
        raise _Unpaid("unreadable")
    content = _CLOSING.sub("", _STOP.sub("", _clean(answer.text[-longest:]).rstrip()))
    letter = _boxed(content, options, answer.tagged) or _bare(content, options, answer.tagged)
    if answer.tagged:
        after = text.rpartition("</think>")[2]
        _check_lead(_clean(after[: after.rfind("<answer>")][-_SEEN:]), letter, announced=False)
    return letter


_SEEN: Final = 400
"""Characters before the answer tags that may deny it."""
_STOP: Final = re.compile(r"\s?(?:<[|｜][\w▁]{1,40}[|｜]>|</s>|<eos>|<end_of_turn>)\s*\Z")
_CLOSING: Final = re.compile(r"\s?\bI hope (?:this|it) (?:is correct|helps)[.!]?\s*\Z", re.IGNORECASE)
_HIDDEN: Final = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD, 0xFE0F), None)
_SAME: Final = {
    **_HIDDEN,
    **dict.fromkeys(map(ord, "‐‑‒–—―−"), "-"),
    **dict.fromkeys(map(ord, "’‘ʼ′´"), "'"),
    **dict.fromkeys(map(ord, "“”„«»"), '"'),
    **dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000\t\v\f"), " "),
}
# Letters in another shape; superscripts are not among them, since 10² is not 102.
_SHAPED: Final = re.compile("[\uff01-\uff5e\U0001d400-\U0001d7ff]+")
_WRAPPING: Final = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:bf|rm|it|sf|tt)|boldsymbol|bf|rm|it|emph|underline)\s?(?=[\s{])"
    r"|\\[()\[\],;! ]"
)
_SPACES: Final = re.compile(r"[^\S\n]+")
_LINE_ENDS: Final = re.compile(r" ?\n[ \n]*")
_DRESSING: Final = str.maketrans(dict.fromkeys('{}$`"', ""))


def _clean(text: str) -> str:
    """Return a text with one sign for each kind of dash, quote and space, without blank lines or unseen signs."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_SAME))
        text = _SHAPED.sub(lambda shaped: unicodedata.normalize("NFKC", shaped[0]), text)
    # One space or line end for many: patterns that end in white space would take quadratic time in much of it.
    return _LINE_ENDS.sub("\n", _SPACES.sub(" ", text.replace("\r", "\n")))


def _plain(text: str) -> str:
    """Return a clean text without what only dresses it."""
    if "\\" in text:
        text = _WRAPPING.sub("", text)
    return text.translate(_DRESSING).replace("**", "").strip(" \n*_#")


# Where an option stands by its text alone.

_FIRST_WORD: Final = re.compile(r"[A-Z](?=[a-z]{4,}\b)")


def _normal(text: str) -> str:
    """Return what two texts share that say the same.

    Case counts, as in units and genes, but for the first letter of a long word that comes first.
    """
    words = " ".join(_plain(text).split()).rstrip(" .*_#")
    return words[:1].casefold() + words[1:] if _FIRST_WORD.match(words) else words


@lru_cache(maxsize=1 << 12)
def _normals(options: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_normal(_clean(option)) for option in options)


def _by_text(text: str, options: tuple[str, ...]) -> set[str]:
    """Return the letters of the options that a text is."""
    exact = " ".join(text.split())
    same = {LETTERS[place] for place, option in enumerate(options) if " ".join(option.split()) == exact}
    if same or not exact:
        return same
    normal = _normal(text)
    return {LETTERS[place] for place, option in enumerate(_normals(options)) if option and option == normal}


# Answers, all of whose words are accounted for.

_SO: Final = r"(?:(?:so|therefore|thus|hence|finally|consequently|overall|in (?:conclusion|summary|short))\b,?\s*)"
_KIND: Final = r"(?:answer|option|choice|solution|letter|response)"
_ANNOUNCED: Final = re.compile(
    rf"{_SO}{{0,2}}(?:(?:(?:the|my|our)\s+)?(?:(?:final|correct|right|best|only)\s+){{0,2}}{_KIND}"
    rf"(?:\s+to (?:the|this) question)?\s*(?:is|:|=|must be|has to be|should be)\s*:?\s*"
    r"(?:(?:definitely|certainly|clearly|indeed|therefore|thus)\s+)?"
    rf"|(?:i|we) (?:choose|select|pick)\s+)(?:(?:the\s+)?{_KIND}\b\s*:?\s*)?",
    re.IGNORECASE,
)
_CONCLUDED: Final = re.compile(_SO, re.IGNORECASE)
_LETTER: Final = re.compile(
    rf"(?:[-•>]\s+)?(?P<kind>{_KIND}\s+)?(?:\(\s?(?P<round>[A-Ja-j])\s?\)|\[\s?(?P<square>[A-Ja-j])\s?\]|(?P<bare>[A-Ja-j]))(?P<rest>(?!\w|').*)",
    re.DOTALL | re.IGNORECASE,
)
_RIGHT: Final = re.compile(
    rf"\s+is\s+(?:(?:correct|right)|(?:the\s+|my\s+)?(?:(?:final|correct|right|best)\s+){{0,2}}{_KIND})\s*\.?\s*",
    re.IGNORECASE,
)
_SEPARATOR: Final = re.compile(r"[\s.):,=-]")


def _atom(text: str, options: tuple[str, ...], boxed: bool = False) -> set[str]:
    """Return the letters that a text may say that is an answer all through; none if it is something else.

    A small letter is one only where a box, a mark or an announcement shows that it is meant: it may be a word cut off.
    """
    meant = _by_text(text, options)
    plain = _plain(text)
    announced = _ANNOUNCED.match(plain) or _CONCLUDED.match(plain)
    if announced:
        plain = _plain(plain[announced.end() :])
        meant |= _by_text(plain, options)
    found = _LETTER.fullmatch(plain[1:-1] if plain[:1] == plain[-1:] == "'" else plain)
    if not found:
        return meant
    said = found["round"] or found["square"] or found["bare"]
    rest = found["rest"]
    if not _SEPARATOR.sub("", rest):
        # Asked for a letter, a capital is one, even where an option's text is a letter too.
        if said.isupper() and not found["kind"]:
            return {said}
        shown = boxed or announced or rest or found["kind"] or not found["bare"]
        return meant | {said.upper()} if shown or meant else meant
    if _RIGHT.fullmatch(rest):
        return {said.upper()}
    told = next((told for tail in _tails(rest) if (told := _by_text(tail, options))), set())
    if not told and not any(_shouted(tail, options, said.upper()) for tail in _tails(rest)):
        return meant
    return meant | told | {said.upper()}


def _shouted(text: str, options: tuple[str, ...], letter: str) -> bool:
    """Whether a text is a letter's option but for the case, which may differ where the letter is given too."""
    place = LETTERS.index(letter)
    return place < len(options) and _normals(options)[place].casefold() == _normal(text).casefold() != ""


def _tails(rest: str) -> Iterator[str]:
    """Iterate over what may be the text after a letter: a mark may part them, or be the text's own ("C: -5")."""
    for _ in range(4):
        rest = rest.strip()
        yield rest
        if not _SEPARATOR.match(rest):
            return
        rest = rest[1:]


def _one(letters: set[str], text: str) -> str:
    if len(letters) != 1:
        raise _Unpaid("several answers" if letters else _blank(text))
    return next(iter(letters))


_LONE: Final = re.compile(r"(?<![\w'\\])(?:[B-HJ]|[AI](?! (?!or |and )[a-z]))(?![\w'])")


def _blank(text: str) -> Reason:
    """Return why a text that is no answer is none, by the letters in it."""
    letters = {found[0] for found in _LONE.finditer(text[-_SEEN:])}
    return "several answers" if len(letters) > 1 else "unreadable" if letters else "no answer"


# A sign or a command right before a box, such as an exclamation mark, \neg or \overline.
_NEGATED: Final = re.compile(
    r"[!~¬≠]$|\\(?!(?:displaystyle|quad|qquad|therefore|implies|to|(?:long|Long)?[rR]ightarrow|[lL]arge|huge)\b)[a-zA-Z]+$"
)


def _boxed(content: str, options: tuple[str, ...], tagged: bool) -> str | None:
    """Return what the boxes say, which is the same for all, or None if there are none."""
    boxes = boxes_in(content)
    if not boxes:
        return None
    said = [
        _one(_atom(content[opened:closed], options, boxed=True), content[opened:closed]) for _, opened, closed in boxes
    ]
    if len(set(said)) > 1:
        raise _Unpaid("several answers")
    start, _, closed = boxes[-1]
    if _NEGATED.search(_plain(content[:start])):
        raise _Unpaid("retracted")
    if _atom(said[-1] + content[closed + 1 :], options) != {said[-1]}:
        raise _Unpaid("retracted")
    # Earlier boxes say the same; what is left of them is words.
    lead = _without_boxes(content[:start], boxes[:-1])
    _check_lines(lead, said[-1], options, tagged)
    _check_lead(lead, said[-1], announced=False)
    return said[-1]


def _without_boxes(text: str, boxes: list[tuple[int, int, int]]) -> str:
    for start, _, closed in reversed(boxes):
        text = text[:start] + text[closed + 1 :]
    return text


_MOST_STARTS: Final = 64
"""So many places where an answer may start are tried, from the last back."""
_LINE: Final = re.compile(r"^(?=\S)", re.MULTILINE)


def _bare(content: str, options: tuple[str, ...], tagged: bool) -> str:
    """Return what the longest end of a text says that is an answer.

    Args:
        content: the text.
        options: the question's options.
        tagged: whether the text is marked as the answer, so that an option's text will do.
    """
    if tagged and (letters := _atom(content, options)):
        return _one(letters, content)
    announced = {place.start() for place in _ANNOUNCED.finditer(content)}
    starts = {0, *announced, *(place.start() for place in _LINE.finditer(content))}
    for start in sorted(starts)[-_MOST_STARTS:]:
        end = content[start:]
        letters = _atom(end, options)
        if letters and (start in announced or _ANNOUNCED.match(_plain(end)) or _LETTER.fullmatch(_plain(end))):
            letter = _one(letters, end)
            _check_lines(content[:start], letter, options, tagged)
            _check_lead(content[:start], letter, announced=start in announced)
            return letter
    raise _Unpaid(_blank(content))


# What stands before the answer.

_DENIALS: Final = re.compile(
    r"\b(?:not|no|never|none|neither|nor|cannot|false|wrong|incorrect|untrue|opposite|reverse|contrary|unlikely|"
    r"impossible|except|anything|far|if|unless|whether|might|may|maybe|perhaps|possibly|probably|likely|could|would|"
    r"unsure|uncertain|doubt|doubtful|guess|guessing|suppose|supposing|assume|assuming|pretend|imagine|ignore|"
    r"disregard|joke|joking|kidding|lie|lying|or|either|alternatively|excluded?|excluding|eliminated?|eliminating|"
    r"ruled?|discard|reject|rejected|disagree|instead|mistake|mistaken|than|but)\b|n't\b",
    re.IGNORECASE,
)
_AHEAD: Final = re.compile(
    rf"(?:\b(?:(?:the|my)\s+(?:following|next)(?:\s+(?:{_KIND}|line|box|text))?"
    rf"|(?:the|my)\s+{_KIND}\s+(?:below|that follows)"
    r"|what\s+follows|(?:everything|all|anything)\s+(?:below|that\s+follows|after\s+this|i\s+(?:say|write)[^.\n]{0,20}))\s+"
    r"(?:is|are|will\s+be|should\s+be)\s+[^.\n]{0,20}?"
    r"(?:\bnot\b|\bfalse\b|\bwrong\b|\bincorrect\b|\buntrue\b|\ba\s+lie\b|\blies\b|\bopposite\b|\bjoke\b|\bignored\b))"
    r"|\b(?:ignore|disregard|do\s+not\s+(?:trust|believe|use))\s+(?:everything\s+)?(?:what\s+follows|the\s+(?:following|next)|"
    rf"(?:the|my)\s+{_KIND}|(?:all|anything)\s+below)",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"[.!?](?=\s|$)|\n")
_SPOKEN: Final = re.compile(rf"\b(?:following|below|next|follows|{_KIND}|one|it|this|that)\b", re.IGNORECASE)
_OTHER: Final = re.compile(r"\bothers?\b", re.IGNORECASE)
_CLAUSE: Final = re.compile(r".*(?:[,;]|(?=\b(?:so|therefore|thus|hence)\b))", re.IGNORECASE | re.DOTALL)
_LEADS: Final = re.compile(rf"\b(?:{_KIND}|so|therefore|thus|hence|choose|select|pick|get|conclude)\b", re.IGNORECASE)
_CONDITION: Final = re.compile(r"\W*(?:if|unless|assuming|supposing|suppose|provided|whether|were)\b", re.IGNORECASE)
_HANGING: Final = re.compile(
    r"\b(?:that|is|not|never|if|whether|either|or|nor|unless|than|deny|doubt|perhaps|maybe|possibly|probably|likely)"
    r"\W*$|n't\W*$|:\s*$",
    re.IGNORECASE,
)
_UNSURE: Final = re.compile(
    r"(?:\bnot|n't|\bnever)\s+(?:\w+\s+)?(?:sure|certain|confident)\b|\bno idea\b", re.IGNORECASE
)
# Words that run on into "answer is" without a break: "the wrong".
_ATTACHED: Final = re.compile(r"(?:^|\s)(?!(?:but|and|so|then|therefore|thus|hence)\s*$)[\w'-]+\s*$", re.IGNORECASE)
_STATED: Final = re.compile(
    rf"(?:{_ANNOUNCED.pattern})(?-i:[(\[*]*([B-HJ](?!\w)|[AI](?!\w| [a-z])))"
    rf"|(?-i:(?<![\w'])([A-J])\)?) is (?:the )?(?:final |only )?(?:correct|right|best)(?: {_KIND})?[.,;!\n]",
    re.IGNORECASE,
)
_ALONE: Final = re.compile(r"^[ (\[*]*([A-J])[)\]*. ]*$", re.MULTILINE)


def _check_lines(lead: str, letter: str, options: tuple[str, ...], tagged: bool) -> None:
    """Refuse an answer in tags where a line before it is another answer; without tags it may quote the options."""
    lines = lead.split("\n")[:-1] if tagged else []
    if any(_atom(line, options) - {letter} for line in lines[-_MOST_STARTS:]):
        raise _Unpaid("several answers")


def _check_lead(lead: str, letter: str, *, announced: bool) -> None:
    """Refuse an answer before which another one is given, or that is denied or doubted before it is.

    Args:
        lead: what stands before it.
        letter: the answer.
        announced: whether it is a sentence of its own that says it is the answer.
    """
    if not lead or lead.isspace():
        return
    plain = f"{_plain(lead)}\n"
    stated = {found[1] or found[2] for found in _STATED.finditer(plain)} | set(_ALONE.findall(plain))
    if stated - {letter}:
        raise _Unpaid("several answers")
    if _denied(lead.rstrip(" \n*_$(["), announced):
        raise _Unpaid("retracted")
    if not announced and {found[0] for found in _LONE.finditer(_running_on(lead))} - {letter}:
        raise _Unpaid("several answers")


def _denied(lead: str, announced: bool) -> bool:
    """Whether the words before an answer deny or doubt it.

    A sentence of its own does so only where it speaks of what follows; else it is reasoning ("B is not possible.").
    Words that run on into the answer may neither deny nor doubt; but where their last clause announces an answer, what
    goes before is its reason ("Energy is not conserved, so the answer is").
    """
    if _AHEAD.search(lead):
        return True
    if lead.endswith((".", "!", "?")):
        before = _last_sentence(lead[:-1])
        if _LONE.search(before) or _OTHER.search(before):
            return False
        return bool(_DENIALS.search(before)) and bool(_SPOKEN.search(before)) and len(before.split()) <= _SHORT
    sentence = _last_sentence(lead)
    if _UNSURE.search(sentence):
        return True
    if announced and _ATTACHED.search(sentence):
        return bool(_DENIALS.search(sentence))
    earlier, clause = (sentence, "") if announced else _clause(sentence)
    earlier = earlier.rstrip(" ,;\n")
    if _CONDITION.match(earlier) or _HANGING.search(earlier) or not (announced or _LEADS.search(clause)):
        return bool(_DENIALS.search(sentence))
    return bool(_DENIALS.search(clause))


def _running_on(lead: str) -> str:
    """Return the words that run on into an answer: the last sentence, or its last clause if that announces it."""
    sentence = _last_sentence(lead)
    clause = _clause(sentence)[1]
    return clause if _LEADS.search(clause) else sentence


_SHORT: Final = 12
"""A longer sentence of its own is reasoning, and no comment on the answer after it."""


def _last_sentence(text: str) -> str:
    text = text.rstrip()
    end = 0
    for found in _SENTENCE.finditer(text):
        end = found.end()
    return text[end:]


def _clause(sentence: str) -> tuple[str, str]:
    """Return a sentence in two: its last clause, and what goes before it."""
    found = _CLAUSE.match(sentence)
    end = found.end() if found else 0
    return sentence[:end], sentence[end:]
