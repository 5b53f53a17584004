"""Plans of the recipes in `recipes/`, for tests."""

from pathlib import Path
from typing import Any

from knk.training.batches import divide
from knk.training.gpus import GIB, Gpu, parse_gpus
from knk.training.plan import Plan, plan
from knk.training.recipe import load
from knk.training.shapes import shape_of
from knk.training.workload import Workload
from tests.support.paths import ROOT

RECIPES = ROOT / "recipes"
PAPER, MATH = RECIPES / "warmup/paper.yaml", RECIPES / "rlvr/math.yaml"
SIZES = {
    "Qwen/Qwen2.5-0.5B": 494_032_768,
    "Qwen/Qwen2.5-Math-1.5B": 1_543_714_304,
    "Qwen/Qwen2.5-3B": 3_085_938_688,
    "Qwen/Qwen2.5-7B": 7_615_616_512,
    "Qwen/Qwen2.5-14B": 14_770_033_664,
    "HuggingFaceTB/SmolLM2-135M": 134_515_008,
}
"""Parameters as the models' own files have them."""


def estimated(recipe: Path, gpus: str, overlays: tuple[str, ...] = (), **changes: Any) -> Plan:
    estimate = load(recipe, [recipe.parent / "profiles" / f"{name}.yaml" for name in overlays], changes)
    return plan(estimate, *parse_gpus(gpus))


def work_of(recipe: Path, gpu: Gpu, processes: int, **changes: Any) -> Workload:
    loaded = load(recipe, (), changes)
    division = divide(loaded, processes)
    assert division is not None
    return Workload(loaded, division, gpu, 1600, 18_000, shape_of(loaded.model))


def parts(estimate: Plan) -> dict[str, float]:
    return {cost.name: cost.amount / GIB for cost in estimate.memory}
