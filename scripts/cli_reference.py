"""Write docs/cli.md from the help of the commands; `reference()` returns its text."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from knk.cli import app

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
HEAD = """# The `knk` command

Generated from the help of the commands by `make docs-cli`; do not edit. `python -m knk` is the same command.
"""


def reference() -> str:
    """Return the text of the page."""
    # Help is wrapped to the width of the terminal.
    os.environ["COLUMNS"] = "80"
    return "\n".join([HEAD, *sections(get_command(app), "knk", None)])


def sections(command: Any, name: str, parent: Any) -> Iterator[str]:
    """Iterate over the sections of a command and of the commands below it."""
    with command.make_context(name, ["--help"], parent=parent, resilient_parsing=True) as context:
        path = f"{parent.command_path} {name}" if parent else name
        yield f"## `{path}`\n\n```text\n{context.get_help()}\n```\n"
        for inner_name, inner in getattr(command, "commands", {}).items():
            yield from sections(inner, inner_name, context)


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    print(f"{PAGE.relative_to(Path.cwd())} written", file=sys.stderr)
