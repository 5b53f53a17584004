"""The styles of puzzles, proofs and prompts, by name; commands import them without the code that writes them."""

from __future__ import annotations

from typing import Final, Literal, get_args

Style = Literal["varied", "classic", "dialogue"]
ProofStyle = Literal["brief", "long", "search", "answer-only", "shuffled", "filler"]
PromptStyle = Literal["paper", "chat"]

STYLES: Final[tuple[Style, ...]] = get_args(Style)
"""The styles of a puzzle: "varied" is the library's own, "classic" the form of the public data."""
PROOF_STYLES: Final[tuple[ProofStyle, ...]] = get_args(ProofStyle)
"""The styles of a proof: three kinds of explanation, and three controls for experiments."""
PROMPT_STYLES: Final[tuple[PromptStyle, ...]] = get_args(PromptStyle)
"""The styles of a prompt: "paper" is plain text for base models, "chat" messages for chat models."""
