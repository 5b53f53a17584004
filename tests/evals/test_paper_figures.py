"""The paper's scores, copied correctly."""

from knk.evals.paper_figures import CLAIMS, RLVR, WARM_UP


def test_scores_match_the_papers_tables() -> None:
    scores = {(arm.model, arm.arm): arm.scores for arm in (*WARM_UP, *RLVR)}
    assert [str(score) for score in scores["Qwen2.5-3B", "warmed"]] == ["54 ± 1.4", "47.8 ± 3.7", "38.2 ± 0.4"]
    assert str(scores["Qwen2.5-3B", "warmed + RL on MATH"][0]) == "64.5 ± 0.3"
    assert len(CLAIMS) == 4


def test_every_warmed_up_model_has_a_base() -> None:
    models = {arm.model for arm in WARM_UP if arm.arm == "warmed"}
    assert len(models) == 8
    assert {arm.model for arm in WARM_UP if arm.arm == "base"} == models
