"""The results of an analysis, the ids of workflows and versions, and a workflow as serializable data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from msgspec import Struct

from stepgraph.drawing.methods import GraphDrawing
from stepgraph.hashing import sha1_digest
from stepgraph.model.details import (
    NO_DETAILS,
    ComparableDetails,
    ComputedTexts,
    Details,
    IndexedDetails,
    IndexedTexts,
    Part,
    from_indexed,
    from_indexed_texts,
    parts_of,
    to_indexed,
    to_indexed_texts,
)
from stepgraph.model.note import Note, Problem
from stepgraph.model.span import Span, no_location
from stepgraph.project.module_dates import ModuleDates, module_dates
from stepgraph.project.sources import AnalysisInputs

if TYPE_CHECKING:
    from stepgraph.checks.subject import ProjectSubject, WorkflowSubject
    from stepgraph.drawing.workflow import DrawnWorkflow
    from stepgraph.model.payload import Graph, Node, Version, VersionGraph, VersionIdentity
    from stepgraph.model.span import Code
    from stepgraph.project.sources import ExternalWorkflow, Sources


def _without_details() -> Details:
    return NO_DETAILS


def _without_texts() -> Sequence[tuple[Part, ComputedTexts]]:
    return ()


class DetailLevel(IntEnum):
    """The details that a workflow has without its modules."""

    NONE = 0
    DRAWING = 1
    """The details that drawings show."""
    COMPARISON = 2
    """Details for comparisons of versions and for logs, which may take longer than the analysis."""


class MissingTextsError(Exception):
    """A workflow is compared whose computed texts were not recorded."""


@dataclass(frozen=True, slots=True, repr=False)
class WorkflowAnalysis(GraphDrawing):
    """A workflow class with its graph and notes. A notebook shows its picture."""

    name: str
    """The configured name of the workflow, or the name of its class."""
    class_name: str
    """The name of the class."""
    path: str
    """The file with the class."""
    locate: Callable[[], Span] = field(compare=False)
    """Computes `span` on demand, because the computation takes up to a quarter of the time of parsing the module."""
    graph: Graph | None
    """The graph, or None if no step can run or the analysis exceeds a limit. The `notes` may state the reason."""
    notes: tuple[Note, ...]
    """The notes in source order."""
    project: str = ""
    """The name of the Worker, or an empty string if it is unknown."""
    steps_limit: int | None = None
    """The maximum number of steps of an instance, or None if it is not configured."""
    locate_node: Callable[[Node], Span | None] = field(default_factory=lambda: no_location, compare=False)
    """Returns the source location of a node, or None if it is unknown."""
    describe: Callable[[], Details] = field(default_factory=lambda: _without_details, compare=False)
    """Computes `details` on demand, because they need the source text of many nodes."""
    compute_texts: Callable[[], Sequence[tuple[Part, ComputedTexts]]] = field(
        default_factory=lambda: _without_texts, compare=False
    )
    """Computes the texts of `comparable_details`, or raises MissingTextsError."""
    locate_code: Callable[[Node], Code | None] = field(default_factory=lambda: no_location, compare=False)
    """Returns the lines of code of a node, or None if they are unknown."""
    subject: WorkflowSubject | None = field(default=None, compare=False)
    """The input of the rules in `check_analysis`, or None if the workflow cannot be checked."""
    find_node: Callable[[Span], Node | None] = field(default_factory=lambda: no_location, compare=False)
    """Returns the innermost node whose code contains a location, or None if there is none."""
    locate_site: Callable[[Part], Span | None] = field(default_factory=lambda: no_location, compare=False)
    """Returns the location of a part in the control flow, or None if it is unknown: of a step, its call."""

    def span_of(self, node: Node) -> Span | None:
        """Return the source location of a node (for a step, its declaration), or None if it is unknown.

        The node must be an object of `graph`, not a copy.
        """
        return self.locate_node(node)

    def code_of(self, node: Node) -> Code | None:
        """Return the lines of the statement of a node or, for a step, of its function, or None if they are unknown.

        The node must be an object of `graph`, not a copy.
        """
        return self.locate_code(node)

    def node_at(self, span: Span) -> Node | None:
        """Return the innermost node of `graph` whose code contains a location, or None if there is none.

        The code of a step is its declaration, the function below it, and its call. For example,
        `workflow.node_at(finding.span)` is the step that a finding concerns.
        """
        return self.find_node(span)

    @property
    def details(self) -> Details:
        """Details that the graph lacks, such as the source of loops and calls, and remarks on steps and errors."""
        return self.describe()

    @property
    def comparable_details(self) -> ComparableDetails:
        """The details with the definitions of names, conditions and durations, which comparisons and logs need."""
        return ComparableDetails(self.details.items, texts=self.compute_texts())

    @property
    def span(self) -> Span:
        """The location of the class: from `class` to the end of its name."""
        return self.locate()

    @property
    def has_dag(self) -> bool:
        """Whether the workflow has a graph."""
        return self.graph is not None

    @property
    def complete(self) -> bool:
        """Whether everything was resolved. If not, the graph may lack steps, and the notes state the reasons."""
        return not any(note.incomplete for note in self.notes)

    @property
    def step_count(self) -> int:
        """The number of steps in the graph. Steps in functions and in bodies of other steps are counted once."""
        # Imported here and below because most commands do not need it.
        from stepgraph.model.walk import count_steps

        return 0 if self.graph is None else count_steps(self.graph["workflow"])

    def version_graph(self, *, dates: ModuleDates | None = None) -> VersionGraph:
        """Return the response of the Workflows API for the graph of this version, as JSON data.

        The ids are computed from the names of the project and the workflow, and from the graph. `dates` default to the
        first and last commit of the module's file. Without commits, both are SOURCE_DATE_EPOCH, the modification time
        of the file or, without a file, the beginning of 1970. Raises InputError if SOURCE_DATE_EPOCH is needed and is
        not a number.
        """
        return {**self._identity(dates), "graph": self.graph}

    def version(self, *, dates: ModuleDates | None = None) -> Version:
        """Return the response of the Workflows API for this version, as JSON data. See `version_graph` for `dates`."""
        identity = self._identity(dates)
        version: Version = {
            "id": identity["id"],
            "class_name": identity["class_name"],
            "created_on": identity["created_on"],
            "modified_on": identity["modified_on"],
            "workflow_id": identity["workflow_id"],
            "has_dag": self.has_dag,
            "language": "python",
        }
        if self.steps_limit is not None:
            version["limits"] = {"steps": self.steps_limit}
        return version

    def __repr__(self) -> str:
        from stepgraph.escaping.plain_text import brief_line
        from stepgraph.phrases import counted, workflow_title

        title = workflow_title(brief_line(self.name), brief_line(self.class_name))
        size = counted(self.step_count, "step") if self.has_dag else "no graph"
        return f"<WorkflowAnalysis {title}: {size}, {'complete' if self.complete else 'incomplete'}>"

    def _drawn(self) -> DrawnWorkflow:
        return drawn_workflow(self)

    def _identity(self, dates: ModuleDates | None) -> VersionIdentity:
        known_dates = module_dates(self.path) if dates is None else dates
        workflow = workflow_id(self.project, self.name)
        return {
            "id": version_id(workflow, self.graph),
            "class_name": self.class_name,
            "created_on": known_dates.created_on,
            "modified_on": known_dates.modified_on,
            "workflow_id": workflow,
        }


def drawn_workflow(workflow: WorkflowAnalysis) -> DrawnWorkflow:
    """Return the form in which a workflow is drawn. Slow fields are computed on demand."""
    from stepgraph.drawing.workflow import DrawnWorkflow

    return DrawnWorkflow(
        name=workflow.name,
        class_name=workflow.class_name,
        graph=workflow.graph,
        notes=workflow.notes,
        location=lambda: f"{workflow.path}:{workflow.span.line}",
        node_location=lambda node: _location_text(workflow.span_of(node)),
        node_span=lambda part: workflow.span_of(cast("Node", part)),
        code=workflow.code_of,
        find_node=workflow.node_at,
        complete=workflow.complete,
        details=lambda: workflow.details,
        comparable_details=lambda: workflow.comparable_details,
    )


def _location_text(span: Span | None) -> str:
    return f"{span.path}:{span.line}" if span else ""


@dataclass(frozen=True, slots=True, repr=False)
class Analysis:
    """The result of analyzing files and projects."""

    workflows: tuple[WorkflowAnalysis, ...]
    """The workflows in source order."""
    problems: tuple[Problem, ...]
    """Problems with the inputs, such as unreadable files and invalid configurations, without duplicates."""
    external: tuple[ExternalWorkflow, ...] = ()
    """Workflows that configurations bind and other Workers define."""
    hints: tuple[Problem, ...] = ()
    """Remarks on valid inputs that may have an unexpected effect."""
    files: tuple[str, ...] = field(default=(), compare=False)
    """The paths of all files that were searched or read, including configurations."""
    project: ProjectSubject | None = field(default=None, compare=False)
    """The input of the rules for projects in `check_analysis`."""
    read: Mapping[str, bytes] = field(default_factory=dict, compare=False)
    """The contents of modules and configurations, by path."""
    inputs: AnalysisInputs = field(default_factory=AnalysisInputs, compare=False)
    """The modules, files and searches that decide whether a cached result is fresh."""

    def __repr__(self) -> str:
        # Imported here because only a person at a prompt needs it.
        from stepgraph.phrases import counted

        return f"<Analysis: {counted(len(self.workflows), 'workflow')}, {counted(len(self.problems), 'problem')}>"


def empty_analysis(sources: Sources) -> Analysis:
    """Return an analysis without workflows, with the problems, hints and configurations of the sources."""
    from stepgraph.checks.subject import ProjectSubject

    problems, hints = tuple(dict.fromkeys(sources.problems)), tuple(sources.hints)
    return Analysis(
        workflows=(),
        problems=problems,
        external=tuple(sources.external),
        hints=hints,
        files=tuple(dict.fromkeys(sources.files)),
        project=ProjectSubject(sources.configurations, problems, hints),
        read={configuration.path: configuration.content for configuration in sources.configurations},
        inputs=AnalysisInputs(tuple(sources.modules)),
    )


class WorkflowRecord(Struct, frozen=True):
    """A serializable `WorkflowAnalysis`, without the locations of most nodes and the `subject` for the rules."""

    name: str
    class_name: str
    path: str
    span: Span
    graph: dict[str, Any] | None
    """The graph as JSON data. It is not validated, because only this package writes records."""
    notes: tuple[Note, ...]
    project: str
    steps_limit: int | None
    details: IndexedDetails = ()
    """The details of the nodes, branches and blocks in `graph`, in traversal order."""
    texts: IndexedTexts | None = None
    """The computed texts of these parts, or None if they were not computed."""
    gaps: tuple[tuple[Span, int], ...] = ()
    """The locations of notes for which the graph may lack steps, each with the index of its node in traversal order."""

    @classmethod
    def of(cls, workflow: WorkflowAnalysis, details: DetailLevel) -> WorkflowRecord:
        """Return the record of a workflow with its details of a level."""
        graph: Any = workflow.graph
        has_details = workflow.graph is not None and details >= DetailLevel.DRAWING
        has_texts = workflow.graph is not None and details >= DetailLevel.COMPARISON
        return cls(
            name=workflow.name,
            class_name=workflow.class_name,
            path=workflow.path,
            span=workflow.span,
            graph=graph,
            notes=workflow.notes,
            project=workflow.project,
            steps_limit=workflow.steps_limit,
            details=to_indexed(graph, workflow.details) if has_details else (),
            texts=to_indexed_texts(graph, workflow.compute_texts()) if has_texts else None,
            gaps=tuple(_gaps(workflow)),
        )

    def restore(self) -> WorkflowAnalysis:
        """Return the workflow of the record.

        Without locations, `span_of` and `code_of` return None for each node, and `node_at` finds only the nodes at
        notes on missing steps.
        """
        graph: Any = self.graph

        def texts() -> Sequence[tuple[Part, ComputedTexts]]:
            if graph is None:
                return ()
            if self.texts is None:
                raise MissingTextsError(self.name)
            return from_indexed_texts(graph, self.texts)

        parts: list[Any] = list(parts_of(graph)) if self.gaps else []
        nodes = {span: parts[index] for span, index in self.gaps if index < len(parts)}
        return WorkflowAnalysis(
            name=self.name,
            class_name=self.class_name,
            path=self.path,
            locate=lambda: self.span,
            graph=graph,
            notes=self.notes,
            project=self.project,
            steps_limit=self.steps_limit,
            describe=lambda: NO_DETAILS if graph is None else from_indexed(graph, self.details),
            compute_texts=texts,
            find_node=nodes.get,
        )


def _gaps(workflow: WorkflowAnalysis) -> Iterator[tuple[Span, int]]:
    """Yield the location of each note on missing steps, with the index of its node if it has one."""
    spans = [note.span for note in workflow.notes if note.incomplete]
    if workflow.graph is None or not spans:
        return
    indexes = {id(part): index for index, part in enumerate(parts_of(workflow.graph))}
    for span in dict.fromkeys(spans):
        node = workflow.node_at(span)
        if node is not None:
            yield span, indexes[id(node)]


def without_modules(workflow: WorkflowAnalysis, details: DetailLevel) -> WorkflowAnalysis:
    """Return a copy of a workflow without references to its modules, so that the modules can be released.

    The copy has the details of a level. Its `comparable_details` raise MissingTextsError if the level is lower.
    """
    return WorkflowRecord.of(workflow, details).restore()


def with_located_nodes(workflow: WorkflowAnalysis, located: Callable[[], WorkflowAnalysis]) -> WorkflowAnalysis:
    """Return a workflow without locations of nodes, whose nodes are located in an equal workflow on the first request.

    `located` returns the equal workflow. It is called once.
    """
    if workflow.graph is None:
        return workflow
    parts: list[Part] = list(parts_of(workflow.graph))
    indexes = {id(part): index for index, part in enumerate(parts)}

    @cache
    def located_parts() -> tuple[WorkflowAnalysis, list[Part]]:
        same = located()
        return same, [] if same.graph is None else list(parts_of(same.graph))

    def counterpart(node: Node) -> Node:
        return cast("Node", located_parts()[1][indexes[id(node)]])

    def find_node(span: Span) -> Node | None:
        node = located_parts()[0].node_at(span)
        if node is None:
            return None
        return next(cast("Node", mine) for mine, part in zip(parts, located_parts()[1], strict=True) if part is node)

    return replace(
        workflow,
        locate_node=lambda node: located_parts()[0].span_of(counterpart(node)),
        locate_code=lambda node: located_parts()[0].code_of(counterpart(node)),
        find_node=find_node,
    )


def with_texts_of(workflow: WorkflowAnalysis, compared: Callable[[], WorkflowAnalysis | None]) -> WorkflowAnalysis:
    """Return a workflow whose computed texts are those of an equal workflow.

    `compared` returns the equal workflow on each request for the texts, or None if its code has changed. Without it,
    the texts are empty.
    """

    def texts() -> Sequence[tuple[Part, ComputedTexts]]:
        same = compared()
        if same is None or same.graph is None or workflow.graph is None:
            return ()
        return from_indexed_texts(workflow.graph, to_indexed_texts(same.graph, same.compute_texts()))

    return replace(workflow, compute_texts=texts)


# Changing the namespace changes all ids.
_NAMESPACE: Final = UUID("0a495118-cdb5-4009-a0ba-2b1da2edbb52")


def workflow_id(project: str, workflow: str) -> str:
    """Return the id of a workflow: a version 5 UUID computed from the names of its project and the workflow."""
    # Imported here and below because most commands show no ids.
    from stepgraph.json_text import canonical_json

    return _name_based_id(_NAMESPACE, canonical_json([project, workflow]))


def version_id(workflow: str, graph: Graph | None) -> str:
    """Return the id of a version: a version 5 UUID computed from its graph and the id of its workflow."""
    from stepgraph.json_text import canonical_json

    return _name_based_id(UUID(workflow), canonical_json(graph))


def _name_based_id(namespace: UUID, name: str) -> str:
    """Return the version 5 UUID of a name, without the import of OpenSSL by `uuid5`."""
    return str(UUID(bytes=sha1_digest(namespace.bytes + name.encode())[:16], version=5))
