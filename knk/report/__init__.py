"""An HTML page of charts and tables about corpora, runs and evaluations: one file that needs no network.

| module | contents |
|---|---|
| `corpus` | the section about a corpus or a file of rows |
| `run` | the section about a training run |
| `evaluation` | the section about the results of an evaluation, and its figures as pictures for other documents |
| `scores` | the scores of an evaluation, prepared for charts and tables |
| `comparison` | charts that compare arms over conditions or over tasks |
| `charts`, `axes`, `svg` | other charts as inline SVG |
| `marks` | the colours and shapes by which arms are told apart |
| `panel` | a chart on a page, or several in a picture |
| `numbers` | estimates as text |
| `html` | tables, escaped text and the page |
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from knk.errors import BadFolder
from knk.evals.results import RESULTS_FILE
from knk.files import whole_file
from knk.report.corpus import corpus_section, is_corpus
from knk.report.evaluation import results_section
from knk.report.html import Section, document
from knk.report.run import run_section
from knk.training.manifest import MANIFEST as RUN


def page(paths: Sequence[str | os.PathLike[str]], title: str = "") -> str:
    """Return a page with a section about each path.

    A path may be a corpus, a file of rows, the folder of a run, a `results.json`, or a folder that holds runs and
    results, such as a study's.

    Args:
        paths: the paths.
        title: the page's title; the first section's title if not given.

    Raises:
        BadFolder: a path is none of these.
    """
    sections = [section for path in paths for section in _sections(Path(path))]
    return document(title or sections[0].title, sections)


def write(path: str | os.PathLike[str], paths: Sequence[str | os.PathLike[str]], title: str = "") -> Path:
    """Write a page about some paths to a file, atomically, and return the file's path.

    Args:
        path: the file.
        paths: the paths that the page is about; see `page`.
        title: the page's title; the first section's title if not given.

    Raises:
        BadFolder: a path is neither rows, a corpus, a run, nor results.
    """
    text = page(paths, title).encode("utf-8", errors="replace")
    with whole_file(Path(path)) as file:
        file.write(text)
    return Path(path)


def _sections(path: Path) -> list[Section]:
    """The sections about a path: results before runs, and the runs of a study closed at first."""
    if not path.exists():
        raise BadFolder(f"{path}: no such file or folder")
    if path.name == RESULTS_FILE or (path / RESULTS_FILE).is_file():
        folder = path if path.is_dir() else path.parent
        return [results_section(path), *map(_folded, _run_sections(folder))]
    if (path / RUN).is_file():
        return [run_section(path)]
    if is_corpus(path):
        return [corpus_section(path)]
    runs = _run_sections(path) if path.is_dir() else []
    if not runs:
        raise BadFolder(f"{path}: expected rows, a corpus, a run, or the results of an evaluation")
    return runs


def _run_sections(folder: Path) -> list[Section]:
    """The runs in a folder, named by their relative paths: a study has a run of the same name for each seed."""
    runs = sorted(path.parent for pattern in (f"*/{RUN}", f"*/*/{RUN}") for path in folder.glob(pattern))
    return [run_section(run, str(run.relative_to(folder))) for run in runs]


def _folded(section: Section) -> Section:
    return Section(section.title, section.body, folded=True)
