"""What several commands have in common: how ranges are read, how progress and long lines are shown."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from knk.errors import BadSpec


def number_or_range(option: str, value: str | None) -> int | tuple[int, int] | None:
    """Return what an option's value says: a number, a range, or None where there is none.

    Args:
        option: the option's name, for the message.
        value: as it was written.

    Raises:
        BadSpec: it is neither.
    """
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", value)
    if not found:
        raise BadSpec(f"{option} is a number, or a range such as 3-7, not {value!r}")
    least, most = found.groups()
    return int(least) if most is None else (int(least), int(most))


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
