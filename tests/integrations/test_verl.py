"""The file for verl and the reward functions, loaded as verl loads them."""

import asyncio
import importlib
import importlib.util
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from knk.errors import BadFile, BadRow, BadTask, NoVerdict
from knk.integrations import verl
from knk.tasks import NAMES, kk, load
from knk.tasks.format import has_format
from tests.support.completions import (
    Case,
    cases,
    unknown,
    write_mmlu,
)

COLUMNS = ["data_source", "prompt", "ability", "reward_model", "extra_info"]


def by_path(name: str) -> Callable[..., float]:
    """Load a function as verl does from a file: under a made-up module name, perhaps not in `sys.modules`."""
    spec = importlib.util.spec_from_file_location("custom_module", verl.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[..., float] = getattr(module, name)
    return function


def by_package(name: str) -> Callable[..., float]:
    function: Callable[..., float] = getattr(importlib.import_module("knk.integrations.verl"), name)
    return function


def keywords(case: Case) -> dict[str, Any]:
    """Return the keyword arguments of verl's reward managers."""
    return {
        "data_source": f"knk/{case.task}",
        "solution_str": case.completion,
        "ground_truth": json.dumps(case.row),
        "extra_info": {"index": 0, "num_turns": None, "rollout_reward_scores": {}},
    }


@pytest.mark.parametrize("loaded", [by_path, by_package])
def test_scores_agree_with_verify(loaded: Callable[[str], Callable[..., float]]) -> None:
    compute_score = loaded("compute_score")
    scores = [compute_score(**keywords(case)) for case in cases()]
    assert scores == [float(bool(case.verdict)) for case in cases()]
    assert set(scores) == {0.0, 1.0}
    assert {type(score) for score in scores} == {float}


def test_the_verl_paper_score_equals_the_trl_reward() -> None:
    paper_score = by_path("paper_score")
    for case in cases():
        expected = load(case.task).REWARD_SCHEME.reward(case.verdict, has_format=has_format(case.completion))
        assert paper_score(**keywords(case)) == expected


def test_compute_score_runs_in_threads_and_accepts_extra_settings() -> None:
    async def scores() -> list[float]:
        loop = asyncio.get_running_loop()
        score = partial(verl.compute_score, reward_router_address="here", reward_model_tokenizer=None)
        return await asyncio.gather(
            *(loop.run_in_executor(None, partial(score, **keywords(one))) for one in cases()[:60])
        )

    assert asyncio.run(scores()) == [float(bool(case.verdict)) for case in cases()[:60]]


def test_an_undecided_reply_has_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kk, "verify", unknown)
    for score in (verl.compute_score, verl.paper_score):
        with pytest.raises(NoVerdict):
            score("knk/kk", "Hm.</think><answer>Ann lies.</answer>", '{"puzzle": "Ann,Bob 0:&(-0,-1)"}')
    assert verl.paper_score("knk/kk", "Ann lies.", '{"puzzle": "Ann,Bob 0:&(-0,-1)"}') == -2


@pytest.mark.parametrize(
    ("source", "truth", "error"),
    [
        ("openai/gsm8k", "{}", BadTask),
        ("knk/chess", "{}", BadTask),
        ("knk/", "{}", BadTask),
        (None, "{}", BadTask),
        ("knk/kk", "{}", BadRow),
        ("knk/kk", '{"puzzle": 7}', BadRow),
        ("knk/kk", "[]", BadFile),
        ("knk/kk", "[" * 100_000, BadFile),
        ("knk/kk", "", BadFile),
        ("knk/kk", {"puzzle": "Ann,Bob 0:&(-0,-1)"}, BadRow),
    ],
)
def test_a_row_of_another_source_is_an_error(source: Any, truth: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        verl.compute_score(source, "Ann is a knave, Bob is a knight.", truth)


def test_a_file_has_the_columns_of_verl(tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    assert verl.write(path, "kk", "train", n=30, people=3, seed=4) == 30
    rows = pq.read_table(path).to_pylist()
    sources = list(kk.rows("train", n=30, seed=4, spec=kk.PAPER.with_changes(people=3)))
    for index, (row, source) in enumerate(zip(rows, sources, strict=True)):
        assert list(row) == COLUMNS
        assert row["prompt"] == kk.prompt(source, "chat")
        assert row["extra_info"] == {"index": index, "split": "train", "id": source["id"]}
        assert row["reward_model"]["style"] == "rule"
        answer, truth = source["answer"], row["reward_model"]["ground_truth"]
        assert verl.compute_score(row["data_source"], answer, truth, row["extra_info"]) == 1


def test_a_file_can_be_written_for_another_task(tmp_path: Path) -> None:
    write_mmlu(tmp_path / "math.jsonl")
    verl.write(tmp_path / "test.parquet", "mmlu_pro", "test", tmp_path / "math.jsonl")
    rows = pq.read_table(tmp_path / "test.parquet").to_pylist()
    assert [row["ability"] for row in rows] == ["mmlu_pro"] * 3
    scores = [verl.compute_score("knk/mmlu_pro", text, rows[0]["reward_model"]["ground_truth"]) for text in "AB"]
    assert scores == [0, 1]


def test_datasets_reads_a_file_as_verl_does(tmp_path: Path) -> None:
    from datasets import load_dataset

    verl.write(tmp_path / "a.parquet", n=5)
    read = load_dataset("parquet", data_files=str(tmp_path / "a.parquet"), cache_dir=str(tmp_path / "cache"))["train"]
    assert read[0]["prompt"][0]["role"] == "user"
    assert read[4]["extra_info"]["index"] == 4


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "train.parquet"
    with pytest.raises(BadTask):
        verl.write(path, "kk", subject="physics")
    with pytest.raises(BadFile, match="should end in"):
        verl.write(tmp_path / "train.csv", n=1)
    real_prompt = kk.prompt
    calls = iter(range(9))

    def failing(row: Any, style: str) -> Any:
        if next(calls) == 3:
            raise BadRow("a row without a prompt")
        return real_prompt(row, style)

    monkeypatch.setattr(kk, "prompt", failing)
    with pytest.raises(BadRow):
        verl.write(path, n=5)
    assert not list(tmp_path.iterdir())


def test_data_source_names_every_task() -> None:
    for name in NAMES:
        with pytest.raises(BadRow):
            verl.compute_score(f"knk/{name}", "B", "{}")
