"""The library's own proofs as a teacher."""

from pathlib import Path

import pytest

from knk import verify
from knk.inference.sampling import Sampling
from knk.inference.store import ANSWERS
from knk.logic.notation import decode
from knk.teacher.proofs import TraceEngine
from tests.support.teaching import ask_all, read_lines


@pytest.mark.parametrize("style", ["paper", "chat"])
def test_proofs_are_correct_and_vary_in_wording(puzzles: Path, tmp_path: Path, style: str) -> None:
    for name, seed in (("a", None), ("b", 0), ("c", 1)):
        ask_all(puzzles, tmp_path / name, TraceEngine(), Sampling(n=3, seed=seed), style=style, limit=20)
    answers = read_lines(tmp_path / "a" / ANSWERS)
    for line in answers:
        assert verify(line["completion"], decode(line["puzzle"])).correct
        assert line["completion"].startswith("<think>") is (style == "chat")
        assert (line["finish_reason"], line["stop"], line["completion_tokens"]) == ("stop", None, None)
    texts = [line["completion"] for line in answers]
    assert len(set(texts)) == 60
    assert texts == [line["completion"] for line in read_lines(tmp_path / "b" / ANSWERS)]
    assert not set(texts) & {line["completion"] for line in read_lines(tmp_path / "c" / ANSWERS)}
