"""The position of nodes in a graph, which every renderer passes down as it descends."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace


class NodeContext(Struct, frozen=True):
    """The position of a node, or of a list of nodes, in a graph."""

    identity: str
    """The identity in the drawing."""

    level: int = 1
    """The number of levels of nodes from the workflow down; the nodes of the workflow itself are at level 1."""

    in_group: bool = False
    """Whether the clocks of an enclosing `parallel` order the nodes."""

    def at(self, identity: str) -> NodeContext:
        """Return the context of a sibling with this identity."""
        return replace(self, identity=identity)

    def child(self, name: str | int) -> NodeContext:
        """Return the context of a part, whose identity is the name appended to this one."""
        return replace(self, identity=f"{self.identity}_{name}")

    def inside(self, identity: str) -> NodeContext:
        """Return the context of the nodes inside the node with this identity."""
        return replace(self, identity=identity, level=self.level + 1)

    def deeper(self) -> NodeContext:
        """Return the context of the nodes inside this node."""
        return replace(self, level=self.level + 1)

    def grouped(self) -> NodeContext:
        """Return this context inside a group."""
        return replace(self, in_group=True)

    def ungrouped(self) -> NodeContext:
        """Return this context outside of any group."""
        return replace(self, in_group=False)
