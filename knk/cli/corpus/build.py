"""`knk corpus build`: a corpus from its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from knk.cli.options import Executor, Json, OutputFolder, Processes, Progress, require_output
from knk.cli.output import print_json, progress_bar
from knk.tables import format_table

if TYPE_CHECKING:
    from knk.datasets.config import CorpusConfig

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check the configuration and print the expected rows; build nothing.")
]
_Counts = dict[str, dict[str, int]]
"""The number of rows by split and part."""


def build(
    path: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="Corpus configuration: parts, splits, seed.")],
    output: OutputFolder = None,
    processes: Processes = None,
    executor: Executor = "local",
    progress: Progress = None,
    as_json: Json = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check the configuration and print the expected rows; build nothing."),
    ] = False,
) -> None:
    """Build a corpus.

    A corpus is a folder of Parquet files, with a subfolder per split. No puzzle occurs twice, and each is in the split
    of its key. After an interruption, run the same command again: it resumes, and the files are the same as without the
    interruption. A finished corpus is only verified.

    The configuration is a YAML file such as

    \b
    seed: 1
    shares: {train: 0.9, test: 0.1}
    parts:
      - {name: easy, people: [3, 5], rows: 10000}
      - {name: hard, people: 7, grade: [3, 5], rows: 1000, splits: [test]}

    Prints the number of rows of each part in each split, and the SHA-256 of the manifest, which is the same for equal
    corpora.

    Exit status: 0 the corpus is complete, 2 the configuration is bad, the folder is in use, or there are too few
    puzzles.

    \b
    knk corpus build corpus.yaml -o corpus
    knk corpus build corpus.yaml --dry-run
    """
    from knk.datasets.build import build as build_corpus
    from knk.datasets.config import CorpusConfig
    from knk.datasets.manifest import MANIFEST
    from knk.files import sha256_of

    config = CorpusConfig.from_yaml(path)
    if dry_run:
        _print_counts(config, _expected_counts(config), {"dry_run": True}, as_json)
        return
    folder = require_output(output)
    with progress_bar(config.rows, "rows", progress) as advance:
        counts = build_corpus(config, folder, processes, advance, executor).counts()
    details = {"folder": str(folder), "manifest_sha256": sha256_of(folder / MANIFEST)}
    _print_counts(config, counts, details, as_json)


def _expected_counts(config: CorpusConfig) -> _Counts:
    """Return the expected number of rows of each part in each split, to the nearest row."""
    counts: _Counts = {split: {} for split, _ in config.shares}
    for part in config.parts:
        shares = {split: share for split, share in config.shares if split in (part.splits or counts)}
        for split, share in shares.items():
            counts[split][part.name] = round(part.rows * share / sum(shares.values()))
    return counts


def _print_counts(config: CorpusConfig, counts: _Counts, details: Mapping[str, object], as_json: bool) -> None:
    """Print the numbers of rows by part and split, and the details."""
    if as_json:
        print_json({"rows": config.rows, "counts": counts, **details})
        return
    splits = [split for split, _ in config.shares]
    rows = [["part", *splits, "rows"]]
    for part in config.parts:
        by_split = (f"{counts.get(split, {}).get(part.name, 0):,}" for split in splits)
        rows.append([part.name, *by_split, f"{part.rows:,}"])
    totals = (f"{sum(counts.get(split, {}).values()):,}" for split in splits)
    print(format_table([*rows, ["all", *totals, f"{config.rows:,}"]]))
    if "folder" in details:
        print(f"{details['folder']}: {config.rows:,} rows, manifest {details['manifest_sha256']}")
