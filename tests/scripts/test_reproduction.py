"""The tables of the page on the reproduction are those of the results."""

import importlib.util
from dataclasses import replace
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

from knk.evals import results
from knk.evals.intervals import Estimate
from knk.evals.results import (
    ArmScore,
    Curve,
    Results,
    StudyClaim,
)
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reproduction", ROOT / "scripts" / "reproduction.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def study() -> Results:
    half = Estimate(0.5, 0.41, 0.59, 100, 3)
    scores = [
        ArmScore(arm, "col", metric, half)
        for arm in ("base", "warmed")
        for metric in ("accuracy", "answered", "accuracy if answered", "accuracy if made to answer", "tries")
    ]
    curves = (Curve("base + RL", "col", "accuracy", ((0, half), (10, Estimate(0.7, 0.6, 0.8, 100)))),)
    claims = (
        StudyClaim("It rises", "above 0", Estimate(0.2, 0.1, 0.3, 100), True),
        StudyClaim("It may", "above 0", Estimate(0.0, -0.1, 0.1, 100)),
        StudyClaim("Tries", "warmed minus base; reported only", Estimate(0.0, -0.1, 0.1, 100)),
    )
    return Results("A study", ("base", "warmed"), ("col",), tuple(scores), curves, claims, {"bases": "3", "seeds": "3"})


def test_the_page_agrees_with_the_results(script: ModuleType) -> None:
    page = script.PAGE.read_text(encoding="utf-8")
    assert page == script.fill_in(page, results.read(script.COPIES))
    assert page.count("<!-- end -->") == 6


def test_the_readme_agrees_with_the_results(script: ModuleType) -> None:
    page = script.README.read_text(encoding="utf-8")
    assert page == script.fill_in(page, results.read(script.COPIES))
    assert page.count("<!-- summary -->\n") == page.count("<!-- end -->") == 1


def test_the_readmes_table_has_the_methods_own_arms(script: ModuleType) -> None:
    filled = script.fill_in("<!-- summary -->\n<!-- end -->\n", replace(study(), arms=("base", "warmed", "control")))
    assert filled == (
        "<!-- summary -->\n"
        "| accuracy, % | `col`, which RLVR trained |\n|---|---|\n"
        "| base | 50.0 [41, 59] |\n| warmed | 50.0 [41, 59] |\n"
        "\nBases: 3.\n<!-- end -->\n"
    )


def test_tables_are_written_between_their_markers(script: ModuleType) -> None:
    page = "Before\n<!-- accuracy -->\nOld content.\n<!-- end -->\nAfter\n<!-- claims -->\n<!-- end -->\n"
    filled = script.fill_in(page, study())
    assert "Old content" not in filled
    assert "| base | 50.0 [41, 59] |" in filled
    assert "| It rises | +0.200 [+0.100, +0.300] | holds |" in filled
    assert "| It may | +0.000 [-0.100, +0.100] | open |" in filled
    assert "| Tries | +0.000 [-0.100, +0.100] | reported |" in filled
    assert filled.startswith("Before\n")
    assert script.fill_in(filled, study()) == filled


def test_the_training_curves_are_a_standalone_image(script: ModuleType) -> None:
    picture = script.picture(study())
    root = ET.fromstring(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "var(" not in picture
    assert "base + RL" in picture


def test_no_path_of_a_machine_is_published(script: ModuleType) -> None:
    for path in script.COPIES.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not [folder for folder in ("/home/", "/root/", "/work/", "/tmp/", "/Users/") if folder in text], (
            path.name
        )
