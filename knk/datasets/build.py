"""Building a corpus: a folder of Parquet files with a folder for each split, no puzzle twice, reproducible bytes.

A corpus is built in batches. A batch depends on the config, on its number and on the keys of the puzzles before it, so
a build resumes after the last batch that was written. Until the build is done, the files of the batches and a journal
with a line for each batch are in a hidden folder inside the corpus folder: readers never see a part of a corpus.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from knk.datasets.config import CorpusConfig
from knk.datasets.corpus_rows import PartStream
from knk.datasets.files import split_readme
from knk.datasets.journal import UNFINISHED, Journal, check_about, open_journal
from knk.datasets.manifest import MANIFEST, README, File, Manifest
from knk.datasets.puzzle_stream import SINGLE_PROCESS_ROWS, useful_process_count
from knk.errors import NotEnough
from knk.files import whole_file
from knk.generation.hashset import HashSet
from knk.generation.sieve import DEFAULT_LIMITS, SearchLimits
from knk.generation.spec import Spec
from knk.parallel.executors import open_executor
from knk.version import __version__


@dataclass(frozen=True)
class BuildSettings:
    """Sizes and limits of a build; they do not change the rows of a corpus, only how many a file has.

    Args:
        batch: people in the rows of a batch, which are held in memory, and lost if the process is killed.
        searched_batch: the same for rows that are searched for, which takes longer.
        single_process_rows: up to this many rows, unless they are searched for, one process makes them all.
        search: when to give up the search for new puzzles.
    """

    batch: int = 1 << 19
    searched_batch: int = 1 << 15
    single_process_rows: int = SINGLE_PROCESS_ROWS
    search: SearchLimits = DEFAULT_LIMITS

    def rows_per_batch(self, spec: Spec) -> int:
        """Return how many rows of a specification a batch has."""
        return max(1, (self.searched_batch if spec.target else self.batch) // spec.people_range[1])


DEFAULT_SETTINGS: Final = BuildSettings()


def build(
    config: CorpusConfig,
    folder: str | os.PathLike[str],
    processes: int | None = 1,
    progress: Callable[[int], None] | None = None,
    executor: str = "local",
    settings: BuildSettings = DEFAULT_SETTINGS,
) -> Manifest:
    """Build a corpus, or resume a build that was interrupted, and return the manifest.

    `datasets.load_dataset(folder)` reads the corpus. A split without puzzles has no files.

    Args:
        config: the corpus config.
        folder: the folder to build in, created if missing.
        processes: how many, None for one per core; a script needs an `if __name__ == "__main__"` guard for several.
        progress: called with the number of rows done since the last call; first with those done by earlier runs.
        executor: what runs the jobs, "local" or "ray" (`knk.parallel.executors.open_executor`), for the same bytes.
        settings: sizes and limits.

    Raises:
        BadFolder: the folder has other content, a corpus of another config or version, or changed files; or another
            process is building there.
        NotEnough: there are too few puzzles, or no more could be found; nothing is left in the folder.

    >>> from tempfile import TemporaryDirectory
    >>> from knk.datasets.config import PartConfig
    >>> config = CorpusConfig((PartConfig(Spec(people=3), 100, "small"),))
    >>> with TemporaryDirectory() as folder:
    ...     sum(sum(parts.values()) for parts in build(config, folder).counts().values())
    100
    """
    folder = Path(folder)
    report = progress or (lambda _: None)
    about = {"version": __version__, "config": config.to_dict()}
    try:
        if (folder / MANIFEST).exists() and not (folder / UNFINISHED).exists():
            manifest = Manifest.read(folder)
            check_about(manifest.about, about, folder)
            manifest.check(folder)
            report(config.rows)
            return manifest
        with open_journal(folder, about) as journal:
            _build_batches(config, journal, processes, report, executor, settings)
            manifest = _finish(folder, journal)
    except NotEnough:
        shutil.rmtree(folder / UNFINISHED)
        raise
    shutil.rmtree(folder / UNFINISHED)
    return manifest


def _build_batches(
    config: CorpusConfig,
    journal: Journal,
    processes: int | None,
    report: Callable[[int], None],
    executor: str,
    settings: BuildSettings,
) -> None:
    """Build the batches that are not in the journal."""
    seen = HashSet(words=2)
    for keys in journal.written_keys():
        seen.add(keys)
    if journal.rows:
        report(journal.rows)
    searching = any(part.spec.target for part in config.parts)
    rows = config.rows - journal.rows
    processes = useful_process_count(rows, processes, searching, settings.single_process_rows)
    with open_executor(processes, executor) as (pool, workers):
        for index, part in enumerate(config.parts):
            done = [batch for batch in journal.batches if batch.part == index]
            states = done[-1].streams if done else {}
            stream = PartStream(config, index, seen, pool, workers, settings.search, states)
            size = settings.rows_per_batch(part.spec)
            for number, start in enumerate(range(0, part.rows, size)):
                if number >= len(done):
                    rows = min(size, part.rows - start)
                    table = stream.take(start, rows)
                    journal.write(index, part.name, number, table, config.shares, stream.states())
                    report(rows)
            stream.cancel()


def _finish(folder: Path, journal: Journal) -> Manifest:
    """Move the batches' files to their places, write the README and the manifest, and return the manifest."""
    files = journal.files
    splits = [split for split in journal.about["config"]["shares"] if any(file.split == split for file in files)]
    text = f"{journal.rows} puzzles. `{MANIFEST}` says how they were made."
    readme = split_readme(splits, "Knights and knaves", text).encode()
    for split in splits:
        (journal.folder / split).rename(folder / split)
    with whole_file(folder / README) as file:
        file.write(readme)
    manifest = Manifest(journal.about, (*files, File(README, "", "", 0, hashlib.sha256(readme).hexdigest())))
    manifest.write(folder)
    return manifest
