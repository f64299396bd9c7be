"""A version graph as a picture: SVG that stands by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stepgraph.model.payload import Graph
from stepgraph.render import trampoline
from stepgraph.render.node_text import payload_text
from stepgraph.render.nodes import all_functions
from stepgraph.render.svg.figures.figure import Figure, Lanes
from stepgraph.render.svg.figures.whole import whole
from stepgraph.render.svg.fonts import DETAIL, TITLE
from stepgraph.render.svg.identities import BETWEEN, slug
from stepgraph.render.svg.pen import Pen, escaped
from stepgraph.render.svg.planning.calls import plan_function
from stepgraph.render.svg.planning.place import Place
from stepgraph.render.svg.planning.planner import NodePlanner
from stepgraph.render.svg.theme import style_sheet
from stepgraph.render.view import DEFAULT_VIEW, View
from stepgraph.render.visible import visible

MARGIN: Final = 24
BETWEEN_FIGURES: Final = 32
WIDEST: Final = 4000
HIGHEST: Final = 12_000
_WIDEST_TITLE: Final = 560
_SCOPE: Final = "stepgraph"


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG document, its size in pixels, and what is to be said of it: a line, or nothing."""

    text: str
    width: int
    height: int

    @property
    def warning(self) -> str:
        """Return what to say of a picture that is too large to be looked at, nothing of others."""
        if self.width <= WIDEST and self.height <= HIGHEST:
            return ""
        return (
            f"the picture is {self.width} by {self.height} pixels, which few will look at:"
            " --depth 2 or --collapse loop,if,function draw less of it."
        )


def render_svg(graph: Graph, view: View = DEFAULT_VIEW) -> Picture:
    """Return the graph as SVG, with nothing in it from outside the document.

    The same graph gives the same bytes. A step more or less changes its own lines, and the sizes of what is around it.
    """
    workflow = graph["workflow"]
    root = slug(workflow["class_name"], "workflow")
    title = _title(workflow["class_name"], payload_text(workflow["payload"]) if "payload" in workflow else "")
    figures = _figures(graph, view, root)
    width = max([title.width, *(figure.left + figure.right for figure in figures)]) + 2 * MARGIN
    pen = Pen()
    y = MARGIN + title.height
    for index, figure in enumerate(figures):
        x = MARGIN + figure.left if index else max(MARGIN + figure.left, (width - figure.right + figure.left) // 2)
        pen.open_at(x, y)
        trampoline.run(figure.draw(pen, Lanes()))
        pen.close()
        y += _known(figure.height) + BETWEEN_FIGURES
    height = y - BETWEEN_FIGURES + MARGIN
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    marks = f'class="{_SCOPE}" id="{root}" role="graphics-document document" aria-labelledby="{root}{BETWEEN}title"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {marks} {size}>',
        f'<title id="{root}{BETWEEN}title">{escaped(workflow["class_name"])}, the steps of a workflow</title>',
        "<style>",
        *style_sheet(view.theme, _SCOPE),
        "</style>",
        '<rect class="paper" width="100%" height="100%"/>',
        *title.lines,
        *pen.lines,
        "</svg>",
        "",
    ]
    return Picture("\n".join(lines), width, height)


def _figures(graph: Graph, view: View, root: str) -> list[Figure]:
    """Return the workflow, then the functions that stand by themselves."""
    workflow = graph["workflow"]
    planner = NodePlanner(all_functions(workflow), view)
    figures: list[Figure] = [whole(trampoline.run(planner.stack(workflow["nodes"], Place(root), tail=0)))]
    for name, function in planner.functions.items():
        if name not in planner.shown:
            planner.shown.add(name)
            title = f"function {name}"
            place = Place(f"{root}{BETWEEN}function.{slug(name, 'function')}")
            figures.append(trampoline.run(plan_function(planner, function, title, place)))
    return figures


@dataclass(frozen=True, slots=True)
class _Title:
    lines: Sequence[str]
    width: int
    height: int


def _title(name: str, payload: str) -> _Title:
    pen = Pen()
    names = TITLE.wrap(visible(name), _WIDEST_TITLE, 2)
    details = DETAIL.wrap(visible(payload), _WIDEST_TITLE, 3) if payload else ()
    y = MARGIN - 6
    pieces: list[tuple[str, int, int, str]] = []
    for text in names:
        y += TITLE.line_height
        pieces.append(("title", MARGIN, y - 5, text))
    for text in details:
        y += DETAIL.line_height
        pieces.append(("detail", MARGIN, y - 1, text))
    pen.text(pieces)
    width = max([*map(TITLE.width, names), *map(DETAIL.width, details)])
    return _Title(pen.lines, width, y - MARGIN + 18)


def _known(length: object) -> int:
    return length if isinstance(length, int) else 0
