"""The forms in which a graph is drawn and saved as a snapshot.

The forms do not depend on dates, locations or ids. Formatters rarely change them, except for conditions and names,
which are source text as written.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from stepgraph.drawing.workflow import DrawnWorkflow
from stepgraph.json_text import pretty_json
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.payload import Graph
from stepgraph.render.view import DEFAULT_VIEW

Form: TypeAlias = Literal["json", "outline", "mermaid", "dot", "svg"]


def draw(graph: Graph, form: Form, details: Details = NO_DETAILS) -> str:
    """Draw a graph in a form, with a final line break. All forms but JSON show the details."""
    if form == "json":
        return pretty_json(graph)
    class_name = graph["workflow"]["class_name"]
    drawn = DrawnWorkflow(name=class_name, class_name=class_name, graph=graph, details=lambda: details)
    return drawn.text(form, DEFAULT_VIEW)


FORMS: Final[tuple[Form, ...]] = get_args(Form)
