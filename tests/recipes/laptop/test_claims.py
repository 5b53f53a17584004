"""The claims of a laptop study, judged on records with known scores."""

from collections.abc import Mapping

import pytest

from knk.evals.intervals import Estimate
from knk.evals.results import StudyClaim
from recipes.laptop.claims import claims, judged, transfer
from recipes.laptop.data import ARMS, Latent
from recipes.laptop.evaluate import TASKS
from recipes.laptop.measurements import Measurements, by_condition
from tests.support.laptop import fake_record

PAIR_ALONE = Latent(0.03, ("pair",))
UNTAUGHT = ("col", "pair", "sat")
SEARCHED = dict.fromkeys(("kk2", "kk3", *UNTAUGHT), 0.8)
"""What a warm-up that works does."""
FAILED = {task: [1.0, 1.0, 0.5 if task == "pair" else 1.0] for task in ("kk2", "kk3", "col", "pair", "sat", "mix")}


def measurements(
    accuracies: Mapping[str, Mapping[str, float]], latent: Latent | None = None, seeds: int = 3, **settings: object
) -> Measurements:
    return Measurements(
        [fake_record(accuracies, seed=seed, latent=latent, **settings) for seed in range(1, seeds + 1)]  # type: ignore[arg-type]
    )


def by_text(found: list[StudyClaim]) -> dict[str, StudyClaim]:
    texts = {claim.text: claim for claim in found}
    assert len(texts) == len(found)
    return texts


def starting(found: Mapping[str, StudyClaim], start: str) -> StudyClaim:
    (claim,) = [claim for text, claim in found.items() if text.startswith(start) and "nucleus" not in text]
    return claim


@pytest.mark.parametrize(
    ("low", "high", "holds"),
    [
        (0.01, 0.3, True),
        (-0.2, 0.04, False),
        (-0.2, 0.05, None),
        (0.0, 0.3, None),
        (0.001, 0.01, True),
        (-0.3, -0.1, False),
    ],
)
def test_a_gain_holds_above_zero_fails_below_the_smallest_gain_and_is_open_otherwise(
    low: float, high: float, holds: bool | None
) -> None:
    assert judged(Estimate((low + high) / 2, low, high, 300)) is holds


def test_transfer_holds_if_warmed_beats_the_base_and_all_controls() -> None:
    claim = transfer(measurements({"warmed": SEARCHED}))
    assert (claim.holds, claim.remark) == (True, "")
    assert claim.estimate
    assert claim.estimate.mean == pytest.approx(0.6)


@pytest.mark.parametrize("control", [arm for arm in ARMS if arm != "warmed"])
def test_transfer_is_refuted_by_one_control_that_does_better(control: str) -> None:
    claim = transfer(measurements({"warmed": SEARCHED, control: dict.fromkeys(UNTAUGHT, 0.85)}))
    assert (claim.holds, claim.remark) == (False, f"... warmed beats {control}: does not hold")


def test_transfer_is_open_if_a_control_is_nearly_as_good() -> None:
    claim = transfer(measurements({"warmed": SEARCHED, "continued": dict.fromkeys(UNTAUGHT, 0.77)}, n=20, seeds=1))
    assert (claim.holds, claim.remark) == (None, "... warmed beats continued: open")


@pytest.mark.parametrize(("accuracy", "holds"), [(0.8, None), (0.2, None), (0.1, False)])
def test_a_failed_gate_confirms_nothing_and_refutes_as_before(accuracy: float, holds: bool | None) -> None:
    measured = measurements({"warmed": dict.fromkeys(UNTAUGHT, accuracy)}, gate=FAILED)
    claim = transfer(measured)
    assert claim.holds is holds
    assert claim.remark.endswith("the gate failed")
    gate = next(claims([measured]))
    assert gate.holds is False
    assert gate.remark == "; ".join(f"seed {seed}, pair at try 3: 0.500" for seed in (1, 2, 3))
    assert next(claims([measurements({})])).holds is True


def test_each_claim_is_about_its_arms_and_tasks() -> None:
    after = dict.fromkeys(TASKS, 0.8)
    found = by_text(
        list(
            claims(
                [
                    measurements(
                        {
                            "warmed": SEARCHED | {"mix": 0.5, "kk4": 0.1},
                            "warmed + RL": after | {"col": 1.0},
                            "base + RL": {"col": 0.5, "pair": 0.0},
                            "base + RL, nucleus": {"col": 0.1},
                        },
                        curves={"base + RL": [0.3, 0.4]},
                    )
                ]
            )
        )
    )
    expected = {
        "Gate": True,
        "Warm-up teaches puzzles": True,
        "Claim 1": True,
        "... warmed beats base if every item": True,
        "... warmed beats shuffled": True,
        "Warm-up improves colouring": True,
        "Warm-up improves colours, same or different": True,
        "Warm-up improves puzzles, 4 people": False,
        "RLVR works: base + RL beats base": True,
        "RLVR works: warmed + RL beats warmed": True,
        "Claim 2": True,
        "Claim 3": True,
        "Claim 4: from the warm start, RLVR reaches the final accuracy of base + RL in fewer steps": True,
        "Change in the skills by warm-up": None,
        "Change by warm-up in tries per item there": None,
        "Change from base to base + RL in those domains": None,
    }
    assert {start: starting(found, start).holds for start in expected} == expected
    means = {
        "Claim 2": 0.5,
        "Claim 3": 0.64,  # pair, sat, mix and two skills: from 0, .2, .2, .2, .2 to .8
        "Change from base to base + RL in those domains": -0.04,
        "Change by warm-up in tries per item there": 0.6,
        "Change in the skills by warm-up": 0.0,
    }
    for start, mean in means.items():
        estimate = starting(found, start).estimate
        assert estimate
        assert estimate.mean == pytest.approx(mean)
    reported = [claim for claim in found.values() if claim.criterion == "reported only"]
    assert all(claim.holds is None and claim.estimate for claim in reported)
    assert not any(claim.condition for claim in found.values())
    # The other way of sampling has claims of its own.
    assert found["RLVR works: base + RL, nucleus beats base in colouring"].holds is False
    assert found["RLVR works: warmed + RL, nucleus beats warmed in colouring"].holds is False


def efficiency(accuracies: Mapping[str, Mapping[str, float]], curves: Mapping[str, list[float]]) -> list[StudyClaim]:
    """Return the three claims about sample efficiency, for one base with two pairs of runs."""
    found = claims([measurements(accuracies, seeds=1, curves=curves)])
    return [claim for claim in found if claim.text.startswith("Claim 4") and "nucleus" not in claim.text]


def test_efficiency_holds_if_every_pair_is_sooner_and_fails_if_none_is() -> None:
    base = {"base + RL": {"col": 0.6}}
    steps, tokens, with_warm_up = efficiency(base | {"warmed": {"col": 0.3}}, {"warmed + RL": [0.6, 0.6]})
    assert [claim.holds for claim in (steps, tokens)] == [True, True]
    assert steps.remark == "from base and from warmed, pair by pair: 30 and 10, 30 and 10"
    assert tokens.remark.endswith("30,000 and 10,000, 30,000 and 10,000")
    # The warm-up itself has more tokens than the base's RLVR.
    assert with_warm_up.holds is False
    assert with_warm_up.remark.endswith("30,000 and 110,000, 30,000 and 110,000")
    curves = {"warmed-rl-0": [0.6, 0.6], "base + RL": [0.3, 0.3]}
    (one_of_two, *_) = efficiency(base, curves)
    assert (one_of_two.holds, one_of_two.remark.endswith(": 30 and 10, 30 and never")) == (None, True)
    (none, *_) = efficiency(base, {"base + RL": [0.7, 0.7]})
    assert (none.holds, none.remark.endswith(": 10 and never, 10 and never")) == (False, True)
    (never, *_) = efficiency({"base-rl-0": {"col": 0.5}, "base-rl-1": {"col": 0.9}, "warmed + RL": {"col": 0.7}}, {})
    assert never.remark.endswith(": never and 30, 30 and 30")
    assert never.holds is None


def test_the_gain_is_compared_with_that_without_a_latent_rate() -> None:
    works = {"warmed": SEARCHED}
    harms = {"warmed": dict.fromkeys(UNTAUGHT, 0.1)}
    conditions = [
        measurements(accuracies, latent)
        for accuracies, latent in (({}, Latent(0.0)), (works, Latent(0.03)), (harms, Latent(0.1)), (works, PAIR_ALONE))
    ]
    found = list(claims(conditions))
    dose = {claim.text.rpartition(" is ")[2]: claim.holds for claim in found if claim.text.startswith("The condition")}
    assert dose == {"larger at q = 0.03 than at q = 0": True, "larger at q = 0.1 than at q = 0": False}
    (places,) = [claim for claim in found if claim.text.startswith("Where the lessons lie")]
    assert (places.holds, places.condition) == (True, "q = 0.03 in pair alone")
    assert places.estimate
    assert places.estimate.n == 120  # Colouring and clauses.
    assert {claim.condition for claim in found} == {"", "q = 0", "q = 0.03", "q = 0.1", "q = 0.03 in pair alone"}
    verdicts = {claim.condition: claim.holds for claim in found if claim.text.startswith("Claim 1")}
    assert verdicts == {"q = 0": None, "q = 0.03": True, "q = 0.1": False, "q = 0.03 in pair alone": True}
    assert not [claim for claim in found if "RL" in claim.text and claim.condition == "q = 0.03 in pair alone"]


def test_gains_of_other_numbers_of_bases_are_not_compared() -> None:
    records = [fake_record({}, latent=Latent(0.0)), fake_record({}), fake_record({}, seed=2)]
    assert not [claim for claim in claims(by_condition(records)) if claim.text.startswith("The condition")]
