"""The order of the modules: nothing in a lower layer imports from a higher one, and nothing runs in a circle."""

import ast
from graphlib import TopologicalSorter
from itertools import combinations
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From the lowest up. Modules of one room belong together; rooms of one layer know nothing of each other.
LAYERS: list[list[set[str]]] = [
    [{"errors"}, {"verdict"}],
    [{"intervals"}, {"files"}, {"engines"}, {"workers"}, {"sandbox", "sandbox_worker", "outputs"}],
    [{"statements"}],
    [{"canonical"}],
    [{"puzzle"}],
    [{"solver"}, {"notation"}, {"split"}],
    [{"text.vocabulary"}],
    [{"trace"}],
    [{"difficulty"}],
    [{"generate", "spec", "grammar", "candidates", "planted", "targets"}, {"text", "text.*"}],
    [{"perturb"}],
    [{"rows"}, {"answers", "answer_grammar"}],
    [{"tasks", "tasks.*"}],
    [{"export"}],
    [{"corpus", "build", "recipe", "audit"}, {"teacher", "teacher.*", "sft"}, {"rewards"}],
    [{"results", "paper"}],
    [{"training", "training.*"}, {"bench", "bench.*"}],
    [{"report", "report.*"}, {"hub", "staging", "layout", "card"}],
    [{"cli", "cli.*"}],
]
FACES = {"", "__main__"}  # The package's own file names everything in it; `python -m knk` is the command.

Place = tuple[int, int]


def module_name(path: Path) -> str:
    """The module's name inside knk, "" for the package."""
    parts = path.relative_to(ROOT / "knk").with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): path for path in sorted((ROOT / "knk").rglob("*.py"))}


def imported(path: Path) -> set[str]:
    """All modules that a file imports anywhere in it, functions included, by their full names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{path}: a relative import"  # noqa: PT018 - one thing, two sides
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            whole = {name for name in inside if name.removeprefix("knk.") in MODULES and name.startswith("knk.")}
            found.update(whole or {node.module})
    return found


def imported_of_knk(path: Path) -> set[str]:
    """The modules of knk that a file imports, by their names inside knk."""
    return {name.removeprefix("knk").removeprefix(".") for name in imported(path) if name.split(".")[0] == "knk"}


def place(module: str) -> Place:
    """A module's layer and its room there; a name of its own goes before a pattern."""
    for pattern in (module, module.partition(".")[0] + ".*"):
        for layer, rooms in enumerate(LAYERS):
            for room, names in enumerate(rooms):
                if pattern in names:
                    return layer, room
    pytest.fail(f"knk.{module} has no place in LAYERS: give it one here and in docs/architecture.md")


@pytest.mark.parametrize("module", sorted(MODULES.keys() - FACES))
def test_a_module_imports_from_lower_layers_and_its_own_room(module: str) -> None:
    here = place(module)
    for other in sorted(imported_of_knk(MODULES[module]) - {""}):
        there = place(other)
        assert there == here or there[0] < here[0], f"knk.{module} imports knk.{other}, which is not below it"


def test_no_imports_run_in_a_circle() -> None:
    graph = {module: imported_of_knk(path) - FACES for module, path in MODULES.items() if module not in FACES}
    order = list(TopologicalSorter(graph).static_order())
    assert order.index("statements") < order.index("puzzle") < order.index("cli")


def test_only_the_command_line_imports_the_face_of_the_package() -> None:
    assert {module for module in MODULES.keys() - FACES if "" in imported_of_knk(MODULES[module])} == {"cli"}


@pytest.mark.parametrize("folder", ["recipes", "benchmarks"])
def test_nothing_imports_recipes_or_benchmarks(folder: str) -> None:
    other = {"recipes": "benchmarks", "benchmarks": "recipes"}[folder]
    files = [*MODULES.values(), *(ROOT / other).rglob("*.py")]
    assert files
    assert not [path for path in files if folder in {name.split(".")[0] for name in imported(path)}]


def test_each_module_has_one_place() -> None:
    rooms = [room for layer in LAYERS for room in layer]
    assert not [one & other for one, other in combinations(rooms, 2) if one & other]


def test_this_test_sees_imports_inside_functions_and_of_modules(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("from knk import canonical\ndef late():\n    import knk.cli\n    from knk.errors import KnkError\n")
    assert imported_of_knk(path) == {"canonical", "cli", "errors"}
