"""`knk bench latent`: how often a model searches on, from the completions of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from knk.cli.bench.scores import format_interval
from knk.cli.options import Json
from knk.cli.output import print_json
from knk.tables import format_table

if TYPE_CHECKING:
    from knk.evals.intervals import Estimate
    from knk.evals.latent import LatentRate

_MANY_CUT_OFF: Final = 0.1
_READING: Final = """\
In pilots with models of a million parameters, a warm-up raised tasks that it never touched if the base's training
data searched on in 3% of its lessons, and changed the habit but not the result if in none: leads, not results.
A rate of 0 means: below the upper end of its interval, at this sampling."""


def latent(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run.")],
    benchmark: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this benchmark of the run, such as knk or math500.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Estimate how often a model rejects what it tried and tries again.

    Tells, before GPU hours go into a warm-up, whether a base has the behaviour that the warm-up should bring out.

    RUN is a folder that 'knk bench run' wrote, with any engine: transformers, vLLM, or a server. Sample several
    completions per item with --temperature 1 --top-p 1, because a nucleus hides what is rare, and leave room for long
    answers: a chain that was cut off could not try again.

    Counts words, in English: phrases that reject ('contradiction', 'wait', 'does not work'), and after them phrases
    that begin a try ('suppose', 'what if', 'instead'). Does not see whether a rejection is right.

    Intervals are 95%, over items. 'pass@k' is the share of items with a right answer among their samples. 'right if
    again' is the accuracy of chains that try again, 'right if once' that of the others; chains may try again more often
    at harder items, so the two do not show what trying again does.

    \b
    knk bench qwen --base-url http://localhost:8000/v1 --temperature 1 --top-p 1 --limit 100 -o bench/qwen
    knk bench latent bench/qwen
    """
    from knk.evals.latent import latent_rates

    rates = latent_rates(run, benchmark)
    if as_json:
        print_json({"run": run, "latent": [rate.to_dict() for rate in rates]})
        return
    print(format_table(list(zip(*map(_column, [None, *rates]), strict=True))))
    print(f"\n{_READING}")
    for rate in rates:
        if rate.cut_off.mean > _MANY_CUT_OFF:
            print(f"{rate.name}: {rate.cut_off.mean:.0%} of the chains were cut off: allow more with --max-tokens")


def _column(rate: LatentRate | None) -> list[str]:
    """Return the cells of a benchmark, a row for each measure; or the names of the rows."""
    if rate is None:
        names = ["", "items", "samples per item", "pass@1", "pass@k", "reject", "try again", "tries per chain"]
        return [*names, "right if again", "right if once", "cut off"]
    return [
        rate.name,
        f"{rate.pass_at_1.n:,}",
        str(rate.samples),
        format_interval(rate.pass_at_1),
        format_interval(rate.pass_at_k),
        format_interval(rate.rejects),
        format_interval(rate.tries_again),
        f"{rate.tries.mean:.2f} [{rate.tries.low:.2f}, {rate.tries.high:.2f}]",
        _interval_or_none(rate.accuracy_again),
        _interval_or_none(rate.accuracy_once),
        format_interval(rate.cut_off),
    ]


def _interval_or_none(estimate: Estimate | None) -> str:
    return "none" if estimate is None else format_interval(estimate)
