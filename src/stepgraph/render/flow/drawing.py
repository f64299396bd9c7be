"""The exits of drawn nodes, and the interface through which the modules recurse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.model.payload import Node
from stepgraph.render.flow.chart import ChartBuilder, LooseEnds
from stepgraph.render.view import NodeContext

if TYPE_CHECKING:
    from stepgraph.render.view import Mark, View


class DrawnExits(Struct, frozen=True):
    """The loose ends of drawn nodes: to the next node, out of the loop, out of the function."""

    next: LooseEnds = ()
    breaks: LooseEnds = ()
    returns: LooseEnds = ()

    def then(self, later: DrawnExits) -> DrawnExits:
        """Return the exits of these nodes followed by others."""
        return replace(self.combined(later), next=later.next)

    def combined(self, second: DrawnExits) -> DrawnExits:
        """Return the exits of both."""
        return DrawnExits(self.next + second.next, self.breaks + second.breaks, self.returns + second.returns)

    def all(self) -> LooseEnds:
        """Return all loose ends."""
        return self.next + self.breaks + self.returns


def combine(parts: Sequence[DrawnExits]) -> DrawnExits:
    """Return the exits of all parts."""
    return DrawnExits(
        tuple(end for part in parts for end in part.next),
        tuple(end for part in parts for end in part.breaks),
        tuple(end for part in parts for end in part.returns),
    )


class Drawer(Protocol):
    """Draws nodes of any type into a chart."""

    @property
    def builder(self) -> ChartBuilder:
        """The chart under construction."""

    @property
    def view(self) -> View:
        """Folding, marks and details."""

    def mark(self, part: Mapping[str, object], context: NodeContext) -> Mark | None:
        """Return the mark of a node, branch or block, and give it to the box or frame of this context."""

    def node(self, node: Node, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw one node."""

    def nodes(self, nodes: Sequence[Node], entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw a list of nodes in their order. Without nodes, the entry is the exit."""

    def filling(self, nodes: Sequence[Node], entry: LooseEnds, context: NodeContext, *, empty: str = ...) -> DrawnExits:
        """Draw the contents of a frame; without nodes, a box with the text `empty`."""
