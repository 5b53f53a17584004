"""The `knk` command."""

from knk.cli.commands import BAD_INPUT, app, main

__all__ = ["BAD_INPUT", "app", "main"]
