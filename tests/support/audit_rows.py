"""Files of rows to audit, and what an audit finds in them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from knk.datasets.audit.report import Finding, PartReport

LIARS = "Ann,Bob 0:&(-0,-1)"  # Ann is a knave, Bob is a knight.

ACCUSED = "Ann,Bob,Cid 0:-1 1:&(+0,+2) 2:+1"  # Ann is a knight, the others are knaves.


def lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def notations(path: Path, *puzzles: str) -> Path:
    return lines(path, [{"puzzle": puzzle} for puzzle in puzzles])


def fault(part: PartReport, what: str) -> Finding:
    return next(finding for finding in part.faults if finding.name == what)


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    return {finding.name: finding.count for finding in findings}
