"""Evaluate the models of the laptop recipe; every completion is written with its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import write
from knk.tasks.format import has_format
from recipes.laptop.domains import SEARCHES, SKILLS, Problem, problems, read_values, verify
from recipes.laptop.generation import Sampling, generate
from recipes.laptop.words import ANSWER, END_THOUGHT, GIVE_UP, TRY

ITEM_SEED: Final = 90_000
"""The seed of the items, which are the same for every arm and every base."""
TEMPERATURE: Final = 0.7
TOP_P: Final = 0.95
PUZZLES: Final[Mapping[str, int]] = {"kk2": 2, "kk3": 3, "kk4": 4}
"""The tasks that are puzzles, and their numbers of people."""
TASKS: Final = (*PUZZLES, *SEARCHES, *SKILLS)
MAX_TOKENS: Final = 512
_BATCH_SIZE: Final = 100
_MAX_ANSWER_TOKENS: Final = 12


class Model:
    """A model that writes completions, on the GPU if there is one.

    Args:
        folder: the folder of the saved model.
    """

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = AutoModelForCausalLM.from_pretrained(folder).eval().to(device)

    def complete(
        self,
        prompts: Sequence[str],
        max_tokens: int = MAX_TOKENS,
        greedy: bool = False,
        forbidden: Sequence[str] = (),
        until: Sequence[str] = (),
    ) -> list[tuple[str, int]]:
        """Return a completion for each prompt, with its number of tokens; the same ones at each call.

        Args:
            prompts: the prompts.
            max_tokens: the largest number of tokens of a completion.
            greedy: whether to take the most likely token instead of sampling.
            forbidden: words that the model may not write.
            until: words that end a completion, beside the end token.
        """
        import torch

        torch.manual_seed(0)
        banned, ends = (tuple(self.tokenizer.convert_tokens_to_ids(list(words))) for words in (forbidden, until))
        sampling = Sampling(0.0 if greedy else TEMPERATURE, 1.0 if greedy else TOP_P, max_tokens, banned, ends)
        order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
        completions: dict[int, tuple[str, int]] = {}
        for start in range(0, len(order), _BATCH_SIZE):
            batch = order[start : start + _BATCH_SIZE]
            token_ids = self.tokenizer([prompts[index] for index in batch])["input_ids"]
            outputs = generate(self.model, token_ids, sampling)
            completions |= zip(batch, map(self._decode, outputs), strict=True)
        return [completions[index] for index in range(len(prompts))]

    def _decode(self, tokens: list[int]) -> tuple[str, int]:
        """Return the text before the end token, with its number of tokens."""
        tokens = tokens[:-1] if tokens and tokens[-1] == self.tokenizer.eos_token_id else tokens
        return self.tokenizer.decode(tokens), len(tokens)


def items(task: str, n: int) -> list[Problem]:
    """Return the held-out problems of a task, the same for every arm and every base.

    Args:
        task: one of `TASKS`.
        n: the number of items.
    """
    if task in PUZZLES:
        return problems("kk", n, ITEM_SEED, held_out=True, people=(PUZZLES[task],))
    return problems(task, n, ITEM_SEED, held_out=True)


def write_samples(folder: Path, output: Path, tasks: Sequence[str], n: int) -> None:
    """Write a model's completions of all items of some tasks, with what was measured, unless the file exists.

    Args:
        folder: the model.
        output: the file to write.
        tasks: some of `TASKS`.
        n: the number of items of each task.
    """
    if not output.exists():
        output.parent.mkdir(parents=True, exist_ok=True)
        write(output, samples(Model(folder), tasks, n))


def samples(model: Model, tasks: Sequence[str], n: int) -> Iterator[dict[str, Any]]:
    """Iterate over a model's completions of all items of some tasks, each with what was measured.

    Args:
        model: the model.
        tasks: some of `TASKS`.
        n: the number of items of each task.
    """
    for task in tasks:
        task_items = items(task, n)
        completions = model.complete([problem.prompt for problem in task_items])
        forced = _forced(model, task_items, [text for text, _ in completions])
        rows = zip(task_items, completions, forced, strict=True)
        for index, (problem, (text, tokens), forced_text) in enumerate(rows):
            verdict = verify(text, problem)
            yield {
                "task": task,
                "item": index,
                "question": problem.question,
                "completion": text,
                "correct": verdict.correct,
                "answered": verdict.answered,
                "reason": verdict.reason,
                "format": has_format(text),
                "correct_if_forced": verify(forced_text, problem).correct,
                "checks": "" if problem.domain in SKILLS else checks_of(text, problem),
                "tokens": tokens,
            }


def _forced(model: Model, task_items: Sequence[Problem], texts: Sequence[str]) -> list[str]:
    """Return the completions, with an answer wherever the model gave up: a model that guesses more is no better."""
    given_up = [index for index, text in enumerate(texts) if text.split()[-2:-1] == [GIVE_UP]]
    if not given_up:
        return list(texts)
    thoughts = {index: f"{texts[index].partition(END_THOUGHT)[0]}{END_THOUGHT} {ANSWER}" for index in given_up}
    prompts = [f"{task_items[index].prompt}{thought}" for index, thought in thoughts.items()]
    answers = model.complete(prompts, _MAX_ANSWER_TOKENS, forbidden=[GIVE_UP])
    forced = {
        index: f"{thought} {answer}" for (index, thought), (answer, _) in zip(thoughts.items(), answers, strict=True)
    }
    return [forced.get(index, text) for index, text in enumerate(texts)]


def checks_of(text: str, problem: Problem) -> str:
    """Return for each try in a completion "1" if its check is right, to the last word, and "0" if not.

    Args:
        text: the completion.
        problem: the puzzle or the search problem.

    >>> problem = Problem("pair", "<sides> A#B")
    >>> checks_of(problem.write_try(("in", "in", "in", "in", "in"))[0] + " try A=in fits </think>", problem)
    '10'
    """
    _, *tries = text.partition(END_THOUGHT)[0].split(TRY)
    return "".join("1" if _is_right(f"{TRY} {words.strip()}", problem) else "0" for words in tries)


def _is_right(words: str, problem: Problem) -> bool:
    values = read_values(" ".join(words.split()[1 : 1 + len(problem.people)]), problem)
    return values is not None and problem.write_try(values)[0] == words
