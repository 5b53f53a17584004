"""The rewards of the paper's training."""

from knk import tasks
from knk.answers.verdict import Verdict
from knk.tasks.reward_scheme import RewardScheme


def test_the_tasks_reward_schemes_match_the_paper() -> None:
    schemes = {name: tasks.load(name).REWARD_SCHEME for name in tasks.NAMES}
    assert {name: (scheme.unreadable, scheme.wrong) for name, scheme in schemes.items()} == {
        "kk": (-1, -0.5),
        "hendrycks_math": (-1, -0.5),
        "mmlu_pro": (-0.5, -0.5),
        "humaneval_plus": (-1, -1),
    }


def test_each_outcome_has_its_reward() -> None:
    scheme = RewardScheme(no_format=1, unreadable=2, wrong=3, right=4)
    verdicts = [
        Verdict(True, "right"),
        Verdict(False, "wrong"),
        Verdict(False, "retracted"),
        Verdict(None, "timed out"),
    ]
    assert [scheme.reward(verdict, has_format=True) for verdict in verdicts] == [4, 3, 2, None]
    assert [scheme.reward(verdict, has_format=False) for verdict in verdicts] == [1, 1, 1, 1]
