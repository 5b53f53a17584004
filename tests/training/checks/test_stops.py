"""Stop strings."""

from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadConfig
from knk.training.checks.stops import check_stops
from knk.training.recipe import Recipe


def line(options: Any, **settings: Any) -> str | None:
    return check_stops(Recipe(Path("mine.yaml"), "grpo", {"generation_kwargs": options, **settings}))


def test_stop_strings_need_a_tokenizer_that_trl_does_not_pass() -> None:
    for options in ({"stop_strings": ["</answer>"]}, '{"stop_strings": "</answer>"}'):
        with pytest.raises(BadConfig, match="passes no tokenizer"):
            line(options)
        with pytest.raises(BadConfig, match="vLLM calls them 'stop'"):
            line(options, use_vllm=True)


def test_completions_that_vllm_stops_count_as_clipped() -> None:
    options = {"stop": ["</answer>"]}
    assert "count as clipped" in str(line(options, use_vllm=True))
    with pytest.raises(BadConfig, match="leaves those out of the loss"):
        line(options, use_vllm=True, mask_truncated_completions=True)


def test_other_options_are_left_alone() -> None:
    assert line({"min_p": 0.1}) is line(None) is line({"seed": 1, "stop": []}, use_vllm=True) is None
    with pytest.raises(BadConfig, match="a mapping, or JSON of one"):
        line("{")
