"""Extensions of a trainer: functions of a recipe's own that return a subclass of TRL's trainer."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadConfig
from knk.training.metrics import read_metrics
from knk.training.options import Options
from knk.training.recipe import load
from knk.training.run import train
from knk.training.worker import extended
from tests.support.training import manifest_of, write_recipes

HERE = "tests.training.test_extensions"
SCALE = 0.5


class Trainer:
    """Stands for a trainer of TRL's."""


def first(trainer_class: type) -> type:
    return type("First", (trainer_class,), {})


def second(trainer_class: type) -> type:
    return type("Second", (trainer_class,), {})


def nothing(trainer_class: type) -> None:
    """Return no class."""


def another(trainer_class: type) -> type:
    return dict


def scaled_loss(trainer_class: type) -> type:
    """Return a trainer whose loss is multiplied by a number."""

    class Scaled(trainer_class):  # type: ignore[misc]
        def compute_loss(self, *arguments: Any, **settings: Any) -> Any:
            loss = super().compute_loss(*arguments, **settings)
            return (loss[0] * SCALE, *loss[1:]) if isinstance(loss, tuple) else loss * SCALE

    return Scaled


def extend(*names: str) -> type:
    return extended(Trainer, Options(extensions=[f"{HERE}.{name}" for name in names]))


def test_each_extension_gets_what_the_one_before_returned() -> None:
    assert [cls.__name__ for cls in extend("first", "second").__mro__[:3]] == ["Second", "First", "Trainer"]
    assert extended(Trainer, Options()) is Trainer
    assert extended(Trainer, Options(extensions=[])) is Trainer


@pytest.mark.parametrize(
    ("name", "result"),
    [("nothing", "None"), ("another", "<class 'dict'>"), ("HERE", f"'{HERE}'"), ("Options", "Options(")],
)
def test_what_makes_no_subclass_is_refused(name: str, result: str) -> None:
    with pytest.raises(BadConfig) as caught:
        extend("first", name)
    expected = f"extensions: expected {HERE}.{name} to return a subclass of the trainer, got {result}"
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize("path", ["", "first", f"{HERE}.missing", "no_such_module.first", "..first"])
def test_what_cannot_be_imported_is_refused(path: str) -> None:
    with pytest.raises(BadConfig, match=r"^extensions: .* cannot be imported: ") as caught:
        extended(Trainer, Options(extensions=[path]))
    assert repr(path) in str(caught.value)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
@pytest.mark.filterwarnings("ignore")
def test_a_recipe_trains_with_its_extensions_and_refuses_bad_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_recipes(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for trainer in ("sft", "grpo"):
        changes = {"extensions": [f"{HERE}.nothing"], "max_steps": 1, "output_dir": f"runs/{trainer}-bad"}
        with pytest.raises(BadConfig, match=r"extensions: expected .* to return a subclass of the trainer, got None"):
            train(load(f"{trainer}.yaml", (), changes), in_process=True)
        assert manifest_of(tmp_path / f"runs/{trainer}-bad")["status"] == "failed"
    norms = {}
    for name, extensions in (("plain", []), ("scaled", [f"{HERE}.scaled_loss"])):
        changes = {"extensions": extensions, "max_steps": 1, "output_dir": f"runs/{name}"}
        train(load("sft.yaml", (), changes), in_process=True)
        norms[name] = next(entry["grad_norm"] for entry in read_metrics(tmp_path / "runs" / name) if "loss" in entry)
    assert norms["scaled"] == pytest.approx(SCALE * norms["plain"], rel=1e-4)
    assert manifest_of(tmp_path / "runs/scaled")["settings"]["extensions"] == [f"{HERE}.scaled_loss"]
