"""`knk train`: a training recipe, run by TRL's trainers."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from knk.cli.options import RecipeOptions
from knk.cli.output import notify
from knk.cli.signals import interrupt_on_termination, resume_hint


def train(
    recipe: RecipeOptions,
    only_check: Annotated[bool, typer.Option("--check", help="Check that the run can work, and stop.")] = False,
    only_print: Annotated[
        bool, typer.Option("--print-config", help="Print the settings as 'trl' takes them, and stop.")
    ] = False,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="Train without accelerate's launcher: one device, quicker to start.")
    ] = False,
) -> None:
    """Train a model with SFT or GRPO.

    A recipe is a YAML file of the settings that 'trl sft --config' or 'trl grpo --config' takes, and TRL's own trainers
    run it. It can extend another recipe; its setting 'trainer' selects one of the two trainers. Before anything is
    loaded, the command checks data, rewards, lengths, batches, disk and memory, and, if the run cannot work, says what
    to change.

    The run's folder (output_dir) holds TRL's checkpoints, run.json (the manifest) and metrics.jsonl (the logged
    metrics, written as they are logged). After an interruption, run the same command again: it resumes from the last
    checkpoint that is whole. With a larger max_steps or num_train_epochs, a finished run goes on. A run with LoRA
    (use_peft) ends with the merged model in the folder and the adapter in adapter/. The model of a recipe may be an
    adapter's folder: it is merged into base/ first.

    While it trains, the command warns in one line when something is wrong, such as groups of completions that all earn
    the same, so that there is nothing to learn. 'on_no_signal: stop' in the recipe ends a run after ten such steps in a
    row.

    'eval_data' in the recipe names held-out rows, which are evaluated at the start and at each checkpoint; the command
    ends by naming the best one.

    Exit status: 0 trained, 1 trained without any step that had something to learn from, 2 the recipe, the data or the
    folder cannot work, or the trainer failed, 130 interrupted, 143 terminated, 129 its terminal was closed.

    \b
    knk train recipes/warmup/paper.yaml --check
    knk train recipes/rlvr/math.yaml --with recipes/rlvr/profiles/one-80gb-lora.yaml --set seed=2
    trl grpo --config <(knk train recipes/rlvr/math.yaml --print-config)
    """
    loaded = recipe.load()
    if only_print:
        print(loaded.yaml(), end="")
        return
    if only_check:
        from knk.training.folder import check_folder
        from knk.training.preflight import check

        print(*check(loaded), check_folder(loaded), sep="\n")
        return
    from knk.training.run import train as run_training

    with interrupt_on_termination(), resume_hint():
        manifest = run_training(loaded, in_process, notify)
    _print_end(str(loaded.output), manifest)
    if verdict := manifest.get("health", {}).get("verdict"):
        print(f"knk: {loaded.output}: {verdict}", file=sys.stderr)
        raise typer.Exit(1)


def _print_end(folder: str, manifest: Mapping[str, Any]) -> None:
    """Print what a run has done, and its best checkpoint."""
    sessions = len(manifest["sessions"])
    in_sessions = f", in {sessions} sessions" if sessions > 1 else ""
    stopped = ", stopped by on_no_signal" if manifest["status"] == "stopped" else ""
    print(f"{folder}: {manifest['steps']} steps in {manifest['seconds']:.0f} s{in_sessions}{stopped}")
    if best := manifest.get("best"):
        from knk.training.evaluation import describe_best

        print(f"{folder}: {describe_best(best)}")
