"""What works at jobs: processes of this machine, and a Ray cluster, one of whose workers is killed."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from knk.cli import main
from knk.datasets.audit.run import audit
from knk.datasets.build import build
from knk.datasets.config import Part, Recipe
from knk.errors import MissingPackage, NoEngine
from knk.generation.spec import Spec
from knk.parallel import executors as engines
from knk.tasks import kk
from knk.teacher.export import Form, exported
from tests.datasets.test_build import made_in

RECIPE = Recipe(
    (Part(Spec(people=(3, 6)), 6000, "mixed"), Part(Spec(people=4, target=(("grade", 3),)), 40, "hard")), seed=4
)


def test_an_engine_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(NoEngine, match="there are local, ray"):
        build(RECIPE, tmp_path / "corpus", engine="dask")


def test_without_ray_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingPackage, match=r"pip install 'knk\[ray\]'"):
        build(RECIPE, tmp_path / "corpus", engine="ray")


def test_jobs_of_this_process_hand_on_errors_of_the_library_only() -> None:
    def fail(error: Exception) -> None:
        raise error

    with engines.executor(0, 1) as (working, workers):
        assert workers == 1
        assert working.submit(max, 3, 4).result() == 4
        assert isinstance(working.submit(fail, NoEngine("no")).exception(), NoEngine)
        with pytest.raises(ZeroDivisionError):
            working.submit(fail, ZeroDivisionError())


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
def test_a_worker_killed_changes_no_byte(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "knk.datasets.build.BATCH", 4000
    )  # Some batches, so that there is a middle to kill a worker in.
    build(RECIPE, tmp_path / "here")
    seen: list[int] = []

    def kill(rows: int) -> None:
        seen.append(rows)
        if len(seen) == 2:
            cluster.remove_node(cluster.workers[0], allow_graceful=False)

    build(RECIPE, tmp_path / "there", progress=kill, engine="ray")
    assert len(seen) > 3
    assert made_in(tmp_path / "there") == made_in(tmp_path / "here")


@with_ray
def test_an_audit_finds_the_same(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knk.datasets.audit.run.ROWS_ALONE", 10)
    build(RECIPE, tmp_path / "corpus")
    assert audit(tmp_path / "corpus", engine="ray").to_dict() == audit(tmp_path / "corpus").to_dict()


@with_ray
def test_proofs_are_told_the_same(cluster: Any) -> None:
    rows = list(kk.rows("train", n=700))
    assert list(exported(rows, Form("sft"), engine="ray")) == list(exported(rows, Form("sft")))


@with_ray
def test_the_command_starts_a_cluster_of_its_own(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("parts: [{name: a, people: 4, rows: 300}]")
    for engine in ("ray", "local"):
        assert main(["corpus", "build", str(recipe), "-o", str(tmp_path / engine), "--engine", engine]) == 0
    assert made_in(tmp_path / "ray") == made_in(tmp_path / "local")
