"""Tests of every recipe in `recipes/`."""
