"""Write docs/api.md from the docstrings of the names at the top; `reference()` is what it should hold."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import knk

PAGE: Final = Path(__file__).parents[1] / "docs" / "api.md"
HEAD: Final = """# Names in Python

Made from the docstrings by `make docs-api`; do not edit. These are the names at the top, as in `knk.generate`; each
says more of itself by `help(knk.generate)`, with its arguments, its errors and an example. What is not here is in a
module: `knk.corpus` writes data sets and `knk.files` reads them; `knk.build`, `knk.audit`, `knk.export`, `knk.tasks`,
`knk.rewards`, `knk.teacher`, `knk.sft`, `knk.hub` and `knk.training` are told of on the pages of these names.
[Architecture](architecture.md) has them all.
"""
SUBJECTS: Final = {
    "Puzzles": ("knk.puzzle", "knk.generate", "knk.spec", "knk.perturb"),
    "Statements": ("knk.statements",),
    "Text": ("knk.notation", "knk.text.render", "knk.text.parse"),
    "Solving": ("knk.solver", "knk.trace", "knk.text.explain", "knk.difficulty"),
    "Answers": ("knk.answers", "knk.verdict"),
    "Errors": ("knk.errors",),
}
VALUES: Final = {"PRESETS": "Specifications to start from: `classic` and `rich`."}
"""What is neither a class nor a function, and so has no docstring."""


def reference() -> str:
    """Return the whole page."""
    parts = (f"## {subject}\n\n{table(modules)}\n" for subject, modules in SUBJECTS.items())
    return "\n".join([HEAD, *parts])


def table(modules: tuple[str, ...]) -> str:
    """Return the table of some modules' names at the top."""
    return "\n".join(["| name | what it is |", "|---|---|", *(row for module in modules for row in rows(module))])


def rows(module: str) -> Iterator[str]:
    """Iterate over the rows of a module's names at the top."""
    for name, home in knk._HOMES.items():  # noqa: SLF001 - the page and the package have one list
        if home == module:
            yield f"| `{name}` | {meaning(name)} |"


def meaning(name: str) -> str:
    """Return what a name's docstring says first."""
    told = VALUES.get(name) or (getattr(knk, name).__doc__ or "").split("\n\n")[0]
    return " ".join(told.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    print(f"{PAGE.relative_to(Path.cwd())} written", file=sys.stderr)
