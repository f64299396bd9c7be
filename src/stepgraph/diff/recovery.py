"""The recovery phase of the matching, which matches the remaining elements between matched siblings by similarity."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import partial
from itertools import pairwise
from typing import Final

from msgspec import Struct

from stepgraph.diff.matching import Matching, match_below, work_counts
from stepgraph.diff.sequences import common_sequence
from stepgraph.diff.tree import BRANCH, CALL, STEPS, Digester, Tree, functions_by_key, is_work
from stepgraph.limits import NAME_WORK_PER_VISIT, VISIT_SHARES, Budget, Limit
from stepgraph.model.vocabulary import DEFAULT_BACKOFF, DEFAULT_DELAY, DEFAULT_RETRIES, DEFAULT_TIMEOUT

MIN_SIMILARITY: Final = 0.6
"""Minimum similarity of names, from 0 to 1."""

_MAX_COMPARISONS: Final = 400
"""Maximum number of name pairs in a gap. In larger gaps, only the configuration counts."""

_DEFAULT_CONFIG: Final = {
    "retries": {"limit": DEFAULT_RETRIES, "delay": DEFAULT_DELAY, "backoff": DEFAULT_BACKOFF},
    "timeout": DEFAULT_TIMEOUT,
}

Gap = tuple[list[int], list[int]]


def recover_matches(matching: Matching) -> None:
    """Match reordered isomorphic siblings, and elements of the same kind between the same siblings, recursively."""
    similarity = _Similarity(matching)
    pending = [(old, new) for new, old in enumerate(matching.to_old) if old is not None]
    while pending:
        old, new = pending.pop()
        _match_reordered_siblings(matching, old, new)
        for gap in list(_gaps(matching, old, new)):
            for pair in list(_matches_in_gap(matching, gap, similarity)):
                matching.add(*pair)
                pending += [pair, *match_below(matching, *pair)]
    _match_exits(matching)


def _match_exits(matching: Matching) -> None:
    """Match the exits of the same kind that follow the same element, perhaps in another branch or handler."""
    for number in matching.unmatched_old():
        before = matching.old.previous_sibling(number) if matching.old[number].kind == "break" else None
        partner = None if before is None else matching.to_new[before]
        new = None if partner is None else matching.new.next_sibling(partner)
        if new is not None and matching.are_unmatched(number, new) and matching.new[new].kind == "break":
            kinds = {matching.old[number].text("kind"), matching.new[new].text("kind")}
            if len(kinds) == 1:
                matching.add(number, new)


def _gaps(matching: Matching, old: int, new: int) -> Iterator[Gap]:
    """Yield the unmatched children between matched ones. Both sides of a gap contain elements."""
    new_slots = matching.new.children_by_slot(new)
    for slot, old_children in matching.old.children_by_slot(old).items():
        new_children = new_slots.get(slot, [])
        if all(matching.to_new[child] is not None for child in old_children):
            continue
        anchors = common_sequence([matching.to_new[child] for child in old_children], new_children)
        bounds = [(-1, -1), *anchors, (len(old_children), len(new_children))]
        for (old_from, new_from), (old_to, new_to) in pairwise(bounds):
            unmatched_old = [child for child in old_children[old_from + 1 : old_to] if matching.to_new[child] is None]
            unmatched_new = [child for child in new_children[new_from + 1 : new_to] if matching.to_old[child] is None]
            if unmatched_old and unmatched_new:
                yield unmatched_old, unmatched_new


def _match_reordered_siblings(matching: Matching, old: int, new: int) -> None:
    """Match unmatched isomorphic children in any order, such as exits, which no other phase matches."""
    candidates: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for child in reversed(matching.new[new].children):
        if matching.to_old[child] is None:
            candidates[matching.new[child].slot, matching.new_digests[child]].append(child)
    if not candidates:
        return
    for child in matching.old[old].children:
        isomorphic = candidates.get((matching.old[child].slot, matching.old_digests[child]))
        if isomorphic and matching.to_new[child] is None:
            matching.add_subtrees(child, isomorphic.pop())


class _Similarity:
    """The similarity of names and of containers."""

    def __init__(self, matching: Matching) -> None:
        self._matching = matching
        self._old_functions, self._new_functions = functions_by_key(matching.old), functions_by_key(matching.new)
        self.names = NameSimilarity(matching.old.budget)
        digester = Digester()
        self._old_shapes, self._new_shapes = _shapes(matching.old, digester), _shapes(matching.new, digester)
        self._old_work, self._new_work = work_counts(matching.old), work_counts(matching.new)

    def are_similar(self, old: int, new: int) -> bool:
        """Return whether two containers have equal shapes or common work, or one of them contains no step or call."""
        is_empty = not self._old_work[old] or not self._new_work[new]
        return is_empty or self._old_shapes[old] == self._new_shapes[new] or self._have_common_work(old, new)

    def _have_common_work(self, old: int, new: int) -> bool:
        """Return whether steps have moved between two containers through a function that only one version contains."""
        to_new, to_old = self._matching.to_new, self._matching.to_old
        moved = _work_in_functions(self._matching.new, new, self._new_functions, to_old)
        moved_back = _work_in_functions(self._matching.old, old, self._old_functions, to_new)
        return any(to_new[number] in moved for number in self._matching.old.visit_subtree(old)) or any(
            to_old[number] in moved_back for number in self._matching.new.visit_subtree(new)
        )


def _work_in_functions(
    tree: Tree, number: int, functions: Mapping[str, int], partners: Sequence[int | None]
) -> set[int]:
    """Return the matched steps and calls in the unmatched functions that a container calls."""
    calls = (tree[inner].name for inner in tree.visit_subtree(number) if tree[inner].kind == CALL)
    bodies = {functions[name] for name in calls if name in functions and partners[functions[name]] is None}
    inside = (inner for body in bodies for inner in tree.visit_subtree(body))
    return {inner for inner in inside if partners[inner] is not None and is_work(tree[inner])}


def _shapes(tree: Tree, digester: Digester) -> list[int]:
    """Return the id of each subtree's shape: its kinds and their positions."""
    shapes = [0] * len(tree)
    for element in reversed(tree.elements):
        shapes[element.number] = digester.id_of(element.kind, *(shapes[child] for child in element.children))
    return shapes


def _matches_in_gap(matching: Matching, gap: Gap, similarity: _Similarity) -> Iterator[tuple[int, int]]:
    for kind, (old, new) in _by_kind(matching, gap).items():
        if kind == CALL or not new:
            continue
        if kind in STEPS:
            yield from _renamed_steps(matching, old, new, similarity.names)
        elif kind == BRANCH:
            yield from _changed_branches(matching, old, new)
        elif len(old) == len(new) == 1 and similarity.are_similar(old[0], new[0]):
            yield old[0], new[0]


def _by_kind(matching: Matching, gap: Gap) -> dict[str, Gap]:
    kinds: defaultdict[str, Gap] = defaultdict(lambda: ([], []))
    for number in gap[0]:
        kinds[matching.old[number].kind][0].append(number)
    for number in gap[1]:
        kinds[matching.new[number].kind][1].append(number)
    return {kind: gap for kind, gap in kinds.items() if gap[0]}


def _renamed_steps(
    matching: Matching, old: list[int], new: list[int], similarity: NameSimilarity
) -> Iterator[tuple[int, int]]:
    """Yield pairs of steps with similar names, then with equal configurations other than the default, then the rest.

    The remaining steps are paired only if both sides have equally many, and all steps of a side have the same name.
    """
    remaining_old, remaining_new = dict.fromkeys(old), dict.fromkeys(new)
    for find in (partial(_with_similar_names, similarity=similarity), _with_equal_config):
        for first, second in find(matching, list(remaining_old), list(remaining_new)):
            if first in remaining_old and second in remaining_new:
                del remaining_old[first], remaining_new[second]
                yield first, second
    rest_old, rest_new = list(remaining_old), list(remaining_new)
    if (
        len(rest_old) == len(rest_new)
        and _have_equal_names(matching.old, rest_old)
        and _have_equal_names(matching.new, rest_new)
    ):
        yield from zip(rest_old, rest_new, strict=True)


def _have_equal_names(tree: Tree, numbers: list[int]) -> bool:
    return len({tree[number].name for number in numbers}) == 1


def _with_similar_names(
    matching: Matching, old: list[int], new: list[int], similarity: NameSimilarity
) -> list[tuple[int, int]]:
    if len(old) * len(new) > _MAX_COMPARISONS:
        return []
    scored = sorted(
        (-similarity.ratio(matching.old[first].name, matching.new[second].name), first, second)
        for first in old
        for second in new
    )
    return [(first, second) for score, first, second in scored if -score >= MIN_SIMILARITY]


class NameSimilarity(Struct):
    """Computes the similarity of names within the budget of visits."""

    budget: Budget

    def ratio(self, first: str, second: str) -> float:
        """Return the similarity of two names from 0 to 1, or 0 if the comparison is too expensive."""
        work = len(first) * len(second) * min(len(first), len(second))
        visits = 1 + work // NAME_WORK_PER_VISIT
        if visits > self.budget.remaining[Limit.VISITS] // VISIT_SHARES:
            return 0
        self.budget.spend(Limit.VISITS, visits)
        return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _with_equal_config(matching: Matching, old: list[int], new: list[int]) -> list[tuple[int, int]]:
    """Return steps with equal configurations other than the default, in order."""
    by_config: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for number in new:
        by_config[_hashable(matching.new[number].fields.get("config"))].append(number)
    matches: list[tuple[int, int]] = []
    for number in old:
        config = matching.old[number].fields.get("config", _DEFAULT_CONFIG)
        equal = by_config.get(_hashable(config)) if config != _DEFAULT_CONFIG else None
        if equal:
            matches.append((number, equal.popleft()))
    return matches


def _hashable(value: object) -> Hashable:
    """Return a hashable key that is equal for equal JSON values."""
    if isinstance(value, dict):
        return frozenset((name, _hashable(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return tuple(map(_hashable, value))
    return value


def _changed_branches(matching: Matching, old: list[int], new: list[int]) -> Iterator[tuple[int, int]]:
    """Yield pairs of branches with common content, then the remaining branch of each side if there is only one.

    A branch for uncaught exceptions is only paired with another one.
    """
    unmatched = dict.fromkeys(new)
    remaining: list[int] = []
    for number in old:
        partners = (matching.to_new[child] for child in matching.old[number].children)
        new_parents = [matching.new[partner].parent for partner in partners if partner is not None]
        parent = next((parent for parent in new_parents if parent in unmatched), None)
        if parent is None:
            remaining.append(number)
        else:
            del unmatched[parent]
            yield number, parent
    remaining_new = list(unmatched)
    if len(remaining) == len(remaining_new) == 1 and _is_uncaught(matching.old, remaining[0]) == _is_uncaught(
        matching.new, remaining_new[0]
    ):
        yield remaining[0], remaining_new[0]


def _is_uncaught(tree: Tree, branch: int) -> bool:
    """Return whether a branch represents the exceptions that no handler catches."""
    is_default = tree[branch].fields.get("condition") is None
    return is_default and tree[tree[branch].parent].text("discriminant") == "exception"
