"""File names made from names of workflows, safe and distinct on every operating system, and file names in patches."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from itertools import count
from typing import Final

from stepgraph.escaping.plain_text import visible, without_commands_within

# ASCII characters without a meaning in shells, file systems and URLs are safe, and so are non-ASCII ones but spaces.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._\-\u00a1-\U0010ffff]|[\u1680\u2000-\u200d\u202f\u205f\u3000]")
_DASHES: Final = re.compile(r"-{2,}")
# Device names of Windows, which ignores everything after the first dot.
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)
_NAMELESS: Final = "workflow"
# File systems allow 255 bytes, including the class name, a number and the suffix.
_MAX_BYTES: Final = 100
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
    13: "\\r",
}


def safe_stem(name: str) -> str:
    """Return a safe file name stem that resembles a name and has at most 101 bytes of UTF-8."""
    # `visible` replaces invisible characters with escapes, whose backslashes are unsafe here.
    plain = unicodedata.normalize("NFC", _DASHES.sub("-", _UNSAFE.sub("-", visible(name))))
    stem = clipped(plain.strip("-."), _MAX_BYTES).rstrip("-.") or _NAMELESS
    return f"_{stem}" if _RESERVED.match(stem) else stem


def clipped(name: str, most_bytes: int) -> str:
    """Return the longest prefix of a name with at most `most_bytes` bytes of UTF-8."""
    return name.encode()[:most_bytes].decode(errors="ignore")


def file_key(name: str) -> str:
    """Return a key that is equal for names that a case-insensitive, normalizing file system treats as equal."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def numbered(name: str, end: str = "") -> Iterator[str]:
    """Yield the name, then the name with `-2`, `-3` and so on before its suffix `end`."""
    begin = name.removesuffix(end)
    yield name
    for number in count(2):
        yield f"{begin}-{number}{end}"


def patch_name(name: str) -> str:
    r"""Return a file name for the header of a patch, quoted as in git if necessary: `"a/x\ny\303"`.

    An unquoted name with spaces is followed by a tab, because `patch` would otherwise read only its first word.
    """
    if '"' in name or "\\" in name or without_commands_within(visible(name)) != name:
        return f'"{"".join(map(_patch_byte, os.fsencode(name)))}"'
    return f"{name}\t" if any(map(str.isspace, name)) else name


def _patch_byte(byte: int) -> str:
    if byte in _PRINTABLE:
        return chr(byte)
    return _ESCAPES.get(byte) or f"\\{byte:03o}"
