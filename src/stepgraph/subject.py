"""The workflows to show: analyzed workflows and saved graphs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.limits import SAVED_BYTES
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.note import InputError, Note, Problem
from stepgraph.model.span import Span
from stepgraph.phrases import incomplete_text, workflow_title
from stepgraph.project.module_dates import DateLookup, ModuleDates, dates_without_file
from stepgraph.project.reading import read_named, read_standard_input, shown_path
from stepgraph.project.sources import STANDARD_INPUT, STANDARD_INPUT_NAME, Sources

if TYPE_CHECKING:
    from stepgraph.model.code import Code
    from stepgraph.model.payload import Graph, Node, VersionGraph
    from stepgraph.model.saved import SavedGraph


def _unknown_location() -> str:
    return ""


class Subject(Struct, frozen=True):
    """A workflow to show. Fields with defaults are unknown for saved graphs."""

    name: str
    class_name: str
    graph: Graph | None
    missing_graph_message: Callable[[], str]
    """Returns the message for a workflow without a graph."""
    notes: tuple[Note, ...] = ()
    location: Callable[[], str] = _unknown_location
    """Returns the location of the class: `src/orders.py:12`."""
    node_location: Callable[[Node], str] | None = None
    """Returns the location of a node of the graph."""
    complete: bool | None = None
    """Whether everything was resolved."""
    api_response: Callable[[], VersionGraph] | None = None
    """Returns the response of the Workflows API for the graph."""
    details: Callable[[], Details] = lambda: NO_DETAILS
    code: Callable[[Node], Code | None] = lambda _: None
    """Returns the lines of code of a node of the graph."""

    @property
    def state(self) -> str:
        """A remark on an incomplete graph, such as `incomplete: 2 notes`, or an empty string."""
        return incomplete_text(sum(note.incomplete for note in self.notes))

    @property
    def title(self) -> str:
        """The title of the workflow: `orders (Orders)`."""
        return workflow_title(self.name, self.class_name)


def analyzed_subject(workflow: WorkflowAnalysis, dates: Dates) -> Subject:
    """Return the subject of an analyzed workflow. Slow fields are computed on demand."""
    return Subject(
        workflow.name,
        workflow.class_name,
        workflow.graph,
        lambda: f"{workflow.span}: `{workflow.name}` has no graph: no step can run.",
        workflow.notes,
        lambda: f"{workflow.path}:{workflow.span.line}",
        lambda node: _location_text(workflow.span_of(node)),
        workflow.complete,
        lambda: workflow.version_graph(dates=dates.of(workflow)),
        lambda: workflow.details,
        workflow.code_of,
    )


def _location_text(span: Span | None) -> str:
    return f"{span.path}:{span.line}" if span else ""


class Dates:
    """Looks up the dates of workflows by their modules."""

    def __init__(self, lookup: DateLookup, sources: Sources) -> None:
        self._lookup = lookup
        self._without_file = {module.path for module in sources.modules if not module.on_disk}

    def of(self, workflow: WorkflowAnalysis) -> ModuleDates:
        """Return the dates of the module of a workflow. Raises InputError like `dates_without_file`."""
        path = workflow.path
        return dates_without_file() if path in self._without_file else self._lookup.dates(path)


def start_date_lookups(sources: Sources, lookup: DateLookup) -> None:
    """Start git processes for the dates of modules. They run during the analysis."""
    for module in sources.modules:
        if module.on_disk:
            lookup.start(module.path)


def subject_of_saved_graph(saved: SavedGraph, path: str) -> Subject:
    """Return the subject of a graph saved at `path`. The name of its class is also its name."""
    message = f"{path}: `{saved.class_name}` has no graph: the API returned none for this version."
    return Subject(saved.class_name, saved.class_name, saved.graph, lambda: message)


def read_saved_subjects(path: str) -> Iterator[Subject]:
    """Return the workflows in one file. `-` is standard input. Raises InputError for invalid files."""
    from stepgraph.model.saved import read_saved_graphs

    name = STANDARD_INPUT_NAME if path == STANDARD_INPUT else shown_path(path)
    content = read_standard_input(name, SAVED_BYTES) if path == STANDARD_INPUT else _content(path, name)
    try:
        graphs = read_saved_graphs(content, name)
    except InputError as error:
        if path.endswith(".py"):
            advice = f"To draw the workflows of a Python file, run `stepgraph graph {name}`."
            raise InputError(Problem(name, "is Python, not JSON.", advice)) from None
        raise error from None
    return (subject_of_saved_graph(graph, name) for graph in graphs)


def _content(path: str, name: str) -> bytes:
    if os.path.isdir(path):
        raise InputError(Problem(name, "is a directory, not a saved graph.", "Name the files in it."))
    return read_named(path, SAVED_BYTES)
