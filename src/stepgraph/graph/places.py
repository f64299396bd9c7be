"""Where the nodes of a graph come from: beside the payload, which holds documented fields only."""

from __future__ import annotations

from msgspec import Struct, field

from stepgraph.model.details import Part
from stepgraph.model.payload import Node
from stepgraph.syntax.module import Place


class Places(Struct):
    """The places of nodes, by the nodes themselves rather than by what they say: two may say the same."""

    _known: dict[int, tuple[Node, Place]] = field(default_factory=dict)

    def note(self, node: Node, place: Place) -> None:
        """Remember where a node comes from. The node is kept, so that no later one can be taken for it."""
        self._known[id(node)] = (node, place)

    def of(self, node: Node | Part) -> Place | None:
        """Return where a node comes from, None for one that is not known here."""
        known = self._known.get(id(node))
        return None if known is None else known[1]
