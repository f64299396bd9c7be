"""Dependencies between the members of a group, derived from their clocks.

Clocks with different values can describe the same dependencies.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, takewhile
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.diff.sides import Sides
from stepgraph.diff.tree import Tree, TreeElement
from stepgraph.limits import Limit
from stepgraph.model.payload import Number

RACES: Final = frozenset({"race", "any"})
"""Kinds of groups that end when one member ends or succeeds. Their members have no clock for the end."""

SPANS_PER_VISIT: Final = 4
"""Number of span comparisons that cost as much as one visit."""

Span: TypeAlias = tuple[Number, Number]


class WaitChange(Struct, frozen=True):
    """An element whose dependencies changed. Numbers refer to the new tree."""

    number: int
    """Number of the element."""
    waits_for: tuple[int, ...]
    """Elements that the element newly waits for."""
    no_longer: tuple[int, ...]
    """Elements that the element no longer waits for."""


def wait_changes(sides: Sides) -> Iterator[tuple[int, WaitChange]]:
    """Yield the elements of matched groups whose dependencies changed, each with the number of its group."""
    for group in _outermost_groups(sides):
        members = [number for number in sides.new.tree.visit_subtree(group) if _has_clock(sides, number, group)]
        old = _EndOrder({number: sides.old.tree[sides.old_of(number)] for number in members})
        new = _EndOrder({number: sides.new.tree[number] for number in members})
        equal_prefix = _equal_prefixes(old.by_end, new.by_end)
        for number in members:
            count = old.count_ended_before(number)
            if count != new.count_ended_before(number) or not equal_prefix[count]:
                sides.new.tree.budget.spend(Limit.VISITS, count + new.count_ended_before(number))
                old_dependencies, new_dependencies = (
                    set(old.by_end[:count]),
                    set(new.by_end[: new.count_ended_before(number)]),
                )
                yield (
                    group,
                    WaitChange(
                        number,
                        tuple(sorted(new_dependencies - old_dependencies)),
                        tuple(sorted(old_dependencies - new_dependencies)),
                    ),
                )


def _outermost_groups(sides: Sides) -> Iterator[int]:
    end = 0
    for element in sides.new.tree.elements:
        is_pair = not sides.new.is_unmatched(element.number)
        if element.kind == "parallel" and is_pair and element.number >= end:
            end = element.end
            yield element.number


def _has_clock(sides: Sides, number: int, group: int) -> bool:
    """Return whether an element has a clock in both versions of the group."""
    old, old_group = sides.matching.to_old[number], sides.old_of(group)
    if old is None or old not in sides.old.tree.subtree(old_group):
        return False
    return _clock(sides.old.tree[old], "starts") is not None and _clock(sides.new.tree[number], "starts") is not None


def concurrent_in(tree: Tree, group: int, numbers: Sequence[int]) -> list[int]:
    """Return the elements of a group that may run concurrently with one of `numbers`, except those inside `numbers`."""
    own_elements = {inner for number in numbers for inner in tree.visit_subtree(number)}
    spans = [_span(tree, number, group) for number in numbers]
    inside = tree.visit_subtree(group)[1:]
    tree.budget.spend(Limit.VISITS, len(spans) * len(inside) // SPANS_PER_VISIT)
    return [
        number
        for number in inside
        if number not in own_elements and any(_overlap(_span(tree, number, group), span) for span in spans)
    ]


def ends_before(tree: Tree, group: int, first: int, second: int) -> bool:
    """Return whether an element of a group ends before another one starts."""
    return _span(tree, first, group)[1] <= _span(tree, second, group)[0]


def _span(tree: Tree, number: int, group: int) -> Span:
    """Return the clocks at which an element of a group starts and ends, or infinite bounds for missing clocks.

    The outermost clocks inside the group count, because steps nested in a step have separate clocks.
    """
    span: Span = -math.inf, math.inf
    for inner in takewhile(lambda inner: inner.number != group, (tree[number], *tree.ancestors(number))):
        starts, ends = _clock(inner, "starts"), _clock(inner, "resolves")
        if starts is not None:
            span = starts, math.inf if ends is None else ends
    return span


def _overlap(first: Span, second: Span) -> bool:
    return first[0] < second[1] and second[0] < first[1]


def _clock(element: TreeElement, field: str) -> Number | None:
    value = element.fields.get(field)
    return value if isinstance(value, int | float) else None


class _EndOrder:
    """Elements in the order of their ends. Elements that are not awaited come last."""

    def __init__(self, elements: Mapping[int, TreeElement]) -> None:
        resolves = {number: _clock(element, "resolves") for number, element in elements.items()}
        ends = {number: math.inf if end is None else end for number, end in resolves.items()}
        self._begins = {number: _clock(element, "starts") or 0 for number, element in elements.items()}
        self.by_end = sorted(ends, key=lambda number: ends[number])
        self._ends = [ends[number] for number in self.by_end]

    def count_ended_before(self, number: int) -> int:
        """Return the number of elements that have ended when an element starts."""
        return bisect_right(self._ends, self._begins[number])


def _equal_prefixes(first: Sequence[int], second: Sequence[int]) -> list[bool]:
    """Return, for each length, whether both sequences start with the same set of elements."""
    missing: set[int] = set()

    def differing(_: int, pair: tuple[int, int]) -> int:
        for number in pair:
            missing.symmetric_difference_update({number})
        return len(missing)

    counts = accumulate(zip(first, second, strict=True), differing, initial=0)
    return [count == 0 for count in counts]
