"""Checkpoints as a trainer writes them, without a trainer."""

import json
import zipfile
from pathlib import Path


def write_zip(path: Path) -> None:
    """Write a file of the format that `torch.save` has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", b"x" * 1000)


def write_safetensors(path: Path) -> None:
    """Write a file of one tensor."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [250], "data_offsets": [0, 1000]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 1000)


def write_checkpoint(run: Path, step: int) -> Path:
    """Write a checkpoint as one process does, and return its folder."""
    folder = run / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    write_safetensors(folder / "model.safetensors")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"):
        write_zip(folder / name)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    history = [{"step": number, "loss": 1.0} for number in range(1, step + 1)]
    state = {"log_history": history, "epoch": step / 10, "global_step": step}
    (folder / "trainer_state.json").write_text(json.dumps(state), encoding="utf-8")
    return folder


def cut(path: Path) -> None:
    """Cut a file short."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
