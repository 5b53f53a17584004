"""What the tasks have in common: their prompts, the form of a completion, where rows come from, and K&K itself."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from knk import tasks
from knk.datasets.build import build
from knk.datasets.config import CorpusConfig, PartConfig
from knk.datasets.rows import row_of
from knk.datasets.split import split_of
from knk.errors import BadFile, BadRow, BadTask
from knk.generation.generate import generate
from knk.generation.spec import Spec
from knk.tasks import kk
from knk.tasks.format import (
    answer_of,
    has_format,
    prompt_of,
    text_of,
)
from knk.tasks.source import Source, identity, of_split, training_items

FORMED = "Ann lies.</think> <answer>Ann is a knave</answer>"


@pytest.mark.parametrize(
    "text",
    [
        FORMED,
        f"<think>{FORMED}",
        f"\n<think>\n{FORMED}\n",
        "a</think>b<answer>c</answer>",
        "so 1 < 2 and 2 > 1</think><answer>yes</answer>",
    ],
)
def test_completions_with_the_form(text: str) -> None:
    assert has_format(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<answer>2</answer>",
        "</think><answer>2</answer>",
        " \n</think><answer>2</answer>",
        "a</think><answer> </answer>",
        "a</think><answer>2</answer> and more",
        "a</think><answer>2",
        "a</think>2</answer>",
        "a</think></think><answer>2</answer>",
        "a<answer>2</answer></think>",
        "a</think><answer>2</answer><answer>2</answer>",
        "a<think>b</think><answer>2</answer>",
        "<think><think>a</think><answer>2</answer>",
        "a</think></answer>2<answer>",
        "a</think><answer>2</answer></answer>",
        "a<answer></think>2</answer>",
        "<think></think><answer>2</answer>",
        "a</THINK><answer>2</answer>",
    ],
)
def test_completions_without_the_form(text: str) -> None:
    assert not has_format(text)


@pytest.mark.parametrize(
    ("text", "answer", "tagged"),
    [
        ("a</think><answer>2</answer>", "2", True),
        ("a</think> so\n2 ", "so\n2", False),
        ("2", "2", False),
        ("<answer>1</answer></think><answer> 2\n</answer>", "2", True),
        ("a</think><answer>2", "2", True),
        ("a</think><answer>2</answer> <answer>2 </answer>", "2", True),
    ],
)
def test_where_the_answer_is(text: str, answer: str, tagged: bool) -> None:
    assert (answer_of(text).text, answer_of(text).tagged, answer_of(text).problem) == (answer, tagged, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a</think>b<think>2", "no answer"),
        ("<answer>1</answer><answer>2</answer>", "several answers"),
        ("<answer>1<answer>2</answer>", "several answers"),
        ("</answer>2", "several answers"),
        ("<answer>1</answer>2</answer>", "several answers"),
        ("<answer>2</answer> or 3", "retracted"),
    ],
)
def test_no_answer_to_read(text: str, problem: str) -> None:
    assert answer_of(text).problem == problem


def test_messages_and_strings_are_completions_and_nothing_else() -> None:
    assert text_of([{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]) == "ab"
    bad: Any
    for bad in (None, 3, [{"role": "assistant"}], [{"content": None}]):
        with pytest.raises(TypeError):
            text_of(bad)


def test_the_paper_style_opens_the_thinking_and_the_chat_style_does_not() -> None:
    paper = prompt_of("Who?", "Say who.", "paper")
    chat = prompt_of("Who?", "Say who.", "chat")
    assert isinstance(paper, str)
    assert paper.endswith("User: Who?\nSay who.\nAssistant: <think>")
    assert isinstance(chat, list)
    assert [message["role"] for message in chat] == ["user"]
    assert "Who?" in chat[0]["content"]
    with pytest.raises(ValueError, match="expected one of paper, chat"):
        prompt_of("Who?", "", "r1")


def test_an_unknown_task() -> None:
    with pytest.raises(BadTask, match="expected one of kk, hendrycks_math"):
        tasks.load("gsm8k")


@pytest.mark.parametrize("name", tasks.NAMES)
def test_every_task_has_the_names_of_a_task(name: str) -> None:
    task = tasks.load(name)
    assert name == task.NAME
    assert task.REWARD_SCHEME.right == 2
    assert task.REWARD_SCHEME.no_format == -2
    assert all(callable(function) for function in (task.rows, task.prompt, task.verify, task.verify_many))
    assert task.COLUMNS


def test_the_scheme_is_the_papers() -> None:
    schemes = {name: tasks.load(name).REWARD_SCHEME for name in tasks.NAMES}
    assert {name: (scheme.unreadable, scheme.wrong) for name, scheme in schemes.items()} == {
        "kk": (-1, -0.5),
        "hendrycks_math": (-1, -0.5),
        "mmlu_pro": (-0.5, -0.5),
        "humaneval_plus": (-1, -1),
    }


# Where rows come from.


def test_training_items_do_not_depend_on_order_or_company() -> None:
    names = [identity(str(number)) for number in range(50)]
    chosen = training_items(names, 10)
    assert len(chosen) == 10
    assert training_items(reversed(names), 10) == chosen
    fewer = [name for name in names if name not in sorted(names)[30:]]
    assert training_items(fewer, 10) == chosen


def test_an_item_asked_twice_is_on_one_side() -> None:
    rows = [{"id": identity(f"question {number % 30}"), "place": number} for number in range(33)]
    for n in range(1, 33):
        train, held_out = (list(of_split(rows, split, n)) for split in ("train", "held-out"))
        assert not {row["id"] for row in train} & {row["id"] for row in held_out}
        assert len(train) + len(held_out) == 33
        assert abs(len(train) - n) == 0


def test_too_few_items_and_no_such_split_are_errors() -> None:
    with pytest.raises(BadFile, match="fewer than 3 items"):
        list(of_split([{"id": "a"}], "train", 3))
    with pytest.raises(BadFile, match="expected one of train, held-out, test"):
        list(of_split([], "validation", 3))


def test_a_source_reads_local_files_and_says_what_is_missing(tmp_path: Path) -> None:
    source = Source("nobody/nothing", "0" * 40, "test")
    path = tmp_path / "rows.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.write('{"a": 1}\n')
    assert list(source.rows(path)) == [{"a": 1}]
    with pytest.raises(BadFile, match=r"there is no file .*none\.jsonl"):
        source.rows(tmp_path / "none.jsonl")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BadFile, match="not a whole gzip file"):
        list(source.rows(path))


# Knights and knaves.


def test_made_puzzles_of_two_splits_are_different_for_any_seeds() -> None:
    train = {row["id"] for seed in (0, 1) for row in kk.rows("train", n=200, seed=seed)}
    held_out = {row["id"] for seed in (0, 1) for row in kk.rows("held-out", n=100, seed=seed)}
    assert len(train) > 300
    assert not train & held_out
    assert all(split_of(key) == "train" for key in train)


def test_the_default_numbers_of_puzzles_are_there() -> None:
    assert [sum(1 for _ in kk.rows(split)) for split in ("train", "held-out")] == [500, 500]


def public_like(path: Path) -> list[dict[str, Any]]:
    rows = [{"quiz": row_of(puzzle)["text"], "names": list(puzzle.names)} for puzzle in generate(people=3, n=60)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def test_a_file_of_the_public_kind(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    rows = public_like(path)
    found = {split: list(kk.rows(split, path)) for split in ("train", "held-out", "test")}
    assert [row["text"] for row in found["test"]] == [row["quiz"] for row in rows]
    keys = {split: {row["id"] for row in of} for split, of in found.items()}
    assert not keys["train"] & keys["held-out"]
    assert keys["train"] | keys["held-out"] == keys["test"]
    assert all(kk.verify(row["answer"], row).correct for row in found["test"])


def test_a_corpus_has_the_splits_it_was_built_with(tmp_path: Path) -> None:
    build(CorpusConfig((PartConfig(Spec(people=4), 300, "four"),)), tmp_path / "corpus")
    train, test = (list(kk.rows(split, tmp_path / "corpus")) for split in ("train", "test"))
    assert len(train) > len(test) > 0
    assert not {row["id"] for row in train} & {row["id"] for row in test}
    assert list(kk.rows("held-out", tmp_path / "corpus")) == test
    with pytest.raises(BadFile, match=r"no test/\*\.parquet"):
        kk.rows("test", tmp_path)


def test_a_solution_in_a_row_is_not_trusted() -> None:
    row = {"puzzle": "Ann,Bob 0:&(-0,-1)", "solution": [True, True]}
    assert kk.verify("Ann is a knave and Bob is a knight.", row).correct
    assert not kk.verify("Ann is a knight and Bob is a knight.", row).correct


def test_a_row_without_a_puzzle_is_an_error() -> None:
    for row in ({}, {"puzzle": None}, {"puzzle": 3}):
        with pytest.raises(BadRow, match="'puzzle'"):
            kk.verify("Ann is a knave.", row)


def test_guessing_earns_no_credit_for_parts() -> None:
    for row in kk.rows("train", n=5):
        people = row["people"]
        names = [f"{{}} is a {role}" for role in ("knave", "knight")]
        total = 0.0
        for guess in range(2**people):
            said = ", ".join(names[guess >> place & 1].format(name) for place, name in enumerate(row["names"]))
            total += kk.partial(kk.verify(said, row), row)
        assert total == pytest.approx(0)


def test_partial_credit() -> None:
    row = {"puzzle": "Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)"}  # Ann knave, Bob knight, Cid knave
    expected = {
        "Ann: knave, Bob: knight, Cid: knave": 1,
        "Ann: knight, Bob: knave, Cid: knight": -1,
        "Ann: knave, Bob: knight, Cid: knight": 1 / 3,
        "Ann: knave": 1 / 3,
        "Ann: knave, Ann: knight": 0,
        "Ann: knave, Bob: knight, Cid: knave, Dan: knave": 0,
        "dunno": 0,
        "": 0,
    }
    assert {text: kk.partial(kk.verify(text, row), row) for text in expected} == pytest.approx(expected)
