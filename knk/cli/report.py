"""`knk report`: one page of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Corpora, runs, results, or studies.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The page to write.")] = Path(
        "report.html"
    ),
    title: Annotated[str, typer.Option(metavar="TEXT", help="The page's title.")] = "",
) -> None:
    """Write one HTML page about corpora, runs and evaluations.

    Each path becomes a part of the page: a corpus or a file of rows (sizes, grades, lengths, samples), the folder of a
    run (loss, rewards, lengths, what the model wrote), the results of an evaluation (tables and pictures with
    intervals, and which claims hold), or a folder that holds runs and results.

    The page is one file that needs no network, and can be read on a phone.

    Exit status: 0 the page is written, 2 a path is none of these.

    \b
    knk report corpus -o corpus.html
    knk report runs/rlvr/math -o run.html
    """
    from knk.report import write

    print(write(output, paths, title))
