"""The model is there, and has the modules that an adapter names."""

from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadConfig
from knk.training.checks.adapter import check_adapter
from knk.training.checks.model import read_model
from knk.training.checks.settings import parsed
from knk.training.recipe import Recipe
from tests.support.tiny_models import save_tiny_model
from tests.support.trl_installed import needs_trl

pytestmark = needs_trl


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny_model(folder, ["Ann is a knight."])
    return folder


def recipe_of(model: str | Path, **settings: Any) -> Recipe:
    both = {"model_name_or_path": str(model), "output_dir": "out", "use_cpu": True, "bf16": False, **settings}
    return Recipe(Path("mine.yaml"), "sft", both)


@pytest.mark.parametrize("model", ["./tinyy", "runs/a/b", "runs/x", "~/tiny", "/no/such/folder"])
def test_a_missing_folder_is_called_a_folder(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    with pytest.raises(BadConfig) as caught:
        read_model(recipe_of(model))
    assert str(caught.value) == f"mine.yaml: {model}: no such folder"


def test_a_name_may_be_one_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(BadConfig) as caught:
        read_model(recipe_of("nobody/none"))
    assert "there is no such folder, and as a name on the Hub: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_weights_is_an_error(tiny: Path) -> None:
    assert read_model(recipe_of(tiny)).context == 4096
    weights = tiny / "model.safetensors"
    hidden = weights.rename(tiny / "hidden")
    try:
        with pytest.raises(BadConfig, match="has no weights"):
            read_model(recipe_of(tiny))
    finally:
        hidden.rename(weights)


def adapter_line(tiny: Path, **settings: Any) -> str | None:
    recipe = recipe_of(tiny, use_peft=True, lora_r=2, **settings)
    return check_adapter(recipe, parsed(recipe, 1))


def test_the_modules_of_an_adapter_are_found(tiny: Path) -> None:
    assert check_adapter(recipe_of(tiny), parsed(recipe_of(tiny), 1)) is None
    # Two layers, each with 32 x 2 + 2 x 32 parameters at the queries and at the values.
    assert adapter_line(tiny, lora_target_modules=["q_proj", "v_proj"]) == "adapter: 512 parameters"
    assert adapter_line(tiny, lora_target_modules="all-linear") == "adapter: 2,176 parameters"
    assert adapter_line(tiny, lora_target_modules=r".*layers\.0\.self_attn\.q_proj") == "adapter: 128 parameters"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lora_target_modules": ["q_prj"]}, "has no module 'q_prj'; did you mean 'q_proj'?"),
        ({"lora_target_modules": ["q_proj"]}, "write '.*q_proj'"),
        ({"lora_target_modules": ["q_proj", "v_prj"]}, "has no module 'v_prj'; did you mean 'v_proj'?"),
        ({"lora_target_modules": "nothing.*"}, "lora_target_modules: Target modules nothing.* not found"),
        ({"lora_target_modules": ["q_proj", "lm_head"]}, "an adapter on the output layer"),
        ({"lora_target_modules": "all-linear", "lora_modules_to_save": ["lm_hed", "a"]}, "did you mean 'lm_head'?"),
    ],
)
def test_a_module_that_is_not_there_is_an_error(settings: dict[str, Any], message: str, tiny: Path) -> None:
    with pytest.raises(BadConfig) as caught:
        adapter_line(tiny, **settings)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
