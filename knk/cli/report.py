"""`knk report`: results as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Corpora, training runs, results, or folders of these.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="HTML file to write.")] = Path(
        "report.html"
    ),
    title: Annotated[str, typer.Option(metavar="TEXT", help="Title of the page.")] = "",
) -> None:
    """Write an HTML report.

    It describes corpora, training runs and evaluations. Each path becomes a section: a corpus or a file of rows (sizes,
    grades, lengths, samples), the folder of a training run (loss, rewards, lengths, sample completions), the results of
    an evaluation (tables and charts with intervals, and which claims hold), or a folder of runs and results.

    The report is one file that needs no network, and can be read on a phone.

    Exit status: 0 the report is written, 2 a path is none of these.

    \b
    knk report corpus -o corpus.html
    knk report runs/rlvr/math -o run.html
    """
    from knk.report import write

    print(write(output, paths, title))
