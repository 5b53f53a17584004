"""`knk generate`: puzzles on the screen or in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from knk.cli.input import BETWEEN
from knk.cli.options import number_or_range
from knk.cli.output import bar, wrapped
from knk.errors import BadSpec
from knk.text.styles import Style

if TYPE_CHECKING:
    from knk.logic.puzzle import Puzzle

Preset = Literal["classic", "rich"]
Format = Literal["text", "jsonl", "notation"]


def generate(
    n: Annotated[int, typer.Option("-n", metavar="N", min=0, help="How many puzzles.")] = 1,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same puzzles.")] = 0,
    people: Annotated[
        str | None, typer.Option("--people", "-p", metavar="N|MIN-MAX", help="How many people, or a range: 3-7.")
    ] = None,
    preset: Annotated[
        Preset,
        typer.Option(help="What to start from: and, or, not, if over two people, or every kind of statement, nested."),
    ] = "classic",
    style: Annotated[Style, typer.Option(help="How the English is worded.")] = "varied",
    format: Annotated[  # noqa: A002 - it names the option
        Format, typer.Option("--format", "-f", help="What to print: English, JSON lines, or the one-line notation.")
    ] = "text",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write rows to this .parquet or .jsonl file instead."),
    ] = None,
    depth: Annotated[
        int | None, typer.Option(metavar="N", help="How deep statements are nested; 0 is no nesting.")
    ] = None,
    width: Annotated[
        int | None, typer.Option(metavar="N", help="The most parts of an 'and', 'or' or 'one of'.")
    ] = None,
    statements: Annotated[
        str | None, typer.Option(metavar="N|MIN-MAX", help="How many statements each person makes.")
    ] = None,
    kinds: Annotated[
        str | None,
        typer.Option(
            metavar="KIND[:WEIGHT],...", help="Kinds of statement to use, with weights: 'atom,and:2,same kind'."
        ),
    ] = None,
    roles: Annotated[
        str | None, typer.Option(metavar="WORD/WORD,...", help="Role words to use: 'angel/demon,elf/goblin'.")
    ] = None,
    self_accusation: Annotated[
        bool | None,
        typer.Option("--self-accusation/--no-self-accusation", help="Whether 'I am a knave' may occur in a statement."),
    ] = None,
    trivial: Annotated[
        bool | None,
        typer.Option("--trivial/--no-trivial", help="Whether statements that say nothing, or nothing true, may occur."),
    ] = None,
    duplicates: Annotated[
        bool | None,
        typer.Option("--duplicates/--no-duplicates", help="Whether a puzzle may come again under other names."),
    ] = None,
    balanced: Annotated[
        bool | None,
        typer.Option("--balanced/--no-balanced", help="Whether knights and knaves are kept about equally many."),
    ] = None,
    grade: Annotated[
        str | None,
        typer.Option(metavar="N|MIN-MAX", help="How hard puzzles are, as 'knk difficulty' says it: 3, or 3-5."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="MEASURE:N|MIN-MAX,...",
            help="Other measures that puzzles are to have: 'nesting:2,steps:10-20'. There are rounds, suppositions, "
            "nesting, steps and widest.",
        ),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Processes that write the file; all cores if not given.")
    ] = None,
    progress: Annotated[
        bool | None,
        typer.Option(
            "--progress/--no-progress",
            help="Show a bar while a file is written; if not given, on a terminal after two seconds.",
        ),
    ] = None,
) -> None:
    """Make puzzles that have exactly one solution.

    Options that are not given are as the preset has them. Puzzles in English are separated by lines of three dashes;
    notation and JSON are one puzzle a line. 'knk solve' reads all of it.

    Puzzles of a grade, or with measures, are searched for: that takes longer, and with a file all cores.

    \b
    knk generate --people 5
    knk generate --people 3-7 --preset rich -n 10 --format notation
    knk generate -n 10000 -o puzzles.parquet
    knk generate -n 10 --people 7 --grade 4-5
    """
    from knk.generation.generate import spec_of

    given: dict[str, Any] = {
        "people": number_or_range("--people", people),
        "depth": depth,
        "width": width,
        "statements": number_or_range("--statements", statements),
        "kinds": _weights(kinds),
        "roles": None if roles is None else tuple(tuple(pair.split("/")) for pair in roles.split(",")),
        "self_accusation": self_accusation,
        "trivial": trivial,
        "duplicates": duplicates,
        "balanced": balanced,
        "target": _measures(target),
        "grade": number_or_range("--grade", grade),
    }
    spec = spec_of(preset=preset, **{name: value for name, value in given.items() if value is not None})
    if output is None:
        _print_puzzles(spec, n, seed, style, format)
    else:
        _write_puzzles(output, spec, n, seed, style, processes, progress)


def _weights(value: str | None) -> tuple[tuple[str, float], ...] | None:
    if value is None:
        return None
    pairs = [part.strip().partition(":") for part in value.split(",")]
    try:
        return tuple((kind.strip(), float(weight) if colon else 1.0) for kind, colon, weight in pairs)
    except ValueError as error:
        raise BadSpec(f"--kinds is written like 'atom,and:2', a number after each colon, not {value!r}") from error


def _measures(value: str | None) -> tuple[tuple[str, int | tuple[int, int]], ...] | None:
    if value is None:
        return None
    pairs = [part.strip().partition(":") for part in value.split(",")]
    found = tuple(
        (name.strip(), number_or_range(name, wanted.strip() if colon else None)) for name, colon, wanted in pairs
    )
    known = tuple((name, wanted) for name, wanted in found if wanted is not None)
    if len(known) < len(found):
        raise BadSpec(f"--target is written like 'nesting:2,steps:10-20', a number or a range each, not {value!r}")
    return known


def _print_puzzles(spec: Any, n: int, seed: int, style: str, form: str) -> None:
    from knk.generation.generate import generate as puzzles

    told = _PRINTED[form](seed, style)
    for number, puzzle in enumerate(puzzles(spec, n, seed)):
        if number and form == "text":
            print(BETWEEN)
        print(told(puzzle))


def _as_notation(_seed: int, _style: str) -> Callable[[Puzzle], str]:
    from knk.logic.notation import encode

    return encode


def _as_json(seed: int, style: str) -> Callable[[Puzzle], str]:
    import json

    from knk.datasets.rows import row_of

    return lambda puzzle: json.dumps(row_of(puzzle, seed, style), ensure_ascii=False)


def _as_text(seed: int, style: str) -> Callable[[Puzzle], str]:
    from knk.datasets.rows import row_of

    return lambda puzzle: wrapped(row_of(puzzle, seed, style)["text"])


_PRINTED: Final = {"notation": _as_notation, "jsonl": _as_json, "text": _as_text}


def _write_puzzles(
    output: Path, spec: Any, n: int, seed: int, style: str, processes: int | None, progress: bool | None
) -> None:
    from knk.datasets import stream as corpus

    with bar(n, "puzzles", progress) as advance:
        corpus.write(output, spec, n, seed=seed, style=style, processes=processes, progress=advance)
    print(f"{output}: {n} puzzles")
