"""The benchmarks that the tasks' entries describe."""

import pytest

from knk import tasks
from knk.evals.lm_eval.tasks import include_path
from knk.tasks.benchmark import BenchmarkEntry

ENTRIES = [entry for name in tasks.NAMES for entry in tasks.load(name).BENCHMARKS]


def test_each_benchmark_has_a_unique_name() -> None:
    names = [entry.name for entry in ENTRIES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.name for entry in ENTRIES])
def test_each_lm_eval_task_has_a_file(entry: BenchmarkEntry) -> None:
    names = {*entry.lm_eval.names, *([entry.name] if entry.lm_eval.is_group else [])}
    for name in names | ({entry.lm_eval.local} - {""}):
        assert (include_path() / f"{name}.yaml").is_file()


def test_benchmarks_on_puzzles_name_each_row_and_its_groups() -> None:
    for entry in tasks.load("kk").BENCHMARKS:
        rows = list(entry.items(None))
        assert rows
        assert all(row["id"] and row["groups"] for row in rows)
