"""Planning functions: their bodies where they are called first, or wherever the view says."""

from __future__ import annotations

from typing import Final

from stepgraph.model.payload import FunctionCall, FunctionDef
from stepgraph.render.svg import icons
from stepgraph.render.svg.captions import call_title
from stepgraph.render.svg.figures.figure import GAP, Figure
from stepgraph.render.svg.figures.frame import Frame
from stepgraph.render.svg.figures.label import heading, node_label
from stepgraph.render.svg.figures.leaf import Leaf, Named
from stepgraph.render.svg.figures.rejoined import enclosed
from stepgraph.render.svg.planning.place import Place, Planner

SHOWN_BEFORE: Final = "function, drawn at its first call"
SHOWN_APART: Final = "function, drawn by itself"
RECURSIVE: Final = "function, calls itself"
NOT_THERE: Final = "function, not in this graph"


def by_name(call: FunctionCall, arguments: str, phrase: str, identity: str) -> Leaf:
    """Return a call whose body is drawn elsewhere, as the phrase says."""
    named = Named("call", identity, call_title(call, phrase))
    label = node_label(icons.FUNCTION, call["name"], [arguments, phrase] if arguments else [phrase])
    return Leaf(named, label, stacked=True)


def plan_function(
    planner: Planner, function: FunctionDef, title: str, place: Place, remark: str = "", arguments: str = ""
) -> Figure:
    """Return a function with its body; its `return`s lead to its end. Beside its name: the arguments, or a remark."""
    inside = place.within(place.identity).apart()
    with planner.open_functions.within(function["name"]):
        body = planner.stack(function["nodes"], inside, empty=planner.view.when_empty(function))
    label = heading(icons.FUNCTION, function["name"], arguments or remark, code=bool(arguments))
    frame = Frame(Named("function", place.identity, title), label, body, GAP, planner.folds)
    return enclosed(planner.marked(frame, function))
