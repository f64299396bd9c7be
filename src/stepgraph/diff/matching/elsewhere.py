"""Pairs anywhere in the two trees: what was moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable

from stepgraph.diff.elements import CALL, Element
from stepgraph.diff.matching.pairs import Pairs, may_go_elsewhere, work_in
from stepgraph.diff.matching.siblings import pair_below


def pair_alike(pairs: Pairs, *, once: bool) -> None:
    """Pair free elements that are alike in all that is in them, if anything runs in them: the largest first.

    With `once`, only those of which there is one on each side; else also several of a kind, in their order.
    """
    old_work, new_work = work_in(pairs.old), work_in(pairs.new)
    old = [n for n in pairs.free_old() if old_work[n] and may_go_elsewhere(pairs.old[n])]
    new = [n for n in pairs.free_new() if new_work[n] and may_go_elsewhere(pairs.new[n])]
    for old_number, new_number in _together(
        old, new, lambda n: pairs.old_digests[n], lambda n: pairs.new_digests[n], once=once
    ):
        if pairs.are_free(old_number, new_number):
            pairs.pair_all(old_number, new_number)


def pair_named(pairs: Pairs, *, once: bool) -> None:
    """Pair free elements of one kind and one name, with `once` only where they are the only ones."""
    old = [n for n in pairs.free_old() if _is_named(pairs.old[n])]
    new = [n for n in pairs.free_new() if _is_named(pairs.new[n])]
    for old_number, new_number in _together(
        old,
        new,
        lambda n: (pairs.old[n].kind, pairs.old[n].name),
        lambda n: (pairs.new[n].kind, pairs.new[n].name),
        once=once,
    ):
        # What is in one before it may have made it part of a pair.
        if pairs.are_free(old_number, new_number):
            pairs.pair(old_number, new_number)
            pair_below(pairs, old_number, new_number)


def _is_named(element: Element) -> bool:
    """Tell whether an element has a name that is its own: that of a call is one of what is called."""
    return bool(element.name) and element.kind != CALL and may_go_elsewhere(element)


def _together(
    old: Iterable[int],
    new: Iterable[int],
    old_key: Callable[[int], Hashable],
    new_key: Callable[[int], Hashable],
    *,
    once: bool,
) -> list[tuple[int, int]]:
    """Return those with equal keys, in the order of the old ones."""
    by_key: defaultdict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for number in old:
        by_key[old_key(number)][0].append(number)
    for number in new:
        by_key[new_key(number)][1].append(number)
    return sorted(
        pair
        for olds, news in by_key.values()
        if not once or len(olds) == len(news) == 1
        for pair in zip(olds, news, strict=False)
    )
