"""The division of a step among processes, and that TRL's own parser accepts every one that is proposed."""

import importlib.util
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from knk.errors import BadConfig
from knk.training.batches import (
    Division,
    advice,
    changed_settings,
    divide,
    division_of,
    divisions,
    evaluation_refusal,
    refusal,
    settings_of,
)
from knk.training.gpus import GPUS
from knk.training.plan import alternatives, plan
from knk.training.recipe import Recipe, load, parse_change
from tests.support.plans import MATH, PAPER, RECIPES
from tests.support.trl_parser import parser_in

PROFILES = sorted((RECIPES / "rlvr/profiles").glob("*.yaml"))
DATA_SETTINGS = (
    *("datasets", "output_dir", "reward_funcs", "max_steps", "learning_rate", "save_total_limit"),
    *("attn_implementation", "shuffle_dataset"),
)
BATCH_SETTINGS = (
    *("per_device_train_batch_size", "gradient_accumulation_steps", "generation_batch_size", "steps_per_generation"),
    *("num_generations", "num_processes", "vllm_max_model_length", "max_completion_length"),
)


def colocated(**changes: Any) -> Recipe:
    return load(MATH, [RECIPES / "rlvr/profiles/vllm-colocate.yaml"], changes)


@pytest.mark.parametrize("processes", range(1, 17))
def test_a_batch_of_twelve_is_divided_among_any_number_of_processes(processes: int) -> None:
    recipe = load(PAPER)
    found = list(divisions(recipe, processes))
    assert found
    if 12 % processes == 0:
        assert [(division.processes, division.batch) for division in found] == [(processes, 12)]
    for division in found:
        assert division.processes <= processes
        assert division.batch == 12 or division.processes == processes


def test_fewer_processes_keep_the_batch_and_all_processes_change_it_the_least() -> None:
    fewer, near = divisions(load(PAPER), 8)
    assert (fewer, near) == (Division(6, 1, 2), Division(8, 1, 2))
    fewer, near = divisions(colocated(), 8)
    assert (fewer.processes, fewer.batch, near.processes, near.batch) == (5, 100, 8, 120)


def test_where_half_of_the_gpus_would_idle_the_batch_changes_first() -> None:
    near, fewer = divisions(load(PAPER, (), {"gradient_accumulation_steps": 1, "num_processes": 13}), 8)
    assert (near.batch, fewer.processes) == (16, 1)


def test_a_batch_consists_of_whole_groups() -> None:
    for processes in range(1, 17):
        for division in divisions(colocated(), processes):
            assert division.batch % 10 == 0


def test_groups_that_are_redrawn_are_whole_in_each_process() -> None:
    recipe = colocated(redraws=2)
    assert divide(recipe, 5) is not None
    assert divide(recipe, 4) is None
    for division in divisions(recipe, 4):
        assert division.batch % (10 * division.processes) == 0


def test_the_launcher_is_told_how_many_completions_there_are() -> None:
    recipe = colocated(generation_batch_size=None)
    division = divide(recipe, 4)
    assert division == Division(4, 1, 25)
    assert settings_of(recipe, division)["generation_batch_size"] == 100
    assert refusal({**recipe.settings, "per_device_train_batch_size": 1, "gradient_accumulation_steps": 25}, "grpo", 4)


def test_steps_per_generation_keep_their_ratio() -> None:
    recipe = colocated(generation_batch_size=None, steps_per_generation=10)
    division = divide(recipe, 10)
    assert division is not None
    assert settings_of(recipe, division)["steps_per_generation"] == 2 * division.accumulation
    assert settings_of(recipe, division).get("generation_batch_size") is None


def test_the_recipe_itself_changes_nothing() -> None:
    for path in (PAPER, MATH):
        recipe = load(path)
        assert changed_settings(recipe, division_of(recipe)) == {}


def test_advice_names_settings_and_what_they_change() -> None:
    assert advice(load(PAPER), 6) == ""
    assert advice(load(PAPER), 8) == (
        "--set num_processes=8 with the batch changes from 12 to 16 examples per step (+33%)"
    )
    assert "generation_batch_size=120" in advice(colocated(), 8)


def test_an_evaluation_batch_that_the_launcher_refuses_is_reported() -> None:
    recipe = colocated(eval_strategy="steps", num_generations_eval=3)
    assert evaluation_refusal(recipe) == (
        "per_device_eval_batch_size 8 is not a multiple of the 3 completions per prompt in evaluation"
    )
    assert evaluation_refusal(colocated(num_generations_eval=3)) is None
    assert not plan(recipe, 5, GPUS["H100"]).fits


def test_an_invalid_batch_is_an_error() -> None:
    with pytest.raises(BadConfig, match="per_device_train_batch_size"):
        list(divisions(load(PAPER, (), {"per_device_train_batch_size": 0}), 8))


# TRL's parser.


def recipes() -> Iterator[Recipe]:
    """Iterate over every recipe, with no profile and with each; of those that differ only in their data, the first."""
    seen = set()
    for recipe in all_recipes():
        relevant = {name: value for name, value in recipe.settings.items() if name not in DATA_SETTINGS}
        if (key := json.dumps(relevant, sort_keys=True)) not in seen:
            seen.add(key)
            yield recipe


def all_recipes() -> Iterator[Recipe]:
    for path in sorted((RECIPES / "warmup").glob("*.yaml")):
        yield load(path)
    yield from (load(PAPER, [profile]) for profile in sorted((RECIPES / "warmup/profiles").glob("*.yaml")))
    for path in sorted((RECIPES / "rlvr").glob("*.yaml")):
        changes = {"output_dir": "runs"} if path.stem == "paper" else {}
        yield load(path, (), changes)
        yield from (load(path, [profile], changes) for profile in PROFILES)


def printed(gpus: Iterable[int], kinds: Iterable[str], has_alternatives: bool) -> Iterator[dict[str, Any]]:
    """Iterate over the recipes' settings, changed as the plans for some GPUs say; equal batches only once."""
    seen = set()
    for recipe in recipes():
        for kind in kinds:
            for number in gpus:
                for changes in proposals(recipe, number, kind, has_alternatives):
                    settings = {**recipe.settings, **changes}
                    settings.setdefault("num_processes", recipe.processes)
                    key = json.dumps([recipe.trainer, *(settings.get(name) for name in BATCH_SETTINGS)])
                    if key not in seen:
                        seen.add(key)
                        yield {**settings, "trainer": recipe.trainer}


def proposals(recipe: Recipe, number: int, kind: str, has_alternatives: bool) -> Iterator[dict[str, Any]]:
    """Iterate over the settings that a plan prints."""
    made = plan(recipe, number, GPUS[kind], rows=1000)
    yield dict(made.changed)
    lines = list(alternatives(made, rows=1000)) if has_alternatives and not made.fits else []
    for text in (*made.notes, *lines):
        options = text.removeprefix("or ").partition(": ")[0]
        if options.startswith("--set"):
            yield dict(parse_change(change.strip()) for change in options.split("--set") if change.strip())


def test_no_plan_has_a_batch_that_trl_refuses() -> None:
    checked = 0
    for settings in printed(range(1, 17), ("H100", "RTX4090"), has_alternatives=False):
        for processes in (1, settings["num_processes"]):
            assert refusal(settings, settings["trainer"], processes) is None
        checked += 1
    assert checked > 30


@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_trls_parser_accepts_every_setting_that_a_plan_prints() -> None:
    """At one process, as in the launcher, and at as many as the settings start."""
    found = list(printed(range(1, 17), ("H100", "A100-40", "RTX4090"), has_alternatives=True))
    assert {settings["num_processes"] for settings in found} >= {*range(1, 13), 14, 15, 16}
    for trainer in ("sft", "grpo"):
        mine = [settings for settings in found if settings.pop("trainer", trainer) == trainer]
        found = [settings for settings in found if settings not in mine]
        for processes in range(1, 17):
            with parser_in(processes, trainer) as parse:
                for settings in mine:
                    if processes in (1, settings["num_processes"]):
                        parsed = parse(settings)
                        assert parsed.gradient_accumulation_steps == settings["gradient_accumulation_steps"]


@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize(("processes", "accumulation"), [(1, 25), (4, 25), (4, 3)])
def test_trl_refuses_what_is_refused_here(processes: int, accumulation: int) -> None:
    changes = {"per_device_train_batch_size": 1, "gradient_accumulation_steps": accumulation}
    settings = {**colocated().settings, **changes, "generation_batch_size": None, "output_dir": "runs"}
    del settings["generation_batch_size"]
    refused = {world: refusal(settings, "grpo", world) for world in (1, processes)}
    with parser_in(processes, "grpo") as parse:
        if processes * accumulation % 10 == 0:
            parse(settings)
        else:
            assert refused[processes]
            with pytest.raises(ValueError, match="divisible by num_generations"):
                parse(settings)
