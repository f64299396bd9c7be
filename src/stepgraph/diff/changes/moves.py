"""Moved elements, in runs: neighbors that moved together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from stepgraph.diff.changes.sides import Side, Sides
from stepgraph.diff.sequences import longest_increasing
from stepgraph.diff.tree import FUNCTION, FUNCTIONS

Run: TypeAlias = tuple[int, ...]


def reordered_runs(sides: Sides) -> Iterator[Run]:
    """Yield the runs of elements that keep their host but not their order, by new number.

    Functions have no order.
    """
    for host in sorted(sides.new.members):
        shared = [
            number for number in sides.new.members[host] if sides.keeps_host(number) and _has_order(sides, number)
        ]
        before = [sides.old_of(number) for number in shared]
        in_order = set(longest_increasing(before))
        ranks = {old: rank for rank, old in enumerate(sorted(before))}
        yield from _runs(
            [number for position, number in enumerate(shared) if position not in in_order],
            {number: position for position, number in enumerate(shared)},
            {number: (0, ranks[old]) for number, old in zip(shared, before, strict=True)},
        )


def moved_runs(sides: Sides) -> Iterator[Run]:
    """Yield the runs of elements that change their host, by new number."""
    positions = {number: position for inside in sides.old.members.values() for position, number in enumerate(inside)}
    for host in sorted(sides.new.members):
        inside = sides.new.members[host]
        arrived = [number for number in inside if not sides.keeps_host(number)]
        yield from _runs(
            arrived,
            {number: position for position, number in enumerate(inside)},
            {number: (sides.old.hosts[sides.old_of(number)], positions[sides.old_of(number)]) for number in arrived},
        )


def _runs(
    numbers: Sequence[int], new_positions: dict[int, int], old_positions: dict[int, tuple[int, int]]
) -> Iterator[Run]:
    """Yield `numbers` in runs that are contiguous in both versions. An old position is a host and an index."""
    run: list[int] = []
    for number in numbers:
        follows = run and new_positions[number] == new_positions[run[-1]] + 1
        if not follows or not _is_next(old_positions[run[-1]], old_positions[number]):
            if run:
                yield tuple(run)
            run = []
        run.append(number)
    if run:
        yield tuple(run)


def _is_next(first: tuple[int, int], second: tuple[int, int]) -> bool:
    return first[0] == second[0] and first[1] + 1 == second[1]


def _has_order(sides: Sides, number: int) -> bool:
    """Return whether an element is executed at its position, unlike a function and its contents."""
    return not any(
        side.tree[inner].slot == FUNCTIONS
        for side, side_number in ((sides.new, number), (sides.old, sides.old_of(number)))
        for inner in (side_number, *_functions_above(side, side_number))
    )


def _functions_above(side: Side, number: int) -> list[int]:
    return [above for above in side.unmatched_ancestors(number) if side.tree[above].kind == FUNCTION]
