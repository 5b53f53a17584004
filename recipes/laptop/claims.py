"""The claims of CRITERIA.md, each with the figures that decide it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from knk.evals.intervals import Estimate, difference
from knk.evals.results import REPORTED_ONLY, StudyClaim
from recipes.laptop.cell import BASE, STARTS, WARMED, Rollouts, rl_arm
from recipes.laptop.domains import SKILLS
from recipes.laptop.gate import THRESHOLD
from recipes.laptop.measurements import FORCED, FirstStep, Measurements
from recipes.laptop.names import TASK_NAMES

TAUGHT: Final = ("kk2", "kk3")
"""The puzzles of the warm-up."""
UNTAUGHT: Final = ("col", "pair", "sat")
"""The search domains of the base's lessons, which no warm-up contains."""
SMALLEST_GAIN: Final = 0.05
"""A gain that is certainly smaller counts as none."""
_ABOVE: Final = f"holds if the 95% interval lies above 0, does not hold if it lies below {SMALLEST_GAIN}"


def claims(conditions: Sequence[Measurements]) -> Iterator[StudyClaim]:
    """Iterate over the claims, condition by condition, and then those that compare conditions.

    Args:
        conditions: the measurements of each condition.
    """
    for measured in conditions:
        name = measured.condition if len(conditions) > 1 else ""
        for claim in _claims_of(measured):
            yield replace(claim, condition=name)
    yield from _dose_claims(conditions)


def judged(gain: Estimate) -> bool | None:
    """Return whether a gain holds; None if that is open.

    >>> (
    ...     judged(Estimate(0.2, 0.1, 0.3, 300)),
    ...     judged(Estimate(0.0, -0.1, 0.04, 300)),
    ...     judged(Estimate(0.1, -0.1, 0.3, 300)),
    ... )
    (True, False, None)
    """
    return True if gain.low > 0 else False if gain.high < SMALLEST_GAIN else None


def transfer(measured: Measurements) -> StudyClaim:
    """Return the paper's first claim: the warm-up improves domains that it does not teach, more than any control."""
    parts = list(_transfer_parts(measured))
    holds = _all_hold([part.holds for part in parts])
    remarks = [f"{part.text}: {part.status}" for part in parts if part.holds is not True]
    if measured.gate_failures:
        holds = False if holds is False else None
        remarks.append("the gate failed")
    return StudyClaim(
        f"Claim 1: warm-up alone improves domains that it does not teach ({_in_words(UNTAUGHT)})",
        "holds if each of the next lines holds, does not hold if any of them does not",
        parts[0].estimate,
        holds,
        "; ".join(remarks),
    )


def _claims_of(measured: Measurements) -> Iterator[StudyClaim]:
    yield _gate(measured)
    yield _above("Warm-up teaches puzzles of two and three people", measured.gain(WARMED, BASE, TAUGHT))
    yield transfer(measured)
    yield from _transfer_parts(measured)
    for task in (*UNTAUGHT, "mix", "kk4"):
        yield _above(f"Warm-up improves {TASK_NAMES[task]}", measured.gain(WARMED, BASE, [task]))
    yield _reported("Change in the skills by warm-up", measured.gain(WARMED, BASE, SKILLS))
    for metric in ("answered", "tries"):
        yield _reported(f"Change by warm-up in {metric} per item there", measured.gain(WARMED, BASE, UNTAUGHT, metric))
    if any(stage.rl_run is not None for stage in measured.stages):
        for rollouts in measured.scale.rollouts:
            yield from _rlvr_claims(measured, rollouts)


def _gate(measured: Measurements) -> StudyClaim:
    failures = measured.gate_failures
    return StudyClaim(
        "Gate: every base checks candidates correctly at the first, second and third try",
        f"at least {THRESHOLD} of the checks, in each domain, at each try, in every base",
        None,
        not failures,
        "; ".join(failures),
    )


def _transfer_parts(measured: Measurements) -> Iterator[StudyClaim]:
    yield _above("... warmed beats base", measured.gain(WARMED, BASE, UNTAUGHT))
    forced = measured.gain(WARMED, BASE, UNTAUGHT, FORCED)
    yield _above("... warmed beats base if every item must be answered", forced)
    for control in measured.scale.arms:
        if control != WARMED:
            yield _above(f"... warmed beats {control}", measured.gain(WARMED, control, UNTAUGHT))


def _rlvr_claims(measured: Measurements, rollouts: Rollouts) -> Iterator[StudyClaim]:
    domain = [measured.scale.rl_domain]
    base, warmed = (rl_arm(start, rollouts) for start in STARTS)
    for start, arm in zip(STARTS, (base, warmed), strict=True):
        yield _above(f"RLVR works: {arm} beats {start} in colouring", measured.gain(arm, start, domain))
    yield _above(
        f"Claim 2: after RLVR on the same problems, {warmed} beats {base} in colouring",
        measured.gain(warmed, base, domain),
    )
    others = ("pair", "sat", "mix", *SKILLS)
    yield _above(
        f"Claim 3: in the domains that RLVR does not train, {warmed} beats {base}",
        measured.gain(warmed, base, others),
    )
    for start, arm in zip(STARTS, (base, warmed), strict=True):
        yield _reported(f"Change from {start} to {arm} in those domains", measured.gain(arm, start, others))
    yield from _efficiency_claims(measured, rollouts)


def _efficiency_claims(measured: Measurements, rollouts: Rollouts) -> Iterator[StudyClaim]:
    pairs, base = measured.first_steps(rollouts), rl_arm(BASE, rollouts)
    warm_up = measured.scale.warm_up_tokens
    for unit, costs in (
        ("steps", [tuple(first.step for first in pair) for pair in pairs]),
        ("tokens", [tuple(first.tokens for first in pair) for pair in pairs]),
        ("tokens, with those of the warm-up", [_tokens_with(pair, warm_up) for pair in pairs]),
    ):
        sooner = [warm is not None and (cold is None or warm < cold) for cold, warm in costs]
        listed = ", ".join(f"{_cost(cold)} and {_cost(warm)}" for cold, warm in costs)
        yield StudyClaim(
            f"Claim 4: from the warm start, RLVR reaches the final accuracy of {base} in fewer {unit}",
            "holds if in every pair of runs, does not hold if in none",
            None,
            True if all(sooner) else None if any(sooner) else False,
            f"from base and from warmed, pair by pair: {listed}",
        )


def _tokens_with(pair: tuple[FirstStep, FirstStep], warm_up: int) -> tuple[float | None, float | None]:
    base, warmed = pair[0].tokens, pair[1].tokens
    return base, None if warmed is None else warmed + warm_up


def _dose_claims(conditions: Sequence[Measurements]) -> Iterator[StudyClaim]:
    """The claims that the gain by warm-up depends on the latent rate."""
    spread = [measured for measured in conditions if len(measured.records[0].latent.domains) > 1]
    zero = next((measured for measured in spread if measured.records[0].latent.rate == 0), None)
    for measured in spread:
        if zero is None or measured is zero or len(measured.records) != len(zero.records):
            continue
        where = f"larger at {measured.condition} than at {zero.condition}"
        yield _above(
            f"The condition: the gain in domains without warm-up is {where}",
            difference(measured.gains(WARMED, BASE, UNTAUGHT), zero.gains(WARMED, BASE, UNTAUGHT)),
        )
    for measured in conditions:
        if measured.records[0].latent.domains == ("pair",):
            elsewhere = tuple(task for task in UNTAUGHT if task != "pair")
            yield replace(
                _above(
                    "Where the lessons lie: warm-up improves the domains whose lessons never search on",
                    measured.gain(WARMED, BASE, elsewhere),
                ),
                condition=measured.condition,
            )


def _above(text: str, gain: Estimate) -> StudyClaim:
    return StudyClaim(text, _ABOVE, gain, judged(gain))


def _reported(text: str, gain: Estimate) -> StudyClaim:
    return StudyClaim(text, REPORTED_ONLY, gain)


def _all_hold(parts: Sequence[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


def _in_words(tasks: Sequence[str]) -> str:
    return ", ".join(TASK_NAMES[task] for task in tasks)


def _cost(value: float | None) -> str:
    return "never" if value is None else f"{value:,.0f}"
