"""The forms in which a graph is kept as a snapshot. Nothing in them depends on time, on places or on identity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from stepgraph.json_text import pretty_json
from stepgraph.model.payload import Graph
from stepgraph.render.view import DEFAULT_VIEW

Form: TypeAlias = Literal["json", "outline", "mermaid", "dot", "svg"]


def draw(graph: Graph, form: Form) -> str:
    """Return a graph in one of its forms, ending in a line break."""
    return _FORMS[form](graph)


# Each import below is made by the form that needs it: most tests need one.


def _json(graph: Graph) -> str:
    return pretty_json(graph)


def _outline(graph: Graph) -> str:
    from stepgraph.render.outline.outline import render_outline

    return render_outline(graph, colour=False)


def _mermaid(graph: Graph) -> str:
    from stepgraph.render.mermaid.document import mermaid_document
    from stepgraph.render.mermaid.drawing import render_mermaid

    return mermaid_document(render_mermaid(graph, DEFAULT_VIEW).pieces)


def _dot(graph: Graph) -> str:
    from stepgraph.render.dot.document import render_dot

    return render_dot(graph, DEFAULT_VIEW)


def _svg(graph: Graph) -> str:
    from stepgraph.render.svg.document import render_svg

    return render_svg(graph, DEFAULT_VIEW).text


_FORMS: Final[Mapping[Form, Callable[[Graph], str]]] = {
    "json": _json,
    "outline": _outline,
    "mermaid": _mermaid,
    "dot": _dot,
    "svg": _svg,
}
FORMS: Final[tuple[Form, ...]] = tuple(_FORMS)
