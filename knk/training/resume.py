"""What transformers and TRL leave out when a run resumes from a checkpoint.

- A run that is killed after the checkpoint of its last step, before its model is saved, would train one step more.
- Every how many steps to log, evaluate and save would come from the checkpoint, not from the settings.
- TRL's sampler would shuffle the prompts of a later epoch as it did those of the first.
- TRL counts from 0 which batch needs new completions, so a checkpoint within the batches that share their completions
  would shift them.
- TRL's SFT trainer counts the tokens that it has seen from 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any


class FullyTrained(Exception):
    """A run resumed from the checkpoint of its last step, and nothing is left to train."""


def train(trainer: Any) -> None:
    """Train with one of TRL's trainers, from the checkpoint in its settings if there is one.

    Args:
        trainer: the trainer.
    """
    trainer.add_callback(_resume_callback(trainer))
    try:
        trainer.train(resume_from_checkpoint=trainer.args.resume_from_checkpoint)
    except FullyTrained:
        if trainer.args.load_best_model_at_end and trainer.state.best_model_checkpoint is not None:
            trainer._load_best_model()  # noqa: SLF001 - what the trainer does after its last step
        trainer.callback_handler.on_train_end(trainer.args, trainer.state, trainer.control)


def _resume_callback(trainer: Any) -> Any:
    from transformers import TrainerCallback

    class ResumeCallback(TrainerCallback):  # type: ignore[misc,unused-ignore]
        def on_train_begin(self, args: Any, state: Any, control: Any, **objects: Any) -> None:  # noqa: ARG002
            if state.global_step:
                state.compute_steps(args, state.max_steps)
                _advance(trainer, objects["train_dataloader"], state.global_step)
                if hasattr(trainer, "_total_train_tokens"):
                    trainer._total_train_tokens = _tokens(state.log_history)  # noqa: SLF001 - as above

        def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            if state.global_step >= state.max_steps:
                raise FullyTrained

    return ResumeCallback()


def _advance(trainer: Any, loader: Any, steps: int) -> None:
    """Let the sampler of prompts, and TRL's count of batches, be where they were after a number of steps."""
    if not hasattr(loader, "__len__"):  # A stream has one epoch.
        return
    accumulated = trainer.args.gradient_accumulation_steps
    epochs, rest = divmod(steps, max(1, math.ceil(len(loader) / accumulated)))
    if hasattr(trainer, "_step"):
        trainer._step = epochs * len(loader) + rest * accumulated  # noqa: SLF001 - TRL has no other way
    _advance_sampler(loader, epochs)


def _tokens(history: Iterable[Mapping[str, Any]]) -> int:
    """Return the number of tokens that a trainer has logged last, 0 if it has logged none."""
    return max((int(entry["num_tokens"]) for entry in history if "num_tokens" in entry), default=0)


def _advance_sampler(loader: Any, epochs: int) -> None:
    """Let the sampler of prompts draw what it has drawn in earlier epochs."""
    from trl.trainer.utils import RepeatSampler

    sampler = _sampler(loader)
    if isinstance(sampler, RepeatSampler):
        for _ in range(epochs):
            next(iter(sampler))


def _sampler(loader: Any) -> Any:
    """Return the innermost sampler of a data loader, which accelerate may have wrapped."""
    batches = loader.batch_sampler
    while hasattr(batches, "batch_sampler"):
        batches = batches.batch_sampler
    return getattr(batches, "sampler", None)
