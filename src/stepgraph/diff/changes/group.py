"""Edits that are one change to whoever reads them."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from stepgraph.diff.edits import Edit, Reference
from stepgraph.diff.elements import ROOT


class Action(Enum):
    """What was done."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    MOVED = "moved"
    """Into, or out of, something that is in both versions."""
    REORDERED = "reordered"
    """Put before or after its neighbours."""
    WRAPPED = "wrapped"
    """Put into something that is new, where it was."""
    FREED = "freed"
    """Taken out of something that is gone, where it was."""
    CONCURRENT = "made concurrent"
    SEQUENTIAL = "made sequential"
    CHANGED = "changed"


class Group(Struct, frozen=True):
    """What was done with which elements: `old` and `new` are their numbers in the two trees.

    What is in both versions is in both, in the same order. `container` is what elements were wrapped in, freed from or
    run concurrently in. `fields` are those that were changed. `others`, in the new tree, are those that elements wait
    for from now on, or no longer.
    """

    action: Action
    old: tuple[int, ...] = ()
    new: tuple[int, ...] = ()
    container: Reference | None = None
    fields: tuple[str, ...] = ()
    others: tuple[int, ...] = ()
    edits: tuple[Edit, ...] = ()

    @property
    def holder(self) -> int:
        """The number of the container, in the tree that it is from; without one that of the workflow."""
        return ROOT if self.container is None else self.container.number
