"""Pairs of what holds other elements: those of one kind that hold the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from stepgraph.diff.matching.pairs import Pairs, may_go_elsewhere, work_in
from stepgraph.diff.matching.siblings import pair_below

FARTHEST: Final = 16
"""How many levels lie between elements and what is compared by them, at most: for any depth at a bounded cost."""

LEAST_SHARE: Final = 0.5
"""Of the work in the smaller of two, how much must be in both."""


def pair_containers(pairs: Pairs) -> None:
    """Pair free elements with those of their kind that hold most of what they hold, from the inside out."""
    old_work, new_work = work_in(pairs.old), work_in(pairs.new)
    for element in reversed(pairs.old.elements):
        if not element.children or pairs.to_new[element.number] is not None or not may_go_elsewhere(element):
            continue
        held: Counter[int] = Counter()
        for inner_old, inner_new in _held(pairs, element.number):
            for holder in _holders(pairs, inner_new, element.kind):
                held[holder] += max(1, old_work[inner_old])
        scored = [
            (_share(weight, old_work[element.number], new_work[holder]), -holder) for holder, weight in held.items()
        ]
        fitting = [(both, number) for (both, smaller), number in scored if smaller >= LEAST_SHARE]
        if fitting:
            holder = -max(fitting)[1]
            pairs.pair(element.number, holder)
            pair_below(pairs, element.number, holder)


def _share(weight: int, old_work: int, new_work: int) -> tuple[float, float]:
    """Return the share of what is held in both, and of what is held in the smaller."""
    return 2 * weight / max(1, old_work + new_work), weight / max(1, min(old_work, new_work))


def _held(pairs: Pairs, number: int) -> Iterator[tuple[int, int]]:
    """Yield the pairs in an element, but not those in others."""
    pending = [(child, 1) for child in pairs.old[number].children]
    while pending:
        inner, level = pending.pop()
        partner = pairs.to_new[inner]
        if partner is not None:
            yield inner, partner
        elif level < FARTHEST:
            pending += ((child, level + 1) for child in pairs.old[inner].children)


def _holders(pairs: Pairs, number: int, kind: str) -> Iterator[int]:
    """Yield the free elements of a kind around a new element, up to the first that is in a pair."""
    for level, element in enumerate(pairs.new.above(number)):
        if level >= FARTHEST or pairs.to_old[element.number] is not None:
            return
        if element.kind == kind and may_go_elsewhere(element):
            yield element.number
