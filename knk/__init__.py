"""Knights and knaves puzzles: generate, render as English, parse, solve, prove, and verify answers.

Each name below is imported from its module on first use, so that `import knk` stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from knk.version import __version__ as __version__

if TYPE_CHECKING:
    from knk.answers.verdict import Verdict as Verdict
    from knk.answers.verify import verify as verify
    from knk.errors import BadCompletion as BadCompletion
    from knk.errors import BadConfig as BadConfig
    from knk.errors import BadFile as BadFile
    from knk.errors import BadFolder as BadFolder
    from knk.errors import BadNotation as BadNotation
    from knk.errors import BadOutput as BadOutput
    from knk.errors import BadPuzzle as BadPuzzle
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
    from knk.errors import NoExecutor as NoExecutor
    from knk.errors import NoSolution as NoSolution
    from knk.errors import NotEnough as NotEnough
    from knk.errors import NoVerdict as NoVerdict
    from knk.errors import SandboxFailed as SandboxFailed
    from knk.errors import TrainingFailed as TrainingFailed
    from knk.errors import WorkersFailed as WorkersFailed
    from knk.generation.generate import generate as generate
    from knk.generation.perturb import perturb as perturb
    from knk.generation.spec import PRESETS as PRESETS
    from knk.generation.spec import Spec as Spec
    from knk.logic.notation import decode as decode
    from knk.logic.notation import encode as encode
    from knk.logic.puzzle import Puzzle as Puzzle
    from knk.logic.puzzle import Utterance as Utterance
    from knk.logic.solver import count as count
    from knk.logic.solver import follows as follows
    from knk.logic.solver import is_unique as is_unique
    from knk.logic.solver import solutions as solutions
    from knk.logic.solver import solve as solve
    from knk.logic.statements import And as And
    from knk.logic.statements import Count as Count
    from knk.logic.statements import Iff as Iff
    from knk.logic.statements import Implies as Implies
    from knk.logic.statements import Knave as Knave
    from knk.logic.statements import Knight as Knight
    from knk.logic.statements import Not as Not
    from knk.logic.statements import OneOf as OneOf
    from knk.logic.statements import Or as Or
    from knk.logic.statements import Parity as Parity
    from knk.logic.statements import SameKind as SameKind
    from knk.logic.statements import Statement as Statement
    from knk.logic.sympy_formulas import from_sympy as from_sympy
    from knk.logic.sympy_formulas import to_sympy as to_sympy
    from knk.proofs.check import check as check
    from knk.proofs.difficulty import Difficulty as Difficulty
    from knk.proofs.difficulty import difficulty as difficulty
    from knk.proofs.search import Search as Search
    from knk.proofs.search import Try as Try
    from knk.proofs.search import search as search
    from knk.proofs.steps import Trace as Trace
    from knk.proofs.trace import trace as trace
    from knk.text.explain import explain as explain
    from knk.text.parse import parse as parse
    from knk.text.render import render as render

_EXPORTS: Final = {
    "knk.generation.generate": ("generate",),
    "knk.generation.spec": ("Spec", "PRESETS"),
    "knk.logic.puzzle": ("Puzzle", "Utterance"),
    "knk.logic.statements": (
        *("Statement", "Knight", "Knave", "Not", "And", "Or", "OneOf", "Implies", "Iff", "Count", "Parity", "SameKind"),
    ),
    "knk.logic.sympy_formulas": ("to_sympy", "from_sympy"),
    "knk.logic.notation": ("encode", "decode"),
    "knk.text.render": ("render",),
    "knk.text.parse": ("parse",),
    "knk.logic.solver": ("solutions", "solve", "count", "is_unique", "follows"),
    "knk.proofs.trace": ("trace",),
    "knk.proofs.check": ("check",),
    "knk.proofs.steps": ("Trace",),
    "knk.proofs.search": ("search", "Search", "Try"),
    "knk.text.explain": ("explain",),
    "knk.proofs.difficulty": ("difficulty", "Difficulty"),
    "knk.generation.perturb": ("perturb",),
    "knk.answers.verify": ("verify",),
    "knk.answers.verdict": ("Verdict",),
    "knk.errors": (
        *("KnkError", "BadPuzzle", "BadNotation", "BadText", "BadSpec", "NoSolution", "ManySolutions", "NotEnough"),
        *("BadFile", "BadFolder", "BadConfig", "BadRow", "BadTask", "BadTrace", "CannotPerturb", "GaveUp"),
        *("BadOutput", "SandboxFailed", "MissingPackage", "WorkersFailed", "NoExecutor", "ModelFailed", "HubFailed"),
        *("TrainingFailed", "NoVerdict", "BadCompletion"),
    ),
}
_HOMES: Final = {name: module for module, names in _EXPORTS.items() for name in names}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Load a public name, or a submodule, on first use."""
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
