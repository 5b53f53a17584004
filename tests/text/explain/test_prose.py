"""`explain` in every style."""

import textwrap
from collections import Counter

import pytest

from knk.datasets.rows import answer_of
from knk.errors import BadPuzzle
from knk.generation.generate import generate
from knk.logic.notation import decode
from knk.proofs.trace import trace
from knk.text.explain import STYLES, explain, sentences
from knk.text.explain.search import MAX_PEOPLE
from tests.support.claim_reader import ClaimReader
from tests.support.proofs import NESTED
from tests.text.explain.samples import SAMPLES

LONG = """\
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

SEARCH = """\
Let me try whole answers one after another, and check each against the statements.

Let me start here: Ann is a knave, Bob is a knave, and Cid is a knight. Ann claims that Bob always lies. Bob is
a knave, so that is true. But Ann is a knave, so it should be false. This doesn't work.

So maybe Ann is a knight, Bob is a knave, and Cid is a knave. What Ann says is true, and Ann is a knight. Good.
Hmm, according to Bob, Cid is a knave. As Bob is a knave, that should be false. But Cid is a knave, so it is
true. No, that is impossible.

Next guess: Ann is a knave, Bob is a knight, and Cid is a knight. What Ann says is false, and Ann is a knave.
Good. Hmm, Bob claims that Cid is a knave. As Bob is a knight, that should be true. But Cid is a knight, so it
is false. No, that is impossible.

Let me try another one: Ann is a knight, Bob is a knight, and Cid is a knave. Ann tells us that Bob is a knave.
Bob is a knight, so that is false. But Ann is a knight, so it should be true. This doesn't work.

Instead, let me say that Ann is a knave, Bob is a knight, and Cid is a knave. Ann tells us that Bob is a knave.
Bob is a knight, so this is false, and Ann is a knave. Good. Bob is a knight, and Bob tells us that Cid is a
knave. Cid is a knave, so it is true. That fits. Cid is a knave, and according to Cid, Ann is a knave and Bob is
a knave. Ann is a knave and Bob is a knight, so it is false. That fits.

Every statement fits, so Ann is a knave, Bob is a knight, and Cid is a knave.

(1) Ann is a knave
(2) Bob is a knight
(3) Cid is a knave"""

BRIEF = """\
Suppose that Ann is a knight. Ann says that Bob is a knave. As Ann is a knight, this is true, so Bob is a knave.
Cid tells us that both Ann and Bob are knaves. Since Ann is a knight, this is false, so Cid is a knave. But Bob
says that Cid is a knave. This is true, because Cid is a knave, although Bob is a knave. That is a
contradiction. Therefore Ann is a knave. Ann claims that Bob is a knave. This is false, because Ann is a knave;
hence Bob is a knight. Bob is a knight, and Bob says that Cid is a knave. So Cid is a knave.

With these roles, what Bob says is true, and what Ann and Cid say is false, as it has to be.

(1) Ann is a knave
(2) Bob is a knight
(3) Cid is a knave"""


def wrapped(text: str) -> str:
    """A text with its paragraphs wrapped, but not the answer."""
    *paragraphs, answer = text.split("\n\n")
    return "\n\n".join([*(textwrap.fill(paragraph, 112) for paragraph in paragraphs), answer])


def test_a_brief_proof() -> None:
    assert wrapped(explain(trace(decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)")), "brief", 1)) == BRIEF


def test_a_long_proof() -> None:
    assert wrapped(explain(trace(decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)")), "long", 2)) == LONG


def test_a_search() -> None:
    assert wrapped(explain(trace(decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)")), "search", 1)) == SEARCH


@pytest.mark.parametrize("style", STYLES)
def test_every_style_ends_with_the_same_answer(style: str) -> None:
    for puzzle in (puzzle for puzzle in SAMPLES[:12] if len(puzzle.names) <= MAX_PEOPLE or style != "search"):
        proof = trace(puzzle)
        text = explain(proof, style, 5)
        assert text == explain(proof, style, 5)
        assert text.split("\n\n")[-1] == answer_of(puzzle, proof.solution)
        assert (len(text.split("\n\n")) > 1) == (style != "answer-only")


def test_wordings_vary_with_the_seed() -> None:
    proof = trace(decode(NESTED))
    assert len({explain(proof, "long", seed) for seed in range(50)}) == 50
    assert len({explain(proof, "brief", seed) for seed in range(50)}) > 40
    assert len({explain(proof, "search", seed) for seed in range(50)}) == 50


def test_shuffled_has_the_sentences_of_long_in_another_order() -> None:
    proof = trace(decode(NESTED))
    for seed in range(5):
        body = explain(proof, "shuffled", seed).split("\n\n")[0]
        texts = [sentence.text for sentence in sentences(proof, "long", seed) if sentence.text]
        assert len(body) == len(" ".join(texts))
        assert Counter(body.split()) == Counter(" ".join(texts).split())
        assert all(text in body for text in texts)
        assert not body.startswith(texts[0] + " " + texts[1])


def test_filler_is_as_long_as_the_long_style_and_claims_nothing() -> None:
    for puzzle in SAMPLES[:20]:
        proof = trace(puzzle)
        for seed in range(3):
            body, _, _ = explain(proof, "filler", seed).rpartition("\n\n")
            long, _, _ = explain(proof, "long", seed).rpartition("\n\n")
            assert len(body.split()) == len(long.split())
            assert not ClaimReader(puzzle).claim_words.search(body)


def test_the_long_style_thinks_aloud() -> None:
    texts = [explain(trace(puzzle), "long", seed) for seed, puzzle in enumerate(SAMPLES[5:45])]
    for phrase in ("But wait", "Hold on", "Let me go back", "Let me check", "double-check", "So far", "Suppose"):
        assert any(phrase in text for text in texts), phrase


def test_proofs_of_fifty_people_are_explained() -> None:
    for puzzle in generate(people=50, n=1, seed=3):
        text = explain(trace(puzzle), "long")
        assert text.endswith(answer_of(puzzle, trace(puzzle).solution))


def test_searches_of_many_people_are_refused() -> None:
    for people, is_refused in ((MAX_PEOPLE, False), (MAX_PEOPLE + 1, True)):
        (puzzle,) = generate(people=people, n=1, seed=3)
        proof = trace(puzzle)
        if is_refused:
            with pytest.raises(BadPuzzle, match="expected at most 6 people for the style 'search', got 7: use 'long'"):
                explain(proof, "search")
        else:
            assert explain(proof, "search").endswith(answer_of(puzzle, proof.solution))


def test_unknown_styles_and_unusable_names_are_refused() -> None:
    with pytest.raises(BadPuzzle, match="unknown proof style 'terse'"):
        explain(trace(decode("Ann 0:K=1(0)".replace("K=1(0)", "|(+0,-0)"))), "terse")
    with pytest.raises(BadPuzzle):
        explain(trace(decode("Ann,And 0:&(-0,-1)")))
    with pytest.raises(BadPuzzle, match="expected one of brief, long, search, got the proof style 'filler'"):
        sentences(trace(decode("Ann,Bob 0:&(-0,-1)")), "filler")
