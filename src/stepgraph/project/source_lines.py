"""The lines of a source, as people and places in it count them."""

from __future__ import annotations

import re
from typing import Final

from stepgraph.project.coding_line import coding_line

_LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")


def source_lines(content: bytes) -> tuple[str, ...]:
    """Return the lines of a file, without their ends. What is no text of its encoding becomes replacement marks."""
    return tuple(_LINE_BREAK.split(_decoded(content)))


def _decoded(content: bytes) -> str:
    declared = coding_line(content)
    try:
        return content.decode("utf-8-sig" if declared is None else declared.encoding, "replace").removeprefix("\ufeff")
    except (LookupError, UnicodeError):
        return content.decode("utf-8-sig", "replace")
