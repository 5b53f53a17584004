"""The workloads, and the sides that are measured at each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.speed import knk_jobs, limits, published_tasks, reasoning_gym_jobs
from benchmarks.speed.timing import Jobs

KNK: Final = "knk"
GYM: Final = "reasoning-gym"
LIMIT: Final = "limit"
SAT: Final = "SAT"
COMMAND: Final = "command"
CORPUS: Final = "corpus"


@dataclass(frozen=True)
class Setup:
    """What the sides of a workload are given in one round.

    Args:
        seed: seed of the puzzles, different in each round.
        rows: number of rows that `knk generate` writes; a corpus has a tenth of them.
        folder: folder for files; the next side finds them there.
        data: folder with the files of the published tasks, if any.
    """

    seed: int
    rows: int
    folder: Path
    data: Path | None = None


Side = Callable[[Setup], Jobs]


@dataclass(frozen=True)
class Workload:
    """A piece of work that is measured.

    Args:
        name: its name on the command line and in results.
        title: its description in tables.
        sides: the sides by name, this library first.
        goal: target rate of this library, in units per second.
        speedup_goal: target ratio to reasoning-gym's rate.
        use_wall_time: whether to measure wall time, because other processes do the work.
        package: the package that it needs.
        file: the published file that it needs.
    """

    name: str
    title: str
    sides: Mapping[str, Side]
    goal: float | None = None
    speedup_goal: float | None = None
    use_wall_time: bool = False
    package: str = ""
    file: str = ""

    def missing(self, side: str, data: Path | None) -> str:
        """Return what is missing to measure a side, or ""."""
        package = "reasoning_gym" if side == GYM else self.package
        if package and find_spec(package) is None:
            return f"{package} is not installed"
        if self.file and (data is None or not (data / self.file).is_file()):
            return f"{self.file} is not in the --data folder" if data else "--data is not given"
        return ""


def _arrays(people: int, goal: float | None, has_rival: bool) -> Workload:
    sides: dict[str, Side] = {KNK: lambda setup: knk_jobs.generate_arrays(people, setup.seed)}
    if has_rival:
        sides[GYM] = lambda setup: reasoning_gym_jobs.generate_problems(people, setup.seed)
    sides[LIMIT] = lambda _: limits.copy_memory()
    return Workload(f"arrays {people}", f"arrays, {people} people", sides, goal)


def _repeats(people: int) -> Workload:
    sides: dict[str, Side] = {
        KNK: lambda setup: knk_jobs.generate_arrays(people, setup.seed, duplicates=True),
        LIMIT: lambda _: limits.copy_memory(),
    }
    return Workload(f"repeats {people}", f"arrays, {people} people, with repeats", sides)


def _rows(people: int, goal: float, speedup_goal: float | None = None) -> Workload:
    sides: dict[str, Side] = {KNK: lambda setup: knk_jobs.generate_rows(people, setup.seed)}
    if speedup_goal:
        sides[GYM] = lambda setup: reasoning_gym_jobs.generate_items(people, setup.seed)
    return Workload(f"rows {people}", f"rows with English, {people} people", sides, goal, speedup_goal)


def _render(people: int) -> Workload:
    sides: dict[str, Side] = {
        KNK: lambda setup: knk_jobs.render_puzzles(people, setup.seed),
        GYM: lambda setup: reasoning_gym_jobs.render_puzzles(people, setup.seed),
    }
    return Workload(f"render {people}", f"render, {people} people", sides)


def _solve(people: int, goal: float | None, has_rival: bool) -> Workload:
    sides: dict[str, Side] = {KNK: lambda setup: knk_jobs.solve_new_puzzles(people, setup.seed)}
    if has_rival:
        sides[GYM] = lambda setup: reasoning_gym_jobs.solve_new_puzzles(people, setup.seed)
    return Workload(f"solve {people}", f"solve, {people} people", sides, goal)


def _crossover(people: int) -> Workload:
    sides: dict[str, Side] = {
        KNK: lambda setup: knk_jobs.count_by_truth_table(people, setup.seed),
        SAT: lambda setup: knk_jobs.count_by_sat(people, setup.seed),
    }
    return Workload(f"crossover {people}", f"{people} people", sides)


def _alone(name: str, title: str, jobs: Callable[[int], Jobs], goal: float | None = None) -> Workload:
    """Return a workload that is compared with nothing."""
    return Workload(name, title, {KNK: lambda setup: jobs(setup.seed)}, goal)


def _explain(style: str) -> Workload:
    title = f"explain a proof, 5 people, `{style}`"
    return _alone(f"explain {style}", title, lambda seed: knk_jobs.explain_proofs(5, seed, style))


def _verify(per_puzzle: int, name: str, title: str) -> Workload:
    sides: dict[str, Side] = {
        KNK: lambda setup: knk_jobs.reward_completions(per_puzzle, setup.seed),
        GYM: lambda setup: reasoning_gym_jobs.score_completions(per_puzzle, setup.seed),
    }
    return Workload(f"verify {name}", f"K&K completions, {title}", sides, 20_000)


def _published(
    name: str, title: str, jobs: Callable[[Path], Jobs], file: str, goal: float | None = None, package: str = ""
) -> Workload:
    def side(setup: Setup) -> Jobs:
        assert setup.data
        return jobs(setup.data / file)

    sides: dict[str, Side] = {KNK: side}
    return Workload(
        f"verify {name}", f"{title} completions", sides, goal, use_wall_time=True, package=package, file=file
    )


def _corpus() -> Workload:
    sides: dict[str, Side] = {
        KNK: lambda setup: knk_jobs.build_corpus(setup.rows // 10, setup.seed, setup.folder),
        LIMIT: lambda setup: limits.write_corpus_files(setup.folder),
    }
    return Workload(CORPUS, "build a corpus, 5 people", sides, 1e6 / 90, use_wall_time=True)


def _command() -> Workload:
    sides: dict[str, Side] = {
        KNK: lambda setup: knk_jobs.run_command(setup.rows, setup.seed, setup.folder),
        LIMIT: lambda setup: limits.write_command_file(setup.folder),
    }
    return Workload(COMMAND, "`knk generate` to a file, 5 people", sides, 1e6 / 15, use_wall_time=True)


WORKLOADS: Final[tuple[Workload, ...]] = (
    _arrays(5, 3_000_000, has_rival=True),
    _repeats(5),
    _arrays(8, 1_000_000, has_rival=True),
    _arrays(12, None, has_rival=False),
    _rows(5, 150_000, 400),
    _rows(8, 60_000, 1000),
    _rows(12, 5_000),
    _rows(100, 300),
    _rows(500, 20),
    _render(5),
    _alone("parse 5", "parse, 5 people", lambda seed: knk_jobs.parse_puzzles(5, seed)),
    _solve(5, None, has_rival=True),
    _solve(10, None, has_rival=True),
    _solve(20, 1_000, has_rival=False),
    _solve(100, None, has_rival=False),
    _solve(500, 333, has_rival=False),
    _alone("cached 5", "solve again, 5 people", lambda seed: knk_jobs.solve_cached_puzzles(5, seed), 500_000),
    *map(_crossover, (16, 17, 18, 19)),
    _alone("key 5", "key, 5 people", lambda seed: knk_jobs.compute_keys(5, seed), 100_000),
    _alone("key 8", "key, 8 people", lambda seed: knk_jobs.compute_keys(8, seed)),
    _alone("trace 5", "find a proof, 5 people", lambda seed: knk_jobs.find_proofs(5, seed)),
    _alone("check 5", "check a proof, 5 people", lambda seed: knk_jobs.check_proofs(5, seed)),
    _explain("brief"),
    _explain("long"),
    _verify(10, "groups", "ten per puzzle"),
    _verify(1, "alone", "one per puzzle"),
    _published("math", "MATH", published_tasks.reward_math, "math500.jsonl.gz", 333, "math_verify"),
    _published("mmlu", "MMLU-Pro", published_tasks.reward_mmlu, "mmlu_pro-test.jsonl.gz"),
    _published("code", "HumanEval+", published_tasks.reward_code, "HumanEvalPlus.jsonl.gz"),
    _corpus(),
    _command(),
)
