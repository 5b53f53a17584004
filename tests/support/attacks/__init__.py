"""Completions that try to be paid, and odd ones that should be, each with the verdict it ought to get."""
