"""What was put elsewhere: before or after its neighbours, or into something else. What went together is one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from stepgraph.diff.changes.frames import Frames, Side
from stepgraph.diff.elements import FUNCTION, FUNCTIONS
from stepgraph.diff.matching.sequences import longest_increasing

Run: TypeAlias = tuple[int, ...]


def reordered_runs(frames: Frames) -> Iterator[Run]:
    """Yield what stays in the same element, but no longer between the same neighbours, by its new numbers.

    The order of functions is not one in which they run, and means nothing.
    """
    for host in sorted(frames.new.members):
        shared = [number for number in frames.new.members[host] if frames.stays(number) and _has_a_turn(frames, number)]
        before = [frames.old_of(number) for number in shared]
        kept = set(longest_increasing(before))
        turns = {old: turn for turn, old in enumerate(sorted(before))}
        yield from _runs(
            [number for place, number in enumerate(shared) if place not in kept],
            {number: place for place, number in enumerate(shared)},
            {number: (0, turns[old]) for number, old in zip(shared, before, strict=True)},
        )


def moved_runs(frames: Frames) -> Iterator[Run]:
    """Yield what is in another element than before, by its new numbers."""
    places = {number: place for inside in frames.old.members.values() for place, number in enumerate(inside)}
    for host in sorted(frames.new.members):
        inside = frames.new.members[host]
        came = [number for number in inside if not frames.stays(number)]
        yield from _runs(
            came,
            {number: place for place, number in enumerate(inside)},
            {number: (frames.old.hosts[frames.old_of(number)], places[frames.old_of(number)]) for number in came},
        )


def _runs(numbers: Sequence[int], new_places: dict[int, int], old_places: dict[int, tuple[int, int]]) -> Iterator[Run]:
    """Yield `numbers` in runs that were and are uninterrupted. An old place is one among those of a number."""
    run: list[int] = []
    for number in numbers:
        follows = run and new_places[number] == new_places[run[-1]] + 1
        if not follows or not _is_next(old_places[run[-1]], old_places[number]):
            if run:
                yield tuple(run)
            run = []
        run.append(number)
    if run:
        yield tuple(run)


def _is_next(first: tuple[int, int], second: tuple[int, int]) -> bool:
    return first[0] == second[0] and first[1] + 1 == second[1]


def _has_a_turn(frames: Frames, number: int) -> bool:
    """Tell whether there is a place in the program for an element, as there is none for functions."""
    return not any(
        side.tree[inner].slot == FUNCTIONS
        for side, own in ((frames.new, number), (frames.old, frames.old_of(number)))
        for inner in (own, *_functions_above(side, own))
    )


def _functions_above(side: Side, number: int) -> list[int]:
    return [above for above in side.lone_above(number) if side.tree[above].kind == FUNCTION]
