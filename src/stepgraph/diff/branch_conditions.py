"""The conditions under which the branches of an `if` run, and the match of branches with equal conditions.

The branches of `if a: ... else: ...` and `if not a: ... else: ...` have exchanged places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from stepgraph.diff.tree import BRANCH, Tree
from stepgraph.model.expressions import condition_parts

if TYPE_CHECKING:
    from stepgraph.diff.matching import Matching

_MAX_BRANCHES: Final = 30
"""The maximum number of branches of an `if` whose conditions are compared."""


def decisions(tree: Tree, branch: int, definitions: Mapping[int, str]) -> list[tuple[str, bool]]:
    """Return the conditions that decide whether a branch of an `if` runs, and whether each must be false.

    They contain `definitions`, unless these are empty. Return an empty list for other branches, for a branch after
    many others, and if a definition is missing.
    """
    choice = tree[tree[branch].parent]
    if choice.kind != "if" or tree[branch].index >= _MAX_BRANCHES:
        return []
    conditions: list[tuple[str, bool]] = []
    for number in choice.children[: tree[branch].index + 1]:
        is_last = number == branch
        text = tree[number].text("condition")
        if definitions and text:
            text = definitions.get(number, "")
        elif not text and is_last and conditions:
            break
        if not text:
            return []
        conditions.append((text, not is_last))
    return conditions


def normal_decisions(conditions: list[tuple[str, bool]]) -> tuple[str, ...]:
    """Return the normal form of conditions, as returned by `decisions`."""
    return tuple(part for text, negated in conditions for part in condition_parts(text, negated=negated))


def match_branches(matching: Matching) -> bool:
    """Match the branches that run under the same conditions. Return whether the matching has changed."""
    has_changed = False
    for element in matching.old.elements:
        new = matching.to_new[element.number] if element.kind == "if" else None
        if new is None or matching.new[new].kind != "if" or not _may_differ(matching, element.number, new):
            continue
        for pair in list(_mismatched(matching, element.number, new)):
            matching.remove(*pair)
            matching.add(*pair)
            has_changed = True
    return has_changed


def _may_differ(matching: Matching, old: int, new: int) -> bool:
    branches = matching.old[old].children, matching.new[new].children
    if max(map(len, branches)) > _MAX_BRANCHES:
        return False
    old_conditions = [matching.old[each].text("condition") for each in branches[0]]
    return old_conditions != [matching.new[each].text("condition") for each in branches[1]]


def _mismatched(matching: Matching, old: int, new: int) -> Iterator[tuple[int, int]]:
    """Yield the branches of two choices that run under the same conditions, and are not matched with each other.

    A branch that is the only one left on each side, because its partner has another one, follows.
    """
    old_branches = [each for each in matching.old[old].children if matching.old[each].kind == BRANCH]
    new_branches = [each for each in matching.new[new].children if matching.new[each].kind == BRANCH]
    pairs = [
        next(((old, new) for new in new_branches if matching.has_same_decision(old, new)), None) for old in old_branches
    ]
    equal = [pair for pair in pairs if pair is not None]
    if all(matching.to_new[old] == new for old, new in equal):
        return
    yield from equal
    others = [
        [each for each in branches if each not in matched]
        for branches, matched in zip((old_branches, new_branches), zip(*equal, strict=True), strict=True)
    ]
    if len(others[0]) == len(others[1]) == 1:
        yield others[0][0], others[1][0]
