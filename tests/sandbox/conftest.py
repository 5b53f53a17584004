"""The levels of isolation that work on this machine."""

import pytest

from knk.errors import SandboxFailed
from knk.sandbox.model import Level
from knk.sandbox.run import levels, probe


def works(level: Level) -> bool:
    try:
        probe(level)
    except SandboxFailed:
        return False
    return True


@pytest.fixture(params=list(levels()), ids=str)
def level(request: pytest.FixtureRequest) -> Level:
    """Each level of isolation that works on this machine."""
    parameter: Level = request.param
    if not works(parameter):
        pytest.skip("this level does not work on this machine")
    return parameter
