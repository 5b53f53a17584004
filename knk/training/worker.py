"""The program that accelerate starts in each training process: TRL's trainer with this library's callbacks.

    accelerate launch -m knk.training.worker grpo --config recipe.yaml

It takes the YAML that `trl sft --config` and `trl grpo --config` take, and the settings in `knk.training.options`. It
does what TRL's scripts do, which take no callbacks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from knk.errors import BadConfig, KnkError
from knk.training.curriculum import Curriculum, PuzzleSource
from knk.training.evaluation import Sampling
from knk.training.evaluator import evaluating
from knk.training.health_callback import health_callback
from knk.training.locks import lock_for_trainer
from knk.training.metrics import metrics_callback
from knk.training.options import Options
from knk.training.processes import end_with_parent, report_failure
from knk.training.redraw import redrawing
from knk.training.resume import train
from knk.training.trl_scripts import script

TRL_REWARDS: Final = ("accuracy_reward", "reasoning_accuracy_reward", "think_format_reward")
OVERLONG_REWARD: Final = "get_soft_overlong_punishment"
"""TRL's own rewards, which a recipe names without a dotted path; the last one is made by a function."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Train as the arguments say.

    Args:
        arguments: `sft` or `grpo`, and what `trl` takes after it; the command line's if None.
    """
    name, *rest = sys.argv[1:] if arguments is None else arguments
    settings = parser(name).parse_args_and_config(rest)
    folder = Path(settings[1].output_dir)
    with _importable(Path.cwd()), lock_for_trainer(folder) if _is_main() else nullcontext():
        trainer = build(name, *settings)
        train(trainer)
        trainer.save_model(str(folder))
        trainer.end()


def program() -> None:
    """Train as the command line says, in a process that a launcher has started, and report why it failed."""
    end_with_parent()
    try:
        main()
    except KnkError as error:
        report_failure(str(error))
        raise SystemExit(f"knk: {error}") from error
    except Exception as error:
        report_failure(f"{type(error).__name__}: {error}")
        raise


def parser(name: str) -> Any:
    """Return TRL's parser for a trainer's settings, with this library's own settings.

    Args:
        name: `sft` or `grpo`.

    Raises:
        MissingPackage: TRL is not installed.
    """
    from trl import TrlParser

    return TrlParser((*script(name).make_parser().dataclass_types, Options))


def build(name: str, script_args: Any, training_args: Any, model_args: Any, dataset_args: Any, options: Options) -> Any:
    """Return TRL's trainer for parsed settings.

    Args:
        name: `sft` or `grpo`.
        script_args: TRL's settings of the script.
        training_args: those of the trainer.
        model_args: those of the model.
        dataset_args: those of the data.
        options: this library's own.
    """
    from trl import GRPOTrainer, SFTTrainer, get_peft_config, get_quantization_config

    training_args.model_init_kwargs = {
        "revision": model_args.model_revision,
        "attn_implementation": model_args.attn_implementation,
        "dtype": model_args.dtype,
        **(training_args.model_init_kwargs or {}),
    }
    training_args.logging_nan_inf_filter = False  # It logs a loss that is not finite as the mean of those before.
    if "wandb" in training_args.report_to:  # wandb takes its project from the environment only.
        os.environ.setdefault("WANDB_PROJECT", training_args.project)
    dataset, source = _data(script_args, training_args, dataset_args, options)
    evaluates = training_args.eval_strategy != "no"
    if training_args.resume_from_checkpoint:
        training_args.eval_on_start = False  # It would log the same evaluation again.
    arguments = {
        "model": model_args.model_name_or_path,
        "args": training_args,
        "train_dataset": dataset[script_args.dataset_train_split],
        "eval_dataset": _eval_data(script_args, options, dataset) if evaluates else None,
        "quantization_config": get_quantization_config(model_args),
        "peft_config": get_peft_config(model_args),
    }
    if name == "sft":
        return _with_callbacks(extended(evaluating(SFTTrainer), options)(**arguments), callbacks(options))
    trainer_class = extended(evaluating(GRPOTrainer, Sampling.from_settings(options.eval_sampling)), options)
    if options.redraws:
        trainer_class = redrawing(trainer_class, options.redraws, source.spare_rows if source else None)
    rewards = [_reward(reward) for reward in script_args.reward_funcs]
    return _with_callbacks(trainer_class(reward_funcs=rewards, **arguments), callbacks(options, source))


def callbacks(options: Options, source: PuzzleSource | None = None) -> list[Any]:
    """Return the trainer's callbacks.

    Args:
        options: this library's own settings.
        source: the training data, if they follow a curriculum.
    """
    return [*([source.callback()] if source else []), health_callback(options.on_no_signal), metrics_callback()]


def extended(trainer_class: type, options: Options) -> type:
    """Return the trainer class that the extensions of a recipe make of another.

    Args:
        trainer_class: the trainer class.
        options: this library's own settings.

    Raises:
        BadConfig: an extension cannot be imported, or does not return a subclass of the trainer.
    """
    for path in options.extensions or ():
        try:
            extension = _imported(path)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise BadConfig(f"extensions: {path!r:.80} cannot be imported: {error}") from error
        result = extension(trainer_class) if callable(extension) else extension
        if not (isinstance(result, type) and issubclass(result, trainer_class)):
            raise BadConfig(f"extensions: expected {path} to return a subclass of the trainer, got {result!r:.80}")
        trainer_class = result
    return trainer_class


def _with_callbacks(trainer: Any, added: list[Any]) -> Any:
    """Add callbacks before those of the trackers, which then log what these add."""
    handler = trainer.callback_handler
    handler.callbacks = [*added, *handler.callbacks]
    return trainer


def _is_main() -> bool:
    """Whether this is the first of the training processes, on all machines."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let modules in a folder be imported, as TRL's scripts do for rewards."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _data(script_args: Any, training_args: Any, dataset_args: Any, options: Options) -> tuple[Any, PuzzleSource | None]:
    """Return the data by split, and the source of those that follow a curriculum."""
    if options.curriculum is None:
        return _dataset(script_args, dataset_args), None
    training_args.shuffle_dataset = False  # The order is the curriculum's.
    source = PuzzleSource(
        Curriculum.from_settings(options.curriculum),
        training_args.generation_batch_size // training_args.num_generations,
    )
    return {script_args.dataset_train_split: source.dataset(training_args.max_steps)}, source


def _eval_data(script_args: Any, options: Options, dataset: Any) -> Any:
    """Return the rows to evaluate on: the recipe's own, or TRL's split of the training data."""
    from trl import get_dataset
    from trl.scripts.utils import DatasetMixtureConfig

    if options.eval_data is None:
        return dataset[script_args.dataset_test_split]
    return get_dataset(DatasetMixtureConfig(datasets=[dict(entry) for entry in options.eval_data]))["train"]


def _dataset(script_args: Any, dataset_args: Any) -> Any:
    from datasets import load_dataset
    from trl import get_dataset

    if dataset_args.datasets:
        return get_dataset(dataset_args)
    return load_dataset(
        script_args.dataset_name, name=script_args.dataset_config, streaming=script_args.dataset_streaming
    )


def _reward(name: str) -> Any:
    """Return a reward by its dotted path, or one of TRL's by its name, as TRL's script does."""
    from trl import rewards

    if name in TRL_REWARDS:
        return getattr(rewards, name)
    if name == OVERLONG_REWARD:
        return rewards.get_soft_overlong_punishment(max_completion_len=1280, soft_punish_cache=256)
    return _imported(name)


def _imported(path: str) -> Any:
    """Return what a dotted path names."""
    module, _, attribute = path.rpartition(".")
    return getattr(import_module(module), attribute)


if __name__ == "__main__":
    program()
