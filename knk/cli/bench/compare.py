"""`knk bench compare`: the difference between two arms."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from knk.cli.bench.scores import format_interval, table_without_empty_columns
from knk.cli.options import Groups, Json, split_list
from knk.cli.output import print_json

if TYPE_CHECKING:
    from knk.evals.compare import ScoreDifference


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="Folder of a run; join several training seeds by commas.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Folder of another run, with as many seeds.")],
    metric: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Metric: accuracy, paper accuracy, format, answered or tokens; or a metric of lm-eval's tasks.",
        ),
    ] = "accuracy",
    groups: Groups = False,
    as_json: Json = False,
) -> None:
    """Compare two runs item by item.

    Prints by how much B is above A on each benchmark, with the 95% interval. 'not resolved' means that the interval
    contains zero: these items and seeds do not show which of the two is better. It does not mean that they are equal.
    Intervals hold for few items, too: they are score intervals of paired differences, wide if there are few.

    A and B are folders that 'knk bench run' wrote, or folders that 'lm_eval run --log_samples' wrote, with any tasks.

    \b
    knk bench compare bench/base bench/warmed
    knk bench compare bench/base-0,bench/base-1 bench/warmed-0,bench/warmed-1
    """
    from knk.evals.compare import FEW_ITEMS, read_scores, setting_differences
    from knk.evals.compare import compare as compare_runs

    firsts, seconds = (
        [read_scores(folder, metric, groups) for folder in split_list(folders)] for folders in (first, second)
    )
    names = firsts[0].arm, seconds[0].arm
    differences = compare_runs(firsts, seconds)
    settings = setting_differences(firsts[0], seconds[0])
    if as_json:
        entries = [difference.to_dict() for difference in differences]
        print_json({"first": names[0], "second": names[1], "metric": metric, "differences": entries})
        return
    if settings:
        print(f"knk: {names[0]} and {names[1]} have different settings: {'; '.join(settings)}", file=sys.stderr)
    header = ["", *names, "difference", "", "items"]
    print(f"{names[1]} against {names[0]}, {metric}\n")
    print(table_without_empty_columns([header, *map(_row, differences)]))
    if few := sorted({difference.estimate.n for difference in differences if difference.estimate.n < FEW_ITEMS}):
        print(
            f"\nfew items ({', '.join(map(str, few))}): such intervals are wide; run more items to tell the two apart"
        )
    for difference in differences:
        if difference.left_out:
            print(f"{difference.name}: left out {difference.left_out:,} items that only one of the two has")


def _row(difference: ScoreDifference) -> list[str]:
    scale = 100 if max(difference.first.high, difference.second.high) <= 1 else 1
    estimate = difference.estimate
    seeds = f", {estimate.seeds} seeds" if estimate.seeds > 1 else ""
    return [
        difference.name,
        f"{scale * difference.first.mean:.1f}",
        f"{scale * difference.second.mean:.1f}",
        format_interval(estimate, scale, "+"),
        difference.direction,
        f"{estimate.n:,}{seeds}",
    ]
