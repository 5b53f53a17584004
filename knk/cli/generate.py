"""`knk generate`: puzzles on the screen or in a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from knk.cli.input import SEPARATOR
from knk.cli.options import Processes, Progress, number_or_range
from knk.cli.output import progress_bar, wrap
from knk.errors import BadSpec
from knk.generation.presets import Preset
from knk.text.styles import Style

if TYPE_CHECKING:
    from knk.generation.spec import Spec
    from knk.logic.puzzle import Puzzle

Format = Literal["text", "jsonl", "notation"]
_Range = int | tuple[int, int]


@dataclass(frozen=True)
class SpecOptions:
    """Which puzzles to generate; the preset sets what is None."""

    people: Annotated[
        str | None, typer.Option("--people", "-p", metavar="N|MIN-MAX", help="Number of people, or a range: 3-7.")
    ] = None
    preset: Annotated[
        Preset,
        typer.Option(
            help="Defaults of the options below: 'classic' has the statements of the public datasets (roles, 'not', "
            "'and', 'or', 'if', 'if and only if'); 'rich' has every kind of statement, nested."
        ),
    ] = "classic"
    grade: Annotated[
        str | None, typer.Option(metavar="N|MIN-MAX", help="Difficulty grade (see 'knk difficulty'): 3, or 3-5.")
    ] = None
    target: Annotated[
        str | None,
        typer.Option(
            metavar="MEASURE:N|MIN-MAX,...",
            help="Measures of difficulty: 'nesting:2,steps:10-20'. They are grade, widest, rounds, suppositions, "
            "nesting and steps.",
        ),
    ] = None
    depth: Annotated[
        int | None, typer.Option(metavar="N", help="Maximum nesting of statements; 0 means no nesting.")
    ] = None
    width: Annotated[
        int | None, typer.Option(metavar="N", help="Maximum number of parts of an 'and', 'or' or 'one of'.")
    ] = None
    statements: Annotated[str | None, typer.Option(metavar="N|MIN-MAX", help="Number of statements per person.")] = None
    kinds: Annotated[
        str | None,
        typer.Option(metavar="KIND[:WEIGHT],...", help="Kinds of statement, with weights: 'atom,and:2,same kind'."),
    ] = None
    roles: Annotated[
        str | None, typer.Option(metavar="WORD/WORD,...", help="Pairs of role words: 'angel/demon,elf/goblin'.")
    ] = None
    self_accusation: Annotated[
        bool | None,
        typer.Option("--self-accusation/--no-self-accusation", help="Allow 'I am a knave' inside statements."),
    ] = None
    trivial: Annotated[
        bool | None,
        typer.Option("--trivial/--no-trivial", help="Allow statements that are true, or false, whatever the roles."),
    ] = None
    duplicates: Annotated[
        bool | None,
        typer.Option("--duplicates/--no-duplicates", help="Allow a puzzle to recur under other names."),
    ] = None
    balanced: Annotated[
        bool | None,
        typer.Option("--balanced/--no-balanced", help="Keep the numbers of knights and knaves about equal."),
    ] = None

    def spec(self) -> Spec:
        """Return the specification.

        Raises:
            BadSpec: an option's value is not valid.
        """
        from knk.generation.generate import spec_of

        values: dict[str, Any] = vars(self) | {
            "people": number_or_range("--people", self.people),
            "statements": number_or_range("--statements", self.statements),
            "kinds": _parse_kinds(self.kinds),
            "roles": _parse_roles(self.roles),
            "target": _parse_target(self.target),
            "grade": number_or_range("--grade", self.grade),
        }
        return spec_of(**{name: value for name, value in values.items() if value is not None})


def generate(
    *,
    n: Annotated[int, typer.Option("-n", metavar="N", min=0, help="Number of puzzles.")] = 1,
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed; the same seed gives the same puzzles.")] = 0,
    options: SpecOptions,
    style: Annotated[Style, typer.Option(help="Style of the English.")] = "varied",
    format: Annotated[  # noqa: A002 - it names the option
        Format, typer.Option("--format", "-f", help="Print English, JSON lines, or one-line notation.")
    ] = "text",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write rows to this .parquet or .jsonl file and print none; replaces the file.",
        ),
    ] = None,
    processes: Processes = None,
    progress: Progress = None,
) -> None:
    """Generate puzzles that have exactly one solution.

    The preset sets the options you leave out. English puzzles are separated by lines of three dashes;
    notation and JSON are one puzzle per line. 'knk solve' reads all of these.

    --grade and --target search for matching puzzles, which takes longer. With --output, all cores search, and a
    progress bar shows how many puzzles have been found.

    \b
    knk generate --people 5
    knk generate --people 3-7 --preset rich -n 10 --format notation
    knk generate -n 10000 -o puzzles.parquet
    knk generate -n 10 --people 7 --grade 4-5
    """
    spec = options.spec()
    if output is None:
        _print_puzzles(spec, n, seed, style, format)
        return
    from knk.datasets.stream import write

    with progress_bar(n, "puzzles", progress) as advance:
        write(output, spec, n, seed=seed, style=style, processes=processes, progress=advance)
    print(f"{output}: {n:,} puzzle{'' if n == 1 else 's'}")


def _parse_kinds(text: str | None) -> tuple[tuple[str, float], ...] | None:
    if text is None:
        return None
    pairs = [part.strip().partition(":") for part in text.split(",")]
    try:
        return tuple((kind.strip(), float(weight) if colon else 1.0) for kind, colon, weight in pairs)
    except ValueError as error:
        raise BadSpec(f"--kinds: expected kinds with weights such as 'atom,and:2', got {text!r}") from error


def _parse_roles(text: str | None) -> tuple[tuple[str, ...], ...] | None:
    if text is None:
        return None
    pairs = tuple(tuple(word.strip() for word in pair.split("/")) for pair in text.split(","))
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise BadSpec(f"--roles: expected pairs such as angel/demon, got {text!r}")
    return pairs


def _parse_target(text: str | None) -> tuple[tuple[str, _Range], ...] | None:
    if text is None:
        return None
    target = []
    for part in text.split(","):
        measure, _, bounds = part.partition(":")
        value = number_or_range(f"--target {measure.strip()}", bounds.strip() or None)
        if value is None:
            raise BadSpec(f"--target: expected measures such as 'nesting:2,steps:10-20', got {text!r}")
        target.append((measure.strip(), value))
    return tuple(target)


def _print_puzzles(spec: Spec, n: int, seed: int, style: str, form: str) -> None:
    from knk.generation.generate import generate as make_puzzles

    write = FORMATS[form](seed, style)
    for number, puzzle in enumerate(make_puzzles(spec, n, seed)):
        if number and form == "text":
            print(SEPARATOR)
        print(write(puzzle))


def _notation_writer(_seed: int, _style: str) -> Callable[[Puzzle], str]:
    from knk.logic.notation import encode

    return encode


def _json_writer(seed: int, style: str) -> Callable[[Puzzle], str]:
    import json

    from knk.datasets.rows import row_of

    return lambda puzzle: json.dumps(row_of(puzzle, seed, style), ensure_ascii=False)


def _text_writer(seed: int, style: str) -> Callable[[Puzzle], str]:
    from knk.datasets.rows import row_of

    return lambda puzzle: wrap(row_of(puzzle, seed, style)["text"])


FORMATS: Final = {"text": _text_writer, "jsonl": _json_writer, "notation": _notation_writer}
"""For each format, a function that returns the writer of puzzles for a seed and a style."""
