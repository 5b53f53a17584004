"""What all writers of proofs share: a wording is chosen, its slots are filled with claims, and it is a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from knk.logic.choice import Choice
from knk.proofs.steps import Trace
from knk.text.explain.builder import ClaimBuilder
from knk.text.explain.claims import Claim, Sentence
from knk.text.explain.wordings import Wordings
from knk.text.vocabulary import capitalised

Slots = dict[str, Claim]
"""The claims that fill a wording's slots, by slot."""
_SLOT: Final = re.compile(r"\{(\w+)\}")


class Writer:
    """Writes a proof in one style.

    Args:
        trace: the proof.
        seed: chooses among wordings.
    """

    def __init__(self, trace: Trace, seed: int) -> None:
        self.trace = trace
        self.puzzle = trace.puzzle
        self.choice = Choice(seed)
        self.claims = ClaimBuilder(trace.puzzle, self.choice)
        self.sentences: list[Sentence] = []
        self.opens = False  # Whether the next sentence begins a paragraph.

    def write(self) -> None:
        """Write the whole proof into `sentences`."""
        raise NotImplementedError

    def write_sentence(self, options: Wordings, slots: Mapping[str, Claim], opens: bool = False) -> None:
        """Write one of the wordings, its slots filled; `opens` begins a paragraph."""
        pieces = self.fill(self.choice.pick(options), slots)
        self.sentences.append(Sentence(pieces, opens or self.opens))
        self.opens = False

    def fill(self, template: str, slots: Mapping[str, Claim]) -> tuple[str | Claim, ...]:
        """Return a template's words and claims in order."""
        pieces: list[str | Claim] = []
        for index, piece in enumerate(_split_template(template)):
            if not index % 2:
                if piece:
                    pieces.append(piece)
            elif piece[0].isupper():
                claim = slots[piece.lower()]
                pieces.append(claim._replace(text=capitalised(claim.text)))
            else:
                pieces.append(slots[piece])
        return tuple(pieces)


@lru_cache(maxsize=4096)
def _split_template(template: str) -> tuple[str, ...]:
    """Return a template's connecting words and slots, in turn."""
    return tuple(_SLOT.split(template))
