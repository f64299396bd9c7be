"""What runs after what in a group, by its clocks. Clocks may be other numbers and still say the same."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, takewhile
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.diff.changes.frames import Frames
from stepgraph.diff.elements import Element, Tree
from stepgraph.limits import Limit
from stepgraph.model.payload import Number

RACES: Final = frozenset({"race", "any"})
"""Kinds of groups that wait for some of their members, which have no clock for it."""

SPANS_PER_VISIT: Final = 4
"""How many comparisons of two spans of time cost as much as a visit."""

Span: TypeAlias = tuple[Number, Number]


class NewOrder(Struct, frozen=True):
    """An element that waits for others than before, by new numbers: those it did not wait for, and those it did."""

    number: int
    waits_for: tuple[int, ...]
    no_longer: tuple[int, ...]


def new_orders(frames: Frames) -> Iterator[tuple[int, NewOrder]]:
    """Yield the elements of each group of both versions that wait for others than before, after the group."""
    for group in _outermost_groups(frames):
        members = [number for number in frames.new.tree.within(group) if _has_clock(frames, number, group)]
        old = _Order({number: frames.old.tree[frames.old_of(number)] for number in members})
        new = _Order({number: frames.new.tree[number] for number in members})
        equal = _equal_beginnings(old.by_end, new.by_end)
        for number in members:
            count = old.over_before(number)
            if count != new.over_before(number) or not equal[count]:
                frames.new.tree.budget.spend(Limit.VISITS, count + new.over_before(number))
                before, now = set(old.by_end[:count]), set(new.by_end[: new.over_before(number)])
                yield group, NewOrder(number, tuple(sorted(now - before)), tuple(sorted(before - now)))


def _outermost_groups(frames: Frames) -> Iterator[int]:
    end = 0
    for element in frames.new.tree.elements:
        is_pair = not frames.new.is_lone(element.number)
        if element.kind == "parallel" and is_pair and element.number >= end:
            end = element.end
            yield element.number


def _has_clock(frames: Frames, number: int, group: int) -> bool:
    """Tell whether an element has a clock in both versions of the group."""
    old, old_group = frames.pairs.to_old[number], frames.old_of(group)
    if old is None or old not in frames.old.tree.span(old_group):
        return False
    return _clock(frames.old.tree[old], "starts") is not None and _clock(frames.new.tree[number], "starts") is not None


def beside_in(tree: Tree, group: int, own: Sequence[int]) -> list[int]:
    """Return what in a group may run at the same time as one of some elements of it, without what is in these."""
    within = {inner for number in own for inner in tree.within(number)}
    spans = [_span(tree, number, group) for number in own]
    inside = tree.within(group)[1:]
    tree.budget.spend(Limit.VISITS, len(spans) * len(inside) // SPANS_PER_VISIT)
    return [
        number
        for number in inside
        if number not in within and any(_overlap(_span(tree, number, group), span) for span in spans)
    ]


def _span(tree: Tree, number: int, group: int) -> Span:
    """Return when an element of a group begins and is over, by the outermost clock in the group that it is under.

    What is nested in a step has clocks of its own, which say nothing here. Without a clock, it may be at any time.
    """
    span: Span = -math.inf, math.inf
    for inner in takewhile(lambda inner: inner.number != group, (tree[number], *tree.above(number))):
        starts, ends = _clock(inner, "starts"), _clock(inner, "resolves")
        if starts is not None:
            span = starts, math.inf if ends is None else ends
    return span


def _overlap(first: Span, second: Span) -> bool:
    return first[0] < second[1] and second[0] < first[1]


def _clock(element: Element, field: str) -> Number | None:
    value = element.fields.get(field)
    return value if isinstance(value, int | float) else None


class _Order:
    """Elements by the moments at which they are over, those that never are last."""

    def __init__(self, elements: Mapping[int, Element]) -> None:
        resolves = {number: _clock(element, "resolves") for number, element in elements.items()}
        ends = {number: math.inf if end is None else end for number, end in resolves.items()}
        self._begins = {number: _clock(element, "starts") or 0 for number, element in elements.items()}
        self.by_end = sorted(ends, key=lambda number: ends[number])
        self._ends = [ends[number] for number in self.by_end]

    def over_before(self, number: int) -> int:
        """Return how many are over when an element begins."""
        return bisect_right(self._ends, self._begins[number])


def _equal_beginnings(first: Sequence[int], second: Sequence[int]) -> list[bool]:
    """Return for each length whether the two sequences begin with the same elements, in whatever order."""
    missing: set[int] = set()

    def differing(_: int, pair: tuple[int, int]) -> int:
        for number in pair:
            missing.symmetric_difference_update({number})
        return len(missing)

    counts = accumulate(zip(first, second, strict=True), differing, initial=0)
    return [count == 0 for count in counts]
