"""Added and removed exits that change what instances run."""

from __future__ import annotations

from stepgraph.diff.sides import Side
from stepgraph.diff.tree import FUNCTIONS, TreeElement, is_work


def changes_exit(side: Side, number: int, *kinds: str) -> bool:
    """Return whether an exit of a kind was added or removed with an element, but not the code that it leaves."""
    exits = (side.tree[inner] for inner in side.tree.visit_subtree(number) if side.is_unmatched(inner))
    return any(
        element.kind == "break"
        and element.text("kind") in kinds
        and _leaves_element(side, element, number)
        and not _only_ends_function(side, element)
        for element in exits
    )


def _leaves_element(side: Side, exit_: TreeElement, number: int) -> bool:
    """Return whether an exit leaves the element with this number, and not only an unmatched loop inside."""
    loop = next((element.number for element in side.tree.ancestors(exit_.number) if element.kind == "loop"), None)
    return exit_.text("kind") == "return" or loop is None or (loop < number and not side.is_unmatched(loop))


def _only_ends_function(side: Side, exit_: TreeElement) -> bool:
    """Return whether an exit ends a function, so that its callers continue, and skips nothing of the other version."""
    tree = side.tree
    if exit_.text("kind") != "return" or exit_.number in tree.raises:
        return False
    for outer in tree.ancestors(exit_.number):
        if outer.slot == FUNCTIONS:
            later = range(exit_.number, outer.end)
            return not any(is_work(tree[each]) and not side.is_unmatched(each) for each in later)
        if outer.kind == "loop" and not side.is_unmatched(outer.number):
            return False
    return False
