"""Generation without waiting for the longest completion: the tokens are those of transformers' own."""

import importlib.util
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from recipes.laptop.domains import stream
from recipes.laptop.evaluate import Model
from recipes.laptop.generation import Sampling, generate

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("transformers") is None, reason="transformers is not installed: run make check-all"
    ),
]
PROMPTS = [problem.prompt for domain in ("reverse", "sat", "kk", "col") for problem in islice(stream(domain, 1), 3)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A model with random weights, in which the end token is likely enough to end some completions early."""
    import torch

    from recipes.laptop.model import save_model

    folder = tmp_path_factory.mktemp("model")
    save_model(folder, 1)
    loaded = Model(folder)
    with torch.no_grad():  # Tied embeddings of random weights repeat their input; these do not.
        for name, weights in loaded.model.named_parameters():
            if "proj" in name:
                weights.mul_(8)
        loaded.model.get_input_embeddings().weight[loaded.tokenizer.eos_token_id] *= 1.5
    return loaded


def greedy_by_transformers(model: Any, prompt: str, max_tokens: int) -> list[int]:
    """Return the tokens that transformers generates after a prompt alone."""
    import torch

    ids = torch.tensor([model.tokenizer(prompt)["input_ids"]])
    output = model.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=max_tokens, do_sample=False)
    tokens: list[int] = output[0, ids.size(1) :].tolist()
    return tokens


def test_greedy_tokens_are_those_of_transformers_and_end_at_the_end_token(model: Any) -> None:
    prompts = [model.tokenizer(prompt)["input_ids"] for prompt in PROMPTS]
    assert len({len(prompt) for prompt in prompts}) > 4
    outputs = generate(model.model, prompts, Sampling(0.0, 1.0, 40))
    assert outputs == [greedy_by_transformers(model, prompt, 40) for prompt in PROMPTS]
    end = model.tokenizer.eos_token_id
    assert all(end not in tokens[:-1] for tokens in outputs)
    lengths = {len(tokens) for tokens in outputs}
    assert 40 in lengths
    assert min(lengths) < 40
    assert all(len(tokens) == 40 or tokens[-1] == end for tokens in outputs)


def test_forbidden_words_are_not_written_and_given_words_end_a_completion(model: Any) -> None:
    usual = [text.split() for text, _ in model.complete(PROMPTS, 20, greedy=True)]
    ((frequent, _),) = Counter(word for words in usual for word in words).most_common(1)
    without = model.complete(PROMPTS, 20, greedy=True, forbidden=[frequent])
    assert not any(frequent in text.split() for text, _ in without)
    until = [text.split() for text, _ in model.complete(PROMPTS, 20, greedy=True, until=[frequent])]
    assert until == [words[: words.index(frequent) + 1] if frequent in words else words for words in usual]
    assert until != usual


def test_completions_are_in_the_order_of_prompts_and_the_same_each_time(model: Any) -> None:
    completions = model.complete(PROMPTS, 20)
    assert completions == model.complete(PROMPTS, 20)
    greedy = model.complete(PROMPTS, 20, greedy=True)
    assert greedy != completions
    assert greedy == model.complete(PROMPTS[::-1], 20, greedy=True)[::-1]
    assert all(tokens == len(text.split()) for text, tokens in completions)


def test_drawn_tokens_follow_the_temperature_and_the_nucleus(model: Any) -> None:
    import torch

    prompt = model.tokenizer(PROMPTS[0])["input_ids"]
    with torch.inference_mode():
        logits = model.model(torch.tensor([prompt])).logits[0, -1].double()
    torch.manual_seed(0)
    drawn = [tokens[0] for tokens in generate(model.model, [prompt] * 2000, Sampling(0.5, 0.8, 1))]
    chances, order = (logits / 0.5).softmax(-1).sort(descending=True)
    kept = int((chances.cumsum(0) - chances < 0.8).sum())
    nucleus = order[:kept].tolist()
    assert set(drawn) <= set(nucleus)
    expected = (chances[:kept] / chances[:kept].sum()).tolist()
    for token, chance in zip(nucleus, expected, strict=True):
        assert drawn.count(token) / 2000 == pytest.approx(chance, abs=0.05)


def test_a_saved_model_has_the_seed_s_weights_and_a_tokenizer(tmp_path: Path) -> None:
    from recipes.laptop.model import save_model

    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        save_model(tmp_path / name, seed)
    weights = {name: (tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "same", "other")}
    assert weights["one"] == weights["same"] != weights["other"]
    model = Model(tmp_path / "one")
    assert sum(parameter.numel() for parameter in model.model.parameters()) < 1_000_000
    assert model.model.config.eos_token_id == model.tokenizer.eos_token_id
