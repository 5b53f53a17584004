"""The task files: one for each task of each benchmark, and groups that list their tasks."""

import yaml

from knk.evals.items import BENCHMARKS
from knk.evals.lm_eval.tasks import include_path, is_group, task_names


def test_every_task_of_every_benchmark_has_a_file() -> None:
    files = {path.stem: path.read_text() for path in include_path().glob("*.yaml")}
    expected = {task for name in BENCHMARKS for task in task_names(name, group=False)}
    expected |= {task for name in BENCHMARKS for task in (*task_names(name), *task_names(name, local=True))}
    assert set(files) == expected
    for name in filter(is_group, BENCHMARKS):
        assert yaml.safe_load(files[name])["task"] == list(task_names(name, group=False))
