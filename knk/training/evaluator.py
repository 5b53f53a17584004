"""TRL's trainers, which evaluate with a sampling of their own and leave everything else as it was.

TRL evaluates with the sampling and the random numbers of training, adds the completions to those of the last step, and
computes losses that are of no use for GRPO. Here an evaluation is completions and their rewards.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from knk.errors import TrainingFailed
from knk.training.evaluation import Sampling

_SAMPLED: Final = ("temperature", "top_p", "top_k", "min_p", "do_sample", "seed")
"""The arguments of generation that are the evaluation's own."""


def evaluating(trainer_class: type, sampling: Sampling | None = None) -> type:
    """Return a subclass of a TRL trainer whose evaluations change nothing in training.

    Each evaluation draws the same random numbers, and those of training go on as if there had been none. A metric in
    `metric_for_best_model` that is not there ends the run at the first evaluation.

    ```python
    trainer = evaluating(GRPOTrainer, Sampling(temperature=0.7))(
        model, reward_funcs=[kk_reward], args=args, train_dataset=dataset, eval_dataset=held_out
    )
    ```

    Args:
        trainer_class: `trl.SFTTrainer`, `trl.GRPOTrainer`, or a subclass.
        sampling: how completions are sampled; None for a trainer that samples none.
    """

    class Evaluating(trainer_class):  # type: ignore[misc]
        def evaluate(self, *arguments: Any, **named: Any) -> dict[str, float]:
            with ExitStack() as stack:
                stack.enter_context(_own_random_numbers(self))
                if sampling is not None:
                    stack.enter_context(_sampled_by(self, sampling))
                metrics = super().evaluate(*arguments, **named)
            return _with_metric_for_best(metrics, self.args)

        def prediction_step(self, model: Any, inputs: Any, prediction_loss_only: Any, ignore_keys: Any = None) -> Any:
            if sampling is None:
                return super().prediction_step(model, inputs, prediction_loss_only, ignore_keys)
            self._prepare_inputs(inputs)  # It logs rewards and lengths.
            self.model.eval()  # Continuous batching leaves the model in training mode.
            return None, None, None

    return Evaluating


@contextmanager
def _own_random_numbers(trainer: Any) -> Iterator[None]:
    """Let random numbers start from the seed, and then go on as before.

    The seed is another one in each process, but for processes that share a vLLM engine, which have to draw alike.
    """
    import numpy as np
    import torch
    from accelerate.utils import set_seed

    device = trainer.accelerator.device
    devices = [device.index or 0] if device.type == "cuda" else []
    plain, array = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=devices):
        sharing = getattr(trainer.args, "vllm_tensor_parallel_size", 1)
        set_seed(trainer.args.seed + trainer.accelerator.process_index // sharing)
        try:
            yield
        finally:
            random.setstate(plain)
            np.random.set_state(array)


@contextmanager
def _sampled_by(trainer: Any, sampling: Sampling) -> Iterator[None]:
    """Let a `GRPOTrainer` sample otherwise, compute no log-probabilities, and keep its completions apart."""
    table: dict[str, deque[Any]] = {name: deque() for name in ("images", "prompt", "completion", "advantages")}
    changes: dict[str, Any] = {
        "_logs": {**table, "rewards": defaultdict(deque), "extra": defaultdict(deque)},
        "log_completions": False,  # It would overwrite those of the training step.
        "beta": 0.0,
        "vllm_importance_sampling_correction": False,
    }
    with ExitStack() as stack:
        if trainer.use_vllm:
            stack.enter_context(_changed(trainer.vllm_generation, _vllm_sampling(trainer, sampling)))
        else:
            changes |= _plain_sampling(trainer, sampling)
        stack.enter_context(_changed(trainer, changes))
        yield


def _vllm_sampling(trainer: Any, sampling: Sampling) -> dict[str, Any]:
    """Return the attributes of TRL's `VLLMGeneration` for a sampling."""
    engine = trainer.vllm_generation
    others = {name: value for name, value in engine.generation_kwargs.items() if name not in _SAMPLED}
    if engine.mode == "server" and not sampling.is_greedy:
        # A server's random numbers are its own. In this process vLLM uses PyTorch's, and one seed for all completions
        # of a prompt would make them equal.
        others["seed"] = trainer.args.seed
    values = {name: getattr(sampling, name) for name in ("temperature", "top_p", "top_k", "min_p")}
    return {**values, "generation_kwargs": others}


def _plain_sampling(trainer: Any, sampling: Sampling) -> dict[str, Any]:
    """Return the attributes of TRL's `GRPOTrainer` for a sampling by transformers."""
    from transformers import GenerationConfig

    own: dict[str, Any] = {"do_sample": not sampling.is_greedy, "temperature": 1.0, "top_p": 1.0, "top_k": 50}
    if not sampling.is_greedy:
        own |= {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
    own["min_p"] = sampling.min_p or None
    others = {name: value for name, value in trainer.generation_kwargs.items() if name not in _SAMPLED}
    return {
        "generation_kwargs": others | own,
        "generation_config": GenerationConfig(**others, **own, disable_compile=True),
    }


@contextmanager
def _changed(target: Any, values: dict[str, Any]) -> Iterator[None]:
    """Change attributes of an object for a while."""
    before = {name: getattr(target, name) for name in values if hasattr(target, name)}
    vars(target).update(values)
    try:
        yield
    finally:
        vars(target).update(before)


def _with_metric_for_best(metrics: dict[str, Any], args: Any) -> dict[str, Any]:
    """Return the metrics, with the worst value for the best model's metric if it has none, as without any reward."""
    if args.metric_for_best_model is None:
        return metrics
    name = "eval_" + args.metric_for_best_model.removeprefix("eval_")
    if name not in metrics:
        known = ", ".join(sorted(key for key in metrics if key.startswith("eval_")))
        raise TrainingFailed(f"expected metric_for_best_model to be one of {known}, got {args.metric_for_best_model!r}")
    if metrics[name] is None:
        return {**metrics, name: float("-inf") if args.greater_is_better else float("inf")}
    return metrics
