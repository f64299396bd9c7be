"""What is shown: a workflow that was analysed, or one whose graph was saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.cli.dates import Dates
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.note import Note
from stepgraph.model.span import Span

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph, Node, VersionGraph
    from stepgraph.model.saved import SavedGraph


def _unknown_place() -> str:
    return ""


class Subject(Struct, frozen=True):
    """A workflow to show: its name, that of its class, and its graph, None if it has none.

    `without_graph` says that it has none, and why. `place` is where its source stands, as in `src/orders.py:12`,
    `place_of` where a node of its graph does, `complete` whether everything was resolved, and `answer` what the
    Workflows API would answer for it; of a saved graph none of these is known.
    """

    name: str
    class_name: str
    graph: Graph | None
    without_graph: Callable[[], str]
    notes: tuple[Note, ...] = ()
    place: Callable[[], str] = _unknown_place
    place_of: Callable[[Node], str] | None = None
    complete: bool | None = None
    answer: Callable[[], VersionGraph] | None = None
    details: Callable[[], Details] = lambda: NO_DETAILS


def analysed_subject(workflow: WorkflowAnalysis, dates: Dates) -> Subject:
    """Return a workflow that was analysed. Its place is looked for when it is asked for, which takes a while."""
    return Subject(
        workflow.name,
        workflow.class_name,
        workflow.graph,
        lambda: f"{workflow.span}: `{workflow.name}` has no graph: no step of it can run.",
        workflow.notes,
        lambda: f"{workflow.path}:{workflow.span.line}",
        lambda node: _line_of(workflow.span_of(node)),
        workflow.complete,
        lambda: workflow.version_graph(dates=dates.of(workflow)),
        lambda: workflow.details,
    )


def _line_of(span: Span | None) -> str:
    return f"{span.path}:{span.line}" if span else ""


def saved_subject(saved: SavedGraph, path: str) -> Subject:
    """Return a workflow whose graph was saved at `path`; it goes by the name of its class, for it has no other."""
    message = f"{path}: `{saved.class_name}` has no graph: the API gave none for this version."
    return Subject(saved.class_name, saved.class_name, saved.graph, lambda: message)
