"""Run the whole method on a CPU: base, warm-up and its controls, RLVR, and an evaluation of each model.

    python -m recipes.laptop.study demo -o runs/demo
    python -m recipes.laptop.study study -o runs/laptop

Stages that do not depend on each other run in parallel, one core each. A finished stage is not repeated, so the same
command resumes a study that was killed. The folder then holds the figures in `results.json`, every completion with its
verdict in `seed-N/samples`, the manifest and metrics of each run beside its checkpoint, the output of the trainers in
`log.txt`, and a page with all results in `report.html`.
"""

from __future__ import annotations

import argparse
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
from knk.errors import BadFolder, KnkError
from knk.files import whole_file
from knk.parallel.cores import core_count
from knk.parallel.executors import open_executor
from recipes.laptop.claims import format_results, summarize
from recipes.laptop.lineage import SCALES, Lineage, Stage, stages

STUDY_FILE: Final = "study.json"
LOG: Final = "log.txt"
Work = Literal["training", "evaluating"]
Job = tuple[Lineage, Stage, Work]
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
    """Run a study and return the exit status."""
    options = _parser().parse_args(arguments)
    scale, start = SCALES[options.scale], time.monotonic()
    lineages = [
        Lineage(scale, options.output / f"seed-{seed}", seed, options.model, tuple(options.overlays))
        for seed in range(scale.seeds)
    ]
    os.environ.update(_ENVIRONMENT)
    try:
        claim_folder(options.output, lineages[0])
        run(lineages, options.output, options.jobs)
    except (KnkError, BrokenProcessPool) as error:
        print(f"{error}; the output of the trainers is in {options.output / LOG}", file=sys.stderr)
        return 2
    results = summarize(scale, options.output)
    page = report.write(options.output / "report.html", [options.output])
    print(f"\n{format_results(results)}\n\nReport: {page} ({time.monotonic() - start:.0f} s in total)")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m recipes.laptop.study", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("scale", choices=list(SCALES), help="size of the study")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of the study")
    parser.add_argument(
        "--jobs", type=int, default=core_count(), metavar="N", help="stages to run in parallel (default: %(default)s)"
    )
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
    return parser


def claim_folder(folder: Path, lineage: Lineage) -> None:
    """Check that a folder is new or belongs to this study, and record the study in it.

    Args:
        folder: the folder of the study.
        lineage: any lineage of the study.

    Raises:
        BadFolder: the folder holds a study of another scale, model or settings.
    """
    study = {
        "scale": asdict(lineage.scale),
        "model": lineage.model.name if lineage.model else "",
        "settings": [path.read_text(encoding="utf-8") for path in lineage.overlays],
    }
    text = json.dumps(study, indent=1) + "\n"
    path = folder / STUDY_FILE
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise BadFolder(f"{folder} holds a study of another scale, model or settings: choose another folder with -o")
    with whole_file(path) as file:
        file.write(text.encode())


def run(lineages: Sequence[Lineage], folder: Path, jobs: int) -> None:
    """Train and evaluate all stages of some lineages, and print a line as each job finishes.

    Args:
        lineages: the lineages, all of the same scale.
        folder: the folder of `log.txt`.
        jobs: the number of stages to run in parallel.
    """
    folder.mkdir(parents=True, exist_ok=True)
    dependencies = _dependencies(lineages)
    graph = TopologicalSorter(dependencies)
    graph.prepare()
    with open_executor(jobs) as (pool, _), tqdm(total=len(dependencies), unit=" stages", disable=None) as bar:
        running: dict[Any, Job] = {}
        while graph.is_active():
            running |= {pool.submit(_execute, *job, folder / LOG): job for job in graph.get_ready()}
            bar.set_postfix_str(", ".join(map(_title, running.values())))  # Also refreshes the elapsed time.
            done, _ = wait(running, timeout=_REFRESH_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                job = running.pop(future)
                tqdm.write(f"{_title(job)}: {future.result()}")
                graph.done(job)
                bar.update()


def _dependencies(lineages: Sequence[Lineage]) -> dict[Job, list[Job]]:
    """Return the jobs that each job needs: the training of its start, or of the model to evaluate."""
    dependencies: dict[Job, list[Job]] = {}
    for stage in stages(lineages[0].scale):
        for lineage in lineages:
            starts = [start for start in stages(lineage.scale) if start.name == stage.start]
            dependencies[lineage, stage, "training"] = [(lineage, start, "training") for start in starts]
            dependencies[lineage, stage, "evaluating"] = [(lineage, stage, "training")]
    return dependencies


def _title(job: Job) -> str:
    """Return the name of a job, such as "training base (seed 0)"."""
    lineage, stage, work = job
    rl_run = "" if stage.rl_run is None else f", run {stage.rl_run}"
    return f"{work} {stage.arm} (seed {lineage.seed}{rl_run})"


def _execute(lineage: Lineage, stage: Stage, work: Work, log: Path) -> str:
    """Do a job, and return its steps and seconds."""
    start = time.monotonic()
    with _output_to(log):
        if work == "training":
            steps = f"{lineage.train(stage)['steps']} steps, "
        else:
            steps = ""
            lineage.evaluate(stage)
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
