"""Compare generated files with those in the repository, and write the outdated ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Directories with generated files only.
FOLDERS = ("docs/gallery", "docs/reference/rules", "docs/schema", "docs/skills")


def out_of_date(files: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Return the sorted paths of missing and outdated files. `files` are contents by path, relative to `root`."""
    return sorted(path for path, text in files.items() if not _has_content(root / path, text))


def obsolete(files: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Return the sorted paths of files in generated directories that are not generated any more."""
    existing = (file for folder in FOLDERS for file in (root / folder).rglob("*") if file.is_file())
    return sorted({file.relative_to(root).as_posix() for file in existing} - set(files))


def write(files: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Write missing and outdated files, and return their paths."""
    changed = out_of_date(files, root)
    for path in changed:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(files[path].encode())
    return changed


def _has_content(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()
