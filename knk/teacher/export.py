"""Rows in the formats that other libraries train on: the public data, TRL's prompts, and TRL's completions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Final

from knk import tasks
from knk.datasets.rows import answer_of, wording_seed
from knk.errors import BadRow, KnkError
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import solve
from knk.parallel.executors import open_executor
from knk.proofs.trace import trace
from knk.tasks import kk
from knk.tasks.format import completion_of
from knk.tasks.source import Row, field
from knk.teacher.public_data import public_row
from knk.text.explain import explain

EXPORT_FORMATS: Final = ("public", "grpo", "sft")
"""The public data's columns, prompts for TRL's GRPO, prompts and completions for TRL's SFT."""
_ROWS_PER_JOB: Final = 500


@dataclass(frozen=True)
class ExportFormat:
    """A format for rows, and its options.

    Args:
        name: one of `EXPORT_FORMATS`.
        style: for "grpo" and "sft" the style of the prompts, "paper" or "chat"; see `knk.tasks.format`.
        proof_style: for "sft" the style of the proofs, one of `knk.text.styles.PROOF_STYLES`.
        seed: selects the wordings of the proofs.
        split: for "public" the split to name in `extra_info`.

    Raises:
        BadRow: there is no such format.

    >>> ExportFormat("sft").proof_style
    'long'
    """

    name: str
    style: str = "paper"
    proof_style: str = "long"
    seed: int = 0
    split: str = "train"

    def __post_init__(self) -> None:
        if self.name not in EXPORT_FORMATS:
            raise BadRow(f"unknown format {self.name!r}: expected one of {', '.join(EXPORT_FORMATS)}")

    def convert(self, row: Row, index: int) -> Row:
        """Return a row in this format.

        Args:
            row: a row with "puzzle" and "text".
            index: the index of the row.

        Raises:
            BadRow: the row cannot be written in this format.
        """
        if self.name == "public":
            return public_row(row, index, self.split, self.seed)
        if self.name == "grpo":
            return prompt_row(row, self.style)
        return completion_row(row, self.style, self.proof_style, self.seed)


def export_rows(
    rows: Iterable[Row], export_format: ExportFormat, processes: int | None = 1, executor: str = "local"
) -> Iterator[Row]:
    """Return an iterator over rows in another format, in the same order.

    Args:
        rows: rows with "puzzle" and "text"; they are read as they are needed.
        export_format: the format.
        processes: how many processes to use, None for one per core; a script that asks for more than one must guard
            its start with `if __name__ == "__main__"`.
        executor: what runs the jobs, "local" or "ray"; see `knk.parallel.executors.open_executor`.

    Raises:
        BadRow: a row cannot be written in this format.

    >>> rows = [{"puzzle": "Ann,Bob 0:-1 1:&(-0,-1)", "text": "Ann: Bob is a knave. Bob: We are both knaves."}]
    >>> next(export_rows(rows, ExportFormat("public")))["statements"]
    "(('lying', 1), ('and', ('lying', 0), ('lying', 1)))"
    >>> list(next(export_rows(rows, ExportFormat("sft"))))
    ['prompt', 'completion', 'id']
    """
    rows = iter(rows)
    if len(first := list(islice(rows, _ROWS_PER_JOB))) < _ROWS_PER_JOB:
        yield from _convert_rows(export_format, 0, first)
        return
    with open_executor(processes, executor) as (pool, workers):
        pending = deque([pool.submit(_convert_rows, export_format, 0, first)])
        for start in count(_ROWS_PER_JOB, _ROWS_PER_JOB):
            job = list(islice(rows, _ROWS_PER_JOB))
            if job:
                pending.append(pool.submit(_convert_rows, export_format, start, job))
            while pending and (not job or len(pending) > 2 * workers):
                yield from pending.popleft().result()
            if not job:
                return


def _convert_rows(export_format: ExportFormat, start: int, rows: Sequence[Row]) -> list[Row]:
    return [_convert_row(export_format, row, index) for index, row in enumerate(rows, start)]


def _convert_row(export_format: ExportFormat, row: Row, index: int) -> Row:
    try:
        return export_format.convert(row, index)
    except KnkError as error:
        raise BadRow(f"row {index}: {error}") from error


def prompt_row(row: Row, style: str = "paper") -> Row:
    """Return a row for TRL's GRPO, the same as `knk.tasks.prompt_row` returns for the task `kk`.

    Args:
        row: a row with "puzzle" and "text".
        style: the style of the prompt.

    >>> sorted(prompt_row({"puzzle": "Ann,Bob 0:&(-0,-1)", "text": "Ann: We are both knaves."}))
    ['id', 'prompt', 'puzzle', 'solution']
    """
    puzzle = _decode_puzzle(row)
    return tasks.prompt_row(tasks.load("kk"), row | {"id": puzzle.key, "solution": list(solve(puzzle))}, style)


def completion_row(row: Row, style: str = "paper", proof_style: str = "long", seed: int = 0) -> Row:
    """Return a row for TRL's SFT: a prompt, and a completion with a checked proof and the answer.

    Args:
        row: a row with "puzzle" and "text".
        style: "paper" for strings, with the thinking tag opened by the prompt; "chat" for messages.
        proof_style: the style of the proof.
        seed: selects its wording.

    >>> row = {"puzzle": "Ann,Bob 0:&(-0,-1)", "text": "Ann: We are both knaves."}
    >>> completion_row(row, proof_style="brief")["completion"].splitlines()[-2:]
    ['<answer>(1) Ann is a knave', '(2) Bob is a knight</answer>']
    """
    puzzle = _decode_puzzle(row)
    answer = answer_of(puzzle, solve(puzzle))
    # The proof ends with the answer, which is moved into the answer tags.
    proof = explain(trace(puzzle), proof_style, wording_seed(row["puzzle"], seed)).removesuffix(answer).rstrip()
    text = f"{proof}\n</think>\n<answer>{answer}</answer>"
    return {"prompt": kk.prompt(row, style), "completion": completion_of(text, style), "id": puzzle.key}


def _decode_puzzle(row: Row) -> Puzzle:
    return decode(field(row, "puzzle", str))
