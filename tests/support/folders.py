"""Folders and files: what is in them, and how to make them."""

from pathlib import Path


def files_in(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, hidden ones included, by path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def put(path: Path, text: str) -> Path:
    """Write a file, and its folders, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
