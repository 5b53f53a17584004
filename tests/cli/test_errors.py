"""Bad input: one line on stderr, and exit status 2."""

import json
from pathlib import Path

import pytest

from tests.support.commands import LIARS, LIARS_TEXT, Run

BAD_INPUT = [
    ((), "generate --grade 9", "expected grade as a number or a range from 1 to 5"),
    ((), "generate --grade hard", "--grade: expected a number or a range"),
    ((), "generate --target nesting", "--target: expected measures such as"),
    ((), "generate --target nesting:x", "--target nesting: expected a number or a range"),
    ((), "generate --target people:3", "'people' is a Spec field"),
    ((), "generate --grade 2 --target nesting:2", "no puzzle can have"),
    ((), "generate --people 3 --grade 3 -n 123 --format notation", "122 of 1,964 examined have grade 3"),
    ((), "corpus build nothing.yaml -o x", "nothing.yaml: no such file"),
    ((), "corpus build docs/corpora.md -o x", "not YAML"),
    ((), "corpus build", "missing "),
    ((), "corpus audit nothing.parquet", "nothing.parquet: no such file"),
    ((), "corpus biuld", "did you mean 'build'"),
    ((), "generate --people x", "--people: expected a number or a range"),
    ((), "generate --people 7-3", "the smaller number first, got (7, 3)"),
    ((), "generate --people 0", "people"),
    ((), "generate -n -1", "-n: expected a number from 0 up, got -1; see"),
    ((), "generate -n many", "-n: expected a whole number, got 'many'; see"),
    ((), "generate --depth -1", "expected a depth from 0 to 5, got -1"),
    ((), "generate --depth", "--depth needs a value"),
    ((), "generate --presett rich", "unknown option --presett: did you mean --preset or"),
    ((), "generate a b", "unexpected argument: a b"),
    ((), "corpus export x -o y", "missing --to: expected one of public, grpo, sft"),
    ((), "bench comparee a b", "unknown command 'comparee': did you mean 'compare'? See 'knk bench --help'"),
    ((), "bench table nowhere", "nowhere: no such folder"),
    ((), "plan nothing.yaml", "nothing.yaml: no such file"),
    ((), "teach corpus -o out --tokens-per-second 9", "--tokens-per-second needs --dry-run"),
    ((), "teach corpus -o out --tokenizer gpt2", "--tokenizer needs --dry-run"),
    ((), "teach corpus -o out --answer-tokens 9", "--answer-tokens needs --dry-run"),
    ((), "solve pyproject.toml", "pyproject.toml: "),
    (
        (),
        "generate --preset plain",
        "unknown --preset 'plain': expected one of classic, rich; see 'knk generate --help'",
    ),
    ((), "generate --kinds and:x", "--kinds"),
    ((), "generate --kinds maybe", "maybe"),
    ((), "generate --roles elf", "--roles: expected pairs such as angel/demon, got 'elf'"),
    ((), "generate -o /nowhere/puzzles.jsonl", "/nowhere"),
    ((), "generate --people 2 -n 1000 --format notation", "41"),
    ((), "solve", "the input is empty"),
    (("---", "---"), "solve", "the input is empty"),
    ((), "solve puzzle.txt", "puzzle.txt: no such file"),
    ((), "solve Ann", "Ann: no such file, and not a puzzle"),
    ((), "solve /", "/: no such file"),
    ((), "verify", "missing "),
    ((), "verify - Ann", "the input is empty"),
    ((), "solve --jsn", "'knk solve --help'"),
    ((), "slove", "did you mean 'solve'"),
    ((), "--verbose", "'knk --help'"),
    (("Ann,Bob 0:-1 one",), "solve", "line 1: "),
    ((LIARS, "Ann,Bob 0:*1"), "solve", "line 2: "),
    (("Ann: Bob is a walrus.",), "solve", "walrus"),
    ((LIARS_TEXT, "---", "Ann was born a knave."), "solve", "puzzle 2: "),
    (("{",), "solve", "line 1: expected a JSON object"),
    (("{}",), "solve", "'puzzle', 'text', 'quiz'"),
    (('{"puzzle": 1}',), "solve", "line 1: "),
    (("{" * 100_000,), "solve", "line 1: "),
    (('{"puzzle": "Ann 0:-0"}', "[]"), "solve", "got list"),
    ((json.dumps({"puzzle": LIARS, "completion": ["Ann"]}),), "verify -", "got list"),
    ((json.dumps({"puzzle": LIARS, "completion": "Ann is a knight."}),), "verify - Ann", "has its own completion"),
    ((LIARS,), "verify -", "missing answer"),
    ((LIARS, LIARS), "verify - Ann", "has no completion"),
    ((), "verify Ann,Bob answer.txt", "answer.txt: no such file"),
    (("Ann is a knave.",), "verify Ann,Bob", "more than one"),
]


@pytest.mark.parametrize(("piped", "line", "words"), BAD_INPUT, ids=lambda value: str(value)[:40])
def test_bad_input_is_one_line_on_stderr_and_status_2(run: Run, piped: tuple[str, ...], line: str, words: str) -> None:
    result = run(*line.split(), piped="\n".join(piped))
    assert result.status == 2
    assert result.err.startswith("knk: ")
    assert result.err.count("\n") == 1
    assert words in result.err


def test_other_encodings_are_bad_input(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "puzzle.txt"
    path.write_bytes("José: Ann lies.".encode("latin-1"))
    for result in (run("solve", path), run("solve", piped=path.read_bytes()), run("verify", LIARS, path)):
        assert result.status == 2
        assert "not UTF-8 text" in result.err
        assert result.err.count("\n") == 1
