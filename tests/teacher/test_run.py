"""Runs over corpora and large files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from knk.datasets.build import build
from knk.datasets.config import CorpusConfig, PartConfig
from knk.datasets.stream import write
from knk.errors import BadFile
from knk.generation.spec import Spec
from knk.inference.sampling import Sampling
from knk.inference.store import ANSWERS
from knk.teacher.proofs import TraceEngine
from knk.teacher.run import corpus_identity, count_puzzles, teach
from tests.support.faulty_server import serve
from tests.support.paths import ROOT
from tests.support.teaching import (
    stored_pairs,
)


def test_a_run_uses_the_puzzles_of_one_split(tmp_path: Path) -> None:
    build(CorpusConfig((PartConfig(Spec(people=3), 200, "a"),)), tmp_path / "corpus")
    manifest = corpus_identity(tmp_path / "corpus", "train")
    assert manifest == corpus_identity(tmp_path / "corpus", "test")
    counts = {split: count_puzzles(tmp_path / "corpus", split, None) for split in ("train", "test")}
    for split, count in counts.items():
        summary = teach(tmp_path / "corpus", tmp_path / split, TraceEngine(), Sampling(), split=split)
        assert summary.stored == count > 0
    keys = [{key for key, _ in stored_pairs(tmp_path / split / ANSWERS)} for split in counts]
    assert not keys[0] & keys[1]
    with pytest.raises(BadFile):
        corpus_identity(tmp_path / "train", "train")


MEASURE = """
import gc, json, sys, tracemalloc
from knk.generation.generate import generate
from knk.datasets.rows import row_of
from knk.generation.spec import Spec
from knk.tasks import kk
from knk.teacher import Sampling, ServerEngine, teach

class Observer:
    count, memory = 0, {}
    def skipped(self, answers): pass
    def notify(self, text): pass
    def done(self, answers, tokens):
        self.count += answers
        if self.count in (2_000, 10_000):
            gc.collect()
            self.memory[self.count] = tracemalloc.get_traced_memory()

tracemalloc.start()
# The library caches the last 16,384 puzzles that it read; the cache is filled before measuring.
for puzzle in generate(Spec(people=4), 17_000, 99):
    row = row_of(puzzle)
    kk.prompt(row)
gc.collect()
tracemalloc.reset_peak()
corpus, folder, url = sys.argv[1:]
teach(corpus, folder, ServerEngine("m", url), Sampling(max_tokens=5), split="test", observer=Observer())
print(json.dumps(Observer.memory))
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "puzzles.jsonl"
    write(path, Spec(people=4), 10_000, seed=6)
    with serve() as server:
        arguments = [sys.executable, "-c", MEASURE, str(path), str(tmp_path / "run"), server.url]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True, timeout=500)
    memory = json.loads(process.stdout)
    (early, early_peak), (late, late_peak) = memory["2000"], memory["10000"]
    # The run holds a key and a number per puzzle, some 130 bytes; the text of a puzzle has 1,000 bytes and more.
    assert late - early < 8_000 * 300, memory
    assert late_peak - early_peak < 8_000 * 300, memory
