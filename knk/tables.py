"""Tables of plain text, for terminals, pipes and reports."""

from __future__ import annotations

from collections.abc import Sequence

GAP = "  "


def format_table(rows: Sequence[Sequence[str]], align: str = "<>", indent: str = "") -> str:
    """Return rows of cells as lines with aligned columns and no trailing spaces.

    Args:
        rows: the cells of each row; all rows have as many. A header is simply the first row.
        align: "<" (left) or ">" (right) for each column; further columns are as the last one says.
        indent: what each line begins with.

    >>> print(format_table([["", "puzzles"], ["easy", "1,000"], ["hard", "25"]]))
          puzzles
    easy    1,000
    hard       25
    >>> print(format_table([["12", "B", "a file"], ["3", "KiB", "another"]], align="><", indent="> "))
    > 12  B    a file
    >  3  KiB  another
    >>> format_table([])
    ''
    """
    columns = list(zip(*rows, strict=True))
    sides = align.ljust(len(columns), align[-1])
    formats = [f"{side}{max(map(len, column))}" for side, column in zip(sides, columns, strict=False)]
    lines = (GAP.join(map(format, row, formats)) for row in rows)
    return "\n".join((indent + line).rstrip() for line in lines)
