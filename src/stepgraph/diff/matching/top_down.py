"""Top-down phase: match isomorphic subtrees, then elements with equal names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping

from stepgraph.diff.matching.matching import Matching, is_movable, work_counts
from stepgraph.diff.matching.sequences import common_sequence
from stepgraph.diff.tree import BLOCK_SLOTS, CALL, FUNCTION, FUNCTIONS, KEY, STEPS, Tree, TreeElement

NO_KEY = None


def match_below(matching: Matching, old: int, new: int) -> list[tuple[int, int]]:
    """Match the descendants of two matched elements that have the same position. Return the new matches.

    Isomorphic children come first, then children with the same name or condition.
    """
    matches: list[tuple[int, int]] = []
    pending = [(old, new)]
    while pending:
        inner_old, inner_new = pending.pop()
        if matching.are_isomorphic(inner_old, inner_new):
            matching.add_subtrees(inner_old, inner_new)
            continue
        for pair in _match_children(matching, inner_old, inner_new):
            matches.append(pair)
            pending.append(pair)
    return matches


def _match_children(matching: Matching, old: int, new: int) -> list[tuple[int, int]]:
    matches: list[tuple[int, int]] = []
    new_slots = matching.new.children_by_slot(new)
    for slot, old_children in matching.old.children_by_slot(old).items():
        new_children = new_slots.get(slot, [])
        matches += _match_by_key(
            matching,
            {child: matching.old_digests[child] for child in old_children},
            {child: matching.new_digests[child] for child in new_children},
        )
        matches += _match_by_key(
            matching,
            {child: sibling_key(matching.old, child, matching.renamed) for child in old_children},
            {child: sibling_key(matching.new, child, {}) for child in new_children},
        )
    return matches


def _match_by_key(
    matching: Matching, old_keys: Mapping[int, Hashable], new_keys: Mapping[int, Hashable]
) -> list[tuple[int, int]]:
    """Match unmatched children with equal keys, in the order of the children that are already matched."""
    old_children, new_children = list(old_keys), list(new_keys)
    old_sequence = [_sequence_key(matching.to_new[child], key, ("old", child)) for child, key in old_keys.items()]
    new_sequence = [
        _sequence_key(None if matching.to_old[child] is None else child, key, ("new", child))
        for child, key in new_keys.items()
    ]
    matches: list[tuple[int, int]] = []
    for old_index, new_index in common_sequence(old_sequence, new_sequence):
        pair = old_children[old_index], new_children[new_index]
        if matching.are_unmatched(*pair):
            matching.add(*pair)
            matches.append(pair)
    return matches


def _sequence_key(partner: int | None, key: Hashable, unique_key: Hashable) -> Hashable:
    """Return the key of a child in the sequence of siblings. Without partner and key, it matches no other child."""
    if partner is not None:
        return ("matched", partner)
    return unique_key if key is NO_KEY else ("key", key)


def sibling_key(tree: Tree, number: int, renamed: Mapping[str, str]) -> Hashable:
    """Return the identity of an element among its siblings, NO_KEY if it has none."""
    element = tree[number]
    if element.slot in BLOCK_SLOTS:
        return element.kind
    if element.slot == FUNCTIONS:
        return element.kind, renamed.get(element.text(KEY), element.text(KEY))
    match element.kind:
        case kind if kind in STEPS or kind == FUNCTION:
            return kind, element.name
        case "function_call" as kind:
            return kind, renamed.get(element.name, element.name)
        case "branch" as kind:
            return kind, str(element.fields.get("condition"))
        case "switch" as kind:
            return kind, element.text("discriminant")
        case "if" as kind:
            return kind, tuple(str(tree[branch].fields.get("condition")) for branch in element.children)
        case kind:
            return (kind, element.name) if element.name else NO_KEY


def match_isomorphic(matching: Matching, *, unique: bool) -> None:
    """Match unmatched isomorphic subtrees that contain steps or calls, outermost first.

    With `unique`, subtrees with several candidates are skipped. Otherwise they are matched in order.
    """
    old_work, new_work = work_counts(matching.old), work_counts(matching.new)
    old = [n for n in matching.unmatched_old() if old_work[n] and is_movable(matching.old[n])]
    new = [n for n in matching.unmatched_new() if new_work[n] and is_movable(matching.new[n])]
    for old_number, new_number in _with_equal_keys(
        {number: matching.old_digests[number] for number in old},
        {number: matching.new_digests[number] for number in new},
        unique=unique,
    ):
        if matching.are_unmatched(old_number, new_number):
            matching.add_subtrees(old_number, new_number)


def match_same_name(matching: Matching, *, unique: bool) -> None:
    """Match unmatched elements with the same kind and name. `unique` works as in `match_isomorphic`."""
    old = [n for n in matching.unmatched_old() if _has_identity(matching.old[n])]
    new = [n for n in matching.unmatched_new() if _has_identity(matching.new[n])]
    for old_number, new_number in _with_equal_keys(
        {number: (matching.old[number].kind, matching.old[number].name) for number in old},
        {number: (matching.new[number].kind, matching.new[number].name) for number in new},
        unique=unique,
    ):
        # An earlier match may already include the element.
        if matching.are_unmatched(old_number, new_number):
            matching.add(old_number, new_number)
            match_below(matching, old_number, new_number)


def _has_identity(element: TreeElement) -> bool:
    """Return whether the name identifies the element. A call has the name of its function."""
    return bool(element.name) and element.kind != CALL and is_movable(element)


def _with_equal_keys(
    old_keys: Mapping[int, Hashable], new_keys: Mapping[int, Hashable], *, unique: bool
) -> list[tuple[int, int]]:
    """Return pairs of elements with equal keys, in the order of the old elements."""
    by_key: defaultdict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for number, key in old_keys.items():
        by_key[key][0].append(number)
    for number, key in new_keys.items():
        by_key[key][1].append(number)
    return sorted(
        pair
        for old, new in by_key.values()
        if not unique or len(old) == len(new) == 1
        for pair in zip(old, new, strict=False)
    )
