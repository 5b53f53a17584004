"""`knk corpus build`: a corpus from its configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from knk.cli.options import Executor, Processes, Progress
from knk.cli.output import bar
from knk.errors import KnkError

if TYPE_CHECKING:
    from knk.datasets.config import Recipe

_Counts = dict[str, dict[str, int]]
_TOTAL: Final = "all"


def build(
    spec: Annotated[Path, typer.Argument(metavar="SPEC.yaml", help="What the corpus is made of.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="The folder to build it in.")
    ] = None,
    processes: Processes = None,
    executor: Executor = "local",
    progress: Progress = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object instead of a table.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only read the specification, and print how many rows to expect where.")
    ] = False,
) -> None:
    """Build a corpus: a folder of Parquet files, one folder a split.

    No puzzle is in it twice, and none is in a split that its key does not belong to. Whatever ends the command before
    it is done, run the same command again: it goes on after the last rows that it had finished, and the files come out
    as if it had never been cut off. A corpus that is done is checked and left as it is.

    The specification is YAML, such as

    \b
    seed: 1
    shares: {train: 0.9, test: 0.1}
    parts:
      - {name: easy, people: [3, 5], rows: 10000}
      - {name: hard, people: 7, grade: [3, 5], rows: 1000, splits: [test]}

    Prints how many rows each split has of each part, and the SHA-256 of the manifest, which is the same for the same
    corpus.

    Exit status: 0 the corpus is there, 2 the specification is bad, or the folder is not free, or there are not enough
    puzzles.

    \b
    knk corpus build spec.yaml -o corpus
    knk corpus build spec.yaml --dry-run
    """
    import hashlib

    from knk.datasets.build import build as built
    from knk.datasets.config import Recipe
    from knk.datasets.manifest import MANIFEST

    recipe = Recipe.from_yaml(spec)
    if dry_run:
        _tell(recipe, _expected(recipe), {"dry_run": True}, as_json)
        return
    if output is None:
        raise KnkError("there is no folder to build the corpus in: give one after -o")
    with bar(recipe.rows, "rows", progress) as advance:
        manifest = built(recipe, output, processes, advance, executor)
    digest = hashlib.sha256((output / MANIFEST).read_bytes()).hexdigest()
    _tell(recipe, manifest.counts(), {"folder": str(output), "manifest_sha256": digest}, as_json)


def _expected(recipe: Recipe) -> _Counts:
    """Return how many rows of each part each split can expect, to the nearest row."""
    counts: _Counts = {split: {} for split, _ in recipe.shares}
    for part in recipe.parts:
        wanted = {split: share for split, share in recipe.shares if split in (part.splits or counts)}
        for split, share in wanted.items():
            counts[split][part.name] = round(part.rows * share / sum(wanted.values()))
    return counts


def _tell(recipe: Recipe, counts: _Counts, more: dict[str, object], as_json: bool) -> None:
    """Print how many rows there are, and what else there is to say."""
    import json

    if as_json:
        print(json.dumps({"rows": recipe.rows, "counts": counts} | more, ensure_ascii=False))
        return
    splits = [split for split, _ in recipe.shares]
    lines = [["part", *splits, "rows"]]
    lines += [
        [part.name, *(f"{counts.get(split, {}).get(part.name, 0):,}" for split in splits), f"{part.rows:,}"]
        for part in recipe.parts
    ]
    totals = [f"{sum(counts.get(split, {}).values()):,}" for split in splits]
    lines.append([_TOTAL, *totals, f"{recipe.rows:,}"])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for name, *numbers in lines:
        print(
            "  ".join([name.ljust(widths[0]), *(n.rjust(width) for n, width in zip(numbers, widths[1:], strict=True))])
        )
    if "folder" in more:
        print(f"{more['folder']}: {recipe.rows:,} rows, manifest {more['manifest_sha256']}")
