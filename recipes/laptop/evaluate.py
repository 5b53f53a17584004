"""Evaluate the models of the laptop recipe; every completion is written with its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from knk.datasets.files import read, write
from knk.inference.transformers import generate_batch
from knk.tasks.format import has_format
from recipes.laptop.domains import SEARCHES, SKILLS, Problem, problems, proposal, verify
from recipes.laptop.words import ALL_FITS, CONTRADICTION, GIVE_UP

ITEM_SEED: Final = 90_000
"""The seed of the items, which are the same for every arm and every base."""
TEMPERATURE: Final = 0.7
TOP_P: Final = 0.95
TASKS: Final = ("kk2", "kk3", "kk4", *SEARCHES, *SKILLS)
METRICS: Final = ("accuracy", "answered", "format", "tokens", "tries")
FORCED: Final = "accuracy if made to answer"
_BATCH_SIZE: Final = 300
_MAX_TOKENS: Final = 256
_MAX_PROOF_TOKENS: Final = 400
_MAX_CHECK_TOKENS: Final = 200
_COLUMN_OF: Final = {"accuracy": "correct"}

Scores = dict[str, dict[str, dict[str, float]]]
"""The score of each item, by task and metric."""


class Model:
    """A model that writes completions, on the GPU if there is one.

    Args:
        folder: the folder of the saved model.
    """

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = AutoModelForCausalLM.from_pretrained(folder).eval().to(self.device)

    def complete(
        self, prompts: Sequence[str], max_tokens: int, seed: int | None = None, forbidden: str = ""
    ) -> list[tuple[str, int]]:
        """Return a completion for each prompt, with its number of tokens.

        Args:
            prompts: the prompts.
            max_tokens: the largest number of tokens of a completion.
            seed: seeds the sampling; decoding is greedy if None.
            forbidden: a text that the model may not write.
        """
        import torch

        if seed is not None:
            torch.manual_seed(seed)
        options = self._options(max_tokens, seed is not None, forbidden)
        order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
        completions: dict[int, tuple[str, int]] = {}
        for start in range(0, len(order), _BATCH_SIZE):
            batch = order[start : start + _BATCH_SIZE]
            token_ids = self.tokenizer([prompts[index] for index in batch])["input_ids"]
            outputs = generate_batch(self.model, token_ids, self.tokenizer.pad_token_id, **options)
            completions |= zip(batch, map(self._decode, outputs), strict=True)
        return [completions[index] for index in range(len(prompts))]

    def _options(self, max_tokens: int, sampled: bool, forbidden: str) -> dict[str, Any]:
        """Return the options for `generate`."""
        options: dict[str, Any] = {"max_new_tokens": max_tokens, "pad_token_id": self.tokenizer.pad_token_id}
        if sampled:
            options |= {"do_sample": True, "temperature": TEMPERATURE, "top_p": TOP_P, "top_k": 0}
        else:
            options["do_sample"] = False
        if forbidden:
            options["bad_words_ids"] = [self.tokenizer(forbidden, add_special_tokens=False)["input_ids"]]
        return options

    def _decode(self, tokens: list[int]) -> tuple[str, int]:
        """Return the text before the end token, with its number of tokens."""
        end = self.tokenizer.eos_token_id
        tokens = tokens[: tokens.index(end)] if end in tokens else tokens
        return self.tokenizer.decode(tokens), len(tokens)


def items(task: str, n: int) -> list[Problem]:
    """Return the held-out problems of a task, the same for every arm and every base.

    Args:
        task: one of `TASKS`.
        n: the number of items.
    """
    if task.startswith("kk"):
        return problems("kk", n, ITEM_SEED, held_out=True, people=(int(task[2:]),))
    return problems(task, n, ITEM_SEED, held_out=True)


def write_samples(folder: Path, output: Path, tasks: Sequence[str], n: int, forced: bool = True) -> None:
    """Write a model's completions of all items of some tasks, with their verdicts, unless the file exists.

    In the search domains every item is asked a second time without the possibility to give up, because a model that
    answers more often is not necessarily better.

    Args:
        folder: the model.
        output: the file to write.
        tasks: some of `TASKS`.
        n: the number of items of each task.
        forced: whether to ask the second time.
    """
    if not output.exists():
        output.parent.mkdir(parents=True, exist_ok=True)
        write(output, _samples(Model(folder), tasks, n, forced))


def _samples(model: Model, tasks: Sequence[str], n: int, forced: bool) -> Iterator[dict[str, Any]]:
    for task in tasks:
        task_items = items(task, n)
        prompts = [problem.prompt for problem in task_items]
        max_tokens = _MAX_PROOF_TOKENS if task.startswith("kk") else _MAX_TOKENS
        for must_answer in (False, True) if forced and task in SEARCHES else (False,):
            completions = model.complete(prompts, max_tokens, 0, GIVE_UP if must_answer else "")
            for index, (problem, (text, tokens)) in enumerate(zip(task_items, completions, strict=True)):
                verdict = verify(text, problem)
                yield {
                    "task": task,
                    "item": index,
                    "forced": must_answer,
                    "question": problem.question,
                    "completion": text,
                    "correct": verdict.correct,
                    "answered": verdict.answered,
                    "reason": verdict.reason,
                    "format": has_format(text),
                    "tries": text.count("Suppose that"),
                    "tokens": tokens,
                }


def check_accuracy(folder: Path, n: int) -> dict[str, float]:
    """Return for each search domain the share of checks that reach the right verdict.

    The candidate is given, drawn as in the base's lessons, and the model writes the check.

    Args:
        folder: the model.
        n: the number of held-out problems of each domain.
    """
    model, shares = Model(folder), {}
    for domain in SEARCHES:
        random = Random(f"gate {domain}")
        domain_items = problems(domain, n, ITEM_SEED + 1, held_out=True)
        proposals = [proposal(problem, random) for problem in domain_items]
        prompts = [
            f"{problem.prompt} {sentence}" for problem, (sentence, _) in zip(domain_items, proposals, strict=True)
        ]
        checks = model.complete(prompts, _MAX_CHECK_TOKENS)
        verdicts = [(fits, _verdict_of_check(text)) for (_, fits), (text, _) in zip(proposals, checks, strict=True)]
        shares[domain] = sum(fits is verdict for fits, verdict in verdicts) / n
    return shares


def _verdict_of_check(text: str) -> bool | None:
    """Return whether the first verdict of a check is that all fits; None if there is no verdict."""
    fits, fails = (text.find(phrase) for phrase in (ALL_FITS, CONTRADICTION))
    if fits < 0 and fails < 0:
        return None
    return fails < 0 or 0 <= fits < fails


def read_scores(path: Path) -> Scores:
    """Return the score of each item in a file of samples, by task and metric.

    Args:
        path: a file that `write_samples` wrote.
    """
    scores: Scores = {}
    for row in read(path):
        if row["forced"]:
            metrics = {FORCED: row["correct"]}
        else:
            metrics = {metric: row[_COLUMN_OF.get(metric, metric)] for metric in METRICS}
        for metric, value in metrics.items():
            scores.setdefault(row["task"], {}).setdefault(metric, {})[str(row["item"])] = float(value)
    return scores
