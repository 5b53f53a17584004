"""Executors: processes of this machine, and a Ray cluster, one of whose workers is killed."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from knk.cli import main
from knk.datasets.audit.run import audit
from knk.datasets.build import BuildSettings, build
from knk.datasets.config import CorpusConfig, PartConfig
from knk.errors import MissingPackage, NoExecutor
from knk.generation.spec import Spec
from knk.parallel.executors import open_executor
from knk.tasks import kk
from knk.teacher.export import ExportFormat, export_rows
from tests.support.folders import files_in
from tests.support.paths import ROOT

CONFIG = CorpusConfig(
    (PartConfig(Spec(people=(3, 6)), 6000, "mixed"), PartConfig(Spec(people=4, target=(("grade", 3),)), 40, "hard")),
    seed=4,
)


def test_an_unknown_executor_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoExecutor, match="expected one of local, ray"):
        build(CONFIG, tmp_path / "corpus", executor="dask")


def test_the_error_without_ray_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPackage, match=r"pip install '\.\[ray\]'"):
        build(CONFIG, tmp_path / "corpus", executor="ray")


def test_inline_futures_hold_only_errors_of_the_library() -> None:
    def fail(error: Exception) -> None:
        raise error

    with open_executor(processes=1) as (executor, workers):
        assert workers == 1
        assert executor.submit(max, 3, 4).result() == 4
        assert isinstance(executor.submit(fail, NoExecutor("no")).exception(), NoExecutor)
        with pytest.raises(ZeroDivisionError):
            executor.submit(fail, ZeroDivisionError())


def job_with_interrupt(_: int) -> int:
    """Interrupt this process, as a terminal does."""
    os.kill(os.getpid(), signal.SIGINT)
    return os.getpid()


def test_processes_ignore_interrupts() -> None:
    with open_executor(processes=2) as (executor, workers):
        pids = {future.result(timeout=60) for future in [executor.submit(job_with_interrupt, i) for i in range(6)]}
    assert workers == 2
    assert os.getpid() not in pids


INTERRUPTED = """
import time
from knk.parallel.executors import open_executor
if __name__ == "__main__":
    try:
        with open_executor(processes=2) as (executor, _):
            executor.submit(time.sleep, 600).result()
    except KeyboardInterrupt:
        print("interrupted")
"""
INTERRUPT_AT_START = """
import os, signal, sys
if "--multiprocessing-fork" in sys.orig_argv:
    os.killpg(0, signal.SIGINT)
"""


def test_an_interrupt_while_a_process_starts_is_quiet_and_prompt(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPT_AT_START)  # Python runs this before anything of ours.
    (tmp_path / "program.py").write_text(INTERRUPTED)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "program.py")],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")


def with_ray(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that needs Ray."""
    missing = importlib.util.find_spec("ray") is None
    test = pytest.mark.skipif(missing, reason="Ray is not installed: make check-all does it")(test)
    test = pytest.mark.filterwarnings("ignore")(test)  # Ray's own, of which there are many.
    marked: Callable[..., None] = pytest.mark.slow(test)
    return marked


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head without processors and two workers with one each, to which this process is connected."""
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    made.workers = [made.add_node(num_cpus=1) for _ in range(2)]
    ray.init(address=made.address, log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()


@with_ray
def test_a_killed_worker_changes_no_byte(cluster: Any, tmp_path: Path) -> None:
    settings = BuildSettings(batch=4000)  # Some batches, so that there is a middle to kill a worker in.
    build(CONFIG, tmp_path / "here", settings=settings)
    seen: list[int] = []

    def kill(rows: int) -> None:
        seen.append(rows)
        if len(seen) == 2:
            cluster.remove_node(cluster.workers[0], allow_graceful=False)

    build(CONFIG, tmp_path / "there", progress=kill, executor="ray", settings=settings)
    assert len(seen) > 3
    assert files_in(tmp_path / "there") == files_in(tmp_path / "here")


@with_ray
def test_an_audit_on_ray_is_the_same(cluster: Any, tmp_path: Path) -> None:
    build(CONFIG, tmp_path / "corpus")
    assert (
        audit(tmp_path / "corpus", executor="ray", single_process_rows=10).to_dict()
        == audit(tmp_path / "corpus").to_dict()
    )


@with_ray
def test_an_export_on_ray_is_the_same(cluster: Any) -> None:
    rows = list(kk.rows("train", n=700))
    assert list(export_rows(rows, ExportFormat("sft"), executor="ray")) == list(export_rows(rows, ExportFormat("sft")))


@with_ray
def test_the_command_starts_a_cluster_of_its_own(tmp_path: Path) -> None:
    config = tmp_path / "corpus.yaml"
    config.write_text("parts: [{name: a, people: 4, rows: 300}]")
    for executor in ("ray", "local"):
        assert main(["corpus", "build", str(config), "-o", str(tmp_path / executor), "--executor", executor]) == 0
    assert files_in(tmp_path / "ray") == files_in(tmp_path / "local")


def build_on(address: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a Ray cluster and return what it prints."""
    config = folder / "corpus.yaml"
    config.write_text("parts: [{name: a, people: 4, rows: 20}]")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return subprocess.run(
        [sys.executable, "-m", "knk", "corpus", "build", str(config), "-o", str(folder / "out"), "--executor", "ray"],
        env={**clean, "RAY_ADDRESS": address, "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@with_ray
def test_a_head_that_is_gone_is_one_line(tmp_path: Path) -> None:
    done = build_on(f"127.0.0.1:{free_port()}", tmp_path)
    assert done.returncode == 2
    assert "nothing answers there" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@with_ray
def test_a_cluster_that_wants_a_token_says_so(tmp_path: Path) -> None:
    port, token = free_port(), "a" * 64
    ray = str(Path(sys.executable).with_name("ray"))
    environment = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
    head = [ray, "start", "--head", f"--port={port}", "--num-cpus=1", "--include-dashboard=false", "--block"]
    process = subprocess.Popen(
        head, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        refused = build_on(f"127.0.0.1:{port}", tmp_path)
        assert refused.returncode == 2
        assert "wants its token: set RAY_AUTH_MODE=token" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
        assert build_on(f"127.0.0.1:{port}", tmp_path, **environment).returncode == 0
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
