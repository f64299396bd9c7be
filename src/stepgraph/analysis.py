"""What the analysis gives back: workflows with their graphs, and the inputs that had none to give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.note import Note, Problem
from stepgraph.model.span import Span
from stepgraph.project.module_dates import ModuleDates, module_dates
from stepgraph.project.sources import Footprint

if TYPE_CHECKING:
    from stepgraph.checks.subject import ProjectSubject, WorkflowSubject
    from stepgraph.model.payload import Graph, Node, Version, VersionGraph, VersionIdentity
    from stepgraph.project.sources import ExternalWorkflow


@dataclass(frozen=True, slots=True)
class WorkflowAnalysis:
    """One workflow class: its graph, and what is to be said about it.

    `name` is the workflow's, `class_name` that of its class, which stands in the file at `path`. `graph` is None if no
    step of it can run; the reasons are among the `notes`, which are in source order. `project` is the name of the
    Worker, empty where it is not known, and `steps_limit` how many steps an instance may run, where the configuration
    says it.
    """

    name: str
    class_name: str
    path: str
    # Finds the `span`, which takes up to a quarter of the time of parsing the module.
    locate: Callable[[], Span] = field(repr=False, compare=False)
    graph: Graph | None
    notes: tuple[Note, ...]
    project: str = ""
    steps_limit: int | None = None
    locate_node: Callable[[Node], Span | None] = field(default=lambda _: None, repr=False, compare=False)
    # Computes the `details`, which take the source text of many nodes.
    describe: Callable[[], Details] = field(default=lambda: NO_DETAILS, repr=False, compare=False)
    # What the rules of `check_analysis` look at.
    subject: WorkflowSubject | None = field(default=None, repr=False, compare=False)

    def span_of(self, node: Node) -> Span | None:
        """Return where a node of the graph comes from: a step's declaration, a call, a loop. None if it is not known.

        The node is one of `graph` itself, not a copy.
        """
        return self.locate_node(node)

    @property
    def details(self) -> Details:
        """Text beside the graph: the source of loops, handlers, exits and calls, and remarks on steps and errors."""
        return self.describe()

    @property
    def span(self) -> Span:
        """Where the class stands: from `class` to the end of its name."""
        return self.locate()

    @property
    def has_dag(self) -> bool:
        """Whether there is a graph."""
        return self.graph is not None

    @property
    def complete(self) -> bool:
        """Whether everything was resolved: if not, the graph may lack steps, and a note says where and why."""
        return not any(note.incomplete for note in self.notes)

    @property
    def steps(self) -> int:
        """How many steps the graph shows, those of functions and of other steps' bodies included, each once."""
        # Imported here, as below, for start-up: not every command asks.
        from stepgraph.model.walk import count_steps

        return 0 if self.graph is None else count_steps(self.graph["workflow"])

    def version_graph(self, *, dates: ModuleDates | None = None) -> VersionGraph:
        """Return what the Workflows API would answer for the graph of this version, as plain JSON data.

        The ids follow from the names of the project and the workflow, and from the graph. `dates` are looked up for the
        module's file if they are not given: first and last commit, else SOURCE_DATE_EPOCH, else the file's. Raises
        InputError if SOURCE_DATE_EPOCH is needed and is not a number.
        """
        return {**self._identity(dates), "graph": self.graph}

    def version(self, *, dates: ModuleDates | None = None) -> Version:
        """Return what the Workflows API would answer for this version, as plain JSON data. As `version_graph`."""
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

    def _identity(self, dates: ModuleDates | None) -> VersionIdentity:
        from stepgraph.identity import version_id, workflow_id

        known_dates = module_dates(self.path) if dates is None else dates
        workflow = workflow_id(self.project, self.name)
        return {
            "id": version_id(workflow, self.graph),
            "class_name": self.class_name,
            "created_on": known_dates.created_on,
            "modified_on": known_dates.modified_on,
            "workflow_id": workflow,
        }


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything found in the sources given: workflows in source order, problems in the order met.

    `hints` say what may surprise, and are no problems. `files` are the paths of all that was read.
    """

    workflows: tuple[WorkflowAnalysis, ...]
    problems: tuple[Problem, ...]
    # Those that a configuration binds, and that are of another Worker.
    external: tuple[ExternalWorkflow, ...] = ()
    hints: tuple[Problem, ...] = ()
    files: tuple[str, ...] = field(default=(), repr=False, compare=False)
    # What the rules of `check_analysis` look at besides the workflows; the content of the modules and configurations
    # that were read, by path; what else the analysis depends on.
    project: ProjectSubject | None = field(default=None, repr=False, compare=False)
    read: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    footprint: Footprint = field(default_factory=Footprint, repr=False, compare=False)
