"""Escaped text."""

from knk.report.html import MAX_CHARACTERS, safe


def test_long_texts_are_cut() -> None:
    assert safe("a" * (MAX_CHARACTERS + 5)).endswith("(5 more characters)")
