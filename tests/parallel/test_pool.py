"""The pool of worker processes: every job ends within its limits and affects no other job."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from knk.errors import WorkersFailed
from knk.parallel.pool import Outcome, Pool, shared
from tests.support.paths import ROOT

WORK = "tests.support.worker_jobs:work"


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(WORK, size=2, seconds=1.0, memory=1 << 29) as pool:
        yield pool


def endings(outcomes: list[Outcome]) -> list[str]:
    return [outcome.ending for outcome in outcomes]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def ends(pid: int, seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not is_alive(pid)


def test_outcomes_are_in_the_order_of_the_jobs(pool: Pool) -> None:
    assert [outcome.value for outcome in pool.run([["say", number] for number in range(100)])] == list(range(100))


def test_no_jobs_start_no_workers() -> None:
    with Pool("no.such:function") as pool:
        assert pool.run([]) == []


@pytest.mark.parametrize("slow", [["sleep", 60], ["spin", 0], ["power", 9]])
def test_a_job_that_takes_too_long_is_stopped_alone(pool: Pool, slow: list[Any]) -> None:
    outcomes = pool.run([["say", 1], slow, ["say", 2], ["say", 3]])
    assert endings(outcomes) == ["done", "timed out", "done", "done"]
    assert [outcome.value for outcome in outcomes] == [1, None, 2, 3]


def test_each_job_has_its_own_time_limit(pool: Pool) -> None:
    assert endings(pool.run([["sleep", 0.4]] * 6)) == ["done"] * 6


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_job_that_needs_too_much_memory_fails_alone(pool: Pool) -> None:
    outcomes = pool.run([["say", 1], ["memory", 1 << 40], ["memory", 1 << 20]])
    assert endings(outcomes) == ["done", "no memory", "done"]


def test_a_worker_that_dies_is_replaced(pool: Pool) -> None:
    outcomes = pool.run([["exit", 0], ["say", 1], ["exit", 7], ["say", 2]])
    assert endings(outcomes) == ["died", "done", "died", "done"]


def test_an_exception_is_reported_in_one_line_and_the_worker_stays(pool: Pool) -> None:
    before = pool.run([["pid", 0]])[0].value
    assert pool.run([["raise", "two\nlines"]]) == [Outcome("failed", None, "RuntimeError: two lines")]
    assert pool.run([["pid", 0]])[0].value == before


def test_printed_text_is_not_an_outcome(pool: Pool) -> None:
    assert [outcome.value for outcome in pool.run([["print", '["done", 7]'], ["say", 1]])] == ['["done", 7]', 1]


def test_workers_are_used_again_by_the_next_call(pool: Pool) -> None:
    first = {outcome.value for outcome in pool.run([["pid", 0]] * 40)}
    assert {outcome.value for outcome in pool.run([["pid", 0]] * 40)} <= first
    assert os.getpid() not in first


def test_many_threads_can_share_a_pool(pool: Pool) -> None:
    results: dict[int, list[Any]] = {}

    def use(number: int) -> None:
        results[number] = [outcome.value for outcome in pool.run([["say", [number, index]] for index in range(30)])]

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: [[number, index] for index in range(30)] for number in range(8)}


def test_alarms_of_the_caller_still_work(pool: Pool) -> None:
    alarms: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: alarms.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        assert endings(pool.run([["sleep", 0.6]])) == ["done"]
    finally:
        signal.signal(signal.SIGALRM, before)
    assert alarms == [signal.SIGALRM]


def test_a_missing_function_is_an_error() -> None:
    with Pool("knk.no_such_module:function", size=1) as pool, pytest.raises(WorkersFailed, match="no_such_module"):
        pool.run([1])
    with Pool("math:no_such_function", size=1) as pool, pytest.raises(WorkersFailed, match="no_such_function"):
        pool.run([1])


def test_a_result_that_is_not_json_fails() -> None:
    with Pool("tests.support.worker_jobs:not_json", size=1) as pool:
        assert endings(pool.run([1, 2])) == ["failed", "failed"]


def test_workers_end_with_close_and_start_again() -> None:
    with Pool(WORK, size=1) as pool:
        first = pool.run([["pid", 0]])[0].value
        pool.close()
        assert not is_alive(first)
        assert pool.run([["pid", 0]])[0].value != first


def test_workers_end_when_the_pool_is_deleted() -> None:
    pool = Pool(WORK, size=1)
    worker = pool.run([["pid", 0]])[0].value
    del pool
    assert ends(worker)


def test_an_interrupt_leaves_no_workers() -> None:
    with Pool(WORK, size=1) as pool:
        worker = pool.run([["pid", 0]])[0].value
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            pool.run([["sleep", 60]])
        assert not is_alive(worker)
        assert pool.run([["say", 1]])[0].value == 1


SCRIPT = f"""
import os, sys, threading
from knk.parallel.pool import shared
pool = shared({WORK!r}, size=1)
print(pool.run([["pid", 0]])[0].value, flush=True)
if sys.argv[1] == "work":
    threading.Thread(target=pool.run, args=([[sys.argv[2], 9]],)).start()
if sys.argv[1] == "fork":
    child = os.fork()
    if not child:
        print(pool.run([["pid", 0]])[0].value, flush=True)
        sys.exit()
    os.waitpid(child, 0)
    print(pool.run([["pid", 0]])[0].value, flush=True)
if sys.argv[1] != "end" and sys.argv[1] != "fork":
    sys.stdin.read()
"""


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-X", "dev", "-c", SCRIPT, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_a_program_leaves_no_worker_and_no_warning_at_its_end() -> None:
    with started("end") as program:
        out, err = program.communicate(timeout=60)
        assert (program.returncode, err) == (0, "")
        assert ends(int(out))


@pytest.mark.parametrize("job", ["sleep", "spin"])
def test_workers_end_with_a_program_that_is_killed(job: str) -> None:
    with started("work", job) as program:
        assert program.stdout is not None
        worker = int(program.stdout.readline())
        time.sleep(0.3)
        program.kill()
        assert ends(worker)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_forked_process_starts_its_own_workers() -> None:
    with started("fork") as program:
        out, err = program.communicate(timeout=60)
    first, forked, again = map(int, out.split())
    assert first == again != forked
    assert err == ""
    assert ends(first)
    assert ends(forked)


def test_workers_do_not_run_the_callers_main_module(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text(
        "print('run')\nfrom knk.parallel.pool import Pool\nwith Pool('math:factorial', size=2) as pool:\n"
        "    print([outcome.value for outcome in pool.run([1, 2, 3])])\n"
    )
    # A file that would shadow a module if the working folder came first on the path.
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    (tmp_path / "elsewhere").mkdir()
    script = script.rename(tmp_path / "elsewhere" / "main.py")
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert done.stdout.split("\n") == ["run", "[1, 2, 6]", ""]


def test_a_pool_is_shared_by_function_and_limits() -> None:
    assert shared(WORK, seconds=1.0) is shared(WORK, seconds=1.0)
    assert shared(WORK, seconds=1.0) is not shared(WORK, seconds=2.0)
