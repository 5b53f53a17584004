"""The results of a laptop study: the scores of every arm on every task, and the criteria of CRITERIA.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from knk.datasets.files import read
from knk.evals import results
from knk.evals.intervals import Estimate, difference
from knk.evals.results import ArmScore, Results, StudyClaim
from knk.files import read_json
from knk.tables import format_table
from knk.training.manifest import MANIFEST
from knk.training.metrics import METRICS as METRICS_FILE
from recipes.laptop.domains import SEARCHES
from recipes.laptop.evaluate import FORCED, METRICS, TASKS
from recipes.laptop.lineage import BASE, STARTS, WARMED, Scale
from recipes.laptop.measurements import ACCURACY_IF_ANSWERED, GATE_THRESHOLD, FirstStep, Measurements

PUZZLES: Final = ("kk2", "kk3")
ABOVE_ZERO: Final = "the 95% interval of the difference lies above 0"
REPORTED_ONLY: Final = "warmed minus base; reported only"


def summarize(scale: Scale, output: Path) -> Results:
    """Compute a study's results from its samples, write them to `results.json`, and return them.

    Args:
        scale: the size of the study.
        output: the folder of the study.
    """
    measured = Measurements(scale, output)
    scores = [
        ArmScore(arm, task, metric, measured.estimate(arm, task, metric))
        for arm in measured.arms
        for task in TASKS
        for metric in ("accuracy", ACCURACY_IF_ANSWERED, *METRICS[1:], *([FORCED] if task in SEARCHES else []))
    ]
    study = Results(
        "Warm-up and RLVR on a CPU",
        measured.arms,
        TASKS,
        tuple(scores),
        tuple(map(measured.curve, STARTS)),
        tuple(claims(measured)),
        dict(facts(measured)),
    )
    results.write(output, study)
    return study


def claims(measured: Measurements) -> Iterator[StudyClaim]:
    """Iterate over the claims of CRITERIA.md, with the scores that decide them.

    Args:
        measured: the measurements of a study.
    """
    rl_domain = measured.scale.rl_domain
    yield _gate(measured)
    yield _above_zero(
        "Warm-up teaches puzzles: higher accuracy on held-out puzzles of two and three people",
        measured.gain(WARMED, BASE, PUZZLES),
    )
    if measured.gated_domains:
        yield from _warm_up_claims(measured, measured.gated_domains)
    yield from _rlvr_claims(measured, rl_domain)
    others = [task for task in TASKS if task not in (rl_domain, *PUZZLES, "kk4")]
    pairs = (("base + RL", BASE), ("warmed + RL", BASE), ("warmed + RL", WARMED), ("warmed + RL", "base + RL"))
    for arm, baseline in pairs:
        yield _above_zero(
            f"In the domains that RLVR did not train, {arm} beats {baseline}", measured.gain(arm, baseline, others)
        )
    yield _above_zero(
        "On puzzles, which RLVR did not train, warmed + RL beats warmed", measured.gain("warmed + RL", WARMED, PUZZLES)
    )
    yield _sample_efficiency(measured)


def _gate(measured: Measurements) -> StudyClaim:
    domains = measured.gated_domains
    remark = "; ".join(
        f"seed {seed}: " + ", ".join(f"{domain} {share:.3f}" for domain, share in gate.items())
        for seed, gate in enumerate(measured.gates)
    )
    return StudyClaim(
        f"Gate: every base checks candidates correctly; passed by {', '.join(domains) or 'no domain'}",
        f"at least {GATE_THRESHOLD} in every base; a domain that fails is left out of the claims about warm-up",
        None,
        len(domains) == len(SEARCHES),
        remark,
    )


def _warm_up_claims(measured: Measurements, domains: list[str]) -> Iterator[StudyClaim]:
    yield _above_zero(
        f"Warm-up alone raises accuracy in search domains ({', '.join(domains)})",
        measured.gain(WARMED, BASE, domains),
    )
    yield _above_zero(
        "... also if every item must be answered, so that the gain is not just more guessing",
        measured.gain(WARMED, BASE, domains, FORCED),
    )
    for arm in measured.scale.arms:
        if arm != WARMED:
            yield _above_zero(f"... also over the control '{arm}'", measured.gain(WARMED, arm, domains))
    answered, tries = (measured.gain(WARMED, BASE, domains, metric) for metric in ("answered", "tries"))
    yield StudyClaim("Change in the share of items answered there", REPORTED_ONLY, answered)
    yield StudyClaim("Change in the number of suppositions per item there", REPORTED_ONLY, tries)


def _rlvr_claims(measured: Measurements, domain: str) -> Iterator[StudyClaim]:
    for start in STARTS:
        yield _above_zero(
            f"RLVR from {start} raises accuracy on held-out {domain}",
            measured.gain(f"{start} + RL", start, [domain]),
        )
    yield _above_zero(
        "After RLVR on the same problems, warmed + RL beats base + RL",
        measured.gain("warmed + RL", "base + RL", [domain]),
    )
    gains = []
    for start in STARTS:
        pairs = zip(measured.scores(f"{start} + RL", [domain]), measured.scores(start, [domain]), strict=True)
        gains.append([{item: after[item] - before[item] for item in after} for after, before in pairs])
    yield _above_zero("RLVR gains more from the warm start than from the base", difference(gains[1], gains[0]))


def _above_zero(text: str, gain: Estimate) -> StudyClaim:
    """Return a claim that holds if the interval lies above 0, fails if below, and is open otherwise."""
    holds = True if gain.low > 0 else False if gain.high < 0 else None
    return StudyClaim(text, ABOVE_ZERO, gain, holds)


def _sample_efficiency(measured: Measurements) -> StudyClaim:
    """Return the claim that the warm start reaches base + RL's final accuracy in fewer steps."""
    base_steps, warm_steps = ([first.step for first in measured.first_steps(start)] for start in STARTS)
    pairs = list(zip(base_steps, warm_steps, strict=True))
    sooner = [warm is not None and (base is None or warm < base) for base, warm in pairs]
    steps = ", ".join(f"{_format_step(base)} and {_format_step(warm)}" for base, warm in pairs)
    return StudyClaim(
        "From the warm start, RLVR reaches base + RL's final accuracy in fewer steps",
        "fewer steps in every pair of seeds; open if only in some",
        None,
        True if all(sooner) else None if any(sooner) else False,
        f"first step from base and from warmed, pair by pair: {steps}; without the tokens of the warm-up itself",
    )


def facts(measured: Measurements) -> Iterator[tuple[str, str]]:
    """Iterate over the facts that a reader needs: seeds, items, tokens, seconds and hardware.

    Args:
        measured: the measurements of a study.
    """
    scale = measured.scale
    folders = [lineage.folder for lineage in measured.lineages]
    manifests = [read_json(path) for folder in folders for path in sorted(folder.glob(f"*/{MANIFEST}"))]
    hardware = manifests[0]["hardware"]
    yield "bases", str(scale.seeds)
    yield "RLVR runs from each start of each base", str(scale.rl_seeds)
    yield "items per task", f"{scale.items}, one sample each at temperature 0.7 and top-p 0.95"
    warm_up = f"each warm-up {scale.warm_up_tokens:,}, with {scale.replay_share:.0%} of replayed examples"
    yield "training tokens", f"base {scale.base_tokens:,}; {warm_up}"
    yield "RLVR", f"{scale.rl_problems} problems of {scale.rl_domain}, {scale.rl_steps} steps"
    yield "training seconds, all runs", f"{sum(manifest['seconds'] for manifest in manifests):,.0f}"
    yield "hardware", f"{hardware['processor']}, {hardware['cores']} cores, one per run"
    for start in STARTS:
        yield f"RLVR from {start} to base + RL's final accuracy", "; ".join(map(_cost, measured.first_steps(start)))


def _cost(first: FirstStep) -> str:
    """Return the steps, tokens and seconds of an RLVR run up to a step, or of the whole run if it was not reached."""
    entries = [entry for entry in read(first.lineage.folder / first.stage.name / METRICS_FILE) if "num_tokens" in entry]
    spent = [entry for entry in entries if first.step is None or entry["step"] <= first.step]
    tokens = spent[-1]["num_tokens"] if spent else 0
    seconds = sum(entry.get("step_time", 0.0) for entry in spent)
    steps = f"not reached in {len(entries)}" if first.step is None else first.step
    return f"{steps} steps, {tokens:,.0f} tokens, {seconds:.0f} s"


def format_results(study: Results) -> str:
    """Return a text table of the accuracy of each arm on each task, followed by the claims.

    Args:
        study: the results of a study.
    """
    cells = [["accuracy in %", *study.tasks]]
    cells += [[arm, *(_format_score(study.score(arm, task)) for task in study.tasks)] for arm in study.arms]
    return "\n".join([format_table(cells, "<"), "", *_format_claims(study.claims)])


def _format_claims(study_claims: Sequence[StudyClaim]) -> list[str]:
    verdicts = {True: "holds", False: "does not hold", None: "open"}
    return [f"{verdicts[claim.holds]:<13}  {claim.text}{_format_gain(claim.estimate)}" for claim in study_claims]


def _format_gain(gain: Estimate | None) -> str:
    return f": {gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]" if gain else ""


def _format_score(score: Estimate | None) -> str:
    if score is None:
        return ""
    mean, low, high = (round(100 * value) for value in (score.mean, score.low, score.high))
    return f"{mean} [{low}-{high}]"


def _format_step(step: int | None) -> str:
    return "never" if step is None else str(step)
