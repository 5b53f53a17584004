"""A teacher asked about every puzzle of a corpus, and its answers kept as they came.

`teach` asks; an engine answers: `ServerEngine` any server that speaks the OpenAI API, `VllmEngine` vLLM inside this
process, `TraceEngine` the library's own proofs. What was answered is on the disk before the next thing is done, so a
run that was killed goes on where it was.

| module | what belongs in it |
|---|---|
| `sampling` | `Sampling`: how answers are drawn, and the presets |
| `asks` | the questions: puzzle by puzzle, read as they are wanted |
| `store` | a run's folder: answers and failures a line each, taken up again |
| `engine` | what an engine is; the one that tells proofs |
| `flow` | many questions at once, and no more than that |
| `replies` | what a server's answer says, taken apart with distrust |
| `server` | the engine for servers: retries, waiting, giving up |
| `offline` | the engine inside vLLM |
| `run` | `teach`, which puts these together |
| `cost` | what a run would cost |
"""

from knk.teacher.cost import Estimate, estimate
from knk.teacher.engine import Answer, Engine, Failure, TraceEngine
from knk.teacher.offline import VllmEngine
from knk.teacher.run import Observer, Summary, teach
from knk.teacher.sampling import PRESETS, Sampling
from knk.teacher.server import ServerEngine

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
    "VllmEngine",
    "estimate",
    "teach",
]
