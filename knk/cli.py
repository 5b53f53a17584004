"""The `knk` command: a verb a command.

The docstrings and help texts below are the command's documentation; `docs/cli.md` is made from them. What a command
works with is imported inside it, so that `knk --help` is quick.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

import typer
from typer.core import TyperGroup

from knk import __version__
from knk.errors import BadSpec, KnkError

if TYPE_CHECKING:
    from knk.puzzle import Puzzle

BAD_INPUT: Final = 2
_CLOSED_PIPE: Final = 141
"""What a shell reports for a program that a closed pipe ended."""
_COUNTED: Final = 100
"""Solutions that are counted; beyond, "more than" is all that is said."""
_BETWEEN: Final = "---"
"""The line between two puzzles in English."""
_PUZZLE_FIELDS: Final = ("puzzle", "text", "quiz")
_FILE_NAME: Final = re.compile(r"\S+\.(txt|md|json|jsonl|parquet|csv)$", re.IGNORECASE)

Preset = Literal["classic", "rich"]
Style = Literal["varied", "classic", "dialogue"]
Format = Literal["text", "jsonl", "notation"]
Telling = Literal["brief", "long", "answer-only", "shuffled", "filler"]


class _Group(TyperGroup):
    """All commands; the one place where errors of the library and of the system become a line and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # What is still buffered has nowhere to go either; without this Python complains about it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(_CLOSED_PIPE) from None
        except UnicodeError as error:
            raise typer.Exit(_complain(f"the input is not UTF-8 text ({error})")) from error
        except (KnkError, OSError) as error:
            raise typer.Exit(_complain(_message(error))) from error
        return result


app = typer.Typer(
    cls=_Group,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the `knk` command and return its exit status.

    Args:
        arguments: what stands after `knk`; those of this process if not given.

    >>> main(["--version"])
    knk ...
    0
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8-sig" if stream is sys.stdin else "utf-8")
    try:
        return app(arguments, prog_name="knk", standalone_mode=False) or 0
    except typer.TyperException as error:  # A usage error; the others were dealt with in `_Group`.
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "knk"
        message = error.format_message().replace("Value error, ", "").rstrip(".")
        return _complain(f"{message}; see '{command} --help'")


def _complain(problem: str) -> int:
    print(f"knk: {' '.join(problem.split())}", file=sys.stderr)
    return BAD_INPUT


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"knk {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def knk(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Make, solve and mark knights and knaves puzzles.

    A knight always tells the truth and a knave always lies. Some people each say something about who is what; the
    puzzle is to find everybody's role.

    Exit status: 0 all is well, 1 the answer is no (see each command), 2 the input is bad; one line on stderr then
    says what to do.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
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

    \b
    knk generate --people 5
    knk generate --people 3-7 --preset rich -n 10 --format notation
    knk generate -n 10000 -o puzzles.parquet
    """
    from knk.generate import spec_of

    given: dict[str, Any] = {
        "people": _range("--people", people),
        "depth": depth,
        "width": width,
        "statements": _range("--statements", statements),
        "kinds": _weights(kinds),
        "roles": None if roles is None else tuple(tuple(pair.split("/")) for pair in roles.split(",")),
        "self_accusation": self_accusation,
        "trivial": trivial,
        "duplicates": duplicates,
        "balanced": balanced,
    }
    spec = spec_of(preset=preset, **{name: value for name, value in given.items() if value is not None})
    if output is None:
        _print_puzzles(spec, n, seed, style, format)
    else:
        _write_puzzles(output, spec, n, seed, style, processes, progress)


def _range(option: str, value: str | None) -> int | tuple[int, int] | None:
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", value)
    if not found:
        raise BadSpec(f"{option} is a number, or a range such as 3-7, not {value!r}")
    least, most = found.groups()
    return int(least) if most is None else (int(least), int(most))


def _weights(value: str | None) -> tuple[tuple[str, float], ...] | None:
    if value is None:
        return None
    pairs = [part.strip().partition(":") for part in value.split(",")]
    try:
        return tuple((kind.strip(), float(weight) if colon else 1.0) for kind, colon, weight in pairs)
    except ValueError as error:
        raise BadSpec(f"--kinds is written like 'atom,and:2', a number after each colon, not {value!r}") from error


def _print_puzzles(spec: Any, n: int, seed: int, style: str, form: str) -> None:
    from knk.generate import generate as puzzles

    told = _PRINTED[form](seed, style)
    for number, puzzle in enumerate(puzzles(spec, n, seed)):
        if number and form == "text":
            print(_BETWEEN)
        print(told(puzzle))


def _as_notation(_seed: int, _style: str) -> Callable[[Puzzle], str]:
    from knk.notation import encode

    return encode


def _as_json(seed: int, style: str) -> Callable[[Puzzle], str]:
    import json

    from knk.rows import row_of

    return lambda puzzle: json.dumps(row_of(puzzle, seed, style), ensure_ascii=False)


def _as_text(seed: int, style: str) -> Callable[[Puzzle], str]:
    from knk.rows import row_of

    return lambda puzzle: _wrapped(row_of(puzzle, seed, style)["text"])


_PRINTED: Final = {"notation": _as_notation, "jsonl": _as_json, "text": _as_text}


def _write_puzzles(
    output: Path, spec: Any, n: int, seed: int, style: str, processes: int | None, progress: bool | None
) -> None:
    from tqdm import tqdm

    from knk import corpus

    # tqdm takes None to mean "not unless stderr is a terminal".
    disable = None if progress is None else not progress
    with tqdm(total=n, unit=" puzzles", disable=disable, delay=0 if progress else 2) as bar:

        def advance(rows: int) -> None:
            bar.update(rows)

        corpus.write(output, spec, n, seed=seed, style=style, processes=processes, progress=advance)
    print(f"{output}: {n} puzzles")


class _Item(NamedTuple):
    """A puzzle that was read, what to call its place in messages, and the completion that came with it."""

    puzzle: Puzzle
    place: str
    completion: str | None = None


@app.command()
def solve(
    puzzle: Annotated[
        str | None, typer.Argument(metavar="PUZZLE|FILE", help="The puzzle itself or a file; a pipe if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each puzzle, one a line.")] = False,
) -> None:
    """Say who is what.

    Reads puzzles in English, in the one-line notation, as JSON lines or from a .parquet file, and finds out which.
    English is one puzzle, unless lines of three dashes separate several; notation and JSON are one puzzle a line. A
    JSON object has its puzzle under "puzzle", "text" or "quiz".

    Exit status: 0 if each puzzle has exactly one solution, 1 if some has none or several, 2 if the input is bad.

    \b
    knk solve "Ann: Bob is lying. Bob: We are both knaves."
    knk solve "Ann,Bob 0:-1 1:&(-0,-1)"
    knk generate -n 3 --format notation | knk solve --json
    """
    told = _told_json if as_json else _told
    unique = True
    for item in _items(puzzle):
        text, fine = told(item.puzzle)
        print(text)
        unique = unique and fine
    if not unique:
        raise typer.Exit(1)


def _told(puzzle: Puzzle) -> tuple[str, bool]:
    """Return a puzzle's solution in words, and whether it has exactly one."""
    count, roles = _solved(puzzle)
    if count == 0:
        return "No solution: nothing fits what they say.", False
    sure = _sentence(puzzle, roles)
    if count == 1:
        return _wrapped(sure), True
    several = f"{count} solutions" if count <= _COUNTED else f"More than {_COUNTED} solutions"
    return _wrapped(
        f"{several}; " + (f"in all of them {sure}" if roles else "nobody is the same in all of them.")
    ), False


def _told_json(puzzle: Puzzle) -> tuple[str, bool]:
    import json

    from knk.notation import encode

    count, roles = _solved(puzzle)
    words = {name: puzzle.roles[not knight] for name, knight in roles.items()}
    found = {"puzzle": encode(puzzle), "solutions": min(count, _COUNTED), "more": count > _COUNTED, "roles": words}
    return json.dumps(found, ensure_ascii=False), count == 1


def _solved(puzzle: Puzzle) -> tuple[int, dict[str, bool]]:
    """Return how many solutions there are, up to one above `_COUNTED`, and whose role is the same in all of them."""
    from knk.solver import count, follows, solve
    from knk.statements import Knight

    found = count(puzzle, _COUNTED + 1)
    if found == 1:
        return found, dict(zip(puzzle.names, solve(puzzle), strict=True))
    if found == 0:
        return found, {}
    sure = ((name, follows(puzzle, Knight(person))) for person, name in enumerate(puzzle.names))
    return found, {name: knight for name, knight in sure if knight is not None}


def _sentence(puzzle: Puzzle, roles: dict[str, bool]) -> str:
    from knk.text.vocabulary import article, join_words

    words = [(name, puzzle.roles[not knight]) for name, knight in roles.items()]
    return join_words([f"{name} is {article(word)} {word}" for name, word in words]) + "."


@app.command()
def explain(
    puzzle: Annotated[
        str | None, typer.Argument(metavar="PUZZLE|FILE", help="The puzzle itself or a file; a pipe if not given.")
    ] = None,
    style: Annotated[Telling, typer.Option(help="How to tell it; see below.")] = "brief",
    seed: Annotated[int, typer.Option(help="Chooses among wordings.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each puzzle, one a line.")] = False,
) -> None:
    """Say how to find out who is what.

    Reads puzzles as 'knk solve' does, finds a proof as a careful person would, and puts it into prose: brief is
    a textbook's proof, long thinks aloud. The others are for experiments: answer-only gives no reason, shuffled the
    sentences of long out of order, filler as many words without content.

    Exit status: 0 all is well, 2 the input is bad, or a puzzle has no solution or several.

    \b
    knk explain "Ann: Bob is lying. Bob: We are both knaves."
    knk generate --people 4 | knk explain --style long
    """
    import json

    from knk.notation import encode
    from knk.text.explain import explain as told
    from knk.trace import trace

    for number, item in enumerate(_items(puzzle)):
        prose = told(trace(item.puzzle), style, seed)
        if as_json:
            print(json.dumps({"puzzle": encode(item.puzzle), "style": style, "text": prose}, ensure_ascii=False))
        else:
            print(("\n" if number else "") + _wrapped(prose))


@app.command()
def difficulty(
    puzzle: Annotated[
        str | None, typer.Argument(metavar="PUZZLE|FILE", help="The puzzle itself or a file; a pipe if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each puzzle, one a line.")] = False,
) -> None:
    """Say how hard puzzles are.

    Reads puzzles as 'knk solve' does and grades each by what it takes to solve it by hand, from 1 (everything follows,
    one statement at a time) up. Prints for each number of people how many puzzles have each grade, and draws it.

    Exit status: 0 all is well, 2 the input is bad, or a puzzle has no solution or several.

    \b
    knk difficulty puzzles.parquet
    knk generate --people 3-7 -n 500 --format notation | knk difficulty
    """
    import json
    from dataclasses import asdict

    from tqdm import tqdm

    from knk.difficulty import difficulty as measured
    from knk.notation import encode

    # A bar appears after two seconds, and only on a terminal.
    items = tqdm(_items(puzzle), unit=" puzzles", disable=None, delay=2)
    found = ((item.puzzle, measured(item.puzzle)) for item in items)
    if as_json:
        for graded, measures in found:
            print(json.dumps({"puzzle": encode(graded)} | asdict(measures), ensure_ascii=False))
        return
    grades: dict[int, Counter[int]] = {}
    for _, measures in found:
        grades.setdefault(measures.people, Counter())[measures.grade] += 1
    print("\n".join(_spread(grades)))


def _spread(grades: dict[int, Counter[int]]) -> Iterator[str]:
    """Return a table of grades by number of people, and a bar for each grade."""
    from knk.difficulty import GRADES

    total = sum(grades.values(), Counter[int]())
    numbers = range(1, len(GRADES) + 1)
    yield "people " + "".join(f"{f'grade {grade}':>9}" for grade in numbers) + "  puzzles"
    for people in sorted(grades):
        counts = grades[people]
        yield f"{people:6} " + "".join(f"{counts[grade]:9}" for grade in numbers) + f"{counts.total():9}"
    yield ""
    for grade, meaning in enumerate(GRADES, 1):
        share = total[grade] / total.total()
        yield f"{grade}  {'#' * round(40 * share):40} {share:6.1%}  {meaning}"


@app.command()
def verify(
    puzzle: Annotated[str, typer.Argument(metavar="PUZZLE|FILE", help="The puzzle itself or a file; - is a pipe.")],
    completion: Annotated[
        str | None,
        typer.Argument(metavar="COMPLETION|FILE", help="The answer itself or a file; a pipe if not given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each verdict, one a line.")] = False,
) -> None:
    """Say whether a completion gives the puzzle's solution.

    The puzzle is read as 'knk solve' reads it. JSON lines may hold an object for each answer, with the answer under
    "completion": then each line gets its verdict.

    Exit status: 0 if the answer (each answer) is right, 1 if it is wrong, 2 if the input is bad.

    \b
    knk verify puzzle.txt "Ann is a knight and Bob is a knave."
    knk verify puzzle.txt < answer.txt
    knk verify --json answers.jsonl
    """
    import json

    from knk.answers import verify as judge

    answer = None if completion is None else _completion(completion)
    right = True
    for number, item in enumerate(_items(puzzle)):
        if item.completion is not None and answer is not None:
            raise KnkError(f"{item.place} has a completion of its own; leave out the one on the command line")
        if item.completion is None and number:
            raise KnkError(f"{item.place} has no completion of its own, and one answer is for one puzzle")
        if item.completion is None and answer is None:
            answer = _piped_completion(puzzle)
        verdict = judge(item.completion if item.completion is not None else answer or "", item.puzzle)
        claims = dict(verdict.claims)
        told = {"correct": verdict.correct, "reason": verdict.reason, "claims": claims}
        print(json.dumps(told, ensure_ascii=False) if as_json else _wrapped(str(verdict)))
        right = right and verdict.correct
    if not right:
        raise typer.Exit(1)


def _completion(argument: str) -> str:
    if _is_file(argument):
        return Path(argument).read_text(encoding="utf-8-sig")
    if _FILE_NAME.fullmatch(argument):
        raise KnkError(f"there is no file {argument!r}")
    return argument


def _piped_completion(puzzle: str) -> str:
    if puzzle == "-":
        raise KnkError('a puzzle from a pipe needs its answer on the command line, or under "completion" in JSON lines')
    if sys.stdin.isatty():
        raise KnkError("there is no answer to verify: give it after the puzzle, as a file, or through a pipe")
    return sys.stdin.read()


def _items(argument: str | None) -> Iterator[_Item]:
    """Read the puzzles of an argument, a file or a pipe, in whichever form they are."""
    if argument is not None and argument.endswith(".parquet") and _is_file(argument):
        from knk import corpus

        for number, row in enumerate(corpus.read(Path(argument))):
            yield _item(row, f"row {number}")
        return
    with _opened(argument) as source:
        lines = enumerate(source, 1)
        first = next(((number, line) for number, line in lines if line.strip()), None)
        if first is None:
            raise KnkError("there is no puzzle: the input is empty")
        yield from _reader(first[1])(chain([first], lines))


def _opened(argument: str | None) -> IO[str]:
    from io import StringIO

    if argument is None and sys.stdin.isatty():
        raise KnkError("there is no puzzle: give it in quotes, as a file, or through a pipe")
    if argument is None or argument == "-":
        return sys.stdin
    if _is_file(argument):
        return Path(argument).open(encoding="utf-8-sig")
    if _FILE_NAME.fullmatch(argument) or not (len(argument.split()) > 1 or _is_notation(argument)):
        raise KnkError(f"{argument!r} is neither a file that is there nor a puzzle")
    return StringIO(argument)


def _is_file(argument: str) -> bool:
    # Unlike Path.is_file, this takes what can be no path (too long, with a null character) for no file.
    return os.path.isfile(argument)  # noqa: PTH113


def _is_notation(line: str) -> bool:
    names, *fields = line.strip().split(" ")
    if fields and "/" in fields[0]:
        fields = fields[1:]
    return bool(re.match("[0-9]+:", fields[0])) if fields else "," in names and len(names.split()) == 1


def _reader(first: str) -> Callable[[Iterable[tuple[int, str]]], Iterator[_Item]]:
    if first.lstrip().startswith("{"):
        return _json_items
    return _notation_items if _is_notation(first) else _text_items


@contextmanager
def _placed(place: str) -> Iterator[None]:
    """Say in an error of the library where in the input it arose."""
    try:
        yield
    except KnkError as error:
        raise KnkError(f"{place}: {error}" if place else str(error)) from error


def _notation_items(lines: Iterable[tuple[int, str]]) -> Iterator[_Item]:
    from knk.notation import decode

    for number, line in lines:
        if line.strip():
            with _placed(f"line {number}"):
                item = _Item(decode(line), f"line {number}")
            yield item


def _text_items(lines: Iterable[tuple[int, str]]) -> Iterator[_Item]:
    from knk.text.parse import parse

    found = False
    for number, (block, alone) in enumerate(_blocks(line for _, line in lines), 1):
        place = "the puzzle" if alone else f"puzzle {number}"
        with _placed("" if alone else place):
            item = _Item(parse(block), place)
        yield item
        found = True
    if not found:
        raise KnkError("there is no puzzle: the input is empty")


def _blocks(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Split a text at the lines of three dashes; each part comes with whether there are no such lines at all."""
    block: list[str] = []
    alone = True
    for line in lines:
        if line.strip() != _BETWEEN:
            block.append(line)
            continue
        alone = False
        if any(map(str.strip, block)):
            yield "".join(block), alone
        block = []
    if any(map(str.strip, block)):
        yield "".join(block), alone


def _json_items(lines: Iterable[tuple[int, str]]) -> Iterator[_Item]:
    import json

    for number, line in lines:
        if line.strip():
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise KnkError(f"line {number}: a whole JSON object is wanted on each line ({error})") from error
            yield _item(values, f"line {number}")


def _item(values: Any, place: str) -> _Item:
    """Return the puzzle, and the completion if there is one, of a row."""
    from knk.notation import decode
    from knk.text.parse import parse

    if not isinstance(values, dict):
        raise KnkError(f"{place}: a JSON object is wanted, not {type(values).__name__}")
    source = next((values[name] for name in _PUZZLE_FIELDS if values.get(name) is not None), None)
    completion = values.get("completion")
    if not isinstance(source, str):
        raise KnkError(f"{place}: the puzzle is wanted as text under {', '.join(map(repr, _PUZZLE_FIELDS))}")
    if not isinstance(completion, str | None):
        raise KnkError(f"{place}: the completion is wanted as text, not {type(completion).__name__}")
    with _placed(place):
        return _Item(decode(source) if _is_notation(source) else parse(source), place, completion)


def _wrapped(text: str) -> str:
    """Return the text in lines that fit the terminal, and as it is where no terminal is."""
    if not sys.stdout.isatty():
        return text
    import shutil
    import textwrap

    width = min(shutil.get_terminal_size().columns, 100)
    return "\n".join(textwrap.fill(line, width, break_on_hyphens=False) for line in text.splitlines())
