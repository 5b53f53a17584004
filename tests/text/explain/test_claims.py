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
from knk.proofs.search import Check, Try, search
from knk.proofs.steps import Contradiction, Follows, Retract, Suppose, Trace
from knk.proofs.trace import trace
from knk.text.explain import Claim, Sentence, sentences, wordings
from knk.text.explain.brief import BriefWriter
from knk.text.explain.long import LongWriter
from knk.text.explain.search import MAX_PEOPLE, SearchWriter
from knk.text.explain.writer import Writer
from tests.support.claim_reader import ClaimReader, confirm, read_all
from tests.support.proofs import solvable
from tests.text.explain.samples import SAMPLES

SMALL = [puzzle for puzzle in SAMPLES if len(puzzle.names) <= MAX_PEOPLE]


@pytest.mark.parametrize("style", ["brief", "long"])
@pytest.mark.parametrize("puzzle", SAMPLES, ids=range(len(SAMPLES)))
def test_every_claim_is_true_under_the_proof(puzzle: Puzzle, style: str) -> None:
    for seed in range(3):
        confirm(trace(puzzle), sentences(trace(puzzle), style, seed))


def read_search(puzzle: Puzzle, pieces: Iterable[Sentence]) -> tuple[Try, ...]:
    """The tries and checks of a search, read back from its claims."""
    tries: list[Try] = []
    reader = ClaimReader(puzzle)
    for sentence in pieces:
        for claim in (piece for piece in sentence.pieces if isinstance(piece, Claim)):
            if claim.kind == "tried":
                roles = reader.roles(claim.text)
                tries.append(Try(tuple(roles[person] for person in range(len(puzzle.names))), ()))
            elif claim.kind == "by value":
                is_true = reader.truth(claim.text)
                holds = is_true is tries[-1].roles[puzzle.statements[claim.utterance].speaker]
                tries[-1] = replace(tries[-1], checks=(*tries[-1].checks, Check(claim.utterance, is_true, holds)))
    return tuple(tries)


@pytest.mark.parametrize("puzzle", SMALL, ids=range(len(SMALL)))
def test_a_search_is_told_whole_and_every_claim_of_it_is_true(puzzle: Puzzle) -> None:
    proof = trace(puzzle)
    for seed in range(3):
        pieces = sentences(proof, "search", seed)
        confirm(proof, pieces)
        assert read_search(puzzle, pieces) == search(puzzle, seed=seed).tries


def test_each_check_of_a_search_quotes_the_statement_or_names_its_only_speaker() -> None:
    for seed, puzzle in enumerate(SMALL):
        quoted: set[int] = set()
        speakers = [speaker for speaker, _ in puzzle.statements]
        for sentence in sentences(trace(puzzle), "search", seed):
            claims = {piece.kind: piece for piece in sentence.pieces if isinstance(piece, Claim)}
            if "quoted" in claims:
                assert claims["quoted"].utterance == claims["by value"].utterance
                quoted.add(claims["quoted"].utterance)
            elif "by value" in claims:
                speaker = speakers[claims["by value"].utterance]
                assert claims["name"].text == puzzle.names[speaker]
                assert speakers.count(speaker) == 1
                assert claims["by value"].utterance in quoted


@settings(max_examples=60)
@given(solvable(), st.integers(0, 1000))
def test_claims_about_any_statements_are_true(planted: tuple[Puzzle, Solution], seed: int) -> None:
    puzzle, _ = planted
    named = replace(puzzle, names=("Ada", "Boris", "Clara", "Dora", "Enzo")[: len(puzzle.names)])
    for style in ("brief", "long", "search"):
        confirm(trace(named), sentences(trace(named), style, seed))


def supposing_proof() -> Trace:
    """A proof that supposes a role which one statement alone refutes, as `trace` never does."""
    steps = (Suppose(0, True, (Contradiction(0, (0,)),)), Retract(0, False), Follows(0, (0,), 1, True))
    proof = replace(trace(decode("Ann,Bob 0:&(-0,-1)")), steps=steps)
    check(proof)
    return proof


class Recorder(Writer):
    """A writer that notes the templates it fills; it comes first in a class that has another writer."""

    used: ClassVar[set[str]] = set()

    def fill(self, template: str, slots: Mapping[str, Claim]) -> tuple[str | Claim, ...]:
        self.used.add(template)
        return super().fill(template, slots)


class BriefRecorder(Recorder, BriefWriter):
    """A recorder of the brief style."""


class LongRecorder(Recorder, LongWriter):
    """A recorder of the long style."""


class SearchRecorder(Recorder, SearchWriter):
    """A recorder of searches."""


def test_every_wording_is_written_and_read() -> None:
    used = Recorder.used
    for seed in range(12):
        for proof in (supposing_proof(), *map(trace, SAMPLES)):
            writers: list[Writer] = [BriefRecorder(proof, seed), LongRecorder(proof, seed)]
            if len(proof.puzzle.names) <= MAX_PEOPLE:
                writers.append(SearchRecorder(proof, seed))
            for writer in writers:
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


@pytest.mark.parametrize("wrong", ["role", "truth", "skipped check", "tried twice"])
def test_the_reader_rejects_false_claims_of_a_search(wrong: str) -> None:
    puzzle = decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)")
    pieces = sentences(trace(puzzle), "search", 1)
    read_all(puzzle, pieces)
    opened = [at for at, sentence in enumerate(pieces) if sentence.opens]
    if wrong == "skipped check":
        del pieces[opened[1] - 1]  # The contradiction of the first try.
    elif wrong == "tried twice":
        pieces[opened[1] : opened[1]] = pieces[opened[0] : opened[1]]
    else:
        for at, sentence in enumerate(pieces):
            for place, piece in enumerate(sentence.pieces):
                if isinstance(piece, Claim) and piece.kind == ("tried" if wrong == "role" else "by value"):
                    other = {"true": "false", "false": "true"}.get(piece.text, piece.text.replace("knight", "knave"))
                    changed = (*sentence.pieces[:place], piece._replace(text=other), *sentence.pieces[place + 1 :])
                    pieces[at] = Sentence(changed)
    with pytest.raises(AssertionError):
        read_all(puzzle, pieces)
