"""The drawing of a graph, for a document or for a page with several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.escaping.markup import markup_text
from stepgraph.escaping.plain_text import visible
from stepgraph.large_stack import run_with_large_stack
from stepgraph.model.payload import Graph, Node
from stepgraph.model.walk import called_functions, functions_of
from stepgraph.render.folding import BodyTexts
from stepgraph.render.node_text import payload_text
from stepgraph.render.svg.figures.figure import Drawable, Lanes
from stepgraph.render.svg.figures.label import LEGEND
from stepgraph.render.svg.figures.stack import with_end, workflow_figure
from stepgraph.render.svg.fonts import DETAIL, TITLE
from stepgraph.render.svg.identities import BETWEEN, Numbering, slug
from stepgraph.render.svg.layout.nodes import NodeLayout, measure_function
from stepgraph.render.svg.lengths import Length, Variables
from stepgraph.render.svg.pen import Pen
from stepgraph.render.view import NodeContext, View

SCOPE: Final = "stepgraph"
MARGIN: Final = 24
_BETWEEN_FIGURES: Final = 32
_MAX_TITLE_WIDTH: Final = 560


class SvgDrawing(Struct, frozen=True):
    """The lines of a drawing."""

    identity: str
    lines: Sequence[str]
    width: int
    """In pixels."""

    height: Length
    """In pixels; symbolic in a page."""

    nodes: Mapping[str, Node]
    """The drawn nodes by identity."""

    class_name: str

    def document(self, style: Sequence[str] = ()) -> list[str]:
        """Return the lines of the SVG element, with a style sheet unless `style` is empty."""
        width, height = self.width, self.height
        size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        title = f"{self.identity}.title"  # identities of nodes continue with two hyphens
        marks = f'class="{SCOPE}" id="{self.identity}" role="graphics-document document" aria-labelledby="{title}"'
        return [
            f'<svg xmlns="http://www.w3.org/2000/svg" {marks} {size}>',
            f'<title id="{title}">{markup_text(self.class_name)}, the steps of a workflow</title>',
            *(["<style>", *style, "</style>"] if style else []),
            '<rect class="paper" width="100%" height="100%"/>',
            *self.lines,
            "</svg>",
        ]


def draw(
    graph: Graph, view: View, folds: Variables | None = None, suffix: str = "", above: Sequence[Drawable] = ()
) -> SvgDrawing:
    """Return the drawing of a graph. Frames are foldable if `folds` is given.

    `suffix` makes identities unique among the drawings of a page. `above` are drawings between the title and the
    workflow.
    """
    # Figures recurse as deeply as the graph is nested.
    return run_with_large_stack(lambda: _draw(graph, view, folds, suffix, above))


def _draw(graph: Graph, view: View, folds: Variables | None, suffix: str, above: Sequence[Drawable]) -> SvgDrawing:
    workflow = graph["workflow"]
    identity = slug(workflow["class_name"], "workflow") + suffix
    functions = functions_of(workflow)
    layout = NodeLayout(functions, BodyTexts(functions), view, folds)
    title = _title(workflow["class_name"], payload_text(workflow["payload"]) if "payload" in workflow else "")
    figures = [*above, *_figures(graph, layout, identity)]
    width = max([title.width, *(figure.left_extent + figure.right_extent for figure in figures)]) + 2 * MARGIN
    pen = Pen(chains=folds is None)
    pen.text(title.pieces)
    y: Length = MARGIN + title.height
    for index, figure in enumerate(figures):
        # The workflow is centered; other figures are at the left edge.
        room = (
            0 if index != len(above) else max(0, (width - 2 * MARGIN - figure.left_extent - figure.right_extent) // 2)
        )
        pen.open_at(MARGIN + figure.left_extent + room, y)
        figure.draw(pen, Lanes())
        pen.close()
        y = y + figure.height + _BETWEEN_FIGURES
    return SvgDrawing(
        identity, pen.lines, width, y + (MARGIN - _BETWEEN_FIGURES), layout.nodes_by_id, workflow["class_name"]
    )


def _figures(graph: Graph, layout: NodeLayout, identity: str) -> list[Drawable]:
    """Return the workflow, then functions drawn separately, then the legend.

    A function that only folded nodes call is not drawn.
    """
    nodes = layout.stack(graph["workflow"]["nodes"], NodeContext(identity), tail=0)
    figures: list[Drawable] = [workflow_figure(nodes)]
    if layout.functions.keys() - layout.shown:
        figures += _separate_functions(graph, layout, identity)
    return [*figures, LEGEND] if layout.view.legend else figures


def _separate_functions(graph: Graph, layout: NodeLayout, identity: str) -> Iterator[Drawable]:
    """Yield the functions that neither the workflow nor an earlier function shows."""
    called = called_functions(graph["workflow"]["nodes"], layout.functions)
    numbering = Numbering()
    for name, function in layout.functions.items():
        if name not in layout.shown and (name not in called or layout.view.expand == "none"):
            layout.shown.add(name)
            unique = numbering.of(f"{identity}{BETWEEN}function.{slug(name, 'function')}")
            context = NodeContext(unique)
            layout.nodes_by_id[context.identity] = function
            remark = "" if name in called else "never called"
            with layout.open_functions.within(name):
                figure = measure_function(layout, function, f"function {name}", context, remark)
            yield with_end(figure)


class _Title(Struct, frozen=True):
    pieces: Sequence[tuple[str, int, int, str]]
    width: int
    height: int


def _title(name: str, payload: str) -> _Title:
    names = TITLE.wrap(visible(name), _MAX_TITLE_WIDTH, 2)
    details = DETAIL.wrap(visible(payload), _MAX_TITLE_WIDTH, 3) if payload else ()
    pieces: list[tuple[str, int, int, str]] = []
    y = MARGIN - 6
    for text in names:
        y += TITLE.line_height
        pieces.append(("title", MARGIN, y - 5, text))
    for text in details:
        y += DETAIL.line_height
        pieces.append(("detail", MARGIN, y - 1, text))
    return _Title(pieces, max([*map(TITLE.width, names), *map(DETAIL.width, details)]), y - MARGIN + 18)
