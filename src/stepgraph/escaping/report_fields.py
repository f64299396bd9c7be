"""Fields of reports that other programs display: GitHub annotations, SARIF and GitLab reports, and paths in URLs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from stepgraph.escaping.plain_text import visible

_LINK: Final = "]("
_BROKEN_LINK: Final = "] ("
# GitHub does not search a command for further commands. Azure Pipelines finds its commands anywhere in a line.
_FOREIGN_COMMAND: Final = r"##([A-Za-z]++\[)"


def shown_field(*parts: str) -> str:
    """Join the nonempty parts as one line of plain text."""
    return " ".join(visible(part) for part in parts if part)


def sarif_message(*parts: str) -> str:
    """Return plain text like `shown_field`, with links such as `[a](b)` broken."""
    return shown_field(*parts).replace(_LINK, _BROKEN_LINK)


def url_path(path: str) -> str:
    """Return a path as a part of a URL. Its bytes are percent-encoded, except slashes and unreserved characters."""
    return quote(_bytes_of(path), safe="/")


def _bytes_of(path: str) -> bytes:
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:
        # A surrogate that does not represent a byte, from a saved report or another system.
        return path.encode("utf-8", "surrogatepass")


def github_command(name: str, properties: Mapping[str, str], *lines: str) -> str:
    """Return a GitHub workflow command as one line of text. Its message shows each of the `lines` on its own line."""
    options = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {options}::{_data(chr(10).join(map(visible, lines)))}"


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return re.sub(_FOREIGN_COMMAND, r"#\\#\1", escaped) if "##" in escaped else escaped
