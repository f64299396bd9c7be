"""Both trees with the matched elements around each element.

The nearest matched ancestor of an element is its host. An element that keeps its host was not moved; at most, unmatched
elements were wrapped around it or unwrapped.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import takewhile
from typing import cast

from msgspec import Struct, field

from stepgraph.diff.matching import Matching
from stepgraph.diff.script import ElementRef, TreeVersion
from stepgraph.diff.tree import BLOCK_SLOTS, BRANCH, ROOT, Tree


class Side(Struct, frozen=True):
    """One of the two trees."""

    version: TreeVersion
    """The version of the tree."""
    tree: Tree
    """The tree."""
    partners: list[int | None]
    """For each element the matched one of the other tree."""
    hosts: list[int]
    """For each element its host."""
    members: dict[int, list[int]] = field(default_factory=dict)
    """For each host its matched elements in program order."""

    def reference(self, number: int) -> ElementRef:
        """Return the reference to an element of this side."""
        return ElementRef(self.version, number)

    def is_unmatched(self, number: int) -> bool:
        """Return whether only this version contains an element."""
        return self.partners[number] is None

    def unmatched_ancestors(self, number: int) -> list[int]:
        """Return the ancestors of an element below its host, innermost first."""
        above = (element.number for element in self.tree.ancestors(number))
        return list(takewhile(self.is_unmatched, above))

    def is_structural_part(self, number: int) -> bool:
        """Return whether an element is part of its parent: a branch, a block of a `try`, a member of a group."""
        element = self.tree[number]
        is_member = element.kind == "block" and self.tree[element.parent].kind == "parallel"
        return is_member or element.kind == BRANCH or element.slot in BLOCK_SLOTS


def side_of(tree: Tree, partners: list[int | None], version: TreeVersion) -> Side:
    """Return a tree with the hosts of its elements."""
    hosts = [ROOT] * len(tree)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for element in tree.elements[1:]:
        is_pair = partners[element.parent] is not None
        hosts[element.number] = element.parent if is_pair else hosts[element.parent]
        if partners[element.number] is not None:
            members[hosts[element.number]].append(element.number)
    return Side(version, tree, partners, hosts, dict(members))


class Sides(Struct, frozen=True):
    """Both sides of a diff."""

    matching: Matching
    """The matching of the trees."""
    old: Side
    """The old side."""
    new: Side
    """The new side."""

    def keeps_host(self, new: int) -> bool:
        """Return whether a new element is matched and its host matches the host of its partner."""
        old = self.matching.to_old[new]
        return old is not None and self.matching.to_old[self.new.hosts[new]] == self.old.hosts[old]

    def old_of(self, new: int) -> int:
        """Return the partner of a matched new element."""
        return cast("int", self.matching.to_old[new])

    def new_of(self, old: int) -> int:
        """Return the partner of a matched old element."""
        return cast("int", self.matching.to_new[old])


def sides_of(matching: Matching) -> Sides:
    """Return both sides of a diff."""
    return Sides(
        matching,
        side_of(matching.old, matching.to_new, TreeVersion.OLD),
        side_of(matching.new, matching.to_old, TreeVersion.NEW),
    )
