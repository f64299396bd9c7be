"""A version graph as a picture: SVG that stands by itself."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.model.payload import Graph
from stepgraph.render.svg.drawing import SCOPE, draw
from stepgraph.render.svg.lengths import value_of
from stepgraph.render.svg.theme import style_sheet
from stepgraph.render.view import DEFAULT_VIEW, View

WIDEST: Final = 4000
HIGHEST: Final = 12_000


class Picture(Struct, frozen=True):
    """An SVG document, and its size in pixels."""

    text: str
    width: int
    height: int

    @property
    def warning(self) -> str:
        """Return what to say of a picture that is too large to be looked at, nothing of others."""
        if self.width <= WIDEST and self.height <= HIGHEST:
            return ""
        return (
            f"the picture is {self.width} by {self.height} pixels, which is more than one can look at."
            " `--depth 2` or `--collapse loop,if,function` draws less of it."
        )


def render_svg(graph: Graph, view: View = DEFAULT_VIEW) -> Picture:
    """Return the graph as SVG, which needs nothing from outside.

    The same graph gives the same bytes. A step more or less changes its own lines, and the sizes of what is around it.
    """
    drawn = draw(graph, view)
    lines = drawn.document(style_sheet(view.theme, SCOPE))
    return Picture("\n".join([*lines, ""]), drawn.width, value_of(drawn.height))
