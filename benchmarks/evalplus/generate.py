"""Have a model write the functions of HumanEval+ by EvalPlus's own generation, offline.

What `python -m evalplus.codegen` does, but for this: the problems are read from a file, never downloaded; code that a
model brings along is never run, whether asked for or not; a server that refuses is an error and not asked forever; and
a completion may be longer than 768 tokens.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from knk.errors import BadFolder, KnkError, MissingPackage
from knk.evals.evalplus import problems_of

TOKENS: Final = 768
"""What EvalPlus lets a model write at most."""
_CONFIGS: Final = ("config.json", "tokenizer_config.json", "generation_config.json")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write samples, in EvalPlus's format, and print where they are."""
    asked = _parser().parse_args(arguments)
    try:
        problems_of(asked.data)
        if find_spec("evalplus") is None:
            raise MissingPackage('generating with EvalPlus needs it: pip install "knk[bench]"')
        if not asked.resume and list(asked.out.glob("humaneval/*.jsonl")):
            # EvalPlus would go on with samples of the same model and temperature, however they were asked for.
            raise BadFolder(f"{str(asked.out)!r} has samples already: --resume goes on with them")
        if asked.backend != "openai":
            refuse_custom_code(Path(asked.model))
        print(generate(asked))
    except (KnkError, OSError) as error:
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evalplus.generate", description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="a model's folder; for openai the name that the server knows")
    parser.add_argument("--data", required=True, metavar="FILE", type=Path, help="HumanEvalPlus.jsonl.gz")
    parser.add_argument("--out", required=True, metavar="FOLDER", type=Path, help="where the samples are written")
    parser.add_argument("--backend", choices=("hf", "vllm", "openai"), default="hf")
    parser.add_argument("--base-url", metavar="URL", help="of the server; its key is read from OPENAI_API_KEY")
    parser.add_argument("-n", "--samples", type=int, default=1, metavar="N", help="samples a problem")
    parser.add_argument("--temperature", type=float, default=0.0, metavar="T", help="0: one sample, the likeliest")
    parser.add_argument("--max-new-tokens", type=int, default=TOKENS, metavar="N", help="%(default)s, as in EvalPlus")
    parser.add_argument("--dtype", default="bfloat16", help="%(default)s if not given")
    parser.add_argument("--tp", type=int, default=1, metavar="N", help="GPUs for vllm")
    parser.add_argument(
        "--base-prompt", action="store_true", help="no chat template: the stub alone, to be gone on with"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the samples that are in the folder")
    return parser


def refuse_custom_code(folder: Path) -> None:
    """See that a model's folder is there and asks for no code of its own.

    EvalPlus leaves `trust_remote_code` off for the model, but says nothing of it for the tokenizer, and then a prompt
    asks, which a pipe may answer.

    Raises:
        BadFolder: it is not there, or it does.
    """
    if not (folder / "config.json").is_file():
        raise BadFolder(f"{str(folder)!r} is no folder of a model: it has no config.json")
    for name in _CONFIGS:
        path = folder / name
        if path.is_file() and "auto_map" in json.loads(path.read_text(encoding="utf-8")):
            raise BadFolder(f"{path} asks for code of its own to be run (auto_map), which is never done")


def generate(asked: argparse.Namespace) -> str:
    """Return the path of the samples that the model wrote.

    Args:
        asked: what the command line says.
    """
    # EvalPlus reads where its problems are when it is imported; transformers, whether there is a network.
    os.environ |= {"HUMANEVAL_OVERRIDE_PATH": str(asked.data.resolve()), "HF_HUB_OFFLINE": "1"}
    from evalplus import codegen
    from evalplus.provider.base import DecoderBase

    _lengthen(DecoderBase, asked.max_new_tokens)
    _take_any_text(codegen)
    if asked.backend == "openai":
        _fail_early()
    greedy = asked.temperature == 0
    path: str = codegen.run_codegen(
        model=asked.model,
        dataset="humaneval",
        root=str(asked.out),
        backend=asked.backend,
        base_url=asked.base_url,
        n_samples=1 if greedy else asked.samples,
        bs=1 if greedy else None,
        temperature=asked.temperature,
        greedy=greedy,
        dtype=asked.dtype,
        tp=asked.tp,
        force_base_prompt=asked.base_prompt,
        resume=asked.resume,
        trust_remote_code=False,
    )
    return path


def _lengthen(decoder: Any, tokens: int) -> None:
    original = decoder.__init__

    def lengthened(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **{"max_new_tokens": tokens, **named})

    decoder.__init__ = lengthened


def _take_any_text(codegen: Any) -> None:
    """Let half a character, which some servers send, be a question mark: EvalPlus ends with an error there."""
    original = codegen.sanitize
    codegen.sanitize = lambda text, **named: original(text.encode("utf-8", "replace").decode("utf-8"), **named)


def _fail_early() -> None:
    """Let a server's refusal end the run: EvalPlus asks again, forever and in silence, whatever the error is."""
    from evalplus.gen.util import openai_request

    def ask(*arguments: Any, **named: Any) -> Any:
        try:
            return openai_request.make_request(*arguments, **named)
        except Exception as error:  # the client has errors of many kinds, and has tried again already
            raise KnkError(f"the server: {type(error).__name__}: {str(error).splitlines()[0]}") from error

    openai_request.make_auto_request = ask


if __name__ == "__main__":
    main()
