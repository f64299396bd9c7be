"""Fields of reports that other programs show: messages and names of SARIF and GitLab, paths in URLs."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import quote

from stepgraph.escaping.visible import visible

_LINK: Final = "]("
_BROKEN_LINK: Final = "] ("


def shown_field(*parts: str) -> str:
    """Return the parts that are not empty as one line of plain text."""
    return " ".join(visible(part) for part in parts if part)


def sarif_message(*parts: str) -> str:
    """Return plain text as `shown_field` does. `[a](b)` in it is no link."""
    return shown_field(*parts).replace(_LINK, _BROKEN_LINK)


def url_path(path: str) -> str:
    """Return a path as a part of a URL: the bytes of its name, in which only slashes stay."""
    return quote(_bytes_of(path), safe="/")


def _bytes_of(path: str) -> bytes:
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:
        # Half of a character that stands for no byte, as only a saved report or another system can have.
        return path.encode("utf-8", "surrogatepass")
