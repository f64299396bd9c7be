"""Workflow commands of GitHub Actions, as its runner reads them: `::error file=a.py,line=3::message`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from stepgraph.escaping.visible import visible

# GitHub does not search a command for further commands. Azure Pipelines finds its commands anywhere in a line.
_FOREIGN_COMMAND: Final = re.compile(r"##([A-Za-z]++\[)")


def github_command(name: str, properties: Mapping[str, str], *lines: str) -> str:
    """Return a workflow command on one line, with a message of several lines."""
    options = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {options}::{_data(chr(10).join(map(visible, lines)))}"


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return _FOREIGN_COMMAND.sub(r"#\\#\1", escaped) if "##" in escaped else escaped
