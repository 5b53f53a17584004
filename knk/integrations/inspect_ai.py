"""Any task as one of Inspect's: `inspect eval knk/domain -T name=kk -T people=5 --model ...`.

Inspect finds it by an entry point. It asks the prompt in the style "chat", and its scorer tells what the task's
`verify` says: right or not, the verdict's words as the explanation, and no score where it could not find out.
"""

from __future__ import annotations

from typing import Any

from knk.errors import MissingPackage
from knk.integrations.common import asked, looked_at, rows_of, verdict_of
from knk.tasks import load
from knk.tasks.source import Row, field

try:
    from anyio.to_thread import run_sync
    from inspect_ai import Task, task
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, accuracy, scorer, stderr
    from inspect_ai.solver import TaskState, generate
except ImportError as error:
    raise MissingPackage("an Inspect task needs Inspect: pip install 'knk[inspect]'") from error


@task  # type: ignore[untyped-decorator] # Inspect is not followed by the type checker
def domain(name: str = "kk", split: str = "held-out", data: str | None = None, **options: Any) -> Task:
    """Return a task of `knk.tasks` as Inspect's.

    Args:
        name: one of `knk.tasks.NAMES`.
        split: "train", "held-out" or "test".
        data: a local file with the published rows, or of puzzles a corpus; made to order or from the Hub if not given.
        options: what else the task may be asked for, of puzzles `n`, `people`, `grade` and `seed`.

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
    # Inspect numbers them: in a published set two items may ask the same, and so have one identity.
    return Sample(
        input=asked(name, row),
        target=str(row.get("answer", "")),
        metadata={"id": row["id"], "row": looked_at(name, row)},
    )


@scorer(metrics=[accuracy(), stderr()])  # type: ignore[untyped-decorator] # The same.
def verdict(name: str = "kk") -> Scorer:
    """Return a scorer that tells the verdict of a task's `verify`.

    Args:
        name: the task; a sample's metadata has under "row" the columns that its verifier looks at.

    Raises:
        BadTask: there is no such task.
    """
    load(name)

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001 - all scorers are called alike
        # In a thread: a judge of programs or formulas takes seconds, and other samples should not wait.
        found = await run_sync(verdict_of, name, state.output.completion, field(state.metadata, "row", dict))
        told = {"explanation": str(found), "metadata": {"reason": found.reason}}
        if found.correct is None:
            return Score.unscored(reason="scoring_failed", **told)
        return Score(value=CORRECT if found.correct else INCORRECT, **told)

    return score
