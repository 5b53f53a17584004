"""Explanations: every claim is read back from the text and tried against the proof as far as it has come."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knk.datasets.rows import answer_of
from knk.errors import BadPuzzle
from knk.generation.generate import generate
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution
from knk.logic.statements import Knave, Knight, Statement
from knk.proofs.check import check
from knk.proofs.steps import Contradiction, Follows, Retract, Suppose, Trace
from knk.proofs.trace import trace
from knk.text.explain import STYLES, Claim, Sentence, explain, sentences
from knk.text.explain import wordings as explain_wordings
from knk.text.explain.brief import BriefWriter
from knk.text.explain.long import LongWriter
from knk.text.parse import read_statement
from knk.text.vocabulary import plural
from tests.proofs.test_trace import NESTED, WIDE, solvable

SAMPLES = [
    *(decode(line) for line in ("Ann,Bob 0:&(-0,-1)", "Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)", NESTED)),
    # What is true whoever is what.
    decode("Ann,Bob 0:|(+1,-1) 0:-1"),
    # One who says several things, one who says nothing, role words the other way round.
    decode("Ann,Bob,Cid knave/knight 0:-1 0:S(0,2) 1:&(-0,-2) 1:+1"),
    decode(WIDE + "2:+0 3:+1 4:-3 5:+4 6:+5 7:-6 8:-7 9:+7"),
    # Two roles that follow from one statement, the second with the help of the first.
    decode("Ann,Bob,Cid,Dan 0:&(+0,+2) 1:~>(+0,-3) 3:~&(-0,K=1(0,1,2,3)) 0:=(-3,+0)"),
    *generate(people=(2, 6), n=40, seed=21),
    *generate(preset="rich", people=(2, 6), n=60, seed=22, statements=(0, 2)),
]
Known = dict[int, bool]


class Reader:
    """Reads an explanation sentence by sentence and keeps what it may rely on: the roles found and supposed so far."""

    def __init__(self, puzzle: Puzzle) -> None:
        self.puzzle = puzzle
        self.names = puzzle.names
        self.known: Known = {}
        self.before: list[tuple[int, bool, Known]] = []
        self.broken = False
        words = [*self.names, *puzzle.roles, *map(plural, puzzle.roles), "true", "false"]
        self.claiming = re.compile(rf"\b({'|'.join(map(re.escape, words))})\b", re.IGNORECASE)

    def read(self, sentence: Sentence) -> None:
        """Read a sentence and confirm all it claims."""
        for piece in sentence.pieces:
            if isinstance(piece, str):
                assert not self.claiming.search(piece), f"{piece!r} claims something"
            else:
                getattr(self, f"read_{piece.kind}".replace(" ", "_"))(piece)
                self.broken = self.broken or self.breaks(piece)

    def breaks(self, claim: Claim) -> bool:
        """Whether what is known makes a statement what it cannot be from its speaker."""
        if claim.extra or claim.roles or claim.kind not in ("by value", "paradox"):
            return False
        return (
            claim.kind == "paradox"
            or self.known.get(self.puzzle.statements[claim.utterance].speaker) is not claim.value
        )

    # Reading.

    def statement(self, text: str, speaker: int | None = None) -> Statement:
        """The statement of a clause, with what must be taken as what is."""
        plain = re.sub(r"\bmust (both|all) be\b", r"are \1", re.sub(r"\bmust be\b|\bwere\b", "is", text))
        return read_statement(plain, self.names, self.puzzle.roles, speaker)

    def roles(self, text: str) -> Known:
        """The roles that a clause gives."""

        def atoms(statement: Statement) -> Iterator[Statement]:
            for part in statement.parts:
                yield from atoms(part)
            if not statement.parts:
                yield statement

        found: Known = {}
        for atom in atoms(self.statement(text)):
            assert isinstance(atom, Knight | Knave), text
            found[atom.person] = isinstance(atom, Knight)
        return found

    def truth(self, text: str) -> bool:
        """The truth value that a word names."""
        assert text in ("true", "false"), text
        return text == "true"

    def all_roles(self, known: Known) -> list[Solution]:
        """All assignments with these roles."""
        return list(product(*([known[p]] if p in known else [False, True] for p in range(len(self.names)))))

    def always(self, statement: Statement, known: Known, value: bool) -> bool:
        """Whether these roles alone give a statement this value."""
        return {bool(statement.value(roles, True)) for roles in self.all_roles(known)} == {value}

    # One method for each kind of claim.

    def read_quoted(self, claim: Claim) -> None:
        speaker, content = self.puzzle.statements[claim.utterance]
        name = re.escape(self.names[speaker])
        found = re.fullmatch(rf"(?:{name} (?:says|claims|tells us) that|[Aa]ccording to {name},) (.*)", claim.text)
        direct = re.fullmatch(rf'{name} (?:says|claims|tells us), "(.*)"', claim.text)
        assert (found is None) != (direct is None), claim.text
        assert self.statement((found or direct)[1], speaker if direct else None) == content  # type: ignore[index]

    def read_known(self, claim: Claim) -> None:
        found = self.roles(claim.text)
        assert found == dict(claim.roles)
        assert found.items() <= self.known.items(), claim.text

    def read_open(self, claim: Claim) -> None:
        names = re.split(r", and |, | and ", claim.text)
        assert names == [name for p, name in enumerate(self.names) if p not in self.known]

    def read_name(self, claim: Claim) -> None:
        assert claim.text in self.names

    def read_follows(self, claim: Claim) -> None:
        found = self.roles(claim.text)
        speaker, content = self.puzzle.statements[claim.utterance]
        left = [roles for roles in self.all_roles(self.known) if roles[speaker] == bool(content.value(roles, True))]
        assert left, "nothing fits any more, so that nothing follows"
        assert all(roles[p] == knight for roles in left for p, knight in found.items()), claim.text
        self.known.update(found)

    def read_supposed(self, claim: Claim) -> None:
        ((person, knight),) = self.roles(claim.text).items()
        assert person not in self.known
        self.before.append((person, knight, dict(self.known)))
        self.known[person] = knight
        self.broken = False

    def read_retracted(self, claim: Claim) -> None:
        assert self.broken, "no contradiction was shown"
        person, knight, self.known = self.before.pop()
        assert self.roles(claim.text) == {person: not knight}
        self.known[person] = not knight
        self.broken = False

    def read_abandoned(self, claim: Claim) -> None:
        assert claim.text == ""
        _, _, self.known = self.before.pop()

    def read_by_role(self, claim: Claim) -> None:
        if claim.utterance < 0:
            self.read_verdicts(claim.text)
            return
        speaker, content = self.puzzle.statements[claim.utterance]
        if claim.statement is content:
            assert self.truth(claim.text) is claim.value is self.known[speaker]
        else:
            assert not self.known[speaker]
            people = len(self.names)
            assert self.statement(claim.text).table(people) ^ content.table(people) == (1 << (1 << people)) - 1

    def read_verdicts(self, text: str) -> None:
        found: Known = {}
        for names, word in re.findall(r"what (.+?) says? is (true|false)", text):
            found |= {self.names.index(name): word == "true" for name in re.split(r", and |, | and ", names)}
        assert found == {speaker: self.known[speaker] for speaker, _ in self.puzzle.statements}
        assert all(self.always(content, self.known, found[speaker]) for speaker, content in self.puzzle.statements)

    def read_by_value(self, claim: Claim) -> None:
        if claim.roles:
            assert self.roles(claim.text) == dict(claim.roles) == dict(claim.extra)
            return
        content = self.puzzle.statements[claim.utterance].statement
        assert self.always(content, self.known | dict(claim.extra), self.truth(claim.text)), claim

    def read_law(self, claim: Claim) -> None:
        found = re.fullmatch(r"an? (.+) never says anything (true|false)", claim.text)
        assert found
        assert self.puzzle.roles.index(found[1]) == (0 if found[2] == "false" else 1)

    def read_paradox(self, claim: Claim) -> None:
        speaker, content = self.puzzle.statements[claim.utterance]
        found = re.fullmatch(r"this would be false if (.+) and true if (.+)", claim.text)
        assert found
        assert (self.roles(found[1]), self.roles(found[2])) == ({speaker: True}, {speaker: False})
        for knight in (True, False):
            assert speaker not in self.known
            assert self.always(content, self.known | dict(claim.extra) | {speaker: knight}, not knight)


def read_all(puzzle: Puzzle, pieces: Iterable[Sentence]) -> Reader:
    """Read sentences and confirm each."""
    reader = Reader(puzzle)
    for sentence in pieces:
        reader.read(sentence)
    return reader


def confirm(proof: Trace, pieces: Iterable[Sentence]) -> None:
    """Read an explanation and confirm that it is true throughout, and complete."""
    reader = read_all(proof.puzzle, pieces)
    assert not reader.before
    assert reader.known == dict(enumerate(proof.solution))


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


def by_hand() -> Trace:
    """A proof that supposes what one statement alone refutes, as `trace` never does."""
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
        for proof in (by_hand(), *map(trace, SAMPLES)):
            for writer in (Recorder(proof, seed), LongRecorder(proof, seed)):
                writer.write()
                confirm(proof, writer.sentences)
    tables = [table for name, table in vars(explain_wordings).items() if name.isupper()]
    options: list[Iterable[str]] = [*(t for t in tables if isinstance(t, tuple))]
    options += [option for table in tables if isinstance(table, dict) for option in table.values()]
    unused = {wording for option in options for wording in option} - used
    assert unused == {*explain_wordings.SAYS, *explain_wordings.SAYS_OF_ONESELF, *explain_wordings.FILLER}


@pytest.mark.parametrize("wrong", ["role", "truth", "order"])
def test_the_reader_finds_false_claims(wrong: str) -> None:
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


# What the styles are.

ALOUD = """\
First, let me go over what everybody says.

Ann claims that Bob is a knave. Bob says that Cid always lies. Cid claims that both Ann and Bob are knaves.

Before I assume anything, let me see what follows directly. Nothing follows directly from any one statement. I
need to assume something and look for a contradiction.

Suppose Ann is a knight. Next, according to Ann, Bob is a knave. This has to be true, because Ann is a knight.
So Bob is a knave. Now, according to Cid, both Ann and Bob are knaves. Is that so? Well, Ann is a knight. So it
is false, and Cid must be a knave. Hmm, does this fit with Bob? Bob tells us that Cid is a knave. Given that Cid
is a knave, this is true, while Bob is a knave. No, that is impossible. Okay, going back to before I assumed
that. This shows that Ann is a knave.

Next, Ann tells us that Bob is a knave. This has to be false, because Ann is a knave. So Bob is a knight. Bob is
a knight, and Bob tells us that Cid is a knave. So that is true, and Cid must be a knave. Let me double-check
that. If Cid were a knight, that statement would be false, but Bob is a knight, so it can't be. Right, Cid is a
knave.

That settles everybody: Ann is a knave, Bob is a knight, and Cid is a knave. Before I answer, let me go through
the statements again. Ann says that Bob is a knave. Bob is a knight. So this is false, and Ann is a knave. Good.
Bob tells us that Cid is a knave. Cid is a knave. So this is true, and Bob is a knight. Good. Cid says that Ann
is a knave and Bob is a knave. Here Ann is a knave and Bob is a knight. That makes it false, as it should be,
because Cid is a knave. All the statements fit, so I'm confident in this.

(1) Ann is a knave
(2) Bob is a knight
(3) Cid is a knave"""

TEXTBOOK = """\
Suppose that Ann is a knight. Ann says that Bob is a knave. As Ann is a knight, this is true, so Bob is a knave.
Cid tells us that both Ann and Bob are knaves. Since Ann is a knight, this is false, so Cid is a knave. But Bob
says that Cid is a knave. This is true, because Cid is a knave, although Bob is a knave. That is a
contradiction. Therefore Ann is a knave. Ann claims that Bob is a knave. This is false, because Ann is a knave;
hence Bob is a knight. Bob is a knight, and Bob says that Cid is a knave. So Cid is a knave.

With these roles, what Bob says is true, and what Ann and Cid say is false, as it has to be.

(1) Ann is a knave
(2) Bob is a knight
(3) Cid is a knave"""


def in_lines(text: str) -> str:
    """A text with its lines broken, the answer's left alone."""
    *paragraphs, answer = text.split("\n\n")
    return "\n\n".join([*(textwrap.fill(paragraph, 112) for paragraph in paragraphs), answer])


def test_a_textbook_proof() -> None:
    assert in_lines(explain(trace(decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)")), "brief", 1)) == TEXTBOOK


def test_thinking_aloud() -> None:
    assert in_lines(explain(trace(decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)")), "long", 2)) == ALOUD


@pytest.mark.parametrize("style", STYLES)
def test_every_style_ends_with_the_same_answer(style: str) -> None:
    for puzzle in SAMPLES[:12]:
        proof = trace(puzzle)
        text = explain(proof, style, 5)
        assert text == explain(proof, style, 5)
        assert text.split("\n\n")[-1] == answer_of(puzzle, proof.solution)
        assert (len(text.split("\n\n")) > 1) == (style != "answer-only")


def test_wordings_vary_with_the_seed() -> None:
    proof = trace(decode(NESTED))
    assert len({explain(proof, "long", seed) for seed in range(50)}) == 50
    assert len({explain(proof, "brief", seed) for seed in range(50)}) > 40


def test_shuffled_has_the_sentences_of_long_in_another_order() -> None:
    proof = trace(decode(NESTED))
    for seed in range(5):
        body = explain(proof, "shuffled", seed).split("\n\n")[0]
        texts = [sentence.text for sentence in sentences(proof, "long", seed) if sentence.text]
        assert len(body) == len(" ".join(texts))
        assert Counter(body.split()) == Counter(" ".join(texts).split())
        assert all(text in body for text in texts)
        assert not body.startswith(texts[0] + " " + texts[1])


def test_filler_is_as_long_as_long_and_says_nothing() -> None:
    for puzzle in SAMPLES[:20]:
        proof = trace(puzzle)
        for seed in range(3):
            body, _, _ = explain(proof, "filler", seed).rpartition("\n\n")
            long, _, _ = explain(proof, "long", seed).rpartition("\n\n")
            assert len(body.split()) == len(long.split())
            assert not Reader(puzzle).claiming.search(body)


def test_the_long_style_thinks_aloud() -> None:
    texts = [explain(trace(puzzle), "long", seed) for seed, puzzle in enumerate(SAMPLES[5:45])]
    for move in ("But wait", "Hold on", "Let me go back", "Let me check", "double-check", "So far", "Suppose"):
        assert any(move in text for text in texts), move


def test_fifty_people_are_explained() -> None:
    for puzzle in generate(people=50, n=1, seed=3):
        text = explain(trace(puzzle), "long")
        assert text.endswith(answer_of(puzzle, trace(puzzle).solution))


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(BadPuzzle, match="unknown proof style 'terse'"):
        explain(trace(decode("Ann 0:K=1(0)".replace("K=1(0)", "|(+0,-0)"))), "terse")
    with pytest.raises(BadPuzzle):
        explain(trace(decode("Ann,And 0:&(-0,-1)")))
