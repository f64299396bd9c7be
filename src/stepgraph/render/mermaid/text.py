"""Text of the source in Mermaid. It reaches labels only, each in quotes, with all by its number that may be markup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stepgraph.escaping.diagrams import mermaid_line
from stepgraph.render.label_lines import label_lines

# Mermaid breaks lines of its own accord where they are wider than these are in its usual font.
LINE_WIDTH: Final = 28


def mermaid_label(texts: Sequence[str]) -> str:
    """Return these texts one below the other, to be put in quotes; a space if there is nothing to show."""
    return "<br/>".join(mermaid_line(line) or " " for line in label_lines(texts, LINE_WIDTH)) or " "
