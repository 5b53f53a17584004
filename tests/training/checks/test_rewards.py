"""Rewards and their weights."""

from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadConfig
from knk.training.checks.rewards import check_rewards
from knk.training.recipe import Recipe

KK = "knk.rewards.kk_reward"
CORRECT = "knk.rewards.kk_correct"
FORMAT = "knk.rewards.format_reward"
LENGTH = "knk.rewards.length_reward"
OWN = "json.dumps"
"""Any function that is no task's reward."""


def line(rewards: list[str], weights: list[Any] | None = None, **settings: Any) -> str:
    both = {"reward_funcs": rewards, "reward_weights": weights, **settings}
    return check_rewards(Recipe(Path("mine.yaml"), "grpo", both))


@pytest.mark.parametrize(
    ("rewards", "weights"),
    [
        ([KK], None),
        ([KK, FORMAT], None),
        ([KK, FORMAT], [1.0, 0.1]),
        ([KK, CORRECT], [1.0, 0.0]),  # Both are None for the same completions, which are left out.
        ([FORMAT, LENGTH], [1.0, 0.0]),  # Neither is ever None.
        ([KK, OWN, LENGTH], [1.0, 1.0, 0.0]),
        (["accuracy_reward"], None),
    ],
)
def test_weights_that_leave_an_unjudged_answer_out_are_accepted(rewards: list[str], weights: list[Any] | None) -> None:
    assert line(rewards, weights) == f"rewards: {', '.join(rewards)}"


@pytest.mark.parametrize("unweighted", [FORMAT, LENGTH, OWN])
def test_a_weight_of_0_beside_a_reward_that_may_be_none_is_an_error(unweighted: str) -> None:
    with pytest.raises(BadConfig, match=r"remove .*, whose weight is 0"):
        line([KK, unweighted], [1.0, 0.0])
    assert line([KK, unweighted], [1.0, 0.0], multi_objective_aggregation="normalize_then_sum")


@pytest.mark.parametrize(
    ("rewards", "weights", "message"),
    [
        (["kk_reward"], None, "expected a reward to be a dotted path"),
        (["acuracy_reward"], None, "did you mean 'accuracy_reward'?"),
        (["knk.rewards.kk_rewards"], None, "cannot be imported"),
        ([KK], [0.0], "a weight other than 0"),
        ([KK], [float("inf")], "to be numbers, got 'inf'"),
        ([KK], [1.0, 2.0], "expected 1 number in 'reward_weights'"),
    ],
)
def test_an_invalid_reward_or_weight_is_an_error(rewards: list[str], weights: list[Any] | None, message: str) -> None:
    with pytest.raises(BadConfig) as caught:
        line(rewards, weights)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
