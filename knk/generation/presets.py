"""The names of the presets of `knk.generation.spec`; a command imports them without numpy."""

from __future__ import annotations

from typing import Final, Literal, get_args

Preset = Literal["classic", "rich"]

PRESET_NAMES: Final[tuple[Preset, ...]] = get_args(Preset)
"""`classic` has the statements of the public datasets; `rich` has every kind of statement."""
