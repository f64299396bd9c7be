"""Where elements that are in both versions were and are, whatever was put around them or taken from around them."""

from __future__ import annotations

from collections import defaultdict
from itertools import takewhile
from typing import cast

from msgspec import Struct, field

from stepgraph.diff.edits import Reference, Version
from stepgraph.diff.elements import BLOCK_SLOTS, BRANCH, ROOT, Tree
from stepgraph.diff.matching.pairs import Pairs


class Side(Struct, frozen=True):
    """One of the two trees, its partners in the other, and for each element the nearest one around it that is a pair.

    `members` are the pairs that have an element for their nearest, in the order of the program.
    """

    version: Version
    tree: Tree
    partners: list[int | None]
    hosts: list[int]
    members: dict[int, list[int]] = field(default_factory=dict)

    def reference(self, number: int) -> Reference:
        """Return an element of this side for those who see both."""
        return Reference(self.version, number)

    def is_lone(self, number: int) -> bool:
        """Tell whether an element is in this version only."""
        return self.partners[number] is None

    def lone_above(self, number: int) -> list[int]:
        """Return what holds an element in this version only, up to the nearest pair, the innermost first."""
        above = (element.number for element in self.tree.above(number))
        return list(takewhile(self.is_lone, above))

    def is_shell(self, number: int) -> bool:
        """Tell whether an element is but a part of what holds it: a branch, a block of a `try`, a member of a group."""
        element = self.tree[number]
        is_member = element.kind == "block" and self.tree[element.parent].kind == "parallel"
        return is_member or element.kind == BRANCH or element.slot in BLOCK_SLOTS


def side_of(tree: Tree, partners: list[int | None], version: Version) -> Side:
    """Return a tree with what is around its pairs."""
    hosts = [ROOT] * len(tree)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for element in tree.elements[1:]:
        is_pair = partners[element.parent] is not None
        hosts[element.number] = element.parent if is_pair else hosts[element.parent]
        if partners[element.number] is not None:
            members[hosts[element.number]].append(element.number)
    return Side(version, tree, partners, hosts, dict(members))


class Frames(Struct, frozen=True):
    """Both sides of a diff."""

    pairs: Pairs
    old: Side
    new: Side

    def stays(self, new: int) -> bool:
        """Tell whether a new element that is in a pair is in the same element as before, of those in both versions."""
        old = self.pairs.to_old[new]
        return old is not None and self.pairs.to_old[self.new.hosts[new]] == self.old.hosts[old]

    def old_of(self, new: int) -> int:
        """Return the partner of a new element that has one."""
        return cast("int", self.pairs.to_old[new])

    def new_of(self, old: int) -> int:
        """Return the partner of an old element that has one."""
        return cast("int", self.pairs.to_new[old])


def frames_of(pairs: Pairs) -> Frames:
    """Return both sides of a diff."""
    return Frames(pairs, side_of(pairs.old, pairs.to_new, Version.OLD), side_of(pairs.new, pairs.to_old, Version.NEW))
