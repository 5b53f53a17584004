"""The lead of an answer: the words before it, which may deny, doubt or contradict it."""

from __future__ import annotations

import re
from typing import Final

from knk.answers.locate import Rejected
from knk.tasks.choice.option_text import without_decoration

SENTENCE_OPENER: Final = (
    r"(?:(?:so|therefore|thus|hence|finally|consequently|overall|in (?:conclusion|summary|short))\b,?\s*)"
)
ANSWER_NOUN: Final = r"(?:answer|option|choice|solution|letter|response)"
ANNOUNCEMENT: Final = re.compile(
    rf"{SENTENCE_OPENER}{{0,2}}(?:(?:(?:the|my|our)\s+)?(?:(?:final|correct|right|best|only)\s+){{0,2}}{ANSWER_NOUN}"
    rf"(?:\s+to (?:the|this) question)?\s*(?:is|:|=|must be|has to be|should be)\s*:?\s*"
    r"(?:(?:definitely|certainly|clearly|indeed|therefore|thus)\s+)?"
    rf"|(?:i|we) (?:choose|select|pick)\s+)(?:(?:the\s+)?{ANSWER_NOUN}\b\s*:?\s*)?",
    re.IGNORECASE,
)
LONE_LETTER: Final = re.compile(r"(?<![\w'\\])(?:[B-HJ]|[AI](?! (?!or |and )[a-z]))(?![\w'])")
"""A capital that may be an option's letter, and not the word "A" or "I"."""

_DENIALS: Final = re.compile(
    r"\b(?:not|no|never|none|neither|nor|cannot|false|wrong|incorrect|untrue|opposite|reverse|contrary|unlikely|"
    r"impossible|except|anything|far|if|unless|whether|might|may|maybe|perhaps|possibly|probably|likely|could|would|"
    r"unsure|uncertain|doubt|doubtful|guess|guessing|suppose|supposing|assume|assuming|pretend|imagine|ignore|"
    r"disregard|joke|joking|kidding|lie|lying|or|either|alternatively|excluded?|excluding|eliminated?|eliminating|"
    r"ruled?|discard|reject|rejected|disagree|instead|mistake|mistaken|than|but)\b|n't\b",
    re.IGNORECASE,
)
_MAX_REMARK_WORDS: Final = 12
"""The most words of a sentence that is a remark on the answer after it, and not reasoning."""
_DENIAL_AHEAD: Final = re.compile(
    rf"(?:\b(?:(?:the|my)\s+(?:following|next)(?:\s+(?:{ANSWER_NOUN}|line|box|text))?"
    rf"|(?:the|my)\s+{ANSWER_NOUN}\s+(?:below|that follows)"
    r"|what\s+follows|(?:everything|all|anything)\s+(?:below|that\s+follows|after\s+this|i\s+(?:say|write)[^.\n]{0,20}))\s+"
    r"(?:is|are|will\s+be|should\s+be)\s+[^.\n]{0,20}?"
    r"(?:\bnot\b|\bfalse\b|\bwrong\b|\bincorrect\b|\buntrue\b|\ba\s+lie\b|\blies\b|\bopposite\b|\bjoke\b|\bignored\b))"
    r"|\b(?:ignore|disregard|do\s+not\s+(?:trust|believe|use))\s+(?:everything\s+)?(?:what\s+follows|the\s+(?:following|next)|"
    rf"(?:the|my)\s+{ANSWER_NOUN}|(?:all|anything)\s+below)",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(r"[.!?](?=\s|$)|\n")
_POINTER: Final = re.compile(rf"\b(?:following|below|next|follows|{ANSWER_NOUN}|one|it|this|that)\b", re.IGNORECASE)
_OTHER_OPTIONS: Final = re.compile(r"\bothers?\b", re.IGNORECASE)
_UP_TO_LAST_CLAUSE: Final = re.compile(r".*(?:[,;]|(?=\b(?:so|therefore|thus|hence)\b))", re.IGNORECASE | re.DOTALL)
_CONCLUSION: Final = re.compile(
    rf"\b(?:{ANSWER_NOUN}|so|therefore|thus|hence|choose|select|pick|get|conclude)\b", re.IGNORECASE
)
_CONDITION: Final = re.compile(r"\W*(?:if|unless|assuming|supposing|suppose|provided|whether|were)\b", re.IGNORECASE)
_UNFINISHED: Final = re.compile(
    r"\b(?:that|is|not|never|if|whether|either|or|nor|unless|than|deny|doubt|perhaps|maybe|possibly|probably|likely)"
    r"\W*$|n't\W*$|:\s*$",
    re.IGNORECASE,
)
_DOUBT: Final = re.compile(
    r"(?:\bnot|n't|\bnever)\s+(?:\w+\s+)?(?:sure|certain|confident)\b|\bno idea\b", re.IGNORECASE
)
# Words that lead into "answer is" without a break: "the wrong".
_ADJOINING_WORD: Final = re.compile(
    r"(?:^|\s)(?!(?:but|and|so|then|therefore|thus|hence)\s*$)[\w'-]+\s*$", re.IGNORECASE
)
_STATED_LETTER: Final = re.compile(
    rf"(?:{ANNOUNCEMENT.pattern})(?-i:[(\[*]*([B-HJ](?!\w)|[AI](?!\w| [a-z])))"
    rf"|(?-i:(?<![\w'])([A-J])\)?) is (?:the )?(?:final |only )?(?:correct|right|best)(?: {ANSWER_NOUN})?[.,;!\n]",
    re.IGNORECASE,
)
_LETTER_ON_A_LINE: Final = re.compile(r"^[ (\[*]*([A-J])[)\]*. ]*$", re.MULTILINE)


def check_lead(lead: str, letter: str, *, announced: bool) -> None:
    """Raise an error if the words before an answer state another answer, or deny or doubt this one.

    Args:
        lead: the words before the answer.
        letter: the answer.
        announced: whether the answer is a sentence of its own that announces it.

    Raises:
        Rejected: they do.
    """
    if not lead or lead.isspace():
        return
    plain = f"{without_decoration(lead)}\n"
    stated = {match[1] or match[2] for match in _STATED_LETTER.finditer(plain)}
    if (stated | set(_LETTER_ON_A_LINE.findall(plain))) - {letter}:
        raise Rejected("several answers")
    if _is_denied(lead.rstrip(" \n*_$(["), announced):
        raise Rejected("retracted")
    if not announced and {match[0] for match in LONE_LETTER.finditer(_adjoining_words(lead))} - {letter}:
        raise Rejected("several answers")


def _is_denied(lead: str, announced: bool) -> bool:
    """Whether the words before an answer deny or doubt it.

    A separate sentence does so only if it refers to what follows; else it is reasoning ("B is not possible."). Words in
    the same sentence as the answer may neither deny nor doubt it; but if their last clause announces an answer, the
    clauses before it are its reason ("Energy is not conserved, so the answer is").
    """
    if _DENIAL_AHEAD.search(lead):
        return True
    if lead.endswith((".", "!", "?")):
        before = _last_sentence(lead[:-1])
        if LONE_LETTER.search(before) or _OTHER_OPTIONS.search(before):
            return False
        is_remark = bool(_POINTER.search(before)) and len(before.split()) <= _MAX_REMARK_WORDS
        return is_remark and bool(_DENIALS.search(before))
    sentence = _last_sentence(lead)
    if _DOUBT.search(sentence):
        return True
    if announced and _ADJOINING_WORD.search(sentence):
        return bool(_DENIALS.search(sentence))
    earlier, clause = (sentence, "") if announced else _split_last_clause(sentence)
    earlier = earlier.rstrip(" ,;\n")
    if _CONDITION.match(earlier) or _UNFINISHED.search(earlier) or not (announced or _CONCLUSION.search(clause)):
        return bool(_DENIALS.search(sentence))
    return bool(_DENIALS.search(clause))


def _adjoining_words(lead: str) -> str:
    """Return the words that lead into an answer: the last sentence, or its last clause if that announces the answer."""
    sentence = _last_sentence(lead)
    clause = _split_last_clause(sentence)[1]
    return clause if _CONCLUSION.search(clause) else sentence


def _last_sentence(text: str) -> str:
    text = text.rstrip()
    end = 0
    for match in _SENTENCE_END.finditer(text):
        end = match.end()
    return text[end:]


def _split_last_clause(sentence: str) -> tuple[str, str]:
    """Return the clauses of a sentence before the last, and the last."""
    match = _UP_TO_LAST_CLAUSE.match(sentence)
    end = match.end() if match else 0
    return sentence[:end], sentence[end:]
