"""Text in XML and HTML: content, attributes, and data for a script."""

from __future__ import annotations

import json
import re
from typing import Final

from stepgraph.escaping.character_numbers import number_of
from stepgraph.escaping.json_strings import without_commands_in_json
from stepgraph.escaping.log_lines import broken_commands
from stepgraph.escaping.visible import visible

_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
# What ends a script element or begins a comment in it.
_ACTIVE: Final = re.compile("[<>&]")


def markup_text(text: str) -> str:
    """Return text as content or attribute of XML or HTML, on one line, without anything that acts."""
    return without_commands_in_markup(visible(text).translate(_ENTITIES))


def without_commands_in_markup(markup: str) -> str:
    """Return XML or HTML that means the same, in which no runner finds a command."""
    return broken_commands(markup, number_of)


def script_data(data: object) -> str:
    """Return JSON that can stand in a `script` element: nothing in it ends that, or begins a comment."""
    text = without_commands_in_json(json.dumps(data, ensure_ascii=True, separators=(",", ":")))
    return _ACTIVE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
