"""The engine inside transformers: what it draws depends on the item and the seed, and not on what is beside it."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadSpec, ModelFailed
from knk.inference.run import Summary, collect_answers
from knk.inference.sampling import Sampling
from knk.inference.transformers import TransformersEngine
from knk.tasks import kk
from knk.tasks.source import Row
from tests.support.tiny_models import save_tiny_model

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


def asked(
    rows: list[Row], folder: Path, engine: TransformersEngine, sampling: Sampling, style: str = "paper"
) -> Summary:
    return collect_answers(rows, lambda row: kk.prompt(row, style), folder, engine, sampling, {})


def answers(folder: Path) -> dict[tuple[str, int], dict[str, Any]]:
    from knk.datasets.files import read

    return {(row["id"], row["sample"]): row for row in read(folder / "answers.jsonl")}


def texts(folder: Path) -> dict[tuple[str, int], str]:
    return {place: row["completion"] for place, row in answers(folder).items()}


@pytest.mark.parametrize("style", ["paper", "chat"])
def test_every_answer_is_there_once(rows: list[Row], model: str, tmp_path: Path, style: str) -> None:
    told = asked(rows, tmp_path / "run", TransformersEngine(model, 4), DRAWN, style)
    found = answers(tmp_path / "run")
    assert told.stored == len(found) == 18
    assert len({row["completion"] for row in found.values()}) > 15
    for row in found.values():
        assert row["model"] == "tiny"
        assert 0 <= row["completion_tokens"] <= 12
        assert row["finish_reason"] == ("length" if row["completion_tokens"] == 12 else "stop")


def test_what_is_drawn_does_not_depend_on_the_batch_or_on_interruptions(
    rows: list[Row], model: str, tmp_path: Path
) -> None:
    asked(rows, tmp_path / "one", TransformersEngine(model, 1), DRAWN)
    asked(rows, tmp_path / "many", TransformersEngine(model, 7), DRAWN)
    asked(rows[:4], tmp_path / "twice", TransformersEngine(model, 3), DRAWN)
    again = asked(rows, tmp_path / "twice", TransformersEngine(model, 5), DRAWN)
    assert (again.existing, again.stored) == (8, 10)
    assert texts(tmp_path / "one") == texts(tmp_path / "many") == texts(tmp_path / "twice")


def test_another_seed_draws_otherwise_and_no_temperature_takes_the_likeliest(
    rows: list[Row], model: str, tmp_path: Path
) -> None:
    asked(rows[:3], tmp_path / "three", TransformersEngine(model), DRAWN)
    asked(rows[:3], tmp_path / "four", TransformersEngine(model), Sampling(n=2, temperature=1.0, max_tokens=12, seed=4))
    assert texts(tmp_path / "three") != texts(tmp_path / "four")
    asked(rows[:3], tmp_path / "cold", TransformersEngine(model), Sampling(n=2, temperature=0, max_tokens=12, seed=3))
    cold = texts(tmp_path / "cold")
    assert all(cold[row["id"], 0] == cold[row["id"], 1] for row in rows[:3])


def test_draws_have_the_models_own_odds(model: str) -> None:
    import torch

    from knk.inference.logits import GumbelNoise

    likelihoods = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    noise = GumbelNoise(torch, range(20_000))
    drawn = noise(None, likelihoods.expand(20_000, 4)).argmax(-1)
    shares = torch.bincount(drawn, minlength=4) / 20_000
    assert torch.allclose(shares, likelihoods.exp(), atol=0.015)  # Four standard errors.


def test_a_stop_string_ends_an_answer_and_is_not_in_it(rows: list[Row], model: str, tmp_path: Path) -> None:
    asked(rows, tmp_path / "free", TransformersEngine(model), DRAWN)
    whole = texts(tmp_path / "free")
    stop = next(text[3:5] for text in whole.values() if len(text) > 6 and text[3:5].strip())
    limited = Sampling(n=2, temperature=1.0, top_p=0.9, max_tokens=12, seed=3, stop=(stop,))
    asked(rows, tmp_path / "stopped", TransformersEngine(model), limited)
    found = answers(tmp_path / "stopped")
    for place, text in whole.items():
        assert found[place]["completion"] == text.partition(stop)[0]
        assert (found[place]["stop"] == stop) is (stop in text)
        assert found[place]["finish_reason"] == "stop" or stop not in text


def test_what_cannot_fit_is_refused_before_anything_is_written(rows: list[Row], model: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFailed, match="context is 4,096 tokens"):
        asked(rows, tmp_path / "long", TransformersEngine(model), Sampling(max_tokens=5000))
    told = asked(rows[:2], tmp_path / "tight", TransformersEngine(model), Sampling(max_tokens=4090))
    assert (told.stored, told.failed) == (0, 2)
    assert "prompt and answer may take" in (tmp_path / "tight" / "failed.jsonl").read_text()


def test_what_is_no_model_is_a_line(tmp_path: Path, rows: list[Row]) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFailed, match="could not be loaded"):
        asked(rows, tmp_path / "run", TransformersEngine(str(tmp_path / "empty")), DRAWN)
    with pytest.raises(BadSpec, match="missing --max-tokens"):
        TransformersEngine("m").effective_sampling(Sampling())


def test_weights_that_are_pickled_are_not_read(model: str, rows: list[Row], tmp_path: Path) -> None:
    import shutil

    import torch

    pickled = tmp_path / "pickled"
    shutil.copytree(model, pickled)
    (pickled / "model.safetensors").unlink()
    torch.save({}, pickled / "pytorch_model.bin")
    with pytest.raises(ModelFailed, match="could not be loaded"):
        asked(rows, tmp_path / "run", TransformersEngine(str(pickled)), DRAWN)


def test_a_model_that_was_trained_on_is_another(model: str, rows: list[Row], tmp_path: Path) -> None:
    import shutil

    from knk.errors import BadFolder

    shutil.copytree(model, tmp_path / "tiny")
    asked(rows[:1], tmp_path / "run", TransformersEngine(str(tmp_path / "tiny")), DRAWN)
    weights = tmp_path / "tiny" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    with pytest.raises(BadFolder, match="another weights"):
        asked(rows, tmp_path / "run", TransformersEngine(str(tmp_path / "tiny")), DRAWN)
