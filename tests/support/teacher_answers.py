"""A folder of answers as `knk teach` writes it, with answers of every kind."""

import json
import random
from pathlib import Path
from typing import Any

from knk.tasks import kk

SFT_PUZZLES = list(kk.rows("train", n=6, seed=2))
ANSWER_KINDS = ("correct", "incorrect", "no format", "truncated", "stopped", "not closed")


def _answer_line(row: dict[str, Any], sample: int, kind: str, style: str) -> dict[str, Any]:
    correct = row["answer"]
    incorrect = " ".join({"knight": "knave", "knave": "knight"}.get(word, word) for word in correct.split(" "))
    text = {
        "correct": f" Let me check.</think><answer>{correct}</answer>",
        "incorrect": f" Wait.</think><answer>{incorrect}</answer>",
        "no format": f" So.</think>{correct}",
        "truncated": " Let me see, if",
        "stopped": f" So it is.</think><answer>{correct}",
        "not closed": f"<think>{correct}",
    }[kind]
    return {
        "id": row["id"],
        "sample": sample,
        "puzzle": row["puzzle"],
        "people": row["people"],
        "prompt": kk.prompt(row, style),
        "completion": text,
        "finish_reason": "length" if kind == "truncated" else "stop",
        "stop": "</answer>" if kind == "stopped" else None,
        "prompt_tokens": 100,
        "completion_tokens": len(text),
        "latency_s": 0.1,
        "model": "m",
        "parameters": {},
    }


def write_answers(folder: Path, shuffle: int = 0, style: str = "paper") -> Path:
    """Write a folder as `knk teach` does: for each puzzle an answer of each kind, in random order."""
    folder.mkdir()
    lines = [_answer_line(row, sample, kind, style) for row in SFT_PUZZLES for sample, kind in enumerate(ANSWER_KINDS)]
    random.Random(shuffle).shuffle(lines)
    (folder / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (folder / "inference.json").write_text('{"model": "m"}', encoding="utf-8")
    return folder
