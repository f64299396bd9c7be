"""Drawing `try`: what is protected, what catches its failures, and what runs at the end in any case."""

from __future__ import annotations

from msgspec.structs import replace

from stepgraph.model.payload import Block, Try
from stepgraph.render.flow.chart import ArrowKind, FrameKind
from stepgraph.render.flow.chart_builder import LooseEnd, LooseEnds, leaving_by
from stepgraph.render.flow.drawing import Drawer, Exits, Place
from stepgraph.render.node_text import NO_BLOCK


def draw_try(drawer: Drawer, node: Try, entry: LooseEnds, place: Place) -> Exits:
    """Draw a `try`. A failure leads from anywhere in the body to the catch, or without one past the body."""
    with drawer.builder.frame(place.id, FrameKind.TRY, "try"):
        body = _part(drawer, FrameKind.TRY_BODY, node.get("try_block"), entry, place.below("try"))
        failure = _failure(drawer, place.below("try"))
        if "catch_block" in node:
            caught = _part(drawer, FrameKind.CATCH, node["catch_block"], failure, place.below("catch"))
            body, failure = body.beside(_recovered(caught)), ()
        if "finally_block" in node:
            return _finally(drawer, node["finally_block"], body, failure, place)
        met = drawer.builder.join(f"{place.id}_join", body.next + failure)
        return Exits(met, body.breaks, body.returns)


def _part(drawer: Drawer, kind: FrameKind, block: Block | None, entry: LooseEnds, place: Place) -> Exits:
    entry = tuple(replace(end, into=place.id) if end.kind is ArrowKind.FAILURE else end for end in entry)
    block = block or NO_BLOCK
    title = {FrameKind.CATCH: drawer.view.details.source(block) or "catch", FrameKind.FINALLY: "finally"}.get(kind, "")
    drawer.mark(block, place)
    with drawer.builder.frame(place.id, kind, title):
        drawn = drawer.filling(block["nodes"], entry, place, empty=drawer.view.when_empty(block))
    return replace(drawn, next=tuple(_outside(end, place) for end in drawn.next))


def _outside(end: LooseEnd, place: Place) -> LooseEnd:
    """Return an end that leaves a part, past work that nothing waits for perhaps: it does not lead into it any more."""
    return replace(end, into="") if end.into == place.id else end


def _failure(drawer: Drawer, body: Place) -> LooseEnds:
    """Return the arrow that leaves the body as a whole: it may fail at any point."""
    return (LooseEnd(drawer.builder.first_boxes[body.id], ArrowKind.FAILURE, "on failure", frame=body.id),)


def _recovered(caught: Exits) -> Exits:
    """Return the exits of a catch, marked as such: they are beside the usual way."""
    ends = (replace(end, kind=ArrowKind.RECOVERED) if end.kind is ArrowKind.NEXT else end for end in caught.next)
    return replace(caught, next=tuple(ends))


def _finally(drawer: Drawer, block: Block, before: Exits, failure: LooseEnds, place: Place) -> Exits:
    """Draw a `finally`. Whichever way led to it, by `break` or `return` too, goes on after it."""
    entry = drawer.builder.meet(f"{place.id}_join", before.all()) + failure
    final = _part(drawer, FrameKind.FINALLY, block, entry, place.below("finally"))
    return Exits(
        next=final.next if before.next or failure else (),
        breaks=final.breaks + (leaving_by(final.next, "break") if before.breaks else ()),
        returns=final.returns + (leaving_by(final.next, "return") if before.returns else ()),
    )
