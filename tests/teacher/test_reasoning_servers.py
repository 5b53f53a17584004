"""From servers that split thinking from content to rows for SFT: the thinking is back, what is no answer is dropped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from knk.inference.sampling import Sampling
from knk.inference.store import ANSWERS
from knk.tasks import kk
from knk.tasks.format import has_format
from knk.tasks.messages import text_of
from knk.teacher.sft import Policy, Report, write_sft
from tests.support.reasoning_server import SHAPES, serve_reasoning
from tests.support.teaching import ask_all, quick_engine, read_lines

SAMPLING = Sampling(max_tokens=60)
WRITTEN = {"right": "Let me see.", "wrong": "Wait."}
"""The thinking of the answers that become rows."""


def swapped(answer: str) -> str:
    return " ".join({"knight": "knave", "knave": "knight"}.get(word, word) for word in answer.split(" "))


def written_text(kind: str, answer: str) -> str:
    """What the model writes after `<think>`."""
    return {
        "right": f"Let me see.</think>\n\n<answer>{answer}</answer>",
        "wrong": f"Wait.</think>\n\n<answer>{swapped(answer)}</answer>",
        "long": "Hm, let me see. " * 100 + f"</think><answer>{answer}</answer>",
        "not closed": "I do not know what to think.",
        "no answer": "Hm.</think>I cannot say.",
        "empty": "",
    }[kind]


KINDS = ("right", "wrong", "long", "not closed", "no answer", "empty")


@pytest.fixture(scope="module")
def model(puzzles: Path) -> Callable[[str], str]:
    """What answers the first puzzles, each in another kind."""
    rows = list(kk.rows("test", puzzles, n=len(KINDS)))

    def write(prompt: str) -> str:
        ((kind, row),) = [pair for pair in zip(KINDS, rows, strict=True) if pair[1]["text"] in prompt]
        return written_text(kind, row["answer"])

    return write


def always(text: str) -> Callable[[str], str]:
    """A model that always writes the same."""
    return lambda _prompt: text


def read_rows(folder: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return [row for path in sorted(folder.glob("train/*.parquet")) for row in pq.read_table(path).to_pylist()]


def teach_and_write(
    puzzles: Path, folder: Path, model: Callable[[str], str], shape: str, sampling: Sampling, **settings: Any
) -> dict[str, Report]:
    """Have a server of this shape answer as a chat model, and write the rows in both styles."""
    with serve_reasoning(model, shape) as server:
        engine = quick_engine(server, retries=0, **settings)
        summary = ask_all(puzzles, folder / "answers", engine, sampling, style="chat", limit=len(KINDS))
    assert (summary.stored, summary.failed) == (len(KINDS), 0)
    return {style: write_sft(folder / "answers", folder / style, Policy(style=style)) for style in ("paper", "chat")}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("shape", [name for name in SHAPES if name != "nothing"])
def test_rows_hold_the_thinking_and_what_is_no_answer_is_dropped(
    puzzles: Path, tmp_path: Path, model: Callable[[str], str], shape: str, stream: bool
) -> None:
    reports = teach_and_write(puzzles, tmp_path, model, shape, SAMPLING, stream=stream)
    assert sum(line["finish_reason"] == "length" for line in read_lines(tmp_path / "answers" / ANSWERS)) == 1
    for style, report in reports.items():
        rows = read_rows(tmp_path / style)
        assert report.kept == len(rows) == 2
        assert sum(report.dropped.values()) == 4
        assert {report.dropped[reason] for reason in ("truncated at the limit of tokens", "empty")} == {1}
        if shape != "no parser":  # Nobody can see that such a text is thinking: it has no tag.
            assert report.dropped["thinking not closed"] == 1
        for row in rows:
            text = text_of(row["completion"])
            thought = WRITTEN["right" if row["correct"] else "wrong"]
            assert text.startswith(thought if style == "paper" else f"<think>\n{thought}")
            assert has_format(text)
            assert kk.verify(row["completion"], row).reason == ("right" if row["correct"] else "wrong")
        assert sorted(row["correct"] for row in rows) == [False, True]


@pytest.mark.parametrize("shape", [name for name in SHAPES if name != "nothing"])
def test_an_answer_that_stopped_at_its_closing_tag_is_whole(
    puzzles: Path, tmp_path: Path, model: Callable[[str], str], shape: str
) -> None:
    sampling = Sampling(max_tokens=60, stop=("</answer>",))
    reports = teach_and_write(puzzles, tmp_path, model, shape, sampling)
    for style, report in reports.items():
        completions = [text_of(row["completion"]) for row in read_rows(tmp_path / style)]
        assert report.kept == len(completions) == 2
        assert all(has_format(text) and text.count("</answer>") == 1 for text in completions)


def test_answers_without_any_text_are_counted(puzzles: Path, tmp_path: Path, model: Callable[[str], str]) -> None:
    reports = teach_and_write(puzzles, tmp_path, model, "nothing", SAMPLING)
    dropped = {"truncated at the limit of tokens": 1, "empty": len(KINDS) - 1}
    assert [(report.kept, dict(report.dropped)) for report in reports.values()] == [(0, dropped)] * 2
    assert "5 dropped: empty" in reports["chat"].table()
    assert reports["chat"].to_dict()["dropped"] == dropped


def test_a_stop_string_inside_the_thinking_makes_no_row(puzzles: Path, tmp_path: Path) -> None:
    sampling = Sampling(max_tokens=60, stop=("User:", "</answer>"))
    texts = ["The User: asks.</think><answer>a</answer>", "I write <answer></answer>.</think><answer>a</answer>"]
    for text in texts:
        reports = teach_and_write(puzzles, tmp_path / text[:3], always(text), "vllm", sampling)
        for report in reports.values():
            assert (report.kept, dict(report.dropped)) == (0, {"thinking not closed": len(KINDS)})
