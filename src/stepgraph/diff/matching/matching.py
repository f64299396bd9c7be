"""The matching of two trees: pairs of an old and a new element."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stepgraph.diff.tree import BLOCK_SLOTS, BRANCH, FUNCTIONS, Digester, Tree, TreeElement, is_work


@dataclass(slots=True)
class Matching:
    """A one-to-one matching between the elements of two trees. It grows in the phases of `match_trees`."""

    old: Tree
    """The old tree."""
    new: Tree
    """The new tree."""
    renamed: Mapping[str, str]
    """New names of renamed functions, by old name."""
    old_digests: list[int]
    """Digests of the old subtrees. Renamed functions have their new names."""
    new_digests: list[int]
    """Digests of the new subtrees."""
    to_new: list[int | None] = field(init=False)
    """For each old element the matched new one."""
    to_old: list[int | None] = field(init=False)
    """For each new element the matched old one."""

    def __post_init__(self) -> None:
        self.to_new = [None] * len(self.old)
        self.to_old = [None] * len(self.new)

    def add(self, old: int, new: int) -> None:
        """Match two unmatched elements."""
        self.to_new[old] = new
        self.to_old[new] = old

    def add_subtrees(self, old: int, new: int) -> None:
        """Match all unmatched elements of two isomorphic subtrees."""
        for inner_old, inner_new in zip(self.old.visit_subtree(old), self.new.visit_subtree(new), strict=True):
            if self.are_unmatched(inner_old, inner_new):
                self.add(inner_old, inner_new)

    def are_unmatched(self, old: int, new: int) -> bool:
        """Return whether both elements are unmatched."""
        return self.to_new[old] is None and self.to_old[new] is None

    def are_isomorphic(self, old: int, new: int) -> bool:
        """Return whether two subtrees are equal except for clocks."""
        return self.old_digests[old] == self.new_digests[new]

    def unmatched_old(self) -> list[int]:
        """Return the unmatched old elements."""
        return [number for number, partner in enumerate(self.to_new) if partner is None]

    def unmatched_new(self) -> list[int]:
        """Return the unmatched new elements."""
        return [number for number, partner in enumerate(self.to_old) if partner is None]


def empty_matching(old: Tree, new: Tree, renamed: Mapping[str, str]) -> Matching:
    """Return a matching without pairs."""
    digester = Digester()
    return Matching(old, new, renamed, digester.digests(old, renamed), digester.digests(new))


def is_movable(element: TreeElement) -> bool:
    """Return whether an element can move by itself, unlike branches, blocks of a `try` and functions."""
    return element.kind != BRANCH and element.slot not in {*BLOCK_SLOTS, FUNCTIONS, ""}


def work_counts(tree: Tree) -> list[int]:
    """Return for each element the number of steps, calls and named elements in its subtree."""
    work = [int(bool(element.name) or is_work(element)) for element in tree.elements]
    for element in reversed(tree.elements[1:]):
        work[element.parent] += work[element.number]
    return work
