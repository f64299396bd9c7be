"""Drawing `if` and `switch`: a diamond, its branches, and the point where they meet again."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from stepgraph.model.payload import Block, Branch, If, Loop, Switch, Try
from stepgraph.render.context import NodeContext
from stepgraph.render.flow.chart import ArrowKind, BoxKind, FrameKind, LooseEnd, LooseEnds, leaving_by
from stepgraph.render.flow.drawing import Drawer, Exits, together
from stepgraph.render.node_text import NO_BLOCK, branch_text, has_no_way_past


def draw_if(drawer: Drawer, node: If, entry: LooseEnds, context: NodeContext) -> Exits:
    """Draw an `if`; without an `else`, its way past all branches is drawn as one."""
    with drawer.builder.frame(context.identity, FrameKind.CHOICE):
        diamond = drawer.builder.box(f"{context.identity}_choice", BoxKind.CHOICE, "if", entry=entry)
        return _branches(drawer, node["branches"], diamond[0], context, ("else", "else"))


def draw_switch(drawer: Drawer, node: Switch, entry: LooseEnds, context: NodeContext) -> Exits:
    """Draw a `switch`; without a default, a way past all cases."""
    with drawer.builder.frame(context.identity, FrameKind.CHOICE, "switch"):
        diamond = drawer.builder.box(f"{context.identity}_choice", BoxKind.CHOICE, node["discriminant"], entry=entry)
        return _branches(drawer, node["branches"], diamond[0], context, ("default", "no match"))


def _branches(
    drawer: Drawer, branches: Sequence[Branch], diamond: LooseEnd, context: NodeContext, words: tuple[str, str]
) -> Exits:
    """Draw the branches; `words` are for the branch without a condition, and for the way past them all."""
    otherwise, past = words
    ways: list[Exits] = []
    for index, branch in enumerate(branches):
        mark = drawer.view.mark(branch)
        sign = "" if mark is None or mark.quiet else f"{mark.kind.sign} "
        text = " · ".join((branch_text(branch, otherwise, drawer.view.details), *drawer.view.details.remarks(branch)))
        entry = (LooseEnd(diamond.box, label=f"{sign}{text}"),)
        ways.append(drawer.nodes(branch["nodes"], entry, context.child(f"b{index}")))
    if not has_no_way_past(branches, drawer.view.details):
        ways.append(Exits((LooseEnd(diamond.box, label=past),)))
    exits = together(ways)
    met = drawer.builder.meet(f"{context.identity}_join", exits.next)
    return Exits(met, exits.breaks, exits.returns)


def draw_loop(drawer: Drawer, node: Loop, entry: LooseEnds, context: NodeContext) -> Exits:
    """Draw a loop. Where it is left by a `break` too, both ways meet after it."""
    builder = drawer.builder
    head, foot = f"{context.identity}_head", f"{context.identity}_foot"
    with builder.frame(context.identity, FrameKind.LOOP, drawer.view.details.source(node) or "loop"):
        begin = builder.box(head, BoxKind.JOIN, entry=entry)
        body = drawer.filling(node["nodes"], begin, context)
        if body.next:
            end = builder.box(foot, BoxKind.JOIN, entry=body.next)
            builder.lead((LooseEnd(foot, ArrowKind.AGAIN),), head)
        else:
            # Every pass leaves the loop: what follows it is reached only without any pass.
            end = builder.box(foot, BoxKind.JOIN, entry=(LooseEnd(head, ArrowKind.SKIP, "no pass"),))
    after = builder.join(f"{context.identity}_after", end + body.breaks)
    return Exits(after, (), body.returns)


def draw_try(drawer: Drawer, node: Try, entry: LooseEnds, context: NodeContext) -> Exits:
    """Draw a `try`. A failure leads from anywhere in the body to the catch, or without one past the body."""
    with drawer.builder.frame(context.identity, FrameKind.TRY, "try"):
        body = _part(drawer, FrameKind.TRY_BODY, node.get("try_block"), entry, context.child("try"))
        failure = _failure(drawer, context.child("try"))
        if "catch_block" in node:
            caught = _part(drawer, FrameKind.CATCH, node["catch_block"], failure, context.child("catch"))
            body, failure = body.beside(_recovered(caught)), ()
        if "finally_block" in node:
            return _finally(drawer, node["finally_block"], body, failure, context)
        met = drawer.builder.join(f"{context.identity}_join", body.next + failure)
        return Exits(met, body.breaks, body.returns)


def _part(drawer: Drawer, kind: FrameKind, block: Block | None, entry: LooseEnds, context: NodeContext) -> Exits:
    entry = tuple(replace(end, into=context.identity) if end.kind is ArrowKind.FAILURE else end for end in entry)
    block = block or NO_BLOCK
    title = {FrameKind.CATCH: drawer.view.details.source(block) or "catch", FrameKind.FINALLY: "finally"}.get(kind, "")
    drawer.mark(block, context)
    with drawer.builder.frame(context.identity, kind, title):
        drawn = drawer.filling(block["nodes"], entry, context, empty=drawer.view.when_empty(block))
    return replace(drawn, next=tuple(_outside(end, context) for end in drawn.next))


def _outside(end: LooseEnd, context: NodeContext) -> LooseEnd:
    """Return an end that leaves a part, past work that nothing waits for perhaps: it does not lead into it any more."""
    return replace(end, into="") if end.into == context.identity else end


def _failure(drawer: Drawer, body: NodeContext) -> LooseEnds:
    """Return the arrow that leaves the body as a whole: it may fail at any point."""
    return (LooseEnd(drawer.builder.first_boxes[body.identity], ArrowKind.FAILURE, "on failure", frame=body.identity),)


def _recovered(caught: Exits) -> Exits:
    """Return the exits of a catch, marked as such: they are beside the usual way."""
    ends = (replace(end, kind=ArrowKind.RECOVERED) if end.kind is ArrowKind.NEXT else end for end in caught.next)
    return replace(caught, next=tuple(ends))


def _finally(drawer: Drawer, block: Block, before: Exits, failure: LooseEnds, context: NodeContext) -> Exits:
    """Draw a `finally`. Whichever way led to it, by `break` or `return` too, goes on after it."""
    entry = drawer.builder.meet(f"{context.identity}_join", before.all()) + failure
    final = _part(drawer, FrameKind.FINALLY, block, entry, context.child("finally"))
    return Exits(
        next=final.next if before.next or failure else (),
        breaks=final.breaks + (leaving_by(final.next, "break") if before.breaks else ()),
        returns=final.returns + (leaving_by(final.next, "return") if before.returns else ()),
    )
