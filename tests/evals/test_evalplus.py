"""HumanEval+ by EvalPlus: its own figures, what it is kept from, and where the library's verifier says otherwise."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from knk.evals.evalplus_compare import Difference, compare

from benchmarks.evalplus import generate
from benchmarks.evalplus.score import main
from knk.errors import BadFile, BadFolder, BadRow, KnkError, MissingPackage, SandboxFailed
from knk.evals import evalplus, evalplus_compare
from knk.evals.evalplus import (
    Sample,
    Scores,
    figure,
    held_out,
    pass_at,
    problems_of,
    read_samples,
    sample_of,
    score,
)
from knk.sandbox.model import Level
from knk.sandbox.run import strongest
from knk.tasks import humaneval_plus
from tests.support.attacks.code import (
    ATTACKS,
    HONEST,
    INPUTS,
    ROW,
)
from tests.support.faulty_server import FaultyServer
from tests.support.paths import ROOT
from tests.support.tiny_models import save_tiny_model
from tests.tasks.test_humaneval_plus import (
    ALL,
    PUBLISHED,
    RANK,
    SCALE,
    ZERO,
    needs_data,
    written,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="model code is run on Linux and macOS alone")
needs_evalplus = pytest.mark.skipif(find_spec("evalplus") is None, reason="EvalPlus is in the extra 'bench'")
SHORT = 1.0
BLEND = {
    "task_id": "Mine/0",
    "prompt": ROW["stub"],
    "canonical_solution": ROW["canonical_solution"],
    "entry_point": "blend",
    "base_input": INPUTS[:2],
    "plus_input": INPUTS[2:],
    "atol": 0,
}


def data_of(items: Any, folder: Path) -> Path:
    return written([{**item, "contract": ""} for item in items], folder)


def solution(item: dict[str, Any]) -> str:
    return f"{item['prompt']}{item['canonical_solution']}"


def samples_of(*codes: str, item: dict[str, Any] = BLEND) -> list[Sample]:
    return [Sample(item["task_id"], code) for code in codes]


def judged(path: Path, samples: list[Sample], **options: Any) -> tuple[Scores, list[Difference]]:
    scores = score(samples, problems_of(path), parallel=2, min_seconds=SHORT, seconds=300, **options)
    return scores, compare(scores, samples, path)


# Files.


def test_samples_are_whole_programs_or_the_end_of_the_stub(tmp_path: Path) -> None:
    problems = problems_of(data_of([SCALE], tmp_path))
    lines = [{"task_id": "Mine/0", "solution": "x = 1"}, {"task_id": "Mine/0", "completion": "    return 1\n"}]
    path = tmp_path / "samples.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    whole, continued = read_samples(path, problems)
    assert whole == Sample("Mine/0", "x = 1")
    assert continued.solution == f"{SCALE['prompt']}    return 1\n"


@pytest.mark.parametrize("item", [SCALE, RANK])
def test_a_completion_gives_the_sample_that_the_verifier_reads(item: dict[str, Any], tmp_path: Path) -> None:
    (row,) = humaneval_plus.rows("test", data_of([item], tmp_path))
    body = item["canonical_solution"]
    header = next(line for line in item["prompt"].splitlines() if f"def {item['entry_point']}" in line)
    for answer in (f"```python\n{header}\n{body}\n```", f"```\n{header}\n{body}\n```\nSo.", body, solution(item)):
        completion = f"Hm.</think><answer>{answer}</answer>"
        sample = sample_of(completion, row)
        assert humaneval_plus.verify(completion, row)
        assert humaneval_plus.verify(evalplus_compare.completion(sample.solution), row)
        compile(sample.solution, "sample", "exec")
    assert sample_of("<answer>1</answer><answer>2</answer>", row) == Sample(item["task_id"], "")


@pytest.mark.parametrize(
    "line", [{}, {"task_id": "Mine/0"}, {"task_id": "Mine/0", "solution": 1}, {"task_id": "Mine/9", "solution": ""}]
)
def test_what_is_no_sample_is_refused(line: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps(line))
    with pytest.raises(BadRow):
        read_samples(path, problems_of(data_of([SCALE], tmp_path)))


def test_files_that_are_not_there_or_no_problems_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile):
        problems_of(tmp_path / "none.jsonl")
    with pytest.raises(BadFile):
        read_samples(tmp_path / "none.jsonl", {})
    with pytest.raises(BadRow, match="contract"):
        problems_of(written([SCALE], tmp_path))
    with pytest.raises(BadFile):
        held_out(data_of([SCALE], tmp_path))


def test_every_problem_has_a_sample_and_every_sample_a_problem(tmp_path: Path) -> None:
    problems = problems_of(data_of([SCALE, RANK], tmp_path))
    with pytest.raises(BadRow, match="1 of 2 problems have no sample"):
        score(samples_of(solution(SCALE), item=SCALE), problems)
    with pytest.raises(BadRow, match="Mine/9"):
        score([Sample("Mine/9", "")], problems)


def test_walls_that_leave_files_open_are_refused_unless_it_is_said(tmp_path: Path) -> None:
    problems = problems_of(data_of([SCALE], tmp_path))
    with pytest.raises(SandboxFailed, match="files of this user, network") as caught:
        score(samples_of(solution(SCALE), item=SCALE), problems, level=Level("none"))
    assert "\n" not in str(caught.value)
    for level in (Level("namespaces"), Level("bubblewrap", seccomp=True), Level("none", seccomp=True, landlock=True)):
        assert evalplus._closed(level, open_walls=False) is level
    assert evalplus._closed(Level("none"), open_walls=True) == Level("none")


def test_a_missing_evalplus_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evalplus, "find_spec", lambda _: None)
    with pytest.raises(MissingPackage, match="bench"):
        score(samples_of(solution(SCALE), item=SCALE), problems_of(data_of([SCALE], tmp_path)), open_walls=True)


def test_what_comes_back_is_read_as_hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problems, samples = problems_of(data_of([SCALE], tmp_path)), samples_of("", item=SCALE)
    monkeypatch.setattr(evalplus, "_packages", list)
    good: dict[str, Any] = {
        "version": "0.3.1",
        "defective": True,
        "lines": [],
        "samples": {"Mine/0": [["pass", "fail", ""]]},
    }
    answers: list[Any] = [
        good,
        {},
        [],
        {**good, "samples": {"Mine/0": []}},
        {**good, "samples": {"Mine/0": [["pass"]]}},
        "[",
    ]
    for answer in answers:
        monkeypatch.setattr(evalplus, "run_script", lambda *_, told=answer, **__: json.dumps(told).encode())
        if answer is good:
            assert not score(samples, problems, open_walls=True).samples[0].correct
        else:
            with pytest.raises(SandboxFailed, match="what came back"):
                score(samples, problems, open_walls=True)


def test_the_chance_that_one_of_k_is_correct() -> None:
    assert pass_at(5, 0, 1) == 0
    assert pass_at(5, 5, 5) == 1
    assert pass_at(4, 1, 2) == pytest.approx(0.5)


# What EvalPlus says.


@needs_evalplus
def test_a_file_of_a_few_problems_is_scored(tmp_path: Path) -> None:
    path = data_of(ALL, tmp_path)
    samples = [Sample(str(item["task_id"]), solution(item)) for item in ALL]
    samples.insert(1, Sample("Mine/1", f"{RANK['prompt']}    return [], len(words)\n"))
    scores, differences = judged(path, samples)
    assert [(one.task_id, one.number, one.base, one.plus) for one in scores.samples] == [
        ("Mine/0", 0, "pass", "pass"),
        ("Mine/1", 0, "fail", "fail"),
        ("Mine/1", 1, "pass", "pass"),
        ("Mine/2", 0, "pass", "pass"),
        ("Mine/3", 0, "pass", "pass"),
    ]
    assert scores.samples[1].failed == "['pear', 'fig', 'apple'], 4"
    assert scores.level == strongest()
    assert scores.reported[-1] == "pass@1:\t0.875"
    assert figure(scores).pass_at == {1: 0.875}
    assert figure(scores, {"Mine/1"}).to_dict() == {"tasks": 1, "samples": 2, "base": 1, "plus": 1, "pass@1": 0.5}
    assert differences == []


@needs_evalplus
def test_roots_are_counted_unless_it_is_as_shipped(tmp_path: Path) -> None:
    path = data_of([ZERO], tmp_path)
    samples = samples_of(solution(ZERO), "def find_zero(xs): return 7.0", "def find_zero(xs): 1 / 0", "", item=ZERO)
    scores, differences = judged(path, samples)
    assert [one.correct for one in scores.samples] == [True, False, False, False]
    assert differences == []
    assert (scores.version, scores.roots, scores.as_shipped) == ("0.3.1", frozenset({"Mine/2"}), 0)
    shipped, differences = judged(path, samples, mended=False)
    assert [one.correct for one in shipped.samples] == [False] * 4
    assert [one.explanation for one in differences] == ["EvalPlus 0.3.1 fails every root of this problem"]


# What a sample may try; the values are told by which input fails.

PRYING = """
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
def test_a_sample_reads_writes_and_calls_nothing_unless_all_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    if not strongest().full:
        pytest.skip(f"the walls of this machine are not full: {strongest()}")
    packages = Path(evalplus._packages()[0])
    item = {**RANK, "entry_point": "tried", "canonical_solution": "", "prompt": "def tried(place): return True\n"}
    item |= {"base_input": [[place] for place in range(5)], "plus_input": [[place] for place in range(5, 10)]}
    monkeypatch.setenv("KNK_SECRET", "x")
    monkeypatch.setenv("EVALPLUS_TIMEOUT_PER_TASK", "1")  # EvalPlus would compare this text with a number.
    monkeypatch.setenv("HOME", str(tmp_path))
    path = data_of([item], tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = PRYING.replace("FOLDER", str(tmp_path)).replace("PACKAGES", str(packages))
        code = code.replace("PORT", str(server.getsockname()[1]))
        scores = score(samples_of(code, item=item), problems_of(path), min_seconds=SHORT, seconds=60)
        assert sorted(tmp_path.rglob("*")) == before
        code = code.replace(str(packages), str(tmp_path))
        open_to_all = score(
            samples_of(code, item=item), problems_of(path), seconds=60, level=Level("none"), open_walls=True
        )
    assert str(scores.samples[0]) == "base pass, plus pass"
    assert str(open_to_all.samples[0]) == "base fail, plus fail on (0)"
    assert (tmp_path / "planted").exists()
    assert not (packages / "planted.py").exists()


@needs_evalplus
def test_time_for_all_is_limited(tmp_path: Path) -> None:
    path = data_of([BLEND], tmp_path)
    with pytest.raises(SandboxFailed, match="longer than 2 seconds"):
        score(samples_of("import time\ntime.sleep(100)"), problems_of(path), min_seconds=30.0, seconds=2)


# Where the two differ.

READS_FRAME = """
import sys

def blend(words, times):
    frame = sys._getframe(1)
    return frame.f_locals["expected"][frame.f_locals["i"]]
"""
COUNTS_CALLS = """
calls = []

def blend(words, times):
    calls.append(words)
    if len(calls) > 3:
        return None
    mixed = [word * times for word in sorted(words)]
    return mixed, sum(map(len, mixed))
"""


@needs_evalplus
def test_differences_are_explained_by_what_was_seen(tmp_path: Path) -> None:
    by_idea = {attack.idea: attack.code for attack in ATTACKS}
    codes = {
        by_idea["an object that equals everything"]: "type Same, which says itself that it is equal",
        by_idea["a tuple that equals everything"]: 'returns what is {"tuple":[1,2]} and no {"tuple":',
        READS_FRAME: "looks into the process where EvalPlus compares (_getframe)",
        by_idea["writing what is no line of the worker's"]: "writes into files that are not its own",
        by_idea["a file left behind"]: "uses what EvalPlus takes away from a program (open)",
        ROW["canonical_solution"]: "needs the imports and helpers of the stub",
        COUNTS_CALLS: "",
    }
    scores, differences = judged(data_of([BLEND], tmp_path), samples_of(HONEST, *codes))
    assert [one.number for one in differences] == list(range(1, len(codes) + 1))
    for one, wanted in zip(differences, codes.values(), strict=True):
        assert one.explanation.startswith(wanted) or (wanted and wanted in one.explanation), one
        assert bool(one.explanation) is bool(wanted)
    assert differences[0].ours == "wrong: input 1: Same"
    assert differences[0].evalplus == "base pass, plus pass"
    assert figure(scores).plus == 6


PAIRS = {**SCALE, "prompt": "def pairs(n):\n", "canonical_solution": "    return [[n / 3, 1.0]]\n"}
PAIRS |= {"entry_point": "pairs", "base_input": [[1]], "plus_input": [[2]], "atol": 1e-6}
TWICE = {"base_input": [[1], [2]], "plus_input": [[1], [2]], "atol": 0}
THEN_INTS = {**PAIRS, **TWICE, "canonical_solution": "    return [0.5] if n == 1 else [n]\n"}
WHOLE = {**PAIRS, "canonical_solution": "    return n + 1e-9\n"}


@needs_evalplus
@pytest.mark.parametrize(
    ("item", "code", "passes_there", "explanation"),
    [
        (PAIRS, "def pairs(n): return [(n / 3, 1.0)]", True, "a tuple and a list"),
        (THEN_INTS, "def pairs(n): return [0.5] if n == 1 else [n + 1e-8]", True, "within a millionth"),
        (PAIRS, "import numpy\ndef pairs(n): return [[n / 3, 1.0]]", True, "imports what is no part of the standard"),
        (WHOLE, "def pairs(n): return n", False, "a whole number or True that is near enough"),
        (
            ZERO,
            solution(ZERO) + "\n\nroot = find_zero\ndef find_zero(xs): x = root(xs); xs[0] = 9; return x",
            False,
            "a root",
        ),
    ],
)
def test_where_each_is_more_lenient(
    item: dict[str, Any], code: str, passes_there: bool, explanation: str, tmp_path: Path
) -> None:
    scores, differences = judged(data_of([item], tmp_path), samples_of(code, item=item))
    assert [one.correct for one in scores.samples] == [passes_there]
    assert [one.explanation[: len(explanation)] for one in differences] == [explanation]


@needs_evalplus
def test_what_passes_with_more_time_is_explained(tmp_path: Path) -> None:
    path = data_of([BLEND], tmp_path)
    samples = samples_of(HONEST + "\nimport time\nhonest = blend\ndef blend(*a): time.sleep(0.3); return honest(*a)\n")
    scores = score(samples, problems_of(path), min_seconds=0.1, seconds=60)
    assert scores.samples[0].base == "fail"
    (one,) = compare(scores, samples, path)
    assert one.explanation == "passes when EvalPlus gives it four times the time, which it counts by the clock"


@needs_evalplus
@pytest.mark.slow
def test_every_attack_is_explained(tmp_path: Path) -> None:
    """And none stops EvalPlus, as writing into its pipes would."""
    filled = {"SECRET": "/nowhere/solution.py", "FOLDER": "/nowhere", "PORT": "9", "PARENT": "1"}
    codes = [attack.code for attack in ATTACKS]
    for word, place in filled.items():
        codes = [code.replace(word, place) for code in codes]
    scores, differences = judged(data_of([BLEND], tmp_path), samples_of(*codes))
    assert [one.number for one in differences if not one.explanation] == []
    cheats = [one for one in differences if one.evalplus == "base pass, plus pass"]
    assert len(cheats) >= 7
    assert len(scores.samples) == len(ATTACKS)


@needs_evalplus
@needs_data
@pytest.mark.slow
def test_the_published_solutions_are_all_right() -> None:
    problems = problems_of(PUBLISHED)
    samples = [Sample(name, solution(row)) for name, row in problems.items()]
    scores = score(samples, problems)
    assert [one for one in scores.samples if not one.correct] == []
    assert (scores.as_shipped, scores.roots) == (163, frozenset({"HumanEval/32"}))
    everything, ours = figure(scores), figure(scores, held_out(PUBLISHED))
    assert (everything.tasks, everything.plus, everything.pass_at) == (164, 164, {1: 1.0})
    assert (ours.tasks, ours.plus) == (114, 114)
    assert compare(scores, samples, PUBLISHED) == []


# The commands.


@needs_evalplus
def test_the_command_prints_figures_and_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = data_of([BLEND, ZERO], tmp_path)
    samples = tmp_path / "samples.jsonl"
    samples.write_text(json.dumps({"task_id": "Mine/0", "solution": COUNTS_CALLS}) + "\n")
    with pytest.raises(SystemExit, match="1 of 2 problems have no sample"):
        main([str(samples), "--data", str(path)])
    with pytest.raises(SystemExit) as caught:
        main([str(samples), "--data", str(path), "--partial", "--min-time-limit", "1"])
    assert caught.value.code == 1
    assert "NOT EXPLAINED" in capsys.readouterr().out
    main(["--data", str(path), "--json", "--min-time-limit", "1"])
    told = json.loads(capsys.readouterr().out)
    assert told["figures"] == {"all": {"tasks": 2, "samples": 2, "base": 2, "plus": 2, "pass@1": 1.0}}
    assert (told["ours"], told["as shipped"], told["differences"]) == (2, 1, [])
    main(["--data", str(path), "--as-shipped", "--min-time-limit", "1"])
    out = capsys.readouterr().out
    assert "right roots of Mine/2: not counted; as shipped: 1 of 2" in out
    assert "EvalPlus 0.3.1 fails every root" in out


def test_models_with_code_of_their_own_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match=r"config\.json"):
        generate.refuse_custom_code(tmp_path)
    tmp_path.joinpath("config.json").write_text("{}")
    generate.refuse_custom_code(tmp_path)
    tmp_path.joinpath("tokenizer_config.json").write_text('{"auto_map": {"AutoTokenizer": ["own.Own", null]}}')
    with pytest.raises(BadFolder, match="auto_map"):
        generate.refuse_custom_code(tmp_path)


@needs_evalplus
@pytest.mark.slow
def test_a_server_is_asked(tmp_path: Path) -> None:
    server = FaultyServer(lambda *_: "ok")
    server.start()
    path = data_of([SCALE, RANK], tmp_path)
    command = [sys.executable, "-m", "benchmarks.evalplus.generate", "model", "--backend", "openai"]
    command += ["--base-url", server.url, "--data", str(path), "--out", str(tmp_path / "out")]
    try:
        run = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    finally:
        server.close()
    assert run.returncode == 0, run.stderr
    made = read_samples(run.stdout.splitlines()[-1], problems_of(path))
    assert [sample.task_id for sample in made] == ["Mine/0", "Mine/1"]


@needs_evalplus
def test_a_server_that_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from evalplus.gen.util import openai_request

    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("no such model\nat all")

    monkeypatch.setattr(openai_request, "make_request", refuse)
    monkeypatch.setattr(openai_request, "make_auto_request", None)
    generate._fail_early()
    with pytest.raises(KnkError, match=r"the server: ConnectionError: no such model$"):
        openai_request.make_auto_request(None, message="")


@needs_evalplus
@pytest.mark.slow
def test_a_tiny_model_writes_samples_that_are_scored(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = data_of([SCALE, RANK], tmp_path)
    save_tiny_model(tmp_path / "model", [solution(SCALE), solution(RANK)], "Qwen2")
    command = [sys.executable, "-m", "benchmarks.evalplus.generate", str(tmp_path / "model"), "--data", str(path)]
    command += ["--out", str(tmp_path / "out"), "--max-new-tokens", "20", "--dtype", "float32"]
    run = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HOME": str(tmp_path / "hf")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    made = Path(run.stdout.splitlines()[-1])
    problems = problems_of(path)
    samples = read_samples(made, problems)
    assert [sample.task_id for sample in samples] == ["Mine/0", "Mine/1"]
    scores = score(samples, problems, min_seconds=SHORT, seconds=60)
    assert figure(scores).plus == 0
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "--resume" in again.stderr
