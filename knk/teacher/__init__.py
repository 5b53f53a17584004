"""A teacher asked about every puzzle of a corpus, and its answers kept as they came.

`teach` asks; an engine of `knk.inference` answers, or `TraceEngine`: the library's own proofs. What was answered is on
the disk before the next thing is done, so a run that was killed goes on where it was.

| module | what belongs in it |
|---|---|
| `puzzles` | the puzzles of a run, and what tells their corpus from others |
| `proofs` | the engine that tells proofs |
| `run` | `teach`, which puts these together |
| `cost` | what a run would cost |
"""

from knk.inference.engine import Answer, Engine, Failure
from knk.inference.run import Observer, Summary
from knk.inference.sampling import PRESETS, Sampling
from knk.inference.server import ServerEngine
from knk.inference.transformers import TransformersEngine
from knk.inference.vllm import VllmEngine
from knk.teacher.cost import Estimate, estimate
from knk.teacher.proofs import TraceEngine
from knk.teacher.run import teach

__all__ = [
    "PRESETS",
    "Answer",
    "Engine",
    "Estimate",
    "Failure",
    "Observer",
    "Sampling",
    "ServerEngine",
    "Summary",
    "TraceEngine",
    "TransformersEngine",
    "VllmEngine",
    "estimate",
    "teach",
]
