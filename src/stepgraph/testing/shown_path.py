"""Paths in what tests are told."""

from __future__ import annotations

from pathlib import Path


def shown_path(path: Path) -> str:
    """Return a path as it is best read: from the working directory, if it is in there."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)
