"""The order of concurrent nodes that follows from their clocks.

A node that starts at s runs after all nodes that resolve at s or before. This interval order is reduced to immediate
pairs, which have no third node between them.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, field

from stepgraph.model.walk import as_unknown, children, is_clocked
from stepgraph.render.node_text import clock_text

if TYPE_CHECKING:
    from stepgraph.model.details import Details
    from stepgraph.model.payload import Clocked, Node, Number, Parallel

Moment: TypeAlias = "tuple[Number, int]"
"""A clock and a position in the program. Nodes that resolve at a clock are over before others start at it."""

ALWAYS: Moment = (-math.inf, -1)
NEVER: Moment = (math.inf, 0)
_RESOLVED = -1


class ClockSpan(Struct, frozen=True):
    """The time span of the work in a node."""

    starts: Number | None
    """The clock at the start, or None if it is unknown."""

    resolves: Number | None
    """The clock at the end, or None if it is unknown."""

    without_work: bool = False
    """Whether the node contains no work, such as a `break`, or an `if` around a `return`."""


class GroupOrder(Struct, frozen=True):
    """The order of the nodes of a group, by index."""

    before: tuple[tuple[int, ...], ...]
    """The immediate predecessors of each node. Nodes that begin with the group have none."""

    last: tuple[int, ...]
    """The nodes without successors, from left to right."""

    sequence: tuple[int, ...]
    """All nodes in a topological order."""


def is_unawaited(node: Node) -> bool:
    """Return whether the group does not wait for the node, which may outlast it."""
    return is_clocked(node) and "starts" in node and "resolves" not in node


def is_over_at_the_first(group: Parallel) -> bool:
    """Return whether a group ends with the first member that ends or succeeds."""
    return group["kind"] in {"any", "race"}


def keeps_failures(group: Parallel | None, details: Details) -> bool:
    """Return whether failures of members do not leave a group. `group` is None for a list with clocks."""
    return group is not None and (group["kind"] != "all" or _awaits(group, details) == "wait")


def _awaits(group: Parallel, details: Details) -> str:
    """Return the name of the function that awaits a group, or an empty string if it is unknown."""
    return details.source(group).rpartition(".")[2]


def may_fail_alone(member: Node, group: Parallel | None, details: Details) -> bool:
    """Return whether a group may end normally after a member failed. `group` is None for a list with clocks.

    A group of the kind `all` may if `asyncio.wait` awaits it, or if the code awaits its tasks one by one, in which case
    it may ignore the errors of tasks.
    """
    if group is None:
        return is_unawaited(member)
    is_awaited_by_name = group["kind"] == "all" and not _awaits(group, details)
    return keeps_failures(group, details) or (is_awaited_by_name and member["type"] == "function_call")


def clock_span(node: Node) -> ClockSpan:
    """Return the time span of all work in `node`."""
    work = _clocks_in(node)
    starts = [begin for begin, _ in work if begin is not None]
    resolves = [end for _, end in work if end is not None]
    return ClockSpan(
        starts=min(starts) if starts and len(starts) == len(work) else None,
        resolves=max(resolves) if resolves and len(resolves) == len(work) else None,
        without_work=not work,
    )


def _clocks_in(node: Node) -> list[tuple[Number | None, Number | None]]:
    """Return the clocks of the work in `node`. A function, a `start` or an unknown node is work without clocks."""
    work: list[tuple[Number | None, Number | None]] = []
    pending = [node]
    while pending:
        inner = pending.pop()
        if is_clocked(inner):
            work.append((inner.get("starts"), inner.get("resolves")))
        elif as_unknown(inner) or inner["type"] in {"function_def", "start"}:
            work.append((None, None))
        else:
            pending.extend(children(inner))
    return work


def has_clocks(nodes: Sequence[Node], *, in_group: bool) -> bool:
    """Return whether clocks order `nodes`: the clocks of the nodes or, in a group, of the work inside them."""
    if in_group:
        return any(span.starts is not None or span.resolves is not None for span in map(clock_span, nodes))
    return any(("starts" in node or "resolves" in node) and is_clocked(node) for node in nodes)


def group_order(spans: Sequence[ClockSpan]) -> GroupOrder:
    """Return the order of nodes from their spans, which are in program order."""
    begins, ends = _moments(spans)
    by_end = sorted(range(len(spans)), key=lambda index: ends[index])
    end_moments = [ends[index] for index in by_end]
    latest_begin = list(accumulate((begins[index] for index in by_end), max))
    before = tuple(_immediately_before(begin, by_end, end_moments, latest_begin) for begin in begins)
    sequence = tuple(sorted(range(len(spans)), key=lambda index: begins[index]))
    columns = _columns(before, sequence)
    final = max(begins, default=ALWAYS)
    last = [index for index, end in enumerate(ends) if end > final]
    return GroupOrder(before, tuple(sorted(last, key=lambda index: columns[index])), sequence)


def member_order(nodes: Sequence[Node], details: Details) -> GroupOrder:
    """Return the order of the nodes of a group from their clocks, and from details on the order that these lose."""
    order = group_order([clock_span(node) for node in nodes])
    if not any(details.of(node).predecessors for node in nodes):
        return order
    named = Counter(str(node.get("name", "")) for node in nodes)
    index_of = {name: index for index, node in enumerate(nodes) if named[name := str(node.get("name", ""))] == 1}
    earlier = [
        {*before, *(index_of[name] for name in details.of(node).predecessors if name in index_of)}
        for node, before in zip(nodes, order.before, strict=True)
    ]
    return _reduced(order, earlier)


def _reduced(order: GroupOrder, earlier: Sequence[set[int]]) -> GroupOrder:
    """Return an order with more predecessors, reduced to immediate ones, or the same order if they form a cycle."""
    # Imported here because clocks show the order of most groups, and start-up time counts.
    from graphlib import CycleError, TopologicalSorter

    sorter = TopologicalSorter({index: sorted(earlier[index]) for index in order.sequence})
    try:
        sequence = tuple(sorter.static_order())
    except CycleError:
        return order
    done = [0] * len(earlier)  # all predecessors of each node, as bits
    before: list[tuple[int, ...]] = [()] * len(earlier)
    for index in sequence:
        indirect = 0
        for each in earlier[index]:
            indirect |= done[each]
        done[index] = indirect | sum(1 << each for each in earlier[index])
        before[index] = tuple(sorted(each for each in earlier[index] if not indirect >> each & 1))
    followed = {each for predecessors in before for each in predecessors}
    return GroupOrder(tuple(before), tuple(index for index in order.last if index not in followed), sequence)


class RowSpan(Struct, frozen=True):
    """The rows of a group that a node occupies, from `begins` up to but excluding `ends`.

    `ends` is the number of rows for a node that may last as long as the group.
    """

    begins: int
    ends: int


def row_spans(spans: Sequence[ClockSpan]) -> tuple[RowSpan, ...]:
    """Return the rows of nodes from their spans, which are in program order.

    Nodes that begin after the same set of finished nodes begin in the same row.
    """
    begins, ends = _moments(spans)
    end_moments = sorted(ends)
    over = [bisect_right(end_moments, begin) for begin in begins]
    rows = sorted(set(over))
    return tuple(
        RowSpan(begins=bisect_left(rows, count), ends=bisect_right(rows, bisect_left(end_moments, end)))
        for count, end in zip(over, ends, strict=True)
    )


def in_sequence(nodes: Sequence[Node]) -> list[int] | None:
    """Return the indexes of nodes with clocks in sequential order, or None if some overlap."""
    spans = row_spans([clock_span(node) for node in nodes])
    order = sorted(range(len(nodes)), key=lambda index: spans[index].begins)
    is_sequence = all(
        spans[index] == RowSpan(row, row + 1) and not is_unawaited(nodes[index]) for row, index in enumerate(order)
    )
    return order if is_sequence else None


def is_ordered_group(node: Node) -> bool:
    """Return whether a node is a group in which some members run after others, such as steps with dependencies."""
    if as_unknown(node) or node["type"] != "parallel":
        return False
    return any(span.begins for span in row_spans([clock_span(member) for member in node["nodes"]]))


def is_in_order(nodes: Sequence[Node]) -> bool:
    """Return whether nodes with clocks run one after another in the order of the list."""
    return in_sequence(nodes) == list(range(len(nodes)))


def _columns(before: Sequence[tuple[int, ...]], sequence: Sequence[int]) -> dict[int, float]:
    """Return the horizontal position of each node: the mean of its predecessors, or its index."""
    columns: dict[int, float] = {}
    for index in sequence:
        above = [columns[earlier] for earlier in before[index]]
        columns[index] = sum(above) / len(above) if above else index
    return columns


def _immediately_before(
    begin: Moment, by_end: list[int], end_moments: list[Moment], latest_begin: list[Moment]
) -> tuple[int, ...]:
    """Return the nodes that are over at `begin`, except nodes that are over before another such node begins."""
    over = bisect_right(end_moments, begin)
    if over == 0:
        return ()
    return tuple(sorted(by_end[bisect_right(end_moments, latest_begin[over - 1]) : over]))


def _moments(spans: Sequence[ClockSpan]) -> tuple[list[Moment], list[Moment]]:
    """Return the moments at which the nodes begin, and the moments at which they are over."""
    begins = _beginnings(spans)
    return begins, [_end(span, begin, index) for index, (span, begin) in enumerate(zip(spans, begins, strict=True))]


def _beginnings(spans: Sequence[ClockSpan]) -> list[Moment]:
    """Return the moments at which the nodes begin. Nodes without work begin at their position in the program."""
    begins: list[Moment] = []
    clock: Number = -math.inf
    for index, span in enumerate(spans):
        if span.without_work:
            begins.append((_clock_at(clock, spans[index:]), index))
        elif span.starts is None:
            begins.append(ALWAYS)
        else:
            begins.append((span.starts, index))
            clock = max(clock, span.starts)
    return begins


def _clock_at(clock: Number, following: Sequence[ClockSpan]) -> Number:
    """Return the clock after `clock`, or the first start of the spans in `following` if that is earlier."""
    return min([clock + 1, *(span.starts for span in following if span.starts is not None)])


def _end(span: ClockSpan, begin: Moment, index: int) -> Moment:
    if span.without_work:
        return (begin[0], index + 1)
    if span.resolves is None or (span.resolves, _RESOLVED) <= begin:
        return NEVER
    return (span.resolves, _RESOLVED)


class MemberClocks(Struct):
    """The clocks of nodes, except in groups whose members all have the same clocks.

    Such clocks add nothing to the group, which already shows that its members run concurrently.
    """

    _entered: set[int] = field(default_factory=set)
    """The groups inside a group that was entered, by identity."""

    _hidden: set[int] = field(default_factory=set)
    """The nodes whose clocks are not shown, by identity."""

    def enter(self, group: Parallel) -> None:
        """Decide on the clocks of all work in a group. It must be entered before its nodes are drawn."""
        if id(group) in self._entered:
            return
        nodes = list(_nodes_in(group))
        self._entered.update(id(node) for node in nodes)
        clocked = [node for node in nodes if is_clocked(node)]
        spans = {clock_text(node) for node in clocked}
        outlasts = any(map(is_unawaited, clocked)) and not is_over_at_the_first(group)
        if len(spans) == 1 and not outlasts:
            self._hidden.update(id(node) for node in clocked)

    def text(self, node: Clocked) -> str:
        """Return the clocks of a node, such as `[1→2]`, or an empty string if they are not shown."""
        return "" if id(node) in self._hidden else clock_text(node)

    def append_to(self, text: str, node: Clocked) -> str:
        """Return `text` followed by the clocks of `node`, if they are shown."""
        clock = self.text(node)
        return f"{text} {clock}" if clock else text


def _nodes_in(group: Parallel) -> Iterator[Node]:
    """Yield the nodes of a group down to its work, excluding the contents of steps and functions."""
    pending: list[Node] = [*group["nodes"]]
    while pending:
        node = pending.pop()
        yield node
        if not (is_clocked(node) or as_unknown(node) or node["type"] in {"function_def", "start"}):
            pending.extend(children(node))
