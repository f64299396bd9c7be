"""Extensions of syrupy for snapshots of graphs, one file per snapshot.

A fixture `snapshot` that returns `snapshot.use_extension(OutlineSnapshot)` compares graphs as outlines instead of JSON.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from stepgraph.limits import SAVED_BYTES
from stepgraph.model.note import InputError, Problem
from stepgraph.phrases import system_reason
from stepgraph.project.reading import read_named
from stepgraph.project.writing import WriteError, check_folder, make_folder, target_of
from stepgraph.testing.drawing import Form, draw
from stepgraph.testing.errors import UnusedSnapshotWarning
from stepgraph.testing.workflow_graph import WorkflowGraph

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion
    from syrupy.data import SnapshotCollection
    from syrupy.location import PyTestLocation
    from syrupy.types import PropertyFilter, PropertyMatcher, SerializableData, SerializedData, SnapshotIndex


class WorkflowSnapshot(SingleFileSnapshotExtension):
    """A graph as JSON, which `stepgraph render` and `stepgraph diff` read."""

    _write_mode = WriteMode.TEXT
    file_extension = "json"
    form: ClassVar[Form] = "json"

    def serialize(
        self,
        data: SerializableData,
        *,
        exclude: PropertyFilter | None = None,
        include: PropertyFilter | None = None,
        matcher: PropertyMatcher | None = None,
    ) -> SerializedData:
        """Return a graph as text. Raises TypeError for other data."""
        if not isinstance(data, WorkflowGraph):
            raise TypeError(f"{type(self).__name__} compares the graphs of workflows, not {type(data).__name__}.")
        return draw(data.graph, self.form, data.details)

    # The methods below reject links that lead out of the repository.

    def read_snapshot_data_from_location(
        self,
        *,
        snapshot_location: str,
        snapshot_name: str,
        session_id: str,
    ) -> SerializableData | None:
        """Return the text of a snapshot, or None if it is missing. Raises InputError if it may not be read.

        Editors on Windows may have added a byte order mark and other line ends. Invalid bytes are replaced, so that
        the snapshot can be compared and updated.
        """
        if not Path(snapshot_location).exists():
            return None
        if Path(snapshot_location).is_dir():
            raise InputError(Problem(snapshot_location, "a directory, not a snapshot.", "Remove it."))
        content = read_named(snapshot_location, SAVED_BYTES)
        return content.replace(b"\r\n", b"\n").decode("utf-8-sig", "replace")

    @classmethod
    def write_snapshot(
        cls,
        *,
        snapshot_location: str,
        snapshots: list[tuple[SerializedData, PyTestLocation, SnapshotIndex]],
        name_order: dict[str, int] | None = None,
    ) -> None:
        """Write a snapshot and create its directory. Raises WriteError if it may not or cannot be written."""
        make_folder(str(Path(snapshot_location).parent))
        super().write_snapshot(snapshot_location=snapshot_location, snapshots=snapshots, name_order=name_order)

    @classmethod
    def write_snapshot_collection(
        cls,
        *,
        snapshot_collection: SnapshotCollection,
        name_order: dict[str, int] | None = None,
    ) -> None:
        """Replace the file of a snapshot. Raises WriteError if it may not or cannot be written."""
        text = str(next(iter(snapshot_collection)).data)
        target_of(snapshot_collection.location).write(text.encode("utf-8"))

    def delete_snapshots(self, *, snapshot_location: str, snapshot_names: set[str]) -> None:
        """Remove an unused snapshot. Warns if it may not or cannot be removed, because tests may have failed before."""
        try:
            check_folder(str(Path(snapshot_location).parent))
            super().delete_snapshots(snapshot_location=snapshot_location, snapshot_names=snapshot_names)
        except WriteError as error:
            warnings.warn(UnusedSnapshotWarning(str(error)), stacklevel=2)
        except OSError as error:
            message = f"{snapshot_location} cannot be removed: {system_reason(error)}."
            warnings.warn(UnusedSnapshotWarning(message), stacklevel=2)


class OutlineSnapshot(WorkflowSnapshot):
    """A graph as the outline that `stepgraph graph` prints."""

    file_extension = "txt"
    form = "outline"


class MermaidSnapshot(WorkflowSnapshot):
    """A graph as a Mermaid flow chart."""

    file_extension = "mmd"
    form = "mermaid"


class DotSnapshot(WorkflowSnapshot):
    """A graph in DOT."""

    file_extension = "dot"
    form = "dot"


class SvgSnapshot(WorkflowSnapshot):
    """A graph as an SVG image."""

    file_extension = "svg"
    form = "svg"


EXTENSIONS: Final[dict[Form, type[WorkflowSnapshot]]] = {
    extension.form: extension
    for extension in (WorkflowSnapshot, OutlineSnapshot, MermaidSnapshot, DotSnapshot, SvgSnapshot)
}


def matches(snapshot: SnapshotAssertion, graph: WorkflowGraph, form: Form | None = None) -> bool:
    """Compare a graph with a snapshot, and update the snapshot if pytest runs with `--snapshot-update`.

    By default, the snapshot's extension selects the form. Extensions of other packages imply JSON.
    """
    if form is not None or not isinstance(snapshot.extension, WorkflowSnapshot):
        extension = EXTENSIONS[form or "json"]
        # This snapshot is not compared. It makes syrupy search for unused snapshots of this extension.
        snapshot.use_extension(extension)
        # Only the snapshot of the test counts the comparisons in it, so its extension is replaced for one comparison.
        snapshot = snapshot(extension_class=extension)
    return snapshot == graph
