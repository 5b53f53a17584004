"""`knk publish`: a dataset or a checkpoint on the Hugging Face Hub."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from knk.cli.options import HubName, Processes
from knk.cli.output import progress_bar
from knk.errors import BadFolder
from knk.tables import format_table

if TYPE_CHECKING:
    from knk.hub.staging import StagedFolder


@dataclass(frozen=True)
class UploadOptions:
    """Who sees the repository, and what the commit is called."""

    public: Annotated[bool, typer.Option("--public", help="Make it public (default: private).")] = False
    revision: Annotated[
        str | None,
        typer.Option("--revision", "--branch", metavar="NAME", help="Branch (default: the main branch)."),
    ] = None
    message: Annotated[str | None, typer.Option("--message", "-m", metavar="TEXT", help="Commit message.")] = None


@dataclass(frozen=True)
class ContentOptions:
    """What is published of a dataset or a checkpoint."""

    licence: Annotated[
        str | None,
        typer.Option(
            "--license", metavar="ID", help="License id on the Hub (default: apache-2.0 for generated puzzles)."
        ),
    ] = None
    audited: Annotated[
        bool, typer.Option("--audit/--no-audit", help="Audit a dataset and put the results into its card.")
    ] = True
    with_pickles: Annotated[
        bool, typer.Option("--with-pickles", help="Also publish files that can run code when a model is loaded.")
    ] = False


def publish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A dataset with a manifest.json, or a checkpoint.")],
    name: HubName,
    *,
    model: Annotated[bool, typer.Option("--model", help="Publish a checkpoint, not a dataset.")] = False,
    upload: UploadOptions,
    contents: ContentOptions,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Also keep the published files in this folder.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the files and the card; upload nothing.")] = False,
    processes: Processes = None,
) -> None:
    """Publish a dataset or a checkpoint on the Hugging Face Hub.

    It is uploaded in one commit, to a private repository unless --public is given.

    The rows of a dataset are arranged by number of people and by grade, so that load_dataset("org/name", "people-5")
    loads a part of them. The dataset card describes the columns, how the rows were made, and what an audit found. Of a
    checkpoint, only the safetensors weights, the configuration and the tokenizer are published.

    Needs a token with write access: set HF_TOKEN, or run 'hf auth login'. After an interruption the repository is
    unchanged or complete; run the same command again to resume.

    Exit status: 0 it is published, 2 it is not.

    \b
    knk publish corpus org/puzzles --dry-run
    knk publish corpus org/puzzles --public
    knk publish --model checkpoint org/model
    """
    from knk.hub import client, staging

    if not dry_run:
        client.check_signed_in()
    with _staging_folder(folder, output) as parent:
        if model:
            staged = staging.stage_model(folder, parent / name, name, contents.licence, contents.with_pickles)
        else:
            with progress_bar(None, "rows") as advance:
                options = contents.licence, contents.audited, processes
                staged = staging.stage(folder, parent / name, name, *options, advance)
        if output is not None:
            staged = _move(staged, output)
        print("\n".join(_summary(staged)))
        if dry_run:
            print(f"\n{staged.card}", end="")
            return
        published = client.publish(staged, name, **vars(upload), progress=sys.stderr.isatty())
    print(f"{'private' if published.private else 'public'}: {published.url}")


@contextmanager
def _staging_folder(folder: Path, output: Path | None) -> Iterator[Path]:
    """Yield a temporary folder to stage files in."""
    from tempfile import TemporaryDirectory

    if output is not None and output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise BadFolder(f"{output} is not empty: choose another folder or remove that one")
    # The disk of the folder has room for a copy, and large files can be hard-linked there instead of copied.
    parent = (output or folder).absolute().parent
    if output is not None:
        parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".knk-publish-", dir=parent if os.access(parent, os.W_OK) else None) as path:
        yield Path(path)


def _move(staged: StagedFolder, output: Path) -> StagedFolder:
    """Move the staged files to the folder that keeps them."""
    if output.exists():
        output.rmdir()
    return replace(staged, folder=staged.folder.rename(output))


def _summary(staged: StagedFolder) -> Iterator[str]:
    """Iterate over lines with the sizes of the files, their sum, and the files that are left out."""
    rows = [[f"{size:,}", path] for path, size in staged.files.items()]
    yield format_table([*rows, [f"{sum(staged.files.values()):,}", f"bytes in {len(staged.files)} files"]], "><")
    if staged.left_out:
        yield f"left out: {', '.join(staged.left_out)}"
