"""Flow charts of `if`, `switch`, `loop` and `try`."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from stepgraph.model.payload import Block, Branch, If, Loop, Switch, Try
from stepgraph.render.flow.chart import ArrowKind, BoxKind, FrameKind, LooseEnd, LooseEnds, leaving_by
from stepgraph.render.flow.drawing import Drawer, DrawnExits, combine
from stepgraph.render.node_text import NO_BLOCK, branch_text, is_exhaustive
from stepgraph.render.view import NodeContext


def draw_if(drawer: Drawer, node: If, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw an `if`. Without an `else`, an arrow leads past all branches."""
    with drawer.builder.frame(context.identity, FrameKind.CHOICE):
        diamond = drawer.builder.box(f"{context.identity}_choice", BoxKind.CHOICE, "if", entry=entry)
        return _branches(drawer, node["branches"], diamond[0], context, ("else", "else"))


def draw_switch(drawer: Drawer, node: Switch, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw a `switch`. Without a default case, an arrow leads past all cases."""
    with drawer.builder.frame(context.identity, FrameKind.CHOICE, "switch"):
        diamond = drawer.builder.box(f"{context.identity}_choice", BoxKind.CHOICE, node["discriminant"], entry=entry)
        return _branches(drawer, node["branches"], diamond[0], context, ("default", "no match"))


def _branches(
    drawer: Drawer, branches: Sequence[Branch], diamond: LooseEnd, context: NodeContext, words: tuple[str, str]
) -> DrawnExits:
    """Draw branches; `words` label the branch without a condition, and the arrow past all branches."""
    default, implied = words
    parts: list[DrawnExits] = []
    for index, branch in enumerate(branches):
        mark = drawer.view.mark(branch)
        sign = "" if mark is None or mark.quiet else f"{mark.kind.sign} "
        text = " · ".join((branch_text(branch, default, drawer.view.details), *drawer.view.details.remarks(branch)))
        entry = (LooseEnd(diamond.box, label=f"{sign}{text}"),)
        parts.append(drawer.nodes(branch["nodes"], entry, context.child(f"b{index}")))
    if not is_exhaustive(branches, drawer.view.details):
        parts.append(DrawnExits((LooseEnd(diamond.box, label=implied),)))
    exits = combine(parts)
    joined = drawer.builder.meet(f"{context.identity}_join", exits.next)
    return DrawnExits(joined, exits.breaks, exits.returns)


def draw_loop(drawer: Drawer, node: Loop, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw a loop. Its end and its `break`s join after it."""
    builder = drawer.builder
    head, foot = f"{context.identity}_head", f"{context.identity}_foot"
    with builder.frame(context.identity, FrameKind.LOOP, drawer.view.details.source(node) or "loop"):
        begin = builder.box(head, BoxKind.JOIN, entry=entry)
        body = drawer.filling(node["nodes"], begin, context)
        if body.next:
            end = builder.box(foot, BoxKind.JOIN, entry=body.next)
            builder.lead((LooseEnd(foot, ArrowKind.AGAIN),), head)
        else:
            # Every iteration leaves the loop, so the next node is reached only without any iteration.
            end = builder.box(foot, BoxKind.JOIN, entry=(LooseEnd(head, ArrowKind.SKIP, "no pass"),))
    after = builder.join(f"{context.identity}_after", end + body.breaks)
    return DrawnExits(after, (), body.returns)


def draw_try(drawer: Drawer, node: Try, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw a `try`. A failure leads from the body as a whole to the `catch`, or past the body without one."""
    with drawer.builder.frame(context.identity, FrameKind.TRY, "try"):
        body = _part(drawer, FrameKind.TRY_BODY, node.get("try_block"), entry, context.child("try"))
        failure = _failure(drawer, context.child("try"))
        if "catch_block" in node:
            caught = _part(drawer, FrameKind.CATCH, node["catch_block"], failure, context.child("catch"))
            body, failure = body.combined(_recovered(caught)), ()
        if "finally_block" in node:
            return _finally(drawer, node["finally_block"], body, failure, context)
        joined = drawer.builder.join(f"{context.identity}_join", body.next + failure)
        return DrawnExits(joined, body.breaks, body.returns)


def _part(drawer: Drawer, kind: FrameKind, block: Block | None, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    entry = tuple(replace(end, into=context.identity) if end.kind is ArrowKind.FAILURE else end for end in entry)
    block = block or NO_BLOCK
    title = {FrameKind.CATCH: drawer.view.details.source(block) or "catch", FrameKind.FINALLY: "finally"}.get(kind, "")
    drawer.mark(block, context)
    with drawer.builder.frame(context.identity, kind, title):
        drawn = drawer.filling(block["nodes"], entry, context, empty=drawer.view.when_empty(block))
    return replace(drawn, next=tuple(_outside(end, context) for end in drawn.next))


def _outside(end: LooseEnd, context: NodeContext) -> LooseEnd:
    """Return an end that no longer enters the part at whose edge it would have ended."""
    return replace(end, into="") if end.into == context.identity else end


def _failure(drawer: Drawer, body: NodeContext) -> LooseEnds:
    """Return the arrow from the frame of the body, which may fail anywhere."""
    return (LooseEnd(drawer.builder.first_boxes[body.identity], ArrowKind.FAILURE, "on failure", frame=body.identity),)


def _recovered(caught: DrawnExits) -> DrawnExits:
    """Return the exits of a `catch`, whose arrows are kinds of their own."""
    ends = (replace(end, kind=ArrowKind.RECOVERED) if end.kind is ArrowKind.NEXT else end for end in caught.next)
    return replace(caught, next=tuple(ends))


def _finally(drawer: Drawer, block: Block, before: DrawnExits, failure: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw a `finally`. Every path into it, also by `break` or `return`, continues after it."""
    entry = drawer.builder.meet(f"{context.identity}_join", before.all()) + failure
    final = _part(drawer, FrameKind.FINALLY, block, entry, context.child("finally"))
    return DrawnExits(
        next=final.next if before.next or failure else (),
        breaks=final.breaks + (leaving_by(final.next, "break") if before.breaks else ()),
        returns=final.returns + (leaving_by(final.next, "return") if before.returns else ()),
    )
