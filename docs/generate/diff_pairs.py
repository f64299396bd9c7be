"""The pairs of workflow versions in `fixtures/diff`, with the expected changes.

A pair is one Markdown file, `NAME.md`: a `diff` block with the whole module, and a `text` block with the changes. Pairs
that the documentation uses as files are directories with `before.py`, `after.py` and `changes.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docs.generate.files import ROOT

FOLDER: Final = ROOT / "fixtures" / "diff"
_FILE: Final = re.compile(r"# .+\n\n```diff\n(?P<diff>.*)```\n\n```text\n(?P<changes>.*)```\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DiffPair:
    """Two versions of a module."""

    name: str
    """Name of the file or directory."""
    source: Path
    """The file, or the new version in the directory."""
    before: str
    """The old module."""
    after: str
    """The new module."""
    changes: str
    """The expected lines of `stepgraph diff`, without indentation."""


def diff_pairs() -> Iterator[DiffPair]:
    """Yield all pairs, sorted by name."""
    for path in sorted(FOLDER.iterdir(), key=lambda path: path.stem):
        yield _read_folder(path) if path.is_dir() else _read_file(path)


def diff_pair(name: str) -> DiffPair:
    """Return the pair with a name."""
    folder = FOLDER / name
    return _read_folder(folder) if folder.is_dir() else _read_file(folder.with_suffix(".md"))


def _read_folder(folder: Path) -> DiffPair:
    before, after, changes = (
        (folder / name).read_text(encoding="utf-8") for name in ("before.py", "after.py", "changes.txt")
    )
    return DiffPair(folder.name, folder / "after.py", before, after, changes)


def _read_file(path: Path) -> DiffPair:
    match = _FILE.fullmatch(path.read_text(encoding="utf-8"))
    if match is None:
        raise ValueError(f"{path.name} is not a heading, a block `diff` and a block `text`")
    lines = match["diff"].splitlines(keepends=True)
    before, after = (
        "".join(line[1:] if line[0] in " -+" else line for line in lines if line[0] != omitted) for omitted in "+-"
    )
    return DiffPair(path.stem, path, before, after, match["changes"])
