"""Flow charts of concurrent nodes, in the order of their clocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from stepgraph.model.payload import Node, Parallel
from stepgraph.render.flow.chart import BoxKind, ChartBuilder, FrameKind, LooseEnds
from stepgraph.render.flow.drawing import Drawer, DrawnExits
from stepgraph.render.group_order import GroupOrder, clock_span, group_order, is_over_at_the_first, is_unawaited
from stepgraph.render.view import NodeContext


def draw_parallel(drawer: Drawer, node: Parallel, entry: LooseEnds, context: NodeContext) -> DrawnExits:
    """Draw a group between two bars: a fork, and a merge where the group ends."""
    builder = drawer.builder
    title = " · ".join(("parallel", node["kind"], *drawer.view.details.remarks(node)))
    with builder.frame(context.identity, FrameKind.PARALLEL, title):
        fork = builder.box(f"{context.identity}_fork", BoxKind.FORK, entry=entry)
        ends_with_first = is_over_at_the_first(node)
        if node["nodes"]:
            exits = draw_group(drawer, node["nodes"], fork, context.grouped(), waits=not ends_with_first)
        else:
            exits = drawer.filling((), fork, context)
        if exits.next:
            exits = exits.then(DrawnExits(builder.box(f"{context.identity}_join", BoxKind.MERGE, entry=exits.next)))
    return exits


def draw_group(
    drawer: Drawer, nodes: Sequence[Node], entry: LooseEnds, context: NodeContext, *, waits: bool
) -> DrawnExits:
    """Draw nodes by their clocks. Unless it `waits`, the group may end before its members do."""
    order = group_order([clock_span(node) for node in nodes])
    start = _shared_entry(drawer.builder, entry, order, context)
    gates = _Gates(drawer.builder, order, start, context, Counter(order.before))
    drawn: dict[int, DrawnExits] = {}
    for index in order.sequence:
        drawn[index] = drawer.node(nodes[index], gates.entry(index, drawn), context.child(index))
    return _exits(nodes, order, drawn, start, waits=waits)


class _Gates(Struct):
    """Joins shared by nodes with the same predecessors."""

    builder: ChartBuilder
    order: GroupOrder
    start: LooseEnds
    context: NodeContext
    users: Counter[tuple[int, ...]]
    open: dict[tuple[int, ...], LooseEnds] = field(default_factory=dict)

    def entry(self, index: int, drawn: Mapping[int, DrawnExits]) -> LooseEnds:
        """Return the ends that lead to the node at `index`."""
        before = self.order.before[index]
        if not before:
            return self.start
        if before not in self.open:
            ends = tuple(end for earlier in before for end in drawn[earlier].next)
            is_shared = self.users[before] > 1
            self.open[before] = self.builder.join(f"{self.context.identity}_gate{index}", ends) if is_shared else ends
        return self.open[before]


def _shared_entry(builder: ChartBuilder, entry: LooseEnds, order: GroupOrder, context: NodeContext) -> LooseEnds:
    """Return the ends that lead to all nodes without predecessors, joined so that no label is repeated."""
    is_shared = order.before.count(()) > 1
    is_one_plain_end = len(entry) == 1 and not entry[0].label
    return builder.meet(f"{context.identity}_in", entry) if is_shared and not is_one_plain_end else entry


def _exits(
    nodes: Sequence[Node], order: GroupOrder, drawn: Mapping[int, DrawnExits], start: LooseEnds, *, waits: bool
) -> DrawnExits:
    ends = tuple(end for index in order.last if not (waits and is_unawaited(nodes[index])) for end in drawn[index].next)
    never_continues = any(not exits.next for exits in drawn.values())
    return DrawnExits(
        next=() if never_continues else ends or start,
        breaks=tuple(end for index in range(len(nodes)) for end in drawn[index].breaks),
        returns=tuple(end for index in range(len(nodes)) for end in drawn[index].returns),
    )
