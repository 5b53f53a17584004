"""The figures and claims of a laptop study, from samples with known scores."""

import json
from pathlib import Path
from typing import Any

from knk.datasets.files import write
from knk.evals import results
from recipes.laptop import claims
from recipes.laptop.data import ARMS
from recipes.laptop.domains import SEARCHES
from recipes.laptop.evaluate import FORCED, METRICS, TASKS, read_scores
from recipes.laptop.lineage import GATE, Lineage, Scale, stages

SCALE = Scale(
    base_tokens=100,
    warm_up_tokens=10,
    replay_share=0.2,
    arms=tuple(ARMS),
    rl_domain="col",
    rl_problems=10,
    rl_steps=20,
    checkpoint_steps=10,
    items=40,
    seeds=2,
    rl_seeds=2,
)
BEATS = "In the domains that RLVR did not train, {} beats {}"


def write_fake_samples(
    path: Path, accuracies: dict[str, float], tasks: tuple[str, ...] = TASKS, with_forced: bool = True
) -> None:
    """Write samples with these accuracies, 0.2 by default; half of the items that are not right are not answered."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for task in tasks:
        for forced in (False, True) if with_forced and task in SEARCHES else (False,):
            for item in range(SCALE.items):
                correct = item < round(accuracies.get(task, 0.2) * SCALE.items)
                answered = correct or forced or item % 2 == 0
                rows.append(
                    {
                        "task": task,
                        "item": item,
                        "forced": forced,
                        "correct": correct,
                        "format": True,
                        "answered": answered,
                        "tokens": 10,
                        "tries": 1,
                    }
                )
    write(path, rows)


def summarize(folder: Path, accuracies: dict[str, dict[str, float]], gate: float = 1.0) -> results.Results:
    """Return the results of a study whose arms have these accuracies by task."""
    for seed in range(SCALE.seeds):
        lineage = Lineage(SCALE, folder / f"seed-{seed}", seed)
        for stage in stages(SCALE):
            write_fake_samples(lineage.samples(stage), accuracies.get(stage.arm, {}))
            run = lineage.folder / stage.name
            run.mkdir(parents=True)
            (run / "run.json").write_text(json.dumps({"seconds": 1.0, "hardware": {"processor": "x", "cores": 2}}))
            if stage.rl_run is not None:
                write(
                    run / "metrics.jsonl",
                    [{"step": step, "num_tokens": 100 * step, "step_time": 1.0} for step in range(1, 21)],
                )
                for step in (10, 20):
                    accuracy = accuracies.get(stage.arm, {}).get("col", 0.2) * step / 20
                    write_fake_samples(lineage.samples(stage, step), {"col": accuracy}, ("col",), with_forced=False)
        (lineage.folder / GATE).write_text(json.dumps(dict.fromkeys(SEARCHES, gate)))
    return claims.summarize(SCALE, folder)


def verdicts(study: results.Results) -> dict[str, bool | None]:
    return {claim.text: claim.holds for claim in study.claims}


def test_a_claim_holds_for_a_rise_and_fails_for_a_fall(tmp_path: Path) -> None:
    warmed = dict.fromkeys(("kk2", "kk3", *SEARCHES), 0.8)
    rl = warmed | {"col": 1.0}
    study = summarize(tmp_path, {"warmed": warmed, "warmed + RL": rl, "base + RL": {"col": 0.5, "mod": 0.0}})
    holds = verdicts(study)
    assert holds.pop(BEATS.format("base + RL", "base")) is False
    assert holds.pop("RLVR gains more from the warm start than from the base") is None  # 0.2 and 0.3, on 40 items.
    assert holds.pop("On puzzles, which RLVR did not train, warmed + RL beats warmed") is None
    assert holds.pop(BEATS.format("warmed + RL", "warmed")) is None
    assert holds.pop("Change in the share of items answered there") is None
    assert holds.pop("Change in the number of suppositions per item there") is None
    assert set(holds.values()) == {True}, holds
    assert results.read(tmp_path) == study
    scores = study.score("warmed", "col"), study.score("warmed + RL", "col"), study.score("base", "col", FORCED)
    assert [score and round(score.mean, 3) for score in scores] == [0.8, 1.0, 0.2]


def test_claims_are_open_if_no_arm_differs(tmp_path: Path) -> None:
    study = summarize(tmp_path, {})
    assert {claim.holds for claim in study.claims[1:-1]} == {None}
    assert study.claims[-1].holds is False  # Both starts reach the accuracy at the same step.


def test_a_failed_gate_leaves_out_the_claims_about_warm_up(tmp_path: Path) -> None:
    study = summarize(tmp_path / "failed", {"warmed": dict.fromkeys(SEARCHES, 0.9)}, gate=0.9)
    assert study.claims[0].holds is False
    assert not [claim for claim in study.claims if "Warm-up alone" in claim.text]
    assert "Warm-up alone" in " ".join(verdicts(summarize(tmp_path / "passed", {})))


def test_the_start_counts_as_the_first_evaluated_step(tmp_path: Path) -> None:
    study = summarize(tmp_path, {"warmed": {"col": 0.9}, "warmed + RL": {"col": 0.9}, "base + RL": {"col": 0.6}})
    assert "20 and 0, 20 and 0" in study.claims[-1].remark
    assert study.facts["RLVR from warmed to base + RL's final accuracy"].startswith("0 steps, 0 tokens, 0 s")


def test_the_text_table_has_all_arms_and_all_claims(tmp_path: Path) -> None:
    study = summarize(tmp_path, {})
    lines = claims.format_results(study).splitlines()
    assert [line.split("  ")[0] for line in lines[1 : len(study.arms) + 1]] == list(study.arms)
    assert len(lines) == len(study.arms) + 2 + len(study.claims)


def test_scores_are_read_by_task_metric_and_item(tmp_path: Path) -> None:
    write_fake_samples(tmp_path / "samples.jsonl", {"col": 0.5})
    scores = read_scores(tmp_path / "samples.jsonl")
    assert set(scores) == set(TASKS)
    assert set(scores["col"]) == {*METRICS, FORCED}
    assert set(scores["mod"]) == set(METRICS)
    assert sum(scores["col"]["accuracy"].values()) == 20
