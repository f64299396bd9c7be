"""Shapes of event payloads as text."""

from __future__ import annotations

import json
import re

from stepgraph.model.payload import ObjectShape, Shape

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def shape_text(shape: Shape) -> str:
    """Return a shape on one line: `{order: {id, lines}, note}`."""
    pieces: list[str] = []
    pending: list[str | Shape] = [shape]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            pieces.append(part)
        elif part["type"] == "object":
            pending.extend(reversed(_object_parts(part)))
        else:
            pieces.append("unknown")
    return "".join(pieces)


def _object_parts(shape: ObjectShape) -> list[str | Shape]:
    parts: list[str | Shape] = ["{"]
    for name, field in shape["fields"].items():
        parts += [", " if len(parts) > 1 else "", _key_text(name)]
        if field["type"] == "object":
            parts += [": ", field]
    return [*parts, "}"]


def _key_text(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
