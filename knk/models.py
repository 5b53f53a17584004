"""Language models in folders and on the Hub: whole models, and LoRA adapters with their bases.

An adapter folder is what PEFT saves: the changes to the weights of another model, the base, which
`adapter_config.json` names. Code that comes with a model is never executed, and weights are read from safetensors
files alone.
"""

from __future__ import annotations

import hashlib
import logging
import math
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from knk.errors import BadFolder, MissingPackage, ModelFailed
from knk.files import read_json, sha256_of

ADAPTER_CONFIG: Final = "adapter_config.json"
ADAPTER_WEIGHTS: Final = "adapter_model.safetensors"
DTYPES: Final = ("float32", "bfloat16", "float16")
"""The types of numbers that weights are saved in."""
_HASHED_FILES: Final = ("*.safetensors", "*.json", "*.jinja", "*.model")
_TOKENIZER: Final = "tokenizer_config.json"
_HUB_NAME: Final = re.compile(r"\w[\w.-]*(/[\w.-]+)?")
_MAX_REASON: Final = 200


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter.

    Args:
        folder: its folder.
        base: the model that it changes: a folder, or a name on the Hub; "" if the adapter does not say.
        revision: the revision of a base on the Hub, None for the newest.
    """

    folder: Path
    base: str
    revision: str | None = None


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory, on the CPU.

    Args:
        model: transformers' model.
        base: the base of a merged adapter, "" for a whole model.
        modules: how many modules of the base the adapter changed.
        rounding: the error that rounding to the weights' type made, as a fraction of the adapter's change.
    """

    model: Any
    base: str = ""
    modules: int = 0
    rounding: float = 0.0


def read_adapter(path: str | Path) -> Adapter | None:
    """Return the adapter in a folder, None if there is none.

    Args:
        path: a folder, or a name on the Hub.

    Raises:
        BadFolder: the folder holds an adapter that is not a LoRA adapter in safetensors format.

    >>> read_adapter("Qwen/Qwen2.5-3B") is None
    True
    """
    folder = Path(path)
    if not (folder / ADAPTER_CONFIG).is_file():
        return None
    config = read_json(folder / ADAPTER_CONFIG, BadFolder)
    kind = config.get("peft_type")
    # Megatron's layers are imported by a name that the file gives.
    if kind != "LORA" or config.get("megatron_config"):
        actual = str(kind)[:40] if kind != "LORA" else "one for Megatron"
        raise BadFolder(f"{folder}: expected a LoRA adapter, got {actual}")
    if not (folder / ADAPTER_WEIGHTS).is_file():
        raise BadFolder(f"{folder}: missing {ADAPTER_WEIGHTS}, the adapter's weights")
    base, revision = (config.get(name) for name in ("base_model_name_or_path", "revision"))
    return Adapter(folder, base if isinstance(base, str) else "", revision if isinstance(revision, str) else None)


def base_of(path: str) -> str:
    """Return the base of an adapter folder; other models are their own.

    Args:
        path: a folder, or a name on the Hub.

    Raises:
        BadFolder: the folder holds an adapter that cannot be used, or whose base is missing.

    >>> base_of("Qwen/Qwen2.5-3B")
    'Qwen/Qwen2.5-3B'
    """
    adapter = read_adapter(path)
    return path if adapter is None else _existing_base(adapter, adapter.base)


def tokenizer_of(path: str, base: str | None = None) -> str:
    """Return where a model's tokenizer is: in its folder, or with the base of an adapter that has none.

    Args:
        path: a folder, or a name on the Hub.
        base: the base of an adapter, instead of the one that it names.

    Raises:
        BadFolder: the folder holds an adapter that cannot be used, or whose base is missing.
    """
    return path if (Path(path) / _TOKENIZER).is_file() else base or base_of(path)


def name_of(path: str) -> str:
    """Return a model's name: of a folder the last part alone, which gives nothing away.

    Args:
        path: a folder, or a name on the Hub.

    >>> name_of("Qwen/Qwen2.5-3B")
    'Qwen/Qwen2.5-3B'
    """
    return Path(path).resolve().name if Path(path).is_dir() else path


def weights_of(path: str) -> dict[str, str]:
    """Return the SHA-256 of a folder's weights and settings under "weights": a model trained further is another model.

    An adapter has its base's under "base", or the base's name on the Hub. A name on the Hub has nothing.

    Args:
        path: a folder, or a name on the Hub.

    Raises:
        BadFolder: the folder holds an adapter that cannot be used, or whose base is missing.

    >>> weights_of("Qwen/Qwen2.5-3B")
    {}
    """
    folder, base = Path(path), base_of(path)
    if not folder.is_dir():
        return {}
    digest = hashlib.sha256()
    for file in sorted(found for pattern in _HASHED_FILES for found in folder.glob(pattern)):
        digest.update(f"{file.name} {sha256_of(file)}\n".encode())
    own = {"weights": digest.hexdigest()}
    return own if base == path else own | {"base": weights_of(base).get("weights", base)}


def load_model(
    path: str, dtype: str | None = None, base: str | None = None, notify: Callable[[str], None] | None = None
) -> LoadedModel:
    """Load a whole model, or an adapter merged into its base.

    An adapter is merged in float32, one module after the other, so that the memory is that of the model.

    Args:
        path: a folder, or a name on the Hub.
        dtype: the type of the weights, one of `DTYPES`; that of the model or the base if None.
        base: the base to merge an adapter into, instead of the one that it names.
        notify: called with a line that says what is loaded, before it is.

    Raises:
        BadFolder: the folder holds an adapter that cannot be merged into the base, or the base is missing or quantised.
        MissingPackage: transformers, torch or PEFT is not installed.
        ModelFailed: a model cannot be loaded.
    """
    adapter = read_adapter(path)
    if adapter is None:
        return LoadedModel(_load_whole(path, dtype))
    source = _existing_base(adapter, base or adapter.base)
    revision = None if base else adapter.revision
    _check_not_quantised(adapter, source, revision)
    if notify:
        notify(f"loading the base {source}")
    # Weights that are to be rounded are rounded once, after the merge.
    model = _load_whole(source, "float32" if dtype == "float32" else None, revision)
    if notify:
        notify(f"merging {adapter.folder}")
    merged, modules, rounding = _merge(adapter, source, model, dtype)
    return LoadedModel(merged, source, modules, rounding)


def load_tokenizer(path: str, base: str | None = None, **options: Any) -> Any:
    """Load a model's tokenizer; that of an adapter may be in its folder or with its base.

    Args:
        path: a folder, or a name on the Hub.
        base: the base of an adapter, instead of the one that it names.
        options: further arguments of transformers' `from_pretrained`.

    Raises:
        BadFolder: the folder holds an adapter that cannot be used, or whose base is missing.
        MissingPackage: transformers is not installed.
        ModelFailed: the tokenizer cannot be loaded.
    """
    source = tokenizer_of(path, base)
    with _one_line_errors(source):
        return _library("transformers").AutoTokenizer.from_pretrained(source, trust_remote_code=False, **options)


# Bases.


def _existing_base(adapter: Adapter, base: str) -> str:
    """Return the base if it may exist: a folder that does, or a name on the Hub."""
    hint = f"give it with 'knk merge {adapter.folder} --base MODEL'"
    if not base:
        raise BadFolder(f"{adapter.folder}: the adapter does not name its base: {hint}")
    if Path(base).is_dir():
        if (Path(base) / ADAPTER_CONFIG).is_file():
            raise BadFolder(f"{base}: the base of {adapter.folder} is an adapter itself: merge it first ('knk merge')")
    elif not _HUB_NAME.fullmatch(base):
        raise BadFolder(f"{adapter.folder}: there is no folder {base!r}, the adapter's base: {hint}")
    return base


def _check_not_quantised(adapter: Adapter, base: str, revision: str | None) -> None:
    with _one_line_errors(base, adapter):
        config = _library("transformers").AutoConfig.from_pretrained(base, trust_remote_code=False, revision=revision)
    if getattr(config, "quantization_config", None):
        raise BadFolder(
            f"{base}: the base of {adapter.folder} is quantised, and adapters are merged into weights that are not: "
            f"give them with 'knk merge {adapter.folder} --base MODEL'"
        )


def _load_whole(path: str, dtype: str | None, revision: str | None = None) -> Any:
    with _one_line_errors(path):
        return _library("transformers").AutoModelForCausalLM.from_pretrained(
            path, dtype=dtype or "auto", use_safetensors=True, trust_remote_code=False, revision=revision
        )


# Merging.


def _merge(adapter: Adapter, base: str, model: Any, dtype: str | None) -> tuple[Any, int, float]:
    """Return the model with the adapter merged, how many modules that changed, and the error of rounding."""
    peft, torch = _library("peft"), _library("torch")
    target = None if dtype is None else getattr(torch, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT warns about what is checked here.
        with _adapter_errors(adapter, base):
            saved = _saved_weights(adapter)
            _check_modules(adapter, base, model, saved)
            adapted = peft.PeftModel.from_pretrained(model, str(adapter.folder), torch_device="cpu")
        _check_complete(adapter, base, adapted, saved)
        _untie(adapted.get_base_model(), torch)
        with _adapter_errors(adapter, base):
            layers = [module for module in adapted.modules() if hasattr(module, "merge") and hasattr(module, "lora_A")]
            errors = [_merge_layer(layer, target, torch) for layer in layers]
            merged = adapted.merge_and_unload()
    lost, change = (math.fsum(parts) for parts in zip(*errors, strict=True)) if errors else (0.0, 0.0)
    return merged if target is None else merged.to(target), len(layers), math.sqrt(lost / change) if change else 0.0


def _merge_layer(layer: Any, dtype: Any, torch: Any) -> tuple[float, float]:
    """Merge one module's adapter in float32; return the squared norms of the rounding error and of the change."""
    module = layer.get_base_layer()
    dtype = dtype or next(module.parameters()).dtype
    module.to(torch.float32)
    before = [parameter.detach().clone() for parameter in module.parameters(recurse=False)]
    layer.merge(safe_merge=True)
    after = [parameter.detach() for parameter in module.parameters(recurse=False)]
    change = sum(float((new - old).norm()) ** 2 for new, old in zip(after, before, strict=True))
    lost = sum(float((new.to(dtype).float() - new).norm()) ** 2 for new in after)
    module.to(dtype)
    return lost, change


def _untie(model: Any, torch: Any) -> None:
    """Give the output layer weights of its own if it shares them with the embedding and an adapter changes one."""
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    layers = [getattr(module, "base_layer", module) for module in (embedding, head)]
    weights = [getattr(layer, "weight", None) for layer in layers]
    if weights[0] is not None and weights[0] is weights[1] and layers != [embedding, head]:
        layers[1].weight = torch.nn.Parameter(weights[1].detach().clone(), requires_grad=False)
        model.config.tie_word_embeddings = False


def _saved_weights(adapter: Adapter) -> set[str]:
    """Return the names of an adapter's weights."""
    with _library("safetensors").safe_open(adapter.folder / ADAPTER_WEIGHTS, "pt") as file:
        return set(file.keys())


def _check_modules(adapter: Adapter, base: str, model: Any, saved: set[str]) -> None:
    """Check that the base has all that the adapter changes."""
    modules = {name for name, _ in model.named_modules()}
    if surplus := sorted({_module(name) for name in saved} - modules):
        raise BadFolder(f"{adapter.folder}: the base {base!r} has no {surplus[0]!r}, which the adapter changes")


def _check_complete(adapter: Adapter, base: str, adapted: Any, saved: set[str]) -> None:
    """Check that the adapter has weights for all that PEFT prepared for it."""
    expected = _library("peft").get_peft_model_state_dict(adapted, save_embedding_layers=False)
    if missing := sorted(set(expected) - saved):
        raise BadFolder(
            f"{adapter.folder}: the adapter has no weights for {_module(missing[0])!r} of the base {base!r}: is it the "
            "right base?"
        )


def _module(name: str) -> str:
    """Return the module that a weight of an adapter changes."""
    changed = re.split(r"\.lora_|\.base_layer\b|\.weight$|\.bias$|\.token_adapter\.", name, maxsplit=1)[0]
    return changed.removeprefix("base_model.model.")


# Other libraries.


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise MissingPackage(f"this needs the package {error.name!r}: pip install '.[train]'") from error


@contextmanager
def _adapter_errors(adapter: Adapter, base: str) -> Iterator[None]:
    """Turn what PEFT raises about an adapter into one line."""
    safetensors = _library("safetensors")
    try:
        yield
    except BadFolder:
        raise
    # PEFT checks little: a value of a wrong type in the file fails wherever it is used first.
    except (ArithmeticError, AttributeError, ImportError, LookupError, OSError, RuntimeError, TypeError, ValueError,
            re.error, safetensors.SafetensorError) as error:  # fmt: skip
        raise BadFolder(f"{adapter.folder}: it cannot be merged into {base!r}: {_one_line(error)}") from error


@contextmanager
def _one_line_errors(path: str, adapter: Adapter | None = None) -> Iterator[None]:
    """Turn what transformers raises about a model into one line, and hide its progress bars and retries."""
    safetensors = _library("safetensors")
    try:
        with quiet_loading():
            yield
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        if Path(path).is_dir():
            raise ModelFailed(f"{path!r} could not be loaded: {_one_line(error)}") from error
        base = f", the base of {adapter.folder}," if adapter else ""
        hint = f"; if the base is elsewhere: 'knk merge {adapter.folder} --base MODEL'" if adapter else ""
        raise ModelFailed(
            f"there is no folder {path!r}{base} and no model of this name could be loaded from the Hub "
            f"({_one_line(error)}){hint}"
        ) from error


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Hide transformers' progress bars, and the messages about each attempt to reach the Hub."""
    bars = _library("transformers").utils.logging
    bars_were_enabled = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    hub_log = logging.getLogger("huggingface_hub")
    level = hub_log.level
    hub_log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        hub_log.setLevel(level)
        if bars_were_enabled:
            bars.enable_progress_bar()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:_MAX_REASON]
