"""The graph of a workflow, for assertions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import product
from typing import TYPE_CHECKING, TypeVar, cast

from stepgraph.escaping.log_lines import log_line
from stepgraph.json_text import canonical_json
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.note import Note
from stepgraph.model.payload import Graph, Number, VersionGraph, Workflow
from stepgraph.order.bodies import Step
from stepgraph.order.relation import Relation
from stepgraph.order.workflow_order import WorkflowOrder
from stepgraph.phrases.durations import counted
from stepgraph.testing.drawn_graph import DrawnGraph
from stepgraph.testing.errors import AmbiguousStepError, NoGraphError, StepNotFoundError
from stepgraph.testing.names_instead import names_instead
from stepgraph.testing.settings import StepSettings, settings_of
from stepgraph.testing.snapshot_seen import is_snapshot

if TYPE_CHECKING:
    from stepgraph.analysis import WorkflowAnalysis

Answer = TypeVar("Answer")


def _without_details() -> Details:
    return NO_DETAILS


@dataclass(frozen=True, eq=False, repr=False)
class WorkflowGraph:
    """The graph of a workflow, and what it proves about runs of the workflow.

    The graph claims an order only where the program guarantees it, for runs in which no step fails and for failures
    that a `try` catches. It has every step that may run, if it is `complete`. So some answers are guarantees and others
    say that there is none: each question tells which. Names are those of the graph: what is not known statically is its
    source in braces, as in `pack {item.sku}`.

    Equal graphs are those of equal structure. `graph == snapshot` compares with a snapshot of syrupy, in JSON, and
    `graph.as_outline() == snapshot` (`as_mermaid`, `as_dot`, `as_svg`) in other forms. These show the `details` too,
    such as `except CardError`, which the JSON of the API has no field for.
    """

    graph: Graph
    notes: tuple[Note, ...] = ()
    # Computes the `details`, which take the source text of many nodes.
    describe: Callable[[], Details] = field(default_factory=lambda: _without_details)

    @staticmethod
    def of(source: WorkflowAnalysis | VersionGraph | Graph | Workflow) -> WorkflowGraph:
        """Return the graph of an analysis, or of a payload: a version graph, its `graph`, or the `workflow` in that.

        Raises NoGraphError where there is none.
        """
        notes: tuple[Note, ...] = ()
        describe = _without_details
        if isinstance(source, Mapping):
            graph = _graph_in(source)
        else:
            graph, notes, describe = source.graph, source.notes, source.describe
        if graph is None:
            raise NoGraphError("\n".join(["There is no graph, as no step can run.", *map(str, notes)]))
        return WorkflowGraph(graph, notes, describe)

    @property
    def class_name(self) -> str:
        """The name of the workflow's class."""
        return self.graph["workflow"]["class_name"]

    @property
    def complete(self) -> bool:
        """Whether all of the code was resolved: if not, more steps may run, and the `notes` say where and why.

        Of a graph that comes from a payload that is not known, and taken to be so.
        """
        return not any(note.incomplete for note in self.notes)

    @cached_property
    def details(self) -> Details:
        """Details of the graph, for which the API has no fields. A graph from a payload has no details."""
        return self.describe()

    def steps(self) -> list[str]:
        """Return the names of all steps, as they are written: those of a function where it is first called.

        It proves that no run has a step of another name, if the graph is complete. It does not prove that a run has all
        of them, nor that they run in this order. A name that several steps share is there several times.
        """
        return [step["name"] for step in self._order.steps]

    def step(self, name: str) -> StepSettings:
        """Return the settings of the step of that name: its kind, retries, timeout, duration and such.

        It proves with which settings that step runs, where it runs. Several steps of one name are one if all their
        settings are equal. Raises StepNotFoundError, with the names that are near, and AmbiguousStepError.
        """
        __tracebackhide__ = True
        return self._only(name, "settings", settings_of)

    def retries(self, name: str) -> Number:
        """Return how often the step of that name is tried again after a failure.

        It is the engine's default, 5, where the code does not say it, or says it in a way that is not known statically
        (which is among the notes). It proves the same as `step`, and raises the same; for what is no `step.do` too.
        """
        __tracebackhide__ = True
        retries = self._only(name, "retries", lambda step: settings_of(step).retries)
        if retries is None:
            raise StepNotFoundError(f"`{name}` has no retries: it is a {self.step(name).kind}, and only `do` has.")
        return retries

    def reaches(self, name: str) -> bool:
        """Return whether the graph has a way to a step of that name.

        False proves that no run has such a step, if the graph is complete. True proves nothing: that way may depend on
        conditions that are never so. A name that is misspelt is not reached.
        """
        return any(step["name"] == name for step in self._order.steps)

    def runs_before(self, first: str, second: str) -> bool:
        """Return whether `first` is always over before `second` starts.

        True proves: in every run, in each pass of a loop or a function that both belong to, each `first` that runs is
        over, or has failed, before any `second` starts. All steps of these names have to hold. It does not prove that
        either runs, nor anything about different passes of a loop around both. False proves nothing: the graph claims
        less than the program guarantees where the payload cannot say more. It is False as well if no pass has both, so
        that an assertion never holds for want of anything to hold of. Raises StepNotFoundError.
        """
        __tracebackhide__ = True
        pairs = product(self._named(first), self._named(second))
        found = {each for one, other in pairs for each in self._relations(one, other)} - {Relation.EXCLUSIVE}
        return found == {Relation.BEFORE}

    def concurrent(self, one: str, other: str) -> bool:
        """Return whether the graph lets steps of the two names be under way at the same time.

        False proves that they never are, in whatever passes of loops and functions, if the graph is complete. True
        proves nothing: the program may keep them apart in a way that the payload cannot say. One pair is enough. A name
        with itself asks for two runs of steps of that name; a step overlaps those nested in it. Raises
        StepNotFoundError.
        """
        __tracebackhide__ = True
        return any(self._order.may_overlap(*pair) for pair in product(self._named(one), self._named(other)))

    def as_outline(self) -> DrawnGraph:
        """Return the outline, to be compared with a snapshot."""
        return DrawnGraph(self, "outline")

    def as_mermaid(self) -> DrawnGraph:
        """Return the Mermaid chart, to be compared with a snapshot."""
        return DrawnGraph(self, "mermaid")

    def as_dot(self) -> DrawnGraph:
        """Return the DOT graph, to be compared with a snapshot."""
        return DrawnGraph(self, "dot")

    def as_svg(self) -> DrawnGraph:
        """Return the picture, to be compared with a snapshot."""
        return DrawnGraph(self, "svg")

    def __str__(self) -> str:
        from stepgraph.render.outline.outline import render_outline
        from stepgraph.render.view import View

        return render_outline(self.graph, View(details=self.details), color=False, notes=self.notes)

    def __repr__(self) -> str:
        # With what tells it from others, as some snapshots are made of this.
        state = "" if self.complete else ", incomplete"
        fingerprint = sha256(canonical_json(self.graph).encode()).hexdigest()[:12]
        return (
            f"<WorkflowGraph {log_line(self.class_name)}: {counted(len(self.steps()), 'step')}{state}, {fingerprint}>"
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, WorkflowGraph):
            return canonical_json(self.graph) == canonical_json(other.graph)
        if is_snapshot(other):
            from stepgraph.testing.snapshots import matches

            return matches(other, self)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(canonical_json(self.graph))

    @cached_property
    def _order(self) -> WorkflowOrder:
        return WorkflowOrder(self.graph["workflow"])

    def _relations(self, one: Step, other: Step) -> Iterable[Relation]:
        return [Relation.OVERLAPPING] if one is other else self._order.relations(one, other)

    def _named(self, name: str) -> Sequence[Step]:
        __tracebackhide__ = True
        found = [step for step in self._order.steps if step["name"] == name]
        if not found:
            advice = names_instead(name, self.steps(), "It has no steps.")
            raise StepNotFoundError(f"{self.class_name} has no step `{name}`. {advice}")
        return found

    def _only(self, name: str, what: str, ask: Callable[[Step], Answer]) -> Answer:
        """Return the one answer for all steps of a name."""
        __tracebackhide__ = True
        answers = [ask(step) for step in self._named(name)]
        different = [answer for number, answer in enumerate(answers) if answer not in answers[:number]]
        if len(different) > 1:
            listed = ", ".join(map(str, different))
            message = f"{self.class_name} has {len(answers)} steps `{name}` of different {what}: {listed}."
            raise AmbiguousStepError(message)
        return different[0]


def _graph_in(payload: VersionGraph | Graph | Workflow) -> Graph | None:
    if "graph" in payload:
        return cast("VersionGraph", payload)["graph"]
    if "workflow" in payload:
        return cast("Graph", payload)
    workflow: Workflow = payload
    return {"version": 1, "workflow": workflow}
