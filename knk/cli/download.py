"""`knk download`: from the Hugging Face Hub."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from knk.cli.options import HubName as Name

if TYPE_CHECKING:
    from knk.hub.staging import Kind


def download(
    name: Name,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to put it in.")],
    revision: Annotated[
        str | None, typer.Option(metavar="REV", help="A branch, tag or commit; the main branch if not given.")
    ] = None,
    model: Annotated[bool, typer.Option("--model", help="It is a model, and no dataset.")] = False,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Fetch also what has no manifest to check it by.")
    ] = False,
) -> None:
    """Fetch what 'knk publish' published, and check it.

    Every file of the dataset or model is held against its manifest.

    The folder appears whole or not at all. Whatever ends the command, run the same command again: it goes on with what
    it has.

    Exit status: 0 the folder is there, 2 it is not: a file differs from the manifest, or the Hub failed.

    \b
    knk download org/puzzles -o puzzles
    knk download org/puzzles -o puzzles --revision v2
    """
    from knk.hub import client as hub

    kind: Kind = "model" if model else "dataset"
    commit = hub.download(name, output, revision, kind, unchecked, progress=sys.stderr.isatty())
    print(f"{output}: {name} at {commit}")
