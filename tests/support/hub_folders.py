"""Folders to publish: datasets, checkpoints, and a small corpus config."""

import hashlib
import json
import re
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from knk.datasets.files import read

NAME = "org/puzzles"
CONFIG = """
seed: 3
measures: true
shares: {train: 0.7, test: 0.3}
parts:
  - {name: easy, people: [3, 4], rows: 60}
  - {name: more, preset: rich, people: 4, rows: 20, kinds: {atom: 1, and: 2, count: 1}, splits: [test]}
"""


def rows_in(folder: Path, pattern: str = "**/*.parquet") -> Counter[str]:
    """All rows of a folder, each as JSON."""
    return Counter(json.dumps(row, sort_keys=True) for path in folder.glob(pattern) for row in read(path))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def dataset_folder(folder: Path, files: dict[str, Any], **about: Any) -> Path:
    """A folder of rows with a manifest: for each path its rows, or its bytes."""
    folder.mkdir()
    listed = []
    for name, rows in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        else:
            path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        split = re.split(r"[/.-]", name)[0]
        listed.append({"path": name, "split": split, "rows": len(rows), "sha256": sha256(path)})
    (folder / "manifest.json").write_text(json.dumps({"files": listed, **about}), encoding="utf-8")
    return folder


def safetensors(values: bytes = b"\0" * 8) -> bytes:
    header = json.dumps({"weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    return struct.pack("<Q", len(header)) + header + values
