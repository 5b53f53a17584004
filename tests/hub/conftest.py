"""A small corpus, the staged folders of it and of other data, a checkpoint, and a server that acts as the Hub."""

import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest

from knk.datasets.build import build
from knk.datasets.config import CorpusConfig
from knk.hub.staging import (
    StagedFolder,
    stage,
)
from tests.support.hub_folders import CONFIG, NAME, dataset_folder, safetensors
from tests.support.hub_server import (
    TOKEN,
    Hub,
)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "corpus"
    build(CorpusConfig.from_text(CONFIG), folder)
    return folder


@pytest.fixture(scope="session")
def staged(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> StagedFolder:
    return stage(corpus, tmp_path_factory.mktemp("staged") / "staged", NAME)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> StagedFolder:
    """A dataset of four files."""
    folder = tmp_path_factory.mktemp("small")
    files = {f"{split}.parquet": [{"people": n, "of": split} for n in (3, 4)] for split in ("train", "test")}
    return stage(dataset_folder(folder / "rows", files), folder / "staged", NAME, audited=False)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(safetensors())
    (folder / "config.json").write_text('{"architectures": ["Qwen2ForCausalLM"]}')
    (folder / "tokenizer.json").write_text("{}")
    for name in ("optimizer.pt", "rng_state.pth", "training_args.bin"):
        (folder / name).write_bytes(pickle.dumps({"state": 1}))
    (folder / "code.py").write_text("raise SystemExit")
    (folder / "README.md").write_text("A trainer's own words.")
    (folder / "runs").mkdir()
    return folder


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    quick = SimpleNamespace(**{name: getattr(time, name) for name in ("time", "monotonic", "perf_counter")})
    quick.sleep = lambda _seconds: None
    monkeypatch.setattr("huggingface_hub.utils._http.time", quick)
    monkeypatch.setattr("huggingface_hub.file_download.time", quick)
    for name, value in {
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_DISABLE_TELEMETRY": True,
        "HF_TOKEN_PATH": str(tmp_path / "no-token"),
        "HF_HUB_CACHE": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", value)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with Hub().running() as served:
        url_template = "{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", served.url)
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", f"{served.url}/{url_template}")
        yield served
        huggingface_hub.close_session()
