"""`knk bench compare`: by how much one model is above another."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from knk.cli.bench.figures import interval, print_rows
from knk.cli.options import Groups, Json

if TYPE_CHECKING:
    from knk.evals.compare import ScoreDifference


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="The folder of a run; of several seeds, with commas.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another, with as many seeds.")],
    metric: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What to compare: accuracy, paper accuracy, format, answered, tokens; or a metric of lm-eval's tasks.",
        ),
    ] = "accuracy",
    groups: Groups = False,
    as_json: Json = False,
) -> None:
    """Say by how much B is above A, item by item.

    With the 95% interval of the difference.

    'not resolved' is a difference whose interval holds zero: these items, and these seeds, do not tell which of the two
    is better. That is not to say that they are equal.

    A and B are folders of 'knk bench', or folders that 'lm_eval run --log_samples' wrote, whatever the tasks.

    \b
    knk bench compare bench/base bench/warmed
    knk bench compare bench/base-0,bench/base-1 bench/warmed-0,bench/warmed-1
    """
    from knk.evals.compare import compare as compared
    from knk.evals.compare import read_scores, setting_differences

    ones, others = (
        [read_scores(folder, metric, groups) for folder in told.split(",") if folder] for told in (first, second)
    )
    found = compared(ones, others)
    differing = setting_differences(ones[0], others[0])
    if as_json:
        told = [one.to_dict() for one in found]
        print(json.dumps({"first": ones[0].arm, "second": others[0].arm, "metric": metric, "differences": told}))
        return
    if differing:
        arms = f"{ones[0].arm} and {others[0].arm}"
        print(f"knk: {arms} were not asked alike (theirs in this order): {'; '.join(differing)}", file=sys.stderr)
    print(f"{others[0].arm} against {ones[0].arm}, {metric}\n")
    print_rows([["", ones[0].arm, others[0].arm, "difference", "", "items"], *(_difference(one) for one in found)])
    for one in found:
        if one.left_out:
            print(f"{one.name}: {one.left_out:,} items are not in both, and were left out")


def _difference(one: ScoreDifference) -> list[str]:
    many = 100 if max(one.first.high, one.second.high) <= 1 else 1
    seeds = f", {one.estimate.seeds} seeds" if one.estimate.seeds > 1 else ""
    return [
        one.name,
        f"{many * one.first.mean:.1f}",
        f"{many * one.second.mean:.1f}",
        interval(one.estimate, many, "+"),
        one.direction,
        f"{one.estimate.n:,}{seeds}",
    ]
