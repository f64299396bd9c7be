"""What the parts of a graph come from, stored outside of the payload because its fields are documented ones only."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.ir.nodes import Handler, Jump, StepRun, Try
from stepgraph.model.details import Part
from stepgraph.syntax.module import Place

Origin: TypeAlias = StepRun | Jump | Try | Handler
"""The part of the IR that a part of the graph shows."""


class Places(Struct):
    """The source locations and origins of parts, keyed by identity because different parts may be equal."""

    _by_id: dict[int, tuple[Part, Place, Origin | None]] = field(default_factory=dict)

    def note(self, part: Part, place: Place, origin: Origin | None = None) -> None:
        """Record the location of a part. The reference to the part prevents reuse of its `id`."""
        self._by_id[id(part)] = (part, place, origin)

    def of(self, part: Part) -> Place | None:
        """Return the location of a part, None if it has not been recorded."""
        entry = self._by_id.get(id(part))
        return None if entry is None else entry[1]

    def origin_of(self, part: Part) -> Origin | None:
        """Return the part of the IR that a part shows, None if it has not been recorded."""
        entry = self._by_id.get(id(part))
        return None if entry is None else entry[2]
