"""Names of workflow tests: safe to print, and distinct file names of snapshots on every file system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from stepgraph.escaping.file_names import clipped, file_key, numbered
from stepgraph.escaping.plain_text import broken_commands, visible

# Syrupy removes these from file names, and does not find the snapshot again if a test name contains one.
_LEFT_OUT: Final = re.compile(r'[\\/?*:|"<>]')
# In bytes: file systems allow 255, including the suffix and a number.
_MOST_BYTES: Final = 240
_NAMELESS: Final = "workflow"


def names_of_tests(names: Sequence[str]) -> list[str]:
    """Return a unique test name for each name, which is also the file name of its snapshot.

    Names that are safe stay unchanged. Other names are numbered if they would collide.
    """
    safe = [safe_name(name) for name in names]
    unchanged = {file_key(label) for label, name in zip(safe, names, strict=True) if label == name}
    used: set[str] = set()
    unique: list[str] = []
    for label, name in zip(safe, names, strict=True):
        key = file_key(label)
        unique_label = label
        if key in used or (key in unchanged and label != name):
            candidates = numbered(label, "]" if label.endswith("]") else "")
            unique_label = next(each for each in candidates if file_key(each) not in used | unchanged)
        used.add(file_key(unique_label))
        unique.append(unique_label)
    return unique


def safe_name(name: str) -> str:
    """Return a name that is valid for a test and a file."""
    shown = _LEFT_OUT.sub("", visible(name))
    if not shown.isascii():
        shown = "".join(each for each in shown if not unicodedata.category(each).startswith("C"))
    shown = broken_commands(shown, lambda character: f"{character}-")
    if len(shown.encode()) > _MOST_BYTES:
        end = "]" if shown.endswith("]") else ""
        shown = clipped(shown, _MOST_BYTES - 1) + end
    return shown or _NAMELESS
