"""Labels of diagrams that others lay out: text made visible, broken into lines, cut where it is too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stepgraph.escaping.visible import visible
from stepgraph.render.cells import wrap

MOST_LINES: Final = 3


def label_lines(texts: Sequence[str], width: int) -> list[str]:
    """Return the texts one below the other, each in at most three lines of `width` cells."""
    return [line for text in texts for line in wrap(visible(text), width, MOST_LINES)]
