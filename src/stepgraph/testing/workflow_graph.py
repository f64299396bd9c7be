"""The graph of a workflow, for assertions and for comparisons with snapshots."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, assert_never, cast

from stepgraph.drawing.methods import GraphDrawing
from stepgraph.escaping.plain_text import brief_line, log_line
from stepgraph.hashing import sha256_hash
from stepgraph.json_text import canonical_json
from stepgraph.model.details import NO_DETAILS, ComparableDetails, ComputedTexts, Details, Part
from stepgraph.model.note import InputError, Note, Problem, missing_graph_reason
from stepgraph.model.payload import Backoff, Graph, Node, Number, Step, VersionGraph, Workflow
from stepgraph.model.span import Span, no_location
from stepgraph.order.relation import Relation
from stepgraph.order.workflow_order import WorkflowOrder
from stepgraph.phrases import counted, suggest_names
from stepgraph.testing.drawing import Form, draw
from stepgraph.testing.errors import (
    AmbiguousStepError,
    LogMismatchError,
    NoGraphError,
    StepNotFoundError,
)

if TYPE_CHECKING:
    import networkx as nx
    from syrupy.assertion import SnapshotAssertion
    from typing_extensions import TypeIs

    from stepgraph.analysis import WorkflowAnalysis
    from stepgraph.api import Json
    from stepgraph.drawing.workflow import DrawnWorkflow
    from stepgraph.execution.instance import Instance

StepKind: TypeAlias = Literal["do", "sleep", "sleep_until", "wait_for_event"]


@dataclass(frozen=True, eq=False, repr=False)
class Acceptance:
    """Whether a graph accepts the log of an instance. It is true or false, and its `repr` states the reason."""

    instance: Instance
    """The instance on the graph."""

    @property
    def reason(self) -> str:
        """The first entry that does not fit, and the steps expected there. Empty if the graph accepts the log."""
        return log_line(self.instance.problem)

    def __bool__(self) -> bool:
        return self.instance.fits

    def __repr__(self) -> str:
        return f"<{self.reason or 'the log fits the graph'}>"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StepSettings:
    """The settings of a step in a graph. Settings that do not apply to its kind are None.

    Settings that the code does not specify have the engine's defaults, as does a dynamic `config`, `retries`, `limit`
    or `backoff`, which adds a note. Other dynamic values are their source in braces. Durations are milliseconds or the
    text in the code.
    """

    name: str
    """The name of the step."""
    kind: StepKind
    """The type of the step without `step_`: `do`, `sleep`, `sleep_until` or `wait_for_event`."""
    retries: Number | None = None
    """The number of retries of a `step.do`."""
    delay: Number | str | None = None
    """The delay before the first retry of a `step.do`."""
    backoff: Backoff | None = None
    """The growth of the delay between retries of a `step.do`."""
    timeout: Number | str | None = None
    """The timeout of an attempt of a `step.do`, or of a wait."""
    duration: Number | str | None = None
    """The duration of a sleep."""
    timestamp: str | None = None
    """The end of a `step.sleep_until`."""
    event_type: str | None = None
    """The type of the event that a `step.wait_for_event` waits for."""

    def __repr__(self) -> str:
        values = ((setting.name, getattr(self, setting.name)) for setting in fields(self))
        settings = [f"{name}={brief_line(repr(value))}" for name, value in values if value is not None]
        return f"StepSettings({', '.join(settings)})"


def settings_of(step: Step) -> StepSettings:
    """Return the settings of a step in a payload."""
    name = step["name"]
    match step["type"]:
        case "step_do":
            retries = step["config"]["retries"]
            return StepSettings(
                name=name,
                kind="do",
                retries=retries["limit"],
                delay=retries["delay"],
                backoff=retries["backoff"],
                timeout=step["config"]["timeout"],
            )
        case "step_sleep":
            return StepSettings(name=name, kind="sleep", duration=step["duration"])
        case "step_sleep_until":
            return StepSettings(name=name, kind="sleep_until", timestamp=step["timestamp"])
        case "step_wait_for_event":
            options = step.get("options")
            if options is None:
                return StepSettings(name=name, kind="wait_for_event")
            event_type, timeout = options["event_type"], options["timeout"]
            return StepSettings(name=name, kind="wait_for_event", event_type=event_type, timeout=timeout)
        case _ as never:
            assert_never(never)


def is_snapshot(value: object) -> TypeIs[SnapshotAssertion]:
    """Return whether a value is a snapshot of syrupy, without importing syrupy."""
    module = sys.modules.get("syrupy.assertion")
    return module is not None and isinstance(value, module.SnapshotAssertion)


@dataclass(frozen=True, eq=False, repr=False)
class DrawnGraph:
    """A drawing of a graph. `str()` returns its text."""

    graph: WorkflowGraph
    """The graph."""
    form: Form
    """The format: `json`, `outline`, `mermaid`, `dot` or `svg`."""

    def __str__(self) -> str:
        return draw(self.graph.graph, self.form, self.graph.details)

    def __repr__(self) -> str:
        return f"<{self.form} of {self.graph!r}>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DrawnGraph | str):
            return str(self) == str(other)
        if is_snapshot(other):
            from stepgraph.testing.snapshots import matches

            return matches(other, self.graph, self.form)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))


Answer = TypeVar("Answer")


def _without_details() -> Details:
    return NO_DETAILS


def _without_texts() -> Sequence[tuple[Part, ComputedTexts]]:
    return ()


@dataclass(frozen=True, eq=False, repr=False)
class WorkflowGraph(GraphDrawing):
    """The graph of a workflow, and the guarantees about runs that follow from it. A notebook shows its picture.

    The graph orders two steps only if the program guarantees the order, in runs in which no step fails and for failures
    that a `try` catches. A `complete` graph has every step that may run. The documentation of each method states which
    of its results are guaranteed. Methods identify steps by their names in the graph, or by those that the arguments of
    calls give them: `charge card` for `self.charge(step, "card")`. Another dynamic part of a name is its source in
    braces, as in `pack {item.sku}`.

    Graphs are equal if their structure is equal. `graph == snapshot` compares with a snapshot of syrupy, by default in
    JSON, and `graph.as_outline() == snapshot` (`as_mermaid`, `as_dot`, `as_svg`) in other forms. The other forms also
    show the `details`, such as `except CardError`, which the JSON of the API lacks.
    """

    graph: Graph
    """The payload."""
    notes: tuple[Note, ...] = ()
    """The notes of the analysis in source order; empty for a graph from a payload."""
    describe: Callable[[], Details] = field(default_factory=lambda: _without_details)
    """Computes `details` on demand, because they need the source text of many nodes."""
    compute_texts: Callable[[], Sequence[tuple[Part, ComputedTexts]]] = field(default_factory=lambda: _without_texts)
    """Computes the texts of the graph that runs need in addition to the details."""
    locate_node: Callable[[Node], Span | None] = field(default_factory=lambda: no_location)
    """Returns the source location of a node, or None if it is unknown."""
    find_node: Callable[[Span], Node | None] = field(default_factory=lambda: no_location)
    """Returns the innermost node whose code contains a location, or None if there is none."""

    @staticmethod
    def of(source: WorkflowAnalysis | VersionGraph | Graph | Workflow) -> WorkflowGraph:
        """Return the graph of an analysis or of a payload: a version graph, its `graph`, or the graph's `workflow`.

        Raises NoGraphError for a workflow without a graph, and InputError for another document.
        """
        graph, notes = (_graph_in(source), ()) if isinstance(source, Mapping) else (source.graph, source.notes)
        if graph is None:
            reason = f"The workflow has no graph, because {missing_graph_reason(notes)}."
            raise NoGraphError("\n".join([reason, *map(str, notes)]))
        if isinstance(source, Mapping):
            return WorkflowGraph(graph)
        return WorkflowGraph(graph, notes, source.describe, source.compute_texts, source.locate_node, source.find_node)

    @property
    def class_name(self) -> str:
        """The name of the workflow class."""
        return self.graph["workflow"]["class_name"]

    @property
    def complete(self) -> bool:
        """Whether all code was resolved. If not, more steps may run, and the `notes` state the locations and reasons.

        A graph from a payload is assumed to be complete.
        """
        return not any(note.incomplete for note in self.notes)

    @cached_property
    def details(self) -> Details:
        """Details that the JSON of the API lacks. They are empty for a graph from a payload."""
        return self.describe()

    @cached_property
    def _comparable_details(self) -> ComparableDetails:
        """The details with the texts that runs need."""
        return ComparableDetails(self.details.items, texts=self.compute_texts())

    def steps(self) -> list[str]:
        """Return the names of all steps in source order. Steps of a function are listed at its first call.

        If the graph is complete, no run has a step with another name. A run need not have all of these steps, nor run
        them in this order. A name occurs once for each step that has it, and once for each call that gives it to a step
        of the called function.
        """
        return [step["name"] for step in self._runs.steps]

    def step(self, name: str) -> StepSettings:
        """Return the settings of the step with that name: its kind, retries, timeout, duration and so on.

        If the step runs, it runs with these settings, except dynamic ones that add a note. Raises StepNotFoundError,
        with similar names, and AmbiguousStepError if several steps have the name and different settings.
        """
        __tracebackhide__ = True
        return self._only(name, "settings", settings_of)

    def retries(self, name: str) -> Number:
        """Return the number of retries after a failure of the step with that name.

        This is the engine's default, 5, if the code does not set the number or sets it dynamically, which adds a note.
        Raises the same errors as `step`, and StepNotFoundError for a step that is not a `step.do`.
        """
        __tracebackhide__ = True
        retries = self._only(name, "retries", lambda step: settings_of(step).retries)
        if retries is None:
            raise StepNotFoundError(
                f"`{name}` has no retries: its kind is `{self.step(name).kind}`, and only `do` steps have them."
            )
        return retries

    def reaches(self, name: str) -> bool:
        """Return whether the graph has a step with that name.

        If the graph is complete, False guarantees that no run has such a step. True does not guarantee anything: the
        step may depend on conditions that are never true. A misspelled name is not reached.
        """
        return any(step["name"] == name for step in self._runs.steps)

    def runs_before(self, first: str, second: str) -> bool:
        """Return whether `first` always ends before `second` starts.

        True is a guarantee: in every run, within one pass of the innermost loop or one call of the innermost
        function that contains both, each `first` that runs has ended or failed before any `second` starts. This covers
        all steps with these names. It does not imply that either step runs, nor an order between different passes.
        False is not a guarantee: the payload may be unable to express the order. The result is also False if no
        pass has both steps, so that an assertion never succeeds vacuously. Raises StepNotFoundError.
        """
        __tracebackhide__ = True
        pairs = product(self._named(first), self._named(second))
        relations = {each for pair in pairs for each in self._relations(*pair)} - {Relation.EXCLUSIVE}
        return relations == {Relation.BEFORE}

    def concurrent(self, first: str, second: str) -> bool:
        """Return whether two steps with these names may run concurrently.

        If the graph is complete, False guarantees that no two such steps overlap, in any passes and calls. True
        does not guarantee anything: the program may order the steps in a way that the payload cannot express. If both
        names are the same, the result refers to two runs of steps with that name. A step overlaps the steps nested in
        it. Raises StepNotFoundError.
        """
        __tracebackhide__ = True
        return any(self._runs.may_overlap(*pair) for pair in product(self._named(first), self._named(second)))

    def accepts(self, log: Json) -> Acceptance:
        """Return whether a path through the graph explains the log of an instance. It is true or false in assertions.

        `log` is the response of the Workflows API for the instance: data, JSON text, or the path of a file as an object
        of `pathlib`. A graph with changed steps does not accept the logs of earlier runs, unless the changes concern
        other paths. Raises InputError for other data.
        """
        __tracebackhide__ = True
        return Acceptance(self._instance(log))

    def next_steps(self, log: Json) -> list[str]:
        """Return the names of the steps that can begin next in an instance with this log, without repetitions.

        The entries of the log that have not ended may end in any order, or fail. An instance that has ended has no next
        steps. `log` has the forms that `accepts` takes. Raises LogMismatchError for a log that the graph does not
        accept, and InputError for other data.
        """
        __tracebackhide__ = True
        instance = self._instance(log)
        if not instance.fits:
            raise LogMismatchError(f"{self.class_name} does not accept the log: {instance.problem}.")
        return list(instance.next_names)

    def _instance(self, log: Json) -> Instance:
        __tracebackhide__ = True
        from stepgraph.api import load_log
        from stepgraph.execution.instance import instance_of

        try:
            read = load_log(log)
        except InputError as error:
            raise InputError(error.problem) from None  # without the frames that read the log
        return instance_of(read, self.graph, details=self._comparable_details)

    def to_networkx(self) -> nx.MultiDiGraph[str]:
        """Return the control flow as a graph of NetworkX.

        Each execution is a walk from `start` to `end`, or to `failure` if it fails. Nodes are the steps by name
        (`charge`, `charge (2)`) and the control flow around them (`if 1`, `if 1 end`, `call pack`, `pack start`). They
        have the attributes `type` and `function` (empty in `run`) and, if they apply, `name`, `source`, `location`, and
        the fields of the payload such as `config`. Two nodes may have several edges between them. Edges have a `label`
        and a `kind`: `next`; `then` and `case` with the condition as label; `else`; `body` and `again` for loops;
        `parallel` to the members of a group; `jump` from a `break` or `return`; `call` and `return`; `failure`.

        When a step begins, all steps on some walk to it are over, except for the steps that contain it. A step that
        dominates another one has therefore always run before it. A walk has one member of each group of concurrent
        steps, so no member dominates the nodes after the group. The method `order` returns their order. A failure leads
        to the innermost `try` or step of the graph around it, or else to `failure`.
        """
        from stepgraph.testing.networkx_graphs import flow_graph

        return flow_graph(self.graph["workflow"], self.details, self.locate_node)

    def order(self) -> nx.DiGraph[str]:
        """Return the strict order of the steps as a graph of NetworkX, transitively reduced.

        A path from one step to another gives the guarantee of `runs_before`: in every run, within one pass of
        the innermost loop or one call of the innermost function that contains both, the first step has ended or failed
        before the second one starts. Steps have the names and attributes of `to_networkx`, except `function`.
        """
        from stepgraph.testing.networkx_graphs import order_graph

        return order_graph(self._order, self.locate_node)

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
        return self.outline()

    def _drawn(self) -> DrawnWorkflow:
        from stepgraph.drawing.workflow import DrawnWorkflow

        return DrawnWorkflow(
            name=self.class_name,
            class_name=self.class_name,
            graph=self.graph,
            notes=self.notes,
            find_node=self.find_node,
            details=lambda: self.details,
        )

    def __repr__(self) -> str:
        # The fingerprint distinguishes graphs in snapshots that use `repr`.
        state = "complete" if self.complete else "incomplete"
        fingerprint = sha256_hash(canonical_json(self.graph).encode()).hexdigest()[:12]
        steps = counted(len(self._order.steps), "step")
        return f"<WorkflowGraph {brief_line(self.class_name)}: {steps}, {state}, {fingerprint}>"

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

    @cached_property
    def _runs(self) -> WorkflowOrder:
        """The order of the steps with the names that the arguments of calls give them."""
        from stepgraph.testing.run_workflow import with_run_names

        if not any("{" in step["name"] for step in self._order.steps) or not self.graph["workflow"]["functions"]:
            return self._order
        return WorkflowOrder(with_run_names(self.graph["workflow"], self._comparable_details))

    def _relations(self, first: Step, second: Step) -> Iterable[Relation]:
        return [Relation.OVERLAPPING] if first is second else self._runs.relations(first, second)

    def _named(self, name: str) -> Sequence[Step]:
        __tracebackhide__ = True
        steps = [step for step in self._runs.steps if step["name"] == name]
        if not steps:
            advice = suggest_names(name, self.steps(), "It has no steps.")
            raise StepNotFoundError(f"{self.class_name} has no step `{name}`. {self._computed_name(name)}{advice}")
        return steps

    def _computed_name(self, name: str) -> str:
        """Return a sentence about a computed name in the graph that a run may show as `name`, or an empty string."""
        from stepgraph.execution.names import NamePattern

        computed = (each for each in self.steps() if "{" in each and NamePattern.of(each).matches(name))
        pattern = next(computed, None)
        return "" if pattern is None else f"It may be a run of `{pattern}`, whose name the code computes. "

    def _only(self, name: str, property_name: str, ask: Callable[[Step], Answer]) -> Answer:
        """Return the setting that all steps with a name share. Raises AmbiguousStepError if they differ."""
        __tracebackhide__ = True
        answers = [ask(step) for step in self._named(name)]
        different = [answer for number, answer in enumerate(answers) if answer not in answers[:number]]
        if len(different) > 1:
            listed = ", ".join(map(str, different))
            message = f"{self.class_name} has {len(answers)} steps `{name}` with different {property_name}: {listed}."
            raise AmbiguousStepError(message)
        return different[0]


def _graph_in(payload: Mapping[str, object]) -> Graph | None:
    if "graph" in payload:
        return cast("VersionGraph", payload)["graph"]
    if "workflow" in payload:
        return cast("Graph", payload)
    if "nodes" in payload:
        return {"version": 1, "workflow": cast("Workflow", payload)}
    # Imported here because only this error needs it.
    from stepgraph.model.validation import EXPECTED

    raise InputError(Problem("<graph>", "missing `graph` in the document.", EXPECTED))
