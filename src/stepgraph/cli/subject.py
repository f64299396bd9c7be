"""The workflows that commands show: analyzed ones, and those of saved graphs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.cli.console import tell
from stepgraph.limits import SAVED_BYTES
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.note import InputError, Note, Problem
from stepgraph.model.span import Span
from stepgraph.project.module_dates import DateLookup, ModuleDates, dates_without_file
from stepgraph.project.reading import read_named, read_standard_input, shown_path
from stepgraph.project.sources import STANDARD_INPUT, STANDARD_INPUT_NAME, Sources

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph, Node, VersionGraph
    from stepgraph.model.saved import SavedGraph


class Dates:
    """Looks up the dates of workflows that were found in some sources."""

    def __init__(self, lookup: DateLookup, sources: Sources) -> None:
        self._lookup = lookup
        self._without_file = {module.path for module in sources.modules if not module.on_disk}

    def of(self, workflow: WorkflowAnalysis) -> ModuleDates:
        """Return the dates of the module with the workflow's class. Raises InputError as `dates_without_file` does."""
        path = workflow.path
        return dates_without_file() if path in self._without_file else self._lookup.dates(path)


def look_ahead(sources: Sources, lookup: DateLookup) -> None:
    """Have git look for dates while the modules are analysed, which takes longer."""
    for module in sources.modules:
        if module.on_disk:
            lookup.start(module.path)


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


def tell_notes(subject: Subject, *, quiet: bool) -> None:
    """Write the notes of a workflow to standard error, a line each; where it has no graph, first that."""
    if subject.graph is None:
        tell(subject.without_graph())
    if quiet:
        return
    for note in subject.notes:
        tell(f"{note} [{note.code}]")


def saved_subjects(paths: Iterable[str]) -> tuple[list[Subject], bool]:
    """Return the workflows in these files, `-` being standard input, and whether any failed, which has been told."""
    subjects: list[Subject] = []
    failed = False
    for path in dict.fromkeys(paths):
        try:
            subjects += saved_in(path)
        except InputError as error:
            tell(str(error.problem))
            failed = True
    return subjects, failed


def saved_in(path: str) -> Iterator[Subject]:
    """Return the workflows in one file, `-` being standard input. Raises InputError where it holds no graph."""
    from stepgraph.model.saved import read_saved_graphs

    name = STANDARD_INPUT_NAME if path == STANDARD_INPUT else shown_path(path)
    content = read_standard_input(name, SAVED_BYTES) if path == STANDARD_INPUT else _content(path, name)
    try:
        graphs = read_saved_graphs(content, name)
    except InputError as error:
        if path.endswith(".py"):
            advice = f"To draw the workflows of a Python file, run `stepgraph graph {name}`."
            raise InputError(Problem(name, "Not JSON, but Python.", advice)) from None
        raise error from None
    return (saved_subject(graph, name) for graph in graphs)


def _content(path: str, name: str) -> bytes:
    if os.path.isdir(path):
        raise InputError(Problem(name, "a folder, where a saved graph is meant.", "Name the files in it."))
    return read_named(path, SAVED_BYTES)
