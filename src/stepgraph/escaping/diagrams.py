"""Lines of labels in DOT and in Mermaid. They are to be put in quotes there."""

from __future__ import annotations

import re
from typing import Final

from stepgraph.escaping.character_numbers import MERMAID, number_of, without_markup
from stepgraph.escaping.log_lines import broken_commands
from stepgraph.escaping.visible import visible

# Mermaid writes the first two for `&` and `;` while it works, and replaces all that it finds. It takes the third for
# the end of a line where a label has several. A joiner, by its number, keeps those of the source apart.
_PLACEHOLDER: Final = re.compile(r"(?<=ﬂ)(?=°)|(?<=¶)(?=ß)|(?<=#92;)(?=n)")
_JOINER: Final = number_of("\u200d", MERMAID)


def dot_line(line: str) -> str:
    """Return a line for a string of DOT, in which no escape sequence, entity or command of a log is left.

    What is quoted so must not be taken for HTML: `graphviz.nohtml` says that.
    """
    safe = visible(line).replace("&", "&amp;").replace("\\", "\\\\")
    return broken_commands(safe, number_of)


def mermaid_line(line: str) -> str:
    """Return a line for a string of Mermaid, in which nothing is markup."""
    escaped = without_markup(visible(line), MERMAID)
    return _PLACEHOLDER.sub(_JOINER, escaped)
