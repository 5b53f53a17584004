"""Pass rates of samples."""

import pytest

from knk.evals.evalplus.pass_rates import SampleResult, pass_at_k, pass_rates


def test_pass_at_k_is_the_probability_of_a_correct_sample() -> None:
    assert pass_at_k(5, 0, 1) == 0
    assert pass_at_k(5, 5, 5) == 1
    assert pass_at_k(4, 1, 2) == pytest.approx(0.5)


def test_pass_at_10_needs_ten_samples_of_every_problem() -> None:
    results = [SampleResult("a", index, "pass", "pass") for index in range(10)]
    assert pass_rates(results).pass_at == {1: 1.0, 10: 1.0}
    assert pass_rates([*results, SampleResult("b", 0, "pass", "fail")]).pass_at == {1: 0.5}
