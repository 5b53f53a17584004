"""Write a laptop study's figures into docs/reproduction.md and README.md, and copy its results beside the former.

    python scripts/reproduction.py runs/laptop    # copy results and manifests, then fill in the pages
    python scripts/reproduction.py                # fill in the pages from the copies

The pages' tables are between markers and never edited by hand; a test compares them with the results.
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
COPIES: Final = PAGE.with_suffix("")
RUNS: Final = "runs.jsonl"
CURVES: Final = "curves.svg"
VERDICTS: Final = {True: "holds", False: "does not hold", None: "open"}
COLOURS: Final = {"--c0": "#0072b2", "--c1": "#d55e00", "--line": "#d5dae0"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill in the pages and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("study", type=Path, nargs="?", help="the study's folder")
    options = parser.parse_args(arguments)
    if options.study is not None:
        copy_study(options.study)
    for page in (PAGE, README):
        page.write_text(fill_in(page.read_text(encoding="utf-8"), results.read(COPIES)), encoding="utf-8")
        print(page)
    return 0


def copy_study(study: Path) -> None:
    """Copy a study's results and manifests, and draw its curves."""
    COPIES.mkdir(exist_ok=True)
    results.write(COPIES, results.read(study))
    manifests = sorted(study.glob("seed-*/*/run.json"))
    write(COPIES / RUNS, ({"run": str(path.parent.relative_to(study)), **read_json(path)} for path in manifests))
    (COPIES / CURVES).write_text(picture(results.read(study)), encoding="utf-8")


def picture(study: Results) -> str:
    """Return the curves as a standalone SVG image."""
    curves = [
        Series(one.arm, [(step, at.mean) for step, at in one.points], [(at.low, at.high) for _, at in one.points])
        for one in study.curves
    ]
    chart = line_chart("Accuracy in RLVR", "step", "accuracy on held-out problems", curves)
    (image,) = re.findall(r"<svg.*?</svg>", chart, re.DOTALL)
    for name, colour in COLOURS.items():
        image = image.replace(f"var({name})", colour)
    names = "".join(
        f'<text x="70" y="{24 + 16 * index}" style="fill:{colour}">{line.name}</text>'
        for index, (line, colour) in enumerate(zip(curves, COLOURS.values(), strict=False))
    )
    style = "<style>text{font:12px sans-serif;fill:#59636e}</style>"
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="660" style="background:#fff"'
    return image.replace("<svg", head, 1).replace("</svg>", f"{names}</svg>").replace(">", f">{style}", 1) + "\n"


def fill_in(page: str, study: Results) -> str:
    """Return a page with the tables of a study between its markers."""
    tables = {
        "accuracy": scores(study, "accuracy"),
        "answers": answers(study),
        "claims": claims(study),
        "curves": curves(study),
        "facts": "\n".join(["| | |", "|---|---|", *(f"| {name} | {fact} |" for name, fact in study.facts.items())]),
        "seconds": seconds(),
        "summary": summary(study),
    }
    for name, table in tables.items():
        page = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda marker, table=table: f"{marker[1]}{table}\n{marker[2]}",
            page,
            flags=re.DOTALL,  # type: ignore[misc]
        )
    return page


def scores(study: Results, metric: str) -> str:
    """Return a Markdown table of a metric by arm and task."""
    head = [f"| {metric}, % | {' | '.join(study.tasks)} |", f"|---|{'---|' * len(study.tasks)}"]
    rows = [
        f"| {arm} | {' | '.join(percent(study.score(arm, task, metric)) for task in study.tasks)} |"
        for arm in study.arms
    ]
    return "\n".join([*head, *rows])


def summary(study: Results) -> str:
    """Return a Markdown table of the method's own arms on puzzles and the domain of RLVR, and the study's size."""
    arms = [arm for arm in METHOD if arm in study.arms]
    trained = {one.task: f"`{one.task}`, which RLVR trained" for one in study.curves[:1]}
    tasks = {name: title for name, title in (PUZZLES | trained).items() if name in study.tasks}
    head = [f"| accuracy, % | {' | '.join(tasks.values())} |", f"|---|{'---|' * len(tasks)}"]
    rows = [f"| {arm} | {' | '.join(percent(study.score(arm, task, 'accuracy')) for task in tasks)} |" for arm in arms]
    facts = "; ".join(f"{name}: {study.facts[name]}" for name in RUN if name in study.facts)
    alone = " With one base the intervals are over items only." if study.facts.get("bases") == "1" else ""
    return "\n".join([*head, *rows, "", f"{facts[:1].upper()}{facts[1:]}.{alone}"])


METHOD: Final = ("base", "warmed", "base + RL", "warmed + RL")
PUZZLES: Final = {"kk2": "puzzles of two people", "kk3": "of three"}
RUN: Final = ("bases", "RLVR runs from each start of each base", "items per task")


def answers(study: Results) -> str:
    """Return a Markdown table of how often and how well search problems are answered."""
    tasks = [task for task in study.tasks if study.score(study.arms[0], task, FORCED) is not None]
    metrics = ("answered", "accuracy if answered", FORCED, "tries")
    head = [f"| arm | {' | '.join(f'{task}: {metric}' for task in tasks for metric in metrics)} |"]
    head.append(f"|---|{'---|' * len(tasks) * len(metrics)}")
    for arm in study.arms:
        cells = (short(study.score(arm, task, metric), metric) for task in tasks for metric in metrics)
        head.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(head)


FORCED: Final = "accuracy if made to answer"


def short(estimate: Estimate | None, metric: str) -> str:
    """Return a figure without its interval."""
    if estimate is None or not estimate.n:
        return ""
    return f"{estimate.mean:.2f}" if metric == "tries" else f"{100 * estimate.mean:.0f}%"


def percent(estimate: Estimate | None) -> str:
    """Return a share with its interval, in percent."""
    if estimate is None or not estimate.n:
        return ""
    mean, low, high = (100 * value for value in (estimate.mean, estimate.low, estimate.high))
    return f"{mean:.1f} [{low:.0f}, {high:.0f}]"


def claims(study: Results) -> str:
    """Return a Markdown table of the claims."""
    rows = ["| claim | figure | |", "|---|---|---|"]
    for one in study.claims:
        gain = f"{one.estimate.mean:+.3f} [{one.estimate.low:+.3f}, {one.estimate.high:+.3f}]" if one.estimate else ""
        verdict = VERDICTS[one.holds] if "reported only" not in one.criterion or one.holds is not None else "reported"
        rows.append(f"| {one.text}{f' ({one.remark})' if one.remark else ''} | {gain} | {verdict} |")
    return "\n".join(rows)


def curves(study: Results) -> str:
    """Return a Markdown table of the accuracy during RLVR."""
    steps = [step for step, _ in study.curves[0].points]
    rows = [f"| step | {' | '.join(map(str, steps))} |", f"|---|{'---|' * len(steps)}"]
    rows += [f"| {one.arm} | {' | '.join(percent(at) for _, at in one.points)} |" for one in study.curves]
    return "\n".join(rows)


def seconds() -> str:
    """Return a Markdown table of the steps and seconds of the runs."""
    by_name: dict[str, list[tuple[int, float]]] = {}
    for run in read(COPIES / RUNS):
        by_name.setdefault(run["run"].partition("/")[2], []).append((run["steps"], run["seconds"]))
    rows = ["| run | steps, by seed | seconds |", "|---|---|---|"]
    for name, runs in by_name.items():
        steps, times = (", ".join(f"{number:.0f}" for number in numbers) for numbers in zip(*runs, strict=True))
        rows.append(f"| {name} | {steps} | {times} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
