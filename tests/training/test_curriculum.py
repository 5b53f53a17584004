"""The adaptive curriculum: which level a policy is given, the same puzzles after resuming, and a plain GRPOTrainer."""

import importlib.util
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from knk.datasets.files import read
from knk.errors import BadConfig
from knk.logic.notation import decode
from knk.proofs.difficulty import difficulty
from knk.tasks import kk
from knk.training.curriculum import LADDER, Curriculum, Level, PuzzleSource
from knk.training.preflight import check
from knk.training.recipe import Recipe
from knk.training.run import train
from tests.support.tiny_models import save_tiny_model


def levels_reached(success: list[float], batches: int, answers: int = 100, seed: int = 1) -> list[int]:
    """The levels of a policy with a fixed success rate at each level, whose batches are sampled."""
    draws = random.Random(seed)
    curriculum = Curriculum(levels=tuple(Level(people, 1) for people in range(2, 2 + len(success))))
    rates: list[float] = []
    for batch in range(batches):
        level = curriculum.levels_of(rates, batch + 1)[-1]
        rates.append(sum(draws.random() < success[level] for _ in range(answers)) / answers)
    return curriculum.levels_of(rates, batches)


def test_a_policy_stays_at_the_level_with_signal() -> None:
    levels = levels_reached([0.95, 0.9, 0.8, 0.5, 0.1, 0.0], 120)
    assert levels[0] == 0
    assert levels == sorted(levels)  # Up to the level that fits, and never away from it.
    assert Counter(levels[-80:]) == {3: 80}


def test_a_policy_between_two_levels_alternates() -> None:
    shares = Counter(levels_reached([0.9, 0.8, 0.15, 0.0], 400)[50:])
    assert set(shares) == {1, 2}
    assert 0.3 < shares[1] / shares.total() < 0.7


def test_a_policy_that_solves_nothing_or_everything_is_at_an_end() -> None:
    assert set(levels_reached([0.0] * 4, 50)) == {0}
    assert levels_reached([1.0] * 4, 50)[-1] == 3


def test_a_policy_that_loses_a_skill_goes_back() -> None:
    curriculum = Curriculum(window=2)
    assert curriculum.levels_of([0.9] * 6 + [0.1] * 8, 15)[-1] < max(curriculum.levels_of([0.9] * 6, 8))


def test_a_level_depends_on_no_batch_that_a_trainer_has_not_finished() -> None:
    rates = [random.Random(7).random() for _ in range(40)]
    curriculum = Curriculum(window=1)
    whole = curriculum.levels_of(rates, 40)
    for batch in range(2, 40):
        assert curriculum.levels_of(rates[: batch - 1], batch + 1) == whole[: batch + 1]
    with pytest.raises(BadConfig, match="logging_steps"):
        curriculum.levels_of(rates[:3], 6)


@pytest.mark.parametrize("level", range(4))
def test_a_row_is_a_training_puzzle_of_its_level(level: int) -> None:
    row = Curriculum().row(level, 5)
    puzzle = decode(row["puzzle"])
    assert (len(puzzle.names), difficulty(puzzle).grade) == (LADDER[level].people, LADDER[level].grade)
    assert row["prompt"].endswith("<think>\n")
    assert row == Curriculum().row(level, 5)
    assert row["puzzle"] != Curriculum().row(level, 6)["puzzle"] != Curriculum(seed=1).row(level, 5)["puzzle"]


def test_no_puzzle_of_a_curriculum_is_held_out() -> None:
    held_out = {row["id"] for row in kk.rows("held-out", n=100, spec=kk.PAPER.with_changes(people=3), seed=0)}
    drawn = {decode(Curriculum().row(0, index)["puzzle"]).key for index in range(60)}
    assert not drawn & held_out
    assert len(drawn) > 30


def test_rows_are_drawn_when_they_are_read() -> None:
    source = PuzzleSource(Curriculum(window=1), prompts_per_batch=2)
    dataset = source.dataset(5)
    assert len(dataset) == 10
    assert [dataset[index]["people"] for index in range(4)] == [3, 3, 3, 3]
    source.rates += [1.0, 1.0, 1.0]
    assert [dataset[index]["people"] for index in range(4, 10)] == [4, 4, 4, 4, 5, 5]
    assert dataset[4] == source.row(4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"level": []}, "unknown field 'level'"),
        ({"levels": []}, "at least one level"),
        ({"levels": 3}, "to be a list"),
        ({"levels": [{"people": 3}]}, "a level such as"),
        ({"levels": [{"people": 3, "grade": 9}]}, "a grade from 1 to 5"),
        ({"levels": [{"people": "3", "grade": 1}]}, "2 to 20 people"),
        ({"window": 0}, "window of at least 1"),
        ({"window": "two"}, "'window' to be int"),
        ({"raise_above": 0.2}, "lower_below < raise_above"),
    ],
)
def test_a_curriculum_that_cannot_be_is_an_error(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadConfig) as caught:
        Curriculum.from_settings(settings)
    assert message in str(caught.value)


def plain_run(folder: Path, source: PuzzleSource, steps: int, resume: str | None = None) -> list[dict[str, Any]]:
    """Train a tiny model by TRL's own GRPOTrainer, and return the log."""
    from trl import GRPOConfig, GRPOTrainer

    from knk.rewards import kk_reward

    def mostly_right(puzzle: list[str], log_metric: Any, **columns: Any) -> list[float]:
        log_metric("kk/right", 0.0 if len({*puzzle}) > 99 else 0.8)
        return [float(index % 2) for index, _ in enumerate(puzzle)]

    rewards = [mostly_right] if source.curriculum.window == 1 else [kk_reward]
    arguments = GRPOConfig(
        output_dir=str(folder / "out"), num_generations=2, per_device_train_batch_size=4, max_completion_length=4,
        max_steps=steps, logging_steps=1, save_steps=2, shuffle_dataset=False, report_to="none", use_cpu=True,
        bf16=False, seed=1, learning_rate=1e-4,
    )  # fmt: skip
    trainer = GRPOTrainer(
        str(folder / "model"), reward_funcs=rewards, args=arguments, train_dataset=source.dataset(steps),
        callbacks=[source.callback()],
    )  # fmt: skip
    trainer.train(resume_from_checkpoint=resume)
    return list(trainer.state.log_history)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Other libraries warn, in this process.
@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
def test_a_plain_trainer_climbs_and_resumes_with_the_same_puzzles(tmp_path: Path) -> None:
    save_tiny_model(tmp_path / "model", ["Ann is a knight, Bob is a knave. <think>"])
    curriculum = Curriculum(levels=LADDER[:3], window=1)
    whole = plain_run(tmp_path, PuzzleSource(curriculum, 2), 6)
    people = [entry["curriculum/people"] for entry in whole if "curriculum/people" in entry]
    assert people == [3, 3, 4, 4, 5, 5]
    resumed = PuzzleSource(curriculum, 2)
    again = plain_run(tmp_path, resumed, 6, str(tmp_path / "out" / "checkpoint-4"))
    assert [entry["curriculum/people"] for entry in again if "curriculum/people" in entry] == people
    lengths = "completions/mean_length"
    assert [entry[lengths] for entry in again if lengths in entry] == [
        entry[lengths] for entry in whole if lengths in entry
    ]


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
@pytest.mark.filterwarnings("ignore")  # Other libraries warn, in this process.
def test_a_recipe_with_a_curriculum_draws_its_puzzles_and_redraws(tmp_path: Path) -> None:
    save_tiny_model(tmp_path / "model", ["Ann is a knight, Bob is a knave. <think>"])
    recipe = Recipe(tmp_path / "mine.yaml", "grpo", recipe_settings(tmp_path) | {"redraws": 1})
    assert "curriculum: 2 levels" in check(recipe)
    manifest = train(recipe, in_process=True)
    assert manifest["data"] == []
    logged = [entry for entry in read(recipe.output / "metrics.jsonl") if "reward" in entry]
    assert [entry["curriculum/people"] for entry in logged] == [3, 3, 3]
    assert [entry["redraw/groups"] for entry in logged] == [2, 2, 2]  # A tiny model has no format: always -2.


def recipe_settings(folder: Path) -> dict[str, Any]:
    return {
        "model_name_or_path": str(folder / "model"),
        "curriculum": {"levels": [{"people": 3, "grade": 1}, {"people": 4, "grade": 2}], "window": 1},
        "reward_funcs": ["knk.rewards.kk_reward"],
        "output_dir": str(folder / "out"),
        "num_generations": 2,
        "per_device_train_batch_size": 4,
        "max_completion_length": 64,
        "max_steps": 3,
        "logging_steps": 1,
        "use_cpu": True,
        "bf16": False,
        "seed": 1,
    }


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"logging_steps": 5}, "logging_steps: 1"),
        ({"max_steps": -1}, "needs max_steps"),
        ({"reward_funcs": ["knk.rewards.mmlu_pro_reward"]}, "a reward for puzzles"),
        ({"datasets": [{"path": "json", "data_files": "x.jsonl"}]}, "got both"),
        ({"curriculum": {"levels": [{"people": 3, "grade": 5}]}}, "no puzzle of 3 people has grade 5"),
        ({"redraws": -1}, "a number from 0"),
        ({"gradient_accumulation_steps": 2, "steps_per_generation": 1}, "remove generation_batch_size and"),
        (
            {"redraws": 1, "per_device_train_batch_size": 2, "num_generations": 4, "num_processes": 2},
            "whole groups of 4",
        ),
    ],
)
def test_a_recipe_that_cannot_follow_its_curriculum_is_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    save_tiny_model(tmp_path / "model", ["Ann is a knight."])
    with pytest.raises(BadConfig) as caught:
        check(Recipe(tmp_path / "mine.yaml", "grpo", recipe_settings(tmp_path) | changes))
    assert message in str(caught.value)
