"""Every claim of an explanation is read back from the text and is true at its point of the proof."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution
from knk.proofs.check import check
from knk.proofs.steps import Contradiction, Follows, Retract, Suppose, Trace
from knk.proofs.trace import trace
from knk.text.explain import Claim, Sentence, sentences, wordings
from knk.text.explain.brief import BriefWriter
from knk.text.explain.long import LongWriter
from tests.support.claim_reader import confirm, read_all
from tests.support.proofs import solvable
from tests.text.explain.samples import SAMPLES


@pytest.mark.parametrize("style", ["brief", "long"])
@pytest.mark.parametrize("puzzle", SAMPLES, ids=range(len(SAMPLES)))
def test_every_claim_is_true_under_the_proof(puzzle: Puzzle, style: str) -> None:
    for seed in range(3):
        confirm(trace(puzzle), sentences(trace(puzzle), style, seed))


@settings(max_examples=60)
@given(solvable(), st.integers(0, 1000))
def test_claims_about_any_statements_are_true(planted: tuple[Puzzle, Solution], seed: int) -> None:
    puzzle, _ = planted
    named = replace(puzzle, names=("Ada", "Boris", "Clara", "Dora", "Enzo")[: len(puzzle.names)])
    for style in ("brief", "long"):
        confirm(trace(named), sentences(trace(named), style, seed))


def supposing_proof() -> Trace:
    """A proof that supposes a role which one statement alone refutes, as `trace` never does."""
    steps = (Suppose(0, True, (Contradiction(0, (0,)),)), Retract(0, False), Follows(0, (0,), 1, True))
    proof = replace(trace(decode("Ann,Bob 0:&(-0,-1)")), steps=steps)
    check(proof)
    return proof


class Recorder(BriefWriter):
    """A writer that notes the templates it fills; it comes first in a class that has another writer."""

    used: ClassVar[set[str]] = set()

    def fill(self, template: str, slots: Mapping[str, Claim]) -> tuple[str | Claim, ...]:
        self.used.add(template)
        return super().fill(template, slots)


class LongRecorder(Recorder, LongWriter):
    """A recorder of the long style."""


def test_every_wording_is_written_and_read() -> None:
    used = Recorder.used
    for seed in range(12):
        for proof in (supposing_proof(), *map(trace, SAMPLES)):
            for writer in (Recorder(proof, seed), LongRecorder(proof, seed)):
                writer.write()
                confirm(proof, writer.sentences)
    tables = [table for name, table in vars(wordings).items() if name.isupper()]
    options: list[Iterable[str]] = [*(t for t in tables if isinstance(t, tuple))]
    options += [option for table in tables if isinstance(table, dict) for option in table.values()]
    unused = {wording for option in options for wording in option} - used
    assert unused == {*wordings.SAYS, *wordings.SAYS_OF_ONESELF, *wordings.FILLER}


@pytest.mark.parametrize("wrong", ["role", "truth", "order"])
def test_the_reader_rejects_false_claims(wrong: str) -> None:
    proof = trace(SAMPLES[2])
    pieces = sentences(proof, "brief", 0)
    if wrong == "order":
        pieces.reverse()
    for at, sentence in enumerate(pieces if wrong != "order" else []):
        for place, piece in enumerate(sentence.pieces):
            if isinstance(piece, Claim) and piece.kind == ("follows" if wrong == "role" else "by role"):
                other = piece.text.replace("knight", "k-").replace("knave", "knight").replace("k-", "knave")
                other = {"true": "false", "false": "true"}.get(piece.text, other)
                changed = (*sentence.pieces[:place], piece._replace(text=other), *sentence.pieces[place + 1 :])
                pieces[at] = Sentence(changed)
    with pytest.raises((AssertionError, KeyError)):
        read_all(proof.puzzle, pieces)
