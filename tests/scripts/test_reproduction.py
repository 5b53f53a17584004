"""The tables of the page on the reproduction are those of the records."""

import importlib.util
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

from knk.evals import results
from recipes.laptop.cell import WARMED
from recipes.laptop.claims import UNTAUGHT
from recipes.laptop.data import Latent
from recipes.laptop.record import copy_records, write_record
from recipes.laptop.summary import summarize
from tests.support.laptop import fake_cell
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reproduction", ROOT / "scripts" / "reproduction.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the records of two small cells, and their results."""
    folder = tmp_path_factory.mktemp("study")
    for rate in (0.0, 0.03):
        gain = dict.fromkeys(UNTAUGHT, 0.25 + 10 * rate)
        write_record(fake_cell(folder / "runs", {WARMED: gain}, latent=Latent(rate)), "tiny")
    copy_records([folder / "runs"], folder / "copies")
    summarize(folder / "copies")
    return folder / "copies"


def test_the_pages_agree_with_the_records(script: ModuleType) -> None:
    for path, blocks in ((script.PAGE, 9), (script.README, 1)):
        page = path.read_text(encoding="utf-8")
        assert page == script.fill_in(page, script.COPIES)
        assert page.count("<!-- end -->") == blocks


def test_the_results_and_the_pictures_are_those_of_the_records(script: ModuleType, tmp_path: Path) -> None:
    copy_records([script.COPIES], tmp_path)
    study = summarize(tmp_path)
    assert study == results.read(script.COPIES)
    for name, picture in ((script.HEADLINE, script.headline_svg(study)), (script.CURVES, script.curves_svg(study))):
        assert (script.COPIES / name).read_text(encoding="utf-8") == picture
        assert ET.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"


def test_tables_are_written_between_their_markers(script: ModuleType, joined: Path) -> None:
    page = "Before\n<!-- summary -->\nOld content.\n<!-- end -->\nAfter\n<!-- claims -->\n<!-- end -->\n"
    filled = script.fill_in(page, joined)
    assert "Old content" not in filled
    assert filled.startswith("Before\n<!-- summary -->\n| lessons of the base that search on | base | warmed |")
    assert "| q = 0, 1 base | 25 [" in filled
    assert "| q = 0.03, 1 base | 25 [" in filled
    assert "| claim | q = 0 | q = 0.03 |" in filled
    assert script.fill_in(filled, joined) == filled


def test_no_path_of_a_machine_is_published(script: ModuleType) -> None:
    for path in script.COPIES.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [
                folder for folder in (b"/home/", b"/root/", b"/work/", b"/tmp/", b"/Users/") if folder in content
            ], path.name
