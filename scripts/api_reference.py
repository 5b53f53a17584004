"""Write docs/api.md from the docstrings of the names at the top of knk; `reference()` returns its text."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import knk

PAGE: Final = Path(__file__).parents[1] / "docs" / "api.md"
HEAD: Final = """# API reference

Generated from the docstrings by `make docs-api`; do not edit. These are the names at the top of `knk`, such as
`knk.generate`; `help(knk.generate)` prints arguments, errors and an example. Other names are in modules:
`knk.datasets.stream` writes datasets and `knk.datasets.files` reads them; `knk.datasets.build`, `knk.datasets.audit`,
`knk.teacher`, `knk.tasks`, `knk.rewards`, `knk.hub` and `knk.training` have their own pages.
[Architecture](architecture.md) lists all packages.
"""
SUBJECTS: Final = {
    "Puzzles": ("knk.logic.puzzle", "knk.generation.generate", "knk.generation.spec", "knk.generation.perturb"),
    "Statements": ("knk.logic.statements", "knk.logic.sympy_formulas"),
    "Text": ("knk.logic.notation", "knk.text.render", "knk.text.parse"),
    "Solving": (
        "knk.logic.solver",
        "knk.proofs.trace",
        "knk.proofs.check",
        "knk.proofs.search",
        "knk.proofs.steps",
        "knk.text.explain",
        "knk.proofs.difficulty",
    ),
    "Answers": ("knk.answers.verify", "knk.answers.verdict"),
    "Errors": ("knk.errors",),
}
VALUES: Final = {"PRESETS": "Specifications to start from: `classic` and `rich`."}
"""Names that are neither classes nor functions, and so have no docstring."""


def reference() -> str:
    """Return the whole page."""
    parts = (f"## {subject}\n\n{table(modules)}\n" for subject, modules in SUBJECTS.items())
    return "\n".join([HEAD, *parts])


def table(modules: tuple[str, ...]) -> str:
    """Return the table of the public names of some modules."""
    return "\n".join(["| name | description |", "|---|---|", *(row for module in modules for row in rows(module))])


def rows(module: str) -> Iterator[str]:
    """Iterate over the rows of a module's public names."""
    for name, home in knk._HOMES.items():  # noqa: SLF001 - the page and the package have one list
        if home == module:
            yield f"| `{name}` | {description(name)} |"


def description(name: str) -> str:
    """Return the first paragraph of a name's docstring."""
    paragraph = VALUES.get(name) or (getattr(knk, name).__doc__ or "").split("\n\n")[0]
    return " ".join(paragraph.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    print(f"{PAGE.relative_to(Path.cwd())} written", file=sys.stderr)
