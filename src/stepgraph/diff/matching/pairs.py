"""Which element of the old tree is which of the new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stepgraph.diff.digests import Digester
from stepgraph.diff.elements import BLOCK_SLOTS, BRANCH, CALL, FUNCTIONS, STEPS, Element, Tree


@dataclass(slots=True)
class Pairs:
    """The pairs found so far, each element in one at most. What is not paired is free.

    `renamed` are the functions whose names changed, and the digests count calls of these as calls of the same.
    """

    old: Tree
    new: Tree
    renamed: Mapping[str, str]
    old_digests: list[int]
    new_digests: list[int]
    to_new: list[int | None] = field(init=False)
    to_old: list[int | None] = field(init=False)

    def __post_init__(self) -> None:
        self.to_new = [None] * len(self.old)
        self.to_old = [None] * len(self.new)

    def pair(self, old: int, new: int) -> None:
        """Make two free elements a pair."""
        self.to_new[old] = new
        self.to_old[new] = old

    def pair_all(self, old: int, new: int) -> None:
        """Pair two elements that are alike, and what is in them with what is at the same place of the other."""
        for inner_old, inner_new in zip(self.old.within(old), self.new.within(new), strict=True):
            if self.are_free(inner_old, inner_new):
                self.pair(inner_old, inner_new)

    def are_free(self, old: int, new: int) -> bool:
        """Tell whether two elements may be made a pair."""
        return self.to_new[old] is None and self.to_old[new] is None

    def are_alike(self, old: int, new: int) -> bool:
        """Tell whether two elements and all in them say the same, clocks aside."""
        return self.old_digests[old] == self.new_digests[new]

    def free_old(self) -> list[int]:
        """Return the old elements that are in no pair."""
        return [number for number, partner in enumerate(self.to_new) if partner is None]

    def free_new(self) -> list[int]:
        """Return the new elements that are in no pair."""
        return [number for number, partner in enumerate(self.to_old) if partner is None]


def start_pairs(old: Tree, new: Tree, renamed: Mapping[str, str]) -> Pairs:
    """Return the pairs of two trees, none yet."""
    digester = Digester()
    return Pairs(old, new, renamed, digester.digests(old, renamed), digester.digests(new))


def may_go_elsewhere(element: Element) -> bool:
    """Tell whether an element can stand for itself, unlike a branch, a part of a `try` or a function."""
    return element.kind != BRANCH and element.slot not in {*BLOCK_SLOTS, FUNCTIONS, ""}


def work_in(tree: Tree) -> list[int]:
    """Return for each element how much in it has a name of its own, itself included: steps and calls above all."""
    work = [int(bool(element.name) or element.kind in STEPS or element.kind == CALL) for element in tree.elements]
    for element in reversed(tree.elements[1:]):
        work[element.parent] += work[element.number]
    return work
