"""The match of steps by their functions, and of calls by their arguments, where names do not distinguish them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import CALL, STEPS, Tree

_Identities: TypeAlias = Mapping[int, tuple[str, str]]
"""The functions of steps, and the names and arguments of calls, by the number of the element."""


def has_equal_names(matching: Matching) -> bool:
    """Return whether several steps or calls of a version have the same name, so that only details distinguish them."""
    names = Counter((each.kind, each.name) for each in matching.old.elements if each.kind in {*STEPS, CALL})
    return any(count > 1 for count in names.values())


def match_step_functions(matching: Matching) -> bool:
    """Match the steps with the same function, in place of steps with the same name that have another function.

    They may also have been renamed and moved.

    Calls of a function are matched by their arguments in the same way. Return whether the matching has changed.
    Functions of several steps and steps that contain others do not count.
    """
    old_identities = _identities(matching.old, matching.renamed)
    new_identities = _identities(matching.new, {})
    old_numbers = _by_unique_identity(matching.old, old_identities)
    new_numbers = _by_unique_identity(matching.new, new_identities)
    pairs = [(old_numbers[identity], new) for identity, new in new_numbers.items() if identity in old_numbers]
    pairs = [pair for pair in pairs if _is_mismatched(matching, *pair, old_identities, new_identities)]
    for old, new in pairs:
        matching.remove(old, new)
    for old, new in pairs:
        matching.add(old, new)
    return bool(pairs)


def _identities(tree: Tree, renamed: Mapping[str, str]) -> dict[int, tuple[str, str]]:
    identities = {number: ("", function) for number, function in tree.step_functions.items()}
    for number, arguments in tree.arguments.items():
        name = tree[number].name
        identities[number] = renamed.get(name, name), arguments
    return identities


def _by_unique_identity(tree: Tree, identities: _Identities) -> dict[tuple[str, str], int]:
    """Return the steps and calls whose identity no other element of the workflow has."""
    counts = Counter(identities.values())
    numbers = {identity: number for number, identity in identities.items() if counts[identity] == 1}
    return {identity: number for identity, number in numbers.items() if not tree[number].children}


def _is_mismatched(
    matching: Matching, old: int, new: int, old_identities: _Identities, new_identities: _Identities
) -> bool:
    """Return whether one of two elements with the same identity is matched with an element that has another one.

    A step that was renamed and moved at once is not matched at all.
    """
    partners = matching.to_new[old], matching.to_old[new]
    if partners == (None, None):
        return matching.old[old].kind in STEPS
    identities = (
        None if partners[0] is None else new_identities.get(partners[0]),
        None if partners[1] is None else old_identities.get(partners[1]),
    )
    return partners != (new, old) and any(each is not None for each in identities)
