"""`knk bench`: tables, comparisons, the folder of task files, and errors of one line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from knk.cli import main
from knk.evals import results
from knk.evals.compare import compare, read_scores
from knk.evals.intervals import Estimate
from knk.evals.lm_eval.tasks import include_path
from knk.evals.records import read_run, summaries
from knk.evals.run import PAPER_SAMPLING, BenchmarkPlan, run_benchmarks
from tests.support.benchmarks import Oracle, two_runs
from tests.support.reasoning_server import serve_reasoning


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The folders of two runs on puzzles, the second better than the first."""
    base, warmed = two_runs(tmp_path_factory.mktemp("bench"))
    return str(base), str(warmed)


def test_a_table_has_a_row_per_arm_and_the_papers_scores(
    runs: tuple[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["bench", "table", *runs, "--paper", "-o", str(tmp_path / "results.json")]) == 0
    output = capsys.readouterr().out
    mean = summaries([read_run(runs[0])])[0].accuracy.mean
    assert f"{100 * mean:.1f}" in output
    assert "43.8 ± 0.8" in output
    assert "memorisation score" in output
    assert results.read(tmp_path / "results.json").arms == ("base", "warmed")


def test_a_comparison_names_the_better_arm(runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    base, warmed = runs
    assert main(["bench", "compare", base, warmed, "--groups"]) == 0
    output = capsys.readouterr().out
    assert "higher" in output
    assert "K&K: 5 people" in output
    assert main(["bench", "compare", base, warmed, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["differences"][0]
    assert Estimate.from_dict(first["difference"]) == compare([read_scores(base)], [read_scores(warmed)])[0].estimate
    assert main(["bench", "compare", f"{base},{base}", f"{warmed},{warmed}"]) == 0
    assert "2 seeds" in capsys.readouterr().out


def test_a_comparison_of_few_items_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one_item = BenchmarkPlan(("knk",), replace(PAPER_SAMPLING, n=1), limit=1)
    for name, share in (("none", 0.0), ("all", 1.0)):
        run_benchmarks(tmp_path / name, Oracle(share, model=name), one_item, lm_eval=False)
    assert main(["bench", "compare", str(tmp_path / "none"), str(tmp_path / "all")]) == 0
    output = capsys.readouterr().out
    assert "+100.0" in output
    assert "not resolved" in output
    assert "few items (1)" in output


def test_two_arms_of_the_same_name_are_refused(runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "table", runs[0], runs[0]]) == 2
    assert "two arms have the same name" in capsys.readouterr().err


def test_a_chat_model_behind_a_reasoning_parser_has_the_format_and_no_stop_strings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve_reasoning(lambda _: "Hm.</think><answer>(1) Nobody is a knight</answer>", "vllm") as server:
        model = ("bench", "m", "--base-url", server.url, "--style", "chat", "-n", "1", "--limit", "3", "--no-lm-eval")
        assert main([*model, "-o", str(tmp_path / "run"), "--json"]) == 0
        assert [body.get("stop") for body in server.requests] == [None] * 3
    assert '"format": ' in capsys.readouterr().out
    assert [one.has_format for one in read_run(tmp_path / "run").completions["knk"]] == [True] * 3


def test_the_latent_rate_of_a_served_model_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chain = "Suppose Ann is a knight. Wait, that is impossible. What if Bob lies?</think><answer>nobody</answer>"
    run = str(tmp_path / "run")
    with serve_reasoning(lambda _: chain, "vllm") as server:
        arguments = (
            "bench",
            "m",
            "--base-url",
            server.url,
            "--style",
            "chat",
            "-n",
            "2",
            "--limit",
            "3",
            "--no-lm-eval",
        )
        assert main([*arguments, "-o", run]) == 0
    capsys.readouterr()
    assert main(["bench", "latent", run]) == 0
    table, reading = capsys.readouterr().out.split("\n\n")
    rows = {line[:18].strip(): line[18:].split() for line in table.splitlines()}
    assert rows["items"] == ["3"]
    assert rows["samples per item"] == ["2"]
    assert (rows["try again"][0], rows["tries per chain"][0], rows["pass@k"][0]) == ("100.0", "2.00", "0.0")
    assert (rows["right if again"][0], rows["right if once"]) == ("0.0", ["none"])
    assert "leads, not results" in reading
    assert main(["bench", "latent", run, "--benchmark", "knk", "--json"]) == 0
    (rate,) = json.loads(capsys.readouterr().out)["latent"]
    assert (rate["name"], rate["tries_again"]["mean"], rate["accuracy_once"]) == ("K&K", 1.0, None)
    assert main(["bench", "latent", run, "--benchmark", "math500"]) == 2
    assert "no results of math500: expected one of knk\n" in capsys.readouterr().err


def test_the_folder_of_task_files_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "tasks"]) == 0
    assert capsys.readouterr().out.strip() == str(include_path())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bench", "m"], "missing --output"),
        (
            ["bench", "m", "-o", "x", "--tasks", "gsm8k", "--no-lm-eval"],
            "unknown benchmark 'gsm8k': expected one of knk, ",
        ),
        (["bench", "m", "-o", "x", "--tasks", ",", "--no-lm-eval"], "no benchmark to run"),
        (["bench", "m", "-o", "x", "--data", "math500"], "--data: expected a benchmark and a file"),
        (
            ["bench", "m", "-o", "x", "--engine", "vllm", "--base-url", "http://h/v1"],
            "--base-url cannot be used with --engine",
        ),
        (["bench", "compare", "nowhere", "nowhere"], "nowhere: no such folder"),
        (["bench", "table", "nowhere"], "nowhere: no such folder"),
        (["bench", "latent", "nowhere"], "nowhere: no such folder"),
        (["bench", "tasks", "--data", "gsm8k=nowhere", "-o", "x"], "--data: expected a task and an existing file"),
    ],
)
def test_bad_input_is_a_one_line_error(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
