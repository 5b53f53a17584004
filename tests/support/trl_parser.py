"""TRL's own parser of settings, as its launcher and as the training processes call it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from knk.training.options import trl_settings
from knk.training.recipe import LAUNCH_SETTINGS


@contextmanager
def parser_in(processes: int, trainer: str) -> Iterator[Any]:
    """Yield a function that parses settings in one of some processes, and returns TRL's configuration.

    The other processes do not exist: PyTorch's fake backend answers for them, so that transformers finds the number of
    processes where it does in a real run.
    """
    import torch
    from accelerate.state import AcceleratorState
    from torch.testing._internal.distributed.fake_pg import FakeStore

    before = dict(os.environ)
    if processes > 1:
        number = str(processes)
        os.environ |= {"WORLD_SIZE": number, "LOCAL_WORLD_SIZE": number, "RANK": "0", "LOCAL_RANK": "0"}
        torch.distributed.init_process_group("fake", rank=0, world_size=processes, store=FakeStore())
    parser = import_module(f"trl.scripts.{trainer}").make_parser()

    def parse(settings: dict[str, Any]) -> Any:
        own = {name: value for name, value in trl_settings(settings).items() if name not in LAUNCH_SETTINGS}
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
            yaml.safe_dump({**own, "use_cpu": True, "bf16": False}, file)
            file.flush()
            parsed = parser.parse_args_and_config(["--config", str(Path(file.name))], return_remaining_strings=True)
        assert parsed[1].world_size == processes
        assert not parsed[-1]
        return parsed[1]

    try:
        yield parse
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
        if processes > 1:
            torch.distributed.destroy_process_group()
        os.environ.clear()
        os.environ |= before
