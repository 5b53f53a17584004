"""`knk train`: a recipe run by TRL's trainers."""

from __future__ import annotations

from typing import Annotated

import typer

from knk.cli.options import Changes, Overlays, Recipe


def train(
    path: Recipe,
    overlays: Overlays = None,
    changes: Changes = None,
    only_check: Annotated[bool, typer.Option("--check", help="Look whether the run can work, and stop.")] = False,
    only_print: Annotated[
        bool, typer.Option("--print-config", help="Print the settings as 'trl' takes them, and stop.")
    ] = False,
    here: Annotated[
        bool, typer.Option("--in-process", help="Train without accelerate's launcher: one device, a quicker start.")
    ] = False,
) -> None:
    """Train a model by a recipe: SFT or GRPO, by TRL's own trainers.

    A recipe is a YAML file of the settings that 'trl sft --config' or 'trl grpo --config' takes. It may extend another
    one; 'trainer' says which of the two trains. Before anything is loaded, data, rewards, lengths, batches, disk and
    memory are looked at, and what cannot work is refused with what to change.

    The run's folder (output_dir) holds TRL's checkpoints, run.json with what was run on what, and metrics.jsonl with
    what was logged. The same command goes on after a run was killed, from its last checkpoint.

    Exit status: 0 trained, 2 the recipe, the data or the folder cannot work, or the trainer failed.

    \b
    knk train recipes/warmup/paper.yaml --check
    knk train recipes/rlvr/math.yaml --with recipes/rlvr/profiles/one-gpu.yaml --set seed=2
    trl grpo --config <(knk train recipes/rlvr/math.yaml --print-config)
    """
    from knk.training.recipe import change_of, load

    recipe = load(path, overlays or (), dict(change_of(change) for change in changes or ()))
    if only_print:
        print(recipe.yaml(), end="")
        return
    if only_check:
        from knk.training.preflight import check

        print(*check(recipe), sep="\n")
        return
    from knk.training.run import train as run

    manifest = run(recipe, here)
    times = len(manifest["sessions"])
    print(
        f"{recipe.output}: {manifest['steps']} steps in {manifest['seconds']:.0f} s"
        + (f", in {times} sessions" if times > 1 else "")
    )
