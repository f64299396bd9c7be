"""The line in which a source says how it is encoded (PEP 263)."""

from __future__ import annotations

import re

from msgspec import Struct

_DECLARATION = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK_OR_COMMENT = re.compile(rb"^[ \t\f]*(?:#.*)?$")
_LINE_BREAK = re.compile(rb"\r\n|\r|\n")


class CodingLine(Struct, frozen=True):
    """The encoding that a source names, as written, and the byte offset of that name."""

    encoding: str
    offset: int


def coding_line(content: bytes) -> CodingLine | None:
    """Return the coding line of a source: one of the first two lines, the second only below a comment or nothing."""
    start = 3 if content.startswith(b"\xef\xbb\xbf") else 0
    for _ in range(2):
        end = _LINE_BREAK.search(content, start)
        line = content[start : end.start()] if end else content[start:]
        declared = _DECLARATION.match(line)
        if declared:
            return CodingLine(declared[1].decode("ascii"), start + declared.start(1))
        if end is None or not _BLANK_OR_COMMENT.match(line):
            return None
        start = end.end()
    return None
