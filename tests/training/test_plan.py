"""What a recipe takes: sizes as transformers has them, the parts of memory, what fits, and what would."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from knk.cli import main
from knk.errors import BadConfig, MissingPackage
from knk.training.plan import GIB, GPUS, Plan, advice, gpus_here, gpus_of, plan
from knk.training.recipe import Recipe, change_of, load
from knk.training.shapes import KNOWN, from_config, shape_of
from tests.support.paths import ROOT

RECIPES = ROOT / "recipes"
PAPER, MATH = RECIPES / "warmup/paper.yaml", RECIPES / "rlvr/math.yaml"
SIZES = {
    "Qwen/Qwen2.5-0.5B": 494_032_768,
    "Qwen/Qwen2.5-Math-1.5B": 1_543_714_304,
    "Qwen/Qwen2.5-3B": 3_085_938_688,
    "Qwen/Qwen2.5-7B": 7_615_616_512,
    "Qwen/Qwen2.5-14B": 14_770_033_664,
    "HuggingFaceTB/SmolLM2-135M": 134_515_008,
}
"""Parameters as the models' own files have them."""


def planned(recipe: Path, gpus: str, overlays: tuple[str, ...] = (), **changes: Any) -> Plan:
    found = load(recipe, [RECIPES / "rlvr/profiles" / f"{name}.yaml" for name in overlays], changes)
    return plan(found, *gpus_of(gpus))


def parts(found: Plan) -> dict[str, float]:
    return {part.name: part.amount / GIB for part in found.memory}


@pytest.mark.parametrize(("name", "parameters"), SIZES.items())
def test_known_models_have_the_parameters_that_their_files_have(name: str, parameters: int) -> None:
    assert KNOWN[name].parameters == parameters


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed: make check-all does it"
)
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("kind", ["Llama", "Qwen2"])
@pytest.mark.parametrize("tied", [True, False])
def test_a_shape_has_the_parameters_that_transformers_makes(kind: str, tied: bool) -> None:
    import transformers
    from peft import LoraConfig, get_peft_model

    sizes = {"num_hidden_layers": 3, "hidden_size": 48, "intermediate_size": 80, "num_attention_heads": 4}
    config = getattr(transformers, f"{kind}Config")(
        **sizes, num_key_value_heads=2, vocab_size=100, tie_word_embeddings=tied
    )
    model = getattr(transformers, f"{kind}ForCausalLM")(config)
    shape = from_config(config.to_dict())
    assert shape.parameters == sum(weights.numel() for weights in model.parameters())
    adapted = get_peft_model(model, LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    assert shape.adapter_parameters(8) == adapted.get_nb_trainable_parameters()[0]


@pytest.mark.parametrize("config", [{}, {"num_hidden_layers": 2}, {"n_layer": 12, "n_embd": 768}])
def test_a_configuration_of_another_family_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="decoder"):
        from_config(config)


def test_a_model_that_is_not_there_is_refused_in_a_line() -> None:
    with pytest.raises(BadConfig, match="is not known here"):
        shape_of("/nobody/has/this")


@pytest.mark.parametrize(
    ("text", "number", "kind"), [("4xH100", 4, "H100"), ("rtx4090", 1, "RTX4090"), ("8xa100", 8, "A100-80")]
)
def test_gpus_are_read(text: str, number: int, kind: str) -> None:
    assert gpus_of(text) == (number, GPUS[kind])


@pytest.mark.parametrize("text", ["", "4", "0xH100", "4xV1", "xH100", "99999xH100", "-1xH100"])
def test_what_are_no_gpus_is_refused(text: str) -> None:
    with pytest.raises(BadConfig, match="4xH100"):
        gpus_of(text)


# Memory.


def test_the_parts_are_what_the_assumptions_say() -> None:
    found = planned(PAPER, "6xH100")
    three = SIZES["Qwen/Qwen2.5-3B"]
    assert parts(found)["weights, gradients, Adam"] == pytest.approx(16 * three / 6 / GIB)
    assert found.fits
    assert not found.changed
    assert found.needed == sum(part.amount for part in found.memory)


def test_alone_a_gpu_holds_all_and_computes_with_a_copy() -> None:
    found = planned(PAPER, "1xH100", accelerate_config=None)
    three = SIZES["Qwen/Qwen2.5-3B"]
    assert parts(found)["weights, gradients, Adam"] == pytest.approx(16 * three / GIB)
    assert parts(found)["weights in bfloat16"] == pytest.approx(2 * three / GIB)


def test_what_takes_more_is_planned_with_more() -> None:
    base = planned(PAPER, "6xH100").needed
    assert planned(PAPER, "4xH100").needed > base
    assert planned(PAPER, "6xH100", gradient_checkpointing=False).needed > 2 * base
    assert planned(PAPER, "6xH100", max_length=4096).needed < base
    assert planned(PAPER, "6xH100", use_peft=True, lora_r=32, dtype="bfloat16").needed < base
    assert planned(PAPER, "6xH100", accelerate_config=None).needed > base


@pytest.mark.parametrize(("gpus", "number"), [("6xH100", 6), ("4xH100", 4), ("3xH100", 3), ("12xH100", 12)])
def test_a_step_keeps_its_examples_on_any_number_of_gpus(gpus: str, number: int) -> None:
    found = planned(PAPER, gpus)
    settings = {**found.recipe.settings, **found.changed}
    assert settings["num_processes"] == number
    each = settings["per_device_train_batch_size"] * settings["gradient_accumulation_steps"]
    assert each * number == 12


def test_a_step_that_cannot_be_shared_out_is_a_problem() -> None:
    assert planned(PAPER, "5xH100").problems == ("12 examples a step cannot be shared out over 5 processes",)


def test_the_recipes_fit_what_their_readmes_say() -> None:
    assert planned(PAPER, "6xH100").fits
    assert planned(RECIPES / "warmup/qwen2.5-14b.yaml", "6xH100").fits
    assert planned(RECIPES / "warmup/lora-24gb.yaml", "RTX4090").fits
    assert not planned(PAPER, "RTX4090").fits
    assert planned(MATH, "6xH100").fits
    assert planned(MATH, "5xH100", ("vllm-colocate",)).fits
    assert planned(MATH, "1xH100", ("one-gpu",)).fits


def test_a_server_has_a_gpu_of_its_own() -> None:
    assert planned(MATH, "6xH100").changed == {}
    alone = planned(MATH, "1xH100")
    assert "vLLM's server needs a GPU beside those that train" in alone.problems
    colocated = planned(MATH, "5xH100", ("vllm-colocate",))
    assert "activations, or vLLM awake" in parts(colocated)
    awake = planned(MATH, "5xH100", ("vllm-colocate",), vllm_enable_sleep_mode=False)
    assert parts(awake)["vLLM"] == pytest.approx(0.3 * 79)


def test_a_share_too_small_for_the_weights_is_a_problem() -> None:
    found = planned(MATH, "1xL4", ("one-gpu",), vllm_gpu_memory_utilization=0.1)
    assert any(problem.startswith("vLLM has 2.2 GiB") for problem in found.problems)


# What would fit.


@pytest.mark.parametrize(
    ("recipe", "gpus"), [(PAPER, "1xRTX4090"), (PAPER, "8xH100"), (MATH, "1xH100"), (MATH, "4xH100"), (MATH, "7xH100")]
)
def test_advice_fits(recipe: Path, gpus: str) -> None:
    found = planned(recipe, gpus)
    assert not found.fits
    told = list(advice(found))
    assert told
    for line in told:
        if not line.startswith("--set"):
            assert plan(found.recipe, *gpus_of(line.replace(" ", ""))).fits
            continue
        changes = dict(change_of(one.strip()) for one in line.split("--set") if one.strip())
        tried = replace(found.recipe, settings={**found.recipe.settings, **changes})
        assert plan(tried, *gpus_of(gpus)).fits, line


# Time.


def test_time_goes_with_work_and_hardware() -> None:
    one = planned(PAPER, "6xH100")
    assert planned(PAPER, "12xH100").seconds == pytest.approx(one.seconds / 2)
    assert plan(one.recipe, 6, GPUS["H100"], rows=1000).seconds == pytest.approx(one.seconds / 18)
    assert plan(one.recipe, 6, GPUS["A100-80"]).seconds > 3 * one.seconds
    # By hand: 3.09e9 parameters x 8 operations x 100.2e6 tokens, at 35% of 6 x 989 teraflops.
    assert one.seconds == pytest.approx(8 * 3_085_938_688 * 54_000 * 1856 / (6 * 989e12 * 0.35))
    math = planned(MATH, "6xH100")
    assert [part.name for part in math.time] == ["generation", "training"]
    assert plan(math.recipe, 6, GPUS["H100"], tokens=400).seconds < math.seconds / 2


def test_without_vllm_generation_is_slower_and_gathers_the_model() -> None:
    served, plain = planned(MATH, "5xH100", ("vllm-colocate",)), planned(MATH, "5xH100", ("transformers",))
    assert plain.time[0].amount > 2 * served.time[0].amount
    assert parts(plain)["model in generation"] == pytest.approx(2 * SIZES["Qwen/Qwen2.5-3B"] / GIB)


def test_a_split_takes_no_more_rows_than_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert planned(RECIPES / "warmup/ablation-1000.yaml", "6xH100").assumed.endswith("1,000 rows")
    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n' * 30, encoding="utf-8")
    here = [{"path": "json", "data_files": "rows.jsonl", "split": "train"}]
    assert planned(PAPER, "6xH100", datasets=here).assumed.endswith(" 30 rows")


# What cannot be planned.


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"accelerate_config": "nosuch.yaml"}, "there is no file 'nosuch.yaml'"),
        ({"num_train_epochs": "abc"}, "'num_train_epochs' is a number above 0"),
        ({"max_length": "long"}, "'max_length' is a whole number"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(BadConfig, match=told):
        planned(PAPER, "6xH100", **changes)


def test_trls_own_configurations_are_known() -> None:
    shared = planned(PAPER, "6xH100")
    assert planned(PAPER, "6xH100", accelerate_config="zero3").needed == shared.needed
    assert planned(PAPER, "6xH100", accelerate_config="multi_gpu").needed > 2 * shared.needed


def test_gpus_that_have_no_work_are_told_of() -> None:
    found = planned(RECIPES / "warmup/lora-24gb.yaml", "2xRTX4090")
    assert "2 x RTX4090, of which 1 is used" in found.table()
    assert "used" not in planned(PAPER, "6xH100").table()


# The command.


def test_the_command_says_what_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(PAPER), "--gpus", "4xH100"]) == 0
    told = capsys.readouterr().out
    assert "--set gradient_accumulation_steps=3" in told
    assert told.rstrip().endswith("it fits")
    assert main(["plan", str(PAPER), "--gpus", "RTX4090"]) == 1
    told = capsys.readouterr().out
    assert "it does not fit" in told
    assert "use_peft=True" in told
    assert main(["plan", str(PAPER), "--gpus", "RTX4090", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["fits"] is False
    assert sum(found["memory_bytes"].values()) > found["gpu_memory_bytes"]
    assert found["advice"]


def test_a_machine_without_a_gpu_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knk.training.plan.gpus", list)
    assert main(["plan", str(PAPER)]) == 2
    assert "--gpus 4xH100" in capsys.readouterr().err


def test_the_gpus_of_a_machine_are_known_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"name": "NVIDIA H100 80GB HBM3", "memory_bytes": 80 * GIB}
    monkeypatch.setattr("knk.training.plan.gpus", lambda: [one, one])
    number, gpu = gpus_here()
    assert (number, gpu.memory, gpu.flops) == (2, 80 * GIB, GPUS["H100"].flops)
    names = {"NVIDIA L40S": "L40S", "NVIDIA GeForce RTX 4090": "RTX4090", "NVIDIA A100-SXM4-80GB": "A100-80"}
    for name, kind in names.items():
        monkeypatch.setattr("knk.training.plan.gpus", lambda name=name: [{"name": name, "memory_bytes": 1}])
        assert gpus_here()[1].bandwidth == GPUS[kind].bandwidth
    monkeypatch.setattr("knk.training.plan.gpus", lambda: [{"name": "NVIDIA L40", "memory_bytes": 1}])
    assert gpus_here()[1].name == "NVIDIA L40, taken for as fast as an H100"


# Before a start.


@pytest.mark.parametrize(
    ("changes", "told"), [({}, "DeepSpeed"), ({"accelerate_config": None, "use_vllm": True}, "vLLM")]
)
@pytest.mark.skipif(
    any(map(importlib.util.find_spec, ("deepspeed", "vllm"))), reason="DeepSpeed or vLLM is installed, and not missed"
)
def test_a_package_that_is_missing_is_told_before_the_start(changes: dict[str, Any], told: str) -> None:
    from knk.training.preflight import _check_packages

    with pytest.raises(MissingPackage, match=told):
        _check_packages(load(PAPER, (), changes))


def preflight(recipe: Recipe, monkeypatch: pytest.MonkeyPatch, gpus: list[int]) -> str:
    """What is said of the GPUs of a machine that has these, by their GiB: there is no other way to have them here."""
    from knk.training import preflight as checks

    monkeypatch.setattr(checks, "gpus", lambda: [{"name": "H100", "memory_bytes": size * GIB} for size in gpus])
    return checks._check_memory(recipe, KNOWN["Qwen/Qwen2.5-3B"])


def test_a_run_that_does_not_fit_its_gpus_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = load(PAPER)
    assert preflight(recipe, monkeypatch, [79] * 6).startswith("memory: 26.9 of 79.0 GiB on each of 6 GPUs")
    assert "not looked at" in preflight(recipe, monkeypatch, [])
    assert "not looked at" in preflight(load(PAPER, (), {"use_cpu": True}), monkeypatch, [24])
    with pytest.raises(BadConfig, match=r"6 processes and 2 GPUs here: 'knk plan"):
        preflight(recipe, monkeypatch, [79, 79])
    with pytest.raises(BadConfig, match=r"a GPU needs .* and has 24.0"):
        preflight(recipe, monkeypatch, [24] * 6)


@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: make check-all does it")
@pytest.mark.slow
def test_a_run_whose_checkpoints_have_no_room_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from knk.training import preflight as checks

    monkeypatch.chdir(tmp_path)
    recipe = load(PAPER, (), {"max_steps": 1000})
    shape = KNOWN["HuggingFaceTB/SmolLM2-135M"]
    # Two that are kept, one that is being written, and the model at the end: 12 bytes a parameter each.
    assert checks._check_disk(recipe, (), shape).startswith(
        f"disk: checkpoints of {4 * 12 * shape.parameters / GIB:.2f}"
    )
    with pytest.raises(BadConfig, match="set save_total_limit"):
        checks._check_disk(load(PAPER, (), {"max_steps": 10**9, "save_steps": 1, "save_total_limit": None}), (), shape)
