"""Shared options: the choices are those of the library."""

from typing import get_args

import knk


def test_choices_match_the_library() -> None:
    from knk.cli.corpus.export import Format as ExportFormat
    from knk.cli.corpus.sft import Keep
    from knk.cli.generate import FORMATS, Format
    from knk.cli.options import Dialect, Split
    from knk.cli.teach import Preset as TeachPreset
    from knk.generation.presets import PRESET_NAMES
    from knk.inference.sampling import PRESETS
    from knk.inference.server import DIALECTS
    from knk.tasks.source import SPLITS
    from knk.teacher.export import EXPORT_FORMATS
    from knk.teacher.sft.policy import Keep as LibraryKeep

    assert tuple(knk.PRESETS) == PRESET_NAMES
    assert get_args(TeachPreset) == tuple(PRESETS)
    assert get_args(Format) == tuple(FORMATS)
    assert get_args(ExportFormat) == EXPORT_FORMATS
    assert get_args(Keep) == get_args(LibraryKeep)
    assert get_args(Dialect) == DIALECTS
    assert get_args(Split) == SPLITS
