"""A version graph as Mermaid, in as many diagrams as necessary, optionally in Markdown.

GitHub and other sites limit the size of Mermaid diagrams. A graph that exceeds a limit is split, then folded. The last
resort is an outline.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.escaping.markdown import fenced, heading, html_code, prose
from stepgraph.escaping.plain_text import visible
from stepgraph.model.walk import called_functions, functions_of, levels
from stepgraph.phrases import counted
from stepgraph.render.flow.chart import Chart
from stepgraph.render.flow.flow_chart import flow_charts, function_chart, workflow_chart
from stepgraph.render.flow.mermaid import excess, mermaid_chart, utf16_length
from stepgraph.render.folding import CallExpansion
from stepgraph.render.outline import render_outline
from stepgraph.render.view import DEFAULT_VIEW, View

if TYPE_CHECKING:
    from stepgraph.model.payload import FunctionDef, Graph, Node

PieceKind: TypeAlias = Literal["mermaid", "outline"]

_LANGUAGES: Final[dict[PieceKind, str]] = {"mermaid": "mermaid", "outline": "text"}

MAX_LENGTH: Final = 65_000
"""Maximum length of Markdown in characters. GitHub allows 65,536 in comments, and one megabyte in job summaries."""

NOTES_LENGTH: Final = 500
"""Length in characters that documents reserve for notes about omitted parts."""

_MIN_DIAGRAM_LENGTH: Final = 500
"""If less space remains, no diagrams are drawn."""


class MermaidPiece(Struct, frozen=True):
    """A diagram, or an outline in its place. The title may contain source text."""

    title: str
    kind: PieceKind
    text: str


class MermaidDrawing(Struct, frozen=True):
    """A graph in one or more pieces."""

    pieces: tuple[MermaidPiece, ...]
    messages: tuple[str, ...] = ()
    """How and why the graph was split, folded or replaced by an outline."""


def render_mermaid(graph: Graph, view: View = DEFAULT_VIEW) -> MermaidDrawing:
    """Return the graph as Mermaid.

    All options of the view except the theme and the legend apply.
    """
    title = view.title_of(graph["workflow"])
    workflow = _whole(graph, title, lambda view: flow_charts(graph, view))
    whole = workflow.charts(view)
    too_large = excess(whole)
    if not too_large:
        return MermaidDrawing((_mermaid_piece(workflow.title, whole),))
    if not functions_of(graph["workflow"]):
        return _fitted(workflow, view)
    main, *functions = _parts(graph, title)
    parts = [_fitted(main, view), *(_fitted(part, replace(view, state="")) for part in functions)]
    split = f"{visible(workflow.title)}: {too_large}, so each of its functions has its own diagram."
    return _together([MermaidDrawing((), (split,)), *parts])


class _DiagramPart(Struct, frozen=True):
    """A workflow or function that can have its own diagram."""

    title: str
    nodes: Sequence[Node]
    as_graph: Callable[[], Graph]
    """Returns a graph of the part with the functions that it calls."""

    charts: Callable[[View], Sequence[Chart]]
    """Returns the charts of the part."""

    least_depth: int = 1
    """The minimum depth of folding at which the part shows its nodes."""


def _whole(graph: Graph, title: str, charts: Callable[[View], Sequence[Chart]]) -> _DiagramPart:
    workflow = graph["workflow"]
    return _DiagramPart(title, workflow["nodes"], lambda: graph, charts)


def _parts(graph: Graph, title: str) -> Iterator[_DiagramPart]:
    """Yield the workflow and each of its functions as separate parts, none expanded at its calls."""
    functions = functions_of(graph["workflow"])
    yield _whole(graph, title, lambda view: [workflow_chart(graph, _unexpanded(functions), view)])
    for index, function in enumerate(functions.values()):
        yield _function_part(graph, title, functions, function, index)


def _unexpanded(functions: Mapping[str, FunctionDef]) -> CallExpansion:
    return CallExpansion(functions, "none")


def _function_part(
    graph: Graph, title: str, functions: Mapping[str, FunctionDef], function: FunctionDef, index: int
) -> _DiagramPart:
    return _DiagramPart(
        f"{title} · {function['name']}",
        function["nodes"],
        lambda: _function_graph(graph, functions, function),
        lambda view: [function_chart(function, index, _unexpanded(functions), view)],
        least_depth=2,
    )


def _function_graph(graph: Graph, functions: Mapping[str, FunctionDef], function: FunctionDef) -> Graph:
    called = called_functions(function["nodes"], functions)
    return {
        "version": graph["version"],
        "workflow": {
            "class_name": function["name"],
            "functions": {name: functions[name] for name in functions if name in called},
            "nodes": function["nodes"],
        },
    }


def _fitted(part: _DiagramPart, view: View) -> MermaidDrawing:
    """Return a part unchanged if it fits, else folded as little as the limits allow, else as an outline."""
    charts = part.charts(view)
    too_large = excess(charts)
    if not too_large:
        return MermaidDrawing((_mermaid_piece(part.title, charts),))
    depths = _depths(part, view)
    # The bisection assumes that folding less gives a larger diagram. Even if not, a depth that it finds fits.
    fitting = bisect_left(depths, 1, key=lambda depth: excess(part.charts(_folded(view, depth))) != "")
    if fitting:
        depth = depths[fitting - 1]
        diagram = _mermaid_piece(f"{part.title} (folded to depth {depth})", part.charts(_folded(view, depth)))
        remedy = (
            f"it is folded to depth {depth}. Choose another depth with `--depth`, or draw everything with `-f svg`."
        )
        return MermaidDrawing((diagram,), (f"{visible(part.title)}: {too_large}, so {remedy}",))
    outline = MermaidPiece(
        part.title, "outline", render_outline(part.as_graph(), replace(view, title=part.title), color=False)
    )
    remedy = "an outline replaces it. Draw everything with `-f svg`."
    return MermaidDrawing((outline,), (f"{visible(part.title)}: {too_large}, so {remedy}",))


def _depths(part: _DiagramPart, view: View) -> range:
    """Return the depths that fold more than the view does but still show nodes."""
    deepest = levels(part.nodes) + part.least_depth - 1
    if view.folding.depth is not None:
        deepest = min(deepest, view.folding.depth - 1)
    return range(part.least_depth, deepest + 1)


def _folded(view: View, depth: int) -> View:
    return replace(view, folding=replace(view.folding, depth=depth))


def _mermaid_piece(title: str, charts: Sequence[Chart]) -> MermaidPiece:
    return MermaidPiece(title, "mermaid", mermaid_chart(charts))


def _together(drawings: list[MermaidDrawing]) -> MermaidDrawing:
    return MermaidDrawing(
        tuple(piece for drawing in drawings for piece in drawing.pieces),
        tuple(message for drawing in drawings for message in drawing.messages),
    )


def mermaid_document(pieces: Sequence[MermaidPiece], *, in_markdown: bool = False) -> str:
    """Return a single diagram unchanged, and other pieces as Markdown with a title and a code block for each.

    The pieces may belong to several workflows. `in_markdown` requests Markdown even for a single diagram.
    """
    if is_one_diagram(pieces) and not in_markdown:
        return pieces[0].text
    return "\n".join(_section(piece) for piece in pieces)


def is_one_diagram(pieces: Sequence[MermaidPiece]) -> bool:
    """Return whether the document is Mermaid (`.mmd`) by default, rather than Markdown (`.md`)."""
    return len(pieces) == 1 and pieces[0].kind == "mermaid"


def _section(piece: MermaidPiece) -> str:
    return f"## {heading(piece.title)}\n\n{fenced(piece.text, _LANGUAGES[piece.kind])}"


def count_fitting(texts: Sequence[str], space: int) -> int:
    """Return the number of texts, from the first one on, that fit into the space."""
    for number, text in enumerate(texts):
        space -= utf16_length(text)
        if space < 0:
            return number
    return len(texts)


def folded_diagram(name: str, steps: int, graph: Graph, view: View = DEFAULT_VIEW) -> str:
    """Return a collapsed `details` element with the diagram of a workflow, which may be split or be an outline."""
    summary = f"{html_code(name)}: {counted(steps, 'step')}"
    return f"<details>\n<summary>{summary}</summary>\n\n{_folded_body(render_mermaid(graph, view))}\n</details>\n"


def fitting_diagrams(drawable: Sequence[Callable[[], str]], space: int, command: str) -> list[str]:
    """Return the diagrams that fit, and a note with the command that draws the others."""
    diagrams: list[str] = []
    for draw in drawable:
        text = draw() if space > _MIN_DIAGRAM_LENGTH else ""
        if text and utf16_length(text) < space:
            diagrams.append(text)
            space -= utf16_length(text) + 1
    omitted = len(drawable) - len(diagrams)
    more = f"{counted(omitted, 'diagram')} would exceed GitHub's limit. Run `{command}` to see all diagrams.\n"
    return [*diagrams, more] if omitted else diagrams


def _folded_body(drawing: MermaidDrawing) -> str:
    titled = len(drawing.pieces) > 1
    blocks = [_block(piece, titled=titled) for piece in drawing.pieces]
    return "\n".join([*(f"{prose(message)}\n" for message in drawing.messages), *blocks])


def _block(piece: MermaidPiece, *, titled: bool) -> str:
    block = fenced(piece.text, _LANGUAGES[piece.kind])
    return f"**{prose(piece.title)}**\n\n{block}" if titled else block
