"""A graph in one of its forms, to be compared with a snapshot in that form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepgraph.testing.drawing import Form, draw
from stepgraph.testing.snapshot_seen import is_snapshot

if TYPE_CHECKING:
    from stepgraph.testing.workflow_graph import WorkflowGraph


@dataclass(frozen=True, eq=False, repr=False)
class DrawnGraph:
    """A graph as an outline, a chart or a picture, whose text is `str` of it."""

    graph: WorkflowGraph
    form: Form

    def __str__(self) -> str:
        return draw(self.graph.graph, self.form, self.graph.details)

    def __repr__(self) -> str:
        return f"<{self.form} of {self.graph!r}>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DrawnGraph | str):
            return str(self) == str(other)
        if is_snapshot(other):
            from stepgraph.testing.snapshots import matches

            return matches(other, self.graph, self.form)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))
