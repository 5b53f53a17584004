"""Files, folders and names on the Hub, and the splits that they belong to."""

from pathlib import Path
from typing import Any

import pytest

from knk.datasets.audit.run import audit
from knk.errors import BadFile
from tests.support.audit_rows import ACCUSED, LIARS, counts, lines, notations


def test_a_folder_is_audited_split_by_split(tmp_path: Path) -> None:
    notations(tmp_path / "data" / "test-00000.jsonl", LIARS)
    notations(tmp_path / "3ppl-train.jsonl", ACCUSED)
    notations(tmp_path / "train" / "people2.jsonl", "Cid,Dora 1:&(-1,-0)", "Ann,Bob 0:-1 0:+1 1:+1")
    notations(tmp_path / "dev.jsonl", "Ann 0:+0")
    notations(tmp_path / "extra.jsonl", "Ann,Bob 0:&(-1,-0)")
    notations(tmp_path / ".cache" / "train.jsonl", LIARS)
    (tmp_path / "README.md").write_text("about")
    result = audit(tmp_path)
    assert [(part.name, part.rows) for part in result.parts] == [
        ("train", 3),
        ("validation", 1),
        ("test", 1),
        ("extra.jsonl", 1),
    ]
    leaks = {(leak.source, leak.target): counts(leak.levels) for leak in result.leaks}
    assert len(leaks) == 6
    assert leaks["train", "test"] == {"tree": 0, "renamed": 1, "folded": 1, "logical": 1}
    assert leaks["test", "extra.jsonl"] == {"tree": 0, "renamed": 0, "folded": 1, "logical": 1}
    assert leaks["train", "validation"]["logical"] == 0
    (example,) = result.leaks[1].levels[-1].examples
    assert (example.row, example.same_as) == ("data/test-00000.jsonl:1", "train/people2.jsonl:1")


def test_a_name_on_the_hub_is_loaded_without_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    splits = {"train": {"2ppl": [{"puzzle": LIARS}]}, "test": {"2ppl": [{"puzzle": LIARS}], "3ppl": []}}
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def load(*args: Any, **options: Any) -> Any:
        asked.append((args, options))
        return splits[args[1]]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets, "get_dataset_config_names", {"some/puzzles": list(splits)}.get)
    monkeypatch.setattr(datasets, "load_dataset", load)
    result = audit("some/puzzles")
    assert asked == [(("some/puzzles", "train"), {}), (("some/puzzles", "test"), {})]
    assert [(part.name, part.rows) for part in result.parts] == [("train", 1), ("test", 1)]
    assert result.leaks[0].levels[0].examples[0].row == "test/2ppl:1"


def test_a_hub_failure_is_a_one_line_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def refuse(name: str) -> list[str]:
        raise FileNotFoundError(f"no {name}\nat all")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets, "get_dataset_config_names", refuse)
    with pytest.raises(BadFile, match=r"^some/puzzles could not be loaded from the Hub: no some/puzzles$"):
        audit("some/puzzles")


def test_missing_and_unreadable_datasets_are_errors(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no such file or folder, and not a name on the Hub"):
        audit(tmp_path / "nowhere" / "at.jsonl")
    with pytest.raises(BadFile, match=r"there is no \.parquet or \.jsonl file in"):
        audit(tmp_path)
    with pytest.raises(BadFile, match="should end in"):
        audit(lines(tmp_path / "rows.csv", []))
    path = notations(tmp_path / "a.jsonl", LIARS)
    with pytest.raises(BadFile, match=r"cannot compare .*a\.jsonl with itself"):
        audit(path, path)
    (tmp_path / "broken.jsonl").write_text("{")
    with pytest.raises(BadFile, match=r"broken\.jsonl, line 1: not JSON"):
        audit(path, tmp_path / "broken.jsonl")
