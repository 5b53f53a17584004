"""Run the whole method on a CPU: base, warm-up and its controls, RLVR, and an evaluation of each model.

    python -m recipes.laptop.study demo -o runs/demo
    python -m recipes.laptop.study study -o runs/laptop
    python -m recipes.laptop.study study --q 0.03 --seeds 1 -o runs/laptop    # one cell
    python -m recipes.laptop.study join runs/laptop other/laptop -o runs/all

A study consists of cells: a base model and everything trained from it. Stages that do not depend on each other run in
parallel, one core each. A finished stage is not repeated, so the same command resumes a study that was killed. The
folder of a cell then holds every completion with its verdict in `samples`, the manifest and the metrics of each run
beside its checkpoint, and in `record` a small copy of everything that the results are computed from. `join` computes
the results of records, wherever they were made.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Final, Literal

from tqdm import tqdm

from knk import report
from knk.errors import BadFolder, BadSpec, KnkError
from knk.files import whole_file
from knk.parallel.cores import core_count
from knk.parallel.executors import open_executor
from recipes.laptop import gate
from recipes.laptop.cell import BASE, SCALES, Cell, Stage
from recipes.laptop.data import LESSONS, Latent
from recipes.laptop.gate import GateFailed
from recipes.laptop.record import copy_records, folder_name, write_record
from recipes.laptop.summary import format_claims, format_results, summarize

STUDY_FILE: Final = "study.json"
LOG: Final = "log.txt"
CONDITIONS: Final = {"tiny": "0.03", "demo": "0.03", "study": "0,0.03,0.1,0.03-pair"}
SEEDS: Final = {"tiny": "0", "demo": "0", "study": "1,2,3"}
Work = Literal["training", "checking", "evaluating"]
Job = tuple[Cell, Stage, Work]
_REFRESH_SECONDS: Final = 2.0
_ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",  # Small models run faster on one core than on several.
    # Keep freed memory in the process: requesting new pages costs more than the computation that uses them.
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
}
"""The environment variables of the worker processes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a study, or join records, and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _join(options) if options.command == "join" else _run(options)
    except (KnkError, BrokenProcessPool) as error:
        where = f"; the output of the trainers is in {options.output / LOG}" if options.command != "join" else ""
        print(f"{error}{where}", file=sys.stderr)
        return 2


def read_condition(text: str) -> Latent:
    """Return the latent rate that a text names.

    Args:
        text: a rate, or a rate and a domain that alone holds the lessons.

    Raises:
        BadSpec: the text names none.

    >>> read_condition("0.03-pair").domains
    ('pair',)
    """
    rate, _, domain = text.partition("-")
    try:
        latent = Latent(float(rate), (domain,) if domain else tuple(LESSONS))
    except ValueError:
        raise BadSpec(f"--q: expected rates such as 0.03 or 0.03-pair, got {text!r}") from None
    if (domain and domain not in LESSONS) or not 0 <= latent.rate <= 0.15:
        raise BadSpec(f"--q: expected a rate from 0 to 0.15, alone or with {', '.join(LESSONS)}, got {text!r}")
    return latent


def _read_seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadSpec(f"--seeds: expected integers such as 1,2, got {text!r}") from None


def _run(options: argparse.Namespace) -> int:
    start, folder = time.monotonic(), options.output
    cells = [
        Cell(SCALES[options.command], folder, seed, latent, options.model, tuple(options.overlays))
        for latent in map(read_condition, options.q.split(","))
        for seed in map(_read_seed, options.seeds.split(","))
    ]
    cells = [
        Cell(cell.scale, folder / folder_name(cell), cell.seed, cell.latent, cell.model, cell.overlays)
        for cell in cells
    ]
    os.environ.update(_ENVIRONMENT)
    claim_folder(folder, options.command, cells[0])
    run(cells, options.command, folder, options.jobs, options.despite_gate)
    study = summarize(folder)
    page = report.write(folder / "report.html", [folder])
    text = format_results(study) if len(cells) == 1 else format_claims(study)
    print(f"\n{text}\n\nReport: {page} ({time.monotonic() - start:.0f} s in total)")
    return 0


def _join(options: argparse.Namespace) -> int:
    for folder in options.folders:
        if not folder.is_dir():
            raise BadFolder(f"expected a folder with records, found none at {folder}")
    copy_records(options.folders, options.output)
    study = summarize(options.output)
    print(format_claims(study))
    print(f"\nReport: {report.write(options.output / 'report.html', [options.output])}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m recipes.laptop.study", description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    texts = {"demo": "one base, warm-up, RLVR", "study": "all cells", "tiny": "a few steps, to try the machinery"}
    for name, text in texts.items():
        _add_run_options(commands.add_parser(name, help=text, description=f"Run {text}."), name)
    text = "compute the results of records, wherever they were made"
    join = commands.add_parser("join", help=text, description=f"{text.capitalize()}.")
    join.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="studies, or folders with records")
    join.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of the joined study")
    return parser


def _add_run_options(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of the study")
    parser.add_argument(
        "--q",
        default=CONDITIONS[name],
        metavar="Q,...",
        help="latent rates; with -DOMAIN, that domain alone holds the lessons (default: %(default)s)",
    )
    parser.add_argument("--seeds", default=SEEDS[name], metavar="N,...", help="seeds of bases (default: %(default)s)")
    parser.add_argument(
        "--jobs", type=int, default=core_count(), metavar="N", help="stages to run in parallel (default: %(default)s)"
    )
    if name == "study":
        parser.add_argument("--despite-gate", action="store_true", help="go on although a base fails the gate")
    else:
        parser.set_defaults(despite_gate=True)
    parser.add_argument("--model", type=Path, metavar="DIR", help="start from this model instead of a new small one")
    parser.add_argument(
        "--with",
        dest="overlays",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="further settings for all training stages, for example for a larger model (repeatable)",
    )


def claim_folder(folder: Path, scale: str, cell: Cell) -> None:
    """Check that a folder is new or belongs to this study, and record the study in it.

    Args:
        folder: the folder of the study.
        scale: the name of its scale.
        cell: any cell of the study.

    Raises:
        BadFolder: the folder holds a study of another scale, model or settings.
    """
    study = {
        "scale": scale,
        "sizes": asdict(cell.scale),
        "model": cell.model.name if cell.model else "",
        "settings": [path.read_text(encoding="utf-8") for path in cell.overlays],
    }
    text = json.dumps(study, indent=1) + "\n"
    path = folder / STUDY_FILE
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise BadFolder(f"{folder} holds a study of another scale, model or settings: choose another folder with -o")
    with whole_file(path) as file:
        file.write(text.encode())


def run(cells: Sequence[Cell], scale: str, folder: Path, jobs: int, despite_gate: bool = False) -> None:
    """Train and evaluate all stages of some cells, write their records, and print a line as each job finishes.

    Args:
        cells: the cells, all of the same scale; earlier ones come first, so that they finish early.
        scale: the name of the scale.
        folder: the folder of `log.txt`.
        jobs: the number of stages to run in parallel.
        despite_gate: whether to go on with a base that fails the gate.

    Raises:
        GateFailed: a base fails the gate.
    """
    dependencies = {job: needed for cell in cells for job, needed in dependencies_of(cell).items()}
    order = {job: number for number, job in enumerate(dependencies)}
    remaining = {cell: sum(job[0] == cell for job in order) for cell in cells}
    graph = TopologicalSorter(dependencies)
    graph.prepare()
    ready: list[tuple[int, Job]] = []
    with open_executor(jobs) as (pool, _), tqdm(total=len(order), unit=" stages", disable=None) as bar:
        running: dict[Any, Job] = {}
        while graph.is_active():
            for job in graph.get_ready():
                heapq.heappush(ready, (order[job], job))
            while ready and len(running) < jobs:
                _, job = heapq.heappop(ready)
                running[pool.submit(_execute, *job, folder / LOG)] = job
            bar.set_postfix_str(", ".join(map(_title, running.values())))  # Also refreshes the elapsed time.
            done, _ = wait(running, timeout=_REFRESH_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                job = running.pop(future)
                tqdm.write(f"{_title(job)}: {future.result()}")
                if job[2] == "checking":
                    _check_gate(job[0], despite_gate)
                graph.done(job)
                bar.update()
                remaining[job[0]] -= 1
                if not remaining[job[0]]:
                    write_record(job[0], scale)


def _check_gate(cell: Cell, despite_gate: bool) -> None:
    if failures := gate.failures(cell.gate()):
        fault = (
            f"the base in {cell.folder} checks candidates too unreliably ({'; '.join(failures)}; "
            f"expected at least {gate.THRESHOLD})"
        )
        if not despite_gate:
            raise GateFailed(f"{fault}: train it on more tokens, or go on with --despite-gate")
        tqdm.write(f"warning: {fault}: what follows says little about searching")


def dependencies_of(cell: Cell) -> dict[Job, list[Job]]:
    """Return the jobs that each job of a cell needs, in the order in which they should run.

    Args:
        cell: the cell.
    """
    base = Stage(BASE)
    dependencies: dict[Job, list[Job]] = {
        (cell, base, "training"): [],
        (cell, base, "checking"): [(cell, base, "training")],
        (cell, base, "evaluating"): [(cell, base, "checking")],
    }
    by_arm = {stage.arm: stage for stage in cell.stages}
    for stage in cell.stages[1:]:
        assert stage.start is not None
        start = by_arm[stage.start]
        dependencies[cell, stage, "training"] = [(cell, start, "checking" if start == base else "training")]
        dependencies[cell, stage, "evaluating"] = [(cell, stage, "training")]
    return dependencies


def _title(job: Job) -> str:
    """Return the name of a job, such as "training base (q = 0.03, seed 0)"."""
    cell, stage, work = job
    rl_run = "" if stage.rl_run is None else f", run {stage.rl_run}"
    return f"{work} {stage.arm} ({cell.condition}, seed {cell.seed}{rl_run})"


def _execute(cell: Cell, stage: Stage, work: Work, log: Path) -> str:
    """Do a job, and return its steps and seconds."""
    start, steps = time.monotonic(), ""
    with _output_to(log):
        if work == "training":
            steps = f"{cell.train(stage)['steps']} steps, "
        elif work == "checking":
            cell.gate()
        else:
            cell.evaluate(stage)
    return f"{steps}{time.monotonic() - start:.0f} s"


@contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Append the output of this process to a file; several trainers would mix their output on a terminal."""
    originals = [os.dup(descriptor) for descriptor in (1, 2)]
    with log.open("ab") as file:
        try:
            for descriptor in (1, 2):
                os.dup2(file.fileno(), descriptor)
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, original in zip((1, 2), originals, strict=True):
                os.dup2(original, descriptor)
                os.close(original)


if __name__ == "__main__":
    sys.exit(main())
