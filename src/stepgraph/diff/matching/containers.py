"""Pairs of what holds other elements: those of one kind that hold the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final

from stepgraph.diff.matching.pairs import Pairs, may_go_elsewhere, work_in
from stepgraph.diff.matching.siblings import pair_below

FARTHEST: Final = 16
"""How many levels lie between elements and what is compared by them, at most: for any depth at a bounded cost."""

LEAST_SHARE: Final = 0.5
"""Of the work in the smaller of two, how much must be in both."""


def pair_in_place(pairs: Pairs) -> None:
    """Pair free children of pairs with children of their kind that hold most of what they hold, from the outside in."""
    work = work_in(pairs.old), work_in(pairs.new)
    pending = [(old, new) for new, old in enumerate(pairs.to_old) if old is not None]
    while pending:
        old, new = pending.pop()
        children = {child for child in pairs.new[new].children if pairs.to_old[child] is None}
        for child in pairs.old[old].children if children else ():
            if _is_free_container(pairs, child):
                pending += _pair_with_best(pairs, child, work, children)


def pair_containers(pairs: Pairs) -> None:
    """Pair free elements with those of their kind that hold most of what they hold, from the inside out."""
    work = work_in(pairs.old), work_in(pairs.new)
    for number in reversed(range(len(pairs.old))):
        if _is_free_container(pairs, number):
            _pair_with_best(pairs, number, work)


def _is_free_container(pairs: Pairs, old: int) -> bool:
    element = pairs.old[old]
    return bool(element.children) and pairs.to_new[old] is None and may_go_elsewhere(element)


def _pair_with_best(
    pairs: Pairs, old: int, work: tuple[list[int], list[int]], among: set[int] | None = None
) -> list[tuple[int, int]]:
    """Pair a free element with the free one that holds most of what it holds, if any does. Returns all new pairs."""
    held: Counter[int] = Counter()
    for inner_old, inner_new in _held(pairs, old):
        for holder in _holders(pairs, inner_new, pairs.old[old].kind):
            if among is None or holder in among:
                held[holder] += max(1, work[0][inner_old])
    scored = [(_share(weight, work[0][old], work[1][holder]), holder) for holder, weight in held.items()]
    fitting = [(both, holder) for (both, smaller), holder in scored if smaller >= LEAST_SHARE]
    if not fitting:
        return []
    # Of those that hold the same, the innermost: the others are for what is around.
    _, holder = max(fitting)
    pairs.pair(old, holder)
    return [(old, holder), *pair_below(pairs, old, holder)]


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
    """Yield the free elements of a kind around a new element."""
    for element in islice(pairs.new.above(number), FARTHEST):
        if element.kind == kind and pairs.to_old[element.number] is None and may_go_elsewhere(element):
            yield element.number
