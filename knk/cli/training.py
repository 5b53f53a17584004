"""`knk task`, `knk corpus export` and `knk corpus sft`: rows to train on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from knk.cli.corpora import Engine, Processes
from knk.cli.shared import bar, number_or_range
from knk.errors import KnkError

Split = Literal["train", "held-out", "test"]
Form = Literal["public", "grpo", "sft"]
Style = Literal["paper", "chat"]
ProofStyle = Literal["brief", "long", "answer-only", "shuffled", "filler"]
Keep = Literal["all", "formatted", "correct"]

Styled = Annotated[
    Style, typer.Option(help="Prompts as text that ends in <think>, for base models; or as messages for a chat model.")
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="A .jsonl or .parquet file; else they are printed."),
]


def task(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The task: kk, hendrycks_math, mmlu_pro, humaneval_plus.")
    ],
    split: Annotated[
        Split,
        typer.Option(help="The items to train on, those of the published test set that are not, or that set as it is."),
    ] = "train",
    style: Styled = "paper",
    data: Annotated[
        Path | None, typer.Option(metavar="PATH", help="A local file with the published rows, in place of the Hub.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(metavar="REV", help="Another revision of the dataset on the Hub than the usual one.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of mmlu_pro one subject: physics, history, ...")
    ] = None,
    trained: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Of hendrycks_math a local file of the training set, for held-out."),
    ] = None,
    n: Annotated[
        int | None, typer.Option("-n", metavar="N", min=1, help="How many puzzles, or items to train on.")
    ] = None,
    people: Annotated[
        str | None, typer.Option("--people", "-p", metavar="N|MIN-MAX", help="Of kk how many people: 3-7.")
    ] = None,
    grade: Annotated[str | None, typer.Option(metavar="N|MIN-MAX", help="Of kk the grade, from 1 to 5.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Of kk the seed that puzzles are made with.")] = None,
    output: Output = None,
) -> None:
    """Write the rows of a task as TRL's GRPO reads them.

    Each row has a prompt, an identity, and what the task's rewards (knk.rewards) look at. Puzzles are made to order,
    unless --data names a corpus or a file; the other tasks come from the Hub, or from a local file with the same rows.

    Exit status: 0 all is well, 2 the input is bad.

    \b
    knk task kk -n 100 -o kk.jsonl
    knk task mmlu_pro --subject physics --data mmlu_pro-test.jsonl.gz -o physics.jsonl
    """
    from knk import tasks

    loaded = tasks.load(name)
    asked = {"n": n, "revision": revision, "subject": subject, "trained": trained}
    to_order = {"people": people, "grade": grade, "seed": seed}
    given: dict[str, Any] = {key: value for key, value in (asked | to_order).items() if value is not None}
    for option in given:
        if option not in loaded.OPTIONS:
            raise KnkError(
                f"the task {name} has no --{option}; it has {', '.join(f'--{one}' for one in loaded.OPTIONS)}"
            )
        if data is not None and option in to_order:
            raise KnkError(f"--{option} is for puzzles made to order, not for those in --data")
    if name == "kk" and data is None:
        given = _made_to_order(given)
    if "trained" in given:
        given["train"] = given.pop("trained")
    _put(tasks.prompts(loaded, loaded.rows(split, data, **given), style), output)


def _made_to_order(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options with those that say what puzzles to make as a specification."""
    from knk.generation.generate import spec_of
    from knk.tasks.kk import PAPER

    changes: dict[str, Any] = {"people": PAPER.people}
    if "people" in given:
        changes["people"] = number_or_range("--people", given.pop("people"))
    if "grade" in given:
        changes["target"] = {"grade": number_or_range("--grade", given.pop("grade"))}
    return given | {"spec": spec_of(**changes)}


def export(
    source: Annotated[Path, typer.Argument(metavar="PATH", help="A corpus, or a file of rows.")],
    to: Annotated[
        Form, typer.Option(help="The columns of the public data, or TRL's prompts, or its prompts and completions.")
    ],
    split: Annotated[str, typer.Option(metavar="NAME", help="The split of a corpus.")] = "train",
    style: Styled = "paper",
    proof_style: Annotated[
        ProofStyle, typer.Option(help="For sft, how the proof is told; see 'knk explain'.")
    ] = "long",
    seed: Annotated[int, typer.Option(help="Chooses among the wordings of proofs.")] = 0,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only the first rows.")] = None,
    processes: Processes = None,
    engine: Engine = "local",
    output: Output = None,
) -> None:
    """Write rows in the form that others train on.

    public has the columns of the public K&K data, which Logic-RL and verl read; grpo has a prompt and what
    knk.rewards looks at; sft has a prompt and a completion that reasons in a checked proof and then answers.

    Exit status: 0 all is well, 2 the input is bad.

    \b
    knk corpus export corpus --to sft -o sft.jsonl
    knk corpus export corpus --to public --split test -o test.parquet
    """
    from knk.tasks.kk import read_rows
    from knk.teacher.export import Form as Wanted
    from knk.teacher.export import exported

    rows = islice(read_rows(source, split), limit)
    _put(exported(rows, Wanted(to, style, proof_style, seed, split), processes, engine), output)


def _put(rows: Iterable[dict[str, Any]], output: Path | None) -> None:
    """Write rows to a file, or print them."""
    import json

    from knk.datasets.files import write

    if output is None:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    with bar(None, "rows", None) as advance:

        def counted() -> Iterator[dict[str, Any]]:
            for row in rows:
                advance(1)
                yield row

        count = write(output, counted())
    print(f"{output}: {count} rows")


def sft(
    answers: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that 'knk teach' wrote.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="The folder for the rows.")
    ] = None,
    keep: Annotated[
        Keep, typer.Option(help="Which answers: all, those with the form, or of these those that are right.")
    ] = "all",
    truncated: Annotated[
        bool, typer.Option("--truncated", help="Keep answers that were cut off at the limit of tokens, too.")
    ] = False,
    per_puzzle: Annotated[int | None, typer.Option(metavar="N", min=1, help="The most answers of one puzzle.")] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="The most tokens of prompt and completion; needs --tokenizer."),
    ] = None,
    tokenizer: Annotated[
        str | None, typer.Option(metavar="NAME", help="What counts tokens: a model's name, or a folder.")
    ] = None,
    style: Styled = "paper",
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object instead of a table.")] = False,
) -> None:
    """Make rows for TRL's SFT of a teacher's answers.

    As in the paper, wrong answers are kept unless --keep says otherwise; what is left out stands with its reason in
    dropped.jsonl beside the rows. Prints what was kept and left out, how many answers are right by number of people
    and by grade, how long the rows are, and how often they check, take back and start again.

    Exit status: 0 all is well, 2 the input is bad.

    \b
    knk corpus sft answers -o rows
    knk corpus sft answers -o rows --keep correct --per-puzzle 1
    """
    import json

    from knk.teacher.sft import Policy, write_sft

    if output is None:
        raise KnkError("there is no folder for the rows: give one after -o")
    policy = Policy(keep, truncated, per_puzzle, max_tokens, tokenizer, style)
    with bar(None, "answers", None) as advance:
        report = write_sft(answers, output, policy, advance)
    print(json.dumps(report.to_dict(), ensure_ascii=False) if as_json else report.table())
