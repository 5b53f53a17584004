"""Replace groups without signal: GRPO learns nothing from a prompt whose completions all have the same reward.

Before each update, prompts whose groups have no signal are replaced by others, and those are answered, up to a bound.
This is the dynamic sampling of DAPO (arXiv 2503.14476, section 3.2), within a batch of a fixed size. It changes what
the policy trains on: a prompt whose group has no signal with probability q is in a batch with a weight of 1 - q, apart
from what the bound leaves.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from knk.errors import TrainingFailed

Spare = Callable[[int, int], Sequence[Mapping[str, Any]]]
"""Returns other rows: takes the number of rows, and a seed that is different at each call."""
_LEFT_PADDED: Final = ("prompt_ids", "prompt_mask")
_RIGHT_PADDED: Final = (
    *("completion_ids", "completion_mask", "old_per_token_logps", "importance_sampling_ratio"),
    *("sampling_per_token_logps", "ref_per_token_logps"),
)
_SINGLE: Final = ("advantages",)
_TOTAL: Final = "num_items_in_batch"
_ZERO: Final = 1e-6  # The mean of equal rewards differs from them by rounding.


def redrawing(trainer_class: type, redraws: int, spare: Spare | None = None) -> type:
    """Return a subclass of TRL's `GRPOTrainer` that replaces groups without signal.

    The rows are otherwise drawn as by the given class. Each redraw that is needed makes a step longer. Rewards and
    lengths are logged for all completions that were sampled; `redraw/groups` is the number of groups that were
    replaced, and `redraw/without_signal` the share of groups that are left without signal.

    ```python
    trainer = redrawing(GRPOTrainer, redraws=2)(model, reward_funcs=[kk_reward], args=args, train_dataset=dataset)
    ```

    Args:
        trainer_class: `trl.GRPOTrainer`, or a subclass.
        redraws: how often the groups without signal are replaced in a batch, at most.
        spare: returns the rows that replace others; rows of the training data at random if not given.
    """

    members = {"redraws": redraws, "spare": staticmethod(spare) if spare is not None else None}
    return type(f"Redrawing{trainer_class.__name__}", (_Redrawing, trainer_class), members)


class _Redrawing:
    """What a subclass of `GRPOTrainer` adds to it, by that trainer's own attributes."""

    redraws: int
    spare: Spare | None

    def _generate_and_score_completions(self: Any, inputs: list[dict[str, Any]]) -> Any:
        batch = super()._generate_and_score_completions(inputs)  # type: ignore[misc]
        if not self.model.training:
            return batch
        replaced = 0
        for attempt in range(self.redraws):
            groups = groups_without_signal(batch["advantages"].tolist(), self.num_generations)
            count = int(self.accelerator.gather(batch["advantages"].new_tensor([len(groups)])).max())
            if count == 0:
                break
            repeated = [dict(row) for row in self._spare_rows(count, attempt) for _ in range(self.num_generations)]
            more = super()._generate_and_score_completions(repeated)  # type: ignore[misc]
            batch = with_groups(batch, more, groups, self.num_generations, self._tokenizer.pad_token_id)
            batch[_TOTAL] = self.accelerator.gather(batch["completion_mask"].sum()).sum()
            replaced += len(groups)
        left = len(groups_without_signal(batch["advantages"].tolist(), self.num_generations))
        self._log_redraws(replaced, left / max(len(inputs) // self.num_generations, 1))
        return batch

    def _log_redraws(self: Any, replaced: int, left: float) -> None:
        totals = self.accelerator.gather(_tensor([replaced, left], self)).view(-1, 2)
        self._metrics["train"]["redraw/groups"].append(totals[:, 0].sum().item())
        self._metrics["train"]["redraw/without_signal"].append(totals[:, 1].mean().item())

    def _spare_rows(self: Any, count: int, attempt: int) -> Sequence[Mapping[str, Any]]:
        """Return other rows: the same ones in a run that resumes, others in each batch and each process."""
        # A step of the optimizer may have several batches.
        batch = self._step % self.args.gradient_accumulation_steps
        seed = hash((self.args.seed, self.state.global_step, batch, attempt, self.accelerator.process_index))
        if self.spare is not None:
            return list(self.spare(count, seed))
        return [self.train_dataset[index] for index in _indices(len(self.train_dataset), count, seed)]


def groups_without_signal(advantages: Sequence[float], size: int) -> list[int]:
    """Return the indices of the groups whose advantages are all zero.

    Args:
        advantages: the advantages of whole groups, one group after the other.
        size: the number of completions of a group.

    Raises:
        TrainingFailed: the last group is not whole.

    >>> groups_without_signal([0.0, 0.0, 1.0, -1.0], 2)
    [0]
    """
    if len(advantages) % size:
        raise TrainingFailed(
            f"expected whole groups of {size} completions in each process, got {len(advantages)} completions: set "
            "per_device_train_batch_size x steps_per_generation to a multiple of num_generations, or redraws to 0"
        )
    starts = range(0, len(advantages), size)
    return [
        start // size
        for start in starts
        if all(abs(advantage) < _ZERO for advantage in advantages[start : start + size])
    ]


def with_groups(
    batch: Mapping[str, Any], more: Mapping[str, Any], groups: Sequence[int], size: int, pad_token: int
) -> dict[str, Any]:
    """Return a batch in which some groups are replaced by the first groups of another batch.

    Args:
        batch: what `GRPOTrainer` made of some prompts: tensors of shape (completions,) or (completions, tokens).
        more: what it made of others.
        groups: the indices of the groups to replace.
        size: the number of completions of a group.
        pad_token: the id of the padding token.

    Raises:
        TrainingFailed: the batch has other tensors, such as those of images or tools.
    """
    import torch

    unknown = sorted({*batch, *more} - {*_LEFT_PADDED, *_RIGHT_PADDED, *_SINGLE, _TOTAL})
    if unknown or batch.keys() != more.keys():
        raise TrainingFailed(f"redraws cannot be used with images or tools ({', '.join(unknown)}): set redraws to 0")
    targets = [group * size + member for group in groups for member in range(size)]
    merged = dict(batch)
    for name in batch:
        if name == _TOTAL:
            continue
        first, second = batch[name], more[name]
        if first.dim() == 2:
            fill = pad_token if name in ("prompt_ids", "completion_ids") else 0
            width = max(first.shape[1], second.shape[1])
            first, second = (_padded(tensor, width, name in _LEFT_PADDED, fill) for tensor in (first, second))
        replaced = first.clone()
        replaced[torch.tensor(targets, dtype=torch.long, device=first.device)] = second[: len(targets)]
        merged[name] = replaced
    return merged


def _padded(tensor: Any, width: int, left: bool, fill: int) -> Any:
    from torch.nn.functional import pad

    missing = width - tensor.shape[1]
    return pad(tensor, (missing, 0) if left else (0, missing), value=fill) if missing else tensor


def _tensor(values: Sequence[float], trainer: Any) -> Any:
    import torch

    return torch.tensor(values, dtype=torch.float32, device=trainer.accelerator.device)


def _indices(length: int, count: int, seed: int) -> list[int]:
    """Return some indices, different ones as long as there are enough."""
    generator = random.Random(seed)
    return generator.sample(range(length), count) if count <= length else generator.choices(range(length), k=count)
