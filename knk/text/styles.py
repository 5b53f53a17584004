"""The styles that puzzles and proofs are written in, by name; a command imports them without the writers."""

from __future__ import annotations

from typing import Final, Literal, get_args

Style = Literal["varied", "classic", "dialogue"]
ProofStyle = Literal["brief", "long", "answer-only", "shuffled", "filler"]

STYLES: Final[tuple[Style, ...]] = get_args(Style)
"""The styles of a puzzle: "varied" is the library's own, "classic" the form of the public data."""
PROOF_STYLES: Final[tuple[ProofStyle, ...]] = get_args(ProofStyle)
"""The styles of a proof: two kinds of explanation, and three controls for experiments."""
