"""The whole method on a CPU: base, warm-up and its controls, RLVR, and what is measured of each.

    python -m recipes.laptop.study demo -o runs/demo
    python -m recipes.laptop.study study -o runs/laptop

Stages that do not need each other run side by side, a core each. A stage is not done again once it is done, so a study
that was killed goes on where it was. The figures are in `results.json`, every completion with its verdict under
`seed-N/samples`, each run's manifest and metrics beside its checkpoint, what the trainers said in `log.txt`, and
`report.html` shows them all.
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
from recipes.laptop.claims import summary, table
from recipes.laptop.lineage import SCALES, Lineage, Stage, stages

STUDY: Final = "study.json"
Work = Literal["train", "measure"]
Step = tuple[Lineage, Stage, Work]
_LOOKS_EVERY: Final = 2.0
_ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",  # Small models are faster on one core than on several.
    "MALLOC_MMAP_THRESHOLD_": str(
        1 << 32
    ),  # glibc keeps what is freed: a new page costs more than what it is used for.
    "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
}
"""What the workers find when they start."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a study and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m recipes.laptop.study", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("scale", choices=list(SCALES), help="how much of everything")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the folder of the study")
    parser.add_argument(
        "--jobs", type=int, default=core_count(), metavar="N", help="stages side by side (default: %(default)s)"
    )
    parser.add_argument("--model", type=Path, metavar="DIR", help="begin with this model instead of a new small one")
    parser.add_argument(
        "--with", dest="overlays", type=Path, action="append", default=[], metavar="FILE",
        help="further settings for all recipes, such as a larger model needs; may be repeated",
    )  # fmt: skip
    chosen = parser.parse_args(arguments)
    scale, begun = SCALES[chosen.scale], time.monotonic()
    lineages = [
        Lineage(scale, chosen.output / f"seed-{seed}", seed, chosen.model, tuple(chosen.overlays))
        for seed in range(scale.seeds)
    ]
    os.environ.update(_ENVIRONMENT)
    try:
        claim(chosen.output, lineages[0])
        run(lineages, chosen.output, chosen.jobs)
    except (KnkError, BrokenProcessPool) as error:
        print(f"{error}; what the trainers said is in {chosen.output / 'log.txt'}", file=sys.stderr)
        return 2
    found = summary(scale, chosen.output)
    page = report.write(chosen.output / "report.html", [chosen.output])
    print(f"\n{table(found)}\n\n{page}: all of it, with pictures ({time.monotonic() - begun:.0f} s)")
    return 0


def claim(folder: Path, lineage: Lineage) -> None:
    """See that a folder is this study's, and mark it so.

    Args:
        folder: the study's folder.
        lineage: any lineage of it.

    Raises:
        BadFolder: it holds a study of another scale, model or settings.
    """
    told = {
        "scale": asdict(lineage.scale),
        "model": lineage.model.name if lineage.model else "",
        "settings": [path.read_text(encoding="utf-8") for path in lineage.overlays],
    }
    wanted = json.dumps(told, indent=1) + "\n"
    path = folder / STUDY
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text(encoding="utf-8") != wanted:
        raise BadFolder(f"{folder}: it holds a study of another scale, model or settings: name another folder after -o")
    with whole_file(path) as file:
        file.write(wanted.encode())


def run(lineages: Sequence[Lineage], folder: Path, jobs: int) -> None:
    """Do all stages of some lineages, as many side by side as there are jobs.

    Args:
        lineages: the lineages, all of the same scale.
        folder: where `log.txt` is put.
        jobs: how many stages at a time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    needed = _graph(lineages)
    graph = TopologicalSorter(needed)
    graph.prepare()
    total = len(needed)
    with open_executor(jobs) as (pool, _), tqdm(total=total, unit=" steps", disable=None) as bar:
        running: dict[Any, Step] = {}
        while graph.is_active():
            running |= {pool.submit(_do, *step, folder / "log.txt"): step for step in graph.get_ready()}
            bar.set_postfix_str(", ".join(map(_name, running.values())))  # The seconds go on where nothing else does.
            done, _ = wait(running, timeout=_LOOKS_EVERY, return_when=FIRST_COMPLETED)
            for future in done:
                step = running.pop(future)
                tqdm.write(f"{_name(step)}: {future.result()}")
                graph.done(step)
                bar.update()


def _graph(lineages: Sequence[Lineage]) -> dict[Step, list[Step]]:
    """For each step those that have to be done before it: a start is trained first, and so is who is asked."""
    needed: dict[Step, list[Step]] = {}
    for stage in stages(lineages[0].scale):
        for lineage in lineages:
            starts = [one for one in stages(lineage.scale) if one.name == stage.start]
            needed[lineage, stage, "train"] = [(lineage, one, "train") for one in starts]
            needed[lineage, stage, "measure"] = [(lineage, stage, "train")]
    return needed


def _name(step: Step) -> str:
    lineage, stage, work = step
    return f"{work} {stage.arm}{'' if stage.number is None else f' {stage.number}'}, seed {lineage.seed}"


def _do(lineage: Lineage, stage: Stage, work: Work, log: Path) -> str:
    """Do a step, and say what it took."""
    begun = time.monotonic()
    with _told_to(log):
        steps = f"{lineage.train(stage)['steps']} steps, " if work == "train" else ""
        if work == "measure":
            lineage.measure(stage)
    return f"{steps}{time.monotonic() - begun:.0f} s"


@contextmanager
def _told_to(log: Path) -> Iterator[None]:
    """Put what this process prints into a file: trainers print much, and several at a time."""
    kept = [os.dup(number) for number in (1, 2)]
    with log.open("ab") as file:
        try:
            for number in (1, 2):
                os.dup2(file.fileno(), number)
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, before in zip((1, 2), kept, strict=True):
                os.dup2(before, number)
                os.close(before)


if __name__ == "__main__":
    sys.exit(main())
