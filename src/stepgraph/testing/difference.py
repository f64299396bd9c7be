"""Explanations of a failed comparison of a graph with a snapshot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stepgraph.diff.sequences import hunks
from stepgraph.escaping.plain_text import log_line
from stepgraph.model.note import InputError
from stepgraph.model.payload import Graph
from stepgraph.project.writing import WriteError
from stepgraph.testing.errors import shown_path
from stepgraph.testing.workflow_graph import DrawnGraph, WorkflowGraph, is_snapshot

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

_CONTEXT: Final = 2
_TAB: Final = 4
_TEXT: Final = re.compile(r"<tspan[^<>]*+>([^<]++)")


def explain_difference(old: Graph, new: Graph) -> list[str]:
    """Describe the changes between two graphs and their effects on running instances, one change per line."""
    from stepgraph.diff.diff import diff_workflows

    return [change.line for change in diff_workflows(old["workflow"], new["workflow"]).changes]


def explain_mismatch(
    snapshot: SnapshotAssertion, graph: WorkflowGraph, update_command: str = "pytest --snapshot-update"
) -> list[str]:
    """Explain why a snapshot's last comparison failed and how to update the snapshot, in lines safe for a log."""
    return [log_line(line.expandtabs(_TAB)) for line in _explanation(snapshot, graph, update_command)]


def _explanation(snapshot: SnapshotAssertion, graph: WorkflowGraph, update_command: str) -> list[str]:
    result = snapshot.executions[snapshot.num_executions - 1]
    if isinstance(result.exception, InputError | WriteError):
        return [str(result.exception)]
    if result.exception is not None:
        return [f"{type(result.exception).__name__}: {result.exception}"]
    recalled = result.recalled_data
    if recalled is None:
        return [
            f"{graph.class_name} has no snapshot yet.",
            f"Run `{update_command}` to write it to {shown_path(Path(result.snapshot_location))}.",
            "",
            *str(graph).splitlines(),
        ]
    return [
        f"{graph.class_name} does not match its snapshot.",
        f"If the change is intended, run `{update_command}`.",
        "",
        *_changes(result.snapshot_location, str(recalled), str(result.asserted_data), graph),
        *_incomplete(graph),
    ]


def _changes(location: str, old: str, new: str, graph: WorkflowGraph) -> list[str]:
    if location.endswith(".svg"):
        return text_difference(_words(old), _words(new)) or ["Only the layout of the picture has changed."]
    if not location.endswith(".json"):
        return text_difference(old, new)
    from stepgraph.model.saved import read_saved_graphs

    try:
        saved_graphs = read_saved_graphs(old, location)
    except InputError as error:
        return [f"The snapshot contains no graph: {error}", "", *text_difference(old, new)]
    old_graphs = [each.graph for each in saved_graphs if each.graph is not None]
    if not old_graphs:
        return ["The snapshot contains no graph."]
    if len(old_graphs) > 1:
        return [f"The snapshot contains {len(old_graphs)} graphs, not one."]
    return explain_difference(old_graphs[0], graph.graph) or text_difference(old, new)


def _words(picture: str) -> str:
    """Return the texts of a picture, one per line. Coordinates are omitted, because any change moves many elements."""
    return "\n".join(_TEXT.findall(picture))


def text_difference(old: str, new: str) -> list[str]:
    """Return the changed lines of a text with two lines around them, and `...` for other unchanged lines."""
    lines = ["..." if line.startswith("@@") else line for line in hunks(old.splitlines(), new.splitlines(), _CONTEXT)]
    return lines[1:]


def _incomplete(graph: WorkflowGraph) -> Iterator[str]:
    if not graph.complete:
        yield ""
        yield "The graph is incomplete, and may lack steps:"
        yield from (str(note) for note in graph.notes if note.incomplete)


def explain_comparison(left: object, right: object) -> list[str] | None:
    """Explain a failed comparison of a graph with a snapshot. Return None for any other comparison."""
    for snapshot, value in ((left, right), (right, left)):
        graph = value.graph if isinstance(value, DrawnGraph) else value
        if is_snapshot(snapshot) and isinstance(graph, WorkflowGraph) and snapshot.num_executions:
            return explain_mismatch(snapshot, graph)
    return None
