"""`knk plan` and `knk train`: what a recipe takes, and a recipe run by TRL's trainers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Recipe = Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe: a YAML file of TRL's settings.")]
Overlays = Annotated[
    list[Path] | None,
    typer.Option("--with", metavar="FILE", help="Further settings, which go before the recipe's. May be repeated."),
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting, which goes before all others. May be repeated."),
]


def plan(
    path: Recipe,
    gpus: Annotated[
        str | None, typer.Option(metavar="NxKIND", help="The GPUs, such as 4xH100; those of this machine if not given.")
    ] = None,
    overlays: Overlays = None,
    changes: Changes = None,
    tokens: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Tokens of an answer, on average; 1,600 if not given.")
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Examples of SFT; those of the data, or 18,000, if not given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object instead of a table.")] = False,
) -> None:
    """Say whether a recipe fits some GPUs, and how long.

    Prints what the fullest GPU holds, part by part, the settings that share a step out over so many GPUs, and the time.
    What does not fit is said with what would. Nothing is loaded or started, and no GPU is needed: the figures come from
    the model's size and from assumptions that docs/training.md states; none of them was measured.

    Exit status: 0 it fits, 1 it does not, 2 the recipe or the GPUs are unknown.

    \b
    knk plan recipes/warmup/paper.yaml --gpus 4xH100
    knk plan recipes/rlvr/math.yaml --with recipes/rlvr/profiles/one-gpu.yaml --gpus H100
    """
    import json

    from knk.training.plan import advice, gpus_here, gpus_of
    from knk.training.plan import plan as planned
    from knk.training.recipe import change_of, load

    number, gpu = gpus_of(gpus) if gpus else gpus_here()
    recipe = load(path, overlays or (), dict(change_of(change) for change in changes or ()))
    found = planned(recipe, number, gpu, tokens, rows)
    told = [] if found.fits else list(advice(found, tokens, rows))
    if as_json:
        print(json.dumps(found.to_dict() | {"advice": told}))
    else:
        print(found.table())
        if told:
            print("what would fit:", *(f"  {line}" for line in told), sep="\n")
    if not found.fits:
        raise typer.Exit(1)


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
