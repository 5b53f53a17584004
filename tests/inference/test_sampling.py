"""Sampling: values out of range are refused, and each answer has its own seed."""

import pytest

from knk.errors import BadSpec
from knk.inference.sampling import PRESETS, Sampling
from knk.inference.server import ServerEngine


def test_values_out_of_range_are_refused() -> None:
    for bad in ({"n": 0}, {"temperature": -1}, {"temperature": float("nan")}, {"top_p": 2}, {"stop": ("",)}):
        with pytest.raises(BadSpec):
            Sampling(**bad)
    with pytest.raises(BadSpec, match="missing --max-tokens"):
        ServerEngine("m", "http://localhost/v1").effective_sampling(Sampling())
    with pytest.raises(BadSpec, match="--top-k cannot be used"):
        ServerEngine("m", "http://localhost/v1", dialect="openai").effective_sampling(PRESETS["paper"])
