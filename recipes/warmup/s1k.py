"""Convert s1K to rows of prompt and completion in the library's format.

    python recipes/warmup/s1k.py -o data/s1k.jsonl

The dataset, simplescaling/s1K on the Hub, is downloaded; it has 1,000 rows. See "s1: Simple test-time scaling"
(arXiv 2501.19393).
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from knk.datasets import files
from knk.errors import BadRow
from knk.tasks.format import completion_of, has_format, prompt_of
from knk.tasks.messages import text_of

NAME = "simplescaling/s1K"
INSTRUCTION = r"Put the final answer into \boxed{} inside the answer tags."


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the rows and return the exit status."""
    parser = argparse.ArgumentParser(description="Write s1K as rows for SFT.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the .jsonl or .parquet file to write")
    parser.add_argument("--data", type=Path, help="a local .jsonl or .parquet file instead of the Hub")
    options = parser.parse_args(arguments)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    count = files.write(options.output, convert(files.read(options.data) if options.data else hub_rows()))
    print(f"{options.output}: {count} rows")
    return 0


def hub_rows() -> Iterable[Mapping[str, Any]]:
    """Return the rows from the Hub."""
    from datasets import load_dataset

    rows: Iterable[Mapping[str, Any]] = load_dataset(NAME, split="train")
    return rows


def convert(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Iterate over s1K's rows, converted to prompt and completion.

    Args:
        rows: rows with `question`, `thinking_trajectories`, of which the first is used, and `attempt`.

    Raises:
        BadRow: a row lacks one of these columns.
    """
    for number, row in enumerate(rows, 1):
        trajectories, attempt, question = row.get("thinking_trajectories"), row.get("attempt"), row.get("question")
        if (
            not isinstance(trajectories, list)
            or not trajectories
            or not isinstance(attempt, str)
            or not isinstance(question, str)
        ):
            raise BadRow(f"row {number} is not from s1K: expected question, thinking_trajectories and attempt")
        completion = completion_of(
            f"{str(trajectories[0]).strip()}\n</think>\n<answer>{attempt.strip()}</answer>", "paper"
        )
        if has_format(text_of(completion)):  # A few rows quote the tags in their text.
            yield {"prompt": prompt_of(question, INSTRUCTION, "paper"), "completion": completion}


if __name__ == "__main__":
    sys.exit(main())
