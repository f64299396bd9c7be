"""The figures of concurrent work."""

from __future__ import annotations

from collections.abc import Sequence

from stepgraph.model.payload import Loop, Node, Parallel
from stepgraph.render.group_order import RowSpan, clock_span, is_over_at_the_first, is_unawaited, row_spans
from stepgraph.render.svg import icons
from stepgraph.render.svg.figures.clock_rows import ClockRows, Member
from stepgraph.render.svg.figures.figure import GAP, Figure
from stepgraph.render.svg.figures.frame import FrameFigure
from stepgraph.render.svg.figures.label import BETWEEN, heading
from stepgraph.render.svg.figures.leaf import SvgGroup
from stepgraph.render.svg.figures.stack import rejoin
from stepgraph.render.svg.identities import identities
from stepgraph.render.svg.layout.labels import empty_box, title_line
from stepgraph.render.svg.layout.layout import Layout
from stepgraph.render.view import NodeContext


def measure_parallel(layout: Layout, node: Parallel, context: NodeContext) -> Figure:
    """Return a group between two bars."""
    if (loop := loop_of_passes(node)) is not None:
        return _measure_passes(layout, node, loop, context)
    inside = context.inside(context.identity).grouped()
    rows = _rows(layout, node["nodes"], inside, ends_with_first=is_over_at_the_first(node))
    words = _words(layout, node, "")
    label = heading(icons.PARALLEL, f"parallel {node['kind']}", words, code=False)
    title = title_line(f"parallel {node['kind']}", words)
    return FrameFigure(SvgGroup("parallel", context.identity, title), label, rows, 0, layout.folds)


def loop_of_passes(node: Node) -> Loop | None:
    """Return the loop of a group with nothing else in it.

    All its iterations run concurrently, and it shares the frame of the group.
    """
    if node["type"] != "parallel" or len(node["nodes"]) != 1:
        return None
    (only,) = node["nodes"]
    return only if only["type"] == "loop" else None


def _measure_passes(layout: Layout, node: Parallel, loop: Loop, context: NodeContext) -> Figure:
    """Return the group of a loop whose iterations run concurrently: one iteration in a stacked frame."""
    (identity,) = identities([loop], context.identity)
    layout.nodes_by_id[identity] = loop
    body = layout.stack(loop["nodes"], context.inside(identity).grouped())
    head = layout.view.details.source(loop) or "every pass of the loop"
    words = _words(layout, node, head)
    label = heading(icons.PARALLEL, f"parallel {node['kind']}", words, code=False)
    title = title_line(f"parallel {node['kind']}", words)
    frame = FrameFigure(SvgGroup("parallel", context.identity, title), label, body, GAP, layout.folds, stacked=True)
    return layout.marked(rejoin(frame, "breaks"), loop)


def _words(layout: Layout, node: Parallel, head: str) -> str:
    """Return the head of the loop, if any, the condition on which the group is over, and the remarks on it."""
    when = ", ".join(filter(None, (head, _over_when(node))))
    return BETWEEN.join(filter(None, (when, *layout.view.details.remarks(node))))


def _over_when(node: Parallel) -> str:
    """Return the condition on which a group is over; empty for an unknown kind."""
    return {
        "all": "until all are done",
        "all_settled": "until all have ended, failed or not",
        "any": "until one succeeds",
        "race": "until one ends",
    }.get(node["kind"], "")


def measure_unframed(layout: Layout, nodes: Sequence[Node], context: NodeContext) -> Figure:
    """Return concurrent nodes outside of any group, such as tasks that nothing awaits."""
    rows = _rows(layout, nodes, context, ends_with_first=False)
    title = "at the same time"
    return FrameFigure(
        SvgGroup("parallel", f"{context.identity}.concurrent", title), heading(icons.PARALLEL, title), rows, 0
    )


def in_sequence(nodes: Sequence[Node]) -> list[int] | None:
    """Return the indexes of nodes with clocks in sequential order, or None if some overlap."""
    spans = row_spans([clock_span(node) for node in nodes])
    order = sorted(range(len(nodes)), key=lambda index: spans[index].begins)
    is_sequence = all(
        spans[index] == RowSpan(row, row + 1) and not is_unawaited(nodes[index]) for row, index in enumerate(order)
    )
    return order if is_sequence else None


def _rows(layout: Layout, nodes: Sequence[Node], context: NodeContext, *, ends_with_first: bool) -> Figure:
    if not nodes:
        return ClockRows([Member(empty_box(f"{context.identity}.empty"), RowSpan(0, 1))], ends_with_first)
    spans = row_spans([clock_span(node) for node in nodes])
    members: list[Member] = []
    for node, span, identity in zip(nodes, spans, identities(nodes, context.identity), strict=True):
        inside = context.at(identity)
        if node["type"] == "block" and node["nodes"]:
            # A column is a sequence anyway, so the block needs no frame.
            figure = layout.stack(node["nodes"], inside, tail=0, entered=False)
        else:
            figure = layout.measure(node, inside)
        members.append(Member(figure, span, awaited=ends_with_first or not is_unawaited(node)))
    return ClockRows(members, ends_with_first)
