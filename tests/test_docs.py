"""The documentation: Python and console blocks print what the page shows, other blocks are checked, links work."""

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
from knk.training.checks.settings import check_keys
from knk.training.recipe import load
from tests.support.pages import (
    CHECKED,
    GUIDES,
    PAGES,
    RUN,
    UNCHECKED,
    Block,
    blocks,
    calls,
    commands,
    faults,
)
from tests.support.paths import ROOT
from tests.support.tiny_models import save_tiny_model

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
CPU = "use_cpu=True, bf16=False, report_to='none', save_steps=1, logging_steps"
"""Settings that let a script train on a CPU, before one that it has."""
NAVIGATION = re.findall(
    r"^ +- (?:[^#\n]+: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE
)


def pages_with(*languages: str, slow: bool = False) -> list[Path]:
    """Return the pages that have a block of one of the languages, marked as slow if `slow`."""

    def is_selected(block: Block) -> bool:
        return block.language in languages and (block.slow or not slow)

    return [page for page in PAGES if any(map(is_selected, blocks(page)))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def run_page(page: Path, folder: Path, slow: bool) -> Iterator[str]:
    """Run the blocks of a page in a folder, in order, and iterate over the differences from what the page shows."""
    all_blocks = blocks(page)
    for name in ("recipes", "docs"):  # Commands that name files of the repository run at its root.
        if any(f" {name}/" in block.text for block in all_blocks if block.language == "console"):
            (folder / name).symlink_to(ROOT / name)
    names: dict[str, object] = {}
    for block in all_blocks:
        if block.file:
            (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.slow and not slow:
            continue
        elif block.language == "python":
            yield from run_python(page, block, names)
        elif block.language == "console":
            yield from run_commands(page, block, folder)


def run_python(page: Path, block: Block, names: dict[str, object]) -> list[str]:
    """Run a Python block with the names of earlier blocks, and return the differences."""
    assert ">>> " in block.text, f"{page.name}:{block.line}: a Python block needs >>> prompts"
    differences: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    test = doctest.DocTestParser().get_doctest(block.text, names, page.name, str(page), block.line)
    runner.run(test, out=differences.append, clear_globs=False)
    names |= test.globs
    return differences if runner.summarize(verbose=False).failed else []


def run_commands(page: Path, block: Block, folder: Path) -> Iterator[str]:
    """Run the commands of a console block in a folder, and iterate over the differences."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable}
    shims = 'knk() { "$PYTHON" -m knk "$@"; }; python() { "$PYTHON" "$@"; }'
    for command, expected in commands(block.text):
        output = subprocess.run(
            ["bash", "-c", f"{shims}; {command}"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        ).stdout
        if not doctest.OutputChecker().check_output(expected, output, FLAGS):
            yield f"{page.name}: $ {command}\n{output}"


@pytest.mark.parametrize("page", pages_with(*RUN), ids=name_of)
def test_blocks_print_what_the_page_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    differences = list(run_page(page, tmp_path, slow=False))
    assert not differences, "\n".join(differences)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: make check-all does it")
@pytest.mark.parametrize("page", pages_with(*RUN, slow=True), ids=name_of)
def test_slow_blocks_print_what_the_page_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    differences = list(run_page(page, tmp_path, slow=True))
    assert not differences, "\n".join(differences)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_has_a_known_language(page: Path) -> None:
    unchecked = [
        (block.line, block.language) for block in blocks(page) if block.language not in (*RUN, *CHECKED, *UNCHECKED)
    ]
    assert not unchecked, "blocks are python, console, sh, yaml, json or text"
    assert page.read_text(encoding="utf-8").count("\n```") == 2 * len(blocks(page))


@pytest.mark.parametrize("page", pages_with("sh", "console"), ids=name_of)
def test_shell_blocks_have_no_faults(page: Path) -> None:
    scripts = [(block.line, block.text) for block in blocks(page) if block.language == "sh"]
    assert not [(line, fault) for line, script in scripts for fault in faults(script)]


@pytest.mark.parametrize("page", pages_with("yaml"), ids=name_of)
def test_yaml_blocks_are_valid_configs_and_recipes(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        if block.language == "yaml":
            content = yaml.safe_load(block.text)
            if "parts" in content:
                assert CorpusConfig.from_text(block.text).rows
            elif content.keys() & {"trainer", "reward_funcs"}:
                check_training(block.text, content, tmp_path)


def check_training(text: str, content: dict[str, Any], folder: Path) -> None:
    """Load a recipe, or a part of one, from the folder of those of RLVR, and check its rewards and keys."""
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


@pytest.mark.parametrize("page", pages_with("json"), ids=name_of)
def test_json_blocks_are_json(page: Path) -> None:
    for block in blocks(page):
        if block.language == "json":
            assert json.loads(block.text) is not None


@pytest.mark.parametrize("name", ["docs/training.md", "recipes/README.md"])
def test_commands_in_tables_have_no_faults(name: str) -> None:
    rows = [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    found = re.findall(r"\| `((?:knk|bash|sbatch|make) [^`]+)` \|", "\n".join(rows))
    assert len(found) > 10
    assert not [fault for command in found for fault in faults(command)]


def test_options_in_the_table_of_training_can_be_added_to_a_recipe() -> None:
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| [^|]+ \| `(--[^`>]+)", page, re.MULTILINE)
    assert len(found) > 10
    assert not [fault for options in found for fault in faults(f"knk train recipes/rlvr/kk.yaml {options}")]
    changes = dict(change.split("=") for change in re.findall(r"--set (\S+)", " ".join(found)))
    recipe = load(ROOT / "recipes" / "rlvr" / "kk.yaml", changes=changes)
    if importlib.util.find_spec("trl"):
        check_keys(recipe)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: make check-all does it")
def test_the_script_with_a_trainer_of_trl_trains(tmp_path: Path) -> None:
    (script,) = [block.text for block in blocks(ROOT / "docs" / "training.md") if block.file == "adaptive.py"]
    save_tiny_model(tmp_path / "tiny", ["Ann is a knight, Bob is a knave. <think>"])
    for old, new in (("Qwen/Qwen2.5-1.5B", "tiny"), ("100", "2"), ("2048", "8"), ("logging_steps", CPU)):
        assert old in script
        script = script.replace(old, new)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert "'curriculum/people': " in run.stdout
    assert "'redraw/groups': " in run.stdout


def test_faults_of_scripts_are_found() -> None:
    (fault,) = faults("knk generate --peeple 3\n")
    assert fault.startswith("knk generate --peeple 3: No such option: --peeple")
    assert list(faults("make nothing")) == ["make nothing: no such make target: nothing"]
    assert list(faults("python -m recipes.nothing")) == ["python -m recipes.nothing: no such module: recipes.nothing"]
    assert list(faults("pip install '.[trian]'")) == ["pip install '.[trian]': no such extra: trian"]
    assert list(faults("knk plan recipes/none.yaml")) == ["knk plan recipes/none.yaml: no such file: recipes/none.yaml"]
    assert "unknown program frobnicate" in "".join(faults("frobnicate"))
    assert "syntax error" in "".join(faults("for x in 1 2; do"))
    script = "A=1 knk solve x > y 2>&1 | knk verify z - &  # why\nfor g in 1 2; do knk task kk --grade $g; done"
    assert [words[:2] for words in calls(script)] == [["knk", "solve"], ["knk", "verify"], ["knk", "task"]]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_point_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_every_make_target_exists() -> None:
    named = {target for page in PAGES for target in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8"))}
    assert named >= {"demo", "test", "check"}
    assert not list(faults("".join(f"make {target}\n" for target in named)))


def test_the_api_reference_is_up_to_date_and_complete() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "api_reference.py"))
    page = script["PAGE"].read_text(encoding="utf-8")
    assert page == script["reference"](), "docs/api.md is stale: run make docs-api"
    assert sorted(re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) == sorted(knk.__all__)


def test_every_page_is_in_the_navigation() -> None:
    pages = [page for page in PAGES if page.name != "README.md" or page.parent != ROOT]
    paths = [page.relative_to(ROOT / "docs" if page.is_relative_to(ROOT / "docs") else ROOT) for page in pages]
    assert sorted(map(str, paths)) == sorted(NAVIGATION)


def test_the_readme_and_the_index_link_every_guide() -> None:
    for page, folder in ((ROOT / "README.md", "docs/guides"), (ROOT / "docs" / "index.md", "guides")):
        text = page.read_text(encoding="utf-8")
        assert not [guide.name for guide in GUIDES if f"]({folder}/{guide.name})" not in text]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 100


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, built with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    build = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert build.returncode == 0, build.stderr
    return folder


class _Links(HTMLParser):
    """The links and the anchors of a page of the site."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name == "id" and value:
                self.anchors.add(value)


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed: make check-all does it"
)
def test_links_of_the_site_point_to_pages_and_anchors(site: Path) -> None:
    missing = []
    for page in site.rglob("*.html"):
        for link in _Links(page).links if page.name != "404.html" else []:
            path, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:|//", path):
                continue
            target = page.parent / path if path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or (anchor and target.suffix == ".html" and anchor not in _Links(target).anchors):
                missing.append(f"{page.relative_to(site)}: {link}")
    assert not missing


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed: make check-all does it"
)
def test_the_site_has_every_page_and_loads_nothing_from_other_sites(site: Path) -> None:
    for name in NAVIGATION:
        path = site / name.removesuffix(".md")
        assert (path.parent if path.name in ("index", "README") else path).joinpath("index.html").is_file()
    for page in site.rglob("*.html"):
        external = re.findall(
            r'<(?:script|link|img)[^>]*(?:src|href)="((?:https?:)?//[^"]*)', page.read_text(encoding="utf-8")
        )
        assert not external
