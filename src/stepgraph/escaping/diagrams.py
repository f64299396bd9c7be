"""Lines of quoted labels in DOT and Mermaid."""

from __future__ import annotations

import re
from typing import Final

from stepgraph.escaping.character_numbers import MERMAID, number_of, without_markup
from stepgraph.escaping.log_lines import broken_commands
from stepgraph.escaping.visible import visible

# Mermaid uses the first two internally for `&` and `;`, and replaces every occurrence. It reads the third as a line
# break in labels of several lines. A joiner, as a character reference, separates the characters of such a sequence in a
# source.
_PLACEHOLDER: Final = re.compile(r"(?<=ﬂ)(?=°)|(?<=¶)(?=ß)|(?<=#92;)(?=n)")
_JOINER: Final = number_of("\u200d", MERMAID)


def dot_line(line: str) -> str:
    """Return a line for a string of DOT, without escape sequences, entities and commands of a log.

    Pass the quoted string through `graphviz.nohtml`, so that it is not read as HTML.
    """
    safe = visible(line).replace("&", "&amp;").replace("\\", "\\\\")
    return broken_commands(safe, number_of)


def mermaid_line(line: str) -> str:
    """Return a line for a string of Mermaid, without markup."""
    escaped = without_markup(visible(line), MERMAID)
    return _PLACEHOLDER.sub(_JOINER, escaped)
