"""Marks: as many as there are styles."""

from knk.report.marks import COLOURS, STYLES, colour, mark


def test_every_style_has_a_mark_of_its_own() -> None:
    assert len({mark(style, 0, 0) for style in range(STYLES)}) == STYLES


def test_arms_of_different_colours_differ_in_shape_as_well() -> None:
    shapes = {mark(style, 0, 0).replace(colour(style), "") for style in range(COLOURS)}
    assert len(shapes) == len({colour(style) for style in range(COLOURS)}) == COLOURS
