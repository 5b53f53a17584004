"""`knk plan`: the GPU memory and the time that a training recipe takes."""

from __future__ import annotations

from typing import Annotated

import typer

from knk.cli.options import Json, RecipeOptions
from knk.cli.output import print_json


def plan(
    recipe: RecipeOptions,
    gpus: Annotated[
        str | None, typer.Option(metavar="NxKIND", help="GPUs, such as 4xH100 (default: those of this machine).")
    ] = None,
    tokens: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Average tokens per completion (default: 1,600).")
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Number of SFT examples (default: those of the data, or 18,000)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Estimate GPU memory and training time.

    Prints the memory of the fullest GPU, item by item, the settings that divide a step among the GPUs, vLLM's cache,
    the command of the vLLM server if the recipe needs one, and the time. If the batch cannot be divided among all GPUs,
    plans fewer of them or another batch, and says so. If the recipe does not fit, prints changes that would make it
    fit. Loads and starts nothing, and needs no GPU: the figures follow from the model's size and from the assumptions
    in docs/training.md, and are not measured.

    Exit status: 0 it fits, 1 it does not, 2 the recipe or the GPUs are unknown.

    \b
    knk plan recipes/warmup/paper.yaml --gpus 4xH100
    knk plan recipes/rlvr/math.yaml --with recipes/rlvr/profiles/one-80gb-lora.yaml --gpus H100
    """
    from knk.training.gpus import local_gpus, parse_gpus
    from knk.training.plan import alternatives
    from knk.training.plan import plan as make_plan

    loaded = recipe.load()
    number, gpu = parse_gpus(gpus) if gpus else local_gpus()
    estimate = make_plan(loaded, number, gpu, tokens, rows)
    changes = [] if estimate.fits else list(alternatives(estimate, tokens, rows))
    if as_json:
        print_json(estimate.to_dict() | {"alternatives": changes})
    else:
        print(estimate.table())
        if changes:
            print("What would fit:", *(f"  {change}" for change in changes), sep="\n")
    if not estimate.fits:
        raise typer.Exit(1)
