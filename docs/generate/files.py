"""Files that are made from something else: which of them are out of date, and writing these."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What is in them and is not made is left over.
FOLDERS = ("docs/gallery", "docs/schema")


def out_of_date(files: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Return, sorted, the paths of what is not there, or not as it should be; of texts by their paths from `root`."""
    return sorted(path for path, text in files.items() if not _holds(root / path, text))


def left_over(files: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Return, sorted, the paths of what is in folders of files that are made, and is none of these."""
    found = (file for folder in FOLDERS for file in (root / folder).rglob("*") if file.is_file())
    return sorted({file.relative_to(root).as_posix() for file in found} - set(files))


def write(files: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Write what is out of date, and return the paths of that."""
    changed = out_of_date(files, root)
    for path in changed:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(files[path].encode())
    return changed


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()
