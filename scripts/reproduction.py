"""Put a laptop study's figures into docs/reproduction.md and README.md, and what they come from beside the former.

    python scripts/reproduction.py runs/laptop    # results and manifests are copied, then the pages are filled
    python scripts/reproduction.py                # the pages are filled anew from what was copied

The pages' tables stand between marks and are written by nobody's hand; a test holds them against the results.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from knk.datasets.files import read, write
from knk.evals import results
from knk.evals.intervals import Estimate
from knk.evals.results import Results
from knk.files import read_json
from knk.report.charts import Series, line_chart

PAGE: Final = Path(__file__).parents[1] / "docs" / "reproduction.md"
README: Final = PAGE.parents[1] / "README.md"
KEPT: Final = PAGE.with_suffix("")
RUNS: Final = "runs.jsonl"
CURVES: Final = "curves.svg"
MARKS: Final = {True: "holds", False: "does not hold", None: "open"}
COLOURS: Final = {"--c0": "#0072b2", "--c1": "#d55e00", "--line": "#d5dae0"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the pages and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("study", type=Path, nargs="?", help="the study's folder")
    chosen = parser.parse_args(arguments)
    if chosen.study is not None:
        keep(chosen.study)
    for page in (PAGE, README):
        page.write_text(filled(page.read_text(encoding="utf-8"), results.read(KEPT)), encoding="utf-8")
        print(page)
    return 0


def keep(study: Path) -> None:
    """Copy a study's results and manifests, and draw its curves."""
    KEPT.mkdir(exist_ok=True)
    found = results.read(study)
    results.write(KEPT, found)
    manifests = sorted(study.glob("seed-*/*/run.json"))
    write(KEPT / RUNS, ({"run": str(path.parent.relative_to(study)), **read_json(path)} for path in manifests))
    (KEPT / CURVES).write_text(picture(found), encoding="utf-8")


def picture(found: Results) -> str:
    """Return the curves as a picture of its own."""
    drawn = [
        Series(one.arm, [(step, at.mean) for step, at in one.points], [(at.low, at.high) for _, at in one.points])
        for one in found.curves
    ]
    told = line_chart("Accuracy in RLVR", "step", "accuracy on held-out problems", drawn)
    (inside,) = re.findall(r"<svg.*?</svg>", told, re.DOTALL)
    for name, colour in COLOURS.items():
        inside = inside.replace(f"var({name})", colour)
    names = "".join(
        f'<text x="70" y="{24 + 16 * place}" style="fill:{colour}">{line.name}</text>'
        for place, (line, colour) in enumerate(zip(drawn, COLOURS.values(), strict=False))
    )
    style = "<style>text{font:12px sans-serif;fill:#59636e}</style>"
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="660" style="background:#fff"'
    return inside.replace("<svg", head, 1).replace("</svg>", f"{names}</svg>").replace(">", f">{style}", 1) + "\n"


def filled(page: str, found: Results) -> str:
    """Return the page with the tables of some results between its marks."""
    tables = {
        "accuracy": scores(found, "accuracy"),
        "answers": answers(found),
        "claims": claims(found),
        "curves": curves(found),
        "facts": "\n".join(["| | |", "|---|---|", *(f"| {name} | {told} |" for name, told in found.facts.items())]),
        "seconds": seconds(),
        "summary": summary(found),
    }
    for name, table in tables.items():
        page = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda mark, told=table: f"{mark[1]}{told}\n{mark[2]}",
            page,
            flags=re.DOTALL,  # type: ignore[misc]
        )
    return page


def scores(found: Results, metric: str) -> str:
    """Return a Markdown table of a metric by arm and task."""
    head = [f"| {metric}, % | {' | '.join(found.tasks)} |", f"|---|{'---|' * len(found.tasks)}"]
    rows = [
        f"| {arm} | {' | '.join(percent(found.score(arm, task, metric)) for task in found.tasks)} |"
        for arm in found.arms
    ]
    return "\n".join([*head, *rows])


def summary(found: Results) -> str:
    """Return a Markdown table of the method's own arms on puzzles and on what RLVR trained, and what was run for it."""
    arms = [arm for arm in METHOD if arm in found.arms]
    trained = {one.task: f"`{one.task}`, which RLVR trained" for one in found.curves[:1]}
    tasks = {name: told for name, told in (PUZZLES | trained).items() if name in found.tasks}
    head = [f"| accuracy, % | {' | '.join(tasks.values())} |", f"|---|{'---|' * len(tasks)}"]
    rows = [f"| {arm} | {' | '.join(percent(found.score(arm, task, 'accuracy')) for task in tasks)} |" for arm in arms]
    facts = "; ".join(f"{name}: {found.facts[name]}" for name in RUN if name in found.facts)
    alone = " With one base the intervals are over items alone." if found.facts.get("bases") == "1" else ""
    return "\n".join([*head, *rows, "", f"{facts[:1].upper()}{facts[1:]}.{alone}"])


METHOD: Final = ("base", "warmed", "base + RL", "warmed + RL")
PUZZLES: Final = {"kk2": "puzzles of two people", "kk3": "of three"}
RUN: Final = ("bases", "runs of RLVR from each start of each base", "items of each task")


def answers(found: Results) -> str:
    """Return a Markdown table of how often search problems are answered, and how well."""
    tasks = [task for task in found.tasks if found.score(found.arms[0], task, FORCED) is not None]
    metrics = ("answered", "accuracy if answered", FORCED, "tries")
    head = [f"| arm | {' | '.join(f'{task}: {metric}' for task in tasks for metric in metrics)} |"]
    head.append(f"|---|{'---|' * len(tasks) * len(metrics)}")
    for arm in found.arms:
        cells = (short(found.score(arm, task, metric), metric) for task in tasks for metric in metrics)
        head.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(head)


FORCED: Final = "accuracy if made to answer"


def short(estimate: Estimate | None, metric: str) -> str:
    """Return a figure alone."""
    if estimate is None or not estimate.n:
        return ""
    return f"{estimate.mean:.2f}" if metric == "tries" else f"{100 * estimate.mean:.0f}%"


def percent(estimate: Estimate | None) -> str:
    """Return a share with its interval, in percent."""
    if estimate is None or not estimate.n:
        return ""
    mean, low, high = (100 * value for value in (estimate.mean, estimate.low, estimate.high))
    return f"{mean:.1f} [{low:.0f}, {high:.0f}]"


def claims(found: Results) -> str:
    """Return a Markdown table of what was to be shown."""
    rows = ["| what was to be shown | figure | |", "|---|---|---|"]
    for one in found.claims:
        gain = f"{one.estimate.mean:+.3f} [{one.estimate.low:+.3f}, {one.estimate.high:+.3f}]" if one.estimate else ""
        told = MARKS[one.holds] if "decides nothing" not in one.criterion or one.holds is not None else "reported"
        rows.append(f"| {one.text}{f' ({one.remark})' if one.remark else ''} | {gain} | {told} |")
    return "\n".join(rows)


def curves(found: Results) -> str:
    """Return a Markdown table of how accuracy moved in RLVR."""
    steps = [step for step, _ in found.curves[0].points]
    rows = [f"| step | {' | '.join(map(str, steps))} |", f"|---|{'---|' * len(steps)}"]
    rows += [f"| {one.arm} | {' | '.join(percent(at) for _, at in one.points)} |" for one in found.curves]
    return "\n".join(rows)


def seconds() -> str:
    """Return a Markdown table of the runs: steps and seconds, by what was trained."""
    by_name: dict[str, list[tuple[int, float]]] = {}
    for run in read(KEPT / RUNS):
        by_name.setdefault(run["run"].partition("/")[2], []).append((run["steps"], run["seconds"]))
    rows = ["| run | steps, seed by seed | seconds |", "|---|---|---|"]
    for name, runs in by_name.items():
        steps, took = (", ".join(f"{number:.0f}" for number in numbers) for numbers in zip(*runs, strict=True))
        rows.append(f"| {name} | {steps} | {took} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
