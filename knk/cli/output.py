"""What commands print and write: rows, long lines, and bars of progress."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def bar(total: int | None, unit: str, wanted: bool | None) -> Iterator[Callable[[int], None]]:
    """Show a bar, and give what moves it on.

    Args:
        total: where it ends, None if nobody knows.
        unit: what is counted.
        wanted: whether to show it; None for on a terminal, after two seconds.
    """
    from tqdm import tqdm

    # tqdm takes None to mean "not unless stderr is a terminal".
    disable = None if wanted is None else not wanted
    with tqdm(total=total, unit=f" {unit}", disable=disable, delay=0 if wanted else 2) as shown:

        def advance(count: int) -> None:
            shown.update(count)

        yield advance


def wrapped(text: str) -> str:
    """Return the text in lines that fit the terminal, and as it is where no terminal is."""
    if not sys.stdout.isatty():
        return text
    import shutil
    import textwrap

    width = min(shutil.get_terminal_size().columns, 100)
    return "\n".join(textwrap.fill(line, width, break_on_hyphens=False) for line in text.splitlines())


def put_rows(rows: Iterable[dict[str, Any]], output: Path | None) -> None:
    """Write rows to a file, or print them."""
    import json

    from knk.datasets.files import write

    if output is None:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    with bar(None, "rows", None) as advance:

        def counted() -> Iterator[dict[str, Any]]:
            for row in rows:
                advance(1)
                yield row

        count = write(output, counted())
    print(f"{output}: {count} rows")
