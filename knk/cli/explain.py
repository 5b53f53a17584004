"""`knk explain`: the proof of a puzzle's solution, in English."""

from __future__ import annotations

from typing import Annotated

import typer

from knk.cli.input import read_puzzles
from knk.cli.options import JsonLines, PuzzleSource
from knk.cli.output import print_json, wrap
from knk.text.styles import ProofStyle


def explain(
    puzzle: PuzzleSource = None,
    style: Annotated[ProofStyle, typer.Option(help="Style of the proof; see above.")] = "brief",
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed; varies words and the order of a search.")] = 0,
    as_json: JsonLines = False,
) -> None:
    """Explain the solution step by step.

    Reads puzzles as 'knk solve' does, finds a proof as a careful person would, and writes it in English.

    Styles: 'brief' is a textbook proof, 'long' thinks aloud, and 'search' tries whole answers until one fits (up to
    6 people). The others are for experiments: 'answer-only' gives no reasons, 'shuffled' has the sentences of 'long' in
    random order, and 'filler' as many words without content.

    Exit status: 0 success, 2 the input is bad, or a puzzle has no solution or several.

    \b
    knk explain "Ann: Bob is lying. Bob: We are both knaves."
    knk generate --people 4 | knk explain --style long
    """
    from knk.logic.notation import encode
    from knk.proofs.trace import trace
    from knk.text.explain import explain as write_proof

    for number, item in enumerate(read_puzzles(puzzle)):
        text = write_proof(trace(item.puzzle), style, seed)
        if as_json:
            print_json({"puzzle": encode(item.puzzle), "style": style, "text": text})
        else:
            print(("\n" if number else "") + wrap(text))
