"""`knk bench table`: the figures of several runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from knk.cli.bench.figures import print_arms
from knk.cli.options import Groups, Json
from knk.errors import KnkError

if TYPE_CHECKING:
    from knk.evals.records import BenchmarkRun


def table(
    arms: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Folders of runs; those of one arm's seeds with commas.")
    ],
    paper: Annotated[bool, typer.Option("--paper", help="Show the paper's figures beneath.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write results.json as well, for 'knk report'."),
    ] = None,
    groups: Groups = False,
    as_json: Json = False,
) -> None:
    """Print the figures of several runs side by side.

    As the paper's tables have them, a row an arm: the mean, SD over the answers' draws, and beneath the 95% interval
    over items; where an arm has runs of several seeds of training ('a,b'), over these too.

    \b
    knk bench table bench/base bench/warmed --paper
    knk bench table bench/base-0,bench/base-1 bench/warmed-0,bench/warmed-1 -o results.json
    """
    from knk.evals import results
    from knk.evals.records import results_of

    found = [_runs(one) for one in arms]
    if len({runs[0].arm for runs in found}) < len(found):
        raise KnkError("two arms have one name: give the runs names with 'knk bench run --arm'")
    if output is not None:
        results.write(output, results_of(found, "Benchmarks"))
    print_arms(found, groups, as_json, paper)


def _runs(told: str) -> list[BenchmarkRun]:
    from knk.evals.records import read_run

    return [read_run(folder) for folder in told.split(",") if folder]
