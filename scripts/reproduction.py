"""Write the laptop study's figures into docs/reproduction.md and README.md, from records of its cells.

    python scripts/reproduction.py runs/laptop    # copy the records of a study, then fill in the pages
    python scripts/reproduction.py                # fill in the pages from the copies

The pages' tables are between markers and never edited by hand; a test compares them with the records.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from knk.evals import results
from knk.evals.intervals import Estimate
from knk.evals.results import Results, StudyClaim
from knk.report.evaluation import curves_svg, headline_svg
from recipes.laptop import gate
from recipes.laptop.claims import UNTAUGHT
from recipes.laptop.evaluate import TASKS
from recipes.laptop.measurements import CHECKS, FORCED, Measurements, by_condition
from recipes.laptop.names import TASK_NAMES, task_name
from recipes.laptop.record import Record, copy_records, folder_name, read_records
from recipes.laptop.summary import UNTAUGHT_NAME, summarize

PAGE: Final = Path(__file__).parents[1] / "docs" / "reproduction.md"
README: Final = PAGE.parents[1] / "README.md"
COPIES: Final = PAGE.with_suffix("")
HEADLINE: Final = "headline.svg"
CURVES: Final = "curves.svg"
README_ARMS: Final = ("base", "warmed", "answers only", "base + RL", "warmed + RL")
MAIN_CLAIMS: Final = ("Gate", "Warm-up teaches", "Claim 1", "Claim 2", "Claim 3", "Claim 4")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill in the pages and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("study", type=Path, nargs="?", help="the study's folder")
    options = parser.parse_args(arguments)
    if options.study is not None:
        copy_records([options.study], COPIES)
    study = summarize(COPIES)
    (COPIES / HEADLINE).write_text(headline_svg(study), encoding="utf-8")
    (COPIES / CURVES).write_text(curves_svg(study), encoding="utf-8")
    for page in (PAGE, README):
        page.write_text(fill_in(page.read_text(encoding="utf-8"), COPIES), encoding="utf-8")
        print(page)
    return 0


def fill_in(page: str, folder: Path) -> str:
    """Return a page with the tables of a study between its markers.

    Args:
        page: the page.
        folder: the folder with the records and the results.
    """
    records, study = read_records(folder), results.read(folder)
    conditions = by_condition(records)
    blocks = {
        "accuracy": "\n\n".join(accuracy(study, measured) for measured in conditions),
        "answers": "\n\n".join(answers(measured) for measured in conditions),
        "cells": cells(records),
        "claims": main_claims(study, conditions),
        "all claims": all_claims(study),
        "curves": curves(study),
        "facts": table(["", ""], study.facts.items()),
        "gate": gates(records),
        "summary": summary(study, conditions),
    }
    for name, block in blocks.items():
        page = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda marker, block=block: f"{marker[1]}{block}\n{marker[2]}",
            page,
            flags=re.DOTALL,  # type: ignore[misc]
        )
    return page


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def key(study: Results, measured: Measurements) -> str:
    """Return how a condition is named in the results, which name none if there is only one."""
    return measured.condition if study.conditions else ""


def summary(study: Results, conditions: Sequence[Measurements]) -> str:
    """Return the accuracy in the domains without warm-up, by condition and arm."""
    arms = [arm for arm in README_ARMS if arm in study.arms]
    rows = (
        [
            f"{measured.condition}, {len(measured.records)} base{'s' if len(measured.records) > 1 else ''}",
            *(percent(study.score(arm, UNTAUGHT_NAME, condition=key(study, measured))) for arm in arms),
        ]
        for measured in conditions
    )
    return table(["lessons of the base that search on", *arms], rows)


def accuracy(study: Results, measured: Measurements) -> str:
    """Return the accuracy of each arm on each task under a condition."""
    names = [task_name(task, measured.scale.rl_domain) for task in TASKS]
    rows = (
        [arm, *(percent(study.score(arm, name, condition=key(study, measured))) for name in names)]
        for arm in measured.arms
    )
    return table([f"{measured.condition}, accuracy in %", *names], rows)


def answers(measured: Measurements) -> str:
    """Return how items are answered in the domains without warm-up, under a condition."""
    head = [
        "answered",
        "right if answered",
        "right if made to answer",
        "tries",
        "checks right: first",
        "second",
        "later",
    ]
    rows = (
        [
            arm,
            share(measured.estimate(arm, UNTAUGHT, "answered")),
            share(measured.estimate(arm, UNTAUGHT, "accuracy if answered")),
            share(measured.estimate(arm, UNTAUGHT, FORCED)),
            number(measured.estimate(arm, UNTAUGHT, "tries")),
            *(share(measured.estimate(arm, UNTAUGHT, metric)) for metric in CHECKS),
        ]
        for arm in measured.arms
    )
    return table([measured.condition, *head], rows)


def main_claims(study: Results, conditions: Sequence[Measurements]) -> str:
    """Return the claims that answer the question, by condition."""
    texts = list(dict.fromkeys(claim.text for claim in study.claims if claim.text.startswith(MAIN_CLAIMS)))
    by_key = {(claim.text, claim.condition): claim for claim in study.claims}
    rows = ([text, *(cell(by_key.get((text, key(study, measured)))) for measured in conditions)] for text in texts)
    return table(["claim", *(measured.condition for measured in conditions)], rows)


def all_claims(study: Results) -> str:
    """Return all claims with the figures that decide them."""
    rows = (
        [claim.condition, claim.text + (f" ({claim.remark})" if claim.remark else ""), figure(claim), claim.status]
        for claim in study.claims
    )
    return table(["bases", "claim", "difference", ""], rows)


def curves(study: Results) -> str:
    """Return the accuracy during RLVR."""
    steps = [str(step) for step, _ in study.curves[0].points] if study.curves else []
    rows = (
        [curve.condition, curve.arm, *(percent(estimate) for _, estimate in curve.points)] for curve in study.curves
    )
    return table(["bases", "arm", *(f"step {step}" for step in steps)], rows)


def gates(records: Sequence[Record]) -> str:
    """Return the share of right checks of each base, at the first, second and third try."""
    tasks = list(records[0].gate)
    rows = (
        [folder_name(record.cell), *(", ".join(f"{share:.3f}" for share in record.gate[task]) for task in tasks)]
        for record in records
    )
    heads = [TASK_NAMES[task] + ("" if task in gate.GATED else " (not required)") for task in tasks]
    return table(["base", *heads], rows)


def cells(records: Sequence[Record]) -> str:
    """Return the time and the revision of each cell."""
    return table(["cell", "runs", "training seconds", "revision"], map(list, _cells(records)))


def _cells(records: Sequence[Record]) -> Iterator[tuple[str, ...]]:
    for record in records:
        seconds = sum(float(run["seconds"]) for run in record.runs)
        revisions = dict.fromkeys(str((run.get("git") or {}).get("revision", ""))[:12] for run in record.runs)
        yield folder_name(record.cell), str(len(record.runs)), f"{seconds:,.0f}", ", ".join(revisions)


def cell(claim: StudyClaim | None) -> str:
    """Return a claim's verdict and figure."""
    return "" if claim is None else f"{claim.status} {figure(claim)}".strip()


def figure(claim: StudyClaim) -> str:
    """Return the difference that decides a claim."""
    gain = claim.estimate
    return f"{gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]" if gain else ""


def percent(estimate: Estimate | None) -> str:
    """Return a share with its interval, in percent."""
    if estimate is None or not estimate.n:
        return ""
    mean, low, high = (100 * value for value in (estimate.mean, estimate.low, estimate.high))
    return f"{mean:.0f} [{low:.0f}, {high:.0f}]"


def share(estimate: Estimate | None) -> str:
    """Return a share in percent, without its interval."""
    return "" if estimate is None or not estimate.n else f"{100 * estimate.mean:.0f}%"


def number(estimate: Estimate | None) -> str:
    """Return a mean, without its interval."""
    return "" if estimate is None else f"{estimate.mean:.1f}"


if __name__ == "__main__":
    sys.exit(main())
