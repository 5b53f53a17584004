"""The package as its users get it: the built wheel, the names at its top, and what importing it loads."""

import ast
import os
import subprocess
import sys
import sysconfig
import zipfile
from email import message_from_bytes
from email.message import Message
from importlib import import_module
from pathlib import Path

import pytest

import knk
from tests.support.paths import ROOT

HEAVY = {"numpy", "sympy", "pysat", "datasets", "pyarrow", "huggingface_hub", "pandas", "torch", "tqdm", "rich"}


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command away from the checkout and return what it prints."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(list(map(str, command)), cwd=cwd, env=clean, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def run_python(code: str) -> str:
    """Run a piece of Python in a fresh interpreter and return what it prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder)
    run(sys.executable, *build, ROOT, cwd=folder)
    (path,) = folder.glob("knk-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment with the wheel in it, which borrows what the wheel needs from this one."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"),
        *("--no-compile", wheel),
        cwd=folder,
    )
    (site,) = (folder / "lib").glob("python*/site-packages")
    # A line of a .pth file is a folder to import from; the .pth files in that folder, one of which leads to the
    # checkout, are not looked at.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin"


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"knk/__init__.py", "knk/py.typed", "knk/cli/__init__.py", "knk/text/vocabulary.py"} <= set(names)
    assert {name.split("/")[0] for name in names} == {"knk", f"knk-{knk.__version__}.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_declares_its_dependencies(metadata: Message) -> None:
    needs = metadata.get_all("Requires-Dist", [])
    core = {need.split(">")[0].split("=")[0] for need in needs if "extra ==" not in need}
    assert {"numpy", "sympy", "python-sat", "typer", "datasets", "pyarrow", "huggingface-hub"} <= core
    frameworks = {"reasoning-gym", "inspect", "verifiers", "integrations"}
    extras = {"math", "teacher", "train", "ray", "slow", "bench", "docs", "dev"} | frameworks
    assert set(metadata.get_all("Provides-Extra", [])) == extras
    assert not [need for need in needs if "vllm" in need.lower()]
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"


def test_the_installed_wheel_works_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    assert ROOT not in Path(run(installed / "python", "-c", "import knk; print(knk.__file__)", cwd=tmp_path)).parents
    assert run(installed / "knk", "--version", cwd=tmp_path) == f"knk {knk.__version__}\n"
    line = run(installed / "knk", "generate", "--people", "3", "--format", "notation", cwd=tmp_path)
    assert len(knk.decode(line).names) == 3
    assert run(installed / "python", "-m", "knk", "solve", line.strip(), cwd=tmp_path).count(" is a ") == 3


@pytest.mark.slow
def test_the_doctests_hold_in_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    options = ("-q", "-p", "no:cacheprovider", "-o", "doctest_optionflags=ELLIPSIS NORMALIZE_WHITESPACE")
    output = run(installed / "python", "-m", "pytest", *options, "--doctest-modules", "--pyargs", "knk", cwd=tmp_path)
    assert " passed" in output


def test_every_name_at_the_top_is_the_one_in_its_module() -> None:
    for name in knk.__all__:
        module = import_module(knk._HOMES[name])
        assert getattr(knk, name) is getattr(module, name)
    assert set(knk.__all__) <= set(dir(knk))


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(knk.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if node.module != "knk"
    }
    assert seen == knk._HOMES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        knk.nothing  # noqa: B018 - to ask for it is the test
    assert not hasattr(knk, "_nothing")


def test_packages_are_attributes_of_knk() -> None:
    assert run_python("import knk\nprint(knk.tasks.load('kk').NAME, knk.datasets.__name__)") == "kk knk.datasets"


@pytest.mark.parametrize(
    "action", ["import knk", "import knk.cli; knk.cli.main(['--help'])", "import knk.cli; knk.cli.main(['--version'])"]
)
def test_heavy_modules_are_loaded_only_when_needed(action: str) -> None:
    loaded = run_python(f"{action}\nimport sys\nprint('LOADED', *{{name.split('.')[0] for name in sys.modules}})")
    assert not HEAVY & set(loaded.rpartition("LOADED")[2].split())
