"""Any task as a taskset of Prime Intellect's verifiers, version 0.4 or later.

That package finds a taskset by the name of a top-level module, so an environment is a file of your own:

```
from knk.integrations.verifiers import KnkTaskset

__all__ = ["KnkTaskset"]
```

The reward is 1 or 0, as the task's `verify` decides. If the verifier could not decide, the reward raises an error,
which leaves the rollout without a score; the framework has settings for retries.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

from knk.errors import MissingPackage
from knk.files import json_object
from knk.integrations.common import chat_prompt, rows_of, score_of, verdict_of, verifier_columns

try:
    import verifiers.v1 as vf
except ImportError as error:
    raise MissingPackage("a taskset needs verifiers 0.4 or newer: pip install '.[verifiers]'") from error

__all__ = ["KnkTaskset"]
# The type checker does not follow the framework, so its classes and decorators have no types.


class KnkConfig(vf.TasksetConfig):  # type: ignore[misc]
    """The rows of a taskset; see `knk.integrations.common.rows_of`."""

    domain: str = "kk"
    split: str = "train"
    data: str | None = None
    n: int | None = None
    people: int | tuple[int, int] | str | None = None
    grade: int | tuple[int, int] | str | None = None
    seed: int | None = None
    subject: str | None = None
    revision: str | None = None
    trained: str | None = None


class KnkData(vf.TaskData):  # type: ignore[misc]
    """One row as traces hold it: the columns that the verifier reads are JSON."""

    domain: str
    row: str


class KnkTask(vf.Task[KnkData]):  # type: ignore[misc]
    """One row, as a task."""

    @vf.reward  # type: ignore[untyped-decorator]
    async def correct(self, trace: vf.Trace) -> float:
        """Return 1 if the last reply is right, else 0.

        Raises:
            NoVerdict: the verifier could not decide.
        """
        row = json_object(self.data.row, "a task's row")
        # In a thread: verifying programs or formulas takes seconds, and other rollouts should not wait.
        return score_of(await asyncio.to_thread(verdict_of, self.data.domain, trace.last_reply, row))


class KnkTaskset(vf.Taskset[KnkTask, KnkConfig]):  # type: ignore[misc]
    """The rows of a task's split."""

    def load(self) -> Iterator[KnkTask]:
        """Return an iterator over the tasks.

        Raises:
            BadTask: there is no such task, or it has no such option.
            BadFile: there is no such split or file.
        """
        options = self.config.model_dump(include={"n", "people", "grade", "seed", "subject", "revision", "trained"})
        name = self.config.domain
        for row in rows_of(name, self.config.split, self.config.data, **options):
            data = KnkData(
                id=row["id"], prompt=chat_prompt(name, row), domain=name, row=json.dumps(verifier_columns(name, row))
            )
            yield KnkTask(data, self.config.task)
