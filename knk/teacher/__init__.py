"""A teacher answers the puzzles of a corpus, and its answers become rows for training.

`teach` runs an engine of `knk.inference`, or `TraceEngine`: the library's own proofs. Each answer is stored as soon
as it arrives, so a run that was killed can be resumed.

| module | contents |
|---|---|
| `run` | `teach`, and the puzzles of a corpus |
| `proofs` | `TraceEngine`: answers with proofs |
| `cost` | `estimate_cost`: what a run would cost |
| `tokens` | counting tokens |
| `sft/` | from answers to rows for supervised fine-tuning |
| `export` | puzzles in the formats that other libraries train on |
| `public_data` | the columns of the public K&K data |
"""

from knk.inference.engine import Answer, Engine, Failure
from knk.inference.run import Observer, Summary
from knk.inference.sampling import PRESETS, Sampling
from knk.inference.server import ServerEngine
from knk.inference.transformers import TransformersEngine
from knk.inference.vllm import VllmEngine
from knk.teacher.cost import CostEstimate, estimate_cost
from knk.teacher.proofs import TraceEngine
from knk.teacher.run import teach

__all__ = [
    "PRESETS",
    "Answer",
    "CostEstimate",
    "Engine",
    "Failure",
    "Observer",
    "Sampling",
    "ServerEngine",
    "Summary",
    "TraceEngine",
    "TransformersEngine",
    "VllmEngine",
    "estimate_cost",
    "teach",
]
