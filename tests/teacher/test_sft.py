"""From a teacher's answers to rows: which are kept, which are dropped and reported, and the statistics."""

import json
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadFile, BadFolder, BadRow
from knk.tasks import kk
from knk.teacher.sft import Policy, write_sft
from knk.teacher.sft.report import count_reflective_phrases
from tests.support.teacher_answers import ANSWER_KINDS, SFT_PUZZLES, write_answers


def read_rows(folder: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return [row for path in sorted(folder.glob("train/*.parquet")) for row in pq.read_table(path).to_pylist()]


NEVER_ROWS = {"truncated at the limit of tokens": 6, "thinking not closed": 6}
"""The answers in `write_answers` that no policy keeps, by the reason."""


@pytest.mark.parametrize(
    ("policy", "kept", "dropped"),
    [
        (Policy(), 24, NEVER_ROWS),
        (Policy(keep="formatted"), 18, NEVER_ROWS | {"wrong format": 6}),
        (Policy(keep="correct"), 12, NEVER_ROWS | {"wrong format": 6, "incorrect": 6}),
        (
            Policy(keep="correct", per_puzzle=1),
            6,
            NEVER_ROWS | {"wrong format": 6, "incorrect": 6, "more answers to one puzzle than the limit": 6},
        ),
    ],
)
def test_a_policy_keeps_some_answers_and_reports_the_others(
    policy: Policy, kept: int, dropped: dict[str, int], tmp_path: Path
) -> None:
    report = write_sft(write_answers(tmp_path / "answers"), tmp_path / "rows", policy)
    assert (report.kept, dict(report.dropped)) == (kept, dropped)
    rows = read_rows(tmp_path / "rows")
    dropped_lines = [json.loads(line) for line in (tmp_path / "rows" / "dropped.jsonl").read_text().splitlines()]
    assert len(rows) == kept
    both = [(row["id"], row["sample"]) for row in rows] + [(row["id"], row["sample"]) for row in dropped_lines]
    assert sorted(both) == sorted((row["id"], sample) for row in SFT_PUZZLES for sample in range(len(ANSWER_KINDS)))
    manifest = json.loads((tmp_path / "rows" / "manifest.json").read_text())
    assert manifest["report"]["dropped"] == dropped
    assert manifest["teacher"] == {"model": "m"}


def test_the_same_answers_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    for number in (1, 2):
        write_sft(write_answers(tmp_path / f"answers{number}", shuffle=number), tmp_path / f"rows{number}")
    first, second = ((tmp_path / f"rows{number}" / "train" / "part-00000.parquet").read_bytes() for number in (1, 2))
    assert first == second


def test_statistics(tmp_path: Path) -> None:
    report = write_sft(write_answers(tmp_path / "answers"), tmp_path / "rows").to_dict()
    sizes = report["accuracy"]["people"]
    assert sum(entry["answers"] for entry in sizes.values()) == 36
    # Correct, correct in the wrong format, and correct except for the tag that the stop string removed.
    assert all(entry["accuracy"] == 0.5 for entry in sizes.values())
    assert sum(entry["correct"] for entry in report["accuracy"]["grade"].values()) == 18
    assert report["moves per row"] == {"checks": 0.25, "retractions": 0, "restarts": 0.25}
    assert report["length"]["unit"] == "tokens"


@pytest.mark.parametrize("asked_style", ["paper", "chat"])
@pytest.mark.parametrize("style", ["paper", "chat"])
def test_answers_in_either_style_become_rows_in_either_style(asked_style: str, style: str, tmp_path: Path) -> None:
    write_sft(
        write_answers(tmp_path / "answers", style=asked_style), tmp_path / "rows", Policy(keep="correct", style=style)
    )
    texts = {row["id"]: row for row in SFT_PUZZLES}
    for row in read_rows(tmp_path / "rows"):
        assert row["prompt"] == kk.prompt(texts[row["id"]], style)
        assert isinstance(row["completion"], str if style == "paper" else list)
        assert kk.verify(row["completion"], row).correct


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"completion": "{right}", "finish_reason": "length"}, "truncated at the limit of tokens"),
        ({"completion": "{right}", "finish_reason": "content_filter"}, "cut off by the server"),
        ({"completion": "{right}", "finish_reason": "abort"}, "cut off by the server"),
        ({"completion": ""}, "empty"),
        ({"completion": " \n"}, "empty"),
        ({"completion": "<think>\n</think>\n<answer></answer>"}, "empty"),
        ({"completion": "So it is."}, "thinking not closed"),
        ({"completion": "So.</think>Or <think>{answer}"}, "thinking not closed"),
        ({"completion": "", "reasoning": "So."}, "thinking not closed"),
        ({"completion": "So.</think>I give up."}, "no answer to read: no answer"),
        ({"completion": "So.</think><answer></answer>"}, "no answer to read: no answer"),
        # The server says that the model wrote a closing tag, which has no opening one.
        ({"completion": "So.</think>{answer}", "stop": "</answer>"}, "verdict changed by the format"),
        ({"completion": "{right}", "finish_reason": "eos"}, None),
        ({"completion": "<answer>{answer}</answer>", "reasoning": "So."}, None),
        ({"completion": "<answer>{answer}", "reasoning": "So.", "stop": "</answer>"}, None),
        # Wrong answers are rows, as in the paper.
        ({"completion": "So.</think><answer>(1) Ann is a knave.</answer>"}, None),
    ],
)
@pytest.mark.parametrize("style", ["paper", "chat"])
def test_answers_that_can_never_be_rows_are_dropped_with_their_reason(
    fields: dict[str, Any], reason: str | None, style: str, tmp_path: Path
) -> None:
    row = SFT_PUZZLES[0]
    right = f"So.</think><answer>{row['answer']}</answer>"
    completion = fields["completion"].replace("{right}", right).replace("{answer}", row["answer"])
    answer = {"id": row["id"], "sample": 0, "puzzle": row["puzzle"], "prompt": kk.prompt(row), "finish_reason": "stop"}
    (tmp_path / "answers").mkdir()
    line = json.dumps(answer | fields | {"completion": completion})
    (tmp_path / "answers" / "answers.jsonl").write_text(line + "\n", encoding="utf-8")
    report = write_sft(tmp_path / "answers", tmp_path / "rows", Policy(style=style))
    assert (report.kept, dict(report.dropped)) == ((1, {}) if reason is None else (0, {reason: 1}))


def test_an_answer_without_thinking_stays_without_it_in_the_style_chat(tmp_path: Path) -> None:
    row = SFT_PUZZLES[0]
    text = f"<answer>{row['answer']}</answer>"
    answer = {"id": row["id"], "sample": 0, "puzzle": row["puzzle"], "prompt": kk.prompt(row, "chat")}
    (tmp_path / "answers").mkdir()
    line = json.dumps(answer | {"completion": text, "finish_reason": "stop"})
    (tmp_path / "answers" / "answers.jsonl").write_text(line + "\n", encoding="utf-8")
    assert write_sft(tmp_path / "answers", tmp_path / "chat", Policy(style="chat")).kept == 1
    assert read_rows(tmp_path / "chat")[0]["completion"] == [{"role": "assistant", "content": text}]
    # The prompt of the other style opens the thinking, which this answer never closes.
    report = write_sft(tmp_path / "answers", tmp_path / "paper", Policy(style="paper"))
    assert dict(report.dropped) == {"thinking not closed": 1}


def test_moves_are_counted_by_their_phrases() -> None:
    assert count_reflective_phrases(
        "Let me try Ann as a knight. This is a contradiction, so that was wrong. Hold on. Let me check."
    ) == {
        "checks": 1,
        "retractions": 2,
        "restarts": 2,
    }
    assert count_reflective_phrases("Ann is a knight. So Bob is a knave.") == {
        "checks": 0,
        "retractions": 0,
        "restarts": 0,
    }


def test_an_unfinished_line_is_ignored(tmp_path: Path) -> None:
    folder = write_answers(tmp_path / "answers")
    with (folder / "answers.jsonl").open("a") as file:
        file.write('{"id": "half a li')
    assert write_sft(folder, tmp_path / "rows").kept == 24


@pytest.mark.parametrize("line", ["[]", "not json", '{"id": 3}', '{"id": "a", "sample": "b"}'])
def test_an_invalid_line_is_an_error(line: str, tmp_path: Path) -> None:
    folder = write_answers(tmp_path / "answers")
    with (folder / "answers.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises((BadRow, BadFile)):
        write_sft(folder, tmp_path / "rows")
    assert not list((tmp_path / "rows").iterdir())


def test_invalid_settings_of_the_run_are_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    folder = write_answers(tmp_path / "answers")
    (folder / "inference.json").write_text("{")
    with pytest.raises(BadFile, match=r"inference\.json: not JSON"):
        write_sft(folder, tmp_path / "rows")
    assert not (tmp_path / "rows").exists()


def test_folders_without_answers_or_not_empty_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match=r"has no answers\.jsonl"):
        write_sft(tmp_path, tmp_path / "rows")
    folder = write_answers(tmp_path / "answers")
    with pytest.raises(BadFolder, match="is not empty"):
        write_sft(folder, folder)


@pytest.mark.parametrize(
    "fields", [{"keep": "some"}, {"style": "r1"}, {"per_puzzle": 0}, {"max_tokens": 100}, {"max_tokens": 0}]
)
def test_invalid_policies_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(BadRow):
        Policy(**fields)


def test_datasets_reads_the_folder(tmp_path: Path) -> None:
    from datasets import load_dataset

    write_sft(write_answers(tmp_path / "answers"), tmp_path / "rows")
    read = load_dataset(str(tmp_path / "rows"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in read.items()} == {"train": 24}
