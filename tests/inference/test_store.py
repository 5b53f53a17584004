"""A run's folder: runs resume from it, and another run is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from knk.errors import BadFile, BadFolder, BadRow
from knk.inference.sampling import Sampling
from knk.inference.server import ServerEngine
from knk.inference.store import ANSWERS, FAILED, HEADER, open_store
from knk.teacher.cost import estimate_cost
from knk.teacher.proofs import TraceEngine
from tests.support.faulty_server import fail_first, serve
from tests.support.teaching import (
    SHORT,
    ask_all,
    expected_pairs,
    quick_engine,
    stored_pairs,
)


def test_only_failures_are_requested_again(puzzles: Path, tmp_path: Path) -> None:
    sampling = replace(SHORT, n=2)
    with serve(fail_first(*["no JSON"] * 3)) as server:
        engine = quick_engine(server, retries=0, concurrency=1)
        summary = ask_all(puzzles, tmp_path / "run", engine, sampling, limit=10)
        assert (summary.stored, summary.failed) == (17, 3)
        again = ask_all(puzzles, tmp_path / "run", engine, sampling, limit=10)
        assert (again.existing, again.stored, again.failed) == (17, 3, 0)
        assert len(server.requests) == 23
        more = ask_all(puzzles, tmp_path / "run", engine, sampling, limit=12)
        assert (more.existing, more.stored) == (20, 4)
        moved = replace(engine, base_url="http://nobody:1/v1")
        assert ask_all(puzzles, tmp_path / "run", moved, sampling, limit=9).existing == 18
    assert not stored_pairs(tmp_path / "run" / FAILED)
    assert sorted(stored_pairs(tmp_path / "run" / ANSWERS)) == sorted(expected_pairs(puzzles, 2, 12))


def test_a_puzzle_that_occurs_twice_is_requested_once(tmp_path: Path) -> None:
    path = tmp_path / "twice.jsonl"
    notations = ["Ann,Bob 0:-1 1:&(-0,-1)", "Ann,Bob 0:&(-0,-1)", "Zoe,Max 0:-1 1:&(-0,-1)", "Ann,Bob 0:-1 1:&(-0,-1)"]
    path.write_text("".join(json.dumps({"puzzle": notation}) + "\n" for notation in notations))
    for existing in (0, 4):
        summary = ask_all(path, tmp_path / "run", TraceEngine(), Sampling(n=2))
        assert (summary.existing, summary.stored, summary.duplicates) == (existing, 4 - existing, 2)
    assert estimate_cost(path, Sampling(n=2), split="test").answers == 4


def test_an_unfinished_line_is_cut_off(puzzles: Path, tmp_path: Path) -> None:
    with serve() as server:
        ask_all(puzzles, tmp_path / "run", quick_engine(server), limit=5)
        path = tmp_path / "run" / ANSWERS
        content = path.read_bytes()
        path.write_bytes(content[:-20])
        (tmp_path / "run" / FAILED).write_bytes(b'{"id": "')
        assert ask_all(puzzles, tmp_path / "run", quick_engine(server), limit=5).stored == 1
    assert sorted(stored_pairs(path)) == sorted(expected_pairs(puzzles, 1, 5))
    assert path.read_bytes().startswith(content[: content[:-1].rindex(b"\n") + 1])
    assert (tmp_path / "run" / FAILED).read_bytes() == b""


@pytest.mark.parametrize(
    "line", [b"x\n", b'{"id": "00", "sample": 0}\n', b"[]\n", b'{"id": 3, "sample": []}\n', b"\0\0\n"]
)
def test_a_file_with_other_lines_is_refused(puzzles: Path, tmp_path: Path, line: bytes) -> None:
    engine = TraceEngine()
    ask_all(puzzles, tmp_path / "run", engine, Sampling(), limit=2)
    path = tmp_path / "run" / ANSWERS
    content = path.read_bytes()
    for bad in (content + line, content + content):
        path.write_bytes(bad)
        with pytest.raises(BadFolder, match="line 3"):
            ask_all(puzzles, tmp_path / "run", engine, Sampling(), limit=2)
        assert path.read_bytes() == bad


def test_the_folder_of_another_run_is_refused(puzzles: Path, tmp_path: Path) -> None:
    engine = TraceEngine()
    ask_all(puzzles, tmp_path / "run", engine, Sampling(), limit=2)
    other = tmp_path / "other.jsonl"
    other.write_bytes(puzzles.read_bytes() + puzzles.read_bytes()[:-1])
    with pytest.raises(BadFolder, match=r"another n \(1, not 2\)"):
        ask_all(puzzles, tmp_path / "run", engine, Sampling(n=2))
    with pytest.raises(BadFolder, match="another corpus"):
        ask_all(other, tmp_path / "run", engine, Sampling())
    with pytest.raises(BadFolder, match=r"another style \('paper', not 'chat'\)"):
        ask_all(puzzles, tmp_path / "run", engine, Sampling(), style="chat")
    with pytest.raises(BadFolder, match="another engine"):
        ask_all(puzzles, tmp_path / "run", ServerEngine("m", "http://localhost/v1"))
    (tmp_path / "run" / HEADER).write_text("{")
    with pytest.raises(BadFolder, match="not JSON"):
        ask_all(puzzles, tmp_path / "run", engine, Sampling())
    with pytest.raises(BadFolder, match="not empty"):
        ask_all(puzzles, tmp_path, engine, Sampling())
    assert {path.name for path in tmp_path.iterdir()} == {"run", "other.jsonl"}


def test_two_processes_do_not_share_a_folder(puzzles: Path, tmp_path: Path) -> None:
    ask_all(puzzles, tmp_path / "run", TraceEngine(), Sampling(), limit=2)
    header = json.loads((tmp_path / "run" / HEADER).read_text())
    with open_store(tmp_path / "run", header), pytest.raises(BadFolder, match="another process"):
        ask_all(puzzles, tmp_path / "run", TraceEngine(), Sampling(), limit=2)


def test_a_bad_row_ends_the_run_and_stored_answers_remain(puzzles: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("".join(puzzles.read_text(encoding="utf-8").splitlines(keepends=True)[:9]) + '{"text": 3}\n')
    with serve() as server, pytest.raises(BadRow):
        ask_all(bad, tmp_path / "run", quick_engine(server, concurrency=2))
    assert 7 <= len(stored_pairs(tmp_path / "run" / ANSWERS)) <= 9
    with pytest.raises(BadFile):
        ask_all(tmp_path / "nothing.jsonl", tmp_path / "run", TraceEngine())
