"""The transformers engine: what it draws depends on the item and the seed, and not on the rest of the batch."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadFolder, BadSpec, ModelFailed
from knk.inference.run import Summary, collect_answers
from knk.inference.sampling import Sampling
from knk.inference.transformers import TransformersEngine
from knk.tasks import kk
from knk.tasks.source import Row
from tests.support.tiny_models import save_tiny_adapter, save_tiny_model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("torch") is None, reason="torch is not installed: make check-all does it"
    ),
]
DRAWN = Sampling(n=2, temperature=1.0, top_p=0.9, max_tokens=12, seed=3)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(kk.rows("test", n=9))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> str:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny_model(folder, (str(row) for row in rows))
    return str(folder)


def run_engine(
    rows: list[Row], folder: Path, engine: TransformersEngine, sampling: Sampling, style: str = "paper"
) -> Summary:
    return collect_answers(rows, lambda row: kk.prompt(row, style), folder, engine, sampling, {})


def stored_answers(folder: Path) -> dict[tuple[str, int], dict[str, Any]]:
    from knk.datasets.files import read

    return {(row["id"], row["sample"]): row for row in read(folder / "answers.jsonl")}


def stored_texts(folder: Path) -> dict[tuple[str, int], str]:
    return {key: row["completion"] for key, row in stored_answers(folder).items()}


@pytest.mark.parametrize("style", ["paper", "chat"])
def test_every_answer_is_stored_once(rows: list[Row], model: str, tmp_path: Path, style: str) -> None:
    summary = run_engine(rows, tmp_path / "run", TransformersEngine(model, 4), DRAWN, style)
    stored = stored_answers(tmp_path / "run")
    assert summary.stored == len(stored) == 18
    assert len({row["completion"] for row in stored.values()}) > 15
    for row in stored.values():
        assert row["model"] == "tiny"
        assert 0 <= row["completion_tokens"] <= 12
        assert row["finish_reason"] == ("length" if row["completion_tokens"] == 12 else "stop")


def test_draws_do_not_depend_on_the_batch_or_on_interruptions(rows: list[Row], model: str, tmp_path: Path) -> None:
    run_engine(rows, tmp_path / "one", TransformersEngine(model, 1), DRAWN)
    run_engine(rows, tmp_path / "many", TransformersEngine(model, 7), DRAWN)
    run_engine(rows[:4], tmp_path / "twice", TransformersEngine(model, 3), DRAWN)
    again = run_engine(rows, tmp_path / "twice", TransformersEngine(model, 5), DRAWN)
    assert (again.existing, again.stored) == (8, 10)
    assert stored_texts(tmp_path / "one") == stored_texts(tmp_path / "many") == stored_texts(tmp_path / "twice")


def test_the_seed_changes_draws_and_temperature_zero_takes_the_most_likely_token(
    rows: list[Row], model: str, tmp_path: Path
) -> None:
    run_engine(rows[:3], tmp_path / "three", TransformersEngine(model), DRAWN)
    run_engine(
        rows[:3], tmp_path / "four", TransformersEngine(model), Sampling(n=2, temperature=1.0, max_tokens=12, seed=4)
    )
    assert stored_texts(tmp_path / "three") != stored_texts(tmp_path / "four")
    run_engine(
        rows[:3], tmp_path / "cold", TransformersEngine(model), Sampling(n=2, temperature=0, max_tokens=12, seed=3)
    )
    cold = stored_texts(tmp_path / "cold")
    assert all(cold[row["id"], 0] == cold[row["id"], 1] for row in rows[:3])


def test_draws_follow_the_models_distribution(model: str) -> None:
    import torch

    from knk.inference.logits import GumbelNoise

    log_probabilities = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    noise = GumbelNoise(torch, range(20_000))
    drawn = noise(None, log_probabilities.expand(20_000, 4)).argmax(-1)
    frequencies = torch.bincount(drawn, minlength=4) / 20_000
    assert torch.allclose(frequencies, log_probabilities.exp(), atol=0.015)  # Four standard errors.


def test_a_stop_string_ends_an_answer_and_is_removed(rows: list[Row], model: str, tmp_path: Path) -> None:
    run_engine(rows, tmp_path / "free", TransformersEngine(model), DRAWN)
    complete = stored_texts(tmp_path / "free")
    stop = next(text[3:5] for text in complete.values() if len(text) > 6 and text[3:5].strip())
    limited = Sampling(n=2, temperature=1.0, top_p=0.9, max_tokens=12, seed=3, stop=(stop,))
    run_engine(rows, tmp_path / "stopped", TransformersEngine(model), limited)
    stored = stored_answers(tmp_path / "stopped")
    for key, text in complete.items():
        assert stored[key]["completion"] == text.partition(stop)[0]
        assert (stored[key]["stop"] == stop) is (stop in text)
        assert stored[key]["finish_reason"] == "stop" or stop not in text


def test_a_prompt_that_is_too_long_is_a_failure(rows: list[Row], model: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFailed, match="context is 4,096 tokens"):
        run_engine(rows, tmp_path / "long", TransformersEngine(model), Sampling(max_tokens=5000))
    summary = run_engine(rows[:2], tmp_path / "tight", TransformersEngine(model), Sampling(max_tokens=4090))
    assert (summary.stored, summary.failed) == (0, 2)
    assert "prompt and answer may take" in (tmp_path / "tight" / "failed.jsonl").read_text()


def test_a_folder_without_a_model_is_an_error(tmp_path: Path, rows: list[Row]) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFailed, match="could not be loaded"):
        run_engine(rows, tmp_path / "run", TransformersEngine(str(tmp_path / "empty")), DRAWN)
    with pytest.raises(BadSpec, match="missing --max-tokens"):
        TransformersEngine("m").effective_sampling(Sampling())


def test_pickled_weights_are_not_read(model: str, rows: list[Row], tmp_path: Path) -> None:
    import shutil

    import torch

    pickled = tmp_path / "pickled"
    shutil.copytree(model, pickled)
    (pickled / "model.safetensors").unlink()
    torch.save({}, pickled / "pytorch_model.bin")
    with pytest.raises(ModelFailed, match="could not be loaded"):
        run_engine(rows, tmp_path / "run", TransformersEngine(str(pickled)), DRAWN)


def test_a_model_trained_further_counts_as_another_model(model: str, rows: list[Row], tmp_path: Path) -> None:
    import shutil

    shutil.copytree(model, tmp_path / "tiny")
    run_engine(rows[:1], tmp_path / "run", TransformersEngine(str(tmp_path / "tiny")), DRAWN)
    weights = tmp_path / "tiny" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    with pytest.raises(BadFolder, match="another weights"):
        run_engine(rows, tmp_path / "run", TransformersEngine(str(tmp_path / "tiny")), DRAWN)


needs_peft = pytest.mark.skipif(importlib.util.find_spec("peft") is None, reason="PEFT is not installed")


@needs_peft
def test_an_adapter_answers_as_the_merged_model_does(rows: list[Row], model: str, tmp_path: Path) -> None:
    from knk.training.merge import merge

    save_tiny_adapter(tmp_path / "adapter", Path(model), scale=0.2)
    merge(tmp_path / "adapter", tmp_path / "merged")
    texts = {}
    for name in ("adapter", "merged"):
        run_engine(rows[:3], tmp_path / f"{name}-run", TransformersEngine(str(tmp_path / name)), DRAWN)
        texts[name] = stored_texts(tmp_path / f"{name}-run")
    run_engine(rows[:3], tmp_path / "base-run", TransformersEngine(model), DRAWN)
    assert texts["adapter"] == texts["merged"] != stored_texts(tmp_path / "base-run")


@needs_peft
def test_an_adapter_on_another_base_counts_as_another_model(model: str, tmp_path: Path) -> None:
    import shutil

    base = tmp_path / "base"
    shutil.copytree(model, base)
    save_tiny_adapter(tmp_path / "adapter", base)
    engine = TransformersEngine(str(tmp_path / "adapter"))
    assert engine.identity()["base"] == TransformersEngine(model).identity()["weights"]
    weights = base / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    retrained = TransformersEngine(engine.path)
    assert retrained.identity()["base"] != TransformersEngine(model).identity()["weights"]


@needs_peft
def test_an_adapter_without_its_base_is_an_error_in_one_line(rows: list[Row], model: str, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(model, tmp_path / "base")
    save_tiny_adapter(tmp_path / "adapter", tmp_path / "base")
    shutil.rmtree(tmp_path / "base")
    with pytest.raises(BadFolder, match="the adapter's base: give it with 'knk merge") as error:
        run_engine(rows, tmp_path / "run", TransformersEngine(str(tmp_path / "adapter")), DRAWN)
    assert "\n" not in str(error.value)
