"""What drawing one node takes and gives: the place it is drawn in, the ends that lead to it, the ends that leave it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.model.payload import Node
from stepgraph.render.context import NodeContext
from stepgraph.render.flow.chart import ChartBuilder, LooseEnds

if TYPE_CHECKING:
    from stepgraph.render.marks import Mark
    from stepgraph.render.view import View


class Exits(Struct, frozen=True):
    """How nodes are left: to what comes next, out of the loop, out of the function."""

    next: LooseEnds = ()
    breaks: LooseEnds = ()
    returns: LooseEnds = ()

    def then(self, later: Exits) -> Exits:
        """Return the exits of these nodes and, after them, of others that `next` led to."""
        return replace(self.beside(later), next=later.next)

    def beside(self, other: Exits) -> Exits:
        """Return the exits of both."""
        return Exits(self.next + other.next, self.breaks + other.breaks, self.returns + other.returns)

    def all(self) -> LooseEnds:
        """Return all ends, however they leave."""
        return self.next + self.breaks + self.returns


def together(ways: Sequence[Exits]) -> Exits:
    """Return the exits of all."""
    return Exits(
        tuple(end for way in ways for end in way.next),
        tuple(end for way in ways for end in way.breaks),
        tuple(end for way in ways for end in way.returns),
    )


class Drawer(Protocol):
    """What draws nodes of any kind into a chart."""

    @property
    def builder(self) -> ChartBuilder:
        """The chart in the making."""

    @property
    def view(self) -> View:
        """How the graph is to be viewed."""

    def mark(self, part: Mapping[str, object], context: NodeContext) -> Mark | None:
        """Return the mark of a part of the graph, if it has one, and have what is drawn in this place bear it."""

    def node(self, node: Node, entry: LooseEnds, context: NodeContext) -> Exits:
        """Draw one node."""

    def nodes(self, nodes: Sequence[Node], entry: LooseEnds, context: NodeContext) -> Exits:
        """Draw a list of nodes, in the order that is theirs. Without nodes, the entry is the exit."""

    def filling(self, nodes: Sequence[Node], entry: LooseEnds, context: NodeContext, *, empty: str = ...) -> Exits:
        """Draw a list of nodes that fills a frame: without nodes, it says what is `empty`."""
