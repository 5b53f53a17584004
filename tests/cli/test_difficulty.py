"""`knk difficulty`."""

import json

import knk
from tests.support.commands import Run


def test_grades_are_counted_by_number_of_people_and_charted(run: Run) -> None:
    lines = [knk.encode(puzzle) for puzzle in knk.generate(people=(3, 4), n=30, seed=1)]
    output = run("difficulty", piped="\n".join(lines)).out.splitlines()
    assert output[0].split() == ["people", *(word for grade in "12345" for word in ("grade", grade)), "puzzles"]
    counts = [list(map(int, line.split())) for line in output[1:3]]
    assert [row[0] for row in counts] == [3, 4]
    assert sum(row[-1] for row in counts) == 30
    graded = [json.loads(line) for line in run("difficulty", "--json", piped="\n".join(lines)).out.splitlines()]
    assert [item["puzzle"] for item in graded] == lines
    for row in counts:
        grades = [item["grade"] for item in graded if item["people"] == row[0]]
        assert row[1:] == [*(grades.count(grade) for grade in range(1, 6)), len(grades)]
    assert [line[0] for line in output[4:]] == ["1", "2", "3", "4", "5"]
    assert output[4].count("#") == round(40 * sum(item["grade"] == 1 for item in graded) / 30)


def test_a_puzzle_without_a_unique_solution_is_bad_input(run: Run) -> None:
    for command in ("explain", "difficulty"):
        result = run(command, "Ann: Bob is a knight.")
        assert (result.status, result.out) == (2, "")
        assert result.err == "knk: more than one assignment of roles fits what the people say\n"
