r"""MMLU-Pro as a task: questions of 14 subjects with up to ten options each, of which one letter is right.

The answer is in the `<answer>` tags after the last `</think>`, or at the end of what follows the thinking. It is read
if it is the last `\boxed{...}`, a sentence that announces it ("The answer is C"), or all there is: a letter, an option's
text, or both where they agree. Nothing is paid for letters that differ, for words before the answer that deny or doubt
it, or for more than the option's text after it.

The paper reads otherwise: the first box anywhere, else the letter after `<answer>`, else the last capital on its own,
else an option drawn at random. `paper_answer` does the same, and `evaluate` reports both readings.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Literal

from knk.errors import BadFile, BadRow
from knk.tasks.form import Completion, Prompt, answer_of, prompt_of, text_of
from knk.tasks.scheme import Scheme
from knk.tasks.source import Row, Source, check_split, field, identity, of_split, training_items
from knk.verdict import Reason, Verdict

NAME: Final = "mmlu_pro"
COLUMNS: Final = ("options", "answer")
SCHEME: Final = Scheme(unreadable=-0.5)
SOURCE: Final = Source("TIGER-Lab/MMLU-Pro", "b189ec765aa7ed75c8acfea42df31fdae71f97be", "test")
TRAINED: Final = ("physics", "history")
"""The subjects that the paper trains on."""
LETTERS: Final = "ABCDEFGHIJ"
LONGEST_ANSWER: Final = 4000
"""Characters that an answer may have more than its options; of a longer text without tags the end is looked at."""
_INSTRUCTION: Final = r"Put the letter of the right option into \boxed{} inside the answer tags."


def rows(
    split: str,
    data: str | os.PathLike[str] | None = None,
    revision: str | None = None,
    *,
    subject: str | None = None,
    n: int = 100,
    trained: Sequence[str] = TRAINED,
) -> Iterator[Row]:
    """Return an iterator over the questions of a split.

    "test" is all there is, of the subject if one is named. "train" is n questions of a subject, and "held-out" its
    others; which, is a function of the questions' texts alone. "held-out" of no subject is everything but what is
    trained on in any of the subjects in `trained`, and so fit to measure a model that was trained on either.

    Args:
        split: "train", "held-out" or "test".
        data: a local file with the published rows; the Hub if not given.
        revision: another commit than the one that is read otherwise.
        subject: a subject, as the data set names it in "category".
        n: how many questions of a subject are trained on.
        trained: the subjects that "held-out" of no subject leaves training items out of.

    Raises:
        BadFile: there is no such split, subject or file, or there are not n questions, or "train" is of no subject.
        BadRow: a row is not one of this data set.

    >>> import json, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "two.jsonl"
    >>> item = {"question": "1 + 1?", "options": ["1", "2", "3"], "answer": "B", "category": "math", "question_id": 7}
    >>> _ = path.write_text(json.dumps(item))
    >>> next(rows("test", path))["answer"]
    'B'
    """
    check_split(split)
    if split == "train" and subject is None:
        raise BadFile(f"training items are of one subject: name it, for instance {TRAINED[0]!r}")
    found = map(_row, SOURCE.rows(data, revision))
    if subject is not None:
        return of_split(_of_subject(found, subject), split, n)
    return found if split == "test" else _never_trained(found, trained, n)


def _row(found: Row) -> Row:
    """Return a row of ours, made from a published one."""
    question = field(found, "question", str)
    return {
        "id": identity(question),
        "question": question,
        "options": list(_options(found)),
        "answer": _right(found),
        "subject": field(found, "category", str),
        "question_id": field(found, "question_id", int),
    }


def _options(row: Row) -> tuple[str, ...]:
    options = tuple(field(row, "options", (list, tuple)))
    if not 2 <= len(options) <= len(LETTERS) or not all(isinstance(option, str) for option in options):
        raise BadRow(f"a row has from 2 to {len(LETTERS)} options, each a string")
    return options


def _right(row: Row) -> str:
    letter: str = field(row, "answer", str)
    if letter not in tuple(LETTERS[: len(_options(row))]):
        raise BadRow(f"the right answer is one of the options' letters, not {letter[:20]!r}")
    return letter


def _of_subject(found: Iterable[Row], subject: str) -> Iterator[Row]:
    subjects: set[str] = set()
    for row in found:
        subjects.add(row["subject"])
        if row["subject"] == subject:
            yield row
    if subject not in subjects:
        raise BadFile(f"there are no questions of the subject {subject!r}; there are {', '.join(sorted(subjects))}")


def _never_trained(found: Iterable[Row], subjects: Collection[str], n: int) -> Iterator[Row]:
    everything = list(found)
    trained: set[str] = set()
    for subject in subjects:
        trained |= training_items((row["id"] for row in _of_subject(everything, subject)), n)
    yield from (row for row in everything if row["id"] not in trained)


def prompt(row: Row, style: str = "paper") -> Prompt:
    r"""Return the prompt that asks a question.

    Args:
        row: a row that `rows` gave.
        style: "paper" or "chat"; see `knk.tasks.form`.

    Raises:
        BadRow: the row has no question or no options.

    >>> prompt({"question": "1 + 1?", "options": ["1", "2"]}, "chat")[0]["content"][:38]
    '1 + 1?\nOptions:\nA. 1\nB. 2\n\nPut the let'
    """
    options = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, _options(row), strict=False))
    return prompt_of(f"{field(row, 'question', str)}\nOptions:\n{options}", _INSTRUCTION, style)


# The verdict.


def verify(completion: Completion, row: Row, unreadable: Literal["wrong", "guess"] = "wrong", seed: int = 0) -> Verdict:
    r"""Return the verdict on a completion; `detail` is the letter that was read.

    Args:
        completion: what a model wrote.
        row: a row with "options" and "answer"; for a guess with "id" too.
        unreadable: what an answer is in which nothing can be read: "wrong", or a "guess" in the model's stead, as the
            paper makes it in evaluation. Answers that differ, or that are taken back, are wrong either way.
        seed: the seed of the guess; see `guess`.

    Raises:
        BadRow: the row is not one of this task.
        TypeError: the completion is neither a string nor messages.
        ValueError: `unreadable` is neither of the two.

    >>> row = {"options": ["red", "green", "blue"], "answer": "B"}
    >>> print(verify(r"Hm.</think><answer>\boxed{B}</answer>", row))
    right: B
    >>> print(verify("Hm.</think><answer>Not B.</answer>", row))
    unreadable
    """
    if unreadable not in ("wrong", "guess"):
        raise ValueError(f"unreadable answers are 'wrong' or a 'guess', not {unreadable!r}")
    options, right = _options(row), _right(row)
    try:
        letter = _answer(text_of(completion), options)
    except _Unpaid as unpaid:
        if unreadable == "wrong" or unpaid.reason not in ("no answer", "unreadable"):
            return Verdict(False, unpaid.reason)
        letter = guess(row, seed)
    return Verdict(letter == right, "right" if letter == right else "wrong", detail=letter)


def verify_many(completions: Sequence[Completion], rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on many completions, each of the row in its place."""
    return [verify(completion, row) for completion, row in zip(completions, rows, strict=True)]


def partial(verdict: Verdict, row: Row) -> float:
    """Return 1 for the right letter, 0 for none, and for a wrong one so little that a guess has 0 in expectation.

    Args:
        verdict: the verdict on an answer.
        row: the row that it is about.

    >>> partial(Verdict(False, "wrong", detail="A"), {"options": ["red", "green", "blue"], "answer": "B"})
    -0.5
    """
    if not verdict.answered:
        return 0.0
    return 1.0 if verdict else -1 / (len(_options(row)) - 1)


# The paper's way, for evaluation.

_PAPERS: Final = (re.compile(r"\\boxed\{([A-J])\}"), re.compile(r"<answer>\s*([A-J])"))
_CAPITAL: Final = re.compile(r"\b[A-J]\b")


@dataclass(frozen=True)
class Evaluation:
    """Whether a completion is right, by both readings.

    Args:
        strict: by ours, where what cannot be read is wrong.
        paper: by the paper's, where it is an option drawn at random.
        guessed: whether the paper's option was drawn.
    """

    strict: bool
    paper: bool
    guessed: bool


def evaluate(completion: Completion, row: Row, seed: int = 0) -> Evaluation:
    r"""Return whether a completion is right, by our reading and by the paper's.

    Args:
        completion: what a model wrote.
        row: a row with "id", "options" and "answer".
        seed: the seed of the guess; see `guess`.

    Raises:
        BadRow: the row is not one of this task.

    >>> row = {"id": "x", "options": ["red", "green", "blue"], "answer": "B"}
    >>> evaluate(r"First \boxed{A}, no. </think><answer>\boxed{B}</answer>", row)
    Evaluation(strict=True, paper=False, guessed=False)
    """
    letter = _papers(text_of(completion))
    right = _right(row)
    return Evaluation(bool(verify(completion, row)), (letter or guess(row, seed)) == right, letter is None)


def paper_answer(completion: Completion, row: Row, seed: int = 0) -> str:
    r"""Return the letter that the paper reads: the first box anywhere, else `<answer>X`, else the last lone capital.

    Where there is none of these, it is a guess. The letter may be beyond the options.

    Args:
        completion: what a model wrote, with its thinking.
        row: a row with "id" and "options".
        seed: the seed of the guess; see `guess`.

    Raises:
        BadRow: the row has no identity or no options.

    >>> paper_answer("I think it is A, or B.", {"id": "x", "options": ["red", "green"]})
    'B'
    """
    return _papers(text_of(completion)) or guess(row, seed)


def _papers(text: str) -> str | None:
    for pattern in _PAPERS:
        found = pattern.search(text)
        if found:
            return found[1]
    last: str | None = None
    for capital in _CAPITAL.finditer(text):
        last = capital[0]
    return last


def guess(row: Row, seed: int = 0) -> str:
    """Return one of a row's letters, drawn by the row's identity and a seed, and so always the same.

    Args:
        row: a row with "id" and "options".
        seed: another seed draws anew; several samples of one question should have one each.

    Raises:
        BadRow: the row has no identity or no options.

    >>> guess({"id": "x", "options": ["red", "green"]}) in "AB"
    True
    """
    drawn = blake2b(f"{seed}\0{field(row, 'id', str)}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return LETTERS[int.from_bytes(drawn, "big") % len(_options(row))]


# Reading an answer.


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
    content = _clean(answer.text[-longest:])
    letter = _boxed(content, options) or _bare(content, options, whole=answer.tagged)
    if answer.tagged:
        after = text.rpartition("</think>")[2]
        _check_lead(_clean(after[: after.rfind("<answer>")][-_SEEN:]), letter, announced=False)
    return letter


_SEEN: Final = 400
"""Characters before the answer tags that may deny it."""
_HIDDEN: Final = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD, 0xFE0F), None)
_SAME: Final = {
    **_HIDDEN,
    **dict.fromkeys(map(ord, "‐‑‒–—―−"), "-"),
    **dict.fromkeys(map(ord, "’‘ʼ′´"), "'"),
    **dict.fromkeys(map(ord, "“”„«»"), '"'),
    **dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000\t\v\f"), " "),
    ord("\r"): "\n",
}
# Letters in another shape; superscripts are not among them, since 10² is not 102.
_SHAPED: Final = re.compile("[\uff01-\uff5e\U0001d400-\U0001d7ff]+")
_WRAPPING: Final = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:bf|rm|it|sf|tt)|boldsymbol|bf|rm|it|emph|underline)\s?(?=[\s{])|\\[()\[\],;! ]"
)
_DRESSING: Final = str.maketrans(dict.fromkeys('{}$`"', ""))


def _clean(text: str) -> str:
    """Return a text with one sign for each kind of dash, quote and space, and nothing in it that cannot be seen."""
    if text.isascii():
        return text.replace("\r", "\n").replace("\t", " ")
    text = unicodedata.normalize("NFC", text.translate(_SAME))
    return _SHAPED.sub(lambda shaped: unicodedata.normalize("NFKC", shaped[0]), text)


def _plain(text: str) -> str:
    """Return a clean text without what only dresses it."""
    if "\\" in text:
        text = _WRAPPING.sub("", text)
    return text.translate(_DRESSING).replace("**", "").strip(" \n*_#")


# Where an option stands by its text alone.

_FOLDABLE: Final = re.compile(
    r"[^\W\d_]{4,}|\b(?:[Tt]he|[Aa]nd?|[Ii]t|[Ii]n|[Oo]f|[Tt]o|[Nn]ot?|[Aa]ll|[Ii]ts|[Ff]or)\b"
)


def _normal(text: str) -> str:
    """Return what two texts share that say the same; in short words, units perhaps, the case counts."""
    words = " ".join(_plain(text).split()).rstrip(" .")
    return _FOLDABLE.sub(lambda word: word[0].casefold(), words)


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
    rf"|(?:i|we) (?:choose|select|pick)\s+)(?:(?:the\s+)?{_KIND}\b\s*:?\s*)?",
    re.IGNORECASE,
)
_LETTER: Final = re.compile(
    rf"(?:{_KIND}\s+)?(?:\(\s?(?P<round>[A-Ja-j])\s?\)|\[\s?(?P<square>[A-Ja-j])\s?\]|(?P<bare>[A-Ja-j]))(?P<rest>(?!\w|').*)",
    re.DOTALL | re.IGNORECASE,
)
_RIGHT: Final = re.compile(
    rf"\s+is\s+(?:(?:correct|right)|(?:the\s+|my\s+)?(?:(?:final|correct|right|best)\s+){{0,2}}{_KIND})\s*\.?\s*",
    re.IGNORECASE,
)
_SEPARATOR: Final = re.compile(r"\s*[.):,=-]*\s*")


def _atom(text: str, options: tuple[str, ...]) -> set[str]:
    """Return the letters that a text may say that is an answer all through; none if it is something else."""
    meant = _by_text(text, options)
    plain = _plain(text)
    announced = _ANNOUNCED.match(plain)
    if announced:
        plain = _plain(plain[announced.end() :])
        meant |= _by_text(plain, options)
    found = _LETTER.fullmatch(plain)
    if not found:
        return meant
    said = found["round"] or found["square"] or found["bare"]
    letter, rest = said.upper(), found["rest"]
    separator = _SEPARATOR.match(rest)
    told = rest[separator.end() :] if separator else rest
    if not told or _RIGHT.fullmatch(rest) or letter in _by_text(told, options):
        # Asked for a letter, a capital is one, even where an option's text is a letter too.
        return {letter} if said.isupper() else meant | {letter}
    return meant


def _one(letters: set[str], text: str) -> str:
    if len(letters) != 1:
        raise _Unpaid("several answers" if letters else _blank(text))
    return next(iter(letters))


_LONE: Final = re.compile(r"(?<![\w'\\])(?:[B-HJ]|[AI](?! [a-z]))(?![\w'])")


def _blank(text: str) -> Reason:
    """Return why a text that is no answer is none, by the letters in it."""
    letters = {found[0] for found in _LONE.finditer(text[-_SEEN:])}
    return "several answers" if len(letters) > 1 else "unreadable" if letters else "no answer"


_BOX: Final = re.compile(r"\\(?:boxed|fbox)\s{0,3}\{")
_BRACE: Final = re.compile(r"\\.|[{}]", re.DOTALL)


def _boxes(text: str) -> list[tuple[int, int, int]]:
    """Return where each box starts, and where its content starts and ends; boxes left open are none."""
    boxes: list[tuple[int, int, int]] = []
    for box in _BOX.finditer(text):
        if boxes and box.start() < boxes[-1][2]:
            continue
        depth = 1
        for brace in _BRACE.finditer(text, box.end()):
            depth += {"{": 1, "}": -1}.get(brace[0], 0)
            if not depth:
                boxes.append((box.start(), box.end(), brace.start()))
                break
        else:
            break
    return boxes


def _boxed(content: str, options: tuple[str, ...]) -> str | None:
    """Return what the boxes say, which is the same for all, or None if there are none."""
    boxes = _boxes(content)
    if not boxes:
        return None
    said = [_one(_atom(content[opened:closed], options), content[opened:closed]) for _, opened, closed in boxes]
    if len(set(said)) > 1:
        raise _Unpaid("several answers")
    start, _, closed = boxes[-1]
    if _atom(said[-1] + content[closed + 1 :], options) != {said[-1]}:
        raise _Unpaid("retracted")
    # Earlier boxes say the same; what is left of them is words.
    _check_lead(_without_boxes(content[:start], boxes[:-1]), said[-1], announced=False)
    return said[-1]


def _without_boxes(text: str, boxes: list[tuple[int, int, int]]) -> str:
    for start, _, closed in reversed(boxes):
        text = text[:start] + text[closed + 1 :]
    return text


_MOST_STARTS: Final = 64
"""So many places where an answer may start are tried, from the last back."""
_LINE: Final = re.compile(r"^(?=\S)", re.MULTILINE)


def _bare(content: str, options: tuple[str, ...], whole: bool) -> str:
    """Return what the longest end of a text says that is an answer.

    Args:
        content: the text.
        options: the question's options.
        whole: whether the text was marked as the answer, so that an option's text will do.
    """
    if whole and (letters := _atom(content, options)):
        return _one(letters, content)
    announced = {place.start() for place in _ANNOUNCED.finditer(content)}
    starts = {0, *announced, *(place.start() for place in _LINE.finditer(content))}
    for start in sorted(starts)[-_MOST_STARTS:]:
        end = content[start:]
        letters = _atom(end, options)
        if letters and (start in announced or _LETTER.fullmatch(_plain(end))):
            letter = _one(letters, end)
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
    rf"(?:\b(?:(?:the|my)\s+(?:following|next)(?:\s+(?:{_KIND}|line|box|text))?|(?:the|my)\s+{_KIND}\s+(?:below|that follows)"
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
_STATED: Final = re.compile(
    rf"(?:{_ANNOUNCED.pattern})[(\[*]*([A-J])[)\]*]*(?=\s*(?:[.,;:!?\n]|or\b|and\b|$))", re.IGNORECASE
)
_ALONE: Final = re.compile(r"^[ (\[*]*([A-J])[)\]*. ]*$", re.MULTILINE)


def _check_lead(lead: str, letter: str, *, announced: bool) -> None:
    """Refuse an answer before which another one is given, or that is denied or doubted before it is.

    Args:
        lead: what stands before it.
        letter: the answer.
        announced: whether it is a sentence of its own that says it is the answer.
    """
    if not lead or lead.isspace():
        return
    stated = {found[1].upper() for pattern in (_STATED, _ALONE) for found in pattern.finditer(_plain(lead))}
    if stated - {letter}:
        raise _Unpaid("several answers")
    if _denied(lead.rstrip(" \n*_$(["), announced):
        raise _Unpaid("retracted")
    if not announced and {found[0] for found in _LONE.finditer(_clause(_last_sentence(lead))[1])} - {letter}:
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
    earlier, clause = (sentence, "") if announced else _clause(sentence)
    earlier = earlier.rstrip(" ,;\n")
    if _CONDITION.match(earlier) or _HANGING.search(earlier) or not (announced or _LEADS.search(clause)):
        return bool(_DENIALS.search(sentence))
    return bool(_DENIALS.search(clause))


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
