"""`knk plan`: what a recipe takes."""

from __future__ import annotations

from typing import Annotated

import typer

from knk.cli.options import Changes, Overlays, Recipe


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
