"""The conditions under which the branches of an `if` or `switch` run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from stepgraph.diff.tree import BRANCH, Tree, TreeElement
from stepgraph.model.expressions import case_test, condition_parts, normal_case

CONDITION_VALUES: Final = "\0values"
"""The field of a branch or `switch` with the values in its condition in changes. The payload has no such field."""

MAX_BRANCHES: Final = 30
"""The maximum number of branches of an `if` or `switch` whose conditions are compared."""
_CHOICES: Final = frozenset({"if", "switch"})
"""The types of nodes that run one of their branches."""


class BranchTest(NamedTuple):
    """A condition that decides whether a branch runs."""

    condition: str
    """The condition, with the definitions of its variables if these are known."""
    has_definitions: bool
    is_false: bool
    """Whether the branch runs if the condition is false."""


def decisions(tree: Tree, branch: int) -> list[BranchTest]:
    """Return the conditions that decide whether a branch runs, and those around its choice at their start.

    A `case` of constants has the condition of an `if` that compares the value. Return an empty list for branches with
    other patterns, and for a branch after many others.
    """
    branches = list(islice(_deciding_branches(tree, branch), MAX_BRANCHES + 1))
    if len(branches) > MAX_BRANCHES:
        return []
    conditions: list[BranchTest] = []
    for each in reversed(branches):
        branch_decisions = own_decisions(tree, each)
        if not branch_decisions:
            return []
        conditions += branch_decisions
    return conditions if len(conditions) <= MAX_BRANCHES else []


def _deciding_branches(tree: Tree, branch: int) -> Iterator[int]:
    """Yield a branch and those whose first element is the choice of the branch before, innermost first."""
    choice = tree[tree[branch].parent]
    while choice.kind in _CHOICES:
        yield branch
        branch = choice.parent
        if choice.index or tree[branch].kind != BRANCH:
            break
        choice = tree[tree[branch].parent]


def own_decisions(tree: Tree, branch: int) -> list[BranchTest]:
    """Return the conditions that decide in its choice whether a branch runs, or an empty list as in `decisions`."""
    choice = tree[tree[branch].parent]
    if tree[branch].index >= MAX_BRANCHES:
        return []
    conditions: list[BranchTest] = []
    for number in choice.children[: tree[branch].index + 1]:
        is_last, test = number == branch, _branch_test(tree, choice, number)
        if test is not None:
            conditions.append(test._replace(is_false=not is_last))
        elif not is_last or tree[number].text("condition"):
            return []
    return conditions


def own_test(tree: Tree, branch: int) -> str:
    """Return the condition of a branch if none before it runs, or an empty string if it is unknown or always true."""
    test = _branch_test(tree, tree[tree[branch].parent], branch)
    return "" if test is None else test.condition


def _branch_test(tree: Tree, choice: TreeElement, branch: int) -> BranchTest | None:
    """Return the condition of a branch if none before it runs, or None if it is unknown or always true."""
    definition, condition = tree.definitions.get(branch, ""), tree[branch].text("condition")
    if choice.kind == "if":
        return BranchTest(definition or condition, bool(definition), is_false=False) if condition else None
    value = tree.definitions.get(choice.number, "")
    test = case_test(value or choice.text("discriminant"), definition or condition)
    return BranchTest(test, bool(value), is_false=False) if test else None


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
