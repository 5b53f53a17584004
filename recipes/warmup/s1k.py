"""The rows of s1K as prompts and completions, in the form that all of the library's are in.

    python recipes/warmup/s1k.py -o data/s1k.jsonl

The dataset (simplescaling/s1K on the Hub, a thousand rows) is fetched, not shipped. See "s1: Simple test-time scaling"
(arXiv 2501.19393).
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from knk.datasets import files
from knk.errors import BadRow
from knk.tasks.format import has_format, prompt_of

NAME = "simplescaling/s1K"
INSTRUCTION = r"Put the final answer into \boxed{} inside the answer tags."


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the rows and return the exit status."""
    parser = argparse.ArgumentParser(description="Write s1K as rows for SFT.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the .jsonl or .parquet file to write")
    parser.add_argument("--data", type=Path, help="a local .jsonl or .parquet file in place of the Hub")
    chosen = parser.parse_args(arguments)
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    count = files.write(chosen.output, converted(files.read(chosen.data) if chosen.data else published()))
    print(f"{chosen.output}: {count} rows")
    return 0


def published() -> Iterable[Mapping[str, Any]]:
    """Return the published rows."""
    from datasets import load_dataset

    rows: Iterable[Mapping[str, Any]] = load_dataset(NAME, split="train")
    return rows


def converted(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Iterate over rows as prompt and completion.

    Args:
        rows: rows with a question, a list of trajectories, of which the first is taken, and an attempt.

    Raises:
        BadRow: a row has not got them.
    """
    for number, row in enumerate(rows, 1):
        thoughts, attempt, question = row.get("thinking_trajectories"), row.get("attempt"), row.get("question")
        if (
            not isinstance(thoughts, list)
            or not thoughts
            or not isinstance(attempt, str)
            or not isinstance(question, str)
        ):
            raise BadRow(f"row {number} is not one of s1K: it has no question, thinking_trajectories and attempt")
        completion = f"\n{str(thoughts[0]).strip()}\n</think>\n<answer>{attempt.strip()}</answer>"
        if has_format(completion):  # A few quote the tags themselves.
            yield {"prompt": prompt_of(question, INSTRUCTION, "paper"), "completion": completion}


if __name__ == "__main__":
    sys.exit(main())
