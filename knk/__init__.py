"""Knights and knaves puzzles: generate, write in English, read, solve, and check answers.

Each name below is loaded from its module when it is first used, so that `import knk` costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from knk import corpus as corpus
    from knk.answers import verify as verify
    from knk.difficulty import Difficulty as Difficulty
    from knk.difficulty import difficulty as difficulty
    from knk.errors import BadFile as BadFile
    from knk.errors import BadFolder as BadFolder
    from knk.errors import BadNotation as BadNotation
    from knk.errors import BadOutput as BadOutput
    from knk.errors import BadPuzzle as BadPuzzle
    from knk.errors import BadRecipe as BadRecipe
    from knk.errors import BadRow as BadRow
    from knk.errors import BadSpec as BadSpec
    from knk.errors import BadTask as BadTask
    from knk.errors import BadText as BadText
    from knk.errors import BadTrace as BadTrace
    from knk.errors import CannotPerturb as CannotPerturb
    from knk.errors import GaveUp as GaveUp
    from knk.errors import HubFailed as HubFailed
    from knk.errors import KnkError as KnkError
    from knk.errors import ManySolutions as ManySolutions
    from knk.errors import MissingPackage as MissingPackage
    from knk.errors import ModelFailed as ModelFailed
    from knk.errors import NoEngine as NoEngine
    from knk.errors import NoSolution as NoSolution
    from knk.errors import NotEnough as NotEnough
    from knk.errors import NoVerdict as NoVerdict
    from knk.errors import SandboxFailed as SandboxFailed
    from knk.errors import TrainingFailed as TrainingFailed
    from knk.errors import WorkersFailed as WorkersFailed
    from knk.generate import generate as generate
    from knk.notation import decode as decode
    from knk.notation import encode as encode
    from knk.perturb import perturb as perturb
    from knk.puzzle import Puzzle as Puzzle
    from knk.puzzle import Said as Said
    from knk.solver import count as count
    from knk.solver import follows as follows
    from knk.solver import is_unique as is_unique
    from knk.solver import solutions as solutions
    from knk.solver import solve as solve
    from knk.spec import PRESETS as PRESETS
    from knk.spec import Spec as Spec
    from knk.statements import And as And
    from knk.statements import Count as Count
    from knk.statements import Iff as Iff
    from knk.statements import Implies as Implies
    from knk.statements import Knave as Knave
    from knk.statements import Knight as Knight
    from knk.statements import Not as Not
    from knk.statements import OneOf as OneOf
    from knk.statements import Or as Or
    from knk.statements import Parity as Parity
    from knk.statements import SameKind as SameKind
    from knk.statements import Statement as Statement
    from knk.statements import from_sympy as from_sympy
    from knk.statements import to_sympy as to_sympy
    from knk.text.explain import explain as explain
    from knk.text.parse import parse as parse
    from knk.text.render import render as render
    from knk.trace import Trace as Trace
    from knk.trace import check as check
    from knk.trace import trace as trace
    from knk.verdict import Verdict as Verdict

__version__ = "0.1.0"

_EXPORTS: Final = {
    "knk.generate": ("generate",),
    "knk.spec": ("Spec", "PRESETS"),
    "knk.puzzle": ("Puzzle", "Said"),
    "knk.statements": (
        *("Statement", "Knight", "Knave", "Not", "And", "Or", "OneOf", "Implies", "Iff", "Count", "Parity", "SameKind"),
        *("to_sympy", "from_sympy"),
    ),
    "knk.notation": ("encode", "decode"),
    "knk.text.render": ("render",),
    "knk.text.parse": ("parse",),
    "knk.solver": ("solutions", "solve", "count", "is_unique", "follows"),
    "knk.trace": ("trace", "check", "Trace"),
    "knk.text.explain": ("explain",),
    "knk.difficulty": ("difficulty", "Difficulty"),
    "knk.perturb": ("perturb",),
    "knk.answers": ("verify",),
    "knk.verdict": ("Verdict",),
    "knk.errors": (
        *("KnkError", "BadPuzzle", "BadNotation", "BadText", "BadSpec", "NoSolution", "ManySolutions", "NotEnough"),
        *("BadFile", "BadFolder", "BadRecipe", "BadRow", "BadTask", "BadTrace", "CannotPerturb", "GaveUp"),
        *("BadOutput", "SandboxFailed", "MissingPackage", "WorkersFailed", "NoEngine", "ModelFailed", "HubFailed"),
        *("TrainingFailed", "NoVerdict"),
    ),
}
_HOMES: Final = {name: module for module, names in _EXPORTS.items() for name in names}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Load a public name, or a module of the package, when it is first asked for."""
    if name in _HOMES:
        globals()[name] = value = getattr(import_module(_HOMES[name]), name)
        return value
    if not name.startswith("_"):
        try:
            return import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """A name above stays what it is when a module of the same name is imported.

    Whoever imports the module `knk.generate` makes Python set `knk.generate` to it, in place of the function.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
