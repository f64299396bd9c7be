"""Workflow commands of GitHub Actions, as its runner reads them: `::error file=a.py,line=3::message`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from stepgraph.escaping.visible import visible

# A line that is a command of GitHub is searched for no other. Azure Pipelines finds its own anywhere.
_FOREIGN_COMMAND: Final = re.compile(r"##([A-Za-z]++\[)")


def github_command(name: str, properties: Mapping[str, str], *lines: str) -> str:
    """Return a command on one line; its message has these lines."""
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {told}::{_data(chr(10).join(map(visible, lines)))}"


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return _FOREIGN_COMMAND.sub(r"#\\#\1", escaped) if "##" in escaped else escaped
