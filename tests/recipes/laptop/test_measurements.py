"""Measurements: means over runs, ratios, first steps of RLVR, and which records go together."""

from dataclasses import replace

import pytest

from knk.errors import BadFile
from recipes.laptop.cell import NUCLEUS, WHOLE
from recipes.laptop.data import Latent
from recipes.laptop.measurements import METRICS, Measurements, by_condition
from tests.support.laptop import fake_record

PAIR_ALONE = Latent(0.03, ("pair",))


def test_the_runs_of_a_base_are_averaged() -> None:
    runs = {"base-rl-0": {"col": 0.5}, "base-rl-1": {"col": 0.7}}
    measured = Measurements([fake_record(runs, seed=2), fake_record({"base + RL": {"col": 0.1}}, seed=1)])
    first, second = measured.scores("base + RL", ["col"])  # In the order of the seeds.
    assert {first[f"col/{item}"] for item in range(6)} == {1.0}
    assert sum(first.values()) / 60 == pytest.approx(0.1)
    assert sum(second.values()) / 60 == pytest.approx(0.6)
    assert set(second.values()) == {0.0, 0.5, 1.0}
    estimate = measured.estimate("base + RL", ["col"])
    assert estimate
    assert estimate.mean == pytest.approx(0.35)
    assert (estimate.n, estimate.seeds) == (60, 2)


def test_ratios_are_of_what_was_counted() -> None:
    measured = Measurements([fake_record({"warmed": {"col": 0.5}, "base": {"col": 0.0}})])
    means = {metric: measured.estimate("warmed", ["col"], metric) for metric in METRICS}
    assert {name: round(estimate.mean, 6) if estimate else None for name, estimate in means.items()} == {
        "accuracy": 0.5,
        "answered": 0.75,
        "accuracy if answered": round(2 / 3, 6),
        "accuracy if made to answer": 0.5,
        "tries": 1.5,
        "right first checks": 1.0,
        "right second checks": 0.0,
        "right later checks": None,
        "tokens": 10.0,
    }
    assert measured.estimate("base", ["col"], "right second checks") is None


def test_gains_are_paired_by_item_and_base() -> None:
    measured = Measurements([fake_record({"warmed": {"col": 0.5}}, seed=seed) for seed in (1, 2, 3)])
    assert [sum(gains.values()) for gains in measured.gains("warmed", "base", ["col"])] == [18.0] * 3
    gain = measured.gain("warmed", "base", ["col"])
    assert gain.mean == pytest.approx(0.3)
    assert gain.low > 0.15


def test_a_curve_begins_at_the_start_and_ends_at_the_final_model() -> None:
    measured = Measurements(
        [fake_record({"base + RL": {"col": 0.8}, "base": {"col": 0.1}}, curves={"base + RL": [0.4, 0.6]})]
    )
    curve = measured.curve("base", WHOLE)
    assert [(step, round(estimate.mean, 6)) for step, estimate in curve.points] == [
        (0, 0.1),
        (10, 0.4),
        (20, 0.6),
        (30, 0.8),
    ]
    assert (curve.arm, curve.task, curve.condition) == ("base + RL", "col", "q = 0.03")


def test_first_steps_reach_the_mean_final_accuracy_of_the_base_s_runs() -> None:
    record = fake_record(
        {"base-rl-0": {"col": 0.5}, "base-rl-1": {"col": 0.7}, "warmed-rl-0": {"col": 0.7}, "warmed": {"col": 0.3}},
        curves={"base-rl-1": [0.3, 0.6], "warmed-rl-0": [0.6, 0.2], "warmed-rl-1": [0.5, 0.5]},
    )
    steps = [tuple(first.step for first in pair) for pair in Measurements([record]).first_steps(WHOLE)]
    assert steps == [(None, 10), (20, None)]  # The mean is 0.6.
    tokens = [tuple(first.tokens for first in pair) for pair in Measurements([record]).first_steps(WHOLE)]
    assert tokens == [(None, 10_000.0), (20_000.0, None)]


def test_a_start_that_is_good_enough_is_step_0_without_tokens() -> None:
    measured = Measurements([fake_record({"warmed": {"col": 0.9}, "base + RL, nucleus": {"col": 0.6}})])
    for base, warmed in measured.first_steps(NUCLEUS):
        assert (base.step, warmed.step, warmed.tokens) == (30, 0, 0)
        assert base.tokens == 30_000.0


def test_two_records_with_the_same_seed_are_refused() -> None:
    with pytest.raises(BadFile, match=r"^q = 0.03: two records have the same seed: remove one$"):
        Measurements([fake_record({}), fake_record({"base": {"col": 0.9}})])


def test_records_of_several_conditions_or_scales_are_not_mixed() -> None:
    for other in (fake_record({}, seed=2, latent=Latent(0.1)), replace(fake_record({}, seed=2), scale="demo")):
        with pytest.raises(BadFile, match="one scale and one latent rate"):
            Measurements([fake_record({}), other])
    with pytest.raises(BadFile, match="expected records of one scale, got demo and study"):
        by_condition([fake_record({}), replace(fake_record({}, latent=Latent(0.1)), scale="demo")])


def test_conditions_are_ordered_by_rate_and_those_with_fewer_domains_come_last() -> None:
    latents = [PAIR_ALONE, Latent(0.1), Latent(0.0), Latent(0.03)]
    records = [fake_record({}, latent=latent, seed=seed, n=2) for seed in (2, 1) for latent in latents]
    conditions = by_condition(records)
    assert [measured.condition for measured in conditions] == [
        "q = 0",
        "q = 0.03",
        "q = 0.1",
        "q = 0.03 in pair alone",
    ]
    assert all([record.seed for record in measured.records] == [1, 2] for measured in conditions)
    assert not any("RL" in arm for arm in conditions[-1].arms)
    assert conditions[0].arms[:2] == ("base", "warmed")
    assert conditions[0].arms[-4:] == ("base + RL", "warmed + RL", "base + RL, nucleus", "warmed + RL, nucleus")


def test_the_gate_fails_with_the_seed_and_the_try() -> None:
    gate = {task: [1.0, 0.9, 1.0] for task in ("kk2",)} | {task: [1.0] * 3 for task in ("kk3", "col", "pair", "sat")}
    assert Measurements([fake_record({}), fake_record({}, seed=2, gate=gate)]).gate_failures == [
        "seed 2, kk2 at try 2: 0.900"
    ]
