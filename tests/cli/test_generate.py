"""`knk generate`."""

import json
from pathlib import Path

import pytest

import knk
from tests.support.commands import Run, run_shell


def test_notation_is_one_puzzle_per_line(run: Run) -> None:
    result = run("generate", "--people", "4", "-n", "3", "--format", "notation")
    puzzles = [knk.decode(line) for line in result.out.splitlines()]
    assert puzzles == list(knk.generate(people=4, n=3))
    assert (result.status, result.err) == (0, "")


def test_english_puzzles_are_separated_by_dashes(run: Run) -> None:
    blocks = run("generate", "--people", "3", "-n", "3").out.split("\n---\n")
    assert [knk.parse(block) for block in blocks] == list(knk.generate(people=3, n=3))


def test_json_lines_are_rows(run: Run) -> None:
    rows = [json.loads(line) for line in run("generate", "-n", "2", "-f", "jsonl").out.splitlines()]
    assert [row["puzzle"] for row in rows] == [knk.encode(puzzle) for puzzle in knk.generate(n=2)]


def test_seed_and_style_change_the_output(run: Run) -> None:
    def output(*arguments: str) -> str:
        return run("generate", *arguments).out

    assert output("--seed", "1") == output("--seed", "1") != output("--seed", "2")
    assert output("--style", "classic").rstrip().endswith("So who is a knight and who is a knave?")


def test_every_option_sets_its_field_of_the_spec(run: Run) -> None:
    arguments = ["--people", "2-3", "--statements", "1-2", "--kinds", "atom,and:2", "--roles", "elf/goblin,owl/fox"]
    arguments += ["--depth", "2", "--width", "3", "--self-accusation", "--trivial", "--duplicates", "--no-balanced"]
    result = run("generate", "-n", "5", "--format", "notation", "--seed", "-3", *arguments)
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
    assert result.out.splitlines() == [knk.encode(puzzle) for puzzle in knk.generate(spec, 5, -3)]


def test_options_override_the_preset(run: Run) -> None:
    result = run("generate", "--preset", "rich", "--people", "3", "--format", "notation", "-n", "4")
    assert result.out.splitlines() == [knk.encode(puzzle) for puzzle in knk.generate(preset="rich", people=3, n=4)]


def test_puzzles_have_the_target_grade_and_measures(run: Run) -> None:
    arguments = ["--preset", "rich", "--grade", "3-4", "--target", "steps:10-20, nesting:1"]
    result = run("generate", "-n", "5", "--format", "notation", *arguments)
    target = {"grade": (3, 4), "steps": (10, 20), "nesting": 1}
    assert result.out.splitlines() == [knk.encode(p) for p in knk.generate(preset="rich", n=5, target=target)]


@pytest.mark.parametrize("name", ["puzzles.parquet", "puzzles.jsonl"])
def test_the_puzzles_in_a_file_can_be_solved(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    result = run("generate", "--people", "3", "-n", "20", "-o", path)
    assert result == (0, f"{path}: 20 puzzles\n", "")
    assert [row["puzzle"] for row in knk.datasets.files.read(path)] == [
        knk.encode(p) for p in knk.generate(people=3, n=20)
    ]
    assert len(run("solve", path).out.splitlines()) == 20


def test_a_file_of_one_puzzle_is_counted_in_the_singular(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "puzzle.jsonl"
    assert run("generate", "-n", "1", "-o", path).out == f"{path}: 1 puzzle\n"


def test_progress_shows_a_bar(run: Run, tmp_path: Path) -> None:
    assert "20/20" in run("generate", "-n", "20", "-o", tmp_path / "a.jsonl", "--progress").err


@pytest.mark.parametrize("name", ["puzzles.parquet", "puzzles.jsonl"])
def test_too_few_puzzles_are_a_one_line_error_and_no_file(tmp_path: Path, name: str) -> None:
    result = run_shell(f"knk generate --people 2 -n 1000 -o {tmp_path / name}")
    assert (result.status, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert "only 28" in result.err
    assert not list(tmp_path.iterdir())


def test_an_unknown_file_type_is_rejected(run: Run, tmp_path: Path) -> None:
    result = run("generate", "-o", tmp_path / "puzzles.txt")
    assert result.status == 2
    assert ".parquet" in result.err
    assert not list(tmp_path.iterdir())
