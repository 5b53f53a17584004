"""Evaluation while a run trains: the settings of TRL's evaluation, and which checkpoint was best.

A recipe names held-out rows in `eval_data`, and everything else has a default:

| setting | default |
|---|---|
| `eval_steps` | as `save_steps`, so that each evaluated model is saved; and the last step |
| `eval_on_start` | true: the model from which training starts is evaluated as step 0 |
| `eval_sampling` | `{temperature: 0.0}`: greedy, so that two evaluations of a model are equal |
| `num_generations_eval` | 1 completion for each prompt |
| `per_device_eval_batch_size` | GRPO: few batches of equal size; SFT: as `per_device_train_batch_size` |
| `metric_for_best_model` | GRPO: `eval_reward`; SFT: `eval_loss` |

Evaluation changes nothing in training: a run with it takes the same steps as one without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import ceil, inf, isfinite
from pathlib import Path
from typing import Any, Final

from knk.errors import BadConfig
from knk.training.batches import DEVICE_BATCH
from knk.training.data import eval_entries, eval_sources, rows_of
from knk.training.recipe import Recipe
from knk.yaml_config import shortened, suggestion

_MAX_VLLM_BATCH: Final = 1024
"""Completions for which vLLM is asked at once; it queues what its cache does not hold."""
_SAVE_STEPS: Final = 500
"""TRL's default."""


@dataclass(frozen=True)
class Sampling:
    """How completions are sampled in an evaluation.

    Args:
        temperature: the temperature, 0 for greedy decoding.
        top_p: the share of the probability that is sampled from.
        top_k: the number of tokens that are sampled from, 0 for all.
        min_p: the least probability of a token, relative to that of the most likely one.

    Raises:
        BadConfig: a value is out of range.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0

    def __post_init__(self) -> None:
        ranges = {"temperature": (0, inf), "top_p": (0, 1), "top_k": (0, inf), "min_p": (0, 1)}
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            is_number = isinstance(value, int if name == "top_k" else (int, float)) and not isinstance(value, bool)
            if not is_number or not low <= value <= high or value == inf or (name == "top_p" and value == 0):
                limits = f"from {low}" if high == inf else f"from {low} to {high}"
                raise BadConfig(f"eval_sampling: expected {name!r} to be a number {limits}, got {shortened(value)}")

    @classmethod
    def from_settings(cls, settings: Any) -> Sampling:
        """Return the sampling of a recipe's setting `eval_sampling`.

        Args:
            settings: the fields by name, or None for the defaults.

        Raises:
            BadConfig: a field is unknown, or its value is out of range.

        >>> Sampling.from_settings({"temperature": 0.7})
        Sampling(temperature=0.7, top_p=1.0, top_k=0, min_p=0.0)
        """
        known = [field.name for field in fields(cls)]
        if settings is None:
            return cls()
        if not isinstance(settings, Mapping):
            raise BadConfig(
                f"expected 'eval_sampling' to be a mapping such as {{temperature: 0.7}}, got {shortened(settings)}"
            )
        for name in settings:
            if name not in known:
                hint = "; set num_generations_eval" if "generations" in str(name) else suggestion(str(name), known)
                raise BadConfig(f"eval_sampling: no field {str(name)[:40]!r}: expected {', '.join(known)}{hint}")
        return cls(**settings)

    @property
    def is_greedy(self) -> bool:
        """Whether each token is the most likely one."""
        return self.temperature == 0


def with_evaluation(recipe: Recipe) -> Recipe:
    """Return the recipe with all settings of its evaluation, where it names rows for one.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: `eval_data` or `eval_sampling` has another form, or a file does not exist.
    """
    settings = recipe.settings
    if settings.get("eval_data") is None:
        if settings.get("eval_sampling") is not None:
            raise BadConfig(f"{recipe.path}: 'eval_sampling' needs 'eval_data', the rows to evaluate on")
        return recipe
    strategy = "epoch" if settings.get("save_strategy") == "epoch" else "steps"
    defaults: dict[str, Any] = {
        "eval_strategy": strategy,
        "eval_steps": settings.get("save_steps", _SAVE_STEPS),
        "eval_on_start": True,
        "metric_for_best_model": "eval_reward" if recipe.trainer == "grpo" else "eval_loss",
        "per_device_eval_batch_size": recipe.number("per_device_train_batch_size", DEVICE_BATCH),
    }
    if recipe.trainer == "grpo":
        group = recipe.number("num_generations_eval", 1)
        defaults |= {"num_generations_eval": group, "per_device_eval_batch_size": _device_batch(recipe, group)}
    own = {name: value for name, value in settings.items() if value is not None}
    return replace(recipe, settings={**settings, **defaults, **own, "eval_data": eval_entries(recipe)})


def is_greater_better(settings: Mapping[str, Any]) -> bool:
    """Whether a greater value of the metric for the best model is better.

    Args:
        settings: a recipe's settings.
    """
    own = settings.get("greater_is_better")
    return bool(own) if own is not None else not str(settings.get("metric_for_best_model")).endswith("loss")


def metric_name(settings: Mapping[str, Any]) -> str:
    """Return the name of the metric for the best model, as it is logged.

    Args:
        settings: a recipe's settings.

    >>> metric_name({"metric_for_best_model": "kk/right"})
    'eval_kk/right'
    """
    return "eval_" + str(settings["metric_for_best_model"]).removeprefix("eval_")


def best_of(folder: Path, settings: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return which evaluated model of a run was best, None without evaluations.

    Args:
        folder: the run's folder.
        settings: the run's settings.
        entries: what the run logged.

    Returns:
        the `metric`, its `value`, the `step`, and the name of its `checkpoint` in the folder, None if there is none; of
        equal values the first. `saved` has the same of the best one that has a checkpoint, if it is another.
    """
    if not settings.get("metric_for_best_model"):
        return None
    name, sign = metric_name(settings), 1 if is_greater_better(settings) else -1
    values = {
        entry["step"]: entry[name]
        for entry in entries
        if isinstance(entry.get("step"), int) and _is_number(entry.get(name))
    }
    if not values:
        return None

    def record(step: int) -> dict[str, Any]:
        checkpoint = f"checkpoint-{step}"
        is_there = (folder / checkpoint).is_dir()
        return {"metric": name, "value": values[step], "step": step, "checkpoint": checkpoint if is_there else None}

    ranked = [record(step) for step in sorted(values, key=lambda step: (-sign * values[step], step))]
    best = ranked[0] | {"is_last": ranked[0]["step"] == max(values)}
    saved = next((one for one in ranked if one["checkpoint"]), None)
    return best if best["checkpoint"] or saved is None else best | {"saved": saved}


def describe_best(best: Mapping[str, Any]) -> str:
    """Return the best evaluated model of a run in words.

    Args:
        best: what `best_of` returned.

    >>> describe_best({"metric": "eval_reward", "value": 1.25, "step": 50, "checkpoint": "checkpoint-50"})
    'best eval_reward 1.25 at step 50: checkpoint-50'
    """
    text = f"best {best['metric']} {best['value']:.4g} at step {best['step']}"
    saved = best.get("saved")
    others = f"; of the checkpoints, {saved['checkpoint']} is the best ({saved['value']:.4g})" if saved else ""
    if best["step"] == 0:
        return f"{text}, before training, and no later one is better{others}"
    if best["checkpoint"]:
        return f"{text}: {best['checkpoint']}{', the last' if best.get('is_last') else ''}"
    if best.get("is_last"):
        return f"{text}: the last, which the folder itself holds"
    return f"{text}, of which there is no checkpoint{others}"


def _device_batch(recipe: Recipe, group: int) -> int:
    """Return the completions of one process at a time: whole groups, in as few batches of equal size as memory allows.

    With vLLM there is no limit; without it, those that are generated at a time in training.
    """
    processes, most = recipe.processes, _MAX_VLLM_BATCH
    if not recipe.settings.get("use_vllm"):
        size = recipe.number("per_device_train_batch_size", DEVICE_BATCH) * processes
        passes = recipe.number("steps_per_generation", recipe.number("gradient_accumulation_steps", 1))
        most = max(1, recipe.number("generation_batch_size", size * passes) // processes)
    completions = sum(1 for _ in rows_of(eval_sources(recipe))) * group or most * processes
    batches = ceil(completions / (most * processes))
    return group * ceil(ceil(completions / (batches * processes)) / group)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
