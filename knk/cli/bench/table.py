"""`knk bench table`: the scores of several arms side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from knk.cli.bench.scores import arms_table, memorisation_table, paper_table, run_table
from knk.cli.options import Groups, Json, split_list
from knk.cli.output import print_json
from knk.errors import KnkError

if TYPE_CHECKING:
    from knk.evals.records import BenchmarkRun


def table(
    arms: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="Folders of runs; join several training seeds by commas."),
    ],
    paper: Annotated[bool, typer.Option("--paper", help="Also show the paper's scores.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Also write the results to this file, for 'knk report'."),
    ] = None,
    groups: Groups = False,
    as_json: Json = False,
) -> None:
    """Print the scores of several runs side by side.

    Like the paper's tables, this has a row for each arm: the mean, the SD over samples, and below them the 95% interval
    over items. If an arm has runs of several training seeds ('a,b'), the interval is over these, too.

    \b
    knk bench table bench/base bench/warmed --paper
    knk bench table bench/base-0,bench/base-1 bench/warmed-0,bench/warmed-1 -o results.json
    """
    from knk.evals import results
    from knk.evals.records import read_run, results_of

    runs = [[read_run(folder) for folder in split_list(arm)] for arm in arms]
    if len({seeds[0].arm for seeds in runs}) < len(runs):
        raise KnkError("two arms have the same name: name the runs with 'knk bench run --arm'")
    if output is not None:
        results.write(output, results_of(runs, "Benchmarks"))
    print_scores(runs, groups, as_json)
    if paper and not as_json:
        print(f"\n{paper_table()}")


def print_scores(arms: Sequence[Sequence[BenchmarkRun]], groups: bool, as_json: bool) -> None:
    """Print the scores of arms as tables or as JSON.

    Args:
        arms: the runs of each arm, one for each training seed.
        groups: whether to print the scores of groups of items, too.
        as_json: whether to print JSON.
    """
    from knk.evals.records import results_of, summaries

    if as_json:
        print_json(results_of(arms, "Benchmarks").to_dict())
        return
    scores = {runs[0].arm: summaries(runs, groups) for runs in arms}
    if len(arms) == 1:
        ((arm, of_arm),) = scores.items()
        print(f"{arm}\n\n{run_table(of_arm)}")
    else:
        print(arms_table(scores))
    for memorisation in filter(None, map(memorisation_table, arms)):
        print(f"\n{memorisation}")
