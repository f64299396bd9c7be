"""Names of tests of workflows: safe to print, and each with a snapshot of its own on every file system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from stepgraph.escaping.file_names import clipped, file_key, numbered
from stepgraph.escaping.log_lines import broken_commands
from stepgraph.escaping.visible import visible

# What syrupy leaves out of names of files. Where a test has it in its name, syrupy does not find the snapshot again.
_LEFT_OUT: Final = re.compile(r'[\\/?*:|"<>]')
# In bytes: file systems take 255, of which the suffix and a number need some.
_MOST_BYTES: Final = 240
_NAMELESS: Final = "workflow"


def names_of_tests(names: Sequence[str]) -> list[str]:
    """Return a name for each test, which is that of its snapshot's file too; those that would share it are numbered.

    A name that can stay as it is, does, whatever stands before it.
    """
    safe = [safe_name(name) for name in names]
    unchanged = {file_key(one) for one, name in zip(safe, names, strict=True) if one == name}
    taken: set[str] = set()
    unique: list[str] = []
    for one, name in zip(safe, names, strict=True):
        key = file_key(one)
        if key in taken or (key in unchanged and one != name):
            candidates = numbered(one, "]" if one.endswith("]") else "")
            one = next(each for each in candidates if file_key(each) not in taken | unchanged)  # noqa: PLW2901
        taken.add(file_key(one))
        unique.append(one)
    return unique


def safe_name(name: str) -> str:
    """Return a name that can be that of a test and of a file."""
    shown = _LEFT_OUT.sub("", visible(name))
    if not shown.isascii():
        shown = "".join(each for each in shown if not unicodedata.category(each).startswith("C"))
    shown = broken_commands(shown, lambda character: f"{character}-")
    if len(shown.encode()) > _MOST_BYTES:
        end = "]" if shown.endswith("]") else ""
        shown = clipped(shown, _MOST_BYTES - 1) + end
    return shown or _NAMELESS
