"""The command line as its users meet it: what it prints, what it returns, and how it says that something is wrong."""

import hashlib
import io
import itertools
import json
import os
import pty
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

import knk
from knk import cli
from tests.support.paths import ROOT

COMMAND = [sys.executable, "-m", "knk"]
LIARS = "Ann,Bob 0:-1 1:&(-0,-1)"  # Ann: "Bob is a knave." Bob: "We are both knaves."
LIARS_SOLVED = "Ann is a knight and Bob is a knave."
TEXT = "Ann: Bob is a knave. Bob: Ann is a knave and Bob is a knave."


class Told(NamedTuple):
    """What a command came to."""

    status: int
    out: str
    err: str


Run = Callable[..., Told]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process, with something piped into it."""

    def run(*arguments: str | Path, piped: str | bytes = "") -> Told:
        data = piped if isinstance(piped, bytes) else piped.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        status = cli.main([str(argument) for argument in arguments])
        return Told(status, *capsys.readouterr())

    return run


def shell(line: str, cwd: Path = ROOT) -> Told:
    """Run a line of shell in which `knk` is this command."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable}
    whole = f'set -o pipefail; knk() {{ "$PYTHON" -m knk "$@"; }}; {line}'
    result = subprocess.run(
        ["bash", "-c", whole], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    return Told(result.returncode, result.stdout, result.stderr)


# Proofs and grades.


def test_a_proof_is_told_in_prose(run: Run) -> None:
    told = run("explain", LIARS)
    assert told.status == 0
    assert "So Bob is a knave." in told.out
    assert told.out.endswith("(1) Ann is a knight\n(2) Bob is a knave\n")
    assert run("explain", LIARS, "--style", "answer-only").out == "(1) Ann is a knight\n(2) Bob is a knave\n"
    assert run("explain", LIARS, "--style", "long").out != run("explain", LIARS, "--style", "long", "--seed", "1").out
    told = json.loads(run("explain", TEXT, "--style", "long", "--json").out)
    assert (told["puzzle"], told["style"]) == (LIARS, "long")
    assert told["text"].endswith("(2) Bob is a knave")


def test_what_has_no_proof_is_bad_input(run: Run) -> None:
    for command in ("explain", "difficulty"):
        told = run(command, "Ann: Bob is a knight.")
        assert (told.status, told.out) == (2, "")
        assert told.err == "knk: more than one assignment of roles fits what the people say\n"


def test_grades_are_counted_by_size_and_drawn(run: Run) -> None:
    lines = [knk.encode(puzzle) for puzzle in knk.generate(people=(3, 4), n=30, seed=1)]
    told = run("difficulty", piped="\n".join(lines)).out.splitlines()
    assert told[0].split() == ["people", *(word for grade in "12345" for word in ("grade", grade)), "puzzles"]
    counts = [list(map(int, line.split())) for line in told[1:3]]
    assert [row[0] for row in counts] == [3, 4]
    assert sum(row[-1] for row in counts) == 30
    graded = [json.loads(line) for line in run("difficulty", "--json", piped="\n".join(lines)).out.splitlines()]
    assert [item["puzzle"] for item in graded] == lines
    for row in counts:
        grades = [item["grade"] for item in graded if item["people"] == row[0]]
        assert row[1:] == [*(grades.count(grade) for grade in range(1, 6)), len(grades)]
    assert [line[0] for line in told[4:]] == ["1", "2", "3", "4", "5"]
    assert told[4].count("#") == round(40 * sum(item["grade"] == 1 for item in graded) / 30)


# Making puzzles.


def test_notation_is_a_puzzle_a_line(run: Run) -> None:
    told = run("generate", "--people", "4", "-n", "3", "--format", "notation")
    puzzles = [knk.decode(line) for line in told.out.splitlines()]
    assert puzzles == list(knk.generate(people=4, n=3))
    assert (told.status, told.err) == (0, "")


def test_text_is_a_puzzle_between_dashes(run: Run) -> None:
    blocks = run("generate", "--people", "3", "-n", "3").out.split("\n---\n")
    assert [knk.parse(block) for block in blocks] == list(knk.generate(people=3, n=3))


def test_json_lines_hold_the_rows(run: Run) -> None:
    rows = [json.loads(line) for line in run("generate", "-n", "2", "-f", "jsonl").out.splitlines()]
    assert [row["puzzle"] for row in rows] == [knk.encode(puzzle) for puzzle in knk.generate(n=2)]


def test_the_seed_and_the_style_are_passed_on(run: Run) -> None:
    def told(*arguments: str) -> str:
        return run("generate", *arguments).out

    assert told("--seed", "1") == told("--seed", "1") != told("--seed", "2")
    assert told("--style", "classic").rstrip().endswith("So who is a knight and who is a knave?")


def test_all_options_of_a_specification_reach_it(run: Run) -> None:
    arguments = ["--people", "2-3", "--statements", "1-2", "--kinds", "atom,and:2", "--roles", "elf/goblin,owl/fox"]
    arguments += ["--depth", "2", "--width", "3", "--self-accusation", "--trivial", "--duplicates", "--no-balanced"]
    told = run("generate", "-n", "5", "--format", "notation", "--seed", "-3", *arguments)
    spec = knk.Spec(
        people=(2, 3),
        kinds=(("atom", 1.0), ("and", 2.0)),
        depth=2,
        width=3,
        statements=(1, 2),
        self_accusation=True,
        trivial=True,
        duplicates=True,
        balanced=False,
        roles=(("elf", "goblin"), ("owl", "fox")),
    )
    assert told.out.splitlines() == [knk.encode(puzzle) for puzzle in knk.generate(spec, 5, -3)]


def test_a_preset_is_what_the_options_change(run: Run) -> None:
    told = run("generate", "--preset", "rich", "--people", "3", "--format", "notation", "-n", "4")
    assert told.out.splitlines() == [knk.encode(puzzle) for puzzle in knk.generate(preset="rich", people=3, n=4)]


def test_the_choices_are_those_of_the_library() -> None:
    from knk.cli.corpus.export import Format as ExportFormat
    from knk.cli.corpus.sft import Keep
    from knk.cli.generate import FORMATS, Format
    from knk.cli.options import Dialect, Split
    from knk.cli.teach import Preset as TeachPreset
    from knk.generation.presets import PRESET_NAMES
    from knk.inference.sampling import PRESETS
    from knk.inference.server import DIALECTS
    from knk.tasks.source import SPLITS
    from knk.teacher.export import EXPORT_FORMATS
    from knk.teacher.sft.policy import Keep as LibraryKeep

    assert tuple(knk.PRESETS) == PRESET_NAMES
    assert get_args(TeachPreset) == tuple(PRESETS)
    assert get_args(Format) == tuple(FORMATS)
    assert get_args(ExportFormat) == EXPORT_FORMATS
    assert get_args(Keep) == get_args(LibraryKeep)
    assert get_args(Dialect) == DIALECTS
    assert get_args(Split) == SPLITS


def test_grades_and_measures_are_searched_for(run: Run) -> None:
    arguments = ["--preset", "rich", "--grade", "3-4", "--target", "steps:10-20, nesting:1"]
    told = run("generate", "-n", "5", "--format", "notation", *arguments)
    target = {"grade": (3, 4), "steps": (10, 20), "nesting": 1}
    assert told.out.splitlines() == [knk.encode(p) for p in knk.generate(preset="rich", n=5, target=target)]


@pytest.mark.parametrize("name", ["puzzles.parquet", "puzzles.jsonl"])
def test_a_file_holds_the_puzzles_and_can_be_solved(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    told = run("generate", "--people", "3", "-n", "20", "-o", path)
    assert told == (0, f"{path}: 20 puzzles\n", "")
    assert [row["puzzle"] for row in knk.datasets.files.read(path)] == [
        knk.encode(p) for p in knk.generate(people=3, n=20)
    ]
    assert len(run("solve", path).out.splitlines()) == 20


def test_a_bar_is_shown_where_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    assert "20/20" in run("generate", "-n", "20", "-o", tmp_path / "a.jsonl", "--progress").err


@pytest.mark.parametrize("name", ["puzzles.parquet", "puzzles.jsonl"])
def test_a_file_that_cannot_be_filled_is_one_line_and_no_file(tmp_path: Path, name: str) -> None:
    told = shell(f"knk generate --people 2 -n 1000 -o {tmp_path / name}")
    assert (told.status, told.out) == (2, "")
    assert told.err.count("\n") == 1
    assert "only 28" in told.err
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_kind_is_refused(run: Run, tmp_path: Path) -> None:
    told = run("generate", "-o", tmp_path / "puzzles.txt")
    assert told.status == 2
    assert ".parquet" in told.err
    assert not list(tmp_path.iterdir())


# Solving them.


@pytest.mark.parametrize("puzzle", [LIARS, TEXT, json.dumps({"puzzle": LIARS}), json.dumps({"quiz": TEXT})])
def test_a_puzzle_in_any_form_is_solved(run: Run, tmp_path: Path, puzzle: str) -> None:
    path = tmp_path / "puzzle"
    path.write_text(f"\ufeff{puzzle}\n", encoding="utf-8")
    assert run("solve", puzzle) == (0, f"{LIARS_SOLVED}\n", "")
    assert run("solve", path) == (0, f"{LIARS_SOLVED}\n", "")
    assert run("solve", piped=f"\n{puzzle}\n") == (0, f"{LIARS_SOLVED}\n", "")
    assert run("solve", "-", piped=puzzle) == (0, f"{LIARS_SOLVED}\n", "")


def test_english_may_have_paragraphs_and_dashes_separate_puzzles(run: Run) -> None:
    paragraphs = TEXT.replace(" Bob:", "\n\nBob:")
    assert run("solve", piped=paragraphs).out == f"{LIARS_SOLVED}\n"
    assert run("solve", piped=f"---\n{paragraphs}\n---\n{TEXT}\n---\n").out == f"{LIARS_SOLVED}\n" * 2


def test_other_role_words_are_kept(run: Run) -> None:
    assert run("solve", "Ann,Bob angel/demon 0:&(-0,-1)").out == "Ann is a demon and Bob is an angel.\n"


def test_no_solution_and_several_are_said(run: Run) -> None:
    assert run("solve", "Ann 0:-0") == (1, "No solution: nothing fits what they say.\n", "")
    assert run("solve", "Ann,Bob 0:+1") == (1, "2 solutions; nobody is the same in all of them.\n", "")
    told = run("solve", "Ann,Bob,Cid 0:&(-0,-1)")
    assert told == (1, "2 solutions; in all of them Ann is a knave and Bob is a knight.\n", "")
    assert run("solve", "A,B,C,D,E,F,G").out == "More than 100 solutions; nobody is the same in all of them.\n"


def test_json_tells_the_same(run: Run) -> None:
    lines = "\n".join([LIARS, "Ann 0:-0", "Ann,Bob,Cid 0:&(-0,-1)", "A,B,C,D,E,F,G"])
    told = run("solve", "--json", piped=lines)
    assert told.status == 1
    assert [json.loads(line) for line in told.out.splitlines()] == [
        {"puzzle": LIARS, "solutions": 1, "more": False, "roles": {"Ann": "knight", "Bob": "knave"}},
        {"puzzle": "Ann 0:-0", "solutions": 0, "more": False, "roles": {}},
        {
            "puzzle": "Ann,Bob,Cid 0:&(-0,-1)",
            "solutions": 2,
            "more": False,
            "roles": {"Ann": "knave", "Bob": "knight"},
        },
        {"puzzle": "A,B,C,D,E,F,G", "solutions": 100, "more": True, "roles": {}},
    ]


# Marking answers.

RIGHT = "Ann is a knight, and Bob is a knave."
WRONG = "Ann is a knave, and Bob is a knight."


@pytest.mark.parametrize(("answer", "status"), [(RIGHT, 0), (WRONG, 1), ("dunno", 1), ("", 1)])
def test_an_answer_is_judged(run: Run, tmp_path: Path, answer: str, status: int) -> None:
    path = tmp_path / "answer.txt"
    path.write_text(answer, encoding="utf-8")
    verdict = knk.verify(answer, knk.decode(LIARS))
    expected = Told(status, f"{verdict}\n", "")
    assert run("verify", LIARS, path) == expected
    assert run("verify", LIARS, piped=answer) == expected
    if answer:
        assert run("verify", LIARS, answer) == expected
        assert run("verify", "-", answer, piped=TEXT) == expected


def test_a_verdict_as_json(run: Run) -> None:
    told = run("verify", "--json", LIARS, WRONG)
    verdict = knk.verify(WRONG, knk.decode(LIARS))
    claims = {"Ann": False, "Bob": True}
    assert json.loads(told.out) == {"correct": False, "reason": verdict.reason, "claims": claims}


def test_json_lines_bring_their_answers(run: Run, tmp_path: Path) -> None:
    rows = [{"puzzle": LIARS, "completion": answer} for answer in (RIGHT, WRONG)]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for told in (run("verify", path, "--json"), run("verify", "-", "--json", piped=path.read_text(encoding="utf-8"))):
        assert told.status == 1
        assert [json.loads(line)["correct"] for line in told.out.splitlines()] == [True, False]
    assert run("verify", json.dumps(rows[0])).status == 0


# Datasets.

CORPUS = """
seed: 3
shares: {train: 0.5, test: 0.5}
parts:
  - {name: easy, people: 3, grade: 1, rows: 40}
  - {name: more, people: 4, rows: 1000, splits: [test]}
"""


def test_a_corpus_is_built_and_audited(run: Run, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(CORPUS)
    folder = tmp_path / "corpus"
    build = ("corpus", "build", tmp_path / "spec.yaml", "-o", folder)
    status, out, err = run(*build, "--progress")
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    counts = json.loads((folder / "manifest.json").read_text())["counts"]
    train, test = counts["train"]["easy"], counts["test"]["easy"]
    assert (status, train + test) == (0, 40)
    assert "1040/1040" in err
    assert [line.split() for line in out.splitlines()] == [
        ["part", "train", "test", "rows"],
        ["easy", str(train), str(test), "40"],
        ["more", "0", "1,000", "1,000"],
        ["all", str(train), f"{1000 + test:,}", "1,040"],
        [f"{folder}:", "1,040", "rows,", "manifest", digest],
    ]
    again = run(*build, "--json")
    assert json.loads(again.out) == {
        "rows": 1040,
        "counts": counts,
        "folder": str(folder),
        "manifest_sha256": digest,
    }
    told = run("corpus", "audit", folder)
    assert (told.status, told.err) == (0, "")
    assert "test rows that are also in train" in told.out


def test_a_dry_run_builds_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(CORPUS)
    build = ("corpus", "build", tmp_path / "spec.yaml", "--dry-run")
    assert run(*build).out.splitlines()[1].split() == ["easy", "20", "20", "40"]
    told = json.loads(run(*build, "--json", "-o", tmp_path / "corpus").out)
    assert told["counts"] == {"train": {"easy": 20}, "test": {"easy": 20, "more": 1000}}
    assert [path.name for path in tmp_path.iterdir()] == ["spec.yaml"]


def test_a_corpus_that_was_cut_off_is_gone_on_with(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from knk.datasets import build as build_module
    from knk.datasets import journal

    (tmp_path / "spec.yaml").write_text(CORPUS)
    build = ("corpus", "build", tmp_path / "spec.yaml", "--json", "-o")
    monkeypatch.setattr(build_module, "BATCH", 1000)
    whole = json.loads(run(*build, tmp_path / "whole").out)
    with monkeypatch.context() as patch:
        written, kept = itertools.count(), journal._write_table

        def write(path: Path, table: Any) -> str:
            if next(written) == 3:
                raise RuntimeError("cut off")
            return kept(path, table)

        patch.setattr(journal, "_write_table", write)
        with pytest.raises(RuntimeError, match="cut off"):
            run(*build, tmp_path / "cut")
    assert (tmp_path / "cut" / ".unfinished").exists()
    assert json.loads(run(*build, tmp_path / "cut").out) == whole | {"folder": str(tmp_path / "cut")}


def test_an_audit_that_finds_something_says_so(run: Run, tmp_path: Path) -> None:
    for name, seed in (("train", "1"), ("test", "2")):
        run("generate", "--people", "3", "-n", "300", "--seed", seed, "-o", tmp_path / f"{name}.jsonl")
    told = run("corpus", "audit", tmp_path / "train.jsonl", tmp_path / "test.jsonl")
    assert (told.status, told.err) == (1, "")
    assert "test.jsonl rows that are also in train.jsonl" in told.out
    found = json.loads(run("corpus", "audit", tmp_path, "--json").out)
    assert not found["ok"]
    assert found["leaks"][0]["levels"][-1]["count"] > 20
    assert run("corpus", "audit", tmp_path / "train.jsonl").status == 0


def test_the_group_of_commands_has_help(run: Run) -> None:
    told = run("corpus")
    assert told == run("corpus", "--help")
    assert (told.status, told.err) == (0, "")
    assert "build" in told.out
    assert "audit" in told.out


# Bad input.

BAD = [
    ((), "generate --grade 9", "grade is a number from 1 to 5"),
    ((), "generate --grade hard", "--grade: expected a number or a range"),
    ((), "generate --target nesting", "--target: expected measures such as"),
    ((), "generate --target nesting:x", "--target nesting: expected a number or a range"),
    ((), "generate --target people:3", "'people' is no target"),
    ((), "generate --grade 2 --target nesting:2", "no puzzle can have"),
    ((), "generate --people 3 --grade 3 -n 123 --format notation", "122 have grade 3"),
    ((), "corpus build nothing.yaml -o x", "nothing.yaml: No such file"),
    ((), "corpus build docs/corpora.md -o x", "not YAML"),
    ((), "corpus build", "Missing argument"),
    ((), "corpus audit nothing.parquet", "there is no file or folder 'nothing.parquet'"),
    ((), "corpus biuld", "Did you mean 'build'"),
    ((), "generate --people x", "--people: expected a number or a range"),
    ((), "generate --people 7-3", "people"),
    ((), "generate --people 0", "people"),
    ((), "generate -n -1", "-n"),
    ((), "generate -n many", "-n"),
    ((), "generate --preset plain", "'classic', 'rich'; see 'knk generate --help'"),
    ((), "generate --kinds and:x", "--kinds"),
    ((), "generate --kinds maybe", "maybe"),
    ((), "generate --roles elf", "role"),
    ((), "generate -o /nowhere/puzzles.jsonl", "/nowhere"),
    ((), "generate --people 2 -n 1000 --format notation", "41"),
    ((), "solve", "the input is empty"),
    (("---", "---"), "solve", "the input is empty"),
    ((), "solve puzzle.txt", "'puzzle.txt' is neither an existing file"),
    ((), "solve Ann", "'Ann' is neither an existing file"),
    ((), "solve /", "'/' is neither an existing file"),
    ((), "verify", "Missing argument"),
    ((), "verify - Ann", "the input is empty"),
    ((), "solve --jsn", "'knk solve --help'"),
    ((), "slove", "Did you mean 'solve'"),
    ((), "--verbose", "'knk --help'"),
    (("Ann,Bob 0:-1 one",), "solve", "line 1: "),
    ((LIARS, "Ann,Bob 0:*1"), "solve", "line 2: "),
    (("Ann: Bob is a walrus.",), "solve", "walrus"),
    ((TEXT, "---", "Ann was born a knave."), "solve", "puzzle 2: "),
    (("{",), "solve", "line 1: expected a JSON object"),
    (("{}",), "solve", "'puzzle', 'text', 'quiz'"),
    (('{"puzzle": 1}',), "solve", "line 1: "),
    (("{" * 100_000,), "solve", "line 1: "),
    (('{"puzzle": "Ann 0:-0"}', "[]"), "solve", "got list"),
    ((json.dumps({"puzzle": LIARS, "completion": ["Ann"]}),), "verify -", "got list"),
    ((json.dumps({"puzzle": LIARS, "completion": RIGHT}),), "verify - Ann", "has its own completion"),
    ((LIARS,), "verify -", "missing answer"),
    ((LIARS, LIARS), "verify - Ann", "has no completion"),
    ((), "verify Ann,Bob answer.txt", "no such file: 'answer.txt'"),
    (("Ann is a knave.",), "verify Ann,Bob", "more than one"),
]


@pytest.mark.parametrize(("piped", "line", "words"), BAD, ids=[f"{line} < {piped}"[:60] for piped, line, _ in BAD])
def test_bad_input_is_one_line_on_stderr_and_status_2(run: Run, piped: tuple[str, ...], line: str, words: str) -> None:
    told = run(*line.split(), piped="\n".join(piped))
    assert told.status == 2
    assert told.err.startswith("knk: ")
    assert told.err.count("\n") == 1
    assert words in told.err


def test_what_is_not_utf_8_is_bad_input(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "puzzle.txt"
    path.write_bytes("José: Ann lies.".encode("latin-1"))
    for told in (run("solve", path), run("solve", piped=path.read_bytes()), run("verify", LIARS, path)):
        assert told.status == 2
        assert "not UTF-8 text" in told.err
        assert told.err.count("\n") == 1


def test_a_command_line_alone_says_what_there_is(run: Run) -> None:
    told = run()
    assert told == run("--help") == run("-h")
    assert told.status == 0
    assert all(verb in told.out for verb in ("generate", "solve", "verify"))
    assert run("--version") == (0, f"knk {knk.__version__}\n", "")


# As a process among others.


def test_pipes_work() -> None:
    told = shell("knk generate -n 3 --people 4 --preset rich --format notation | knk solve")
    assert (told.status, told.err, told.out.count("\n")) == (0, "", 3)
    told = shell("knk generate -n 3 --people 4 | knk solve --json")
    assert (told.status, told.err, told.out.count("\n")) == (0, "", 3)
    assert shell(f"knk verify '{LIARS}' \"$(knk solve '{LIARS}')\"").status == 0


def test_a_closed_pipe_is_quiet() -> None:
    told = shell("knk generate -n 100000 --format notation | head -n 1")
    assert (told.status, told.err, told.out.count("\n")) == (141, "", 1)


def test_a_full_disk_is_a_line() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    told = shell("knk generate -n 1000 --format notation > /dev/full")
    assert (told.status, told.err) == (2, "knk: No space left on device\n")


@pytest.mark.parametrize("arguments", [["--format", "notation"], ["-o", "puzzles.parquet"]])
def test_an_interrupt_is_quiet_and_leaves_nothing(tmp_path: Path, arguments: list[str]) -> None:
    with subprocess.Popen(
        [*COMMAND, "generate", "-n", "5000000", "--people", "8", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        until = time.monotonic() + 60
        while not _at_work(process, tmp_path, "-o" in arguments) and time.monotonic() < until:
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)  # As a terminal does: to the command and to all that it started.
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert not list(tmp_path.iterdir())


def _at_work(process: subprocess.Popen[str], folder: Path, to_file: bool) -> bool:
    """Whether some of the output is there."""
    if to_file:
        return any(path.stat().st_size > 1000 for path in folder.iterdir())
    assert process.stdout
    return bool(process.stdout.readline())


def on_a_terminal(*arguments: str) -> str:
    """What a command shows on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "TERM": "xterm"}
    process = subprocess.run(
        [*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment, check=False, timeout=60
    )
    os.close(theirs)
    shown = b""
    while chunk := _read(ours):
        shown += chunk
    os.close(ours)
    assert process.returncode in (0, 2)
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that the other end is closed.
        return b""


def test_lines_fit_a_terminal() -> None:
    shown = on_a_terminal("generate", "--people", "6")
    assert len(shown.splitlines()) > 3
    assert max(map(len, shown.splitlines())) <= 80
    assert knk.parse(shown) == next(knk.generate(people=6))
    for command in ("generate", "solve", "verify"):
        assert max(map(len, on_a_terminal(command, "--help").splitlines())) <= 80


def test_a_terminal_is_not_waited_for() -> None:
    assert on_a_terminal("solve") == "knk: missing puzzle: give it in quotes or as a file, or pipe it in\n"
    assert on_a_terminal("verify", LIARS).startswith("knk: missing answer")


def test_the_reference_is_what_the_help_says() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "cli_reference.py"))
    page = script["PAGE"].read_text(encoding="utf-8")
    assert page == script["reference"](), "docs/cli.md is stale: run make docs-cli"
