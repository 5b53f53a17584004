"""A corpus, a run and an evaluation to report on, and a reader of pages."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import knk
from knk.datasets.files import write
from knk.datasets.rows import row_of
from knk.evals import results
from knk.evals.intervals import Estimate
from knk.evals.results import ArmScore, Curve, Results, StudyClaim

HOSTILE: Final = '<script>alert(1)</script><img src=x onerror="alert(2)">\u202e'
_VOID: Final = {"meta", "br", "img", "line", "circle", "rect", "polyline", "polygon", "path"}


class PageReader(HTMLParser):
    """Reads a page as a browser would, and collects unpaired tags, handlers and references to other files."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.faults: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.faults += [f"{tag} {name}" for name, _ in attrs if name.startswith("on") or name in ("src", "srcset")]
        self.faults += [
            f"{tag} {value}" for name, value in attrs if name == "href" and not (value or "").startswith("#")
        ]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and (not self.open or self.open.pop() != tag):
            self.faults.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.text += data


def read_page(page: str) -> PageReader:
    """Read a page, and assert that it is well formed and needs no other file."""
    reader = PageReader()
    reader.feed(page)
    assert not reader.open
    assert not reader.faults
    assert not {"script", "img", "iframe", "link", "object"} & set(reader.tags)
    assert "url(" not in page
    assert "@import" not in page
    return reader


def write_corpus(folder: Path, n: int = 30) -> Path:
    """Write a corpus of two splits, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, seed in (("train", 1), ("test", 2)):
        puzzles = knk.generate(people=3, n=n, seed=seed)
        write(folder / f"{split}.jsonl", (row_of(puzzle) for puzzle in puzzles))
    return folder


def write_run(folder: Path, **changes: Any) -> Path:
    """Write the folder of a training run, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "format": "knk-run-1",
        "recipe": "mine.yaml",
        "trainer": "grpo",
        "status": "finished",
        "settings": {"learning_rate": 1e-6, "reward_funcs": ["knk.rewards.kk_reward"]},
        "data": [{"file": "rows.jsonl", "rows": 1234, "bytes": 5678, "sha256": "ab" * 32}],
        "seed": 7,
        "steps": 20,
        "seconds": 61.5,
        "versions": {"python": "3.11"},
        "git": {"revision": "c" * 40, "dirty": True},
        "hardware": {"processor": "A processor", "cores": 2, "gpus": []},
        "sessions": [
            {"started": "x", "seconds": 1.0, "from_step": 0, "to_step": 10, "outcome": "killed"},
            {"started": "y", "seconds": 1.0, "from_step": 10, "to_step": 20, "outcome": "finished"},
        ],
    }
    (folder / "run.json").write_text(json.dumps(manifest | changes), encoding="utf-8")
    logged = [
        {
            "step": step,
            "loss": 1 / step,
            "reward": -1 + step / 10,
            "rewards/kk_reward/mean": 0.0,
            "kk/right": step / 20,
            "completions/clipped_ratio": 0.5,
            "completions/mean_length": 100.0 + step,
            "completions/max_length": 250.0,
            "completions/mean_terminated_length": 80.0 + step,
            "entropy": float("nan") if step == 3 else 1.0,
            "frac_reward_zero_std": 1.0 if step in (4, 5, 9) else 0.5,
            "reward_std": 0.5 + step / 50,
            "sampling/importance_sampling_ratio/mean": 0.9 if step < 15 else 0.2,
            "sampling/importance_sampling_ratio/min": 0.1,
            "sampling/importance_sampling_ratio/max": 1.8,
            "grad_norm": 1.0 + 1 / step,
            "learning_rate": 1e-6 * (1 - step / 20),
        }
        for step in range(1, 21)
    ]
    logged += [
        {"step": step, "eval_loss": 0.1, "eval_reward": step / 20, "eval_kk/right": step / 40} for step in (10, 20)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in logged), encoding="utf-8")
    (folder / "completions").mkdir(exist_ok=True)
    rows = [{"step": 1, "prompt": HOSTILE, "completion": HOSTILE, "kk_reward": -2.0, "advantage": 0.5}] * 12
    write(folder / "completions" / "completions_00001.parquet", rows)
    return folder


def write_evaluation(folder: Path, tasks: tuple[str, ...] = ("kk3", "col")) -> Path:
    """Write the results of an evaluation, and return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    accuracies = {"base": 0.25, "warmed": 0.75}
    scores = [
        ArmScore(arm, task, metric, Estimate(mean, mean - 0.05, mean + 0.05, 300, 3))
        for arm, mean in accuracies.items()
        for task in tasks
        for metric in ("accuracy", "tokens")
    ]
    claims = (
        StudyClaim("It rises", "above 0", Estimate(0.5, 0.4, 0.6, 300), True),
        StudyClaim("It falls", "below 0", Estimate(0.1, -0.1, 0.3, 300), None, "few seeds"),
        StudyClaim("It stays", "not above 0", None, False),
    )
    points = tuple((step, Estimate(step / 100, step / 200, step / 50, 300)) for step in (0, 10, 20))
    curves = (Curve("warmed + RL", tasks[0], "accuracy", points),)
    study = Results(f"A study {HOSTILE}", tuple(accuracies), tasks, tuple(scores), curves, claims, {"seeds": "3"})
    results.write(folder, study)
    return folder
