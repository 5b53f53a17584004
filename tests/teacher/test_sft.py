"""From a teacher's answers to rows: what is kept, what is dropped and said to be, and what is counted."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadFile, BadFolder, BadRow
from knk.tasks import kk
from knk.teacher.sft import Policy, write_sft
from knk.teacher.sft.judge import restore_closing_tag
from knk.teacher.sft.report import count_moves

PUZZLES = list(kk.rows("train", n=6, seed=2))
KINDS = ("right", "wrong", "no format", "cut off", "stopped")


def answer(row: dict[str, Any], sample: int, kind: str, style: str = "paper") -> dict[str, Any]:
    right = row["answer"]
    wrong = " ".join({"knight": "knave", "knave": "knight"}.get(word, word) for word in right.split(" "))
    text = {
        "right": f" Let me check.</think><answer>{right}</answer>",
        "wrong": f" Wait.</think><answer>{wrong}</answer>",
        "no format": right,
        "cut off": " Let me see, if",
        "stopped": f" So it is.</think><answer>{right}",
    }[kind]
    return {
        "id": row["id"],
        "sample": sample,
        "puzzle": row["puzzle"],
        "people": row["people"],
        "prompt": kk.prompt(row, style),
        "completion": text,
        "finish_reason": "length" if kind == "cut off" else "stop",
        "stop": "</answer>" if kind == "stopped" else None,
        "prompt_tokens": 100,
        "completion_tokens": len(text),
        "latency_s": 0.1,
        "model": "m",
        "parameters": {},
    }


def answers(folder: Path, shuffle: int = 0, style: str = "paper") -> Path:
    folder.mkdir()
    found = [answer(row, sample, kind, style) for row in PUZZLES for sample, kind in enumerate(KINDS)]
    random.Random(shuffle).shuffle(found)
    (folder / "answers.jsonl").write_text("".join(json.dumps(one) + "\n" for one in found), encoding="utf-8")
    (folder / "inference.json").write_text('{"model": "m"}', encoding="utf-8")
    return folder


def rows_of(folder: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return [row for path in sorted(folder.glob("train/*.parquet")) for row in pq.read_table(path).to_pylist()]


@pytest.mark.parametrize(
    ("policy", "kept", "dropped"),
    [
        (Policy(), 24, {"truncated at the limit of tokens": 6}),
        (Policy(truncated=True), 30, {}),
        (Policy(keep="formatted"), 18, {"truncated at the limit of tokens": 6, "wrong format": 6}),
        (Policy(keep="correct"), 12, {"truncated at the limit of tokens": 6, "wrong format": 6, "incorrect": 6}),
        (
            Policy(keep="correct", per_puzzle=1),
            6,
            {
                "truncated at the limit of tokens": 6,
                "wrong format": 6,
                "incorrect": 6,
                "more answers to one puzzle than the limit": 6,
            },
        ),
    ],
)
def test_what_is_kept_and_what_is_said_of_the_rest(
    policy: Policy, kept: int, dropped: dict[str, int], tmp_path: Path
) -> None:
    report = write_sft(answers(tmp_path / "answers"), tmp_path / "rows", policy)
    assert (report.kept, dict(report.dropped)) == (kept, dropped)
    rows = rows_of(tmp_path / "rows")
    left_out = [json.loads(line) for line in (tmp_path / "rows" / "dropped.jsonl").read_text().splitlines()]
    assert len(rows) == kept
    both = [(row["id"], row["sample"]) for row in rows] + [(row["id"], row["sample"]) for row in left_out]
    assert sorted(both) == sorted((row["id"], sample) for row in PUZZLES for sample in range(len(KINDS)))
    manifest = json.loads((tmp_path / "rows" / "manifest.json").read_text())
    assert manifest["report"]["dropped"] == dropped
    assert manifest["teacher"] == {"model": "m"}


def test_the_same_answers_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    for number in (1, 2):
        write_sft(answers(tmp_path / f"answers{number}", shuffle=number), tmp_path / f"rows{number}")
    one, other = ((tmp_path / f"rows{number}" / "train" / "part-00000.parquet").read_bytes() for number in (1, 2))
    assert one == other


def test_statistics(tmp_path: Path) -> None:
    told = write_sft(answers(tmp_path / "answers"), tmp_path / "rows").to_dict()
    sizes = told["accuracy"]["people"]
    assert sum(one["answers"] for one in sizes.values()) == 30
    # Right, right without the form, and right but for the tag that the stop string took.
    assert all(one["accuracy"] == 0.6 for one in sizes.values())
    assert sum(one["correct"] for one in told["accuracy"]["grade"].values()) == 18
    assert told["moves per row"] == {"checks": 0.25, "retractions": 0, "restarts": 0.25}
    assert told["length"]["unit"] == "tokens"


@pytest.mark.parametrize("asked", ["paper", "chat"])
@pytest.mark.parametrize("style", ["paper", "chat"])
def test_each_style_from_each(asked: str, style: str, tmp_path: Path) -> None:
    write_sft(answers(tmp_path / "answers", style=asked), tmp_path / "rows", Policy(keep="correct", style=style))
    texts = {row["id"]: row for row in PUZZLES}
    for row in rows_of(tmp_path / "rows"):
        assert row["prompt"] == kk.prompt(texts[row["id"]], style)
        assert isinstance(row["completion"], str if style == "paper" else list)
        assert kk.verify(row["completion"], row).correct


@pytest.mark.parametrize(
    ("text", "answer", "given_back"),
    [
        ("a<answer>b", {"finish_reason": "stop", "stop": "</answer>"}, True),
        ("a<answer>b", {"finish_reason": "stop", "parameters": {"stop": ["</answer>", "User:"]}}, True),
        ("a<answer>b", {"finish_reason": "stop", "parameters": {"stop": ["User:"]}}, False),
        ("a<answer>b", {"finish_reason": "stop", "stop": "User:", "parameters": {"stop": ["</answer>"]}}, False),
        ("a<answer>b", {"finish_reason": "length", "stop": "</answer>"}, False),
        ("a<answer>b</answer>", {"finish_reason": "stop", "stop": "</answer>"}, False),
        ("a", {"finish_reason": "stop", "stop": "</answer>"}, False),
        ("a<answer>b", {}, False),
    ],
)
def test_a_tag_is_given_back_only_where_a_stop_string_took_it(
    text: str, answer: dict[str, Any], given_back: bool
) -> None:
    assert restore_closing_tag(text, answer) == text + "</answer>" * given_back


def test_moves_are_counted_by_their_phrases() -> None:
    assert count_moves(
        "Let me try Ann as a knight. This is a contradiction, so that was wrong. Hold on. Let me check."
    ) == {
        "checks": 1,
        "retractions": 2,
        "restarts": 2,
    }
    assert count_moves("Ann is a knight. So Bob is a knave.") == {"checks": 0, "retractions": 0, "restarts": 0}


def test_a_line_cut_off_by_a_kill_is_left_for_the_next_run(tmp_path: Path) -> None:
    folder = answers(tmp_path / "answers")
    with (folder / "answers.jsonl").open("a") as file:
        file.write('{"id": "half a li')
    assert write_sft(folder, tmp_path / "rows").kept == 24


@pytest.mark.parametrize("line", ["[]", "not json", '{"id": 3}', '{"id": "a", "sample": "b"}'])
def test_an_answer_that_is_none_is_an_error(line: str, tmp_path: Path) -> None:
    folder = answers(tmp_path / "answers")
    with (folder / "answers.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises((BadRow, BadFile)):
        write_sft(folder, tmp_path / "rows")
    assert not list((tmp_path / "rows").iterdir())


def test_a_broken_word_on_the_teacher_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    folder = answers(tmp_path / "answers")
    (folder / "inference.json").write_text("{")
    with pytest.raises(BadFile, match=r"inference\.json: not JSON"):
        write_sft(folder, tmp_path / "rows")
    assert not (tmp_path / "rows").exists()


def test_folders_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match=r"has no answers\.jsonl"):
        write_sft(tmp_path, tmp_path / "rows")
    folder = answers(tmp_path / "answers")
    with pytest.raises(BadFolder, match="is not empty"):
        write_sft(folder, folder)


@pytest.mark.parametrize(
    "fields", [{"keep": "some"}, {"style": "r1"}, {"per_puzzle": 0}, {"max_tokens": 100}, {"max_tokens": 0}]
)
def test_policies_that_cannot_be(fields: dict[str, Any]) -> None:
    with pytest.raises(BadRow):
        Policy(**fields)


def test_datasets_reads_the_folder(tmp_path: Path) -> None:
    from datasets import load_dataset

    write_sft(answers(tmp_path / "answers"), tmp_path / "rows")
    read = load_dataset(str(tmp_path / "rows"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in read.items()} == {"train": 24}
