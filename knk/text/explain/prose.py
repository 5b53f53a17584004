"""A proof as a text in any style: `explain`, and its sentences in pieces: `sentences`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from knk.errors import BadPuzzle
from knk.logic.choice import Choice
from knk.proofs.steps import Trace
from knk.text.explain import wordings
from knk.text.explain.brief import BriefWriter
from knk.text.explain.claims import Sentence
from knk.text.explain.long import LongWriter
from knk.text.explain.search import SearchWriter
from knk.text.explain.writer import Writer
from knk.text.names import check_names
from knk.text.styles import PROOF_STYLES
from knk.text.vocabulary import with_article

_WRITERS: Final[dict[str, type[Writer]]] = {"brief": BriefWriter, "long": LongWriter, "search": SearchWriter}
_FILLER: Final = sorted((len(text.split()), text) for text in wordings.FILLER)


def explain(trace: Trace, style: str = "brief", seed: int = 0) -> str:
    """Return a proof in English, ending with the answer, one numbered line a person.

    Args:
        trace: the proof, one that `check` passes.
        style: one of `knk.text.styles.PROOF_STYLES`. "brief" is a proof as in a textbook; "long" thinks aloud, tries,
            checks and goes back; "search" tries whole answers until one fits; "answer-only" gives the answer alone;
            "shuffled" has the sentences of "long" out of order; "filler" has as many words as "long", and says nothing
            with them.
        seed: chooses among wordings, and for "search" the order of the answers; the same seed gives the same text, on
            every machine.

    Raises:
        BadPuzzle: the style is unknown; a name or role word could not be told from the other words of a text; or there
            are too many people for "search".

    >>> from knk.logic.notation import decode
    >>> from knk.proofs.trace import trace
    >>> print(explain(trace(decode("Ann,Bob 0:-1 1:&(-0,-1)")), seed=4))
    Bob tells us, "Ann is a knave and I am a knave". If Bob were a knight, this would be false, but a knight never says
    anything false. So Bob is a knave. That makes the statement false, and Ann is a knight.
    <BLANKLINE>
    With these roles, what Ann says is true, and what Bob says is false, as it has to be.
    <BLANKLINE>
    (1) Ann is a knight
    (2) Bob is a knave
    """
    if style not in PROOF_STYLES:
        raise BadPuzzle(f"unknown proof style {style!r}: expected one of {', '.join(PROOF_STYLES)}")
    answer = _answer(trace)
    if style == "answer-only":
        return answer
    pieces = sentences(trace, style if style in _WRITERS else "long", seed)
    if style == "shuffled":
        pieces = [sentence._replace(opens=False) for sentence in Choice(seed).shuffled(pieces)]
    body = _joined(pieces)
    if style == "filler":
        body = _filler(len(body.split()), Choice(seed))
    return f"{body}\n\n{answer}"


def sentences(trace: Trace, style: str = "brief", seed: int = 0) -> list[Sentence]:
    """Return the sentences of an explanation, in pieces, without the answer at its end.

    Args:
        trace: the proof.
        style: "brief", "long" or "search".
        seed: chooses among wordings.

    Raises:
        BadPuzzle: the style is another; a name or role word could not be told from the other words of a text; or there
            are too many people for "search".

    >>> from knk.logic.notation import decode
    >>> from knk.proofs.trace import trace
    >>> first = sentences(trace(decode("Ann,Bob 0:&(-0,-1)")))[0]
    >>> [piece.kind for piece in first.pieces if not isinstance(piece, str)]
    ['quoted', 'by value', 'by value', 'law', 'follows']
    """
    if style not in _WRITERS:
        raise BadPuzzle(f"expected one of {', '.join(_WRITERS)}, got the proof style {style!r}")
    check_names(trace.puzzle.names, trace.puzzle.roles)
    writer = _WRITERS[style](trace, seed)
    writer.write()
    return writer.sentences


def _answer(trace: Trace) -> str:
    knight_word, knave_word = map(with_article, trace.puzzle.roles)
    named = enumerate(zip(trace.puzzle.names, trace.solution, strict=True), 1)
    return "\n".join([f"({n}) {name} is {knight_word if knight else knave_word}" for n, (name, knight) in named])


def _joined(pieces: Iterable[Sentence]) -> str:
    words: list[str] = []
    for sentence in pieces:
        if words:
            words.append("\n\n" if sentence.opens else " ")
        words.append(sentence.text)
    return "".join(words)


def _filler(words: int, choice: Choice) -> str:
    """Return so many words of sentences without content."""
    chosen: list[str] = []
    while words:
        fitting = _FILLER if words > _FILLER[-1][0] else [entry for entry in _FILLER if entry[0] <= words]
        size, sentence = choice.pick(fitting)
        chosen.append(sentence)
        words -= size
    return " ".join(chosen)
