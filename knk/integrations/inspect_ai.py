"""Any task as one of Inspect's: `inspect eval knk/domain -T name=kk -T people=5 --model ...`.

Inspect finds the task by an entry point. It sends the prompt in the style "chat"; its scorer reports the verdict of the
task's `verify`: right or not, with the verdict's text as the explanation, or unscored if the verifier could not decide.
"""

from __future__ import annotations

from typing import Any

from knk.errors import MissingPackage
from knk.integrations.common import chat_prompt, rows_of, verdict_of, verifier_columns
from knk.tasks import load
from knk.tasks.source import Row, field

try:
    from anyio.to_thread import run_sync
    from inspect_ai import Task, task
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, accuracy, scorer, stderr
    from inspect_ai.solver import TaskState, generate
except ImportError as error:
    raise MissingPackage("an Inspect task needs Inspect: pip install '.[inspect]'") from error


@task  # type: ignore[untyped-decorator] # Inspect is not followed by the type checker
def domain(name: str = "kk", split: str = "held-out", data: str | None = None, **options: Any) -> Task:
    """Return a task of `knk.tasks` as Inspect's.

    Args:
        name: one of `knk.tasks.NAMES`.
        split: "train", "held-out" or "test".
        data: a local file with the published rows, or for puzzles a corpus; generated or from the Hub if not given.
        options: other options of the task; for puzzles `n`, `people`, `grade` and `seed`.

    Raises:
        BadTask: there is no such task, or it has no such option.
        BadFile: there is no such split or file.
    """
    rows = rows_of(name, split, data, **options)
    return Task(
        dataset=MemoryDataset([_sample(name, row) for row in rows], name=f"{name}-{split}"),
        solver=generate(),
        scorer=verdict(name),
    )


def _sample(name: str, row: Row) -> Sample:
    # No id: two items of a published dataset may ask the same and share an identity, so Inspect numbers them.
    return Sample(
        input=chat_prompt(name, row),
        target=str(row.get("answer", "")),
        metadata={"id": row["id"], "row": verifier_columns(name, row)},
    )


@scorer(metrics=[accuracy(), stderr()])  # type: ignore[untyped-decorator] # as above
def verdict(name: str = "kk") -> Scorer:
    """Return a scorer that reports the verdict of a task's `verify`.

    Args:
        name: the task; a sample's metadata has under "row" the columns that its verifier reads.

    Raises:
        BadTask: there is no such task.
    """
    load(name)

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001 - the signature of all scorers
        # In a thread: verifying programs or formulas takes seconds, and other samples should not wait.
        row = field(state.metadata, "row", dict)
        decision = await run_sync(verdict_of, name, state.output.completion, row)
        details = {"explanation": str(decision), "metadata": {"reason": decision.reason}}
        if decision.correct is None:
            return Score.unscored(reason="scoring_failed", **details)
        return Score(value=CORRECT if decision.correct else INCORRECT, **details)

    return score
