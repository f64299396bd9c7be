"""The workflows to show: analyzed workflows and saved graphs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.analysis import WorkflowAnalysis, drawn_workflow
from stepgraph.drawing.workflow import DrawnWorkflow
from stepgraph.limits import SAVED_BYTES
from stepgraph.model.note import InputError, Note, Problem, missing_graph_reason
from stepgraph.project.module_dates import DateLookup, ModuleDates, dates_without_file
from stepgraph.project.reading import read_named, read_standard_input, shown_path
from stepgraph.project.sources import STANDARD_INPUT, STANDARD_INPUT_NAME, Sources

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph, VersionGraph
    from stepgraph.model.saved import SavedGraph


class Subject(Struct, frozen=True):
    """A workflow to show."""

    drawn: DrawnWorkflow
    """The workflow in the form in which it is drawn."""
    missing_graph_message: Callable[[], str]
    """Returns the message for a workflow without a graph."""
    api_response: Callable[[], VersionGraph] | None = None
    """Returns the response of the Workflows API for the graph, or None for a saved graph."""

    @property
    def name(self) -> str:
        """The configured name of the workflow, or the name of its class."""
        return self.drawn.name

    @property
    def class_name(self) -> str:
        """The name of the workflow class."""
        return self.drawn.class_name

    @property
    def graph(self) -> Graph | None:
        """The graph, or None if the workflow has none."""
        return self.drawn.graph

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes of the analysis, which a saved graph lacks."""
        return self.drawn.notes


def analyzed_subject(workflow: WorkflowAnalysis, dates: Dates) -> Subject:
    """Return the subject of an analyzed workflow."""
    return Subject(
        drawn_workflow(workflow),
        lambda: f"{workflow.span}: `{workflow.name}` has no graph: {missing_graph_reason(workflow.notes)}.",
        lambda: workflow.version_graph(dates=dates.of(workflow)),
    )


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
    lookup.start([module.path for module in sources.modules if module.on_disk])


def subject_of_saved_graph(saved: SavedGraph, path: str) -> Subject:
    """Return the subject of a graph saved at `path`. The name of its class is also its name."""
    message = f"{path}: `{saved.class_name}` has no graph: the API returned none for this version."
    drawn = DrawnWorkflow(name=saved.class_name, class_name=saved.class_name, graph=saved.graph)
    return Subject(drawn, lambda: message)


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
            raise InputError(Problem(name, "Python code, not JSON.", advice)) from None
        raise error from None
    return (subject_of_saved_graph(graph, name) for graph in graphs)


def _content(path: str, name: str) -> bytes:
    if os.path.isdir(path):
        raise InputError(Problem(name, "a directory, not a saved graph.", "Name the files in it."))
    return read_named(path, SAVED_BYTES)
