"""`knk explain`: a proof in prose."""

from __future__ import annotations

from typing import Annotated

import typer

from knk.cli.input import items
from knk.cli.output import wrapped
from knk.text.styles import ProofStyle


def explain(
    puzzle: Annotated[
        str | None, typer.Argument(metavar="PUZZLE|FILE", help="The puzzle itself or a file; a pipe if not given.")
    ] = None,
    style: Annotated[ProofStyle, typer.Option(help="How to tell it; see below.")] = "brief",
    seed: Annotated[int, typer.Option(help="Chooses among wordings.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each puzzle, one a line.")] = False,
) -> None:
    """Say how to find out who is what.

    Reads puzzles as 'knk solve' does, finds a proof as a careful person would, and puts it into prose: brief is
    a textbook's proof, long thinks aloud. The others are for experiments: answer-only gives no reason, shuffled the
    sentences of long out of order, filler as many words without content.

    Exit status: 0 all is well, 2 the input is bad, or a puzzle has no solution or several.

    \b
    knk explain "Ann: Bob is lying. Bob: We are both knaves."
    knk generate --people 4 | knk explain --style long
    """
    import json

    from knk.logic.notation import encode
    from knk.proofs.trace import trace
    from knk.text.explain import explain as told

    for number, item in enumerate(items(puzzle)):
        prose = told(trace(item.puzzle), style, seed)
        if as_json:
            print(json.dumps({"puzzle": encode(item.puzzle), "style": style, "text": prose}, ensure_ascii=False))
        else:
            print(("\n" if number else "") + wrapped(prose))
