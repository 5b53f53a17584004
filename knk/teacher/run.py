"""A teacher's run: a corpus's puzzles asked, and the answers stored."""

from __future__ import annotations

import os
from functools import partial

from knk.inference.engine import Engine
from knk.inference.run import Observer, Summary, ask
from knk.inference.sampling import Sampling
from knk.tasks import kk
from knk.teacher.puzzles import corpus_identity, rows_of


def teach(
    corpus: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    engine: Engine,
    sampling: Sampling,
    *,
    style: str = "paper",
    split: str = "train",
    limit: int | None = None,
    observer: Observer | None = None,
) -> Summary:
    """Ask a teacher about every puzzle of a corpus and store its answers, or go on where that was cut off.

    Args:
        corpus: a corpus that `knk.datasets.build` made, or a file of rows; see `knk.tasks.kk.rows`.
        folder: where answers are stored; made if it is not there.
        engine: what answers.
        sampling: how answers are drawn.
        style: the style of the prompts, "paper" or "chat"; see `knk.tasks.format`.
        split: "train", "held-out" or "test".
        limit: how many puzzles to ask, from the first on; all if not given.
        observer: is told how it goes.

    Raises:
        BadFile: there is no such corpus, file or split.
        BadFolder: the folder holds something else, or another run, or another process is at work in it.
        BadSpec: the sampling lacks what the engine needs.
        ModelFailed: the engine refuses, or has not answered for too long; what was answered is stored.

    >>> from tempfile import TemporaryDirectory
    >>> from knk.datasets.stream import write
    >>> from knk.generation.spec import Spec
    >>> from knk.teacher.proofs import TraceEngine
    >>> with TemporaryDirectory() as folder:
    ...     write(f"{folder}/puzzles.jsonl", Spec(people=3), 5)
    ...     told = teach(f"{folder}/puzzles.jsonl", f"{folder}/told", TraceEngine(), Sampling(n=2), split="test")
    >>> told.stored, told.failed
    (10, 0)
    """
    header = {"corpus": corpus_identity(corpus, split), "split": split, "style": style}
    return ask(
        rows_of(corpus, split, limit),
        partial(kk.prompt, style=style),
        folder,
        engine,
        sampling,
        header,
        columns=("puzzle", "people"),
        observer=observer,
    )
