"""Cards: the README that the Hub shows for a dataset or a model, written from its manifest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from knk.datasets.config import CorpusConfig
from knk.datasets.manifest import MANIFEST, File, Manifest
from knk.errors import BadConfig
from knk.hub.layout import (
    DATA,
    configs,
    split_order,
)
from knk.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa
    from huggingface_hub import CardData

    from knk.datasets.audit.report import Audit, Finding

LICENCE: Final = "apache-2.0"
"""The licence of generated puzzles."""
METHOD: Final = "2505.13718"
"""The arXiv number of the method that uses such data."""
MAX_QUOTE: Final = 20_000
"""The most characters of a manifest that a card quotes."""
COLUMNS: Final = {
    "puzzle": "the puzzle in one line of notation (`knk.decode` reads it)",
    "people": "the number of people",
    "names": "their names, in order",
    "text": "the puzzle in English",
    "solution": "each person's role, in the order of `names`; true is a knight",
    "answer": "the solution in English, one person per line",
    "key": "the puzzle's key: the same for equivalent puzzles, under any names and in any order",
    "grade": "the technique that solving by hand takes, from 1 to 5; null if it is too hard to measure",
    "widest": "the most people that one statement is about",
    "rounds": "rounds of propagation outside suppositions",
    "suppositions": "suppositions refuted, outside other suppositions",
    "nesting": "suppositions that have to be open at once",
    "steps": "steps of the whole proof: roles, suppositions and contradictions",
    "prompt": "the prompt for the model",
    "completion": "the completion to train on",
    "id": "the puzzle's key: the same for equivalent puzzles, under any names and in any order",
    "sample": "the number of the answer among those to the same puzzle, from 0",
    "correct": "whether the answer is correct",
    "tokens": "the number of tokens of the completion",
}
_SIZES: Final = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
_CITE_LIBRARY: Final = """@software{{knk,
  title = {{knk: knights and knaves puzzles}},
  author = {{{{The knk authors}}}},
  version = {{{version}}},
  license = {{Apache-2.0}}
}}"""
_CITE_METHOD: Final = """@misc{warmup2025,
  title = {Warm Up Before You Train: Unlocking General Reasoning in Resource-Constrained Settings},
  author = {Safal Shrestha and Minwu Kim and Aadim Nepal and Anubhav Shrestha and Keith Ross},
  year = {2025},
  eprint = {2505.13718},
  archivePrefix = {arXiv}
}"""
_HUB_NAME: Final = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)


def dataset_card(
    name: str, manifest: Manifest, schema: pa.Schema, licence: str | None = None, audit: Audit | str = "Not audited."
) -> str:
    """Return the card of a dataset.

    Args:
        name: the dataset's name on the Hub, such as `org/name`.
        manifest: the manifest of the staged dataset.
        schema: the schema of its rows.
        licence: the licence's id on the Hub; by default the manifest's, or `LICENCE` if the manifest has a corpus
            config, which means that knk generated the puzzles. Otherwise no licence is stated.
        audit: the result of an audit, or why there is none.
    """
    about = manifest.about
    licence = licence or _text(about, "license") or (LICENCE if config_yaml(about.get("config")) else None)
    rows = sum(file.rows for file in manifest.files)
    chat = "completion" in schema.names
    kind = "Answers to knights and knaves puzzles, for training" if chat else "Knights and knaves puzzles"
    pieces = [
        _front_matter(_dataset_metadata(name, manifest.files, chat, licence)),
        f"# {name.partition('/')[2]}",
        f"{kind}: {rows:,} rows. A knight always tells the truth and a knave always lies; the task is to find "
        "everybody's role.",
        "## Splits",
        *_splits(manifest.files),
        "## Loading",
        *_loading_instructions(name, manifest.files),
        "## Columns",
        _columns(schema),
        "## How it was made",
        *_origin_paragraphs(about),
        "## Audit",
        *([audit] if isinstance(audit, str) else _audit(audit)),
        "## Licence",
        _licence(licence),
        "## Citing",
        *_citing(about),
    ]
    return "\n\n".join(pieces) + "\n"


def model_card(name: str, about: Mapping[str, Any], config: Mapping[str, Any], licence: str | None = None) -> str:
    """Return the card of a model.

    Args:
        name: the model's name on the Hub, such as `org/name`.
        about: what its manifest says about how it was made; empty if it has none.
        config: the content of its `config.json` or `adapter_config.json`.
        licence: the licence's id on the Hub; by default the manifest's. Without either, no licence is stated.
    """
    licence = licence or _text(about, "license")
    package = "peft" if "base_model_name_or_path" in config else "transformers"
    loader = "AutoPeftModelForCausalLM" if package == "peft" else "AutoModelForCausalLM"
    pieces = [
        _front_matter(_model_metadata(about, config, package, licence)),
        f"# {name.partition('/')[2]}",
        "A language model trained with `knk`, on knights and knaves puzzles or with its verifiers.",
        "## Loading",
        _fenced(
            f"from {package} import {loader}\nfrom transformers import AutoTokenizer\n\n"
            f'model = {loader}.from_pretrained("{name}")\ntokenizer = AutoTokenizer.from_pretrained("{name}")',
            "python",
        ),
        "## How it was made",
        *_origin_paragraphs(about),
        "## Licence",
        _licence(licence),
        "## Citing",
        *_citing(about),
    ]
    return "\n\n".join(pieces) + "\n"


def size_category(rows: int) -> str:
    """Return the Hub's name for a number of rows.

    >>> size_category(999), size_category(1000), size_category(5_000_000)
    ('n<1K', '1K<n<10K', '1M<n<10M')
    """
    index = sum(rows >= 10 ** (power + 3) for power in range(len(_SIZES)))
    if index == 0:
        return f"n<{_SIZES[0]}"
    return f"n>{_SIZES[-1]}" if index == len(_SIZES) else f"{_SIZES[index - 1]}<n<{_SIZES[index]}"


def _dataset_metadata(name: str, files: Sequence[File], chat: bool, licence: str | None) -> CardData:
    from huggingface_hub import DatasetCardData

    return DatasetCardData(
        license=licence,
        language=["en"],
        pretty_name=name.partition("/")[2],
        task_categories=["text-generation"] if chat else ["question-answering", "text-generation"],
        size_categories=[size_category(sum(file.rows for file in files))],
        tags=["knights-and-knaves", "logic-puzzles", "reasoning", "synthetic", *(["sft"] if chat else [])],
        configs=_yaml_configs(files),
    )


def _model_metadata(about: Mapping[str, Any], config: Mapping[str, Any], package: str, licence: str | None) -> CardData:
    from huggingface_hub import ModelCardData

    base = _text(about, "base_model") or _text(config, "base_model_name_or_path")
    architectures = config.get("architectures")
    generates = isinstance(architectures, list) and any(str(name).endswith("ForCausalLM") for name in architectures)
    datasets = about["datasets"] if isinstance(about.get("datasets"), list) else []
    return ModelCardData(
        license=licence,
        language=["en"],
        library_name=package,
        pipeline_tag="text-generation" if generates or package == "peft" else None,
        # A path on somebody's machine means nothing to others, and is private.
        base_model=base if _is_hub_name(base) else None,
        datasets=[dataset for dataset in datasets if _is_hub_name(dataset)] or None,
        tags=["knights-and-knaves", "reasoning"],
    )


def _front_matter(metadata: CardData) -> str:
    return f"---\n{metadata.to_yaml()}\n---"


def _yaml(content: Any, compact: bool = False) -> str:
    """Return the content as YAML, if compact with the innermost lists and mappings on one line each."""
    import yaml

    style = None if compact else False
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100, default_flow_style=style))


def _yaml_configs(files: Iterable[File]) -> list[dict[str, Any]]:
    return [
        {
            "config_name": name,
            "data_files": [{"split": split, "path": pattern} for split, pattern in splits.items()],
            **({"default": True} if name == "default" else {}),
        }
        for name, splits in configs(files).items()
    ]


def _text(about: Mapping[str, Any], name: str) -> str | None:
    """Return a field if it is one line of text, else None."""
    value = about.get(name)
    return value if isinstance(value, str) and value.isprintable() and len(value) < 200 else None


def _is_hub_name(value: Any) -> bool:
    return isinstance(value, str) and bool(_HUB_NAME.fullmatch(value))


def _fenced(text: str, language: str) -> str:
    """Return a code block, with a fence longer than any in the text."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]], numbers: bool = True) -> str:
    rule = ["---", *(["---:" if numbers else "---"] * (len(head) - 1))]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines))


# The parts of a card.


def _splits(files: Sequence[File]) -> list[str]:
    """Return a table of the number of rows of each configuration in each split."""
    counts: dict[str, dict[str, int]] = {name: {} for name in configs(files)}
    for file in files:
        for config in {"default", *file.part.split("/")} - {""}:
            counts[config][file.split] = counts[config].get(file.split, 0) + file.rows
    splits = sorted(counts["default"], key=split_order)
    lines = [[f"`{name}`", *(f"{of.get(split, 0):,}" for split in splits)] for name, of in counts.items()]
    return [_table(["configuration", *splits], lines)]


def _loading_instructions(name: str, files: Sequence[File]) -> list[str]:
    names = list(configs(files))
    lines = ["from datasets import load_dataset", "", f'everything = load_dataset("{name}")']
    if len(names) > 1:
        lines.append(f'some = load_dataset("{name}", "{names[1]}")')
    lines.append(f'streamed = load_dataset("{name}", streaming=True)')
    paragraphs = [_fenced("\n".join(lines), "python")]
    if len(names) > 1:
        paragraphs.append(
            "Rows are ordered by number of people, and by grade if they have one: shuffle before training."
        )
    paragraphs.append(
        f"`knk download {name} -o DIR` downloads all files and checks each against its hash in `{MANIFEST}`. "
        f"The files are in `{DATA}/`; each row is in one of them."
    )
    return paragraphs


def _columns(schema: pa.Schema) -> str:
    lines = [[f"`{column.name}`", f"`{column.type}`", COLUMNS.get(column.name, "")] for column in schema]
    return _table(["column", "type", "what it holds"], [[_cell(text) for text in line] for line in lines], False)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _origin_paragraphs(about: Mapping[str, Any]) -> list[str]:
    if not about:
        return ["The manifest does not say."]
    version = _text(about, "version") or "of unknown version"
    config = config_yaml(about["config"]) if "config" in about else None
    rest = {name: value for name, value in about.items() if name not in ("version", "license")}
    if config is not None:
        del rest["config"]
    paragraphs = []
    if config is not None:
        paragraphs.append(
            f"With `knk corpus build` of knk {version}, from this config, which gives the same rows again:"
        )
        paragraphs.append(_fenced(config, "yaml"))
    if rest:
        text = _yaml(rest)
        paragraphs.append(f"With knk {version}. The manifest says:" if config is None else "The manifest also says:")
        paragraphs.append(_fenced(text[:MAX_QUOTE], "yaml"))
        if len(text) > MAX_QUOTE:
            paragraphs.append(f"This is the beginning; `{MANIFEST}` has all of it.")
    return paragraphs or [f"With knk {version}."]


def config_yaml(config: Any) -> str | None:
    """Return a corpus config of a manifest as YAML, None if this version of knk cannot read it.

    >>> print(config_yaml(CorpusConfig.from_text("parts: [{people: 3, rows: 10}]").to_dict()))
    seed: 0
    style: varied
    shares: {train: 0.9, validation: 0.05, test: 0.05}
    measures: false
    parts:
    - {name: part-01, rows: 10, people: 3}
    <BLANKLINE>
    """
    try:
        text = _yaml(CorpusConfig.from_dict(config).to_dict(), compact=True)
        return text if CorpusConfig.from_text(text).to_dict() == config else None
    except BadConfig:
        return None


def _licence(licence: str | None) -> str:
    return f"`{licence}`" if licence else "No licence is stated."


def _citing(about: Mapping[str, Any]) -> list[str]:
    version = _text(about, "version") or __version__
    return [
        "The library:",
        _fenced(_CITE_LIBRARY.format(version=version), "bibtex"),
        f"The method, training on such puzzles first ([arXiv {METHOD}](https://arxiv.org/abs/{METHOD})):",
        _fenced(_CITE_METHOD, "bibtex"),
    ]


# The results of an audit.


def _audit(audit: Audit) -> list[str]:
    """Return the numbers of an audit, without examples, which would publish rows of a test."""
    verdict = "found no faulty row, no duplicate and no leak" if audit.ok else "found the following"
    head = ["rows", *(part.name for part in audit.parts)]
    kinds = [
        [(fault.name, fault) for fault in part.faults]
        + [(f"the same as an earlier row: {same.name}", same) for same in part.duplicates]
        + [("with a trivial statement", part.trivial)]
        for part in audit.parts
    ]
    paragraphs = [f"`knk corpus audit` {verdict}.", _table(head, _by_part(kinds))]
    shares = ", ".join(f"{part.knights.share:.1%} in {part.name}" for part in audit.parts)
    paragraphs.append(f"People who are knights: {shares}.")
    if audit.leaks:
        leaks = [[(f"the same: {same.name}", same) for same in leak.levels] for leak in audit.leaks]
        head = ["rows", *(f"{leak.target} in {leak.source}" for leak in audit.leaks)]
        paragraphs += ["Rows of one split that are also in another:", _table(head, _by_part(leaks))]
    paragraphs.append(
        "Each level of sameness ignores more: `text` only white space; `tree` wording and names; `renamed` also the "
        'order of people and statements; `folded` also "not a knave" for "a knight" and the like; `logical` any '
        "equivalent wording."
    )
    return paragraphs


def _by_part(columns: Sequence[Sequence[tuple[str, Finding]]]) -> list[list[str]]:
    """Return a row of cells for each name in any column."""
    names = list(dict.fromkeys(name for column in columns for name, _ in column))
    cells = [{name: f"{finding.count:,} of {finding.total:,}" for name, finding in column} for column in columns]
    return [[_cell(name), *(column.get(name, "not compared") for column in cells)] for name in names]
