"""The documents: Python and console blocks run and print what stands there, others are checked, links lead on."""

import doctest
import importlib.util
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

import knk
from knk.datasets.config import CorpusConfig
from knk.training.preflight import check_keys
from knk.training.recipe import load
from tests.support.pages import (
    CHECKED,
    GUIDES,
    PAGES,
    RUN,
    TOLD,
    Block,
    blocks,
    calls,
    commands,
    faults,
)
from tests.support.paths import ROOT

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
NAVIGATION = re.findall(
    r"^ +- (?:[^#\n]+: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE
)


def with_blocks(*languages: str, slow: bool = False) -> list[Path]:
    def wanted(block: Block) -> bool:
        return block.language in languages and (block.slow or not slow)

    return [page for page in PAGES if any(map(wanted, blocks(page)))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def walk(page: Path, folder: Path, slow: bool) -> Iterator[str]:
    """Do in a folder, in order, what a page shows, and iterate over what it says otherwise."""
    told = blocks(page)
    for name in ("recipes", "docs"):  # A reader stands in a checkout, where a page speaks of its files.
        if any(f" {name}/" in block.text for block in told if block.language == "console"):
            (folder / name).symlink_to(ROOT / name)
    names: dict[str, object] = {}
    for block in told:
        if block.file:
            (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.slow and not slow:
            continue
        elif block.language == "python":
            yield from interpreted(page, block, names)
        elif block.language == "console":
            yield from typed(page, block, folder)


def interpreted(page: Path, block: Block, names: dict[str, object]) -> list[str]:
    """Run a Python block with the names of those before it, and return the complaints."""
    assert ">>> " in block.text, f"{page.name}:{block.line}: a Python block has prompts, so that it is checked"
    complaints: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    test = doctest.DocTestParser().get_doctest(block.text, names, page.name, str(page), block.line)
    runner.run(test, out=complaints.append, clear_globs=False)
    names |= test.globs
    return complaints if runner.summarize(verbose=False).failed else []


def typed(page: Path, block: Block, folder: Path) -> Iterator[str]:
    """Run a console block's commands in a folder, and iterate over the complaints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable}
    shims = 'knk() { "$PYTHON" -m knk "$@"; }; python() { "$PYTHON" "$@"; }'
    for command, expected in commands(block.text):
        told = subprocess.run(
            ["bash", "-c", f"{shims}; {command}"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        ).stdout
        if not doctest.OutputChecker().check_output(expected, told, FLAGS):
            yield f"{page.name}: $ {command}\n{told}"


@pytest.mark.parametrize("page", with_blocks(*RUN), ids=name_of)
def test_blocks_print_what_stands_there(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    complaints = list(walk(page, tmp_path, slow=False))
    assert not complaints, "\n".join(complaints)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: make check-all does it")
@pytest.mark.parametrize("page", with_blocks(*RUN, slow=True), ids=name_of)
def test_slow_blocks_print_what_stands_there(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    complaints = list(walk(page, tmp_path, slow=True))
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_somebody_checks_every_block(page: Path) -> None:
    unchecked = [
        (block.line, block.language) for block in blocks(page) if block.language not in (*RUN, *CHECKED, *TOLD)
    ]
    assert not unchecked, "a block is python, console, sh, yaml, json or text"
    assert page.read_text(encoding="utf-8").count("\n```") == 2 * len(blocks(page))


@pytest.mark.parametrize("page", with_blocks("sh", "console"), ids=name_of)
def test_shell_blocks_can_be_run(page: Path) -> None:
    scripts = [(block.line, block.text) for block in blocks(page) if block.language == "sh"]
    assert not [(line, fault) for line, script in scripts for fault in faults(script)]


@pytest.mark.parametrize("page", with_blocks("yaml"), ids=name_of)
def test_yaml_blocks_are_what_the_library_reads(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        if block.language == "yaml":
            content = yaml.safe_load(block.text)
            if "parts" in content:
                assert CorpusConfig.from_text(block.text).rows
            elif content.keys() & {"trainer", "reward_funcs"}:
                check_training(block.text, content, tmp_path)


def check_training(text: str, content: dict[str, Any], folder: Path) -> None:
    """Read a recipe, or a part of one, as if it lay beside those of RLVR: its rewards are there, its keys are TRL's."""
    for path in (ROOT / "recipes").glob("*/*.yaml"):
        (folder / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        (folder / path.relative_to(ROOT)).write_bytes(path.read_bytes())
    path = folder / "recipes" / "rlvr" / "block.yaml"
    path.write_text(text if {"trainer", "extends"} & content.keys() else f"trainer: grpo\n{text}", encoding="utf-8")
    recipe = load(path)
    for name in recipe.settings.get("reward_funcs", []):
        module, _, function = name.rpartition(".")
        assert callable(getattr(import_module(module), function))
    if importlib.util.find_spec("trl"):
        check_keys(recipe)


@pytest.mark.parametrize("page", with_blocks("json"), ids=name_of)
def test_json_blocks_are_json(page: Path) -> None:
    for block in blocks(page):
        if block.language == "json":
            assert json.loads(block.text) is not None


def test_what_is_wrong_with_a_script_is_seen() -> None:
    (told,) = faults("knk generate --peeple 3\n")
    assert told.startswith("knk generate --peeple 3: No such option: --peeple")
    assert list(faults("make nothing")) == ["make nothing: there is no target nothing"]
    assert list(faults("python -m recipes.nothing")) == [
        "python -m recipes.nothing: there is no module recipes.nothing"
    ]
    assert list(faults("pip install 'knk[trian]'")) == ["pip install 'knk[trian]': there is no extra trian"]
    assert list(faults("knk plan recipes/none.yaml")) == ["knk plan recipes/none.yaml: there is no recipes/none.yaml"]
    assert "nobody checks frobnicate" in "".join(faults("frobnicate"))
    assert "syntax error" in "".join(faults("for x in 1 2; do"))
    script = "A=1 knk solve x > y 2>&1 | knk verify z - &  # why\nfor g in 1 2; do knk task kk --grade $g; done"
    assert [words[:2] for words in calls(script)] == [["knk", "solve"], ["knk", "verify"], ["knk", "task"]]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_every_make_target_that_is_named_exists() -> None:
    named = {target for page in PAGES for target in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8"))}
    assert named >= {"demo", "test", "check"}
    assert not list(faults("".join(f"make {target}\n" for target in named)))


def test_the_names_at_the_top_are_all_told_of() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "api_reference.py"))
    page = script["PAGE"].read_text(encoding="utf-8")
    assert page == script["reference"](), "docs/api.md is stale: run make docs-api"
    assert sorted(re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) == sorted(knk.__all__)


def test_every_page_is_in_the_sites_navigation() -> None:
    ours = [page for page in PAGES if page.name != "README.md" or page.parent != ROOT]
    told = [page.relative_to(ROOT / "docs" if page.is_relative_to(ROOT / "docs") else ROOT) for page in ours]
    assert sorted(map(str, told)) == sorted(NAVIGATION)


def test_every_guide_is_linked_from_the_readme_and_from_home() -> None:
    for page, folder in ((ROOT / "README.md", "docs/guides"), (ROOT / "docs" / "index.md", "guides")):
        text = page.read_text(encoding="utf-8")
        assert not [guide.name for guide in GUIDES if f"]({folder}/{guide.name})" not in text]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 100


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return folder


class _Links(HTMLParser):
    """What a page of the site refers to, and the places in it that may be referred to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name == "id" and value:
                self.places.add(value)


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed: make check-all does it"
)
def test_links_of_the_site_lead_to_pages_and_places_of_it(site: Path) -> None:
    missing = []
    for page in site.rglob("*.html"):
        for link in _Links(page).links if page.name != "404.html" else []:
            path, _, place = link.partition("#")
            if re.match(r"[a-z]+:|//", path):
                continue
            target = page.parent / path if path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or (place and target.suffix == ".html" and place not in _Links(target).places):
                missing.append(f"{page.relative_to(site)}: {link}")
    assert not missing


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed: make check-all does it"
)
def test_the_site_has_every_page_and_fetches_nothing_from_elsewhere(site: Path) -> None:
    for name in NAVIGATION:
        path = site / name.removesuffix(".md")
        assert (path.parent if path.name in ("index", "README") else path).joinpath("index.html").is_file()
    for page in site.rglob("*.html"):
        fetched = re.findall(
            r'<(?:script|link|img)[^>]*(?:src|href)="((?:https?:)?//[^"]*)', page.read_text(encoding="utf-8")
        )
        assert not fetched
