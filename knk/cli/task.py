"""`knk task`: the rows of a task."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from knk.cli.options import Output, Split, Style, number_or_range
from knk.cli.output import put_rows
from knk.errors import KnkError


def task(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The task: kk, hendrycks_math, mmlu_pro, humaneval_plus.")
    ],
    split: Annotated[
        Split,
        typer.Option(help="The items to train on, those of the published test set that are not, or that set as it is."),
    ] = "train",
    style: Style = "paper",
    data: Annotated[
        Path | None, typer.Option(metavar="PATH", help="A local file with the published rows, in place of the Hub.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(metavar="REV", help="Another revision of the dataset on the Hub than the usual one.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of mmlu_pro one subject: physics, history, ...")
    ] = None,
    trained: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Of hendrycks_math a local file of the training set, for held-out."),
    ] = None,
    n: Annotated[
        int | None, typer.Option("-n", metavar="N", min=1, help="How many puzzles, or items to train on.")
    ] = None,
    people: Annotated[
        str | None, typer.Option("--people", "-p", metavar="N|MIN-MAX", help="Of kk how many people: 3-7.")
    ] = None,
    grade: Annotated[str | None, typer.Option(metavar="N|MIN-MAX", help="Of kk the grade, from 1 to 5.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Of kk the seed that puzzles are made with.")] = None,
    output: Output = None,
) -> None:
    """Write the rows of a task as TRL's GRPO reads them.

    Each row has a prompt, an identity, and what the task's rewards (knk.rewards) look at. Puzzles are made to order,
    unless --data names a corpus or a file; the other tasks come from the Hub, or from a local file with the same rows.

    Exit status: 0 all is well, 2 the input is bad.

    \b
    knk task kk -n 100 -o kk.jsonl
    knk task mmlu_pro --subject physics --data mmlu_pro-test.jsonl.gz -o physics.jsonl
    """
    from knk import tasks

    loaded = tasks.load(name)
    asked = {"n": n, "revision": revision, "subject": subject, "trained": trained}
    to_order = {"people": people, "grade": grade, "seed": seed}
    given: dict[str, Any] = {key: value for key, value in (asked | to_order).items() if value is not None}
    for option in given:
        if option not in loaded.OPTIONS:
            raise KnkError(
                f"the task {name} has no --{option}; it has {', '.join(f'--{one}' for one in loaded.OPTIONS)}"
            )
        if data is not None and option in to_order:
            raise KnkError(f"--{option} is for puzzles made to order, not for those in --data")
    if name == "kk" and data is None:
        given = _made_to_order(given)
    if "trained" in given:
        given["train"] = given.pop("trained")
    put_rows(tasks.prompts(loaded, loaded.rows(split, data, **given), style), output)


def _made_to_order(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options with those that say what puzzles to make as a specification."""
    from knk.generation.generate import spec_of
    from knk.tasks.kk import PAPER

    changes: dict[str, Any] = {"people": PAPER.people}
    if "people" in given:
        changes["people"] = number_or_range("--people", given.pop("people"))
    if "grade" in given:
        changes["target"] = {"grade": number_or_range("--grade", given.pop("grade"))}
    return given | {"spec": spec_of(**changes)}
