"""A tiny model of a real architecture, with a tokenizer of its own, made on the spot."""

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def save_tiny_model(folder: Path, texts: Iterable[str], architecture: str = "Llama", heads: int = 2) -> None:
    """Save a model of some 30,000 parameters with random weights, whose tokenizer knows the bytes and these texts."""
    import torch
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>")
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = getattr(transformers, f"{architecture}Config")(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=4096,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
        bos_token_id=None,
    )
    getattr(transformers, f"{architecture}ForCausalLM")(config).save_pretrained(folder)


def save_tiny_adapter(folder: Path, base: Path, scale: float = 0.05, **settings: Any) -> Any:
    """Save a LoRA adapter with random weights, and return PEFT's model with it."""
    import peft
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    defaults = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT uses deprecated names of transformers.
        adapted = peft.get_peft_model(model, peft.LoraConfig(**defaults | settings)).eval()
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                parameter.normal_(0, scale)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapted.save_pretrained(folder)
    return adapted


def run_trl(trainer: str, settings: Mapping[str, Any], folder: Path) -> None:
    """Run `trl sft --config` or `trl grpo --config` as its users do, in a folder of its own and without a network."""
    config = folder / f"{trainer}.yaml"
    config.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML.
    run = subprocess.run(
        [str(Path(sys.executable).with_name("trl")), trainer, "--config", str(config)],
        check=False,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]
