"""The `knk` command: a verb a command.

The docstrings and help texts of the commands are their documentation; `docs/cli.md` is made from them. What a command
works with is imported inside it, so that `knk --help` is quick.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from knk.cli.bench.compare import compare
from knk.cli.bench.run import run
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
from knk.cli.plan import plan
from knk.cli.publish import publish
from knk.cli.report import report
from knk.cli.solve import solve
from knk.cli.task import task
from knk.cli.teach import teach
from knk.cli.train import train
from knk.cli.verify import verify
from knk.errors import KnkError
from knk.version import __version__

BAD_INPUT: Final = 2
_CLOSED_PIPE: Final = 141
"""What a shell reports for a program that a closed pipe ended."""


class _Group(TyperGroup):
    """All commands; the one place where errors of the library and of the system become a line and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # What is still buffered has nowhere to go either; without this Python complains about it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(_CLOSED_PIPE) from None
        except UnicodeError as error:
            raise typer.Exit(_complain(f"the input is not UTF-8 text ({error})")) from error
        except (KnkError, OSError) as error:
            raise typer.Exit(_complain(_message(error))) from error
        return result


app = typer.Typer(
    cls=_Group,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the `knk` command and return its exit status.

    Args:
        arguments: what stands after `knk`; those of this process if not given.

    >>> main(["--version"])
    knk ...
    0
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8-sig" if stream is sys.stdin else "utf-8")
    try:
        with _ended_in_order():
            return app(arguments, prog_name="knk", standalone_mode=False) or 0
    except typer.TyperException as error:  # A usage error; the others were dealt with in `_Group`.
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "knk"
        message = error.format_message().replace("Value error, ", "").rstrip(".")
        return _complain(f"{message}; see '{command} --help'")


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let a SIGTERM end this process as an error would, so that nothing half written is left behind."""

    def end(_signal: int, _frame: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    # Only the main thread may say what a signal does, and the default is all there is to replace.
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _complain(problem: str) -> int:
    print(f"knk: {' '.join(problem.split())}", file=sys.stderr)
    return BAD_INPUT


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"knk {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def knk(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Make, solve and mark knights and knaves puzzles.

    A knight always tells the truth and a knave always lies. Some people each say something about who is what; the
    puzzle is to find everybody's role.

    Exit status: 0 all is well, 1 the answer is no (see each command), 2 the input is bad; one line on stderr then
    says what to do.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


corpora = typer.Typer(rich_markup_mode=None)


@corpora.callback(invoke_without_command=True)
def corpus(context: typer.Context) -> None:
    """Build and audit datasets of puzzles."""
    if context.invoked_subcommand is None:
        print(context.get_help())


class _Bench(TyperGroup):
    """`knk bench MODEL` is `knk bench run MODEL`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is meant."""
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)


benches = typer.Typer(cls=_Bench, rich_markup_mode=None)


@benches.callback(invoke_without_command=True)
def bench(context: typer.Context) -> None:
    """Benchmark models, and compare them.

    'knk bench MODEL' is short for 'knk bench run MODEL'.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


_command: Callable[..., None]
# In the order in which the help lists them.
for _command in (generate, solve, explain, difficulty, verify, task):
    app.command()(_command)
for _command in (build, audit, export, sft):
    corpora.command()(_command)
app.add_typer(corpora, name="corpus")
app.command()(teach)
app.command()(plan)
app.command()(train)
for _command in (run, table, compare, tasks):
    benches.command()(_command)
app.add_typer(benches, name="bench")
app.command()(report)
for _command in (publish, download):
    app.command()(_command)
