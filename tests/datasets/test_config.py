"""Corpus configs: read from YAML, written back, and refused in one line if invalid."""

import json
from pathlib import Path

import pytest

from knk.datasets.config import CorpusConfig, PartConfig
from knk.errors import BadConfig
from knk.generation.spec import Spec

PARTS = "parts: [{rows: 1}]"
FULL = """
seed: 5
style: classic
shares: {train: 0.8, validation: 0.1, test: 0.1}
measures: true
parts:
  - {name: small, people: [3, 5], rows: 700}
  - {name: hard, preset: rich, depth: 0, people: 4, rows: 60, splits: [test]}
  - {people: [3, 4], target: {steps: [6, 8], suppositions: 1}, grade: [3, 4], kinds: {or: 1, and: 2}, rows: 50}
"""


def test_a_config_is_read() -> None:
    config = CorpusConfig.from_text(FULL)
    assert (config.seed, config.style, config.measures) == (5, "classic", True)
    assert config.shares == (("train", 0.8), ("validation", 0.1), ("test", 0.1))
    assert config.parts[0] == PartConfig(Spec(people=(3, 5)), 700, "small")
    assert config.parts[1].spec.width == 4
    assert config.parts[1].splits == ("test",)
    assert config.parts[2].name == "part-03"
    assert config.parts[2].spec.kinds == (("or", 1), ("and", 2))
    assert dict(config.parts[2].spec.target) == {"grade": (3, 4), "steps": (6, 8), "suppositions": 1}
    assert config.rows == 810


def test_a_config_is_the_same_after_a_round_trip() -> None:
    config = CorpusConfig.from_text(FULL)
    content = config.to_dict()
    assert content["parts"][2] == {
        "name": "part-03",
        "rows": 50,
        "people": [3, 4],
        "kinds": {"or": 1, "and": 2},
        "target": {"grade": [3, 4], "suppositions": 1, "steps": [6, 8]},
    }
    assert json.loads(json.dumps(content)) == content
    assert CorpusConfig.from_dict(content) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "corpus config: expected a mapping, got None"),
        ("- 1", "corpus config: expected a mapping, got [1]"),
        ("parts: []", "at least one part"),
        ("parts: {a: 1}", "parts: expected a list of parts"),
        ("seed: 1", "parts: expected a list of parts, got None"),
        (f"{PARTS}\ncolour: red", "corpus config: unknown key 'colour'; expected one of seed, style, shares"),
        (f"{PARTS}\nshare: red", "corpus config: unknown key 'share'; did you mean 'shares'?"),
        (f"{PARTS}\n1: red", "corpus config: expected a string as key, got 1"),
        (f"{PARTS}\nseed: yes", "seed: expected a whole number"),
        (f"{PARTS}\nseed: {2**64}", "seed: expected a whole number of up to 64 bits"),
        (f"{PARTS}\nseed: {'9' * 5000}", "invalid value"),
        (f"{PARTS}\nstyle: [plain]", "unknown style ['plain']: expected one of"),
        (f"{PARTS}\nshares: [0.9, 0.1]", "shares: expected splits with shares, such as {train: 0.9"),
        (f"{PARTS}\nshares: {{train: 0.9, test: 0.05}}", "shares: expected a sum of 1, got 0.95"),
        (f"{PARTS}\nshares: {{train: 1.5, test: -0.5}}", "shares: train: expected a number above 0"),
        (f"{PARTS}\nshares: {{train: .nan}}", "shares: train: expected a number above 0"),
        (f"{PARTS}\nshares: {{train: yes}}", "shares: train: expected a number above 0"),
        (f"{PARTS}\nshares: {{no: 1}}", "shares: expected split names"),
        (f"{PARTS}\nshares: {{../up: 1}}", "shares: expected split names"),
        (f"{PARTS}\nshares: {{all: 1}}", "shares: expected split names"),
        (f"{PARTS}\nshares: {{}}", "shares: expected at least one split"),
        ("parts: [1]", "part 1: expected a mapping"),
        ("parts: [{}]", "part 1: missing 'rows'"),
        ("parts: [{rows: 0}]", "part 1: rows: expected a whole number from 1 up, got 0"),
        ("parts: [{rows: 1e6}]", "part 1: rows: expected a whole number"),
        ("parts: [{rows: 1, peple: 3}]", "part 1: unknown key 'peple'; did you mean 'people'?"),
        ("parts: [{rows: 1, duplicates: true}]", "part 1: unknown key 'duplicates'"),
        ("parts: [{rows: 1, preset: hard}]", "part 1: unknown preset 'hard'"),
        ("parts: [{rows: 1, preset: [rich]}]", "part 1: a field has a value of the wrong type"),
        (
            "parts: [{rows: 1, people: many}]",
            "part 1: expected people as a number or a range from 1 to 2000, the smaller number first, got 'many'",
        ),
        ("parts: [{rows: 1, people: 3:7}]", "'3:7' is not a number; write a range as [least, most]"),
        ("parts: [{rows: 1, kinds: [[and]]}]", "part 1: a field has a value of the wrong type"),
        ("parts: [{rows: 1, names: Ann}]", "part 1: names: expected a list, got 'Ann'"),
        ("parts: [{rows: 1, names: [Ann, no, Bob, Cy, Di]}]", "part 1: a field has a value of the wrong type"),
        ("parts: [{rows: 1, trivial: maybe}]", "part 1: trivial: expected true or false"),
        ("parts: [{rows: 1, grade: hard}]", "part 1: expected grade as a number or a range from 1 to 5"),
        ("parts: [{rows: 1, grade: 2, target: {grade: 3}}]", "part 1: the grade is given twice"),
        ("parts: [{rows: 1, target: 3}]", "part 1: target: expected measures with values"),
        ("parts: [{rows: 1, target: {people: 3}}]", "part 1: 'people' is a Spec field, not a target"),
        ("parts: [{rows: 1, target: {1: 3}}]", "part 1: unknown measure 1"),
        ("parts: [{rows: 1, target: {steps: {a: 1}}}]", "part 1: expected steps as a number or a range from 0"),
        ("parts: [{rows: 1, target: {grade: 1, nesting: 1}}]", "part 1: no puzzle can have grade 1, nesting 1"),
        (f"{PARTS}\nmeasures: 1", "measures: expected true or false, got 1"),
        ("parts: [{rows: 1, name: ../../up}]", "part 1: name: expected lower-case letters"),
        ("parts: [{rows: 1, name: a}, {rows: 1, name: a}]", "two parts have the same name"),
        ("parts: [{rows: 1, splits: test}]", "part 1: splits: expected a list of names, got 'test'"),
        ("parts: [{rows: 1, splits: [exam]}]", "splits: expected some of train, validation, test, got 'exam'"),
        ("parts: [{rows: 1", "not YAML"),
    ],
)
def test_an_invalid_config_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "corpus.yaml"
    path.write_text(text)
    with pytest.raises(BadConfig) as error:
        CorpusConfig.from_yaml(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) - len(str(path)) < 300


def test_duplicates_are_refused() -> None:
    with pytest.raises(BadConfig, match="a corpus never has a puzzle twice"):
        PartConfig(Spec(duplicates=True), 1, "a")
