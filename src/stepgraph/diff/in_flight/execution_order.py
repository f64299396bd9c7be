"""Whether steps keep their order of execution between two versions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from stepgraph.diff.clocks import concurrent_in
from stepgraph.diff.sides import Sides
from stepgraph.diff.tree import Tree, TreeElement, is_work


def keeps_execution_order(sides: Sides, old: int, new: int) -> bool:
    """Return whether a moved element only crosses boundaries of `try` statements, and overtakes no work."""
    to_new = sides.matching.to_new
    new_above = {element.number for element in sides.new.tree.ancestors(new)}
    common = next(element.number for element in sides.old.tree.ancestors(old) if to_new[element.number] in new_above)
    boundaries = [*_between(sides.old.tree, old, common), *_between(sides.new.tree, new, sides.new_of(common))]
    if sides.old.tree[common].kind == "parallel" or not all(map(_is_try_boundary, boundaries)):
        return False
    return next(overtaken(sides, old, new, sides.new_of(common)), None) is None


def passes_only_concurrent_members(sides: Sides, old: int, new: int) -> bool:
    """Return whether a moved member of a group overtakes only members that ran concurrently with it."""
    group = sides.old.tree[old].parent
    if sides.old.tree[group].kind != "parallel":
        return False
    concurrent = set(concurrent_in(sides.old.tree, group, [old]))
    return all(number in concurrent for number in overtaken(sides, old, new, sides.new.tree[new].parent))


def overtaken(sides: Sides, old: int, new: int, container: int) -> Iterator[int]:
    """Yield the old numbers of work in `container` that is now on the other side of the element."""
    moved = sides.new.tree.subtree(new)
    for sibling in sides.new.tree.visit_subtree(container):
        before = sides.matching.to_old[sibling]
        if sibling in moved or before is None or not is_work(sides.new.tree[sibling]):
            continue
        if (sibling < new) != (before < old):
            yield before


def _between(tree: Tree, number: int, outer: int) -> Iterator[TreeElement]:
    """Yield the ancestors of an element below `outer`."""
    return takewhile(lambda element: element.number != outer, tree.ancestors(number))


def _is_try_boundary(element: TreeElement) -> bool:
    return element.kind == "try" or (element.kind == "block" and element.slot != "catch_block")
