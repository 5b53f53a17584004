"""The laptop recipe's problems, read by other code than the recipe's own, and fabricated models, cells and records."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

import knk
from knk.datasets.files import write
from recipes.laptop.cell import SCALES, Cell
from recipes.laptop.data import Latent
from recipes.laptop.evaluate import TASKS, Model, items
from recipes.laptop.gate import GATED, TRIES
from recipes.laptop.record import Record, Scores, folder_name

ValueOf = Mapping[str, str]
_VALUES: Final = {"<colours>": "red green blue", "<sides>": "in out", "<roles>": "knight knave"}


def values_of(question: str) -> list[str]:
    """Return the values that people can have in a question."""
    return _VALUES[question.split(maxsplit=1)[0]].split()


def people_of(question: str) -> list[str]:
    """Return the people of a question, in the order of their names."""
    return sorted(set(re.findall(r"\b[A-E]\b", question))) if question.startswith("<roles>") else list("ABCDE")


def checks_in(question: str, value_of: ValueOf) -> Iterator[tuple[str, bool]]:
    """Iterate over the checks of a question's relations in words, and whether each holds, without stopping."""
    opening, _, body = question.partition(" ")
    for text in body.split() if "#" in body or "~" in body else body.split(" ; "):
        if opening == "<roles>":
            yield _statement_check(text, value_of)
        elif " or " in text:
            yield _clause_check(text, value_of)
        else:
            first, kind, second = text[0], text[1], text[2:]
            one, other = value_of[first], value_of[second]
            holds = (one == other) == (kind == "~")
            word = "same" if one == other else "differ"
            yield f"{text} {first}={one} {one} {second}={other} {other} {word} {_verdict(holds)}", holds


def solves(question: str, value_of: ValueOf) -> bool:
    """Whether some values are a solution of a question."""
    return all(holds for _, holds in checks_in(question, value_of))


def candidates_of(question: str, people: Sequence[str]) -> list[tuple[str, ...]]:
    """Return all candidates of a question."""
    return list(product(values_of(question), repeat=len(people)))


def expected_try(question: str, people: Sequence[str], values: Sequence[str]) -> tuple[str, bool]:
    """Return a candidate with its checks up to the first that does not hold, in words, and whether all hold."""
    value_of = dict(zip(people, values, strict=True))
    words = ["try", *(f"{person}={value}" for person, value in value_of.items())]
    for text, holds in checks_in(question, value_of):
        words.append(text)
        if not holds:
            return " ".join([*words, "fails"]), False
    return " ".join([*words, "fits"]), True


def key_of(question: str) -> str:
    """Return the key of a puzzle that is written in the recipe's words."""
    people = people_of(question)
    statements = []
    for text in question.removeprefix("<roles> ").split(" ; "):
        opening, *words = text.split()
        claims = [f"{'+' if 'knight' in word else '-'}{people.index(word[0])}" for word in words]
        joined = f"{words[0][-1]}({','.join(claims)})" if len(claims) > 1 else claims[0]
        statements.append(f"{people.index(opening[0])}:{joined}")
    names = ",".join({"A": "Ann", "B": "Bob", "C": "Cal", "D": "Dan", "E": "Eve"}[person] for person in people)
    return str(knk.decode(f"{names} {' '.join(statements)}").key)


def _statement_check(text: str, value_of: ValueOf) -> tuple[str, bool]:
    opening, *claims = text.split()
    truths = [value_of[claim[0]] == claim[2:].rstrip("&|") for claim in claims]
    is_true = all(truths) if "&" in text else any(truths)
    checked = [
        f"{claim} {claim[0]}={value_of[claim[0]]} {'yes' if truth else 'no'}"
        for claim, truth in zip(claims, truths, strict=True)
    ]
    whole = [f"; {'yes' if is_true else 'no'}"] if len(claims) > 1 else []
    speaker = opening[0]
    holds = is_true == (value_of[speaker] == "knight")
    return " ".join([opening, *checked, *whole, f"{speaker}={value_of[speaker]}", _verdict(holds)]), holds


def _clause_check(text: str, value_of: ValueOf) -> tuple[str, bool]:
    parts = [(part, value_of[part[0]] == part[2:]) for part in text.split(" or ")]
    checked = " or ".join(f"{part} {part[0]}={value_of[part[0]]} {'yes' if truth else 'no'}" for part, truth in parts)
    holds = any(truth for _, truth in parts)
    return f"{checked} {_verdict(holds)}", holds


def _verdict(holds: bool) -> str:
    return "ok" if holds else "wrong"


class FakeModel(Model):
    """A model whose completions are computed by a function.

    Args:
        write: returns the completion of a prompt.
    """

    def __init__(self, write: Callable[[str], str]) -> None:
        self.write = write
        self.calls: list[tuple[list[str], tuple[str, ...]]] = []

    def complete(
        self,
        prompts: Sequence[str],
        max_tokens: int = 0,
        greedy: bool = False,
        forbidden: Sequence[str] = (),
        until: Sequence[str] = (),
    ) -> list[tuple[str, int]]:
        """Return the completion of each prompt, with the number of its words."""
        assert max_tokens or not (greedy or until)
        self.calls.append((list(prompts), tuple(forbidden)))
        texts = [self.write(prompt) for prompt in prompts]
        return [(text, len(text.split())) for text in texts]


def fake_cell(
    folder: Path,
    accuracies: Mapping[str, Mapping[str, float]],
    *,
    scale: str = "tiny",
    seed: int = 0,
    latent: Latent | None = None,
    n: int = 4,
    gate: float = 1.0,
) -> Cell:
    """Write a cell's folder as if it had been trained and evaluated, and return the cell.

    Args:
        folder: the folder of the study.
        accuracies: the accuracy by arm and task, 0.25 by default.
        scale: the name of its scale.
        seed: the seed of the base.
        latent: the latent rate; 0.03 if None.
        n: the number of items of each task.
        gate: the share of right checks.
    """
    latent = latent or Latent(0.03)
    cell = Cell(SCALES[scale], folder / folder_name(Cell(SCALES[scale], folder, seed, latent)), seed, latent)
    cell.folder.mkdir(parents=True)
    (cell.folder / "gate.json").write_text(json.dumps({task: [gate] * TRIES for task in (*GATED, "mix")}))
    for stage in cell.stages:
        run = cell.folder / stage.name
        run.mkdir()
        manifest = {"seconds": 2.5, "hardware": {"processor": "chip", "cores": 2}, "steps": 2}
        (run / "run.json").write_text(json.dumps(manifest))
        steps: list[int | None] = [None]
        if stage.rl_run is not None:
            steps += cell.scale.checkpoints[:-1]
            entries = [
                {"step": step, "num_tokens": 100 * step, "step_time": 1.0, "reward": -0.123456, "loss": 0.0}
                for step in range(1, cell.scale.rl_steps + 1)
            ]
            write(run / "metrics.jsonl", [*entries, {"step": cell.scale.rl_steps, "train_runtime": 1.0}])
        for step in steps:
            path = cell.samples(stage, step)
            path.parent.mkdir(parents=True, exist_ok=True)
            tasks = TASKS if step is None else (cell.scale.rl_domain,)
            write(path, _fake_samples(accuracies.get(stage.arm, {}), tasks, n))
    return cell


def _fake_samples(accuracies: Mapping[str, float], tasks: Sequence[str], n: int) -> Iterator[dict[str, Any]]:
    for task in tasks:
        for item, problem in enumerate(items(task, n)):
            correct = item < round(accuracies.get(task, 0.25) * n)
            yield {
                "task": task,
                "item": item,
                "question": problem.question,
                "completion": "try A=in fails try A=out fits </think> <answer> A=out </answer>",
                "correct": correct,
                "answered": correct or item % 2 == 0,
                "reason": "right" if correct else "wrong",
                "format": True,
                "correct_if_forced": correct,
                "checks": "" if task in ("recall", "reverse") else "110" if correct else "1",
                "tokens": 10 + item,
            }


def fake_record(
    accuracies: Mapping[str, Mapping[str, float]],
    *,
    seed: int = 1,
    latent: Latent | None = None,
    gate: Mapping[str, Sequence[float]] | None = None,
    curves: Mapping[str, Sequence[float]] | None = None,
    scale: str = "study",
    n: int = 60,
) -> Record:
    """Return a record whose arms have some accuracies.

    Args:
        accuracies: the accuracy by arm, or by a run's name, and by task; 0.2 by default.
        seed: the seed of the base.
        latent: the latent rate; 0.03 if None.
        gate: the gate; passed if None.
        curves: the accuracy at each checkpoint but the last, by arm or by a run's name; 0 by default.
        scale: the name of the scale.
        n: the number of items of each task.
    """
    cell = Cell(SCALES[scale], Path(), seed, latent or Latent(0.03))
    scores: dict[tuple[str, int | None], Scores] = {}
    rl = {}
    for stage in cell.stages:
        own = accuracies.get(stage.name, accuracies.get(stage.arm, {}))
        scores[stage.name, None] = {task: _item_scores(own.get(task, 0.2), n) for task in TASKS}
        if stage.rl_run is not None:
            domain, steps = cell.scale.rl_domain, cell.scale.checkpoints[:-1]
            curve = (curves or {}).get(stage.name, (curves or {}).get(stage.arm, [0.0] * len(steps)))
            for step, accuracy in zip(steps, curve, strict=True):
                scores[stage.name, step] = {domain: _item_scores(accuracy, n)}
            rl[stage.name] = [
                {"step": float(step), "num_tokens": 1000.0 * step} for step in range(1, cell.scale.rl_steps + 1)
            ]
    passed = {task: [1.0] * TRIES for task in (*GATED, "mix")}
    runs = [{"seconds": 1.0, "hardware": {"processor": "chip", "cores": 2}}]
    return Record(scale, cell.latent, seed, gate or passed, rl, scores, runs)


def _item_scores(accuracy: float, n: int) -> dict[str, dict[str, float]]:
    """Return the metrics of each item: right ones are answered, and half of the others; a try more for each right."""
    correct = {str(item): float(item < round(accuracy * n)) for item in range(n)}
    answered = {item: max(value, float(int(item) % 2 == 0)) for item, value in correct.items()}
    zero = dict.fromkeys(correct, 0.0)
    return {
        "accuracy": correct,
        "answered": answered,
        "accuracy if made to answer": correct,
        "tries": {item: 1 + value for item, value in correct.items()},
        "tokens": dict.fromkeys(correct, 10.0),
        "first checks": dict.fromkeys(correct, 1.0),
        "right first checks": dict.fromkeys(correct, 1.0),
        "second checks": correct,
        "right second checks": zero,
        "later checks": zero,
        "right later checks": zero,
    }
