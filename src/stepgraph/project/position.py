"""From a byte offset to the line and column that a person looks for."""

from __future__ import annotations

import codecs

from msgspec import Struct


class Position(Struct, frozen=True):
    """Line and column in characters, both from 1."""

    line: int
    column: int


def position_of(content: bytes, offset: int, encoding: str = "utf-8") -> Position:
    """Return where the byte at `offset` stands. Bytes before it that are no text count as one character each."""
    before = content[:offset].removeprefix(codecs.BOM_UTF8)
    lines = before.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return Position(len(lines), len(lines[-1].decode(encoding, "replace")) + 1)
