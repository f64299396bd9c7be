"""Patches: file names as `git apply` and `patch` read them, and lines for people to read."""

from __future__ import annotations

import os
from typing import Final

from stepgraph.escaping.log_lines import without_commands, without_commands_within
from stepgraph.escaping.visible import visible

_PRINTABLE: Final = frozenset(range(0x20, 0x7F)) - set(b'"\\#')
_ESCAPES: Final = {
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    7: "\\a",
    8: "\\b",
    9: "\\t",
    10: "\\n",
    11: "\\v",
    12: "\\f",
} | {13: "\\r"}


def patch_name(name: str) -> str:
    r"""Return a file name for the header of a patch, quoted like git if necessary: `"a/x\ny\303"`.

    A name with spaces is followed by a tab, as `patch` would otherwise read only its first word.
    """
    if '"' in name or "\\" in name or without_commands_within(visible(name)) != name:
        return f'"{"".join(map(_quoted, os.fsencode(name)))}"'
    return f"{name}\t" if any(map(str.isspace, name)) else name


def readable_patch_line(line: str) -> str:
    """Escape a line of a patch, without line feed, for a terminal or a log. Tabs and carriage returns stay."""
    end = "\r" if line.endswith("\r") else ""
    return without_commands("\t".join(map(visible, line.removesuffix("\r").split("\t")))) + end


def _quoted(byte: int) -> str:
    if byte in _PRINTABLE:
        return chr(byte)
    return _ESCAPES.get(byte) or f"\\{byte:03o}"
