"""Fields of reports that other programs display: messages and names in SARIF and GitLab reports, paths in URLs."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import quote

from stepgraph.escaping.visible import visible

_LINK: Final = "]("
_BROKEN_LINK: Final = "] ("


def shown_field(*parts: str) -> str:
    """Join the nonempty parts as one line of plain text."""
    return " ".join(visible(part) for part in parts if part)


def sarif_message(*parts: str) -> str:
    """Return plain text like `shown_field`, with links such as `[a](b)` broken."""
    return shown_field(*parts).replace(_LINK, _BROKEN_LINK)


def url_path(path: str) -> str:
    """Return a path as a part of a URL, percent-encoding its bytes except slashes."""
    return quote(_bytes_of(path), safe="/")


def _bytes_of(path: str) -> bytes:
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:
        # A surrogate that does not represent a byte, from a saved report or another system.
        return path.encode("utf-8", "surrogatepass")
