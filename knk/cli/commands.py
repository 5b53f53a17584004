"""The tree of commands, and how errors become one line on stderr and an exit status."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from knk.cli.bench.compare import compare
from knk.cli.bench.latent import latent
from knk.cli.bench.run import run
from knk.cli.bench.score import score
from knk.cli.bench.table import table
from knk.cli.bench.tasks import tasks
from knk.cli.corpus.audit import audit
from knk.cli.corpus.build import build
from knk.cli.corpus.export import export
from knk.cli.corpus.sft import sft
from knk.cli.difficulty import difficulty
from knk.cli.download import download
from knk.cli.explain import explain
from knk.cli.generate import generate
from knk.cli.groups import with_option_groups
from knk.cli.merge import merge
from knk.cli.plan import plan
from knk.cli.publish import publish
from knk.cli.report import report
from knk.cli.signals import exit_on_termination
from knk.cli.solve import solve
from knk.cli.task import task
from knk.cli.teach import teach
from knk.cli.train import train
from knk.cli.usage import unknown, usage_message
from knk.cli.verify import verify
from knk.errors import KnkError
from knk.version import __version__

BAD_INPUT: Final = 2
"""The exit status for bad input and usage errors."""
_CLOSED_PIPE: Final = 141
"""The status that a shell reports for a program that a closed pipe ended."""


class _Knk(TyperGroup):
    """All commands; turns errors of the library and of the system into exit statuses."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Discard what is still buffered: otherwise Python reports the closed pipe once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(_CLOSED_PIPE) from None
        except UnicodeError as error:
            raise typer.Exit(_report(f"the input is not UTF-8 text ({error})")) from error
        except (KnkError, OSError) as error:
            raise typer.Exit(_report(_message(error))) from error
        return result


class _Bench(TyperGroup):
    """`knk bench MODEL` is short for `knk bench run MODEL`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            # A model is never followed by another argument, so the first of several is a command.
            similar = get_close_matches(args[0], self.commands, 1)
            if similar and len(args) > 1 and not args[1].startswith("-"):
                ctx.fail(unknown("command", repr(args[0]), [repr(similar[0])]))
            args = ["run", *args]
        return super().resolve_command(ctx, args)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the `knk` command and return its exit status.

    Args:
        arguments: the command line after `knk`; that of this process if not given.

    >>> main(["--version"])
    knk ...
    0
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8-sig" if stream is sys.stdin else "utf-8")
    try:
        with exit_on_termination():
            return app(arguments, prog_name="knk", standalone_mode=False) or 0
    except typer.TyperException as error:  # A usage error; all others are handled in `_Knk`.
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "knk"
        message = usage_message(error)
        return _report(
            f"{message} See '{command} --help'" if message.endswith("?") else f"{message}; see '{command} --help'"
        )


def _report(problem: str) -> int:
    print(f"knk: {' '.join(problem.split())}", file=sys.stderr)
    return BAD_INPUT


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        missing = error.errno == errno.ENOENT and error.strerror == os.strerror(errno.ENOENT)
        reason = "no such file" if missing else error.strerror[:1].lower() + error.strerror[1:]
        return f"{error.filename}: {reason}" if error.filename else reason
    return str(error)


# The groups of commands.


def _print_version(requested: bool) -> None:
    if requested:
        print(f"knk {__version__}")
        raise typer.Exit


def knk(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Generate, solve and verify knights and knaves puzzles.

    Knights always tell the truth and knaves always lie. Each person makes statements about who is a knight and who is
    a knave; to solve the puzzle is to find everybody's role.

    Exit status: 0 success, 1 a negative result (see each command), 2 bad input; one line on stderr says what to do.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


def corpus(context: typer.Context) -> None:
    """Build, audit and export datasets of puzzles."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def bench(context: typer.Context) -> None:
    """Benchmark models and compare the results.

    'knk bench MODEL' is short for 'knk bench run MODEL'.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


app = typer.Typer(
    cls=_Knk,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
app.callback(invoke_without_command=True)(knk)
_corpus_app = typer.Typer(rich_markup_mode=None)
_corpus_app.callback(invoke_without_command=True)(corpus)
_bench_app = typer.Typer(cls=_Bench, rich_markup_mode=None)
_bench_app.callback(invoke_without_command=True)(bench)


def _add(group: typer.Typer, *commands: Callable[..., None]) -> None:
    for command in commands:
        group.command()(with_option_groups(command))


# Help lists the commands in this order.
_add(app, generate, solve, explain, difficulty, verify, task)
_add(_corpus_app, build, audit, export, sft)
app.add_typer(_corpus_app, name="corpus")
_add(app, teach, plan, train, merge)
_add(_bench_app, run, score, table, compare, latent, tasks)
app.add_typer(_bench_app, name="bench")
_add(app, report, publish, download)
