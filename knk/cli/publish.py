"""`knk publish`: to the Hugging Face Hub."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from knk.cli.options import HubName as Name
from knk.cli.output import bar
from knk.errors import BadFolder

if TYPE_CHECKING:
    from knk.hub.staging import Tree


def publish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A dataset with a manifest.json, or a checkpoint.")],
    name: Name,
    model: Annotated[bool, typer.Option("--model", help="DIR is a checkpoint, and no dataset.")] = False,
    public: Annotated[
        bool, typer.Option("--public", help="Let everybody see it; else only your organisation.")
    ] = False,
    revision: Annotated[
        str | None,
        typer.Option("--revision", "--branch", metavar="NAME", help="The branch; the main one if not given."),
    ] = None,
    message: Annotated[
        str | None, typer.Option("--message", "-m", metavar="TEXT", help="The commit's message.")
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(
            "--license", metavar="ID", help="As the Hub spells it; apache-2.0 for puzzles that a recipe made."
        ),
    ] = None,
    audited: Annotated[
        bool, typer.Option("--audit/--no-audit", help="Audit a dataset, and put the figures into the card.")
    ] = True,
    with_pickles: Annotated[
        bool, typer.Option("--with-pickles", help="Publish also files that may run code when a model is loaded.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Keep what is published in this folder, too.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the files and the card; nothing is sent.")] = False,
    processes: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Processes that audit; all cores if not given.")
    ] = None,
) -> None:
    """Publish a dataset or a checkpoint on the Hub.

    In one commit, and private unless you say otherwise.

    Of a dataset, the rows are laid out by number of people, and by grade where there is one, so that
    load_dataset("org/name", "people-5") reads a part of them. The card tells what the rows are, how they were made,
    and what an audit found. Of a checkpoint, weights in safetensors, configuration and tokenizer are published, and
    nothing else.

    Needs a token that may write: set HF_TOKEN, or run 'hf auth login'. Whatever ends the command, the repository is
    as it was, or as it should be; run the same command again to go on.

    Exit status: 0 it is published, 2 it is not.

    \b
    knk publish corpus org/puzzles --dry-run
    knk publish corpus org/puzzles --public
    knk publish --model checkpoint org/model
    """
    from knk.hub import client as hub
    from knk.hub import staging

    if not dry_run:
        hub.check_signed_in()
    with _place(folder, output) as place:
        if model:
            tree = staging.stage_model(folder, place / name, name, licence, with_pickles)
        else:
            with bar(None, "rows", None) as advance:
                tree = staging.stage(folder, place / name, name, licence, audited, processes, advance)
        if output is not None:
            tree = _moved(tree, output)
        _tell(tree)
        if dry_run:
            print(f"\n{tree.card}", end="")
            return
        done = hub.publish(tree, name, public, revision, message, progress=sys.stderr.isatty())
    print(f"{'private' if done.private else 'public'}: {done.url}")


@contextmanager
def _place(folder: Path, output: Path | None) -> Iterator[Path]:
    """Give a folder to put together in what is published, which is removed at the end."""
    from tempfile import TemporaryDirectory

    if output is not None and output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise BadFolder(f"{output} is not empty: choose another folder or remove that one")
    # Beside the folder there is room for as much again, and large files get a second name in place of a copy.
    beside = (output or folder).absolute().parent
    if output is not None:
        beside.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".knk-publish-", dir=beside if os.access(beside, os.W_OK) else None) as place:
        yield Path(place)


def _moved(tree: Tree, output: Path) -> Tree:
    """Move what is published to where it is to be kept, whole."""
    if output.exists():
        output.rmdir()
    return replace(tree, folder=tree.folder.rename(output))


def _tell(tree: Tree) -> None:
    """Print the files with their sizes."""
    width = len(f"{sum(tree.files.values()):,}")
    for path, size in tree.files.items():
        print(f"{size:>{width},}  {path}")
    print(f"{sum(tree.files.values()):>{width},}  bytes in {len(tree.files)} files")
    if tree.left_out:
        print(f"left out: {', '.join(tree.left_out)}")
