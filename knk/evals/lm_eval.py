"""The benchmarks in lm-eval's terms: what its task files call, and stored answers scored and written as it does.

The task files are in `benchmarks/lm_eval` of the sources and beside this package where it is installed;
`include_path()` says where. lm-eval is the harness, the items, prompts and verdicts are this library's: so lm-eval and
`knk bench` give the same scores for the same answers.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from itertools import count
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

from knk.datasets.files import read
from knk.errors import BadFolder, BadSpec, MissingPackage
from knk.evals.grades import Mark, marks_of
from knk.evals.items import benchmark, items
from knk.files import read_json, whole_file
from knk.tasks.format import Prompt
from knk.tasks.source import Row

TASKS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "knk": tuple(f"knk_people_{people}" for people in range(3, 9)),
        "knk_grades": tuple(f"knk_grade_{grade}" for grade in range(1, 6)),
        "knk_perturbed": ("knk_perturbed",),
        "math500": ("knk_math500",),
        "mmlu_pro": ("knk_mmlu_pro",),
        "humaneval_plus": ("knk_humaneval_plus",),
    }
)
"""lm-eval's tasks for each benchmark."""
GROUPS: Final = ("knk", "knk_grades")
"""The benchmarks that are groups of tasks in lm-eval."""
OWN: Final[Mapping[str, str]] = MappingProxyType({"knk": "knk_own", "knk_grades": "knk_own_grades"})
"""The task for all of such a benchmark's items, in whatever groups: for puzzles from a local file."""
PUBLISHED: Final[Mapping[str, str]] = MappingProxyType({"minerva_math500": "minerva_math", "mmlu_pro": "mmlu_pro"})
"""lm-eval's own tasks that can be read from local files, and the folders that they are in."""


def include_path() -> Path:
    """Return the folder of task files that goes after `lm_eval --include_path`.

    >>> (include_path() / "knk.yaml").is_file()
    True
    """
    package = Path(__file__).parents[1]
    installed = package / "lm_eval"
    return installed if installed.is_dir() else package.parent / "benchmarks" / "lm_eval"


# What the task files call.


def documents(benchmark: str, group: str = "", style: str = "paper", **more: Any) -> dict[str, Any]:
    """Return a benchmark's items as lm-eval's documents, of one group if it is named.

    Args:
        benchmark: the benchmark's name.
        group: the group.
        style: the style of the prompts; see `knk.tasks.format`.
        more: what else stands in `--metadata`; a benchmark's name with a local file is read in place of the Hub.

    Raises:
        BadSpec: there are no such items.
    """
    from datasets import Dataset

    data = more.get(benchmark)
    rows = [row for row in items(benchmark, data) if not group or group in row["groups"]]
    if not rows:
        raise BadSpec(f"{benchmark} has no items in the group {group!r}")
    return {"test": Dataset.from_list([document(benchmark, row, style) for row in rows])}


def document(name: str, row: Row, style: str = "paper") -> Row:
    """Return an item as a document of lm-eval, with its prompt as text.

    Args:
        name: the benchmark's name.
        row: the item.
        style: the style of the prompt; see `knk.tasks.format`.
    """
    return {**row, "benchmark": name, "prompt": text_of_prompt(benchmark(name).prompt(row, style))}


def text_of_prompt(prompt: Prompt) -> str:
    """Return a prompt as lm-eval takes it: text, to which it puts a chat template by itself."""
    return prompt if isinstance(prompt, str) else prompt[-1]["content"]


def prompt(doc: Row) -> str:
    """Return a document's prompt."""
    return str(doc["prompt"])


def target(doc: Row) -> str:
    """Return what would be right, for whoever reads a log of samples."""
    return str(doc.get("answer") or doc.get("canonical_solution") or "")


def results(doc: Row, completions: Sequence[Any]) -> dict[str, float]:
    """Return an item's metrics, all of its answers taken together.

    Args:
        doc: the document.
        completions: its answers; in a list of their own, as lm-eval's filter for several leaves them, or not.
    """
    found = completions[0] if completions and isinstance(completions[0], list) else completions
    rows = [doc] * len(found)
    return metrics(marks_of(benchmark(doc["benchmark"]), rows, found, range(len(found))))


def metrics(marks: Sequence[Mark]) -> dict[str, float]:
    """Return the metrics of an item's marks, as lm-eval's task files name them.

    An answer without a verdict is not right; `knk bench` leaves it out, and says how many there are.
    """
    right = [float(bool(one.correct)) for one in marks]
    found = {
        "avg_at_k": fmean(right),
        "pass_at_k": max(right),
        "format_rate": fmean(float(one.has_format) for one in marks),
        "answer_rate": fmean(float(one.answered) for one in marks),
    }
    papers = [float(one.paper) for one in marks if one.paper is not None]
    return found | ({"paper_avg_at_k": fmean(papers)} if papers else {})


# lm-eval's own tasks on local files.


def repoint(folder: str | os.PathLike[str], data: Mapping[str, str | os.PathLike[str]]) -> list[str]:
    """Write task files for lm-eval's own tasks that read local files, and return the tasks' names.

    Each is lm-eval's own, word for word, but for where the rows come from; without the examples of a validation split,
    which MMLU-Pro's local rows have none of, it is asked without examples.

    Args:
        folder: where to write them, for `--include_path`.
        data: the local file for each of `PUBLISHED`, with the rows as published.

    Raises:
        BadSpec: there is no such task.
        MissingPackage: lm-eval is not installed.
    """
    lm_eval = _lm_eval()
    own = Path(lm_eval.__file__).parent / "tasks"
    names = []
    for name, path in data.items():
        if name not in PUBLISHED:
            raise BadSpec(f"{name!r} is not read from a local file; {', '.join(PUBLISHED)} are")
        files = sorted((own / PUBLISHED[name]).glob("mmlu_pro_*.yaml" if name == "mmlu_pro" else f"{name}.yaml"))
        local = [_write_local(Path(folder), file, Path(path).resolve()) for file in files]
        names += local
        if name == "mmlu_pro":
            group = {"group": "mmlu_pro_local", "task": local, "aggregate_metric_list": [_MMLU_MEAN]}
            _write_yaml(Path(folder) / "mmlu_pro_local.yaml", group)
            names.append("mmlu_pro_local")
    return names


_MMLU_MEAN: Final = {
    "metric": "exact_match",
    "aggregation": "mean",
    "weight_by_size": True,
    "filter_list": "custom-extract",
}


def _write_local(folder: Path, file: Path, data: Path) -> str:
    name = f"{file.stem}_local"
    kind = "parquet" if data.suffix == ".parquet" else "json"
    changed: dict[str, Any] = {
        "include": str(file),
        "task": name,
        "dataset_path": kind,
        "dataset_name": None,
        "dataset_kwargs": {"data_files": {"test": str(data)}},
    }
    if file.stem.startswith("mmlu_pro"):
        changed |= {"fewshot_split": None, "num_fewshot": 0}
    _write_yaml(folder / f"{name}.yaml", changed)
    return name


def _write_yaml(path: Path, value: Mapping[str, Any]) -> None:
    import yaml

    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(yaml.safe_dump(dict(value), sort_keys=False).encode())


# Stored answers in lm-eval.

Completions = Mapping[str, Sequence[str]]
"""The answers to each document, by its name (`name_of`), in the order of their numbers."""


def evaluate(
    names: Sequence[str],
    completions: Completions,
    *,
    tasks: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    include: str | os.PathLike[str] | None = None,
    defaults: bool = True,
) -> dict[str, Any]:
    """Score stored answers by lm-eval, and return what its `evaluate` returns, samples included.

    Args:
        names: lm-eval's tasks, such as `TASKS` lists, or groups of them.
        completions: the answers to each item of each task that is asked.
        tasks: what is changed about the tasks: `{"repeats": 2}` for two answers each.
        metadata: as in `lm_eval --metadata`.
        include: another folder of task files than this library's own.
        defaults: whether such files may build on lm-eval's own; to look through those takes seconds.

    Raises:
        BadSpec: some of an item's answers are missing, or there are none to any item.
        MissingPackage: lm-eval is not installed.
    """
    _lm_eval()
    from lm_eval.evaluator import evaluate as evaluated
    from lm_eval.tasks import TaskManager

    folder = Path(include or include_path())
    with _quiet(), TemporaryDirectory() as room:
        if tasks:
            folder = _changed(folder, Path(room), names, tasks)
        own = include is not None and defaults
        manager = TaskManager(include_path=str(folder), metadata=dict(metadata or {}), include_defaults=own)
        found = manager.load(list(names))
        kept = {name: _asked(task, completions) for name, task in found["tasks"].items()}
        if not any(kept.values()):
            raise BadSpec("none of the answers are to these tasks")
        for name in [name for name, asked in kept.items() if not asked]:
            del found["tasks"][name], kept[name]
        told = evaluated(_stored(completions), found, samples=kept, bootstrap_iters=100_000)
    return dict(told or {})


def sampled(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a task is changed to, so that it asks as answers were drawn.

    Args:
        parameters: how answers were drawn, as `Sampling.to_dict` returns them.

    >>> sampled({"n": 2, "temperature": 0.0, "max_tokens": 64})["repeats"]
    2
    """
    n = parameters["n"]
    temperature = parameters.get("temperature")
    given = {
        "do_sample": temperature != 0,
        "temperature": temperature,
        "top_p": parameters.get("top_p"),
        "top_k": parameters.get("top_k"),
        "max_gen_toks": parameters.get("max_tokens"),
        "until": list(parameters.get("stop") or []),
    }
    return {
        "repeats": n,
        "filter_list": [{"name": "samples", "filter": [{"function": "take_first_k", "k": n}]}],
        "generation_kwargs": {name: value for name, value in given.items() if value is not None},
    }


def _changed(folder: Path, room: Path, names: Sequence[str], changes: Mapping[str, Any]) -> Path:
    """Write files for tasks with changes, under their own names, and return the folder that they are in."""
    for name in names:
        if name in GROUPS:
            shutil.copyfile(folder / f"{name}.yaml", room / f"{name}.yaml")
        for task in TASKS[name] if name in GROUPS else (name,):
            _write_yaml(room / f"{task}.yaml", {"include": str(folder / f"{task}.yaml"), "task": task, **changes})
    return room


def _asked(task: Any, completions: Completions) -> list[int]:
    """The places of the documents that there are answers to."""
    return [place for place, doc in enumerate(task.eval_docs) if name_of(doc) in completions]


def name_of(doc: Row) -> str:
    """Return what names a document: ours has a name; of another's it is what it asks, options included."""
    if "benchmark" in doc:
        return str(doc["id"])
    return "\0".join([str(doc.get("problem") or doc.get("question")), *map(str, doc.get("options", ()))])


def _stored(completions: Completions) -> Any:
    """Return a model of lm-eval's that answers what is stored."""
    from lm_eval.api.model import LM

    class Stored(LM):  # type: ignore[misc] # lm-eval brings no types.
        """Answers what is stored, and refuses all else."""

        def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:  # noqa: ARG002
            """Return the stored answer to each request, the next one where it comes again."""
            numbers: dict[tuple[str | None, str], Any] = {}
            found = []
            for request in requests:
                name = name_of(request.doc)
                number = next(numbers.setdefault((request.task_name, name), count()))
                answers = completions.get(name, ())
                if number >= len(answers):
                    raise BadSpec(f"answer {number} to {name[:60]!r} is not stored")
                found.append(answers[number])
            return found

        def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
            """Refuse: answers have no likelihoods here."""
            raise NotImplementedError("only answers are stored")

        def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
            """Refuse, likewise."""
            raise NotImplementedError("only answers are stored")

    return Stored()


@contextmanager
def _quiet() -> Any:
    """Keep lm-eval's log, which tells of every task and file, to warnings."""
    log = logging.getLogger("lm_eval")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with redirect_stderr(StringIO()):  # Its progress bars know no other way to be quiet.
            yield
    finally:
        log.setLevel(before)


def write_results(folder: str | os.PathLike[str], model: str, told: Mapping[str, Any]) -> Path:
    """Write what `evaluate` returned as lm-eval's own command does, and return the results' file.

    `results_DATE.json` and a `samples_TASK_DATE.jsonl` for each task, in a folder named for the model. Paths of this
    machine are left out.

    Args:
        folder: where that folder goes.
        model: the model's name.
        told: what `evaluate` returned.
    """
    from lm_eval.utils import handle_non_serializable, sanitize_model_name

    place = Path(folder) / str(sanitize_model_name(model))
    place.mkdir(parents=True, exist_ok=True)
    for old in _replaced(place, told):
        old.unlink()
    now = datetime.now().isoformat().replace(":", "-")
    for task, samples in told.get("samples", {}).items():
        with whole_file(place / f"samples_{task}_{now}.jsonl") as file:
            for sample in samples:
                line = {**sample, "arguments": [list(map(str, one)) for one in sample["arguments"]]}
                file.write(json.dumps(line, default=handle_non_serializable, ensure_ascii=True).encode() + b"\n")
    results = {name: value for name, value in told.items() if name != "samples"}
    results["configs"] = {name: _portable(config) for name, config in results.get("configs", {}).items()}
    results |= {"model_source": "knk", "model_name": model, "model_name_sanitized": sanitize_model_name(model)}
    path = place / f"results_{now}.json"
    with whole_file(path) as file:
        file.write(json.dumps(results, indent=2, default=_by_name(handle_non_serializable)).encode() + b"\n")
    return path


def _replaced(place: Path, told: Mapping[str, Any]) -> list[Path]:
    """The files of an earlier run that hold nothing but what is written anew."""
    tasks = set(told.get("results", {}))
    samples = [path for task in tasks for path in place.glob(f"samples_{task}_[0-9]*T*.jsonl")]
    older = [path for path in place.glob("results_*.json") if set(read_json(path).get("results", {})) <= tasks]
    return [*older, *samples]


def logged(folder: str | os.PathLike[str], metric: str = "accuracy") -> dict[str, dict[str, float]]:
    """Return the score of each document in lm-eval's logs of samples, by task; of a task the newest log counts.

    Args:
        folder: where the logs are, or a folder above.
        metric: the metric; where it is "accuracy" and a task has none of that name, the first of the task's.

    Raises:
        BadSpec: a task has no such metric.
        BadFolder: a log is broken.
    """
    newest: dict[str, Path] = {}
    for path in sorted(Path(folder).rglob("samples_*.jsonl"), key=lambda path: path.stem[-_DATE:]):
        newest[path.stem[len("samples_") : -_DATE - 1]] = path
    return {task: _logged(path, metric) for task, path in newest.items()}


_DATE: Final = len("2026-01-31T12-00-00.000000")


def _logged(path: Path, metric: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in read(path):
        if not {"metrics", "doc_id", "doc_hash"} <= row.keys() or not row["metrics"]:
            raise BadFolder(f"{path} is no log of lm-eval's samples")
        named = row["metrics"][0] if metric == "accuracy" and metric not in row["metrics"] else metric
        value = row.get(named)
        if named not in row["metrics"] or not isinstance(value, int | float):
            raise BadSpec(f"{path.name} has no metric {metric!r}; it has {', '.join(map(str, row['metrics']))}")
        found[f"{row['doc_id']} {row['doc_hash']}"] = float(value)
    return found


def _portable(config: Mapping[str, Any]) -> dict[str, Any]:
    """A task's configuration without this machine's paths."""
    metadata = {name: value for name, value in config.get("metadata", {}).items() if name in ("version", "style")}
    return {**config, "metadata": metadata}


def _by_name(otherwise: Any) -> Any:
    # A function by its name; lm-eval would write where it lies in memory.
    return lambda value: value.__name__ if callable(value) else otherwise(value)


def check() -> None:
    """See that lm-eval is there, before hours are spent.

    Raises:
        MissingPackage: it is not installed.
    """
    if find_spec("lm_eval") is None:
        raise MissingPackage('lm-eval is not installed: pip install "knk[bench]", or go without it (--no-lm-eval)')


def _lm_eval() -> Any:
    try:
        return import_module("lm_eval")
    except ModuleNotFoundError as error:
        raise MissingPackage('lm-eval is not installed: pip install "knk[bench]"') from error
