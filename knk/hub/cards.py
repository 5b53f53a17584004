"""Cards: the page that the Hub shows for a dataset or a model, written from its manifest."""

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

    from knk.datasets.audit.report import Audit, Finding

LICENCE: Final = "apache-2.0"
"""The licence of what the library makes by itself."""
METHOD: Final = "2505.13718"
"""The arXiv number of the method that such data is used for."""
LONGEST_ABOUT: Final = 20_000
"""Characters of a manifest that a card quotes."""
COLUMNS: Final = {
    "puzzle": "the puzzle in one line of notation (`knk.decode` reads it)",
    "people": "how many people there are",
    "names": "their names, in order",
    "text": "the puzzle in English",
    "solution": "each person's role, in the order of `names`; true is a knight",
    "answer": "the solution in English, one person a line",
    "key": "the puzzle's key: the same for all ways to write it down, under any names",
    "grade": "what it takes to solve the puzzle by hand, from 1 up; null where it is too hard to measure",
    "widest": "the most people that one statement is about",
    "rounds": "rounds of propagation until everybody's role is known",
    "suppositions": "suppositions that have to be refuted",
    "nesting": "suppositions that have to be open at once",
    "steps": "steps of the whole proof",
    "prompt": "what a model is given",
    "completion": "what it is trained to say",
    "id": "the puzzle's key: the same for all ways to write it down, under any names",
    "sample": "which of the answers to the puzzle this is, from 0",
    "correct": "whether the answer is right",
    "tokens": "how many tokens the completion has",
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
        name: the dataset's name on the Hub, as `org/name`.
        manifest: the manifest of the dataset as it is laid out.
        schema: the schema of its rows.
        licence: its licence, as the Hub spells it; if none is given what the manifest says, else `LICENCE` where its
            config says that this library made the puzzles. Otherwise no licence is stated.
        audit: what an audit found, or why there is none.
    """
    about = manifest.about
    licence = licence or _text(about, "license") or (LICENCE if config_yaml(about.get("config")) else None)
    rows = sum(file.rows for file in manifest.files)
    chat = "completion" in schema.names
    front = {
        **({"license": licence} if licence else {}),
        "language": ["en"],
        "pretty_name": name.partition("/")[2],
        "task_categories": ["text-generation"] if chat else ["question-answering", "text-generation"],
        "size_categories": [size_category(rows)],
        "tags": ["knights-and-knaves", "logic-puzzles", "reasoning", "synthetic", *(["sft"] if chat else [])],
        "configs": _yaml_configs(manifest.files),
    }
    kind = "Answers to knights and knaves puzzles, to be trained on" if chat else "Knights and knaves puzzles"
    pieces = [
        _front(front),
        f"# {name.partition('/')[2]}",
        f"{kind}: {rows:,} rows. A knight always tells the truth and a knave always lies; the puzzle is to find "
        "everybody's role.",
        "## Splits",
        *_splits(manifest.files),
        "## Loading",
        *_loading(name, manifest.files),
        "## Columns",
        _columns(schema),
        "## How it was made",
        *_made(about),
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
        name: the model's name on the Hub, as `org/name`.
        about: what its manifest says of how it was made; empty if it has none.
        config: what its `config.json`, or its `adapter_config.json`, says.
        licence: its licence; if none is given what the manifest says, and none is stated where it says none.
    """
    licence = licence or _text(about, "license")
    base = _text(about, "base_model") or _text(config, "base_model_name_or_path")
    architectures = config.get("architectures")
    writes = isinstance(architectures, list) and any(str(each).endswith("ForCausalLM") for each in architectures)
    adapter = "base_model_name_or_path" in config
    data = about.get("datasets")
    named = [each for each in data if _is_hub_name(each)] if isinstance(data, list) else []
    front = {
        **({"license": licence} if licence else {}),
        "language": ["en"],
        "library_name": "peft" if adapter else "transformers",
        **({"pipeline_tag": "text-generation"} if writes or adapter else {}),
        # A path on somebody's machine is no base model, and nobody else's business.
        **({"base_model": base} if _is_hub_name(base) else {}),
        **({"datasets": named} if named else {}),
        "tags": ["knights-and-knaves", "reasoning"],
    }
    loader = "AutoPeftModelForCausalLM" if adapter else "AutoModelForCausalLM"
    package = "peft" if adapter else "transformers"
    pieces = [
        _front(front),
        f"# {name.partition('/')[2]}",
        "A language model trained with `knk`, on knights and knaves puzzles or with its verifiers.",
        "## Loading",
        _fenced(
            f"from {package} import {loader}\nfrom transformers import AutoTokenizer\n\n"
            f'model = {loader}.from_pretrained("{name}")\ntokenizer = AutoTokenizer.from_pretrained("{name}")',
            "python",
        ),
        "## How it was made",
        *_made(about),
        "## Licence",
        _licence(licence),
        "## Citing",
        *_citing(about),
    ]
    return "\n\n".join(pieces) + "\n"


def size_category(rows: int) -> str:
    """Return what the Hub calls that many rows.

    >>> size_category(999), size_category(1000), size_category(5_000_000)
    ('n<1K', '1K<n<10K', '1M<n<10M')
    """
    place = sum(rows >= 10 ** (power + 3) for power in range(len(_SIZES)))
    if place == 0:
        return f"n<{_SIZES[0]}"
    return f"n>{_SIZES[-1]}" if place == len(_SIZES) else f"{_SIZES[place - 1]}<n<{_SIZES[place]}"


def _front(content: Mapping[str, Any]) -> str:
    return f"---\n{_yaml(content)}---"


def _yaml(content: Any, compact: bool = False) -> str:
    """Return YAML; where it is to be compact, the innermost lists and mappings take one line each."""
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
    """Return a field that is one line of text, None if it is not."""
    value = about.get(name)
    return value if isinstance(value, str) and value.isprintable() and len(value) < 200 else None


def _is_hub_name(value: Any) -> bool:
    return isinstance(value, str) and bool(_HUB_NAME.fullmatch(value))


def _fenced(text: str, language: str) -> str:
    """Return a block of code; the fence is longer than any in the text."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]], numbers: bool = True) -> str:
    rule = ["---", *(["---:" if numbers else "---"] * (len(head) - 1))]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines))


# The parts of a card.


def _splits(files: Sequence[File]) -> list[str]:
    """Return a table of how many rows each choice has in each split."""
    counts: dict[str, dict[str, int]] = {name: {} for name in configs(files)}
    for file in files:
        for chosen in {"default", *file.part.split("/")} - {""}:
            counts[chosen][file.split] = counts[chosen].get(file.split, 0) + file.rows
    splits = sorted(counts["default"], key=split_order)
    lines = [[f"`{name}`", *(f"{of.get(split, 0):,}" for split in splits)] for name, of in counts.items()]
    return [_table(["configuration", *splits], lines)]


def _loading(name: str, files: Sequence[File]) -> list[str]:
    names = list(configs(files))
    lines = ["from datasets import load_dataset", "", f'everything = load_dataset("{name}")']
    if len(names) > 1:
        lines.append(f'some = load_dataset("{name}", "{names[1]}")')
    lines.append(f'streamed = load_dataset("{name}", streaming=True)')
    told = [_fenced("\n".join(lines), "python")]
    if len(names) > 1:
        told.append("Rows come by people, and by grade where there is one, and not mixed: shuffle before training.")
    told.append(
        f"`knk download {name} -o DIR` fetches all files and checks each against the hash in `{MANIFEST}`. "
        f"Files are in `{DATA}/`, each row in one of them."
    )
    return told


def _columns(schema: pa.Schema) -> str:
    lines = [[f"`{column.name}`", f"`{column.type}`", COLUMNS.get(column.name, "")] for column in schema]
    return _table(["column", "type", "what it holds"], [[_cell(text) for text in line] for line in lines], False)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _made(about: Mapping[str, Any]) -> list[str]:
    if not about:
        return ["Its manifest does not say."]
    version = _text(about, "version") or "of unknown version"
    config = config_yaml(about["config"]) if "config" in about else None
    rest = {name: value for name, value in about.items() if name not in ("version", "license")}
    if config is not None:
        del rest["config"]
    told = []
    if config is not None:
        told.append(f"`knk corpus build` of knk {version} built it from this config, and builds the same rows again:")
        told.append(_fenced(config, "yaml"))
    if rest:
        text = _yaml(rest)
        told.append(f"With knk {version}. The manifest says:" if config is None else "The manifest says also:")
        told.append(_fenced(text[:LONGEST_ABOUT], "yaml"))
        if len(text) > LONGEST_ABOUT:
            told.append(f"That is the beginning; all of it is in `{MANIFEST}`.")
    return told or [f"With knk {version}."]


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


# What an audit found.


def _audit(audit: Audit) -> list[str]:
    """Return the figures of an audit, without examples, which would put rows of a test into the open."""
    verdict = "found no wrong row, no duplicate and no leak" if audit.ok else "found what the tables tell"
    head = ["rows", *(part.name for part in audit.parts)]
    kinds = [
        [(fault.name, fault) for fault in part.faults]
        + [(f"the same as an earlier row: {same.name}", same) for same in part.duplicates]
        + [("with a trivial statement", part.trivial)]
        for part in audit.parts
    ]
    told = [f"`knk corpus audit` {verdict}.", _table(head, _by_part(kinds))]
    shares = ", ".join(f"{part.knights.share:.1%} in {part.name}" for part in audit.parts)
    told.append(f"People who are knights: {shares}.")
    if audit.leaks:
        leaks = [[(f"the same: {same.name}", same) for same in leak.levels] for leak in audit.leaks]
        head = ["rows", *(f"{leak.target} in {leak.source}" for leak in audit.leaks)]
        told += ["Rows of one split that stand in another:", _table(head, _by_part(leaks))]
    told.append(
        "Levels of sameness, each overlooking more: text; tree, wording and names; renamed, also the order of people "
        'and statements; folded, also "not a knave" for "a knight" and the like; logical, any way to say the same.'
    )
    return told


def _by_part(columns: Sequence[Sequence[tuple[str, Finding]]]) -> list[list[str]]:
    """Return a line for each thing that was looked for in any column."""
    names = list(dict.fromkeys(name for column in columns for name, _ in column))
    cells = [{name: f"{finding.count:,} of {finding.total:,}" for name, finding in column} for column in columns]
    return [[_cell(name), *(column.get(name, "not looked at") for column in cells)] for name in names]
