"""`knk download`: a dataset or a model from the Hugging Face Hub."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from knk.cli.options import HubName

if TYPE_CHECKING:
    from knk.hub.staging import RepositoryKind


def download(
    name: HubName,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write to.")],
    revision: Annotated[
        str | None, typer.Option(metavar="REV", help="Branch, tag or commit (default: the main branch).")
    ] = None,
    model: Annotated[bool, typer.Option("--model", help="Download a model, not a dataset.")] = False,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Also accept a repository without a manifest to check files against.")
    ] = False,
) -> None:
    """Download a dataset or a model that 'knk publish' published.

    Every file is checked against the manifest. The folder appears complete or not at all; after an interruption, run
    the same command again to resume.

    Exit status: 0 the folder is complete, 2 it is not: a file differs from the manifest, or the Hub failed.

    \b
    knk download org/puzzles -o puzzles
    knk download org/puzzles -o puzzles --revision v2
    """
    from knk.hub import client

    kind: RepositoryKind = "model" if model else "dataset"
    commit = client.download(name, output, revision, kind, unchecked, progress=sys.stderr.isatty())
    print(f"{output}: {name} at {commit}")
