"""Exercises in the form of EvalPlus's release of HumanEval+, and the release itself where it is available."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT

PUBLISHED = Path(os.environ.get("KNK_DATA", ROOT.parent / "shared" / "data")) / "HumanEvalPlus.jsonl.gz"
needs_data = pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published functions are missing; set KNK_DATA")

SCALE = {
    "task_id": "Mine/0",
    "prompt": '''from typing import List
import math


def half(x: float) -> float:
    return x / 2


def scale(numbers: List[float], by: float) -> List[float]:
    """Each number times another.
    >>> scale([1.0, 2.0], 0.5)
    [0.5, 1.0]
    """
''',
    "canonical_solution": "    return [number * by for number in numbers]\n",
    "entry_point": "scale",
    "base_input": [[[1.0, 2.0], 0.5], [[0.1], 3.0]],
    "plus_input": [[[], 1.0], [[1.0, 2.0], 0.5], [[1e9, -0.0], 7.0]],
    "atol": 0,
}
RANK = {
    "task_id": "Mine/1",
    "prompt": 'def rank(words, least):\n    """Words of so many letters, the shortest first, and how many not."""\n',
    "canonical_solution": """    found = []
    rest = 0
    while words:
        word = words.pop()
        if len(word) >= least and word not in found:
            found.append(word)
        else:
            rest += 1
    return sorted(found, key=lambda word: (len(word), word)), rest
""",
    "entry_point": "rank",
    "base_input": [[["pear", "fig", "apple"], 4]],
    "plus_input": [[["a", "a", "bb"], 1], [[], 0], [["x", "yy", "zzz", "yy"], 2]],
    "atol": 0,
}
ZERO = {
    "task_id": "Mine/2",
    "prompt": "def find_zero(xs: list):\n",
    "canonical_solution": "    return -xs[0] / xs[1] if len(xs) == 2 else 1.0\n",
    "entry_point": "find_zero",
    "base_input": [[[3, 1]], [[-1, 0, 1]]],
    "plus_input": [[[1, 2]]],
    "atol": 1e-4,
}
COUNT = {
    "task_id": "Mine/3",
    "prompt": "def count(word: str):\n",
    "canonical_solution": """    found = {}
    for c in word:
        found[c] = found.get(c, 0) + 1
    return found
""",
    "entry_point": "count",
    "base_input": [["abca"]],
    "plus_input": [[""], ["zyxzy"]],
    "atol": 0,
}
ALL = (SCALE, RANK, ZERO, COUNT)


def written(items: list[dict[str, Any]], folder: Path) -> Path:
    """Write items to a file in a folder, and return the file's path."""
    path = folder / "items.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return path
