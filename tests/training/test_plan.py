"""Estimates for recipes: model sizes, memory, time, what fits, and what would."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from knk.cli import main
from knk.errors import BadConfig, MissingPackage
from knk.training.checks.packages import check_packages
from knk.training.checks.resources import check_disk, check_memory
from knk.training.gpus import GIB, GPUS, local_gpus, parse_gpus
from knk.training.plan import alternatives, plan
from knk.training.recipe import Recipe, load, parse_change
from knk.training.shapes import KNOWN_SHAPES, from_config, shape_of
from tests.support.plans import MATH, PAPER, RECIPES, SIZES, estimated


@pytest.mark.parametrize(("name", "parameters"), SIZES.items())
def test_known_models_have_as_many_parameters_as_their_files(name: str, parameters: int) -> None:
    assert KNOWN_SHAPES[name].parameters == parameters


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed: run make check-all")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("kind", ["Llama", "Qwen2"])
@pytest.mark.parametrize("has_tied_embeddings", [True, False])
def test_a_shape_has_as_many_parameters_as_the_transformers_model(kind: str, has_tied_embeddings: bool) -> None:
    import transformers
    from peft import LoraConfig, get_peft_model

    sizes = {"num_hidden_layers": 3, "hidden_size": 48, "intermediate_size": 80, "num_attention_heads": 4}
    config = getattr(transformers, f"{kind}Config")(
        **sizes, num_key_value_heads=2, vocab_size=100, tie_word_embeddings=has_tied_embeddings
    )
    model = getattr(transformers, f"{kind}ForCausalLM")(config)
    shape = from_config(config.to_dict())
    assert shape.parameters == sum(weights.numel() for weights in model.parameters())
    adapted = get_peft_model(model, LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    assert shape.adapter_parameters(8) == adapted.get_nb_trainable_parameters()[0]


@pytest.mark.parametrize("config", [{}, {"num_hidden_layers": 2}, {"n_layer": 12, "n_embd": 768}])
def test_a_configuration_of_another_family_is_an_error(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="decoder"):
        from_config(config)


def test_an_unknown_model_is_an_error() -> None:
    with pytest.raises(BadConfig, match="is not known"):
        shape_of("/nobody/has/this")


@pytest.mark.parametrize(
    ("text", "number", "kind"), [("4xH100", 4, "H100"), ("rtx4090", 1, "RTX4090"), ("8xa100", 8, "A100-80")]
)
def test_gpus_are_parsed(text: str, number: int, kind: str) -> None:
    assert parse_gpus(text) == (number, GPUS[kind])


@pytest.mark.parametrize("text", ["", "4", "0xH100", "4xV1", "xH100", "99999xH100", "-1xH100"])
def test_invalid_gpus_are_errors(text: str) -> None:
    with pytest.raises(BadConfig, match="4xH100"):
        parse_gpus(text)


# What fits, and what would.


@pytest.mark.parametrize(("gpus", "number"), [("6xH100", 6), ("4xH100", 4), ("3xH100", 3), ("12xH100", 12)])
def test_the_batch_size_is_kept_on_any_number_of_gpus(gpus: str, number: int) -> None:
    estimate = estimated(PAPER, gpus)
    settings = {**estimate.recipe.settings, **estimate.changed}
    assert settings["num_processes"] == number
    each = settings["per_device_train_batch_size"] * settings["gradient_accumulation_steps"]
    assert each * number == 12


def test_a_batch_that_cannot_be_divided_among_all_gpus_uses_fewer_and_says_so() -> None:
    estimate = estimated(PAPER, "8xH100")
    assert estimate.fits
    assert (estimate.gpus, estimate.gpus_used, estimate.changed) == (8, 6, {})
    assert estimate.notes == (
        "12 examples per step cannot be divided among 8 processes: 6 train",
        "or --set num_processes=8: the batch changes from 12 to 16 examples per step (+33%)",
    )
    assert "note: or --set num_processes=8" in estimate.table()
    assert estimate.to_dict()["notes"] == list(estimate.notes)


def test_passes_are_smaller_where_that_is_needed() -> None:
    fitting = estimated(MATH, "8xRTX4090")
    assert fitting.fits
    assert fitting.changed["per_device_train_batch_size"] < 4
    assert fitting.notes[0] == "100 examples per step cannot be divided among 7 processes: 5 train"


def test_where_fewer_gpus_are_too_small_the_batch_changes() -> None:
    fitting = estimated(RECIPES / "warmup/qwen2.5-14b.yaml", "8xA100-40", max_length=2048)
    assert fitting.fits
    assert fitting.changed == {"num_processes": 8}
    assert fitting.notes == ("the batch changes from 12 to 16 examples per step (+33%)",)


def test_the_recipes_fit_the_gpus_in_their_readmes() -> None:
    assert estimated(PAPER, "6xH100").fits
    assert estimated(RECIPES / "warmup/qwen2.5-14b.yaml", "6xH100").fits
    assert estimated(PAPER, "RTX4090", ("one-24gb-lora",)).fits
    assert not estimated(PAPER, "RTX4090").fits
    assert estimated(MATH, "6xH100").fits
    assert estimated(MATH, "5xH100", ("vllm-colocate",)).fits
    assert estimated(MATH, "1xH100", ("one-80gb-lora",)).fits


@pytest.mark.parametrize(
    ("recipe", "gpus"),
    [(PAPER, "1xRTX4090"), (PAPER, "2xA100-40"), (MATH, "1xH100"), (MATH, "2xA100-40"), (MATH, "3xRTX4090")],
)
def test_suggested_alternatives_fit(recipe: Path, gpus: str) -> None:
    estimate = estimated(recipe, gpus)
    assert not estimate.fits
    message = list(alternatives(estimate))
    assert message
    for line in message:
        if not line.startswith("--set"):
            assert plan(estimate.recipe, *parse_gpus(line.replace(" ", ""))).fits
            continue
        changes = dict(parse_change(change.strip()) for change in line.split("--set") if change.strip())
        tried = replace(estimate.recipe, settings={**estimate.recipe.settings, **changes})
        assert plan(tried, *parse_gpus(gpus)).fits, line


def test_a_split_slice_limits_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert estimated(RECIPES / "warmup/ablation-1000.yaml", "6xH100").assumed.endswith("1,000 rows")
    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n' * 30, encoding="utf-8")
    here = [{"path": "json", "data_files": "rows.jsonl", "split": "train"}]
    assert estimated(PAPER, "6xH100", datasets=here).assumed.endswith(" 30 rows")


# What cannot be estimated.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"accelerate_config": "nosuch.yaml"}, "got 'nosuch.yaml'"),
        ({"num_train_epochs": "abc"}, "expected 'num_train_epochs' to be a positive number, got 'abc'"),
        ({"max_length": "long"}, "expected 'max_length' to be a positive integer, got 'long'"),
    ],
)
def test_invalid_settings_are_errors(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        estimated(PAPER, "6xH100", **changes)


def test_trls_accelerate_configurations_are_known() -> None:
    shared = estimated(PAPER, "6xH100")
    assert estimated(PAPER, "6xH100", accelerate_config="zero3").needed == shared.needed
    assert estimated(PAPER, "6xH100", accelerate_config="multi_gpu").needed > 2 * shared.needed


def test_unused_gpus_are_reported() -> None:
    estimate = estimated(PAPER, "2xRTX4090", ("one-24gb-lora",))
    assert "2 x RTX4090, 1 used" in estimate.table()
    assert "used" not in estimated(PAPER, "6xH100").table()


# The command.


def test_the_command_reports_what_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(PAPER), "--gpus", "4xH100"]) == 0
    message = capsys.readouterr().out
    assert "--set gradient_accumulation_steps=3" in message
    assert message.rstrip().endswith("It fits.")
    assert main(["plan", str(PAPER), "--gpus", "RTX4090"]) == 1
    message = capsys.readouterr().out
    assert "It does not fit" in message
    assert "use_peft=True" in message
    assert main(["plan", str(PAPER), "--gpus", "RTX4090", "--json"]) == 1
    estimate = json.loads(capsys.readouterr().out)
    assert estimate["fits"] is False
    assert sum(estimate["memory_bytes"].values()) > estimate["gpu_memory_bytes"]
    assert estimate["alternatives"]


def test_the_error_without_a_gpu_says_what_to_do() -> None:
    with pytest.raises(BadConfig, match="such as --gpus 4xH100"):
        local_gpus([])


def test_installed_gpus_are_recognized_by_their_names() -> None:
    h100 = {"name": "NVIDIA H100 80GB HBM3", "memory_bytes": 80 * GIB}
    number, gpu = local_gpus([h100, h100])
    assert (number, gpu.memory, gpu.flops) == (2, 80 * GIB, GPUS["H100"].flops)
    names = {"NVIDIA L40S": "L40S", "NVIDIA GeForce RTX 4090": "RTX4090", "NVIDIA A100-SXM4-80GB": "A100-80"}
    for name, kind in names.items():
        assert local_gpus([{"name": name, "memory_bytes": 1}])[1].bandwidth == GPUS[kind].bandwidth
    assert (
        local_gpus([{"name": "NVIDIA L40", "memory_bytes": 1}])[1].name
        == "NVIDIA L40, assumed to be as fast as an H100"
    )


# Before a start.


@pytest.mark.parametrize(
    ("changes", "message"), [({}, "DeepSpeed"), ({"accelerate_config": None, "use_vllm": True}, "vLLM")]
)
@pytest.mark.skipif(
    any(map(importlib.util.find_spec, ("deepspeed", "vllm"))), reason="DeepSpeed or vLLM is installed, and not missed"
)
def test_a_missing_package_is_an_error_before_the_start(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MissingPackage, match=message):
        check_packages(load(PAPER, (), changes))


def memory_line(recipe: Recipe, *gib: int) -> str:
    """The line about the memory of GPUs of these sizes."""
    gpus = [{"name": "H100", "memory_bytes": size * GIB} for size in gib]
    return check_memory(recipe, KNOWN_SHAPES["Qwen/Qwen2.5-3B"], gpus)


def test_a_run_that_does_not_fit_its_gpus_is_an_error() -> None:
    recipe = load(PAPER)
    assert memory_line(recipe, *[79] * 6).startswith("memory: 29.5 of 79.0 GiB on each of 6 GPUs")
    assert "not checked" in memory_line(recipe)
    assert "not checked" in memory_line(load(PAPER, (), {"use_cpu": True}), 24)
    with pytest.raises(BadConfig, match=r"6 processes and 2 GPUs: 'knk plan"):
        memory_line(recipe, 79, 79)
    with pytest.raises(BadConfig, match=r"a GPU needs .* and has 24.0"):
        memory_line(recipe, *[24] * 6)


@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
@pytest.mark.slow
def test_checkpoints_that_do_not_fit_on_the_disk_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = load(PAPER, (), {"max_steps": 1000})
    shape = KNOWN_SHAPES["HuggingFaceTB/SmolLM2-135M"]
    # Two that are kept, one that is being written, and the model at the end: 12 bytes a parameter each.
    assert check_disk(recipe, (), shape).startswith(f"disk: checkpoints of {4 * 12 * shape.parameters / GIB:.2f}")
    with pytest.raises(BadConfig, match="set save_total_limit"):
        check_disk(load(PAPER, (), {"max_steps": 10**9, "save_steps": 1, "save_total_limit": None}), (), shape)
