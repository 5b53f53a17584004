"""Adapters merged into their bases: the same numbers as PEFT's, whole folders, and errors in one line."""

import importlib.util
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from knk.cli import main
from knk.errors import BadFolder, KnkError, ModelFailed
from knk.models import Adapter, base_of, load_model, load_tokenizer, read_adapter, tokenizer_of
from knk.training.merge import merge
from knk.training.shapes import shape_of
from tests.support.folders import files_in
from tests.support.tiny_models import save_tiny_adapter, save_tiny_model

needs_peft = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("peft") is None, reason="PEFT is not installed: run make check-all"),
]


def put_adapter(folder: Path, base: str = "nowhere/at-all/base", **settings: Any) -> Path:
    """Write a folder that looks like an adapter's."""
    folder.mkdir()
    config = {"peft_type": "LORA", "base_model_name_or_path": base} | settings
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "adapter_model.safetensors").write_bytes(b"")
    return folder


# Folders.


def test_an_adapter_has_a_base_and_other_models_have_none(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    adapter = put_adapter(tmp_path / "adapter", str(base), revision="v2")
    assert read_adapter(adapter) == Adapter(adapter, str(base), "v2")
    assert (base_of(str(adapter)), tokenizer_of(str(adapter))) == (str(base), str(base))
    (adapter / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    assert tokenizer_of(str(adapter)) == str(adapter)
    assert (read_adapter(base), base_of(str(base)), base_of("org/name")) == (None, str(base), "org/name")


def test_an_adapter_has_the_shape_of_its_base(tmp_path: Path) -> None:
    assert shape_of(str(put_adapter(tmp_path / "a", "Qwen/Qwen2.5-3B"))) == shape_of("Qwen/Qwen2.5-3B")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"peft_type": "PROMPT_TUNING"}, "expected a LoRA adapter, got PROMPT_TUNING"),
        ({"megatron_config": {"a": 1}, "megatron_core": "antigravity"}, "got one for Megatron"),
        ({"base_model_name_or_path": None}, "does not name its base: give it with 'knk merge"),
        ({"base_model_name_or_path": "runs/warmup/gone"}, "there is no folder 'runs/warmup/gone', the adapter's base"),
        ({"base_model_name_or_path": "./gone"}, "there is no folder './gone'"),
        ({"base_model_name_or_path": ["a"]}, "does not name its base"),
    ],
)
def test_an_adapter_that_cannot_be_used_is_an_error(
    settings: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adapter = put_adapter(tmp_path / "adapter", **settings)
    before = files_in(tmp_path)
    assert main(["merge", str(adapter), "-o", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert files_in(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_a_folder_without_an_adapter_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match="expected a folder with a LoRA adapter, got no adapter_config"):
        merge(tmp_path, tmp_path / "out")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BadFolder, match="got a whole model"):
        merge(tmp_path, tmp_path / "out")


def test_pickled_weights_are_not_read(tmp_path: Path) -> None:
    adapter = put_adapter(tmp_path / "adapter")
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(BadFolder, match=r"missing adapter_model\.safetensors"):
        merge(adapter, tmp_path / "out")


def test_an_adapter_of_an_adapter_is_merged_in_order(tmp_path: Path) -> None:
    first = put_adapter(tmp_path / "first")
    with pytest.raises(BadFolder, match="is an adapter itself: merge it first"):
        merge(put_adapter(tmp_path / "second", str(first)), tmp_path / "out")


def test_a_folder_that_is_not_empty_is_kept(tmp_path: Path) -> None:
    adapter = put_adapter(tmp_path / "adapter")
    before = files_in(adapter)
    with pytest.raises(BadFolder, match="is not empty"):
        merge(adapter, adapter)
    assert files_in(adapter) == before


# Numbers.


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny_model(folder, ["Ann says that Bob is a knave."])
    return folder


@pytest.fixture(scope="module")
def tied(tiny: Path) -> Path:
    """The model with one matrix for the embedding and the output layer."""
    import shutil

    import transformers

    folder = tiny.with_name("tied")
    shutil.copytree(tiny, folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(tiny)
    model.config.tie_word_embeddings = True
    model.tie_weights()
    model.save_pretrained(folder)
    return folder


class TestNumbers:
    pytestmark = needs_peft

    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"use_dora": True},
            {"use_rslora": True},
            {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]},
            {"target_modules": ["q_proj", "lm_head"]},
            {"target_modules": ["q_proj", "embed_tokens"]},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("base", ["tiny", "tied"])
    def test_the_merged_model_computes_what_the_adapter_does(
        self, settings: dict[str, Any], base: str, tmp_path: Path, request: pytest.FixtureRequest
    ) -> None:
        import torch
        import transformers

        folder = request.getfixturevalue(base)
        adapted = save_tiny_adapter(tmp_path / "adapter", folder, **settings)
        tokens = torch.arange(30)[None]
        with torch.no_grad():
            expected, plain = (
                model(tokens).logits for model in (adapted, transformers.AutoModelForCausalLM.from_pretrained(folder))
            )
            merge(tmp_path / "adapter", tmp_path / "out")
            model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
            assert torch.allclose(model(tokens).logits, expected, atol=1e-6)
            assert not torch.allclose(plain, expected, atol=1e-4)

    def test_float32_weights_are_those_of_peft(self, tiny: Path, tmp_path: Path) -> None:
        import torch

        adapted = save_tiny_adapter(tmp_path / "adapter", tiny)
        loaded = load_model(str(tmp_path / "adapter"))
        expected = adapted.merge_and_unload().state_dict()
        assert (loaded.modules, loaded.rounding, loaded.base) == (14, 0.0, str(tiny))
        assert expected.keys() == loaded.model.state_dict().keys()
        assert all(torch.equal(weight, expected[name]) for name, weight in loaded.model.state_dict().items())

    def test_weights_are_rounded_once_after_the_sum(self, tiny: Path, tmp_path: Path) -> None:
        import torch
        import transformers

        half = tmp_path / "half"
        transformers.AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.bfloat16).save_pretrained(half)
        adapted = save_tiny_adapter(tmp_path / "adapter", half, scale=0.005)
        exact = adapted.float().merge_and_unload().state_dict()
        (tmp_path / "adapter" / "tokenizer_config.json").write_text("{}", encoding="utf-8")
        rounded = load_model(str(tmp_path / "adapter"))
        assert rounded.model.dtype == torch.bfloat16
        assert 0.2 < rounded.rounding < 0.6
        for name, weight in rounded.model.state_dict().items():
            assert torch.equal(weight, exact[name].bfloat16())
        whole = load_model(str(tmp_path / "adapter"), "float32")
        assert (whole.model.dtype, whole.rounding) == (torch.float32, 0.0)
        assert all(torch.equal(weight, exact[name]) for name, weight in whole.model.state_dict().items())

    def test_a_folder_holds_all_that_a_model_needs(self, tiny: Path, tmp_path: Path) -> None:
        import torch
        import transformers

        save_tiny_adapter(tmp_path / "adapter", tiny)
        merged = merge(tmp_path / "adapter", tmp_path / "out", dtype="bfloat16")
        assert merged.dtype == "bfloat16"
        assert files_in(tmp_path / "out").keys() == {
            "chat_template.jinja",
            "config.json",
            "generation_config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
        }
        assert load_tokenizer(str(tmp_path / "out")).chat_template == load_tokenizer(str(tiny)).chat_template
        assert transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out").dtype == torch.bfloat16

    def test_the_model_ends_where_the_adapters_tokenizer_does(self, tiny: Path, tmp_path: Path) -> None:
        import transformers

        save_tiny_adapter(tmp_path / "adapter", tiny)
        tokenizer = load_tokenizer(str(tiny), eos_token="A")
        tokenizer.save_pretrained(tmp_path / "adapter")
        merge(tmp_path / "adapter", tmp_path / "out")
        config = transformers.GenerationConfig.from_pretrained(tmp_path / "out")
        assert config.eos_token_id == [tokenizer.eos_token_id, load_tokenizer(str(tiny)).eos_token_id]

    def test_a_change_that_rounding_loses_is_reported(
        self, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        save_tiny_adapter(tmp_path / "adapter", tiny, scale=0.005)
        for dtype in ("bfloat16", "float32"):
            assert main(["merge", str(tmp_path / "adapter"), "-o", str(tmp_path / dtype), "--dtype", dtype]) == 0
        lines = capsys.readouterr().err.splitlines()
        assert [line for line in lines if "rounding to" in line] == [
            "knk: rounding to bfloat16 changed the weights by 33% of what the adapter does; --dtype float32 avoids it"
        ]


# Bases that do not fit.


class TestBases:
    pytestmark = needs_peft

    def test_another_base_can_be_given(self, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        adapter = tmp_path / "adapter"
        save_tiny_adapter(adapter, tiny)
        config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
        config["base_model_name_or_path"] = "runs/somewhere/else"
        (adapter / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
        with pytest.raises(BadFolder, match="there is no folder 'runs/somewhere/else'"):
            merge(adapter, tmp_path / "out")
        assert main(["merge", str(adapter), "--base", str(tiny), "-o", str(tmp_path / "out"), "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert (report["base"], report["modules"], report["dtype"]) == (str(tiny), 14, "float32")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"num_hidden_layers": 1}, "has no 'model.layers.1.self_attn.q_proj', which the adapter changes"),
            ({"num_hidden_layers": 3}, "has no weights for 'model.layers.2.self_attn.q_proj' of the base"),
            ({"hidden_size": 16}, "it cannot be merged into"),
        ],
    )
    def test_a_base_that_does_not_fit_is_an_error(
        self, change: dict[str, Any], message: str, tiny: Path, tmp_path: Path
    ) -> None:
        import transformers

        save_tiny_adapter(tmp_path / "adapter", tiny, target_modules=["q_proj"])
        settings = transformers.AutoConfig.from_pretrained(tiny).to_dict() | change
        other = transformers.LlamaForCausalLM(transformers.LlamaConfig(**settings | {"layer_types": None}))
        other.save_pretrained(tmp_path / "other")
        with pytest.raises(KnkError) as caught:
            merge(tmp_path / "adapter", tmp_path / "out", str(tmp_path / "other"))
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter", "other"]

    def test_a_base_without_the_target_modules_is_an_error(self, tiny: Path, tmp_path: Path) -> None:
        import transformers

        save_tiny_adapter(tmp_path / "adapter", tiny)
        config = transformers.GPT2Config(n_layer=1, n_embd=8, n_head=2, vocab_size=300)
        transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path / "other")
        with pytest.raises(BadFolder, match=r"has no 'model.layers\.0\.mlp\.down_proj', which the adapter changes"):
            merge(tmp_path / "adapter", tmp_path / "out", str(tmp_path / "other"))

    def test_a_quantised_base_is_an_error(self, tiny: Path, tmp_path: Path) -> None:
        import shutil

        save_tiny_adapter(tmp_path / "adapter", tiny)
        shutil.copytree(tiny, tmp_path / "quantised")
        config = json.loads((tiny / "config.json").read_text(encoding="utf-8"))
        config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
        (tmp_path / "quantised" / "config.json").write_text(json.dumps(config), encoding="utf-8")
        with pytest.raises(BadFolder, match="is quantised, and adapters are merged into weights that are not"):
            merge(tmp_path / "adapter", tmp_path / "out", str(tmp_path / "quantised"))

    def test_a_base_that_the_hub_does_not_have_is_an_error(
        self, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        save_tiny_adapter(tmp_path / "adapter", tiny)
        with pytest.raises(ModelFailed, match=r"there is no folder 'org/nobody', the base of .*--base MODEL"):
            merge(tmp_path / "adapter", tmp_path / "out", "org/nobody")

    @pytest.mark.parametrize(
        "settings",
        [{"r": "x"}, {"r": -1}, {"target_modules": "("}, {"target_modules": ["none_such"]}, {"lora_alpha": None}],
    )
    def test_a_broken_configuration_is_an_error_in_one_line(
        self, settings: dict[str, Any], tiny: Path, tmp_path: Path
    ) -> None:
        adapter = tmp_path / "adapter"
        save_tiny_adapter(adapter, tiny)
        config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8")) | settings
        (adapter / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
        with pytest.raises(BadFolder) as caught:
            merge(adapter, tmp_path / "out")
        assert "\n" not in str(caught.value)

    def test_broken_weights_are_an_error_in_one_line(self, tiny: Path, tmp_path: Path) -> None:
        save_tiny_adapter(tmp_path / "adapter", tiny)
        (tmp_path / "adapter" / "adapter_model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}")
        with pytest.raises(BadFolder, match="cannot be merged"):
            merge(tmp_path / "adapter", tmp_path / "out")


# Interruptions.

KILLED = """
import os, signal, sys
from pathlib import Path
from knk.training.merge import merge

def notify(message):
    if message.startswith("writing"):
        os.kill(os.getpid(), signal.SIGKILL)

merge(Path(sys.argv[1]), Path(sys.argv[2]), notify=notify)
"""


class TestInterruptions:
    pytestmark = needs_peft

    def test_an_interrupt_leaves_nothing(self, tiny: Path, tmp_path: Path) -> None:
        save_tiny_adapter(tmp_path / "adapter", tiny)
        before = files_in(tmp_path)

        def interrupt(message: str) -> None:
            if message.startswith("writing"):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            merge(tmp_path / "adapter", tmp_path / "out", notify=interrupt)
        assert files_in(tmp_path) == before
        assert [path.name for path in tmp_path.iterdir()] == ["adapter"]

    def test_after_a_kill_there_is_no_folder_and_merging_works(self, tiny: Path, tmp_path: Path) -> None:
        adapter, out = tmp_path / "adapter", tmp_path / "out"
        save_tiny_adapter(adapter, tiny)
        killed = subprocess.run([sys.executable, "-c", KILLED, adapter, out], check=False, timeout=300)
        assert killed.returncode == -signal.SIGKILL
        assert not out.exists()
        (tmp_path / ".out.unfinished" / "left-over.safetensors").write_bytes(b"")
        merge(adapter, out)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter", "out"]
        assert "left-over.safetensors" not in files_in(out)

    def test_two_at_once_do_not_meet(self, tiny: Path, tmp_path: Path) -> None:
        adapter, out = tmp_path / "adapter", tmp_path / "out"
        save_tiny_adapter(adapter, tiny)

        def again(message: str) -> None:
            if message.startswith("writing"):
                with pytest.raises(BadFolder, match="another process writes this folder"):
                    merge(adapter, out)

        merge(adapter, out, notify=again)
        assert (out / "model.safetensors").is_file()
