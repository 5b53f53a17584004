"""The command, run in this process, in a shell and on a terminal."""

import io
import sys
from pathlib import Path

import pytest

from knk import cli
from tests.support.commands import Result, Run


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process, with `piped` as its stdin."""

    def run(*arguments: str | Path, piped: str | bytes = "") -> Result:
        data = piped if isinstance(piped, bytes) else piped.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        status = cli.main([str(argument) for argument in arguments])
        return Result(status, *capsys.readouterr())

    return run
