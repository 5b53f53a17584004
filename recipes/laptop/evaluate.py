"""Models of the laptop recipe asked and marked: every completion is kept with its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from knk.datasets.files import read, write
from knk.inference.transformers import generate_batch
from knk.tasks.format import has_format
from recipes.laptop.domains import SEARCHES, SKILLS, Problem, problems, proposal, verify
from recipes.laptop.words import FAILS, FITS, GIVEN_UP

SEED: Final = 90_000
"""The items are the same for every arm and every seed."""
TEMPERATURE: Final = 0.7
TOP_P: Final = 0.95
_BATCH: Final = 300
TASKS: Final = ("kk2", "kk3", "kk4", *SEARCHES, *SKILLS)
METRICS: Final = ("accuracy", "answered", "format", "tokens", "tries")
FORCED: Final = "accuracy if made to answer"
_LONGEST: Final = 256
_MAX_PROOF_LENGTH: Final = 400


class Model:
    """A model that is asked for completions, on the GPU if there is one.

    Args:
        folder: where it was saved.
    """

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = AutoModelForCausalLM.from_pretrained(folder).eval().to(self.device)

    def complete(
        self, prompts: Sequence[str], most: int, seed: int | None = None, never: str = ""
    ) -> list[tuple[str, int]]:
        """Return a completion for each prompt, and its tokens.

        Args:
            prompts: what is asked.
            most: the most tokens of a completion.
            seed: draws the tokens; the likeliest are taken if there is none.
            never: a text that may not be written.
        """
        import torch

        order = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
        found: dict[int, tuple[str, int]] = {}
        options: dict[str, Any] = {"do_sample": False}
        if seed is not None:
            torch.manual_seed(seed)
            options = {"do_sample": True, "temperature": TEMPERATURE, "top_p": TOP_P, "top_k": 0}
        if never:
            options["bad_words_ids"] = [self.tokenizer(never, add_special_tokens=False)["input_ids"]]
        ends = self.tokenizer.eos_token_id
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            tokenized = self.tokenizer([prompts[place] for place in places])["input_ids"]
            outputs = generate_batch(
                self.model,
                tokenized,
                self.tokenizer.pad_token_id,
                max_new_tokens=most,
                pad_token_id=self.tokenizer.pad_token_id,
                **options,
            )
            for place, tokens in zip(places, outputs, strict=True):
                kept = tokens[: tokens.index(ends)] if ends in tokens else tokens
                found[place] = (self.tokenizer.decode(kept), len(kept))
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


def sample(folder: Path, into: Path, tasks: Sequence[str], n: int, forced: bool = True) -> None:
    """Ask a model all items of some tasks and write every completion with its verdict; what is written is not redone.

    Domains of search are asked a second time with no way to give up: who answers more often may be no better at it.

    Args:
        folder: the model.
        into: the file of rows to write.
        tasks: of `TASKS`.
        n: items of each task.
        forced: whether to ask that second time.
    """
    if not into.exists():
        into.parent.mkdir(parents=True, exist_ok=True)
        write(into, _samples(Model(folder), tasks, n, forced))


def _samples(model: Model, tasks: Sequence[str], n: int, forced: bool) -> Iterator[dict[str, Any]]:
    for task in tasks:
        asked = items(task, n)
        prompts = [problem.prompt for problem in asked]
        longest = _MAX_PROOF_LENGTH if task.startswith("kk") else _LONGEST
        for must in (False, True) if forced and task in SEARCHES else (False,):
            answers = model.complete(prompts, longest, 0, GIVEN_UP if must else "")
            for place, (problem, (text, tokens)) in enumerate(zip(asked, answers, strict=True)):
                verdict = verify(text, problem)
                yield {
                    "task": task,
                    "item": place,
                    "forced": must,
                    "question": problem.question,
                    "completion": text,
                    "correct": verdict.correct,
                    "answered": verdict.answered,
                    "reason": verdict.reason,
                    "format": has_format(text),
                    "tries": text.count("Suppose that"),
                    "tokens": tokens,
                }


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


def scores_of(path: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Return the scores in a file of samples: for each task and metric each item's score.

    Args:
        path: what `sample` wrote.
    """
    columns = {"accuracy": "correct"}
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in read(path):
        told = {FORCED: row["correct"]} if row["forced"] else {name: row[columns.get(name, name)] for name in METRICS}
        for name, value in told.items():
            found.setdefault(row["task"], {}).setdefault(name, {})[str(row["item"])] = float(value)
    return found
