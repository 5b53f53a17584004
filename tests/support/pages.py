"""The code blocks of the documentation, and checks of those that are not run.

A comment on the line before a block marks it: `<!-- slow -->` leaves it to the slow tests, and `<!-- file: NAME -->`
writes it to that file.
"""

import importlib.util
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import typer
from typer.main import get_command

from knk.cli import app
from tests.support.paths import ROOT

GUIDES: Final = sorted((ROOT / "docs" / "guides").glob("*.md"))
PAGES: Final = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *(path for folder in ("docs", "recipes", "benchmarks") for path in sorted((ROOT / folder).rglob("*.md"))),
]
RUN: Final = ("python", "console")
CHECKED: Final = ("sh", "yaml", "json")
UNCHECKED: Final = ("text",)
"""Languages of blocks that are not checked: output, tables, trees."""
_FENCE: Final = re.compile(
    r"^(?:<!-- (?P<mark>[^>]*) -->\n)?^```(?P<language>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_FOLDERS: Final = ("recipes", "benchmarks", "scripts", "tests", "docs", "knk")
_PROGRAMS: Final = frozenset(
    (
        *"cd cat cp curl export git hf inspect kill lm_eval ls mkdir nvidia-smi pip ray rm sbatch".split(),
        *"scontrol sed set sleep source test transformers trap trl vf-eval vllm wait .".split(),
    )
)
"""Programs that scripts may call and that are not checked further."""
_MODULES: Final = frozenset(("pip", "venv", "vllm", "lm_eval", "evalplus", "verl"))
_SHELL: Final = frozenset("do done if then else fi until while".split())


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str
    line: int
    mark: str = ""

    @property
    def slow(self) -> bool:
        """Whether it is left to the slow tests."""
        return self.mark == "slow"

    @property
    def file(self) -> str:
        """The file that it is written to; empty if there is none."""
        return self.mark.removeprefix("file: ") if self.mark.startswith("file: ") else ""


def blocks(page: Path) -> list[Block]:
    """Return all fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(match["language"], match["text"], text.count("\n", 0, match.start("text")), match["mark"] or "")
        for match in _FENCE.finditer(text)
    ]


def commands(block: str) -> list[tuple[str, str]]:
    """Return the commands of a console block, each with its expected output."""
    pieces = re.split(r"^\$ ((?:.*\\\n)*.*)\n", block, flags=re.MULTILINE)
    assert not pieces[0], "a console block starts with a command"
    return list(zip(pieces[1::2], pieces[2::2], strict=True))


def faults(script: str) -> Iterator[str]:
    """Iterate over what is wrong with a shell script, found without running it."""
    syntax = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    if syntax.returncode:
        yield syntax.stderr
        return
    for words in calls(script):
        yield from (f"{shlex.join(words)}: {fault}" for fault in _faults_of(words))


def calls(script: str) -> Iterator[list[str]]:
    """Iterate over the program calls of a script, each a list of words without assignments and redirections."""
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        lexer.whitespace_split = True
        words: list[str] = []
        skip_next = False
        for token in [*lexer, ";"]:
            if skip_next:
                skip_next = False
            elif set(token) <= set("<>&") and not set(token) <= set("&") and "(" not in token:
                skip_next = True
            elif set(token) <= set("();<>|&"):
                if words and words[0] != "for":
                    yield words
                words = []
            elif words or not (token in _SHELL or re.match(r"\w+=", token)):
                words.append(token)


def _faults_of(words: Sequence[str]) -> Iterator[str]:
    program, arguments = words[0].rpartition("/")[2], list(words[1:])
    if program == "knk":
        yield from _faults_of_knk(list(arguments))
    elif program == "make":
        known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        targets = {word for word in arguments if "=" not in word and not word.startswith("-")}
        yield from (f"no such make target: {target}" for target in targets - known)
    elif program.startswith(("python", "pytest")):
        if program.startswith("python") and arguments[:1] == ["-m"]:
            yield from _faults_of_module(arguments[1])
    elif program == "bash":
        yield from faults(arguments[1]) if arguments[:1] == ["-c"] else ()
    elif program not in _PROGRAMS:
        yield f"unknown program {program}: add it to tests/support/pages.py if it cannot be checked"
    for word in arguments:
        yield from _faults_of_word(word)


def _faults_of_knk(arguments: list[str]) -> Iterator[str]:
    """Parse a command line of `knk` without running it."""
    command, name = get_command(app), "knk"
    while arguments and arguments[0] in getattr(command, "commands", {}):
        name = arguments.pop(0)
        command = command.commands[name]  # type: ignore[attr-defined]
    if arguments and name == "bench":  # A model in place of a command is one for "run".
        command = command.commands["run"]  # type: ignore[attr-defined]
    if not hasattr(command, "commands"):
        try:
            command.make_context(name, list(arguments))
        except typer.Exit:
            return
        except typer.TyperException as error:
            yield error.format_message()
    elif arguments and not arguments[0].startswith("-"):
        yield f"no such command: {arguments[0]}"


def _faults_of_module(name: str) -> Iterator[str]:
    top = name.partition(".")[0]
    path = ROOT.joinpath(*name.split("."))
    known = path.with_suffix(".py").exists() or (path / "__init__.py").exists() if top in _FOLDERS else top in _MODULES
    if not known and not (top not in _FOLDERS and importlib.util.find_spec(top)):
        yield f"no such module: {name}"


def _faults_of_word(word: str) -> Iterator[str]:
    """Check that a word that looks like a path of the repository or like an extra of the package exists."""
    path = word.rpartition("=")[2]
    if word == "knk/domain":  # Inspect's name for a task.
        return
    if path.partition("/")[0] in _FOLDERS and "/" in path and not (ROOT / path).exists():
        yield f"no such file: {path}"
    for extras in re.findall(r"(?:^|knk|\.)\[([\w,]+)\]", word):
        content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        known = set(content["project"]["optional-dependencies"])
        yield from (f"no such extra: {extra}" for extra in set(extras.split(",")) - known)
