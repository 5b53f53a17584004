"""The documents: their Python and console blocks run and print what stands there, their links lead somewhere."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import knk

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [Block(found[1], found[2], text.count("\n", 0, found.start()) + 1) for found in FENCE.finditer(text)]


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with what it should print."""
    pieces = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)
    assert not pieces[0], "a console block starts with a command"
    return list(zip(pieces[1::2], pieces[2::2], strict=True))


def with_blocks(language: str) -> list[Path]:
    return [page for page in PAGES if any(block.language == language for block in blocks(page))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", with_blocks("python"), ids=name_of)
def test_python_blocks_print_what_stands_there(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    names: dict[str, object] = {}
    complaints: list[str] = []
    for block in blocks(page):
        if block.language == "python":
            assert ">>> " in block.text, f"{page.name}:{block.line}: a Python block has prompts, so that it is checked"
            test = doctest.DocTestParser().get_doctest(block.text, names, page.name, str(page), block.line)
            runner.run(test, out=complaints.append, clear_globs=False)
            names = test.globs
    assert runner.summarize(verbose=False).failed == 0, "".join(complaints)


@pytest.mark.parametrize("page", with_blocks("console"), ids=name_of)
def test_console_blocks_print_what_stands_there(page: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable}
    for block in blocks(page):
        for command, expected in commands(block.text) if block.language == "console" else []:
            shell = f'knk() {{ "$PYTHON" -m knk "$@"; }}; {command}'
            told = subprocess.run(
                ["bash", "-c", shell],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            ).stdout
            assert doctest.OutputChecker().check_output(expected, told, FLAGS), f"{page.name}: $ {command}\n{told}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        target
        for page in PAGES
        for target in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {"demo", "test", "check"} <= named <= targets


def test_the_readme_lists_every_name_at_the_top() -> None:
    table = re.findall(r"^\| (`.*?) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    listed = [name for row in table for name in re.findall(r"`(\w+)`", row)]
    assert sorted(listed) == sorted(knk.__all__)


def test_every_page_is_reached_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not [name_of(page) for page in PAGES[1:] if name_of(page) not in text and page.stem != "index"]
