"""The results of a study as texts: of one condition and of several, with an example."""

from pathlib import Path

import pytest

from knk.errors import BadFolder
from knk.evals import results
from knk.evals.results import Results
from recipes.laptop.cell import SCALES, rl_stage
from recipes.laptop.data import ARMS, Latent
from recipes.laptop.evaluate import TASKS
from recipes.laptop.names import TASK_NAMES, TRAINING, arm_training, task_name
from recipes.laptop.record import write_record
from recipes.laptop.summary import UNTAUGHT_NAME, format_claims, format_results, summarize
from tests.support.laptop import fake_cell

ACCURACIES = {"warmed": {"col": 0.75, "kk2": 1.0, "recall": 0.0}, "base + RL": {"col": 0.5}}


VERDICTS = ("holds", "does not hold", "open", "reported")


def study_of(folder: Path, *latents: Latent, n: int = 4) -> Results:
    for latent in latents:
        write_record(fake_cell(folder, ACCURACIES, latent=latent, n=n), "tiny")
    return summarize(folder)


def test_a_study_of_one_condition(tmp_path: Path) -> None:
    study = study_of(tmp_path, Latent(0.03), n=20)
    assert results.read(tmp_path) == study
    assert study.arms == ("base", "warmed", "base + RL", "warmed + RL")
    assert study.conditions == ()
    assert study.tasks == tuple(task_name(task, "col") for task in TASKS)
    assert study.headline == (
        "colouring (not in the warm-up; RLVR)",
        "same or different side (not in the warm-up)",
        "clauses (not in the warm-up)",
    )
    score = study.score("warmed", "colouring (not in the warm-up; RLVR)")
    assert score
    assert score.mean == 0.75
    together = study.score("warmed", UNTAUGHT_NAME)
    assert together
    assert together.mean == pytest.approx((0.75 + 0.25 + 0.25) / 3)
    assert study.facts["training seconds, all runs"] == "10"
    assert study.facts["hardware"] == "chip, 2 cores"
    assert study.summary.startswith(
        "A warm-up on puzzles alone changed the share of right answers in three domains that it never contains from "
        "25% to 42% (+17 points, 95% interval "
    )
    assert "skill: recall fell" in study.summary.lower()
    assert "Besides, puzzles, 4 people, colours, same or different, skill: reverse" in study.summary
    assert [curve.arm for curve in study.curves] == ["base + RL", "warmed + RL"]


def test_the_text_names_tasks_training_and_a_problem_in_words(tmp_path: Path) -> None:
    text = format_results(study_of(tmp_path, Latent(0.03)))
    rows = {line.split("  ")[0]: line for line in text.splitlines()}
    for task in TASKS:
        assert task_name(task, "col") in rows
        assert not [line for line in text.splitlines() if line.split()[:1] == [task]]
    assert "25 [" in rows["colouring (not in the warm-up; RLVR)"]
    assert "75 [" in rows["colouring (not in the warm-up; RLVR)"]
    for arm in ("base", "warmed"):
        assert TRAINING[arm] in text
    assert "warmed + RL  warmed, then RLVR on 100 problems of colouring" in text
    example = text[text.index("One problem, before and after") :]
    assert "Give A, B, C, D and E each red, green or blue, so that " in example
    # A try has a line of its own.
    assert "base (wrong):\n  try A=in fails\n  try A=out fits\n  </think> <answer> A=out </answer>\n" in example
    assert "warmed (right):\n" in example


def test_there_is_no_example_if_the_warmed_model_solves_none(tmp_path: Path) -> None:
    write_record(fake_cell(tmp_path, {}), "tiny")
    study = summarize(tmp_path)
    assert study.examples == ()
    assert "One problem" not in format_results(study)


def test_a_study_of_several_conditions(tmp_path: Path) -> None:
    study = study_of(tmp_path, Latent(0.03, ("pair",)), Latent(0.03), Latent(0.0))
    assert study.conditions == ("q = 0", "q = 0.03", "q = 0.03 in pair alone")
    assert study.headline == (UNTAUGHT_NAME,)
    assert {score.condition for score in study.scores} == set(study.conditions)
    sentences = study.summary.split(". ")
    assert [sentence.partition(", a warm-up")[0] for sentence in sentences] == [
        "With q = 0",
        "With q = 0.03",
        "With q = 0.03 in pair alone",
    ]
    lines = format_claims(study).splitlines()
    assert len(lines) == len(study.claims)
    assert {"holds", "open", "reported"} <= {line[:13].strip() for line in lines} <= {*VERDICTS}
    assert sum("q = 0.03: Claim 1:" in line for line in lines) == 1
    assert [line for line in lines if line.startswith("holds") and "q = 0: Gate" in line]
    assert [line for line in lines if line.startswith("reported") and "Change in the skills by warm-up: " in line]
    assert {curve.condition for curve in study.curves} == {"q = 0", "q = 0.03"}


def test_a_folder_without_records_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match="expected records of cells, found none"):
        summarize(tmp_path)


def test_every_task_and_arm_has_a_name_in_words() -> None:
    assert set(TASK_NAMES) == set(TASKS)
    assert set(TRAINING) == {"base", *ARMS}
    assert len(set(TASK_NAMES.values())) == len(TASKS)
    scale = SCALES["study"]
    texts = [arm_training(arm) for arm in scale.arms]
    texts += [arm_training(rl_stage(start, 0, way).arm) for start in ("base", "warmed") for way in scale.rollouts]
    assert len(set(texts)) == len(texts)
    assert arm_training("base + RL, nucleus").endswith("sampled at temperature 0.7 and top-p 0.95")
