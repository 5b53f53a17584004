"""Models of the laptop recipe asked and marked: every completion is kept with its verdict."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from knk.files import read, write
from knk.tasks.form import is_formed
from recipes.laptop.domains import FAILS, FITS, SEARCHES, SKILLS, Problem, problems, proposal, verify

SEED: Final = 90_000
"""The items are the same for every arm and every seed."""
TEMPERATURE: Final = 0.7
TOP_P: Final = 0.95
_BATCH: Final = 100
TASKS: Final = ("kk2", "kk3", "kk4", *SEARCHES, *SKILLS)


class Model:
    """A model that is asked for completions.

    Args:
        folder: where it was saved.
    """

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.model = AutoModelForCausalLM.from_pretrained(folder).eval()

    def complete(self, prompts: Sequence[str], most: int, seed: int | None = None) -> list[tuple[str, int]]:
        """Return a completion for each prompt, and its tokens.

        Args:
            prompts: what is asked.
            most: the most tokens of a completion.
            seed: draws the tokens; the likeliest are taken if there is none.
        """
        import torch

        order = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
        found: dict[int, tuple[str, int]] = {}
        sampling: dict[str, Any] = {"do_sample": False}
        if seed is not None:
            torch.manual_seed(seed)
            sampling = {"do_sample": True, "temperature": TEMPERATURE, "top_p": TOP_P, "top_k": 0}
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            inputs = self.tokenizer([prompts[place] for place in places], return_tensors="pt", padding=True)
            with torch.inference_mode():
                outputs = self.model.generate(
                    input_ids=inputs["input_ids"],
                    attention_mask=inputs["attention_mask"],
                    max_new_tokens=most,
                    pad_token_id=self.tokenizer.pad_token_id,
                    **sampling,
                )
            for place, tokens in zip(places, outputs[:, inputs["input_ids"].shape[1] :].tolist(), strict=True):
                ended = tokens.index(self.tokenizer.eos_token_id) if self.tokenizer.eos_token_id in tokens else None
                found[place] = (self.tokenizer.decode(tokens[:ended]), len(tokens[:ended]))
        return [found[place] for place in range(len(prompts))]


def items(task: str, n: int) -> list[Problem]:
    """Return the held-out problems of a task, the same for everybody.

    Args:
        task: one of `TASKS`.
        n: how many.
    """
    if task.startswith("kk"):
        return problems("kk", n, SEED, held_out=True, people=(int(task[2:]),))
    return problems(task, n, SEED, held_out=True)


def sample(folder: Path, into: Path, tasks: Sequence[str], n: int, samples: int = 1, most: int = 400) -> Path:
    """Ask a model all items of some tasks and write every completion with its verdict; what is written is not redone.

    Args:
        folder: the model.
        into: the file of rows to write.
        tasks: of `TASKS`.
        n: items of each task.
        samples: completions of each item.
        most: the most tokens of a completion.
    """
    if into.exists():
        return into
    model = Model(folder)

    def rows() -> Iterator[dict[str, Any]]:
        for task in tasks:
            asked = items(task, n)
            for number in range(samples):
                begun = time.process_time()
                answers = model.complete([problem.prompt for problem in asked], most, number)
                seconds = (time.process_time() - begun) / len(asked)
                for place, (problem, (text, tokens)) in enumerate(zip(asked, answers, strict=True)):
                    verdict = verify(text, problem)
                    yield {
                        "task": task,
                        "item": place,
                        "sample": number,
                        "question": problem.question,
                        "completion": text,
                        "correct": bool(verdict.correct),
                        "answered": verdict.answered,
                        "reason": verdict.reason,
                        "format": is_formed(text),
                        "tries": text.count("Suppose that") + text.count("Assume that"),
                        "tokens": tokens,
                        "seconds": round(seconds, 5),
                    }

    into.parent.mkdir(parents=True, exist_ok=True)
    write(into, rows())
    return into


def checks_right(folder: Path, n: int) -> dict[str, float]:
    """Return for each search domain how often a proposed candidate's check ends in the right verdict.

    The candidate is given, as the base learned to propose them, and the model writes the check.

    Args:
        folder: the model.
        n: held-out problems of each domain.
    """
    model, found = Model(folder), {}
    for domain in SEARCHES:
        random = Random(f"gate {domain}")
        asked = [(problem, *proposal(problem, random)) for problem in problems(domain, n, SEED + 1, held_out=True)]
        answers = model.complete([f"{problem.prompt} {said}" for problem, said, _ in asked], 200)
        verdicts = [(fits, _says(text)) for (_, _, fits), (text, _) in zip(asked, answers, strict=True)]
        found[domain] = sum(fits is said for fits, said in verdicts) / n
    return found


def _says(text: str) -> bool | None:
    """Whether a check's first verdict is that all fits."""
    fits, fails = (text.find(phrase) for phrase in (FITS, FAILS))
    if fits < 0 and fails < 0:
        return None
    return fails < 0 or 0 <= fits < fails


def table(path: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Return the scores in a file of samples: for each task and metric the mean of each item's samples.

    Args:
        path: what `sample` wrote.
    """
    gathered: dict[str, dict[str, dict[str, list[float]]]] = {}
    names = {"accuracy": "correct", "answered": "answered", "format": "format", "tokens": "tokens", "tries": "tries"}
    for row in read(path):
        of_task = gathered.setdefault(row["task"], {name: {} for name in names})
        for name, column in names.items():
            of_task[name].setdefault(str(row["item"]), []).append(float(row[column]))
    return {
        task: {name: {item: sum(of) / len(of) for item, of in scores.items()} for name, scores in of_task.items()}
        for task, of_task in gathered.items()
    }
