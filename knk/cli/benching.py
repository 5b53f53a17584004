"""`knk bench`: models asked the benchmarks, and their figures set side by side."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from knk.cli.asking import (
    BaseUrl,
    BatchSize,
    Concurrency,
    DataParallel,
    EngineName,
    KeyName,
    MaxModelLen,
    Patience,
    Retries,
    ServerDialect,
    Style,
    TensorParallel,
    Timeout,
    terminable,
)
from knk.errors import KnkError

if TYPE_CHECKING:
    from knk.evals.compare import Difference
    from knk.evals.intervals import Estimate
    from knk.evals.paper_figures import Reported
    from knk.evals.records import Run
    from knk.evals.run import Watcher
    from knk.evals.scores import Summary

_FAILED: Final = 1
_RUN: Final = "run"
_PAPERS: Final = ("math500", "humaneval_plus", "mmlu_pro")
_SHARES: Final = ("accuracy", "format", "answered")


class _Group(TyperGroup):
    """`knk bench MODEL` is `knk bench run MODEL`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is meant."""
        if args and args[0] not in self.commands:
            args = [_RUN, *args]
        return super().resolve_command(ctx, args)


benches = typer.Typer(cls=_Group, rich_markup_mode=None)

Groups = Annotated[bool, typer.Option("--groups", help="Show sizes, grades, levels and subjects as well.")]
Json = Annotated[bool, typer.Option("--json", help="Print a JSON object instead of a table.")]


@benches.callback(invoke_without_command=True)
def bench(context: typer.Context) -> None:
    """Benchmark models, and compare them.

    'knk bench MODEL' is short for 'knk bench run MODEL'.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


@benches.command(_RUN)
def run(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A folder, a name on the Hub, or the model's name on the server.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="The folder to keep everything in.")
    ] = None,
    tasks: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="What to ask, with commas: knk, knk_grades, knk_perturbed, math500, humaneval_plus, mmlu_pro.",
        ),
    ] = "knk",
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="A local file in place of the Hub for one of them; may be given often."),
    ] = None,
    without: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Leave out the items in this file, which 'knk task' wrote for training."),
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Ask only N items of each, the same N.")] = None,
    engine: Annotated[
        EngineName | None,
        typer.Option(
            help="What answers; 'trace' is the library's own proofs, to try the command without a model. If not given: "
            "the server if there is a URL, else transformers."
        ),
    ] = None,
    base_url: BaseUrl = None,
    n: Annotated[int, typer.Option("--n", "-n", metavar="N", min=1, help="Answers to each item.")] = 4,
    temperature: Annotated[float, typer.Option(metavar="X", min=0, help="The temperature; 0 for the likeliest.")] = 0.7,
    top_p: Annotated[float, typer.Option(metavar="X", help="The share of the probability to draw from.")] = 0.95,
    top_k: Annotated[int | None, typer.Option(metavar="N", help="How many tokens to draw from; else all.")] = None,
    max_tokens: Annotated[int, typer.Option(metavar="N", min=1, help="How long an answer may be.")] = 4096,
    stop: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="A text that ends an answer; else 'Question:', 'Assistant:' and 'User:'."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="The seed that answers are drawn with.")] = 0,
    style: Style = "paper",
    arm: Annotated[str | None, typer.Option(metavar="TEXT", help="What tables call the model; else its name.")] = None,
    lm_eval: Annotated[
        bool, typer.Option("--lm-eval/--no-lm-eval", help="Have lm-eval score the answers too, in its own format.")
    ] = True,
    evalplus: Annotated[
        bool,
        typer.Option("--evalplus", help="Have EvalPlus score HumanEval+ too, from the local file of its release."),
    ] = False,
    batch_size: BatchSize = None,
    concurrency: Concurrency = None,
    dialect: ServerDialect = None,
    timeout: Timeout = None,
    retries: Retries = None,
    patience: Patience = None,
    api_key_env: KeyName = None,
    data_parallel: DataParallel = None,
    tensor_parallel: TensorParallel = None,
    max_model_len: MaxModelLen = None,
    groups: Groups = False,
    progress: Annotated[
        bool | None,
        typer.Option("--progress/--no-progress", help="Show a bar; if not given, on a terminal after two seconds."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask a model some benchmarks, and mark its answers.

    Sampling and stops are the paper's (arXiv 2505.13718): four answers to each item, temperature 0.7, top-p 0.95. All
    verdicts are those of 'knk verify' and of the rewards. Intervals are 95%, over items; SD is over the answers' draws,
    as the paper's tables have it. MMLU-Pro leaves out what RLVR trains on.

    DIR holds every answer (BENCHMARK/answers.jsonl) and its mark (verdicts.jsonl), the figures (results.json, for
    'knk report'), and the same as lm-eval writes it (lm_eval/). Whatever ends the command, run it again: it goes on.

    Exit status: 0 all is answered, 1 some answers were given up (the figures are of the others), 2 the input is bad or
    the model cannot be asked.

    \b
    knk bench models/warmed -o bench/warmed
    knk bench Qwen/Qwen2.5-3B --engine vllm --tasks math500,humaneval_plus,mmlu_pro -o bench/base
    knk bench qwen --base-url http://localhost:8000/v1 --style chat -o bench/qwen
    """
    from knk.evals.items import identities
    from knk.evals.run import PAPER, Plan
    from knk.evals.run import bench as benched
    from knk.inference.registry import ENGINES, build_engine

    if output is None:
        raise KnkError("there is no folder to keep the answers in: give one after -o")
    drawn: dict[str, Any] = {"n": n, "temperature": temperature, "top_p": top_p, "top_k": top_k}
    sampling = replace(PAPER, **drawn, max_tokens=max_tokens, stop=tuple(stop) if stop else PAPER.stop, seed=seed)
    names = tuple(name.strip() for name in tasks.split(",") if name.strip())
    files = dict(_pair(one) for one in data or [])
    trained = frozenset(name for path in without or [] for name in identities(path))
    kind = engine or ("server" if base_url else "transformers")
    chosen = build_engine(
        kind,
        {
            "model": model if "model" in ENGINES[kind].required else None,
            "base_url": base_url,
            "api_key_env": api_key_env,
            "dialect": dialect,
            "timeout": timeout,
            "retries": retries,
            "patience": patience,
            "data_parallel": data_parallel,
            "tensor_parallel": tensor_parallel,
            "max_model_len": max_model_len,
            "concurrency": concurrency,
            "batch_size": batch_size,
        },
    )
    plan = Plan(names, sampling, style, files, trained, limit)
    with _watcher(progress) as watcher, terminable(), _stoppable():
        found = benched(output, chosen, plan, arm=arm, lm_eval=lm_eval, evalplus=evalplus, watcher=watcher)
    _tell([[found]], groups, as_json, paper=False)
    missing = {name: len(plan.items(name)) * n - len(marks) for name, marks in found.marks.items()}
    for name, count in missing.items():
        if count:
            print(
                f"knk: {count:,} answers of {name} are missing; {output / name / 'failed.jsonl'} says why",
                file=sys.stderr,
            )
    if any(missing.values()):
        raise typer.Exit(_FAILED)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Say at an interruption that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        print("knk: stopped; the same command goes on", file=sys.stderr)
        raise


def _pair(told: str) -> tuple[str, str]:
    name, found, path = told.partition("=")
    if not found or not path:
        raise KnkError(f"--data is a benchmark and a file, such as math500=math500.jsonl, not {told!r}")
    from knk.evals.items import benchmark

    return benchmark(name).name, path


@benches.command("table")
def table(
    arms: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Folders of runs; those of one arm's seeds with commas.")
    ],
    paper: Annotated[bool, typer.Option("--paper", help="Show the paper's figures beneath.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write results.json as well, for 'knk report'."),
    ] = None,
    groups: Groups = False,
    as_json: Json = False,
) -> None:
    """Print the figures of several runs side by side.

    As the paper's tables have them, a row an arm: the mean, SD over the answers' draws, and beneath the 95% interval
    over items; where an arm has runs of several seeds of training ('a,b'), over these too.

    \b
    knk bench table bench/base bench/warmed --paper
    knk bench table bench/base-0,bench/base-1 bench/warmed-0,bench/warmed-1 -o results.json
    """
    from knk.evals import results
    from knk.evals.records import results_of

    found = [_runs(one) for one in arms]
    if len({runs[0].arm for runs in found}) < len(found):
        raise KnkError("two arms have one name: give the runs names with 'knk bench run --arm'")
    if output is not None:
        results.write(output, results_of(found, "Benchmarks"))
    _tell(found, groups, as_json, paper)


@benches.command("compare")
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="The folder of a run; of several seeds, with commas.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another, with as many seeds.")],
    metric: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What to compare: accuracy, accuracy as the paper reads, format, answered, tokens; or a metric of "
            "lm-eval's tasks.",
        ),
    ] = "accuracy",
    groups: Groups = False,
    as_json: Json = False,
) -> None:
    """Say by how much B is above A, item by item.

    With the 95% interval of the difference.

    'not resolved' is a difference whose interval holds zero: these items, and these seeds, do not tell which of the two
    is better. That is not to say that they are equal.

    A and B are folders of 'knk bench', or folders that 'lm_eval run --log_samples' wrote, whatever the tasks.

    \b
    knk bench compare bench/base bench/warmed
    knk bench compare bench/base-0,bench/base-1 bench/warmed-0,bench/warmed-1
    """
    from knk.evals.compare import compare as compared
    from knk.evals.compare import read, unlike

    ones, others = ([read(folder, metric, groups) for folder in told.split(",") if folder] for told in (first, second))
    found = compared(ones, others)
    differing = unlike(ones[0], others[0])
    if as_json:
        told = [one.to_dict() for one in found]
        print(json.dumps({"first": ones[0].arm, "second": others[0].arm, "metric": metric, "differences": told}))
        return
    if differing:
        arms = f"{ones[0].arm} and {others[0].arm}"
        print(f"knk: {arms} were not asked alike (theirs in this order): {'; '.join(differing)}", file=sys.stderr)
    print(f"{others[0].arm} against {ones[0].arm}, {metric}\n")
    _print_rows([["", ones[0].arm, others[0].arm, "difference", "", "items"], *(_difference(one) for one in found)])
    for one in found:
        if one.left_out:
            print(f"{one.name}: {one.left_out:,} items are not in both, and were left out")


def _difference(one: Difference) -> list[str]:
    many = 100 if max(one.first.high, one.second.high) <= 1 else 1
    seeds = f", {one.estimate.seeds} seeds" if one.estimate.seeds > 1 else ""
    return [
        one.name,
        f"{many * one.first.mean:.1f}",
        f"{many * one.second.mean:.1f}",
        _interval(one.estimate, many, "+"),
        one.told,
        f"{one.estimate.n:,}{seeds}",
    ]


@benches.command("tasks")
def tasks(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where to write task files of lm-eval's own.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="TASK=FILE", help="minerva_math500 or mmlu_pro, and a local file with its rows."),
    ] = None,
) -> None:
    """Print where the task files for lm-eval are.

    The folder is what 'lm_eval run --include_path' takes.

    With --data, write task files that ask lm-eval's own MATH-500 or MMLU-Pro from local files, for machines without
    a network: 'minerva_math500_local', 'mmlu_pro_local' and its subjects, as lm-eval has them in all else.

    \b
    lm_eval run --include_path "$(knk bench tasks)" --tasks knk --model hf --model_args pretrained=models/warmed
    knk bench tasks -o local --data minerva_math500=math500.jsonl
    """
    from knk.evals import lm_eval as harness

    if not data:
        print(harness.include_path())
        return
    if output is None:
        raise KnkError("there is no folder to write the task files in: give one after -o")
    files = {}
    for one in data:
        name, _, path = one.partition("=")
        if not Path(path).is_file():
            raise KnkError(f"--data is a task and a file, such as mmlu_pro=test.jsonl, not {one!r}")
        files[name] = path
    for name in harness.repoint(output, files):
        print(name)


def _runs(told: str) -> list[Run]:
    from knk.evals.records import read

    return [read(folder) for folder in told.split(",") if folder]


# What is seen of it.


@contextmanager
def _watcher(wanted: bool | None) -> Iterator[Watcher]:
    """Give what shows how a run goes."""
    from tqdm import tqdm

    from knk.evals.run import Watcher

    class Shown(Watcher):
        """Shows a bar for each benchmark, where one is wanted, and says what happens."""

        bar: Any = None

        def begins(self, name: str, work: str, many: int) -> None:
            self.end()
            disable = None if wanted is None else not wanted
            self.bar = tqdm(
                total=many, desc=f"{name} {work}", unit=" answers", disable=disable, delay=0 if wanted else 2
            )

        def there(self, answers: int) -> None:
            if not self.bar.disable:
                self.bar.initial += answers  # What was there says nothing of the speed.
            self.bar.update(answers)

        def done(self, answers: int, tokens: int) -> None:  # noqa: ARG002 - answers are what is counted
            self.bar.update(answers)

        def marked(self, answers: int) -> None:
            self.bar.update(answers)

        def notice(self, text: str) -> None:
            tqdm.write(f"knk: {text}", file=sys.stderr)

        def end(self) -> None:
            if self.bar is not None:
                self.bar.close()

    shown = Shown()
    try:
        yield shown
    finally:
        shown.end()


def _tell(arms: Sequence[Sequence[Run]], groups: bool, as_json: bool, paper: bool) -> None:
    from knk.evals.records import results_of, summaries

    if as_json:
        print(json.dumps(results_of(arms, "Benchmarks").to_dict()))
        return
    found = {runs[0].arm: summaries(runs, groups) for runs in arms}
    if len(arms) == 1:
        ((arm, told),) = found.items()
        print(f"{arm}\n")
        _print_rows(
            [
                ["", "accuracy", "SD", f"pass@{told[0].samples}", "format", "answered", "tokens", "items"],
                *map(_row, told),
            ]
        )
    else:
        _print_arms(found)
    for runs in arms:
        _print_memorisation(runs)
    if paper:
        _print_paper()


def _row(one: Summary) -> list[str]:
    return [
        one.name,
        _interval(one.accuracy, 100),
        "" if one.deviation is None else f"{100 * one.deviation:.1f}",
        _mean(one, f"pass@{one.samples}", 100),
        _mean(one, "format", 100),
        _mean(one, "answered", 100),
        _mean(one, "tokens", 1, 0),
        f"{one.accuracy.n:,}" + (f", {one.undecided} undecided" if one.undecided else ""),
    ]


def _print_arms(found: dict[str, list[Summary]]) -> None:
    names = list(dict.fromkeys(one.name for told in found.values() for one in told))
    rows = [["", *names]]
    for arm, told in found.items():
        by_name = {one.name: one for one in told}
        rows.append([arm, *(_with_deviation(by_name[name]) if name in by_name else "" for name in names)])
        rows.append(["", *(_ends(by_name[name].accuracy) if name in by_name else "" for name in names)])
    _print_rows(rows)


def _with_deviation(one: Summary) -> str:
    return f"{100 * one.accuracy.mean:.1f}" + ("" if one.deviation is None else f" ± {100 * one.deviation:.1f}")


def _print_memorisation(runs: Sequence[Run]) -> None:
    from knk.evals.scores import memorisation

    marks = [one.marks["knk_perturbed"] for one in runs if "knk_perturbed" in one.marks]
    if marks:
        print(f"\n{runs[0].arm}: solved as it is, and not when changed (memorisation score)\n")
        _print_rows([[kind, _interval(estimate, 100)] for kind, estimate in memorisation(marks).items()])


def _print_paper() -> None:
    from knk.evals.paper_figures import RLVR, TASKS, WARM_UP

    def row(one: Reported) -> list[str]:
        return [f"{one.model}, {one.arm}", *("" if figure is None else str(figure) for figure in one.scores)]

    print("\nThe paper's figures, with the SD over four decoding trials where it gives one\n")
    _print_rows([["", *TASKS], *map(row, (*WARM_UP, *RLVR))])


def _mean(one: Summary, metric: str, many: int, places: int = 1) -> str:
    found = one.metrics.get(metric)
    return "" if found is None else f"{many * found.mean:,.{places}f}"


def _interval(one: Estimate, many: int, sign: str = "") -> str:
    return f"{many * one.mean:{sign}.1f} {_ends(one, many, sign)}"


def _ends(one: Estimate, many: int = 100, sign: str = "") -> str:
    return f"[{many * one.low:{sign}.1f}, {many * one.high:{sign}.1f}]"


def _print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Print a table, names to the left and figures to the right, without the columns that hold nothing."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:]) or not column[0]]
    widths = [max(map(len, column)) for column in columns]
    for row in zip(*columns, strict=True):
        figures = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *figures]).rstrip())
