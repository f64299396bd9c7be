"""What the clocks of concurrent nodes say: which of them run after which.

A node that starts at s runs after all that resolve at s or before: an interval order. Only its immediate pairs are
given, those that no third node lies between.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeAlias

from msgspec import Struct

from stepgraph.model.payload import Clocked, Node, Number, Parallel
from stepgraph.model.walk import as_unknown, children

Moment: TypeAlias = tuple[Number, int]
"""A clock and a place in the program: all that resolves at a clock is over before anything starts at it."""

ALWAYS: Moment = (-math.inf, -1)
NEVER: Moment = (math.inf, 0)
_RESOLVED = -1


class ClockSpan(Struct, frozen=True):
    """From when to when the work in a node may run; None is not known.

    `steers` tells a node without any work in it, such as a `break`, or an `if` with nothing but a `return`.
    """

    starts: Number | None
    resolves: Number | None
    steers: bool = False


class GroupOrder(Struct, frozen=True):
    """For each node of a group those that run just before it (none: it begins with the group), and the last ones.

    The last ones are ordered as they stand best below the others. `sequence` holds the places of all nodes, each after
    those that run before it.
    """

    before: tuple[tuple[int, ...], ...]
    last: tuple[int, ...]
    sequence: tuple[int, ...]


def timed(node: Node) -> Clocked | None:
    """Return the node if it is of a type that may carry clocks."""
    if as_unknown(node):
        return None
    match node["type"]:
        case "step_do" | "step_sleep" | "step_sleep_until" | "step_wait_for_event" | "function_call":
            return node
    return None


def is_unawaited(node: Node) -> bool:
    """Tell whether nothing waits for the node: it was started, and may outlast the group."""
    work = timed(node)
    return work is not None and "starts" in work and "resolves" not in work


def is_over_at_the_first(group: Parallel) -> bool:
    """Tell whether a group is over before all that is in it, with the first that is, or that succeeds."""
    return group["kind"] in {"any", "race"}


def clock_span(node: Node) -> ClockSpan:
    """Return the span of all work in `node`, as far as it is certain."""
    work = _clocks_in(node)
    starts = [begin for begin, _ in work if begin is not None]
    resolves = [end for _, end in work if end is not None]
    return ClockSpan(
        starts=min(starts) if starts and len(starts) == len(work) else None,
        resolves=max(resolves) if resolves and len(resolves) == len(work) else None,
        steers=not work,
    )


def _clocks_in(node: Node) -> list[tuple[Number | None, Number | None]]:
    """Return the clocks of each piece of work in `node`. What has a clock of its own within is one piece without."""
    work: list[tuple[Number | None, Number | None]] = []
    pending = [node]
    while pending:
        inner = pending.pop()
        if item := timed(inner):
            work.append((item.get("starts"), item.get("resolves")))
        elif as_unknown(inner) or inner["type"] in {"function_def", "start"}:
            work.append((None, None))
        else:
            pending.extend(children(inner))
    return work


def has_clocks(nodes: Sequence[Node], *, in_group: bool) -> bool:
    """Tell whether clocks order `nodes`: their own, or in a group also those of the work in them."""
    if in_group:
        return any(span.starts is not None or span.resolves is not None for span in map(clock_span, nodes))
    return any("starts" in item or "resolves" in item for node in nodes if (item := timed(node)))


def group_order(spans: Sequence[ClockSpan]) -> GroupOrder:
    """Return the order of nodes with these spans, given in program order."""
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


class RowSpan(Struct, frozen=True):
    """The rows of a group that a node is in: it begins with the first and is over before `ends` begins.

    `ends` is the number of rows for what may last as long as the group.
    """

    begins: int
    ends: int


def row_spans(spans: Sequence[ClockSpan]) -> tuple[RowSpan, ...]:
    """Return the rows of nodes with these spans, given in program order: one for each state of what is over."""
    begins, ends = _moments(spans)
    end_moments = sorted(ends)
    over = [bisect_right(end_moments, begin) for begin in begins]
    rows = sorted(set(over))
    return tuple(
        RowSpan(begins=bisect_left(rows, count), ends=bisect_right(rows, bisect_left(end_moments, end)))
        for count, end in zip(over, ends, strict=True)
    )


def _columns(before: Sequence[tuple[int, ...]], sequence: Sequence[int]) -> dict[int, float]:
    """Return how far to the right each node should stand: in the middle of those before it, or where it is written."""
    columns: dict[int, float] = {}
    for index in sequence:
        above = [columns[earlier] for earlier in before[index]]
        columns[index] = sum(above) / len(above) if above else index
    return columns


def _immediately_before(
    begin: Moment, by_end: list[int], end_moments: list[Moment], latest_begin: list[Moment]
) -> tuple[int, ...]:
    """Return those over at `begin`, but for those over before one of the others even begins."""
    over = bisect_right(end_moments, begin)
    if over == 0:
        return ()
    return tuple(sorted(by_end[bisect_right(end_moments, latest_begin[over - 1]) : over]))


def _moments(spans: Sequence[ClockSpan]) -> tuple[list[Moment], list[Moment]]:
    """Return when each node begins, and when each is over."""
    begins = _beginnings(spans)
    return begins, [_end(span, begin, index) for index, (span, begin) in enumerate(zip(spans, begins, strict=True))]


def _beginnings(spans: Sequence[ClockSpan]) -> list[Moment]:
    """Return when each node begins. What only steers has no clock: it is decided where it stands in the program."""
    begins: list[Moment] = []
    clock: Number = -math.inf
    for index, span in enumerate(spans):
        if span.steers:
            begins.append((_clock_at(clock, spans[index:]), index))
        elif span.starts is None:
            begins.append(ALWAYS)
        else:
            begins.append((span.starts, index))
            clock = max(clock, span.starts)
    return begins


def _clock_at(clock: Number, following: Sequence[ClockSpan]) -> Number:
    """Return the clock after work that started at `clock` and was awaited on the spot, unless more starts earlier."""
    return min([clock + 1, *(span.starts for span in following if span.starts is not None)])


def _end(span: ClockSpan, begin: Moment, index: int) -> Moment:
    if span.steers:
        return (begin[0], index + 1)
    if span.resolves is None or (span.resolves, _RESOLVED) <= begin:
        return NEVER
    return (span.resolves, _RESOLVED)
