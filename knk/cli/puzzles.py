"""Commands that look at puzzles: `knk solve`, `knk explain`, `knk difficulty` and `knk verify`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from knk.cli.reading import FILE_NAME, is_file, items
from knk.cli.shared import wrapped
from knk.errors import KnkError

if TYPE_CHECKING:
    from knk.logic.puzzle import Puzzle

_COUNTED: Final = 100
"""Solutions that are counted; beyond, "more than" is all that is said."""

ProofStyle = Literal["brief", "long", "answer-only", "shuffled", "filler"]


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
    for item in items(puzzle):
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
        return wrapped(sure), True
    several = f"{count} solutions" if count <= _COUNTED else f"More than {_COUNTED} solutions"
    return wrapped(
        f"{several}; " + (f"in all of them {sure}" if roles else "nobody is the same in all of them.")
    ), False


def _told_json(puzzle: Puzzle) -> tuple[str, bool]:
    import json

    from knk.logic.notation import encode

    count, roles = _solved(puzzle)
    words = {name: puzzle.roles[not knight] for name, knight in roles.items()}
    found = {"puzzle": encode(puzzle), "solutions": min(count, _COUNTED), "more": count > _COUNTED, "roles": words}
    return json.dumps(found, ensure_ascii=False), count == 1


def _solved(puzzle: Puzzle) -> tuple[int, dict[str, bool]]:
    """Return how many solutions there are, up to one above `_COUNTED`, and whose role is the same in all of them."""
    from knk.logic.solver import count, follows, solve
    from knk.logic.statements import Knight

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


def explain(
    puzzle: Annotated[
        str | None, typer.Argument(metavar="PUZZLE|FILE", help="The puzzle itself or a file; a pipe if not given.")
    ] = None,
    style: Annotated[ProofStyle, typer.Option(help="How to tell it; see below.")] = "brief",
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

    from knk.logic.notation import encode
    from knk.proofs.trace import trace
    from knk.text.explain import explain as told

    for number, item in enumerate(items(puzzle)):
        prose = told(trace(item.puzzle), style, seed)
        if as_json:
            print(json.dumps({"puzzle": encode(item.puzzle), "style": style, "text": prose}, ensure_ascii=False))
        else:
            print(("\n" if number else "") + wrapped(prose))


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

    from knk.logic.notation import encode
    from knk.proofs.difficulty import difficulty as measured

    # A bar appears after two seconds, and only on a terminal.
    read = tqdm(items(puzzle), unit=" puzzles", disable=None, delay=2)
    found = ((item.puzzle, measured(item.puzzle)) for item in read)
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
    from knk.proofs.difficulty import GRADES

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

    from knk.answers.verify import verify as judge

    answer = None if completion is None else _completion(completion)
    right = True
    for number, item in enumerate(items(puzzle)):
        if item.completion is not None and answer is not None:
            raise KnkError(f"{item.place} has a completion of its own; leave out the one on the command line")
        if item.completion is None and number:
            raise KnkError(f"{item.place} has no completion of its own, and one answer is for one puzzle")
        if item.completion is None and answer is None:
            answer = _piped_completion(puzzle)
        verdict = judge(item.completion if item.completion is not None else answer or "", item.puzzle)
        claims = dict(verdict.claims)
        told = {"correct": verdict.correct, "reason": verdict.reason, "claims": claims}
        print(json.dumps(told, ensure_ascii=False) if as_json else wrapped(str(verdict)))
        right = right and bool(verdict)
    if not right:
        raise typer.Exit(1)


def _completion(argument: str) -> str:
    if is_file(argument):
        return Path(argument).read_text(encoding="utf-8-sig")
    if FILE_NAME.fullmatch(argument):
        raise KnkError(f"there is no file {argument!r}")
    return argument


def _piped_completion(puzzle: str) -> str:
    if puzzle == "-":
        raise KnkError('a puzzle from a pipe needs its answer on the command line, or under "completion" in JSON lines')
    if sys.stdin.isatty():
        raise KnkError("there is no answer to verify: give it after the puzzle, as a file, or through a pipe")
    return sys.stdin.read()
