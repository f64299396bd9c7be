"""The conditions under which the branches of an `if` run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from stepgraph.diff.tree import BRANCH, Tree, TreeElement
from stepgraph.model.expressions import condition_parts, normal_case

CONDITION_VALUES: Final = "\0values"
"""The field of a branch or `switch` with the values in its condition in changes. The payload has no such field."""

MAX_BRANCHES: Final = 30
"""The maximum number of branches of an `if` whose conditions are compared."""


class BranchTest(NamedTuple):
    """A condition that decides whether a branch of an `if` runs."""

    condition: str
    """The condition, with the definitions of its variables if these are known."""
    has_definitions: bool
    is_false: bool
    """Whether the branch runs if the condition is false."""


def decisions(tree: Tree, branch: int) -> list[BranchTest]:
    """Return the conditions that decide whether a branch of an `if` runs, and those around an `if` at their start.

    Return an empty list for other branches, and for a branch after many others.
    """
    choice = tree[tree[branch].parent]
    conditions: list[BranchTest] = []
    while choice.kind == "if" and len(conditions) <= MAX_BRANCHES:
        own = _own_decisions(tree, branch)
        if not own:
            return []
        conditions = [*own, *conditions]
        branch = choice.parent
        if choice.index or tree[branch].kind != BRANCH:
            break
        choice = tree[tree[branch].parent]
    return conditions if len(conditions) <= MAX_BRANCHES else []


def _own_decisions(tree: Tree, branch: int) -> list[BranchTest]:
    choice = tree[tree[branch].parent]
    if tree[branch].index >= MAX_BRANCHES:
        return []
    conditions: list[BranchTest] = []
    for number in choice.children[: tree[branch].index + 1]:
        is_last, condition = number == branch, tree[number].text("condition")
        if condition:
            definition = tree.definitions.get(number, "")
            conditions.append(BranchTest(definition or condition, bool(definition), not is_last))
        elif not is_last:
            return []
    return conditions


def have_equal_cases(old: TreeElement, new: TreeElement) -> bool:
    """Return whether two branches have the same pattern of a `case`, or key of a dictionary, in another layout."""
    return normal_case(old.text("condition")) == normal_case(new.text("condition"))


def has_conditions(tree: Tree) -> bool:
    """Return whether some branch has a condition, or there is a `switch`."""
    return any(each.kind == "switch" or (each.kind == BRANCH and each.text("condition")) for each in tree.elements)


def normal_decisions(conditions: Sequence[BranchTest]) -> list[tuple[str, bool]]:
    """Return the parts of the normal forms of conditions, and whether they contain definitions."""
    return [
        (part, each.has_definitions)
        for each in conditions
        for part in condition_parts(each.condition, negated=each.is_false)
    ]
