"""The forms in which a graph is kept as a snapshot.

Nothing in them depends on time, on places, on identity or on how the code is formatted, but for conditions and names,
which are source as it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from stepgraph.json_text import pretty_json
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.payload import Graph
from stepgraph.render.view import View

Form: TypeAlias = Literal["json", "outline", "mermaid", "dot", "svg"]


def draw(graph: Graph, form: Form, details: Details = NO_DETAILS) -> str:
    """Return a graph in one of its forms, ending in a line break, with its details unless the form is JSON."""
    return _FORMS[form](graph, View(details=details))


# Each import below is made by the form that needs it: most tests need one.


def _json(graph: Graph, view: View) -> str:
    del view  # the payload has no field for details
    return pretty_json(graph)


def _outline(graph: Graph, view: View) -> str:
    from stepgraph.render.outline.outline import render_outline

    return render_outline(graph, view, color=False)


def _mermaid(graph: Graph, view: View) -> str:
    from stepgraph.render.flow.mermaid_document import mermaid_document, render_mermaid

    return mermaid_document(render_mermaid(graph, view).pieces)


def _dot(graph: Graph, view: View) -> str:
    from stepgraph.render.flow.dot import render_dot

    return render_dot(graph, view)


def _svg(graph: Graph, view: View) -> str:
    from stepgraph.render.svg.document import render_svg

    return render_svg(graph, view).text


_FORMS: Final[Mapping[Form, Callable[[Graph, View], str]]] = {
    "json": _json,
    "outline": _outline,
    "mermaid": _mermaid,
    "dot": _dot,
    "svg": _svg,
}
FORMS: Final[tuple[Form, ...]] = tuple(_FORMS)
