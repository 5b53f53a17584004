"""What is measured of this library."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from benchmarks.speed.inputs import UNLIMITED, batch_size, completions, fresh, puzzles
from benchmarks.speed.memory import resident_bytes
from benchmarks.speed.timing import Job, JobResult, Jobs, batch_jobs
from knk.logic.puzzle import Puzzle

COMMAND_FILE: Final = "command.parquet"
CORPUS_FOLDER: Final = "corpus"
_REWARD_BATCH: Final = 500
_POLL_SECONDS: Final = 0.05


# Generation.


def generate_arrays(people: int, seed: int, duplicates: bool = False) -> Jobs:
    """Generate puzzles as arrays: the choices of statements, the solutions and the fingerprints."""
    from knk.generation.generate import blocks
    from knk.generation.spec import Spec

    generated = blocks(Spec(people=people, duplicates=duplicates), seed)

    def job() -> JobResult:
        block = next(generated)
        return JobResult(len(block), block.choices.nbytes + block.solutions.nbytes + block.fingerprints.nbytes)

    while True:
        yield job


def generate_rows(people: int, seed: int) -> Jobs:
    """Generate rows of a dataset: names, notation, English, solution and answer."""
    from knk.datasets.rows import DEFAULT_STYLE, table_of
    from knk.generation.generate import blocks
    from knk.generation.spec import Spec

    generated = blocks(Spec(people=people), seed)

    def job() -> JobResult:
        block = next(generated)
        table = table_of(list(block.puzzles()), list(block.solutions_as_roles()), seed, DEFAULT_STYLE)
        return JobResult(len(table), table.nbytes)

    while True:
        yield job


# Text.


def render_puzzles(people: int, seed: int) -> Jobs:
    """Render puzzles in English, each with a different seed."""
    from knk.text.render import render

    numbered = zip(puzzles(people, seed), count())
    return batch_jobs(numbered, 200, lambda pair: render(pair[0], pair[1], "varied"))


def parse_puzzles(people: int, seed: int) -> Jobs:
    """Parse puzzles from English."""
    from knk.text.parse import parse
    from knk.text.render import render

    texts = (render(puzzle, number, "varied") for number, puzzle in enumerate(puzzles(people, seed)))
    return batch_jobs(texts, 100, parse)


# Solving.


def solve_new_puzzles(people: int, seed: int) -> Jobs:
    """Count the solutions of new puzzles up to two, which finds a solution and proves that it is unique."""
    from knk.logic import solver

    return batch_jobs(map(fresh, puzzles(people, seed)), batch_size(people), lambda puzzle: solver.count(puzzle, 2))


def solve_cached_puzzles(people: int, seed: int) -> Jobs:
    """List the solutions of the same 100 puzzles again and again."""
    from knk.logic.solver import solutions

    few = list(islice(puzzles(people, seed), 100))
    return batch_jobs((puzzle for _ in count() for puzzle in few), len(few), lambda puzzle: list(solutions(puzzle)))


def count_by_truth_table(people: int, seed: int) -> Jobs:
    """Count the solutions of new puzzles up to two, with truth tables."""
    from knk.logic.solver import models

    return _count_jobs(people, seed, lambda puzzle: min(models(people, puzzle.statements).bit_count(), 2))


def count_by_sat(people: int, seed: int) -> Jobs:
    """Count the solutions of new puzzles up to two, with the SAT solver."""
    from knk.logic.sat import sat_solutions

    return _count_jobs(people, seed, lambda puzzle: sum(1 for _ in islice(sat_solutions(people, puzzle.statements), 2)))


def _count_jobs(people: int, seed: int, work: Callable[[Puzzle], int]) -> Jobs:
    from knk.generation.generate import generate
    from knk.generation.spec import Spec

    kinds = tuple((kind, 1.0) for kind in ("atom", "not", "and", "or", "one of", "if", "iff", "count", "parity"))
    generated = generate(Spec(people=people, kinds=kinds, width=4), UNLIMITED, seed)
    return batch_jobs(map(fresh, generated), batch_size(people), work)


def compute_keys(people: int, seed: int) -> Jobs:
    """Compute the keys of puzzles."""
    return batch_jobs(puzzles(people, seed), batch_size(people), lambda puzzle: puzzle.key)


# Proofs.


def find_proofs(people: int, seed: int) -> Jobs:
    """Prove puzzles step by step."""
    from knk.proofs.trace import trace

    return batch_jobs(puzzles(people, seed), batch_size(people), trace)


def check_proofs(people: int, seed: int) -> Jobs:
    """Check proofs, every step with the solver."""
    from knk.proofs.check import check
    from knk.proofs.trace import trace

    return batch_jobs(map(trace, puzzles(people, seed)), batch_size(people), check)


def explain_proofs(people: int, seed: int, style: str) -> Jobs:
    """Explain proofs in English."""
    from knk.proofs.trace import trace
    from knk.text.explain import explain

    return batch_jobs(map(trace, puzzles(people, seed)), batch_size(people), lambda proof: explain(proof, style))


# Verification.


def reward_completions(per_puzzle: int, seed: int) -> Jobs:
    """Compute the rewards of correct completions, several for each puzzle, in batches."""
    from knk.rewards import kk_reward

    pairs = completions(per_puzzle, seed)
    while True:
        texts, rows = zip(*islice(pairs, _REWARD_BATCH), strict=True)
        columns = {name: [row[name] for row in rows] for name in ("puzzle", "solution")}
        yield _reward_job(kk_reward, texts, columns)


def _reward_job(reward: Any, texts: tuple[str, ...], columns: dict[str, list[Any]]) -> Job:
    def job() -> JobResult:
        if set(reward(completions=texts, **columns)) != {2.0}:
            raise SystemExit("knk: a correct completion did not get the full reward")
        return JobResult(len(texts))

    return job


# Files.


def run_command(rows: int, seed: int, folder: Path) -> Jobs:
    """Write a file with `knk generate` in a new process, and leave it in the folder."""
    path = folder / COMMAND_FILE
    command = [sys.executable, "-m", "knk", "generate", "--people", "5"]
    command += ["-n", str(rows), "--seed", str(seed), "-o", str(path)]

    def job() -> JobResult:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            peak = max(peak, resident_bytes(process.pid))
            time.sleep(_POLL_SECONDS)
        if process.returncode:
            raise SystemExit(process.returncode)
        return JobResult(rows, path.stat().st_size, peak)

    path.unlink(missing_ok=True)
    yield job


def build_corpus(rows: int, seed: int, folder: Path) -> Jobs:
    """Build a corpus on all cores, and leave it in the folder."""
    from knk.datasets.build import build
    from knk.datasets.config import CorpusConfig, PartConfig
    from knk.generation.spec import Spec

    path = folder / CORPUS_FOLDER
    config = CorpusConfig((PartConfig(Spec(people=5), rows, "five"),), seed)

    def job() -> JobResult:
        build(config, path, processes=None)
        return JobResult(rows, sum(file.stat().st_size for file in path.rglob("*.parquet")))

    shutil.rmtree(path, ignore_errors=True)
    yield job
