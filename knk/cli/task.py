"""`knk task`: the rows of a task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from knk.cli.options import Output, Split, Style, number_or_range
from knk.cli.output import write_rows
from knk.errors import KnkError


@dataclass(frozen=True)
class ItemOptions:
    """Which items of a task are used."""

    n: Annotated[
        int | None,
        typer.Option(
            "-n",
            metavar="N",
            min=1,
            help="Number of puzzles (default: 500, or all of --data) or of items to train on (default: 100; "
            "humaneval_plus: 50).",
        ),
    ] = None
    revision: Annotated[str | None, typer.Option(metavar="REV", help="Revision of the dataset on the Hub.")] = None
    subject: Annotated[
        str | None, typer.Option(metavar="NAME", help="mmlu_pro: only this subject: physics, history, ...")
    ] = None
    trained: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="hendrycks_math: file with the training set, for --split held-out."),
    ] = None


@dataclass(frozen=True)
class PuzzleOptions:
    """Which puzzles the task kk generates, without --data."""

    people: Annotated[
        str | None, typer.Option("--people", "-p", metavar="N|MIN-MAX", help="kk: number of people (default: 3-7).")
    ] = None
    grade: Annotated[str | None, typer.Option(metavar="N|MIN-MAX", help="kk: difficulty grade, 1 to 5.")] = None
    seed: Annotated[int | None, typer.Option(metavar="N", help="kk: random seed of the puzzles.")] = None


def task(
    name: Annotated[str, typer.Argument(metavar="NAME", help="kk, hendrycks_math, mmlu_pro or humaneval_plus.")],
    *,
    split: Annotated[
        Split,
        typer.Option(
            help="'train' is for training, 'held-out' is the rest of the published test set, 'test' is all of it."
        ),
    ] = "train",
    style: Style = "paper",
    data: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Read rows from this file instead of from the Hub.")
    ] = None,
    items: ItemOptions,
    puzzles: PuzzleOptions,
    output: Output = None,
) -> None:
    """Write the rows of a task for TRL's GRPO trainer.

    Each row has a prompt, an id, and the columns that the task's rewards (knk.rewards) read. The task kk generates its
    puzzles, unless --data names a corpus or a file; the other tasks come from the Hub, or from a file with the same
    rows.

    Exit status: 0 success, 2 the input is bad.

    \b
    knk task kk -n 100 -o kk.jsonl
    knk task mmlu_pro --subject physics --data mmlu_pro-test.jsonl.gz -o physics.jsonl
    """
    from knk import tasks

    loaded = tasks.load(name)
    values = vars(items) | vars(puzzles)
    options: dict[str, Any] = {option: value for option, value in values.items() if value is not None}
    for option in options:
        if option not in loaded.OPTIONS:
            known = ", ".join(f"--{option}" for option in loaded.OPTIONS)
            raise KnkError(f"--{option} cannot be used with the task {name}, which takes {known}")
        if data is not None and option in vars(puzzles):
            raise KnkError(f"--{option} cannot be used with --data")
    if name == "kk" and data is None:
        options = _with_spec(options)
    if "trained" in options:
        options["train"] = options.pop("trained")
    write_rows(tasks.prompts(loaded, loaded.rows(split, data, **options), style), output)


def _with_spec(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options with a specification in place of those for puzzles."""
    from knk.generation.generate import spec_of
    from knk.tasks.kk import PAPER

    changes: dict[str, Any] = {"people": PAPER.people}
    if "people" in options:
        changes["people"] = number_or_range("--people", options.pop("people"))
    if "grade" in options:
        changes["target"] = {"grade": number_or_range("--grade", options.pop("grade"))}
    return options | {"spec": spec_of(**changes)}
