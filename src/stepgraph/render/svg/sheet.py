"""Several drawings on one sheet, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stepgraph.escaping.markup import markup_text
from stepgraph.escaping.visible import visible
from stepgraph.render.svg.document import Picture
from stepgraph.render.svg.drawing import MARGIN, SCOPE, Drawn
from stepgraph.render.svg.fonts import HEADING
from stepgraph.render.svg.lengths import value_of
from stepgraph.render.svg.pen import Pen
from stepgraph.render.svg.theme import style_sheet
from stepgraph.render.view import Theme

_WIDEST_TITLE: Final = 560


def render_sheet(drawings: Sequence[Drawn], title: str, theme: Theme) -> Picture:
    """Return an SVG document with these drawings, whose marks have colours; without any, its title is all it says."""
    lone_title = [] if drawings else HEADING.wrap(visible(title), _WIDEST_TITLE, 4)
    width = max([0, *(drawn.width for drawn in drawings), *(HEADING.width(line) + 2 * MARGIN for line in lone_title)])
    height = sum(value_of(drawn.height) for drawn in drawings)
    height += len(lone_title) * HEADING.line_height + 2 * MARGIN if lone_title else 0
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{SCOPE}" role="graphics-document document" {size}>',
        f"<title>{markup_text(title)}</title>",
        "<style>",
        *style_sheet(theme, SCOPE, marked=True),
        "</style>",
        '<rect class="paper" width="100%" height="100%"/>',
    ]
    pen = Pen()
    pen.text(("heading", MARGIN, MARGIN + n * HEADING.line_height - 4, text) for n, text in enumerate(lone_title, 1))
    lines += pen.lines if lone_title else []
    y = 0
    for drawn in drawings:
        name = markup_text(drawn.class_name)
        lines += [f'<g id="{drawn.identity}" transform="translate(0 {y})"><title>{name}</title>', *drawn.lines, "</g>"]
        y += value_of(drawn.height)
    return Picture("\n".join([*lines, "</svg>", ""]), width, height)
