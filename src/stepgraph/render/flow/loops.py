"""Drawing `loop`: around the body and back, and out of it."""

from __future__ import annotations

from stepgraph.model.payload import Loop
from stepgraph.render.flow.chart import ArrowKind, BoxKind, FrameKind
from stepgraph.render.flow.chart_builder import LooseEnd, LooseEnds
from stepgraph.render.flow.drawing import Drawer, Exits, Place


def draw_loop(drawer: Drawer, node: Loop, entry: LooseEnds, place: Place) -> Exits:
    """Draw a loop. Where it is left by a `break` too, both ways meet after it."""
    builder = drawer.builder
    head, foot = f"{place.id}_head", f"{place.id}_foot"
    with builder.frame(place.id, FrameKind.LOOP, drawer.view.details.source(node) or "loop"):
        begin = builder.box(head, BoxKind.JOIN, entry=entry)
        body = drawer.filling(node["nodes"], begin, place)
        if body.next:
            end = builder.box(foot, BoxKind.JOIN, entry=body.next)
            builder.lead((LooseEnd(foot, ArrowKind.AGAIN),), head)
        else:
            # Every pass leaves the loop: what follows it is reached only without any pass.
            end = builder.box(foot, BoxKind.JOIN, entry=(LooseEnd(head, ArrowKind.SKIP, "no pass"),))
    after = builder.join(f"{place.id}_after", end + body.breaks)
    return Exits(after, (), body.returns)
