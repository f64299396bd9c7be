"""The forms in which a graph is drawn and saved as a snapshot.

The forms do not depend on dates, locations or ids. Formatters rarely change them, except for conditions and names,
which are source text as written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from stepgraph.json_text import pretty_json
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.payload import Graph
from stepgraph.render.view import View

Form: TypeAlias = Literal["json", "outline", "mermaid", "dot", "svg"]


class SnapshotSource:
    """A graph that can be drawn and compared with a snapshot."""

    graph: Graph

    @property
    def details(self) -> Details:
        """The details of the graph, which all forms but JSON show."""
        raise NotImplementedError


def draw(graph: Graph, form: Form, details: Details = NO_DETAILS) -> str:
    """Draw a graph in a form, with a final line break. All forms but JSON show the details."""
    return _FORMS[form](graph, View(details=details))


# Each form imports its own renderer, because most test runs use a single form.


def _json(graph: Graph, view: View) -> str:
    del view  # the payload has no field for details
    return pretty_json(graph)


def _outline(graph: Graph, view: View) -> str:
    from stepgraph.render.outline import render_outline

    return render_outline(graph, view, color=False)


def _mermaid(graph: Graph, view: View) -> str:
    from stepgraph.render.flow.mermaid_document import mermaid_document, render_mermaid

    return mermaid_document(render_mermaid(graph, view).pieces)


def _dot(graph: Graph, view: View) -> str:
    from stepgraph.render.flow.dot import render_dot

    return render_dot(graph, view)


def _svg(graph: Graph, view: View) -> str:
    from stepgraph.render.svg.drawing import render_svg

    return render_svg(graph, view).text


_FORMS: Final[Mapping[Form, Callable[[Graph, View], str]]] = {
    "json": _json,
    "outline": _outline,
    "mermaid": _mermaid,
    "dot": _dot,
    "svg": _svg,
}
FORMS: Final[tuple[Form, ...]] = tuple(_FORMS)
