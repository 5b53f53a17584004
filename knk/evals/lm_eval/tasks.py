"""The lm-eval tasks of each benchmark, and the folder of task files.

The task files are in `benchmarks/lm_eval` of the sources, and inside the package where it is installed.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from knk.errors import MissingPackage
from knk.evals.items import BENCHMARKS

_PACKAGE = Path(__file__).parents[2]
_INSTALL = "lm-eval is not installed: pip install '.[bench]'"


def include_path() -> Path:
    """Return the folder of task files, for `lm_eval --include_path`.

    >>> (include_path() / "knk.yaml").is_file()
    True
    """
    installed = _PACKAGE / "lm_eval"
    return installed if installed.is_dir() else _PACKAGE.parent / "benchmarks" / "lm_eval"


def task_names(benchmark: str, *, local: bool = False, group: bool = True) -> tuple[str, ...]:
    """Return the lm-eval tasks that together ask a benchmark's items.

    Args:
        benchmark: the benchmark's name.
        local: whether the items come from a local file, so that they may be in any groups.
        group: whether to name a group of tasks in place of its members.

    >>> task_names("knk"), task_names("knk", local=True), task_names("math500")
    (('knk',), ('knk_own',), ('knk_math500',))
    """
    tasks = BENCHMARKS[benchmark].entry.lm_eval
    if local and tasks.local:
        return (tasks.local,)
    return (benchmark,) if group and tasks.is_group else tasks.names


def is_group(name: str) -> bool:
    """Whether a name is that of a benchmark whose lm-eval tasks form a group.

    >>> is_group("knk"), is_group("knk_people_3"), is_group("math500")
    (True, False, False)
    """
    return name in BENCHMARKS and BENCHMARKS[name].entry.lm_eval.is_group


def require_lm_eval() -> None:
    """Check that lm-eval is installed, without importing it.

    Raises:
        MissingPackage: it is not installed.
    """
    if find_spec("lm_eval") is None:
        raise MissingPackage(f"{_INSTALL}, or use --no-lm-eval")


def import_lm_eval() -> Any:
    """Import lm-eval and return its module.

    Raises:
        MissingPackage: it is not installed.
    """
    try:
        return import_module("lm_eval")
    except ModuleNotFoundError as error:
        raise MissingPackage(_INSTALL) from error
