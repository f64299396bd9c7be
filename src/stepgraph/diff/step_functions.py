"""The match of steps by their functions, and of calls by their arguments, where names do not distinguish them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Final, TypeAlias

from stepgraph.diff.matching import Matching
from stepgraph.diff.recovery import MIN_SIMILARITY, NameSimilarity
from stepgraph.diff.tree import CALL, STEPS, Tree

_STEP: Final = "step_do"

_Identities: TypeAlias = Mapping[int, tuple[str, str]]
"""The functions of steps, and the names and arguments of calls, by the number of the element."""


def has_equal_names(matching: Matching) -> bool:
    """Return whether several steps or calls of a version have the same name, so that only details distinguish them."""
    names = Counter((each.kind, each.name) for each in matching.old.elements if each.kind in {*STEPS, CALL})
    return any(count > 1 for count in names.values())


def match_step_functions(matching: Matching) -> bool:
    """Match the steps with the same function, in place of steps with the same name that have another function.

    They may also have been renamed and moved. The function may have another name if no other step has its code.

    Calls of a function are matched by their arguments in the same way. Return whether the matching has changed.
    Functions of several steps and steps that contain others do not count. Steps with different functions and names are
    not one step.
    """
    old, new = _identities(matching.old, matching.renamed), _identities(matching.new, {})
    has_equal = _match_equal(matching, old, new)
    has_equal_code = _match_equal(matching, _codes(matching.old), _codes(matching.new))
    replaced = list(_replaced(matching))
    for pair in replaced:
        matching.remove(*pair)
    return has_equal or has_equal_code or bool(replaced)


def _match_equal(matching: Matching, old_identities: _Identities, new_identities: _Identities) -> bool:
    """Match the elements whose identity no other element of a version has. Return whether the matching has changed."""
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


def _codes(tree: Tree) -> dict[int, tuple[str, str]]:
    """Return the digests of the codes of step functions, which may have other names."""
    codes = ((number, function.rpartition(" ")) for number, function in tree.step_functions.items())
    return {number: ("", code) for number, (_, separator, code) in codes if separator}


def _replaced(matching: Matching) -> Iterator[tuple[int, int]]:
    """Yield the matched steps with different names and functions."""
    similarity = NameSimilarity(matching.old.budget)
    for old, function in matching.old.step_functions.items():
        new = matching.to_new[old]
        if new is None or matching.old[old].children or matching.new[new].children:
            continue
        is_other = has_other_code(function, matching.new.step_functions.get(new, ""))
        names = matching.old[old].name, matching.new[new].name
        if is_other and names[0] != names[1] and similarity.ratio(*names) < MIN_SIMILARITY:
            yield old, new


def has_other_code(old: str, new: str) -> bool:
    """Return whether two functions, as in `Detail.function`, differ in name and code, and each has a known effect.

    The name of a function does not count if it equals the name of the step.
    """
    old_name, old_separator, old_code = old.rpartition(" ")
    new_name, new_separator, new_code = new.rpartition(" ")
    if not old_separator or not new_separator or old_code == new_code:
        return False
    return not old_name or old_name != new_name


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


def adjacent_namesakes(matching: Matching, old: int) -> list[int]:
    """Return the remaining steps with the name of a removed one next to it, if their functions are unknown.

    Each of them may be the removed one, as in saved graphs.
    """
    tree = matching.old
    removed = tree[old]
    if removed.kind != _STEP or matching.to_new[old] is not None or old in tree.step_functions:
        return []
    siblings = tree[removed.parent].children
    namesakes: list[int] = []
    for others in (siblings[: removed.index][::-1], siblings[removed.index + 1 :]):
        for other in takewhile(lambda each: (tree[each].kind, tree[each].name) == (_STEP, removed.name), others):
            if matching.to_new[other] is not None:
                namesakes.append(other)
    return namesakes
