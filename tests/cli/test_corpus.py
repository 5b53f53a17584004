"""`knk corpus build`, `audit`, `export` and `sft`."""

import hashlib
import json
from pathlib import Path

import pytest

from knk.datasets.build import build
from knk.datasets.config import CorpusConfig, PartConfig
from knk.datasets.files import read
from knk.generation.spec import Spec
from knk.teacher.export import EXPORT_FORMATS
from tests.support.commands import Run
from tests.support.teacher_answers import write_answers

CORPUS = """
seed: 3
shares: {train: 0.5, test: 0.5}
parts:
  - {name: easy, people: 3, grade: 1, rows: 40}
  - {name: more, people: 4, rows: 1000, splits: [test]}
"""


def test_a_corpus_is_built_and_audited(run: Run, tmp_path: Path) -> None:
    (tmp_path / "corpus.yaml").write_text(CORPUS)
    folder = tmp_path / "corpus"
    command = ("corpus", "build", tmp_path / "corpus.yaml", "-o", folder)
    status, out, err = run(*command, "--progress")
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
    again = run(*command, "--json")
    assert json.loads(again.out) == {
        "rows": 1040,
        "counts": counts,
        "folder": str(folder),
        "manifest_sha256": digest,
    }
    result = run("corpus", "audit", folder)
    assert (result.status, result.err) == (0, "")
    assert "test rows that are also in train" in result.out


def test_a_dry_run_builds_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "corpus.yaml").write_text(CORPUS)
    command = ("corpus", "build", tmp_path / "corpus.yaml", "--dry-run")
    assert run(*command).out.splitlines()[1].split() == ["easy", "20", "20", "40"]
    result = json.loads(run(*command, "--json", "-o", tmp_path / "corpus").out)
    assert result["counts"] == {"train": {"easy": 20}, "test": {"easy": 20, "more": 1000}}
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.yaml"]


def test_an_interrupted_build_resumes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "corpus.yaml").write_text(CORPUS)
    command = ("corpus", "build", tmp_path / "corpus.yaml", "--json", "-o")
    complete = json.loads(run(*command, tmp_path / "whole").out)

    def interrupt(_rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(CorpusConfig.from_text(CORPUS), tmp_path / "cut", progress=interrupt)
    assert (tmp_path / "cut" / ".unfinished").exists()
    assert json.loads(run(*command, tmp_path / "cut").out) == complete | {"folder": str(tmp_path / "cut")}


def test_an_audit_reports_leaks_and_fails(run: Run, tmp_path: Path) -> None:
    for name, seed in (("train", "1"), ("test", "2")):
        run("generate", "--people", "3", "-n", "300", "--seed", seed, "-o", tmp_path / f"{name}.jsonl")
    result = run("corpus", "audit", tmp_path / "train.jsonl", tmp_path / "test.jsonl")
    assert (result.status, result.err) == (1, "")
    assert "test.jsonl rows that are also in train.jsonl" in result.out
    audit = json.loads(run("corpus", "audit", tmp_path, "--json").out)
    assert not audit["ok"]
    assert audit["leaks"][0]["levels"][-1]["count"] > 20
    assert run("corpus", "audit", tmp_path / "train.jsonl").status == 0


def test_a_group_without_a_command_prints_its_help(run: Run) -> None:
    result = run("corpus")
    assert result == run("corpus", "--help")
    assert (result.status, result.err) == (0, "")
    assert "build" in result.out
    assert "audit" in result.out


@pytest.mark.parametrize("name", EXPORT_FORMATS)
@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_export_writes_rows_in_each_format(run: Run, tmp_path: Path, name: str, suffix: str) -> None:
    build(CorpusConfig((PartConfig(Spec(people=4), 60, "four"),)), tmp_path / "corpus")
    path = tmp_path / f"rows.{suffix}"
    result = run("corpus", "export", tmp_path / "corpus", "--to", name, "--limit", "7", "-o", path)
    assert result == (0, f"{path}: 7 rows\n", "")
    rows = list(read(path))
    assert len(rows) == 7
    assert ("quiz" in rows[0]) == (name == "public")
    assert ("completion" in rows[0]) == (name == "sft")


def test_exporting_a_missing_split_is_bad_input(run: Run, tmp_path: Path) -> None:
    result = run("corpus", "export", tmp_path, "--to", "grpo")
    assert result.status == 2
    assert "no such split: expected files train/*.parquet" in result.err


def test_sft_writes_a_folder_and_prints_a_table(run: Run, tmp_path: Path) -> None:
    command = ("corpus", "sft", write_answers(tmp_path / "answers"))
    result = run(*command, "-o", tmp_path / "rows", "--keep", "correct")
    assert (result.status, result.err) == (0, "")
    assert "12 kept" in result.out
    assert "6 dropped: incorrect" in result.out
    assert json.loads(run(*command, "-o", tmp_path / "again", "--json").out)["kept"] == 24
    assert run(*command) == (2, "", "knk: missing --output DIR\n")
    assert "is not empty" in run(*command, "-o", tmp_path / "rows").err
