"""Train small models on proofs and compare their failures on held-out puzzles with grade and head count."""

from __future__ import annotations

import argparse
import json
import logging
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from itertools import islice
from math import isnan
from pathlib import Path
from typing import Any, Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # So that it runs as a file from anywhere.

import knk
from benchmarks.difficulty.language import question, reply, solved
from benchmarks.difficulty.ranks import Columns, IndexArray, Numbers, intervals, kendall, partial, spearman, within
from knk.datasets.split import Shares, split_of
from knk.logic.puzzle import Puzzle
from knk.tables import format_table

MEASURES: Final = ("grade", "people", "steps", "suppositions", "nesting", "rounds", "widest")
OUTCOMES: Final = ("sampled", "greedy")
ARMS: Final = ("natural", "balanced")
SHARES: Final[Shares] = (("train", 0.8), ("test", 0.2))
BALANCED_GRADES: Final = (1, 2, 3)
PACKAGES: Final = ("torch", "transformers", "numpy")


@dataclass(frozen=True)
class Plan:
    """What to run.

    Args:
        people: the least and the most people.
        examples: training examples for each model.
        natural: held-out puzzles of each number of people in the natural arm.
        balanced: held-out puzzles of each number of people and grade in the balanced arm, at most.
        pool: puzzles of each number of people to pick the held-out ones from, before the split.
        samples: samples of each puzzle.
        seeds: a model is trained for each.
        resamples: draws for the intervals.
        width: of the model.
        layers: of the model.
    """

    people: tuple[int, int] = (3, 5)
    examples: int = 14_000
    natural: int = 160
    balanced: int = 50
    pool: int = 6_000
    samples: int = 4
    seeds: tuple[int, ...] = (1, 2)
    resamples: int = 2_000
    width: int = 192
    layers: int = 6


QUICK: Final = Plan((3, 4), 300, 15, 6, 600, 2, (1, 2), 100, 32, 2)
"""Next to nothing learned: to see that it runs."""


@dataclass(frozen=True)
class Held:
    """A held-out puzzle.

    Args:
        puzzle: the puzzle.
        measures: its measures, by name.
        arms: the arms it is in.
    """

    puzzle: Puzzle
    measures: dict[str, int]
    arms: tuple[str, ...]


def main() -> None:
    """Run the benchmark, or work its figures out anew, print them and write them to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="hardly train at all, to see that it runs")
    parser.add_argument("--again", type=Path, metavar="FILE", help="work the figures out anew from a file of results")
    parser.add_argument("--examples", type=int, help=f"training examples for each model (default: {Plan.examples:,})")
    parser.add_argument("-o", "--output", type=Path, help="where to write the results, as JSON")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    if options.again:
        content = json.loads(options.again.read_text(encoding="utf-8"))
        content["figures"] = figures(content["puzzles"], content["plan"]["resamples"])
    else:
        plan = QUICK if options.quick else Plan()
        content = results(replace(plan, examples=options.examples) if options.examples else plan)
    if options.output:
        options.output.write_text(written(content), encoding="utf-8")
    print("\n".join(told(content)))


def results(plan: Plan) -> dict[str, Any]:
    """Return what a run comes to: how it was made, the answers to every held-out puzzle, and the figures."""
    start = time.perf_counter()
    chosen = held_out(plan)
    answers: list[dict[str, Any]] = [
        {"puzzle": knk.encode(one.puzzle), **one.measures, "arms": one.arms, "greedy": [], "sampled": []}
        for one in chosen
    ]
    runs = [run_of(plan, seed, chosen, answers) for seed in plan.seeds]
    return {
        "plan": asdict(plan),
        "versions": {"python": platform.python_version(), "knk": knk.__version__, **{p: version(p) for p in PACKAGES}},
        "seconds": round(time.perf_counter() - start),
        "runs": runs,
        "figures": figures(answers, plan.resamples),
        "puzzles": answers,
    }


def held_out(plan: Plan) -> list[Held]:
    """Return the held-out puzzles of both arms, each puzzle once."""
    least, most = plan.people
    chosen = [one for people in range(least, most + 1) for one in _held_out(plan, people)]
    return [one for one in chosen if one.arms]


def _held_out(plan: Plan, people: int) -> Iterator[Held]:
    balanced: Counter[int] = Counter()
    natural = 0
    for puzzle in _some(knk.generate(people=people, n=plan.pool, seed=0)):
        if split_of(puzzle.key, SHARES) != "test":
            continue
        measures = {name: value for name, value in asdict(knk.difficulty(puzzle)).items() if name in MEASURES}
        grade = measures["grade"]
        arms = []
        if natural < plan.natural:
            natural += 1
            arms.append("natural")
        if grade in BALANCED_GRADES and balanced[grade] < plan.balanced:
            balanced[grade] += 1
            arms.append("balanced")
        yield Held(puzzle, measures, tuple(arms))


def _some(puzzles: Iterator[Puzzle]) -> Iterator[Puzzle]:
    """Iterate over puzzles, fewer than asked for where there are no more: of three people there are 1,964."""
    try:
        yield from puzzles
    except knk.NotEnough:
        return


def run_of(plan: Plan, seed: int, chosen: Sequence[Held], answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Train one model, add its failures to the answers, and return what that took."""
    from benchmarks.difficulty.model import Example, Shape, replies, train

    examples = [Example(tuple(question(p)), tuple(reply(knk.trace(p)))) for p in training_puzzles(plan, seed)]
    trained = train(examples, Shape(plan.width, plan.layers), seed)
    start = time.perf_counter()
    questions = [question(one.puzzle) for one in chosen]
    longest = max(len(example.reply) for example in examples) + 10
    for outcome, samples in (("greedy", 0), ("sampled", plan.samples)):
        found = replies(trained.model, questions, longest, samples, seed)
        for one, written_, answer in zip(chosen, found, answers, strict=True):
            solution = knk.solve(one.puzzle)
            answer[outcome].append(float(np.mean([not solved(words, solution) for words in written_])))
    return {
        "seed": seed,
        "parameters": trained.parameters,
        "examples": len(examples),
        "tokens": trained.tokens,
        "training seconds": round(trained.seconds),
        "asking seconds": round(time.perf_counter() - start),
        "loss": round(trained.loss, 4),
    }


def training_puzzles(plan: Plan, seed: int) -> Iterable[Puzzle]:
    """Return a model's puzzles, none of which has the key of a held-out one; the same may come under other names."""
    drawn = knk.generate(people=plan.people, n=10 * plan.examples, seed=seed, duplicates=True)
    return islice((puzzle for puzzle in drawn if split_of(puzzle.key, SHARES) == "train"), plan.examples)


# From the answers to the figures.


def figures(answers: Sequence[dict[str, Any]], resamples: int) -> dict[str, Any]:
    """Return for each arm, outcome and seed, and for all seeds pooled, each figure with its interval."""
    found: dict[str, Any] = {}
    for arm in ARMS:
        there = [answer for answer in answers if arm in answer["arms"]]
        cells = [(one["people"], one["grade"]) for one in there] if arm == "balanced" else None
        found[arm] = {"puzzles": len(there), "failures": failures(there)}
        for outcome in OUTCOMES:
            failed = np.array([one[outcome] for one in there])
            for name, values in [("pooled", failed.mean(axis=1)), *_by_seed(failed)]:
                columns = {measure: np.array([float(one[measure]) for one in there]) for measure in MEASURES}
                figured = intervals(_statistics(columns, values), len(there), cells, resamples)
                found[arm][f"{outcome}, {name}"] = {key: _rounded(value) for key, value in figured.items()}
    return found


def _by_seed(failed: Numbers) -> list[tuple[str, Numbers]]:
    return [(f"model {number}", failed[:, number - 1]) for number in range(1, failed.shape[1] + 1)]


def failures(answers: Sequence[dict[str, Any]]) -> dict[str, dict[str, list[float]]]:
    """Return for each outcome, number of people and grade how many puzzles there are and the share that fail."""
    cells: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for answer in answers:
        cells.setdefault((answer["people"], answer["grade"]), []).append(answer)
    return {
        outcome: {
            f"{people} people, grade {grade}": [len(cell), round(float(np.mean([one[outcome] for one in cell])), 4)]
            for (people, grade), cell in sorted(cells.items())
        }
        for outcome in OUTCOMES
    }


def _statistics(columns: Columns, failed: Numbers) -> Callable[[IndexArray], dict[str, float]]:
    def statistics(at: IndexArray) -> dict[str, float]:
        here = {name: values[at] for name, values in columns.items()}
        outcome = failed[at]
        found = {f"spearman {name}": spearman(values, outcome) for name, values in here.items()}
        found |= {f"kendall {name}": kendall(values, outcome) for name, values in here.items()}
        for kind in ("spearman", "kendall"):
            for name in ("grade", "steps"):
                found[f"{kind} {name} less people"] = found[f"{kind} {name}"] - found[f"{kind} people"]
        found["partial grade given people"] = partial(here["grade"], outcome, here["people"])
        found["partial people given grade"] = partial(here["people"], outcome, here["grade"])
        for name in MEASURES:
            if name != "people":
                found[f"within people {name}"] = within(here[name], outcome, here["people"])
        found["within grade people"] = within(here["people"], outcome, here["grade"])
        return found

    return statistics


def _rounded(values: tuple[float, float, float]) -> list[float | None]:
    return [None if isnan(value) else round(value, 4) for value in values]


def verdict(found: dict[str, Any]) -> str:
    """Return what the figure that decides says; the README fixed it beforehand."""
    _, low, high = found["natural"]["sampled, pooled"]["spearman grade less people"]
    if low is None or high is None:
        return "undecided: the failures do not vary enough"
    if low > 0:
        return "the grade says more than the head count"
    return "the grade says less than the head count" if high < 0 else "undecided"


# What is written and told.


def written(content: dict[str, Any]) -> str:
    """Return the results as JSON, a puzzle a line."""
    rows = content["puzzles"]
    rest = json.dumps({**content, "puzzles": []}, indent=1)
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    return rest.removesuffix("[]\n}") + f"[\n{lines}\n ]\n}}\n"


def told(content: dict[str, Any]) -> Iterator[str]:
    """Iterate over the lines that tell the results."""
    for run in content["runs"]:
        yield ", ".join(f"{name} {value:,}" for name, value in run.items())
    for arm in ARMS:
        found = content["figures"][arm]
        yield f"\n{arm}: {found['puzzles']} puzzles"
        yield _failure_table(found["failures"])
        columns = [name for name in found if name not in ("puzzles", "failures")]
        for outcome in OUTCOMES:
            shown = [name for name in columns if name.startswith(outcome)]
            rows = [[figure, *(_told(found[name][figure]) for name in shown)] for figure in found[shown[0]]]
            yield ""
            yield from format_table([[arm, *shown], *rows]).splitlines()
    yield f"\n{verdict(content['figures'])}"


def _failure_table(found: dict[str, dict[str, list[float]]]) -> str:
    rows = [["", "puzzles", *(f"{outcome} failure" for outcome in OUTCOMES)]]
    for cell, (puzzles, _) in found[OUTCOMES[0]].items():
        rows.append([cell, str(puzzles), *(f"{found[outcome][cell][1]:.1%}" for outcome in OUTCOMES)])
    return format_table(rows)


def _told(values: list[float | None]) -> str:
    value, low, high = ("none" if number is None else f"{number:+.2f}" for number in values)
    return f"{value} [{low}, {high}]"


if __name__ == "__main__":
    main()
