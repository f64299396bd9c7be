"""The states of the parts of a drawing in an instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from stepgraph.execution.instance import Instance, NodeProgress, NodeState
from stepgraph.model.details import Part

STATES: Final[tuple[NodeState, ...]] = (
    "retrying",
    "waiting",
    "sleeping",
    "running",
    "failed",
    "done",
    "not_reached",
    "unreachable",
    "skipped",
)
"""The states in order of importance: a folded box has the first state of the nodes inside."""

CURRENT: Final[frozenset[NodeState]] = frozenset({"retrying", "waiting", "sleeping", "running"})
"""The states of work that has not ended."""

TAKEN: Final[frozenset[NodeState]] = CURRENT | {"failed", "done"}
"""The states of nodes that the instance has reached."""

STATE_WORDS: Final[Mapping[NodeState, str]] = {
    "done": "done",
    "failed": "failed",
    "retrying": "retrying",
    "sleeping": "sleeping",
    "waiting": "waiting",
    "running": "running",
    "skipped": "skipped",
    "not_reached": "not reached",
    "unreachable": "no longer reachable",
}


class PartStates(Struct, frozen=True, eq=False):
    """The states of the parts of a graph in an instance.

    Like `Marks`, it identifies parts as objects, not by equality.
    """

    instance: Instance
    parts: Sequence[tuple[Part, NodeProgress]]
    """The nodes, branches, blocks and functions of the graph."""

    _by_identity: dict[int, NodeProgress] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_identity.update((id(part), progress) for part, progress in self.parts)

    def of(self, part: Mapping[str, object]) -> NodeProgress | None:
        """Return the progress of a node, branch, block or function, or None for a part of another graph."""
        return self._by_identity.get(id(part))

    def state(self, part: Mapping[str, object]) -> NodeState:
        """Return the state of a part."""
        progress = self.of(part)
        return "not_reached" if progress is None else progress.state

    def is_taken(self, part: Mapping[str, object]) -> bool:
        """Return whether the instance has reached a part."""
        return self.state(part) in TAKEN
