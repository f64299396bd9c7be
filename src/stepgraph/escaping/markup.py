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
# These can end a script element or start a comment in it.
_ACTIVE: Final = re.compile("[<>&]")


def markup_text(text: str) -> str:
    """Escape text as content or attribute of XML or HTML, on one line."""
    return without_commands_in_markup(visible(text).translate(_ENTITIES))


def without_commands_in_markup(markup: str) -> str:
    """Return equivalent XML or HTML without commands for CI runners."""
    return broken_commands(markup, number_of)


def script_data(data: object) -> str:
    """Return JSON that is safe in a `script` element: it neither ends the element nor starts a comment."""
    text = without_commands_in_json(json.dumps(data, ensure_ascii=True, separators=(",", ":")))
    return _ACTIVE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
