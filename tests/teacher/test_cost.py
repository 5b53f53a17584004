"""Cost estimates: what a run would take, without any request."""

from pathlib import Path

from knk.inference.sampling import Sampling
from knk.teacher.cost import estimate_cost
from knk.teacher.proofs import TraceEngine
from tests.support.teaching import ask_all


def test_existing_answers_cost_nothing(puzzles: Path, tmp_path: Path) -> None:
    ask_all(puzzles, tmp_path / "run", TraceEngine(), Sampling(n=2), limit=5)
    content = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    cost = estimate_cost(puzzles, Sampling(n=2, max_tokens=10), folder=tmp_path / "run", split="test", limit=8)
    assert (cost.puzzles, cost.answers, cost.gpu_hours) == (3, 6, None)
    assert content == {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
