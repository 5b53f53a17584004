"""Groups of options: what typer sees, and what a command gets."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from inspect import unwrap
from typing import Annotated, Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from knk.cli import app
from knk.cli.bench.run import PaperSamplingOptions
from knk.cli.groups import with_option_groups
from knk.cli.options import EngineOptions, SamplingOptions
from knk.errors import BadSpec
from knk.evals.run import PAPER_SAMPLING
from knk.inference.sampling import Sampling

MAX_PARAMETERS = 12


@dataclass(frozen=True)
class Size:
    path: Annotated[str, typer.Argument()]
    width: Annotated[int, typer.Option(help="The width.")] = 2


@dataclass(frozen=True)
class WideSize(Size):
    width: Annotated[int, typer.Option(help="The width.")] = 9


def output(command: Any, *arguments: str) -> str:
    tool = typer.Typer(rich_markup_mode=None)
    tool.command()(with_option_groups(command))
    result = CliRunner().invoke(tool, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def show(size: Size, *, name: str = "x") -> None:
    """Show a size."""
    typer.echo(f"{size} {name}")


def test_a_group_is_one_option_per_field_and_arrives_as_one_object() -> None:
    assert output(show, "a") == "Size(path='a', width=2) x\n"
    assert output(show, "a", "--width", "3", "--name", "y") == "Size(path='a', width=3) y\n"
    assert "The width.  [default: 2]" in output(show, "--help")


def test_a_derived_group_changes_a_default() -> None:
    def show_wide(size: WideSize) -> None:
        """Show a size."""
        typer.echo(size)

    # Annotations in this module are evaluated, so that a function's own names can be found.
    show_wide.__annotations__["size"] = WideSize
    assert output(show_wide, "a") == "WideSize(path='a', width=9)\n"


def test_sampling_options_override_the_preset() -> None:
    assert SamplingOptions().apply_to(Sampling(n=3), "paper") == Sampling(n=3)
    expected = Sampling(2, top_k=4, stop=("a", "b"))
    assert SamplingOptions(n=2, stop=["a", "b"]).apply_to(Sampling(top_k=4), "paper") == expected
    assert PaperSamplingOptions().apply_to(PAPER_SAMPLING, "paper") == PAPER_SAMPLING


def test_stop_strings_of_a_preset_are_not_for_chat_models() -> None:
    assert PaperSamplingOptions().apply_to(PAPER_SAMPLING, "chat") == replace(PAPER_SAMPLING, stop=())
    assert PaperSamplingOptions(stop=["</answer>"]).apply_to(PAPER_SAMPLING, "chat").stop == ("</answer>",)


def test_engine_options_of_other_engines_are_rejected() -> None:
    with pytest.raises(BadSpec, match="--batch-size cannot be used with --engine trace"):
        EngineOptions(batch_size=4).build("trace", None)


def commands(command: Any) -> Iterator[Any]:
    yield command
    for inner in getattr(command, "commands", {}).values():
        yield from commands(inner)


def test_no_command_takes_many_parameters() -> None:
    counts = {command.name: len(unwrap(command.callback).__annotations__) - 1 for command in commands(get_command(app))}
    assert counts["generate"] > 5
    assert not {name: count for name, count in counts.items() if count > MAX_PARAMETERS}
