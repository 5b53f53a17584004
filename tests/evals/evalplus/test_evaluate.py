"""EvalPlus's own evaluation in the sandbox: its results, and what a sample cannot reach."""

import json
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadRow, MissingPackage, SandboxFailed
from knk.evals.evalplus import evaluate as module
from knk.evals.evalplus.evaluate import evaluate, package_folders, parse_answer, require_isolation
from knk.evals.evalplus.pass_rates import pass_rates
from knk.evals.evalplus.samples import Sample, read_problems
from knk.sandbox.model import Level
from knk.sandbox.run import strongest
from tests.support.evalplus import (
    BLEND,
    SHORT_SECONDS,
    judge,
    needs_evalplus,
    needs_posix,
    samples_of,
    solution_of,
    write_problems,
)
from tests.support.exercises import ALL, RANK, SCALE, ZERO

pytestmark = needs_posix


def test_every_problem_needs_a_sample_and_every_sample_a_problem(tmp_path: Path) -> None:
    problems = read_problems(write_problems([SCALE, RANK], tmp_path))
    with pytest.raises(BadRow, match="1 of 2 problems have no sample"):
        evaluate(samples_of(solution_of(SCALE), problem=SCALE), problems)
    with pytest.raises(BadRow, match="Mine/9"):
        evaluate([Sample("Mine/9", "")], problems)


def test_a_sandbox_that_leaves_files_open_is_refused_unless_allowed(tmp_path: Path) -> None:
    problems = read_problems(write_problems([SCALE], tmp_path))
    with pytest.raises(SandboxFailed, match="files of this user, network") as caught:
        evaluate(samples_of(solution_of(SCALE), problem=SCALE), problems, level=Level("none"))
    assert "\n" not in str(caught.value)
    for level in (Level("namespaces"), Level("bubblewrap", seccomp=True), Level("none", seccomp=True, landlock=True)):
        assert require_isolation(level, allow_weak_isolation=False) is level
    assert require_isolation(Level("none"), allow_weak_isolation=True) == Level("none")


def test_a_missing_evalplus_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    problems = read_problems(write_problems([SCALE], tmp_path))
    with pytest.raises(MissingPackage, match="bench"):
        evaluate(samples_of(solution_of(SCALE), problem=SCALE), problems, allow_weak_isolation=True)


GOOD_ANSWER: dict[str, Any] = {
    "version": "0.3.1",
    "loses_roots": True,
    "lines": [],
    "samples": {"Mine/0": [["pass", "fail", ""]]},
}


def test_a_workers_answer_is_parsed(tmp_path: Path) -> None:
    problems = read_problems(write_problems([SCALE], tmp_path))
    answer = json.dumps(GOOD_ANSWER).encode()
    (result,), reported, version, loses_roots = parse_answer(answer, samples_of("", problem=SCALE), problems)
    assert not result.correct
    assert (reported, version, loses_roots) == ((), "0.3.1", True)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {**GOOD_ANSWER, "samples": {"Mine/0": []}},
        {**GOOD_ANSWER, "samples": {"Mine/0": [["pass"]]}},
        "[",
    ],
)
def test_a_tampered_answer_is_refused(answer: Any, tmp_path: Path) -> None:
    problems = read_problems(write_problems([SCALE], tmp_path))
    with pytest.raises(SandboxFailed, match="EvalPlus's worker"):
        parse_answer(json.dumps(answer).encode(), samples_of("", problem=SCALE), problems)


def test_an_answer_that_is_not_json_is_refused(tmp_path: Path) -> None:
    problems = read_problems(write_problems([SCALE], tmp_path))
    with pytest.raises(SandboxFailed, match="EvalPlus's worker"):
        parse_answer(b"[", samples_of("", problem=SCALE), problems)


@needs_evalplus
def test_samples_of_several_problems_are_scored(tmp_path: Path) -> None:
    path = write_problems(ALL, tmp_path)
    samples = [Sample(str(problem["task_id"]), solution_of(problem)) for problem in ALL]
    samples.insert(1, Sample("Mine/1", f"{RANK['prompt']}    return [], len(words)\n"))
    results, disagreements = judge(path, samples)
    assert [(result.task_id, result.index, result.base, result.plus) for result in results.samples] == [
        ("Mine/0", 0, "pass", "pass"),
        ("Mine/1", 0, "fail", "fail"),
        ("Mine/1", 1, "pass", "pass"),
        ("Mine/2", 0, "pass", "pass"),
        ("Mine/3", 0, "pass", "pass"),
    ]
    assert results.samples[1].failed == "['pear', 'fig', 'apple'], 4"
    assert results.level == strongest()
    assert results.reported[-1] == "pass@1:\t0.875"
    assert pass_rates(results.samples).pass_at == {1: 0.875}
    rates = pass_rates(results.samples, {"Mine/1"}).to_dict()
    assert rates == {"tasks": 1, "samples": 2, "base": 1, "plus": 1, "pass@1": 0.5}
    assert disagreements == []


@needs_evalplus
def test_right_roots_count_unless_as_shipped(tmp_path: Path) -> None:
    path = write_problems([ZERO], tmp_path)
    codes = (solution_of(ZERO), "def find_zero(xs): return 7.0", "def find_zero(xs): 1 / 0", "")
    samples = samples_of(*codes, problem=ZERO)
    results, disagreements = judge(path, samples)
    assert [result.correct for result in results.samples] == [True, False, False, False]
    assert disagreements == []
    assert (results.version, results.root_tasks, results.as_shipped) == ("0.3.1", frozenset({"Mine/2"}), 0)
    shipped, disagreements = judge(path, samples, count_roots=False)
    assert [result.correct for result in shipped.samples] == [False] * 4
    explanations = [disagreement.explanation for disagreement in disagreements]
    assert explanations == ["EvalPlus 0.3.1 fails every root of this problem"]


# What a sample may try; each input reports one attempt.
ATTEMPTS = """
import os, socket

def shut(action):
    try:
        action()
    except BaseException:
        return True
    return False

HOME = os.path.expanduser("~")
TRIED = [
    shut(lambda: os.listdir("FOLDER")),
    shut(lambda: os.open("FOLDER/planted", os.O_CREAT | os.O_WRONLY)),
    shut(lambda: os.open("PACKAGES/planted.py", os.O_CREAT | os.O_WRONLY)),
    "KNK_SECRET" not in os.environ,
    HOME.startswith("/sandbox"),
    shut(lambda: socket.create_connection(("127.0.0.1", PORT), timeout=1)),
    shut(lambda: socket.socket()),
    shut(lambda: os.posix_spawn("/bin/sh", ["sh"], {})),
    shut(lambda: os.write(4, b"x")),
    shut(lambda: [0] * 10**10),
]

def tried(place):
    return TRIED[place]
"""


@needs_evalplus
def test_samples_cannot_read_write_or_connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    if not strongest().full:
        pytest.skip(f"the sandbox of this machine is incomplete: {strongest()}")
    packages = Path(package_folders()[0])
    problem = {**RANK, "entry_point": "tried", "canonical_solution": "", "prompt": "def tried(place): return True\n"}
    problem |= {"base_input": [[index] for index in range(5)], "plus_input": [[index] for index in range(5, 10)]}
    monkeypatch.setenv("KNK_SECRET", "x")
    monkeypatch.setenv("EVALPLUS_TIMEOUT_PER_TASK", "1")  # EvalPlus would compare this text with a number.
    monkeypatch.setenv("HOME", str(tmp_path))
    path = write_problems([problem], tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = ATTEMPTS.replace("FOLDER", str(tmp_path)).replace("PACKAGES", str(packages))
        code = code.replace("PORT", str(server.getsockname()[1]))
        samples = samples_of(code, problem=problem)
        confined = evaluate(samples, read_problems(path), min_seconds=SHORT_SECONDS, seconds=60)
        assert sorted(tmp_path.rglob("*")) == before
        samples = samples_of(code.replace(str(packages), str(tmp_path)), problem=problem)
        unconfined = evaluate(samples, read_problems(path), seconds=60, level=Level("none"), allow_weak_isolation=True)
    assert str(confined.samples[0]) == "base pass, plus pass"
    assert str(unconfined.samples[0]) == "base fail, plus fail on (0)"
    assert (tmp_path / "planted").exists()
    assert not (packages / "planted.py").exists()


@needs_evalplus
def test_the_time_for_all_samples_is_limited(tmp_path: Path) -> None:
    path = write_problems([BLEND], tmp_path)
    with pytest.raises(SandboxFailed, match="longer than 2 seconds"):
        evaluate(samples_of("import time\ntime.sleep(100)"), read_problems(path), min_seconds=30.0, seconds=2)
