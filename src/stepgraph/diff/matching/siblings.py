"""Pairs among the children of elements that are a pair: what stayed where it was."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

from stepgraph.diff.elements import BLOCK_SLOTS, BRANCH, CALL, FUNCTION, FUNCTIONS, KEY, STEPS, Tree
from stepgraph.diff.matching.pairs import Pairs
from stepgraph.diff.matching.sequences import common_sequence

NO_KEY = None


def pair_below(pairs: Pairs, old: int, new: int) -> list[tuple[int, int]]:
    """Pair what is in two elements that are a pair, as far as it is in the same place. Returns the new pairs.

    Children that are alike in all that is in them come first, then those with the same name or condition.
    """
    made: list[tuple[int, int]] = []
    pending = [(old, new)]
    while pending:
        inner_old, inner_new = pending.pop()
        if pairs.are_alike(inner_old, inner_new):
            pairs.pair_all(inner_old, inner_new)
            continue
        for pair in _pair_children(pairs, inner_old, inner_new):
            made.append(pair)
            pending.append(pair)
    return made


def _pair_children(pairs: Pairs, old: int, new: int) -> list[tuple[int, int]]:
    made: list[tuple[int, int]] = []
    new_slots = pairs.new.slots(new)
    for slot, old_children in pairs.old.slots(old).items():
        new_children = new_slots.get(slot, [])
        made += _pair_by(
            pairs, old_children, new_children, lambda n: pairs.old_digests[n], lambda n: pairs.new_digests[n]
        )
        made += _pair_by(
            pairs,
            old_children,
            new_children,
            lambda n: key_of(pairs.old, n, pairs.renamed),
            lambda n: key_of(pairs.new, n, {}),
        )
    return made


def _pair_by(
    pairs: Pairs,
    old_children: list[int],
    new_children: list[int],
    old_key: Callable[[int], Hashable],
    new_key: Callable[[int], Hashable],
) -> list[tuple[int, int]]:
    """Pair free children with the same key, around the pairs that there are."""
    old_keys = [_around(pairs.to_new[child], old_key(child), ("old", child)) for child in old_children]
    new_keys = [
        _around(None if pairs.to_old[child] is None else child, new_key(child), ("new", child))
        for child in new_children
    ]
    made: list[tuple[int, int]] = []
    for old_place, new_place in common_sequence(old_keys, new_keys):
        pair = old_children[old_place], new_children[new_place]
        if pairs.are_free(*pair):
            pairs.pair(*pair)
            made.append(pair)
    return made


def _around(paired_with: int | None, key: Hashable, alone: Hashable) -> Hashable:
    """Return what a child is found by: its pair, its key, or, without a key, nothing else."""
    if paired_with is not None:
        return ("paired", paired_with)
    return alone if key is NO_KEY else ("key", key)


def key_of(tree: Tree, number: int, renamed: Mapping[str, str]) -> Hashable:
    """Return what an element is known by among its siblings, NO_KEY if by nothing."""
    element = tree[number]
    if element.slot in BLOCK_SLOTS:
        return element.kind
    if element.slot == FUNCTIONS:
        return element.kind, renamed.get(element.text(KEY), element.text(KEY))
    match element.kind:
        case kind if kind in STEPS or kind == FUNCTION:
            return kind, element.name
        case "function_call":
            return CALL, renamed.get(element.name, element.name)
        case "branch":
            return BRANCH, str(element.fields.get("condition"))
        case "switch":
            return "switch", element.text("discriminant")
        case "if":
            return "if", tuple(str(tree[branch].fields.get("condition")) for branch in element.children)
        case kind:
            return (kind, element.name) if element.name else NO_KEY
