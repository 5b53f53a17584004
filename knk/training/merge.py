"""A LoRA adapter and its base merged into one model, in a folder that anything can load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from knk.errors import BadFolder
from knk.files import whole_folder
from knk.models import ADAPTER_CONFIG, DTYPES, load_model, load_tokenizer, quiet_loading, read_adapter


@dataclass(frozen=True)
class Merged:
    """What was merged.

    Args:
        folder: the folder of the merged model.
        base: the base: a folder, or a name on the Hub.
        dtype: the type of the merged weights, one of `knk.models.DTYPES`.
        modules: how many modules of the base the adapter changed.
        rounding: the error that rounding to this type made, as a fraction of the adapter's change.
    """

    folder: Path
    base: str
    dtype: str
    modules: int
    rounding: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self) | {"folder": str(self.folder)}


def merge(
    adapter: Path,
    output: Path,
    base: str | None = None,
    dtype: str | None = None,
    notify: Callable[[str], None] | None = None,
) -> Merged:
    """Merge a LoRA adapter into its base, and write weights, configurations, tokenizer and chat template.

    The sum is computed in float32. An adapter that was trained on a quantised base is merged into the base as it was
    before that. The tokenizer is the adapter's, or the base's if the adapter's folder has none.

    Args:
        adapter: the adapter's folder, as PEFT or a trainer saved it.
        output: the folder to write, which appears whole or not at all; it must be empty or not exist.
        base: the base, instead of the one that the adapter names: a folder, or a name on the Hub.
        dtype: the type of the merged weights, one of `knk.models.DTYPES`; the base's if None.
        notify: called with a line that says what is done, before it is.

    Raises:
        BadFolder: there is no adapter, it does not fit the base, the base is missing or quantised, or the output is
            not empty.
        MissingPackage: transformers, torch or PEFT is not installed.
        ModelFailed: the base or the tokenizer cannot be loaded.
    """
    if read_adapter(adapter) is None:
        why = "a whole model" if (adapter / "config.json").is_file() else f"no {ADAPTER_CONFIG}"
        raise BadFolder(f"{adapter}: expected a folder with a LoRA adapter, got {why}")
    if dtype is not None and dtype not in DTYPES:
        raise BadFolder(f"expected dtype to be one of {', '.join(DTYPES)}, got {dtype!r}")
    with whole_folder(output) as folder:
        loaded = load_model(str(adapter), dtype, base, notify)
        tokenizer = load_tokenizer(str(adapter), loaded.base)
        _add_end_token(loaded.model, tokenizer.eos_token_id)
        if notify:
            notify(f"writing {output}")
        with quiet_loading():
            loaded.model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    saved = str(loaded.model.dtype).removeprefix("torch.")
    return Merged(output, loaded.base, saved, loaded.modules, loaded.rounding)


def _add_end_token(model: Any, token: int | None) -> None:
    """Let the model end where its tokenizer ends a text, which an adapter may have learned in the base's stead."""
    config = model.generation_config
    if config is None or token is None:
        return
    known = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    if token not in known:
        config.eos_token_id = [token, *(other for other in known if other is not None)]
        model.config.eos_token_id = token
