"""The record of a cell: everything that its results are computed from, small enough to be committed.

A record is a folder with four files: `cell.json` (the cell, its gate, its RLVR runs step by step), `measures.parquet`
(what was measured on each item), `samples.jsonl` (a few completions) and `runs.jsonl` (the manifests of the runs).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read, write
from knk.errors import BadFile, KnkError
from knk.files import read_json, whole_file
from knk.training.manifest import MANIFEST
from knk.training.metrics import METRICS
from recipes.laptop.cell import BASE, SCALES, WARMED, Cell, Stage
from recipes.laptop.data import Latent

RECORD: Final = "record"
"""The folder of the record in a cell's folder."""
CELL: Final = "cell.json"
MEASURES: Final = "measures.parquet"
SAMPLES: Final = "samples.jsonl"
RUNS: Final = "runs.jsonl"
_MEASURED: Final = ("task", "item", "correct", "answered", "correct_if_forced", "checks", "tokens")
_SHOWN_ITEMS: Final = 3
_STEP_METRICS: Final = ("step", "num_tokens", "step_time", "reward", "right", "answered", "tries")

Scores = dict[str, dict[str, dict[str, float]]]
"""The score of each item, by task and metric."""


@dataclass(frozen=True)
class Record:
    """A cell's record, in memory.

    Args:
        scale: the name of the study's scale.
        latent: how often the base's lessons go on searching.
        seed: the seed of the base.
        gate: the share of right checks of the base, by task and try.
        rl: the metrics of each RLVR run, step by step.
        scores: the scores by the stage's name and step; None is the final model.
        runs: the manifests of the runs.
    """

    scale: str
    latent: Latent
    seed: int
    gate: Mapping[str, Sequence[float]]
    rl: Mapping[str, Sequence[Mapping[str, float]]]
    scores: Mapping[tuple[str, int | None], Scores]
    runs: Sequence[Mapping[str, Any]]

    @property
    def cell(self) -> Cell:
        """The cell, without its folder."""
        return Cell(SCALES[self.scale], Path(), self.seed, self.latent)


def write_record(cell: Cell, scale: str) -> Path:
    """Write the record of a cell whose stages are trained and evaluated, and return its folder.

    Args:
        cell: the cell.
        scale: the name of its scale.
    """
    folder = cell.folder / RECORD
    folder.mkdir(exist_ok=True)
    write(folder / MEASURES, _measures(cell))
    write(folder / SAMPLES, _shown_samples(cell))
    runs = {stage.name: read_json(cell.folder / stage.name / MANIFEST) for stage in cell.stages}
    write(folder / RUNS, ({"run": name, **manifest} for name, manifest in runs.items()))
    description = {
        "scale": scale,
        "sizes": asdict(cell.scale),
        "latent": asdict(cell.latent),
        "seed": cell.seed,
        "gate": cell.gate(),
        "rl": {stage.name: _steps(cell, stage) for stage in cell.stages if stage.rl_run is not None},
    }
    with whole_file(folder / CELL) as file:  # The last one: a record with it is complete.
        file.write(json.dumps(description, indent=1).encode() + b"\n")
    return folder


def read_records(folder: Path) -> list[Record]:
    """Return the records in a folder and in the folders below it.

    Args:
        folder: a record, a study, or any folder that holds some.
    """
    return [_read(path.parent) for path in sorted(folder.rglob(CELL))]


def copy_records(sources: Sequence[Path], target: Path) -> None:
    """Copy the records below some folders to another, each to a folder that is named after its cell.

    Args:
        sources: studies, or any folders that hold records.
        target: the folder to copy to; a record of the same cell there is replaced, and records below it stay there.

    Raises:
        BadFile: two records are of the same cell.
    """
    records: dict[str, Path] = {}
    for folder in sorted({path.parent.resolve() for source in sources for path in source.rglob(CELL)}):
        other = records.setdefault(folder_name(_read(folder).cell), folder)
        if other != folder:
            raise BadFile(f"{other} and {folder} are records of the same cell: join only one of them")
    for cell, folder in records.items():
        if not folder.is_relative_to(target.resolve()):
            copy = target / cell
            copy.mkdir(parents=True, exist_ok=True)
            for name in (MEASURES, SAMPLES, RUNS, CELL):
                with whole_file(copy / name) as file:
                    file.write((folder / name).read_bytes())


def folder_name(cell: Cell) -> str:
    """Return the name of a cell's folder, such as `q0.03-seed1`."""
    places = "" if len(cell.latent.domains) > 1 else f"-{cell.latent.domains[0]}"
    return f"q{cell.latent.rate:g}{places}-seed{cell.seed}"


def _read(folder: Path) -> Record:
    value = read_json(folder / CELL)
    try:
        latent = Latent(float(value["latent"]["rate"]), tuple(map(str, value["latent"]["domains"])))
        scale = str(value["scale"])
        if scale not in SCALES or json.loads(json.dumps(asdict(SCALES[scale]))) != value["sizes"]:
            raise BadFile(f"{folder}: expected a record of today's scale {scale!r}: run the cell again")
        return Record(
            scale,
            latent,
            int(value["seed"]),
            value["gate"],
            value["rl"],
            _scores(folder / MEASURES),
            list(read(folder / RUNS)),
        )
    except KnkError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadFile(f"{folder / CELL}: not the record of a cell: {error}") from error


def _measures(cell: Cell) -> Iterator[dict[str, Any]]:
    for stage in cell.stages:
        steps = (None,) if stage.rl_run is None else (None, *cell.scale.checkpoints[:-1])
        for step in steps:
            for row in read(cell.samples(stage, step)):
                yield {
                    "stage": stage.name,
                    "step": -1 if step is None else step,
                    **{name: row[name] for name in _MEASURED},
                }


def _shown_samples(cell: Cell) -> Iterator[dict[str, Any]]:
    shown = [stage for stage in cell.stages if stage.arm in (BASE, WARMED, "answers only") or stage.rl_run == 0]
    for stage in shown:
        for row in read(cell.samples(stage)):
            if row["item"] < _SHOWN_ITEMS:
                yield {"stage": stage.name, **row}


def _steps(cell: Cell, stage: Stage) -> list[dict[str, float]]:
    entries = [entry for entry in read(cell.folder / stage.name / METRICS) if "num_tokens" in entry]
    return [{name: round(entry[name], 4) for name in _STEP_METRICS if name in entry} for entry in entries]


def _scores(path: Path) -> dict[tuple[str, int | None], Scores]:
    scores: dict[tuple[str, int | None], Scores] = {}
    for row in read(path):
        table = scores.setdefault((row["stage"], None if row["step"] < 0 else row["step"]), {})
        for metric, value in _metrics(row).items():
            table.setdefault(row["task"], {}).setdefault(metric, {})[str(row["item"])] = float(value)
    return scores


def _metrics(row: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of an item; checks are counted by try: the first, the second, and all later ones."""
    checks = row["checks"]
    metrics = {
        "accuracy": row["correct"],
        "answered": row["answered"],
        "accuracy if made to answer": row["correct_if_forced"],
        "tries": len(checks),
        "tokens": row["tokens"],
    }
    for name, part in (("first", checks[:1]), ("second", checks[1:2]), ("later", checks[2:])):
        metrics |= {f"{name} checks": len(part), f"right {name} checks": part.count("1")}
    return metrics
