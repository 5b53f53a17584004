"""The order of the packages: imports point one way, and never in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.paths import ROOT

# From the lowest up. Packages of one layer know nothing of each other.
LAYERS: list[set[str]] = [
    {"errors", "version", "tables"},
    {"files", "yaml_config"},
    {"logic", "sandbox", "parallel", "models"},
    {"proofs"},
    {"text"},
    {"generation", "answers"},
    {"datasets"},
    {"hub", "tasks"},
    {"rewards", "training", "inference", "integrations"},
    {"evals", "teacher"},
    {"report"},
    {"cli"},
]
# Modules (and packages with all that is in them) which only their own package may import.
PRIVATE: dict[str, set[str]] = {
    "answers": {"denials", "grammar", "lexicon", "markup"},
    "cli": {"bench", "corpus", "groups", "input", "options", "output", "signals"},
    "datasets": {"audit.checks", "audit.matches", "audit.parts", "audit.sameness", "jobs", "journal", "puzzle_stream"},
    "evals": {"evalplus.explain", "evalplus.worker", "lm_eval.logs", "scoring"},
    "generation": {"grammar", "planted", "statement_table"},
    "hub": {"cards", "layout", "shards"},
    "inference": {"concurrency", "logits", "openai_api", "openai_message", "openai_stream", "retries"},
    "logic": {"statement_base"},
    "parallel": {"worker"},
    "proofs": {"rules", "states"},
    "report": {"axes", "comparison", "corpus", "marks", "numbers", "panel", "run", "scores", "svg"},
    "sandbox": {"encoding", "isolation", "process", "protocol", "syscalls", "worker"},
    "tasks": {"choice", "code.exercise", "code.programs", "math"},
    "teacher": {"sft.verified", "sft.report", "sft.write"},
    "text": {"clauses", "compose", "framing", "lookup", "names", "phrases", "sentences", "tokens", "wordings"},
    "training": {"checks", "data", "estimate", "serving"},
}
FRONT_DOORS = {"", "__main__"}  # The package's own file names everything in it; `python -m knk` is the command.


def module_name(path: Path) -> str:
    """The module's name inside knk, "" for the package."""
    parts = path.relative_to(ROOT / "knk").with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): path for path in sorted((ROOT / "knk").rglob("*.py"))}


def imports(path: Path) -> set[str]:
    """All modules that a file imports anywhere in it, functions included, by their full names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{path}: a relative import"  # noqa: PT018 - one rule, two conditions
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            submodules = {name for name in members if name.startswith("knk.") and name.removeprefix("knk.") in MODULES}
            names.update(submodules or {node.module})
    return names


def knk_imports(path: Path) -> set[str]:
    """The modules of knk that a file imports, by their names inside knk."""
    return {name.removeprefix("knk").removeprefix(".") for name in imports(path) if name.split(".")[0] == "knk"}


def package(module: str) -> str:
    """The part of knk that a module belongs to."""
    return module.partition(".")[0]


def layer(module: str) -> int:
    """The index of a module's layer, 0 for the lowest."""
    for index, packages in enumerate(LAYERS):
        if package(module) in packages:
            return index
    pytest.fail(f"knk.{module} has no layer: add it to LAYERS here and to docs/architecture.md")


@pytest.mark.parametrize("module", sorted(MODULES.keys() - FRONT_DOORS))
def test_a_module_imports_from_its_own_package_and_lower_layers(module: str) -> None:
    for other in sorted(knk_imports(MODULES[module]) - {""}):
        allowed = package(other) == package(module) or layer(other) < layer(module)
        assert allowed, f"knk.{module} imports knk.{other}, which is not in a lower layer"


def is_private(module: str) -> bool:
    """Whether only a module's own package may import it."""
    name = module.partition(".")[2]
    return any(f"{name}.".startswith(f"{private}.") for private in PRIVATE.get(package(module), ()))


def outside_imports() -> list[tuple[Path, str]]:
    """Files, and the modules of knk that they import from packages other than their own."""
    inside = [
        (path, other)
        for module, path in MODULES.items()
        for other in knk_imports(path)
        if module not in FRONT_DOORS and package(other) != package(module)
    ]
    programs = [path for folder in ("recipes", "benchmarks", "scripts") for path in (ROOT / folder).rglob("*.py")]
    return inside + [(path, other) for path in programs for other in knk_imports(path)]


def test_no_package_imports_the_private_modules_of_another() -> None:
    assert not [(str(path), other) for path, other in outside_imports() if is_private(other)]


def test_listed_private_modules_exist() -> None:
    names = {f"{package}.{name}" for package, modules in PRIVATE.items() for name in modules}
    assert names <= MODULES.keys()


def test_no_imports_form_a_cycle() -> None:
    graph = {
        module: knk_imports(path) - FRONT_DOORS - {module}
        for module, path in MODULES.items()
        if module not in FRONT_DOORS
    }
    order = list(TopologicalSorter(graph).static_order())
    assert order.index("logic.statements") < order.index("logic.puzzle") < order.index("cli")


def test_proofs_are_checked_without_the_rules_that_build_them() -> None:
    assert knk_imports(MODULES["proofs.check"]) <= {
        "errors",
        "logic.puzzle",
        "logic.solver",
        "logic.statements",
        "proofs.steps",
    }
    assert knk_imports(MODULES["proofs.steps"]) <= {"logic.puzzle", "logic.solver"}


def test_nothing_imports_the_top_of_the_package() -> None:
    assert not {module for module in MODULES.keys() - FRONT_DOORS if "" in knk_imports(MODULES[module])}


@pytest.mark.parametrize("folder", ["recipes", "benchmarks"])
def test_nothing_imports_recipes_or_benchmarks(folder: str) -> None:
    other = {"recipes": "benchmarks", "benchmarks": "recipes"}[folder]
    files = [*MODULES.values(), *(ROOT / other).rglob("*.py")]
    assert files
    assert not [path for path in files if folder in {name.split(".")[0] for name in imports(path)}]


def test_each_package_has_one_layer() -> None:
    names = [name for packages in LAYERS for name in packages]
    assert len(names) == len(set(names))
    assert set(names) == {package(module) for module in MODULES.keys() - FRONT_DOORS}


def test_imports_inside_functions_and_of_modules_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "from knk.logic import keys\ndef late():\n    import knk.cli\n    from knk.errors import KnkError\n"
    )
    assert knk_imports(path) == {"logic.keys", "cli", "errors"}
