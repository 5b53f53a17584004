"""What commands print and write: rows, JSON, lines that fit the terminal, and progress bars."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_MAX_WIDTH = 100
"""Columns of a terminal that prose fills at most."""


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    print(json.dumps(value, ensure_ascii=False))


def notify(message: str) -> None:
    """Print a line on stderr about what the command is doing."""
    print(f"knk: {message}", file=sys.stderr)


def write_rows(rows: Iterable[dict[str, Any]], output: Path | None) -> None:
    """Write rows to a file, or print them as JSON lines if no file is given."""
    if output is None:
        for row in rows:
            print_json(row)
        return
    from knk.datasets.files import write

    output.parent.mkdir(parents=True, exist_ok=True)
    count = write(output, with_progress(rows, "rows"))
    print(f"{output}: {count} rows")


def wrap(text: str) -> str:
    """Return text with its lines wrapped to fit the terminal; unchanged if stdout is not a terminal."""
    if not sys.stdout.isatty():
        return text
    import shutil
    import textwrap

    width = min(shutil.get_terminal_size().columns, _MAX_WIDTH)
    return "\n".join(textwrap.fill(line, width, break_on_hyphens=False) for line in text.splitlines())


@contextmanager
def progress_bar(total: int | None, unit: str, show: bool | None = None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar, and yield the function that advances it.

    Args:
        total: the count at which it ends, None if unknown.
        unit: what is counted, such as "rows".
        show: whether to show it; None shows it on a terminal, after two seconds.
    """
    from tqdm import tqdm

    # tqdm takes None to mean "unless stderr is not a terminal".
    disable = None if show is None else not show
    with tqdm(total=total, unit=f" {unit}", disable=disable, delay=0 if show else 2) as bar:

        def advance(count: int) -> None:
            bar.update(count)

        yield advance


def with_progress(items: Iterable[T], unit: str) -> Iterator[T]:
    """Iterate over items while a progress bar counts them."""
    with progress_bar(None, unit) as advance:
        for item in items:
            yield item
            advance(1)
