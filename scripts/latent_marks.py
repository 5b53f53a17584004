"""Measure the errors of `knk.evals.latent`: on the library's proofs in each style, and on labelled chains of thought.

python scripts/latent_marks.py                  # the library's proofs
python scripts/latent_marks.py examples.jsonl   # and chains whose steps have labels

A labelled chain has a "text" and its "steps", each with what is supposed there ("assuming", such as ["+Ann"]), its
"claims" ("-Bob", or "contradiction"), and "retracted" where the text takes the step back.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from knk.datasets.files import read
from knk.evals.latent import search_of
from knk.generation.generate import generate
from knk.proofs.trace import trace
from knk.tables import format_table
from knk.text.explain import STYLES, explain
from knk.text.explain.search import MAX_PEOPLE

SIZES = (3, 5, 7)
PUZZLES = 30


def labels(steps: Sequence[Mapping[str, Any]]) -> tuple[bool, bool]:
    """Return whether a chain rejects, and whether it tries again: supposes something else, or says the opposite."""
    rejected: list[frozenset[str]] = []
    tries_again = False
    for step in steps:
        supposed, retracted = frozenset(step["assuming"]), bool(step.get("retracted"))
        opposites = {f"{'-' if claim[0] == '+' else '+'}{claim[1:]}" for claim in step["claims"]}
        for earlier in rejected:
            is_other = bool(supposed) and not supposed <= earlier and not earlier < supposed
            tries_again |= is_other or bool(opposites & earlier) or (not earlier and not retracted)
        if retracted or "contradiction" in step["claims"]:
            rejected.append(frozenset() if retracted else supposed)
    return bool(rejected), tries_again


def errors(name: str, pairs: Sequence[tuple[bool, bool]]) -> list[str]:
    """Return a row of a table: how many chains have the label, have the marks, and have both."""
    labelled, marked = (sum(values) for values in zip(*pairs, strict=True))
    both = sum(label and mark for label, mark in pairs)
    return [name, f"{labelled} of {len(pairs)}", str(marked), f"{both}/{marked}", f"{both}/{labelled}"]


def styles() -> list[list[str]]:
    """Return a row for each style of proof: shares that reject and that try again, and tries."""
    proofs = [trace(puzzle) for size in SIZES for puzzle in generate(people=size, n=PUZZLES, seed=1)]
    rows = [["proofs", "reject", "try again", "tries"]]
    for style in STYLES:
        fitting = [proof for proof in proofs if style != "search" or len(proof.puzzle.names) <= MAX_PEOPLE]
        searches = [search_of(explain(proof, style)) for proof in fitting]
        shares = (fmean(search.rejects for search in searches), fmean(search.tries_again for search in searches))
        rows.append([style, *(f"{100 * share:.0f}%" for share in shares), f"{fmean(s.tries for s in searches):.1f}"])
    return rows


def main(paths: Sequence[str]) -> None:
    """Print the tables."""
    print(format_table(styles()))
    for path in paths:
        rows = list(read(path))
        found = [(labels(row["steps"]), search_of(row["text"])) for row in rows]
        table = [["chains", "labelled", "counted", "precision", "recall"]]
        table.append(errors("reject", [(label[0], search.rejects) for label, search in found]))
        table.append(errors("try again", [(label[1], search.tries_again) for label, search in found]))
        print(f"\n{format_table(table)}")


if __name__ == "__main__":
    main(sys.argv[1:])
