"""LoRA in a run: an adapter as the model to train, and the merged model at the end.

A run with `use_peft: true` ends with a whole model in its folder, so that benchmarks, vLLM and the next recipe can load
it, and with the adapter in `adapter/`; checkpoints are adapters. A run whose model is an adapter trains the merged
model, which it keeps in `base/`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from knk.errors import KnkError, TrainingFailed
from knk.files import sha256_of, whole_file, whole_folder
from knk.models import ADAPTER_CONFIG, ADAPTER_WEIGHTS, read_adapter
from knk.training.merge import merge
from knk.training.recipe import Recipe

ADAPTER: Final = "adapter"
"""The folder, in a run's folder, of the adapter that it trained."""
BASE: Final = "base"
"""The folder, in a run's folder, of the merged model that it trains if its recipe names an adapter."""
_MERGED: Final = ".merged"
_CONFIG: Final = "config.json"
_ORIGIN: Final = "adapter.sha256"
_CARD: Final = "README.md"
_TOKENIZER_FILES: Final = ("*token*.json", "chat_template*", "vocab*", "merges.txt", "*.model")


def adapter_entry(recipe: Recipe) -> dict[str, Any] | None:
    """Return a manifest's entry for the adapter that a recipe names as its model, None if the model is a whole one.

    Args:
        recipe: the recipe.

    Raises:
        BadFolder: the adapter cannot be used.
    """
    adapter = read_adapter(recipe.model)
    if adapter is None:
        return None
    weights = sha256_of(adapter.folder / ADAPTER_WEIGHTS)
    return {"base": adapter.base, "sha256": weights, "note": f"merged into {BASE}/ before the training"}


def with_whole_model(recipe: Recipe, notify: Callable[[str], None] | None = None) -> Recipe:
    """Return the recipe with a whole model: an adapter is merged into its base first, in the run's folder.

    Args:
        recipe: the recipe.
        notify: called with a line that says what is done, before it is.

    Raises:
        BadFolder: the adapter or its base cannot be used.
        MissingPackage: transformers, torch or PEFT is not installed.
        ModelFailed: the base cannot be loaded.
    """
    adapter = read_adapter(recipe.model)
    if adapter is None:
        return recipe
    folder, weights = recipe.output / BASE, sha256_of(adapter.folder / ADAPTER_WEIGHTS)
    if not _is_made_from(folder, weights):
        shutil.rmtree(folder, ignore_errors=True)
        merge(adapter.folder, folder, dtype=_dtype(recipe), notify=notify)
        # Written last: a folder without it is not used again.
        with whole_file(folder / _ORIGIN) as file:
            file.write(weights.encode())
    settings = dict(recipe.settings) | {"model_name_or_path": str(folder)}
    settings.pop("model_revision", None)
    return Recipe(recipe.path, recipe.trainer, settings, recipe.made_by)


def merge_trained(recipe: Recipe, notify: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Merge the adapter that a run has trained, and return what the run's manifest says about it.

    The merged model is in the run's folder, and the adapter in its folder `adapter`. Only files are read, so that how
    the training was distributed does not matter. The weights have the type in which they were trained, so that nothing
    is lost; those of a quantised base have the base's own.

    Args:
        recipe: the recipe, after `with_whole_model`.
        notify: called with a line that says what is done, before it is.

    Raises:
        TrainingFailed: there is no adapter, or it could not be merged; the adapter is kept.
    """
    if not recipe.settings.get("use_peft"):
        return {}
    adapter = recipe.output / ADAPTER
    try:
        _keep_adapter(recipe.output, adapter)
        shutil.rmtree(recipe.output / _MERGED, ignore_errors=True)
        merged = merge(adapter, recipe.output / _MERGED, recipe.model, _dtype(recipe), notify)
        _move_up(recipe.output / _MERGED, recipe.output)
    except (KnkError, OSError, MemoryError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise TrainingFailed(
            f"the adapter is trained and in {adapter}, but merging it failed: {reason}; run the same command again, or "
            f"'knk merge {adapter} -o DIR' elsewhere"
        ) from error
    return {"merged": {"adapter": ADAPTER, "dtype": merged.dtype, "rounding": round(merged.rounding, 4)}}


def _dtype(recipe: Recipe) -> str | None:
    """Return the type of the weights that are trained, None for the model's own."""
    if recipe.settings.get("load_in_4bit") or recipe.settings.get("load_in_8bit"):
        return None
    dtype = str(recipe.settings.get("dtype") or "float32")  # TRL's default.
    return None if dtype == "auto" else dtype


def _is_made_from(folder: Path, weights: str) -> bool:
    origin = folder / _ORIGIN
    return origin.is_file() and origin.read_text(encoding="utf-8") == weights


def _keep_adapter(run: Path, adapter: Path) -> None:
    """Copy the adapter that the trainer saved in the run's folder, with the tokenizer, to a folder of its own."""
    if not (run / ADAPTER_CONFIG).is_file():
        raise TrainingFailed(f"the trainer saved no {ADAPTER_CONFIG}")
    shutil.rmtree(adapter, ignore_errors=True)
    names = {path.name for pattern in _TOKENIZER_FILES for path in run.glob(pattern)}
    with whole_folder(adapter) as folder:
        for name in sorted(names | {ADAPTER_CONFIG, ADAPTER_WEIGHTS}):
            shutil.copyfile(run / name, folder / name)


def _move_up(merged: Path, run: Path) -> None:
    """Move the merged model's files into the run's folder in place of the adapter's.

    The configuration comes last: without it, the folder is not a model.
    """
    (run / _CONFIG).unlink(missing_ok=True)
    for path in sorted(merged.iterdir(), key=lambda path: path.name == _CONFIG):
        if path.name == _CONFIG:
            for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS, _CARD):  # PEFT's card describes the adapter.
                (run / name).unlink(missing_ok=True)
        path.replace(run / path.name)
    merged.rmdir()
