"""Bottom-up phase: match containers of the same kind by their matched descendants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final

from stepgraph.diff.matching.matching import Matching, is_movable, work_counts
from stepgraph.diff.matching.top_down import match_below

MAX_DISTANCE: Final = 16
"""Maximum number of levels between a container and the descendants that count, which bounds the cost of deep trees."""

MIN_OVERLAP: Final = 0.5
"""Minimum share of the smaller container's work that both containers have in common."""


def match_containers_in_place(matching: Matching) -> None:
    """Match containers whose parents match, outermost first."""
    work = work_counts(matching.old), work_counts(matching.new)
    pending = [(old, new) for new, old in enumerate(matching.to_old) if old is not None]
    while pending:
        old, new = pending.pop()
        children = {child for child in matching.new[new].children if matching.to_old[child] is None}
        for child in matching.old[old].children if children else ():
            if _is_unmatched_container(matching, child):
                pending += _match_best(matching, child, work, children)


def match_containers(matching: Matching) -> None:
    """Match containers anywhere in the trees, innermost first."""
    work = work_counts(matching.old), work_counts(matching.new)
    for number in reversed(range(len(matching.old))):
        if _is_unmatched_container(matching, number):
            _match_best(matching, number, work)


def _is_unmatched_container(matching: Matching, old: int) -> bool:
    element = matching.old[old]
    return bool(element.children) and matching.to_new[old] is None and is_movable(element)


def _match_best(
    matching: Matching, old: int, work: tuple[list[int], list[int]], allowed: set[int] | None = None
) -> list[tuple[int, int]]:
    """Match a container with the candidate of the largest overlap, if any. Return all new matches.

    Candidates are limited to `allowed`, if it is set.
    """
    weights: Counter[int] = Counter()
    for inner_old, inner_new in _matched_descendants(matching, old):
        for candidate in _candidates(matching, inner_new, matching.old[old].kind):
            if allowed is None or candidate in allowed:
                weights[candidate] += max(1, work[0][inner_old])
    scored = [(_overlap(weight, work[0][old], work[1][candidate]), candidate) for candidate, weight in weights.items()]
    eligible = [(dice, candidate) for (dice, containment), candidate in scored if containment >= MIN_OVERLAP]
    if not eligible:
        return []
    # Ties go to the innermost candidate; outer ones may match outer containers.
    _, candidate = max(eligible)
    matching.add(old, candidate)
    return [(old, candidate), *match_below(matching, old, candidate)]


def _overlap(weight: int, old_work: int, new_work: int) -> tuple[float, float]:
    """Return the Dice coefficient of two containers and the shared part of the smaller one."""
    return 2 * weight / max(1, old_work + new_work), weight / max(1, min(old_work, new_work))


def _matched_descendants(matching: Matching, number: int) -> Iterator[tuple[int, int]]:
    """Yield the outermost matches inside an old element."""
    pending = [(child, 1) for child in matching.old[number].children]
    while pending:
        inner, level = pending.pop()
        partner = matching.to_new[inner]
        if partner is not None:
            yield inner, partner
        elif level < MAX_DISTANCE:
            pending += ((child, level + 1) for child in matching.old[inner].children)


def _candidates(matching: Matching, number: int, kind: str) -> Iterator[int]:
    """Yield the unmatched ancestors of a new element with the kind."""
    for element in islice(matching.new.ancestors(number), MAX_DISTANCE):
        if element.kind == kind and matching.to_old[element.number] is None and is_movable(element):
            yield element.number
