"""Source locations of graph nodes, stored outside of the payload because its fields are documented ones only."""

from __future__ import annotations

from msgspec import Struct, field

from stepgraph.model.details import Part
from stepgraph.model.payload import Node
from stepgraph.syntax.module import Place


class Places(Struct):
    """The source locations of nodes, keyed by identity because different nodes may be equal."""

    _by_id: dict[int, tuple[Node, Place]] = field(default_factory=dict)

    def note(self, node: Node, place: Place) -> None:
        """Record the location of a node. The reference to the node prevents reuse of its `id`."""
        self._by_id[id(node)] = (node, place)

    def of(self, node: Node | Part) -> Place | None:
        """Return the location of a node, None if it has not been recorded."""
        entry = self._by_id.get(id(node))
        return None if entry is None else entry[1]
