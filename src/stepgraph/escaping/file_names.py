"""Names of files made of names of workflows: safe on every system, and told apart on every system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import count
from typing import Final

from stepgraph.escaping.visible import visible

# Of ASCII, what means nothing to a shell, a file system or a URL; of the rest, all but spaces.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._\-\u00a1-\U0010ffff]|[\u1680\u2000-\u200d\u202f\u205f\u3000]")
_DASHES: Final = re.compile(r"-{2,}")
# Windows takes these for devices, whatever follows the first dot.
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)
_NAMELESS: Final = "workflow"
# File systems allow 255 bytes; the class name, a number and the suffix have to find room too.
_MOST_BYTES: Final = 100


def safe_stem(name: str) -> str:
    """Return the stem of a file name for a name, not unlike it and at most 100 bytes long."""
    # What is invisible is spelled out by `visible`, with characters that are unsafe here.
    plain = unicodedata.normalize("NFC", _DASHES.sub("-", _UNSAFE.sub("-", visible(name))))
    stem = clipped(plain.strip("-."), _MOST_BYTES).rstrip("-.") or _NAMELESS
    return f"_{stem}" if _RESERVED.match(stem) else stem


def clipped(name: str, most_bytes: int) -> str:
    """Return the beginning of a name that takes at most so many bytes of UTF-8."""
    return name.encode()[:most_bytes].decode(errors="ignore")


def file_key(name: str) -> str:
    """Return what names have in common that are one to a file system that folds case and composed letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def numbered(name: str, end: str = "") -> Iterator[str]:
    """Yield the name, which has this end, then the name with 2, 3 and so on before the end."""
    begin = name.removesuffix(end)
    yield name
    for number in count(2):
        yield f"{begin}-{number}{end}"
