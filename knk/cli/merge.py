"""`knk merge`: a LoRA adapter merged into its base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from knk.cli.options import Json
from knk.cli.output import notify, print_json

_MAX_ROUNDING: Final = 0.1


def merge(
    adapter: Annotated[Path, typer.Argument(metavar="ADAPTER", help="Folder of a LoRA adapter, such as a checkpoint.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write to.")],
    base: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="Base: a folder or a name on the Hub (default: the one that the adapter names)."
        ),
    ] = None,
    dtype: Annotated[
        Literal["float32", "bfloat16", "float16"] | None,
        typer.Option(help="Type of the merged weights (default: the base's)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Merge a LoRA adapter into its base.

    Writes a whole model: safetensors weights, configurations, tokenizer and chat template, as benchmarks, vLLM and
    recipes load it. 'knk train' does this at the end of a LoRA run; checkpoints and adapters from elsewhere need this
    command. The adapter may have been trained on a merged model. One that was trained on a quantised base
    (load_in_4bit) is merged into the base as it was before that.

    The sum is computed in float32. Rounding it to bfloat16 can lose a part of a small change; the command says how
    much, and --dtype float32 loses nothing. It needs as much memory as the base's weights, and no GPU. The folder
    appears complete or not at all.

    Exit status: 0 merged, 2 there is no adapter, its base is missing, quantised or another one, or DIR is not empty.

    \b
    knk merge runs/warmup/paper/checkpoint-400 -o models/warmed
    knk merge adapter --base Qwen/Qwen2.5-3B --dtype float32 -o models/warmed
    """
    from knk.training.merge import merge as merge_adapter

    merged = merge_adapter(adapter, output, base, dtype, notify)
    if merged.rounding > _MAX_ROUNDING:
        notify(
            f"rounding to {merged.dtype} changed the weights by {merged.rounding:.0%} of what the adapter does; "
            "--dtype float32 avoids it"
        )
    if as_json:
        print_json(merged.to_dict())
    else:
        print(f"{merged.folder}: {merged.modules} modules of {merged.base} merged, {merged.dtype}")
