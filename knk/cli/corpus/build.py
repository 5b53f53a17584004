"""`knk corpus build`: a corpus from its configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from knk.cli.options import Executor, Processes, Progress
from knk.cli.output import bar
from knk.errors import KnkError

if TYPE_CHECKING:
    from knk.datasets.config import CorpusConfig

_Counts = dict[str, dict[str, int]]
_TOTAL: Final = "all"


def build(
    path: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="What to build the corpus from.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="The folder to build it in.")
    ] = None,
    processes: Processes = None,
    executor: Executor = "local",
    progress: Progress = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object instead of a table.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only read the config, and print how many rows to expect in each split.")
    ] = False,
) -> None:
    """Build a corpus: a folder of Parquet files, one folder a split.

    No puzzle is in it twice, and none is in a split that its key does not belong to. Whatever ends the command before
    it is done, run the same command again: it goes on after the last rows that it had finished, and the files come out
    as if it had never been cut off. A corpus that is done is checked and left as it is.

    The config is YAML, such as

    \b
    seed: 1
    shares: {train: 0.9, test: 0.1}
    parts:
      - {name: easy, people: [3, 5], rows: 10000}
      - {name: hard, people: 7, grade: [3, 5], rows: 1000, splits: [test]}

    Prints how many rows each split has of each part, and the SHA-256 of the manifest, which is the same for the same
    corpus.

    Exit status: 0 the corpus is there, 2 the config is invalid, or the folder is not free, or there are not enough
    puzzles.

    \b
    knk corpus build corpus.yaml -o corpus
    knk corpus build corpus.yaml --dry-run
    """
    import hashlib

    from knk.datasets.build import build as built
    from knk.datasets.config import CorpusConfig
    from knk.datasets.manifest import MANIFEST

    config = CorpusConfig.from_yaml(path)
    if dry_run:
        _tell(config, _expected(config), {"dry_run": True}, as_json)
        return
    if output is None:
        raise KnkError("there is no folder to build the corpus in: give one after -o")
    with bar(config.rows, "rows", progress) as advance:
        manifest = built(config, output, processes, advance, executor)
    digest = hashlib.sha256((output / MANIFEST).read_bytes()).hexdigest()
    _tell(config, manifest.counts(), {"folder": str(output), "manifest_sha256": digest}, as_json)


def _expected(config: CorpusConfig) -> _Counts:
    """Return how many rows of each part each split can expect, to the nearest row."""
    counts: _Counts = {split: {} for split, _ in config.shares}
    for part in config.parts:
        wanted = {split: share for split, share in config.shares if split in (part.splits or counts)}
        for split, share in wanted.items():
            counts[split][part.name] = round(part.rows * share / sum(wanted.values()))
    return counts


def _tell(config: CorpusConfig, counts: _Counts, more: dict[str, object], as_json: bool) -> None:
    """Print how many rows there are, and what else there is to say."""
    import json

    if as_json:
        print(json.dumps({"rows": config.rows, "counts": counts} | more, ensure_ascii=False))
        return
    splits = [split for split, _ in config.shares]
    lines = [["part", *splits, "rows"]]
    lines += [
        [part.name, *(f"{counts.get(split, {}).get(part.name, 0):,}" for split in splits), f"{part.rows:,}"]
        for part in config.parts
    ]
    totals = [f"{sum(counts.get(split, {}).values()):,}" for split in splits]
    lines.append([_TOTAL, *totals, f"{config.rows:,}"])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for name, *numbers in lines:
        print(
            "  ".join([name.ljust(widths[0]), *(n.rjust(width) for n, width in zip(numbers, widths[1:], strict=True))])
        )
    if "folder" in more:
        print(f"{more['folder']}: {config.rows:,} rows, manifest {more['manifest_sha256']}")
