r"""From a teacher's answers to rows for TRL's SFT trainer: filtered by a stated policy, and nothing lost unsaid.

A folder of answers (`knk.teacher`) becomes a folder of rows: `train/part-00000.parquet` and so on, `dropped.jsonl` with
every answer that was left out and why, and `manifest.json` with the policy, the counts, statistics and hashes. Rows are
in the order of the puzzles' keys, so that the same answers give the same bytes in whatever order they arrived.

| column | what it holds |
|---|---|
| `prompt` | what the teacher was asked; string or messages, as the style is |
| `completion` | the teacher's answer, with the closing tag that a stop string took from it |
| `id` | the puzzle's key |
| `sample` | which of the puzzle's answers it is, from 0 |
| `puzzle` | the puzzle in the one-line notation |
| `people` | how many people the puzzle has |
| `correct` | whether the answer is right; the verifier's verdict |
| `tokens` | how many tokens the completion has, by the named tokenizer, else as the server counted, else missing |
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from statistics import quantiles
from typing import IO, Any, Final, Literal

from knk.datasets.files import split_readme
from knk.datasets.manifest import MANIFEST, README, File, Manifest
from knk.errors import BadFolder, BadRow, GaveUp
from knk.files import json_object, read_json, sha256_of, whole_file
from knk.logic.notation import decode
from knk.proofs.difficulty import difficulty
from knk.tables import format_table
from knk.tasks import kk
from knk.tasks.format import PROMPT_STYLES, has_format, question_of
from knk.tasks.source import Row
from knk.tasks.source import field as column
from knk.version import __version__

Keep = Literal["all", "formatted", "correct"]
KEEPS: Final = ("all", "formatted", "correct")
"""Which answers are kept: all, as in the paper; those that have the form; of these those that are right."""
ANSWERS: Final = "answers.jsonl"
TEACHER: Final = "inference.json"
DROPPED: Final = "dropped.jsonl"
_PART_ROWS: Final = 2_000
_CLOSING: Final = "</answer>"

MOVES: Final[dict[str, re.Pattern[str]]] = {
    "checks": re.compile(
        r"\b(?:let(?:'s| me| us) (?:double[- ]?check|check|verify|make sure|confirm|go through|see)|double[- ]?check"
        r"|to (?:verify|confirm|be sure)|checking|verifying|is that (?:so|right|consistent)"
        r"|does (?:this|that|it) (?:fit|hold|work))\b",
        re.IGNORECASE,
    ),
    "retractions": re.compile(
        r"\b(?:contradict\w*|(?:doesn't|does not|can't|cannot|can not) (?:work|be right|be true|hold|fit)"
        r"|(?:that|this|(?:the|my) (?:assumption|supposition)) (?:was|is|must be) (?:wrong|false|a mistake|impossible)"
        r"|inconsisten\w*|i (?:was wrong|made a mistake))\b",
        re.IGNORECASE,
    ),
    "restarts": re.compile(
        r"\b(?:wait|hold on|hmm+|start(?:ing)? (?:over|again)|try (?:again|another|the other|something)|go(?:ing)? back"
        r"|alternatively|on second thought|another (?:way|approach)"
        r"|let(?:'s| me) (?:try|suppose|assume|reconsider|rethink))\b",
        re.IGNORECASE,
    ),
}
"""Reflective moves, counted by the phrases that announce them, one after the other without overlap."""


@dataclass(frozen=True)
class Policy:
    """Which answers become rows.

    Args:
        keep: one of `KEEPS`.
        truncated: whether answers are kept that were cut off at the limit of tokens; they teach never to end.
        per_puzzle: the most answers of a puzzle, the first of those that are kept; any number if not given.
        max_tokens: the most tokens of prompt and completion together, counted by the tokenizer.
        tokenizer: the name or folder of a tokenizer for `transformers`.
        style: the style that prompts and completions are put into, "paper" or "chat".

    Raises:
        BadRow: a value is out of range, or there is a limit of tokens and no tokenizer.

    >>> Policy(keep="correct", per_puzzle=1).keep
    'correct'
    """

    keep: str = "all"
    truncated: bool = False
    per_puzzle: int | None = None
    max_tokens: int | None = None
    tokenizer: str | None = None
    style: str = "paper"

    def __post_init__(self) -> None:
        if self.keep not in KEEPS:
            raise BadRow(f"there is no {self.keep!r} to keep; there are {', '.join(KEEPS)}")
        if self.style not in PROMPT_STYLES:
            raise BadRow(f"there is no style {self.style!r}; there are {', '.join(PROMPT_STYLES)}")
        for name in ("per_puzzle", "max_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise BadRow(f"{name.replace('_', '-')} is a whole number from 1 up, not {value}")
        if self.max_tokens is not None and self.tokenizer is None:
            raise BadRow("a limit of tokens needs the tokenizer that counts them: name it")


@dataclass(frozen=True)
class Example:
    """A teacher's answer, judged.

    Args:
        row: the row that it becomes.
        has_format: whether the completion has the form.
        truncated: whether it was cut off at the limit of tokens.
    """

    row: Row
    has_format: bool
    truncated: bool

    @property
    def correct(self) -> bool:
        """Whether the answer is right."""
        return bool(self.row["correct"])


@dataclass
class Report:
    """What became of the answers.

    Args:
        kept: how many became rows.
        dropped: how many were left out, by why.
        people: by the number of people how many answers there are, and how many of them are right.
        grades: the same by the puzzle's grade; 0 where it was not found.
        moves: how many reflective moves of each kind the rows have.
        lengths: the rows' lengths, in tokens where they were counted, else in words.
        unit: "tokens" or "words".
    """

    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    people: dict[int, list[int]] = field(default_factory=dict)
    grades: dict[int, list[int]] = field(default_factory=dict)
    moves: Counter[str] = field(default_factory=Counter)
    lengths: list[int] = field(default_factory=list)
    unit: str = "tokens"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        return {
            "kept": self.kept,
            "dropped": dict(sorted(self.dropped.items())),
            "accuracy": {
                "people": {str(size): _share(*counts) for size, counts in sorted(self.people.items())},
                "grade": {str(grade): _share(*counts) for grade, counts in sorted(self.grades.items())},
            },
            "moves per row": {move: round(self.moves[move] / max(1, self.kept), 2) for move in MOVES},
            "length": {"unit": self.unit, **_spread(self.lengths)},
        }

    def table(self) -> str:
        """Return the report as lines of text."""
        told = self.to_dict()
        lines = [f"{self.kept:8} kept", *(f"{n:8} dropped: {why}" for why, n in told["dropped"].items()), ""]
        for name, counts in told["accuracy"].items():
            rows = [[key, str(one["answers"]), f"{one['accuracy']:.1%}"] for key, one in counts.items()]
            lines.append(format_table([[name, "answers", "right"], *rows], ">"))
        lines += [
            "",
            "reflective moves a row: " + ", ".join(f"{n} {move}" for move, n in told["moves per row"].items()),
        ]
        length = told["length"]
        if self.lengths:
            told_lengths = ", ".join(f"{name} {length[name]}" for name in ("median", "p95", "most"))
            lines.append(f"length in {length['unit']}: {told_lengths}")
        return "\n".join(lines)


def write_sft(
    answers: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    policy: Policy | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Write the rows of a folder of answers, and return what became of the answers.

    Args:
        answers: the folder that `knk teach` wrote.
        folder: where to put the rows; it must not be there, or be empty.
        policy: which answers become rows; all that ended by themselves if not given.
        progress: called with the number of answers that are done since it was called last.

    Raises:
        BadFolder: there are no answers, or the folder for the rows holds something.
        BadFile: the answers, or what is said of the teacher, are no JSON.
        BadRow: an answer is not as `knk.teacher` writes it.
    """
    source, folder, policy = Path(answers), Path(folder), policy or Policy()
    if not (source / ANSWERS).is_file():
        raise BadFolder(f"{source} holds no {ANSWERS}: name a folder that 'knk teach' wrote")
    if folder.exists() and any(folder.iterdir()):
        raise BadFolder(f"{folder} is not empty: choose another folder or remove that one")
    # Read first: what is wrong with it should be known before there is anything to throw away.
    teacher = read_json(source / TEACHER) if (source / TEACHER).is_file() else {}
    report = Report()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        files = _write_rows(source / ANSWERS, folder, policy, report, progress or (lambda _: None))
    except BaseException:
        shutil.rmtree(folder / "train", ignore_errors=True)
        raise
    _write_manifest(folder, source, teacher, policy, report, files)
    return report


def _write_rows(
    path: Path, folder: Path, policy: Policy, report: Report, progress: Callable[[int], None]
) -> list[File]:
    with whole_file(folder / DROPPED) as dropped:
        kept = _kept(path, policy, report, dropped, progress)
        return [_write_part(folder, number, rows) for number, rows in enumerate(_batches(kept, _PART_ROWS))]


def examples(path: Path, policy: Policy) -> Iterator[Example]:
    """Return an iterator over the answers in a file, judged, in the order of the puzzles' keys.

    Args:
        path: the file.
        policy: whose tokenizer counts, and whose style is wanted.
    """
    count = _counter(policy.tokenizer)
    with path.open("rb") as file:
        for place in _in_order(file):
            file.seek(place)
            yield _example(json_object(file.readline(), f"{path.name}, byte {place}"), policy.style, count)


def _in_order(file: IO[bytes]) -> list[int]:
    """Return where the answers begin, in the order of keys and samples; one asked twice counts once."""
    places: dict[tuple[str, int], int] = {}
    place = 0
    for line in file:
        if line.endswith(b"\n"):  # Else it was cut off while being written, and is asked again.
            answer = json_object(line, f"{ANSWERS}, byte {place}")
            places.setdefault((column(answer, "id", str), column(answer, "sample", int)), place)
        place += len(line)
    return [places[one] for one in sorted(places)]


def _example(answer: Row, style: str, count: Callable[[str], int] | None) -> Example:
    notation = column(answer, "puzzle", str)
    text = restored(column(answer, "completion", str), answer)
    verdict = kk.verify(text, {"puzzle": notation})
    prompt, completion = _styled(answer.get("prompt"), text, notation, style)
    counted = answer.get("completion_tokens")
    tokens = count(text) if count else counted if isinstance(counted, int) else None
    row = {
        "prompt": prompt,
        "completion": completion,
        "id": column(answer, "id", str),
        "sample": column(answer, "sample", int),
        "puzzle": notation,
        "people": len(decode(notation).names),
        "correct": bool(verdict),
        "tokens": tokens,
    }
    return Example(row, has_format(text), answer.get("finish_reason") == "length")


def restored(text: str, answer: Mapping[str, Any]) -> str:
    """Return an answer's text with the closing tag that a stop string took from it, else as it is.

    A server leaves out the stop string at which it stopped. Some say which it was; of one that does not, an answer that
    ended by itself inside the answer tags did so at `</answer>`, if that was among the stop strings. One that was cut
    off is never mended.

    Args:
        text: the completion as it was received.
        answer: the line that it came in, with "finish_reason", "stop" and "parameters".

    >>> restored("so</think><answer>Ann is a knave", {"finish_reason": "stop", "stop": "</answer>"})
    'so</think><answer>Ann is a knave</answer>'
    >>> restored("so</think><answer>Ann is", {"finish_reason": "length", "stop": None})
    'so</think><answer>Ann is'
    """
    parameters = answer.get("parameters")
    asked = parameters.get("stop") if isinstance(parameters, dict) else None
    stopped = answer.get("stop") == _CLOSING or (
        answer.get("stop") is None and isinstance(asked, list) and _CLOSING in asked
    )
    is_open = "<answer>" in text and _CLOSING not in text.rpartition("<answer>")[2]
    return text + _CLOSING if answer.get("finish_reason") == "stop" and stopped and is_open else text


def _styled(prompt: Any, text: str, notation: str, style: str) -> tuple[Any, Any]:
    """Return prompt and completion in a style; one asked in the other style is asked anew in this one's words."""
    if not isinstance(prompt, str | list):
        raise BadRow("an answer's prompt is a string or a list of messages")
    if ("paper" if isinstance(prompt, str) else "chat") != style:
        prompt = kk.prompt({"puzzle": notation, "text": question_of(prompt)}, style)
    text = text.strip().removeprefix("<think>").lstrip()
    if style == "paper":
        return prompt, f"\n{text}"
    return prompt, [{"role": "assistant", "content": f"<think>\n{text}"}]


def _kept(
    path: Path, policy: Policy, report: Report, dropped: IO[bytes], progress: Callable[[int], None]
) -> Iterator[Row]:
    """Return an iterator over the rows that the policy keeps; the report is told of all."""
    count = _counter(policy.tokenizer)
    of_puzzle: Counter[str] = Counter()
    for example in examples(path, policy):
        row = example.row
        _note(report, example)
        why = _why_not(example, policy, of_puzzle[row["id"]], count)
        progress(1)
        if why:
            report.dropped[why] += 1
            dropped.write(json.dumps({"id": row["id"], "sample": row["sample"], "why": why}).encode() + b"\n")
            continue
        of_puzzle[row["id"]] += 1
        _note_kept(report, row)
        yield row


def _why_not(example: Example, policy: Policy, before: int, count: Callable[[str], int] | None) -> str:
    """Return why an answer is left out, or "" if it is kept."""
    if example.truncated and not policy.truncated:
        return "cut off at the limit of tokens"
    if policy.keep != "all" and not example.has_format:
        return "without the form"
    if policy.keep == "correct" and not example.correct:
        return "not right"
    if policy.max_tokens is not None and count is not None:
        tokens = count(_as_text(example.row["prompt"])) + example.row["tokens"]
        if tokens > policy.max_tokens:
            return "longer than the limit"
    return "more than enough of one puzzle" if policy.per_puzzle is not None and before >= policy.per_puzzle else ""


def _as_text(messages: str | Sequence[Mapping[str, str]]) -> str:
    return messages if isinstance(messages, str) else "\n".join(message["content"] for message in messages)


def _counter(tokenizer: str | None) -> Callable[[str], int] | None:
    if tokenizer is None:
        return None
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise BadRow("counting by a tokenizer needs transformers: pip install 'knk[train]'") from error
    try:
        loaded = AutoTokenizer.from_pretrained(tokenizer)
    except (OSError, ValueError) as error:
        raise BadRow(f"there is no tokenizer {tokenizer!r}: {str(error).splitlines()[0]}") from error
    return lambda text: len(loaded(text, add_special_tokens=False)["input_ids"])


def _note(report: Report, example: Example) -> None:
    row = example.row
    for counts, key in ((report.people, row["people"]), (report.grades, _grade(row["puzzle"]))):
        seen = counts.setdefault(key, [0, 0])
        seen[0] += 1
        seen[1] += example.correct


def _note_kept(report: Report, row: Row) -> None:
    text = _as_text(row["completion"])
    report.kept += 1
    if row["tokens"] is None:
        report.unit = "words"
    report.lengths.append(len(text.split()) if row["tokens"] is None else row["tokens"])
    report.moves.update(moves(text))


def moves(text: str) -> dict[str, int]:
    """Return how many reflective moves of each kind a text announces.

    >>> moves("Suppose Ann is a knight. That is a contradiction. Wait, let me check that.")
    {'checks': 1, 'retractions': 1, 'restarts': 1}
    """
    return {name: len(phrase.findall(text)) for name, phrase in MOVES.items()}


@lru_cache(maxsize=1 << 12)
def _grade(notation: str) -> int:
    try:
        return difficulty(decode(notation)).grade
    except GaveUp:
        return 0


def _share(answers: int, right: int) -> dict[str, float]:
    return {"answers": answers, "right": right, "accuracy": round(right / answers, 4)}


def _spread(lengths: Sequence[int]) -> dict[str, int]:
    if not lengths:
        return {}
    ordered = sorted(lengths)
    cuts = quantiles(ordered, n=100, method="inclusive") if len(ordered) > 1 else ordered * 99
    return {"least": ordered[0], "median": round(cuts[49]), "p95": round(cuts[94]), "most": ordered[-1]}


# The folder.


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _write_part(folder: Path, number: int, rows: Sequence[Row]) -> File:
    """Write a file of rows and return what the manifest says of it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    arrays = {name: pa.array(values, _arrow_types().get(name)) for name, values in columns.items()}
    pq.write_table(pa.table(arrays), buffer, compression="zstd")
    path = folder / "train" / f"part-{number:05}.parquet"
    path.parent.mkdir(exist_ok=True)
    with whole_file(path) as file:
        file.write(buffer.getbuffer())
    sha256 = hashlib.sha256(buffer.getbuffer()).hexdigest()
    return File(f"train/{path.name}", "train", "part", len(rows), sha256)


def _arrow_types() -> dict[str, Any]:
    import pyarrow as pa

    return {"sample": pa.int32(), "people": pa.int32(), "tokens": pa.int64()}


def _write_manifest(
    folder: Path,
    source: Path,
    teacher: Mapping[str, Any],
    policy: Policy,
    report: Report,
    files: Sequence[File],
) -> None:
    about = {
        "version": __version__,
        "answers": sha256_of(source / ANSWERS),
        "policy": asdict(policy),
        "teacher": teacher,
        "report": report.to_dict(),
    }
    readme = split_readme(["train"], "Chains of thought", f"{report.kept} rows. `{MANIFEST}` says how they were made.")
    with whole_file(folder / README) as file:
        file.write(readme.encode())
    Manifest(about, tuple(files)).write(folder)
