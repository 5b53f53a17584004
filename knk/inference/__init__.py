"""Models asked, and their answers kept as they came.

`ask` asks a model about items, whatever their task; an engine answers: `ServerEngine` any server that speaks the OpenAI
API, `VllmEngine` vLLM inside this process, `TransformersEngine` transformers inside this process. What was answered is
on the disk before the next thing is done, so a run that was killed goes on where it was.

| module | what belongs in it |
|---|---|
| `sampling` | `Sampling`: how answers are drawn, and the presets |
| `engine` | what an engine is |
| `asks` | the questions: item by item, read as they are wanted |
| `store` | a run's folder: answers and failures a line each, taken up again |
| `flow` | many questions at once, and no more than that |
| `replies` | what a server's answer says, taken apart with distrust |
| `server` | the engine for servers: retries, waiting, giving up |
| `vllm` | the engine inside vLLM |
| `local` | the engine inside transformers |
| `run` | `ask`, which puts these together |
"""

from knk.inference.engine import Answer, Engine, Failure
from knk.inference.run import Observer, Summary, ask
from knk.inference.sampling import Sampling
from knk.inference.server import ServerEngine
from knk.inference.transformers import TransformersEngine
from knk.inference.vllm import VllmEngine

__all__ = [
    "Answer",
    "Engine",
    "Failure",
    "Observer",
    "Sampling",
    "ServerEngine",
    "Summary",
    "TransformersEngine",
    "VllmEngine",
    "ask",
]
