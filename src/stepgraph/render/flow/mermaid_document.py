"""The file that Mermaid is written to: the diagram itself, or Markdown around several pieces."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.escaping.markdown import fenced, heading
from stepgraph.escaping.visible import visible
from stepgraph.model.payload import FunctionDef, Graph, Node
from stepgraph.model.walk import called_functions, functions_of, levels
from stepgraph.render.flow.chart import Chart
from stepgraph.render.flow.flow_chart import flow_charts, function_chart, workflow_chart
from stepgraph.render.flow.mermaid import excess, mermaid_chart
from stepgraph.render.outline.outline import render_outline
from stepgraph.render.view import DEFAULT_VIEW, View

PieceKind: TypeAlias = Literal["mermaid", "outline"]


class MermaidPiece(Struct, frozen=True):
    """A diagram, or the outline in place of one; the title may hold source text."""

    title: str
    kind: PieceKind
    text: str


class MermaidDrawing(Struct, frozen=True):
    """A graph in one piece or several, and messages for people: what was done to it for the limits, and why."""

    pieces: tuple[MermaidPiece, ...]
    messages: tuple[str, ...] = ()


def render_mermaid(graph: Graph, view: View = DEFAULT_VIEW) -> MermaidDrawing:
    """Return the graph as Mermaid. Of the view, it heeds what is folded."""
    workflow = _whole(graph, lambda view: flow_charts(graph, view))
    functions = graph["workflow"]["functions"]
    whole = workflow.charts(view)
    too_large = excess(whole)
    if not too_large:
        return MermaidDrawing((_diagram(workflow.title, whole),))
    if not functions:
        return _fitted(workflow, view)
    parts = [_fitted(part, view) for part in _parts(graph)]
    split = f"{visible(workflow.title)}: {too_large}, so that each of its functions has a diagram of its own."
    return _together([MermaidDrawing((), (split,)), *parts])


class _Part(Struct, frozen=True):
    """What has a diagram of its own: a workflow or a function, its nodes, and the least depth that shows it.

    `as_graph` makes a graph of it, with the functions that it calls.
    """

    title: str
    nodes: Sequence[Node]
    as_graph: Callable[[], Graph]
    charts: Callable[[View], Sequence[Chart]]
    least_depth: int = 1


def _whole(graph: Graph, charts: Callable[[View], Sequence[Chart]]) -> _Part:
    workflow = graph["workflow"]
    return _Part(workflow["class_name"], workflow["nodes"], lambda: graph, charts)


def _parts(graph: Graph) -> Iterator[_Part]:
    yield _whole(graph, lambda view: [workflow_chart(graph, view)])
    for index, function in enumerate(graph["workflow"]["functions"].values()):
        yield _function_part(graph, function, index)


def _function_part(graph: Graph, function: FunctionDef, index: int) -> _Part:
    return _Part(
        f"{graph['workflow']['class_name']} · {function['name']}",
        function["nodes"],
        lambda: _function_graph(graph, function),
        lambda view: [function_chart(function, index, view)],
        least_depth=2,
    )


def _function_graph(graph: Graph, function: FunctionDef) -> Graph:
    functions = functions_of(graph["workflow"])
    called = called_functions(function["nodes"], functions)
    return {
        "version": graph["version"],
        "workflow": {
            "class_name": function["name"],
            "functions": {name: functions[name] for name in functions if name in called},
            "nodes": function["nodes"],
        },
    }


def _fitted(part: _Part, view: View) -> MermaidDrawing:
    """Return a part as it is, or else folded as little as the limits allow, or else as an outline."""
    charts = part.charts(view)
    too_large = excess(charts)
    if not too_large:
        return MermaidDrawing((_diagram(part.title, charts),))
    depths = _depths(part, view)
    # What is folded less is larger, as good as always; were it once not, a depth that fits is found all the same.
    fitting = bisect_left(depths, 1, key=lambda depth: excess(part.charts(_folded(view, depth))) != "")
    if fitting:
        depth = depths[fitting - 1]
        diagram = _diagram(f"{part.title} (folded to depth {depth})", part.charts(_folded(view, depth)))
        done = f"it is folded to depth {depth}: choose another with `--depth`, or draw all of it with `-f svg`."
        return MermaidDrawing((diagram,), (f"{visible(part.title)}: {too_large}, so that {done}",))
    outline = MermaidPiece(part.title, "outline", render_outline(part.as_graph(), view, colour=False))
    done = "an outline stands in its context: draw all of it with `-f svg`."
    return MermaidDrawing((outline,), (f"{visible(part.title)}: {too_large}, so that {done}",))


def _depths(part: _Part, view: View) -> range:
    """Return the depths that fold more than the view does, and still show something."""
    deepest = levels(part.nodes) + part.least_depth - 1
    if view.folding.depth is not None:
        deepest = min(deepest, view.folding.depth - 1)
    return range(part.least_depth, deepest + 1)


def _folded(view: View, depth: int) -> View:
    return replace(view, folding=replace(view.folding, depth=depth))


def _diagram(title: str, charts: Sequence[Chart]) -> MermaidPiece:
    return MermaidPiece(title, "mermaid", mermaid_chart(charts))


def _together(drawings: list[MermaidDrawing]) -> MermaidDrawing:
    return MermaidDrawing(
        tuple(piece for drawing in drawings for piece in drawing.pieces),
        tuple(message for drawing in drawings for message in drawing.messages),
    )


_LANGUAGES: Final[dict[PieceKind, str]] = {"mermaid": "mermaid", "outline": "text"}


def mermaid_document(pieces: Sequence[MermaidPiece], *, in_markdown: bool = False) -> str:
    """Return one diagram as it is, and all else as Markdown: each piece with its title, in a block of code.

    The pieces may be those of several workflows. One diagram is Markdown too where it is to stand `in_markdown`. The
    text ends in a line break.
    """
    if is_one_diagram(pieces) and not in_markdown:
        return pieces[0].text
    return "\n".join(_section(piece) for piece in pieces)


def is_one_diagram(pieces: Sequence[MermaidPiece]) -> bool:
    """Tell whether the document is Mermaid, which is to be named `.mmd`, and not Markdown, `.md`."""
    return len(pieces) == 1 and pieces[0].kind == "mermaid"


def _section(piece: MermaidPiece) -> str:
    return f"## {heading(piece.title)}\n\n{fenced(piece.text, _LANGUAGES[piece.kind])}"
