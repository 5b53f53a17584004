"""Have lm-eval score stored completions."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from knk.errors import BadSpec
from knk.evals.lm_eval.local_tasks import write_task_file
from knk.evals.lm_eval.tasks import import_lm_eval, include_path, is_group, task_names
from knk.tasks.source import Row

StoredCompletions = Mapping[str, Sequence[str]]
"""The completions of each document, by `document_id`, in the order of their sample indices."""


def evaluate(
    names: Sequence[str],
    completions: StoredCompletions,
    *,
    changes: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    include: str | os.PathLike[str] | None = None,
    include_defaults: bool = True,
) -> dict[str, Any]:
    """Score stored completions by lm-eval, and return the result of its `evaluate`, samples included.

    Args:
        names: lm-eval tasks or groups, such as `task_names` returns.
        completions: the completions of each item; items without completions are left out.
        changes: changes to the tasks' configurations: `{"repeats": 2}` for two completions of each item.
        metadata: the value of `lm_eval --metadata`.
        include: a folder of task files to use in place of this library's.
        include_defaults: whether files in `include` may build on lm-eval's own, which takes seconds to index.

    Raises:
        BadSpec: some of an item's completions are missing, or no item has any.
        MissingPackage: lm-eval is not installed.
    """
    import_lm_eval()
    from lm_eval.evaluator import evaluate as lm_eval_evaluate
    from lm_eval.tasks import TaskManager

    folder = Path(include or include_path())
    with _silenced(), TemporaryDirectory() as temporary:
        if changes:
            folder = _write_changed_tasks(folder, Path(temporary), names, changes)
        needs_defaults = include is not None and include_defaults
        manager = TaskManager(include_path=str(folder), metadata=dict(metadata or {}), include_defaults=needs_defaults)
        loaded = manager.load(list(names))
        indices = {name: _answered_documents(task, completions) for name, task in loaded["tasks"].items()}
        if not any(indices.values()):
            raise BadSpec("none of the completions belong to these tasks")
        for name in [name for name, answered in indices.items() if not answered]:
            del loaded["tasks"][name], indices[name]
        result = lm_eval_evaluate(_stored_model(completions), loaded, samples=indices, bootstrap_iters=100_000)
    return dict(result or {})


def sampling_changes(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes to a task's configuration that make it sample as stored completions were sampled.

    Args:
        parameters: the sampling parameters, as `Sampling.to_dict` returns them.

    >>> sampling_changes({"n": 2, "temperature": 0.0, "max_tokens": 64})["repeats"]
    2
    """
    n = parameters["n"]
    temperature = parameters.get("temperature")
    generation = {
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
        "generation_kwargs": {name: value for name, value in generation.items() if value is not None},
    }


def document_id(doc: Row) -> str:
    """Return the id of this library's document; for a document of lm-eval's own tasks its question and options."""
    if "benchmark" in doc:
        return str(doc["id"])
    return "\0".join([str(doc.get("problem") or doc.get("question")), *map(str, doc.get("options", ()))])


def _write_changed_tasks(folder: Path, target: Path, names: Sequence[str], changes: Mapping[str, Any]) -> Path:
    """Write changed copies of tasks, under their own names, and return the folder of the copies."""
    for name in names:
        if is_group(name):
            shutil.copyfile(folder / f"{name}.yaml", target / f"{name}.yaml")
        for task in task_names(name, group=False) if is_group(name) else (name,):
            write_task_file(target / f"{task}.yaml", {"include": str(folder / f"{task}.yaml"), "task": task, **changes})
    return target


def _answered_documents(task: Any, completions: StoredCompletions) -> list[int]:
    """The indices of the documents that have completions."""
    return [index for index, doc in enumerate(task.eval_docs) if document_id(doc) in completions]


def _stored_model(completions: StoredCompletions) -> Any:
    """A model of lm-eval's that returns stored completions."""
    from lm_eval.api.model import LM

    class StoredModel(LM):  # type: ignore[misc] # lm-eval has no type hints.
        """A model that returns stored completions, and cannot do anything else."""

        def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:  # noqa: ARG002
            """Return the stored completion for each request: the next sample if a document comes again."""
            samples: dict[tuple[str | None, str], Iterator[int]] = {}
            generated = []
            for request in requests:
                doc = document_id(request.doc)
                sample = next(samples.setdefault((request.task_name, doc), count()))
                stored = completions.get(doc, ())
                if sample >= len(stored):
                    raise BadSpec(f"completion {sample} of {doc[:60]!r} is not stored")
                generated.append(stored[sample])
            return generated

        def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
            """Fail: stored completions have no likelihoods."""
            raise NotImplementedError("only completions are stored")

        def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
            """Fail: stored completions have no likelihoods."""
            raise NotImplementedError("only completions are stored")

    return StoredModel()


@contextmanager
def _silenced() -> Iterator[None]:
    """Silence lm-eval's log and progress bars, which report every task and file."""
    log = logging.getLogger("lm_eval")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with redirect_stderr(StringIO()):  # The progress bars cannot be switched off in any other way.
            yield
    finally:
        log.setLevel(level)
