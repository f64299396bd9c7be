"""Pairs of what is left between the same siblings: elements under a new name, or with a new condition."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterator
from difflib import SequenceMatcher
from functools import partial
from itertools import pairwise
from typing import Final

from msgspec import Struct

from stepgraph.diff.digests import Digester
from stepgraph.diff.elements import BRANCH, CALL, STEPS, Tree
from stepgraph.diff.matching.pairs import Pairs, work_in
from stepgraph.diff.matching.sequences import common_sequence
from stepgraph.diff.matching.siblings import pair_below
from stepgraph.limits import NAME_WORK_PER_VISIT, VISIT_SHARES, Budget, Limit
from stepgraph.model.payload import DEFAULT_BACKOFF, DEFAULT_DELAY, DEFAULT_RETRIES, DEFAULT_TIMEOUT

LEAST_LIKENESS: Final = 0.6
"""Of two names, from 0 to 1, for the one to be the other."""

_MOST_COMPARED: Final = 400
"""Names in one gap, those of one side times those of the other; beyond this only the settings tell."""

_ORDINARY: Final = {
    "retries": {"limit": DEFAULT_RETRIES, "delay": DEFAULT_DELAY, "backoff": DEFAULT_BACKOFF},
    "timeout": DEFAULT_TIMEOUT,
}

Gap = tuple[list[int], list[int]]


def pair_renamed(pairs: Pairs) -> None:
    """Pair what is left in elements that are a pair, and then in what was paired so, and so on.

    These are elements that are alike but in another order, and those of one kind between the same siblings.
    """
    alike = _Likeness(pairs)
    pending = [(old, new) for new, old in enumerate(pairs.to_old) if old is not None]
    while pending:
        old, new = pending.pop()
        _pair_displaced(pairs, old, new)
        for gap in list(_gaps(pairs, old, new)):
            for pair in list(_pairs_in(pairs, gap, alike)):
                pairs.pair(*pair)
                pending += [pair, *pair_below(pairs, *pair)]


def _gaps(pairs: Pairs, old: int, new: int) -> Iterator[Gap]:
    """Yield what is free between children that are pairs, where both sides have something free."""
    new_slots = pairs.new.slots(new)
    for slot, old_children in pairs.old.slots(old).items():
        new_children = new_slots.get(slot, [])
        if all(pairs.to_new[child] is not None for child in old_children):
            continue
        kept = common_sequence([pairs.to_new[child] or -1 for child in old_children], new_children)
        bounds = [(-1, -1), *kept, (len(old_children), len(new_children))]
        for (old_from, new_from), (old_to, new_to) in pairwise(bounds):
            free_old = [child for child in old_children[old_from + 1 : old_to] if pairs.to_new[child] is None]
            free_new = [child for child in new_children[new_from + 1 : new_to] if pairs.to_old[child] is None]
            if free_old and free_new:
                yield free_old, free_new


def _pair_displaced(pairs: Pairs, old: int, new: int) -> None:
    """Pair free children that are alike, in whatever order: exits, say, which have nothing to be found elsewhere by."""
    left: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for child in reversed(pairs.new[new].children):
        if pairs.to_old[child] is None:
            left[pairs.new[child].slot, pairs.new_digests[child]].append(child)
    if not left:
        return
    for child in pairs.old[old].children:
        found = left.get((pairs.old[child].slot, pairs.old_digests[child]))
        if found and pairs.to_new[child] is None:
            pairs.pair_all(child, found.pop())


class _Likeness:
    """Tells whether what holds others may be the same without sharing any: if it holds the same kinds, or nothing."""

    def __init__(self, pairs: Pairs) -> None:
        self.names = NameLikeness(pairs.old.budget)
        digester = Digester()
        self._old_shapes, self._new_shapes = _shapes(pairs.old, digester), _shapes(pairs.new, digester)
        self._old_work, self._new_work = work_in(pairs.old), work_in(pairs.new)

    def of(self, old: int, new: int) -> bool:
        has_none = not self._old_work[old] or not self._new_work[new]
        return has_none or self._old_shapes[old] == self._new_shapes[new]


def _shapes(tree: Tree, digester: Digester) -> list[int]:
    """Return for each element a number for the kinds of what is in it, equal for equal kinds in equal places."""
    shapes = [0] * len(tree)
    for element in reversed(tree.elements):
        shapes[element.number] = digester.number(element.kind, *(shapes[child] for child in element.children))
    return shapes


def _pairs_in(pairs: Pairs, gap: Gap, alike: _Likeness) -> Iterator[tuple[int, int]]:
    for kind, (old, new) in _by_kind(pairs, gap).items():
        if kind == CALL or not new:
            continue
        if kind in STEPS:
            yield from _renamed_steps(pairs, old, new, alike.names)
        elif kind == BRANCH:
            yield from _changed_branches(pairs, old, new)
        elif len(old) == len(new) == 1 and alike.of(old[0], new[0]):
            yield old[0], new[0]


def _by_kind(pairs: Pairs, gap: Gap) -> dict[str, Gap]:
    kinds: defaultdict[str, Gap] = defaultdict(lambda: ([], []))
    for number in gap[0]:
        kinds[pairs.old[number].kind][0].append(number)
    for number in gap[1]:
        kinds[pairs.new[number].kind][1].append(number)
    return {kind: found for kind, found in kinds.items() if found[0]}


def _renamed_steps(pairs: Pairs, old: list[int], new: list[int], likeness: NameLikeness) -> Iterator[tuple[int, int]]:
    """Yield steps with like names, with the same unusual settings, then those of one name with as many of another."""
    left_old, left_new = dict.fromkeys(old), dict.fromkeys(new)
    for find in (partial(_with_like_names, likeness=likeness), _with_equal_settings):
        for first, second in find(pairs, list(left_old), list(left_new)):
            if first in left_old and second in left_new:
                del left_old[first], left_new[second]
                yield first, second
    rest_old, rest_new = list(left_old), list(left_new)
    if len(rest_old) == len(rest_new) and _is_one_name(pairs.old, rest_old) and _is_one_name(pairs.new, rest_new):
        yield from zip(rest_old, rest_new, strict=True)


def _is_one_name(tree: Tree, numbers: list[int]) -> bool:
    return len({tree[number].name for number in numbers}) == 1


def _with_like_names(pairs: Pairs, old: list[int], new: list[int], likeness: NameLikeness) -> list[tuple[int, int]]:
    if len(old) * len(new) > _MOST_COMPARED:
        return []
    scored = sorted(
        (-likeness.of(pairs.old[first].name, pairs.new[second].name), first, second) for first in old for second in new
    )
    return [(first, second) for score, first, second in scored if -score >= LEAST_LIKENESS]


class NameLikeness(Struct):
    """Compares names, as far as the budget of a comparison allows: of others it knows no likeness."""

    budget: Budget

    def of(self, first: str, second: str) -> float:
        """Return how like two names are, from 0 to 1."""
        work = len(first) * len(second) * min(len(first), len(second))
        visits = 1 + work // NAME_WORK_PER_VISIT
        if visits > self.budget.left[Limit.VISITS] // VISIT_SHARES:
            return 0
        self.budget.spend(Limit.VISITS, visits)
        return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _with_equal_settings(pairs: Pairs, old: list[int], new: list[int]) -> list[tuple[int, int]]:
    """Return steps with the same unusual settings: of each, the first with the first, and so on."""
    by_config: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for number in new:
        by_config[_frozen(pairs.new[number].fields.get("config"))].append(number)
    found: list[tuple[int, int]] = []
    for number in old:
        config = pairs.old[number].fields.get("config", _ORDINARY)
        alike = by_config.get(_frozen(config)) if config != _ORDINARY else None
        if alike:
            found.append((number, alike.popleft()))
    return found


def _frozen(value: object) -> Hashable:
    """Return a key that is equal for equal JSON values."""
    if isinstance(value, dict):
        return frozenset((name, _frozen(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return value


def _changed_branches(pairs: Pairs, old: list[int], new: list[int]) -> Iterator[tuple[int, int]]:
    """Yield branches that now hold what others held, or the only one with the only one."""
    free = dict.fromkeys(new)
    left: list[int] = []
    for number in old:
        partners = (pairs.to_new[child] for child in pairs.old[number].children)
        holders = [pairs.new[partner].parent for partner in partners if partner is not None]
        holder = next((holder for holder in holders if holder in free), None)
        if holder is None:
            left.append(number)
        else:
            del free[holder]
            yield number, holder
    others = list(free)
    if len(left) == len(others) == 1 and _is_uncaught(pairs.old, left[0]) == _is_uncaught(pairs.new, others[0]):
        yield left[0], others[0]


def _is_uncaught(tree: Tree, branch: int) -> bool:
    """Tell whether a branch stands for the errors that no handler catches."""
    is_default = tree[branch].fields.get("condition") is None
    return is_default and tree[tree[branch].parent].text("discriminant") == "exception"
