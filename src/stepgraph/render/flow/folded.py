"""A folded node: what its box says, and how it is left."""

from __future__ import annotations

from stepgraph.model.details import Details
from stepgraph.model.payload import Node
from stepgraph.render.flow.chart_builder import LooseEnds, leaving_by
from stepgraph.render.flow.drawing import Exits
from stepgraph.render.folding import folded_node_text, folded_title
from stepgraph.render.node_text import details, with_clock


def folded_lines(node: Node, known: Details) -> tuple[str, ...]:
    """Return the lines of a folded node: its title, what there is to say of a step, and how much is in it."""
    title, inside = folded_title(node), folded_node_text(node)
    if node["type"] == "step_do":
        return (with_clock(title, node), *details(node), *known.remarks(node), inside)
    return ((known.source(node) if node["type"] == "loop" else "") or title, inside)


def folded_exits(end: LooseEnds, inside: Exits) -> Exits:
    """Return how the box that `end` leaves is left, if what is folded in it is left as `inside`.

    Where each way through it breaks or returns, nothing leads from it to what comes next.
    """
    return Exits(
        next=end if inside.next else (),
        breaks=leaving_by(end, "break") if inside.breaks else (),
        returns=leaving_by(end, "return") if inside.returns else (),
    )
