"""The fake of TRL's `VLLMGeneration`: against the real class, against what the trainer uses, and against its model."""

import ast
import importlib.util
import inspect
from math import log
from pathlib import Path
from typing import Any

import pytest

from tests.support.tiny_models import save_tiny_model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
    pytest.mark.filterwarnings("ignore"),  # Of what transformers will rename.
]


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    """The names, kinds and defaults of a function's parameters."""
    return [(each.name, each.kind, each.default) for each in inspect.signature(function).parameters.values()]


def own_methods(fake: type, real: type) -> list[str]:
    """The methods of a fake that take the place of real ones."""
    return [name for name, value in vars(fake).items() if inspect.isfunction(value) and hasattr(real, name)]


def test_the_fake_has_the_signatures_of_the_real_class_and_client() -> None:
    from trl.generation.vllm_client import VLLMClient
    from trl.generation.vllm_generation import VLLMGeneration

    from tests.support.vllm_generation import FakeClient, FakeVLLMGeneration

    assert parameters(FakeVLLMGeneration.__init__) == parameters(VLLMGeneration.__init__)
    assert own_methods(FakeVLLMGeneration, VLLMGeneration) == ["_init_vllm", "sync_weights", "generate"]
    for name in own_methods(FakeVLLMGeneration, VLLMGeneration):
        assert parameters(getattr(FakeVLLMGeneration, name)) == parameters(getattr(VLLMGeneration, name))
    names = [name for name in own_methods(FakeClient, VLLMClient) if name != "__init__"]
    assert set(names) == {"get_server_info", "update_named_params", "reset_prefix_cache", "generate"}
    for name in names:
        assert parameters(getattr(FakeClient, name)) == parameters(getattr(VLLMClient, name))


def uses_of_generation(tree: ast.AST) -> set[tuple[str, ...]]:
    """The chains of attributes that a trainer follows from `self.vllm_generation`."""
    chains = set()
    for node in ast.walk(tree):
        names = ast.unparse(node).split(".") if isinstance(node, ast.Attribute) else []
        if names[:2] == ["self", "vllm_generation"] and names[2:]:
            chains.add(tuple(names[2:]))
    return chains


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model."""
    folder = tmp_path_factory.mktemp("model")
    save_tiny_model(folder, ["A says that B is a knave."])
    return folder


def generation(folder: Path, **settings: Any) -> Any:
    """A fake with a model of its own to send weights from."""
    from accelerate import Accelerator
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from tests.support.vllm_generation import FakeVLLMGeneration

    trained = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    return FakeVLLMGeneration(trained, Accelerator(cpu=True), AutoTokenizer.from_pretrained(folder), **settings)


def test_the_fake_has_every_attribute_that_the_trainer_uses(model: Path) -> None:
    from trl.trainer import grpo_trainer

    chains = uses_of_generation(ast.parse(inspect.getsource(grpo_trainer)))
    assert {("sync_weights",), ("generate",), ("vllm_client", "get_server_info")} <= chains
    for chain in chains:
        value = generation(model, mode="server" if chain[0] == "vllm_client" else "colocate")
        for name in chain:
            value = getattr(value, name)


def test_the_trainer_takes_the_class_by_the_name_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    from trl.trainer import grpo_trainer

    from tests.support.vllm_generation import FakeVLLMGeneration, install

    names = [node.id for node in ast.walk(ast.parse(inspect.getsource(grpo_trainer))) if isinstance(node, ast.Name)]
    assert names.count("VLLMGeneration") == 1
    install(monkeypatch)
    assert grpo_trainer.VLLMGeneration is FakeVLLMGeneration


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [0.5, 0.25, 0.125, 0.125]),
        ({"top_p": 0.7}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_p": 0.5}, [1, 0, 0, 0]),
        ({"top_k": 2}, [2 / 3, 1 / 3, 0, 0]),
        ({"min_p": 0.4}, [2 / 3, 1 / 3, 0, 0]),
        ({"temperature": 0.5}, [16 / 22, 4 / 22, 1 / 22, 1 / 22]),
        # The temperature comes first: without it, half of the probability would not be in the first token.
        ({"temperature": 0.5, "top_p": 0.7}, [1, 0, 0, 0]),
        # The logarithms of probabilities are negative, so a penalty multiplies them: the first token's is squared.
        ({"repetition_penalty": 2.0}, [1 / 3, 1 / 3, 1 / 6, 1 / 6]),
    ],
)
def test_log_probabilities_are_those_that_tokens_are_drawn_with(
    settings: dict[str, Any], expected: list[float]
) -> None:
    import torch

    from tests.support.vllm_generation import SamplingParams, processed_logprobs

    logits = torch.tensor([[log(0.5), log(0.25), log(0.125), log(0.125)]])
    actual = processed_logprobs(logits, [[0]], SamplingParams(**settings)).exp()[0]
    assert actual.tolist() == pytest.approx(expected, abs=1e-6)


@pytest.fixture(params=["server", "colocate"])
def fake(request: pytest.FixtureRequest, model: Path) -> Any:
    """A fake in one of TRL's two modes."""
    return generation(model, mode=request.param, temperature=0.7, max_completion_length=12)


def test_completions_come_with_the_log_probabilities_of_the_model(fake: Any) -> None:
    import torch

    fake.sync_weights()
    prompts = [[40, 41, 42, 43], [40, 41, 42, 43], [50], [50]]
    returned, completions, logprobs, tokens = fake.generate(prompts, None, num_generations=2)
    assert returned == prompts
    assert [[token for (token,) in row] for row in tokens] == completions
    assert completions[0] != completions[1]
    for prompt, completion, row in zip(prompts, completions, logprobs, strict=True):
        with torch.no_grad():
            logits = fake.model(torch.tensor([prompt + completion])).logits[0, len(prompt) - 1 : -1]
        expected = (logits / 0.7).log_softmax(-1).gather(-1, torch.tensor(completion)[:, None])
        assert torch.allclose(torch.tensor(row), expected, atol=1e-5)


def test_the_engine_has_the_weights_of_the_last_sync(fake: Any) -> None:
    import torch

    weight = fake.model.model.embed_tokens.weight
    with torch.no_grad():
        weight.add_(1)
    own = fake.engine.model.model.embed_tokens.weight
    assert not torch.equal(own, weight)
    fake.sync_weights()
    assert torch.equal(own, weight)
    assert fake.syncs == 1


def test_an_answer_ends_with_its_last_token_or_with_a_stop_string(model: Path) -> None:
    fake = generation(model, max_completion_length=2000)
    (tokens,) = fake.generate([[40]], None, 1)[1]
    end = fake.processing_class.eos_token_id
    assert (tokens.count(end), tokens[-1]) == (1, end)
    fake.generation_kwargs = {"ignore_eos": True, "max_tokens": 1000}
    (tokens,) = fake.generate([[40]], None, 1)[1]
    assert len(tokens) == 1000
    assert end in tokens
    fake.generation_kwargs = {"stop": ["e"]}
    (tokens,) = fake.generate([[40]], None, 1)[1]
    text = fake.processing_class.decode(tokens)
    assert "e" in text
    assert "e" not in fake.processing_class.decode(tokens[:-1])
    assert tokens[-1] != end


def test_a_sleeping_engine_generates_only_with_weights_that_were_sent_again(model: Path) -> None:
    fake = generation(model, enable_sleep_mode=True)
    for _ in range(2):
        fake.generate([[40]], None, 1)
    assert fake.syncs == 2
    with pytest.raises(RuntimeError, match="asleep"):
        fake.engine.generate([[40]], None)


def test_what_the_fake_does_not_cover_is_an_error(model: Path) -> None:
    with pytest.raises(TypeError, match="presence_penalty"):
        generation(model, generation_kwargs={"presence_penalty": 1}).generate([[40]], None, 1)
    with pytest.raises(NotImplementedError, match="text"):
        generation(model, mode="server", structured_outputs_regex="a").generate([[40]], None, 1)
    with pytest.raises(NotImplementedError, match="logprobs"):
        generation(model, logprobs=2).generate([[40]], None, 1)
    with pytest.raises(NotImplementedError, match="one process"):
        generation(model, tensor_parallel_size=2)
