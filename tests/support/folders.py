"""What is in a folder."""

from pathlib import Path


def files_in(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, hidden ones included, by path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
