"""Graphs as snapshots of syrupy: one file each, in the form that a graph is drawn in.

To be given to `snapshot.use_extension(...)` where a graph is to be compared in another form than JSON throughout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from stepgraph.testing.drawing import Form, draw
from stepgraph.testing.workflow_graph import WorkflowGraph

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion
    from syrupy.types import PropertyFilter, PropertyMatcher, SerializableData, SerializedData


class WorkflowSnapshot(SingleFileSnapshotExtension):
    """A graph in a file of its own. JSON, which `stepgraph render` and `stepgraph diff` read."""

    _write_mode = WriteMode.TEXT
    file_extension = "json"
    form: ClassVar[Form] = "json"

    def serialize(
        self,
        data: SerializableData,
        *,
        exclude: PropertyFilter | None = None,  # noqa: ARG002 - a graph is compared as a whole
        include: PropertyFilter | None = None,  # noqa: ARG002 - likewise
        matcher: PropertyMatcher | None = None,  # noqa: ARG002 - likewise
    ) -> SerializedData:
        """Return a graph as text. Raises TypeError for all else."""
        if not isinstance(data, WorkflowGraph):
            raise TypeError(f"{type(self).__name__} is for the graphs of workflows, not for {type(data).__name__}.")
        return draw(data.graph, self.form)


class OutlineSnapshot(WorkflowSnapshot):
    """The outline, as `stepgraph graph` prints it."""

    file_extension = "txt"
    form = "outline"


class MermaidSnapshot(WorkflowSnapshot):
    """A Mermaid chart."""

    file_extension = "mmd"
    form = "mermaid"


class DotSnapshot(WorkflowSnapshot):
    """A DOT graph."""

    file_extension = "dot"
    form = "dot"


class SvgSnapshot(WorkflowSnapshot):
    """A picture."""

    file_extension = "svg"
    form = "svg"


EXTENSIONS: Final[dict[Form, type[WorkflowSnapshot]]] = {
    extension.form: extension
    for extension in (WorkflowSnapshot, OutlineSnapshot, MermaidSnapshot, DotSnapshot, SvgSnapshot)
}


def matches(snapshot: SnapshotAssertion, graph: WorkflowGraph, form: Form | None = None) -> bool:
    """Return whether a graph is as a snapshot has it; where it is not, this may update the snapshot.

    In a form, else in that of the snapshot, which is JSON where it is not for graphs.
    """
    if form is not None or not isinstance(snapshot.extension, WorkflowSnapshot):
        extension = EXTENSIONS[form or "json"]
        # This one is never compared. It makes syrupy look for snapshots of this kind that are not used.
        snapshot.use_extension(extension)
        # And this keeps count of the comparisons in a test.
        snapshot = snapshot(extension_class=extension)
    return snapshot == graph
