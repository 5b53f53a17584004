"""Whole audits: the library's own rows, several processes, and empty datasets."""

from pathlib import Path

import pytest

from knk.datasets import stream
from knk.datasets.audit.checks import FAULTS
from knk.datasets.audit.run import audit
from knk.datasets.audit.sameness import LEVELS
from knk.datasets.files import read
from knk.generation.spec import Spec
from knk.logic.notation import decode
from tests.support.audit_rows import LIARS, counts, lines, notations


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_generated_rows_have_no_faults(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rows.{ending}"
    stream.write(path, Spec(people=(3, 6)), 60, seed=5)
    seen: list[int] = []
    result = audit(path, progress=seen.append)
    (part,) = result.parts
    assert result.ok
    assert result.leaks == ()
    assert (part.name, part.rows, sum(seen)) == (path.name, 60, 60)
    assert counts(part.faults) == dict.fromkeys(FAULTS, 0)
    assert [finding.total for finding in part.faults] == [60] * 5
    assert counts(part.duplicates) == dict.fromkeys(LEVELS, 0)
    assert sum(count for _, count in part.people) == 60
    rows = list(read(path))
    assert part.knights.count == sum(sum(row["solution"]) for row in rows)
    assert part.knights.total == sum(row["people"] for row in rows)
    assert sum(count for _, count in part.kinds) == sum(len(decode(row["puzzle"]).statements) for row in rows)


def test_several_processes_find_the_same_problems(tmp_path: Path) -> None:
    stream.write(tmp_path / "train.parquet", Spec(people=3), 450, seed=1)
    stream.write(tmp_path / "test.jsonl", Spec(people=3), 150, seed=2)
    lines(tmp_path / "test-2.jsonl", [{"puzzle": "Ann,Bob 0:?"}, {"riddle": "Who?"}, {"puzzle": LIARS, "answer": "no"}])
    alone = audit(tmp_path)
    done: list[int] = []
    assert audit(tmp_path, progress=done.append, processes=2, single_process_rows=10) == alone
    assert sum(done) == 603
    assert not alone.ok


def test_an_empty_dataset_has_no_faults(tmp_path: Path) -> None:
    result = audit(notations(tmp_path / "none.jsonl"), notations(tmp_path / "one.jsonl", LIARS))
    assert result.ok
    assert result.parts[0].knights.share == 0.0
    assert result.leaks[0].levels == ()
