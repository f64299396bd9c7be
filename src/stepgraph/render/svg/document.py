"""SVG documents: one graph, or several drawings on a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from stepgraph.escaping.markup import markup_text
from stepgraph.escaping.plain_text import visible
from stepgraph.model.payload import Graph
from stepgraph.render.svg.drawing import MARGIN, SCOPE, SvgDrawing, draw
from stepgraph.render.svg.fonts import HEADING
from stepgraph.render.svg.lengths import value_of
from stepgraph.render.svg.pen import Pen
from stepgraph.render.svg.theme import style_sheet
from stepgraph.render.view import DEFAULT_VIEW, Theme, View

MAX_WIDTH: Final = 4000
MAX_HEIGHT: Final = 12_000

_MAX_TITLE_WIDTH: Final = 560


class Picture(Struct, frozen=True):
    """An SVG document with its size in pixels."""

    text: str
    width: int
    height: int

    @property
    def warning(self) -> str:
        """A warning about a picture that is too large to view; empty for others."""
        if self.width <= MAX_WIDTH and self.height <= MAX_HEIGHT:
            return ""
        return (
            f"the picture is {self.width} by {self.height} pixels, which is more than one can look at."
            " `--depth 2` or `--collapse loop,if,function` draws less of it."
        )


def render_svg(graph: Graph, view: View = DEFAULT_VIEW) -> Picture:
    """Return the graph as a self-contained SVG document.

    Equal graphs give equal bytes. Adding a step changes its own lines and the sizes of the figures around it.
    """
    drawing = draw(graph, view)
    lines = drawing.document(style_sheet(view.theme, SCOPE))
    return Picture("\n".join([*lines, ""]), drawing.width, value_of(drawing.height))


def render_sheet(drawings: Sequence[SvgDrawing], title: str, theme: Theme) -> Picture:
    """Return an SVG document with drawings below each other, in the colors of marks.

    Without drawings, the document shows only its title.
    """
    title_lines = [] if drawings else HEADING.wrap(visible(title), _MAX_TITLE_WIDTH, 4)
    width = max(
        [0, *(drawing.width for drawing in drawings), *(HEADING.width(line) + 2 * MARGIN for line in title_lines)]
    )
    height = sum(value_of(drawing.height) for drawing in drawings)
    height += len(title_lines) * HEADING.line_height + 2 * MARGIN if title_lines else 0
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
    pen.text(("heading", MARGIN, MARGIN + n * HEADING.line_height - 4, text) for n, text in enumerate(title_lines, 1))
    lines += pen.lines if title_lines else []
    y = 0
    for drawing in drawings:
        name = markup_text(drawing.class_name)
        lines += [
            f'<g id="{drawing.identity}" transform="translate(0 {y})"><title>{name}</title>',
            *drawing.lines,
            "</g>",
        ]
        y += value_of(drawing.height)
    return Picture("\n".join([*lines, "</svg>", ""]), width, height)
