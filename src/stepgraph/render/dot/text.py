"""Text of the source in DOT. It reaches labels and tooltips only, made visible and escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stepgraph.escaping.diagrams import dot_line
from stepgraph.escaping.visible import visible
from stepgraph.render.cells import cell_width
from stepgraph.render.label_lines import label_lines

LINE_WIDTH: Final = 32
TITLE_WIDTH: Final = 72
LONGEST_TOOLTIP: Final = 10_000
# Graphviz refuses words of more than 16 KB; the longest of a character, `&amp;`, takes five bytes.
MOST_BYTES: Final = 16_000
BYTES_OF_A_CHARACTER: Final = 5
# Half the width of a wide letter at the size of our font, and what stands at both sides of a label, in inches.
CELL: Final = 0.085
MARGINS: Final = 0.35


def box_text(texts: Sequence[str]) -> dict[str, str]:
    """Return a label with these texts one below the other, and a tooltip where it could not hold them whole."""
    lines = label_lines(texts, LINE_WIDTH)
    return {"label": _escaped(lines), **_tooltip(texts, lines), **_room_for_wide_letters(lines)}


def title_text(texts: Sequence[str]) -> dict[str, str]:
    """Return the like for the graph, which is wider; an empty line keeps it off what is below."""
    lines = label_lines(texts, TITLE_WIDTH)
    return {"label": _escaped([*lines, ""]), **_tooltip(texts, lines)}


def frame_text(text: str) -> dict[str, str]:
    """Return the like for a frame, with a tooltip in any case: else it would have that of the frame around it."""
    return {"label": _escaped(label_lines([text], LINE_WIDTH)), "tooltip": _escaped([_told(text)])}


def arrow_text(text: str) -> dict[str, str]:
    """Return the like for an arrow, the label kept off the line by spaces."""
    lines = label_lines([text], LINE_WIDTH)
    return {"label": _escaped([f" {line} " for line in lines]), **_tooltip([text], lines)} if text else {}


def _escaped(lines: Sequence[str]) -> str:
    """Return lines in which nothing is a place holder, an entity or HTML."""
    from graphviz import nohtml

    return nohtml("\\n".join(map(dot_line, lines)))


def _tooltip(texts: Sequence[str], lines: Sequence[str]) -> dict[str, str]:
    full = [_told(text) for text in texts]
    return {} if lines == full else {"tooltip": _escaped(full)}


def _told(text: str) -> str:
    """Return a text whole, unless it is longer than anyone reads and Graphviz takes."""
    told = visible(text)
    if len(told) <= LONGEST_TOOLTIP and len(_escaped([told]).encode()) <= MOST_BYTES:
        return told
    return f"{told[: MOST_BYTES // BYTES_OF_A_CHARACTER]}…"


def _room_for_wide_letters(lines: Sequence[str]) -> dict[str, str]:
    """Return a width for labels that have them: renderers with fixed metrics take all letters for narrow ones."""
    if all(cell_width(line) <= len(line) for line in lines):
        return {}
    return {"width": f"{max(map(cell_width, lines)) * CELL + MARGINS:.2f}"}
