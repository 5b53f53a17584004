"""Have a model write the functions of HumanEval+ by EvalPlus's own generation, offline.

The same as `python -m evalplus.codegen`, with four differences: the problems are read from a file, never downloaded; a
model's custom code is never run; a server's error ends the run, where EvalPlus asks forever; and a completion may be
longer than 768 tokens.
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
from knk.evals.evalplus.samples import read_problems

DEFAULT_MAX_TOKENS: Final = 768
"""EvalPlus's limit of new tokens."""
_CONFIGS: Final = ("config.json", "tokenizer_config.json", "generation_config.json")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write samples in EvalPlus's format, and print the path of their file."""
    options = _parser().parse_args(arguments)
    try:
        read_problems(options.data)
        if find_spec("evalplus") is None:
            raise MissingPackage("EvalPlus is not installed: pip install '.[bench]'")
        if not options.resume and list(options.out.glob("humaneval/*.jsonl")):
            # EvalPlus would resume samples of the same model and temperature, whatever their other settings.
            raise BadFolder(f"{str(options.out)!r} holds samples already: use --resume to continue them")
        if options.backend != "openai":
            refuse_custom_code(Path(options.model))
        print(generate(options))
    except (KnkError, OSError) as error:
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evalplus.generate", description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="the model's folder; for openai its name on the server")
    parser.add_argument("--data", required=True, metavar="FILE", type=Path, help="HumanEvalPlus.jsonl.gz")
    parser.add_argument("--out", required=True, metavar="FOLDER", type=Path, help="folder to write the samples to")
    parser.add_argument("--backend", choices=("hf", "vllm", "openai"), default="hf")
    parser.add_argument("--base-url", metavar="URL", help="the server's URL; the API key is read from OPENAI_API_KEY")
    parser.add_argument("-n", "--samples", type=int, default=1, metavar="N", help="samples per problem")
    parser.add_argument("--temperature", type=float, default=0.0, metavar="T", help="0 for a single greedy sample")
    parser.add_argument(
        "--max-new-tokens",
        type=int,
        default=DEFAULT_MAX_TOKENS,
        metavar="N",
        help="limit of new tokens (default: %(default)s, as in EvalPlus)",
    )
    parser.add_argument("--dtype", default="bfloat16", help="default: %(default)s")
    parser.add_argument("--tp", type=int, default=1, metavar="N", help="number of GPUs for vllm")
    parser.add_argument("--base-prompt", action="store_true", help="no chat template: the model continues the stub")
    parser.add_argument("--resume", action="store_true", help="continue the samples in the folder")
    return parser


def refuse_custom_code(folder: Path) -> None:
    """Check that a model's folder exists and needs no custom code.

    EvalPlus switches `trust_remote_code` off for the model but leaves it unset for the tokenizer, where transformers
    asks on the terminal, and a pipe may answer.

    Args:
        folder: the model's folder.

    Raises:
        BadFolder: there is no model, or it needs custom code.
    """
    if not (folder / "config.json").is_file():
        raise BadFolder(f"{str(folder)!r} is not a model: it has no config.json")
    for name in _CONFIGS:
        path = folder / name
        if path.is_file() and "auto_map" in json.loads(path.read_text(encoding="utf-8")):
            raise BadFolder(f"{path} needs custom code (auto_map), which is never run")


def generate(options: argparse.Namespace) -> str:
    """Generate samples, and return the path of their file.

    Args:
        options: the parsed command line.
    """
    # EvalPlus reads the path of its problems when it is imported; transformers, whether it may use the network.
    os.environ |= {"HUMANEVAL_OVERRIDE_PATH": str(options.data.resolve()), "HF_HUB_OFFLINE": "1"}
    from evalplus import codegen
    from evalplus.provider.base import DecoderBase

    _set_max_tokens(DecoderBase, options.max_new_tokens)
    _accept_any_text(codegen)
    if options.backend == "openai":
        fail_on_server_errors()
    greedy = options.temperature == 0
    path: str = codegen.run_codegen(
        model=options.model,
        dataset="humaneval",
        root=str(options.out),
        backend=options.backend,
        base_url=options.base_url,
        n_samples=1 if greedy else options.samples,
        bs=1 if greedy else None,
        temperature=options.temperature,
        greedy=greedy,
        dtype=options.dtype,
        tp=options.tp,
        force_base_prompt=options.base_prompt,
        resume=options.resume,
        trust_remote_code=False,
    )
    return path


def _set_max_tokens(decoder: Any, tokens: int) -> None:
    original = decoder.__init__

    def with_max_tokens(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **{"max_new_tokens": tokens, **named})

    decoder.__init__ = with_max_tokens


def _accept_any_text(codegen: Any) -> None:
    """Replace lone surrogates, which some servers send and on which EvalPlus fails, by question marks."""
    original = codegen.sanitize
    codegen.sanitize = lambda text, **named: original(text.encode("utf-8", "replace").decode("utf-8"), **named)


def fail_on_server_errors() -> None:
    """Let a server's error end the run: EvalPlus repeats the request forever and silently, whatever the error is."""
    from evalplus.gen.util import openai_request

    def ask(*arguments: Any, **named: Any) -> Any:
        try:
            return openai_request.make_request(*arguments, **named)
        except Exception as error:  # the client has many kinds of errors, and has retried already
            raise KnkError(f"the server: {type(error).__name__}: {str(error).splitlines()[0]}") from error

    openai_request.make_auto_request = ask


if __name__ == "__main__":
    main()
