"""The steps directly before and after a step, on the paths of the control flow.

A search follows the edges from one step up to the nearest steps. It returns from a function only to the call through
which it entered, and stays within one iteration of each loop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, TypeAlias

from msgspec import Struct, field

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.checks.subject import WorkflowSubject
from stepgraph.limits import WORKFLOWS_OF_A_MODULE
from stepgraph.live.live_project import LiveWorkflow
from stepgraph.lsp.sessions.views import DocumentView
from stepgraph.lsp.steps.enclosing_nodes import ConcurrentGroups, EnclosingNodes
from stepgraph.lsp.steps.step_sites import nodes_by_declaration
from stepgraph.model.details import Details
from stepgraph.model.payload import Node, Step, Workflow
from stepgraph.model.span import Span
from stepgraph.model.walk import blocks_in, children, is_step, walk
from stepgraph.order.workflow_order import WorkflowOrder
from stepgraph.render.flow.control_flow import END, START, FlowEdge, FlowNode, control_flow
from stepgraph.render.group_order import is_over_at_the_first

MAX_ADJACENT: Final = 20
"""The maximum number of steps that a search collects."""
_MAX_CALLS: Final = 20
"""The maximum number of nested calls that a search remembers."""

_Calls: TypeAlias = tuple[str, ...]
"""The ids of the calls through which a search has entered functions, outermost first."""

_CHOOSING: Final = frozenset({"if", "switch", "loop", "function_end"})
"""The types of flow nodes with several successors, of which one runs."""
_WAITING: Final = frozenset({"join", "parallel_end"})
"""The types of flow nodes that wait for all of their predecessors."""


class AdjacentSteps(Struct, frozen=True):
    """The steps directly before or after a step."""

    steps: tuple[Step, ...] = ()
    """The steps on the paths without failures. There may be more of them if there are `MAX_ADJACENT`."""
    are_all: bool = False
    """Whether all of the steps run, rather than one of them."""
    may_be_none: bool = False
    """Whether the workflow may begin with the step, or end with it."""
    failed: tuple[Step, ...] = ()
    """The steps whose failure leads to the step."""


class FlowIndex(Struct, frozen=True):
    """The control flow of a workflow, indexed for searches."""

    nodes: Mapping[str, FlowNode]
    """The nodes that control may reach, by id."""
    into: Mapping[str, Sequence[FlowEdge]]
    """The edges to each node."""
    out: Mapping[str, Sequence[FlowEdge]]
    """The edges from each node."""
    ends: Mapping[str, str]
    """The id of the end of each node with contents."""
    ids: Mapping[int, str]
    """The ids of the steps that may run, by identity."""
    raising: frozenset[str]
    """The ids of the handlers that may raise an exception themselves."""

    @classmethod
    def of(cls, workflow: Workflow, details: Details) -> FlowIndex:
        """Return the index of a workflow."""
        flow = control_flow(workflow, details)
        into: dict[str, list[FlowEdge]] = {}
        out: dict[str, list[FlowEdge]] = {}
        for edge in flow.edges:
            into.setdefault(edge.target, []).append(edge)
            out.setdefault(edge.source, []).append(edge)
        ends = {node.begin: node.id for node in flow.nodes if node.begin}
        raising = frozenset(node.id for node in flow.nodes if node.type == "catch" and _may_raise(node.node, details))
        ids = {id(node.node): node.id for node in flow.nodes if node.node is not None and is_step(node.node)}
        return cls({node.id: node for node in flow.nodes}, into, out, ends, ids, raising)

    def before(self, step: Step) -> AdjacentSteps:
        """Return the steps directly before a step, or none for a step that never runs."""
        id_ = self.ids.get(id(step))
        return AdjacentSteps() if id_ is None else _Backward(self).run(id_)

    def after(self, step: Step) -> AdjacentSteps:
        """Return the steps directly after a step, or none for a step that never runs."""
        id_ = self.ids.get(id(step))
        return AdjacentSteps() if id_ is None else _Forward(self).run(self.ends.get(id_, id_))

    def step_at(self, id_: str) -> Step | None:
        """Return the step that begins or ends at a flow node, or None for other nodes."""
        node = self.begin_of(self.nodes[id_]).node
        return node if node is not None and is_step(node) else None

    def begin_of(self, node: FlowNode) -> FlowNode:
        """Return the node at which a node with contents begins, for its end, or the node itself.

        A function that is called elsewhere may return to a call that control never reaches.
        """
        return self.nodes.get(node.begin, node)


def _may_raise(handler: Node | None, details: Details) -> bool:
    """Return whether a handler has a `raise` statement."""
    if handler is None:
        return False
    inside = list(walk([handler]))
    parts = [handler, *(part for node in inside for _, _, part in blocks_in(node))]
    return any(details.of(part).final_raise for part in parts) or any(map(details.is_raise, inside))


class _FlowVisit(Struct, frozen=True):
    """A flow node that a search has reached."""

    id: str
    calls: _Calls = ()
    edge: FlowEdge | None = None
    """The edge to it, or None at the start of the search."""

    @property
    def is_in_loop(self) -> bool:
        """Whether the search has come from the body of the loop at the node."""
        return self.edge is not None and self.edge.kind in {"body", "again"}


class _FlowSearch(Struct):
    """A search along the edges of the control flow."""

    flow: FlowIndex
    steps: dict[int, Step] = field(default_factory=dict)
    """The steps that were reached, by identity."""
    failed: dict[int, Step] = field(default_factory=dict)
    """The steps whose failure leads to the start of the search, by identity."""
    is_at_edge: bool = False
    """Whether the search has reached the start or the end of the workflow."""
    has_all: bool = False
    """Whether the search has reached a fork, whose paths all run."""
    has_choice: bool = False
    """Whether the search has reached a branch, of whose paths one runs."""

    def run(self, start: str) -> AdjacentSteps:
        """Return the steps nearest to a node."""
        pending = deque([_FlowVisit(start)])
        visited: set[tuple[str, _Calls, bool]] = set()
        while pending and len(self.steps) < MAX_ADJACENT:
            visit = pending.popleft()
            key = (visit.id, visit.calls, visit.is_in_loop)
            if key not in visited:
                visited.add(key)
                pending.extend(self.next_visits(visit))
        return AdjacentSteps(
            tuple(self.steps.values()),
            self.has_all and not self.has_choice and not self.is_at_edge,
            self.is_at_edge,
            tuple(step for key, step in self.failed.items() if key not in self.steps),
        )

    def next_visits(self, visit: _FlowVisit) -> Iterable[_FlowVisit]:
        """Return the nodes to visit after a node. Steps are collected, and end the search on their path."""
        raise NotImplementedError

    def collect(self, id_: str) -> bool:
        """Collect the step at a node, and return whether there is one."""
        step = self.flow.step_at(id_)
        if step is not None:
            self.steps.setdefault(id(step), step)
        return step is not None

    def divide(self, paths: Sequence[FlowEdge], *, all_run: bool) -> None:
        """Record that a path of the search divides."""
        if len(paths) > 1:
            self.has_all |= all_run
            self.has_choice |= not all_run


class _Forward(_FlowSearch):
    """A search for the steps after a node."""

    def next_visits(self, visit: _FlowVisit) -> Iterator[_FlowVisit]:
        node = self.flow.nodes[visit.id]
        edges = [edge for edge in self.flow.out.get(visit.id, ()) if self._follows(edge, visit)]
        self.divide(edges, all_run=node.type not in _CHOOSING)
        for edge in edges:
            target = self.flow.nodes[edge.target]
            if edge.target == END:
                self.is_at_edge = True
            elif target.type.endswith("_end") and self.flow.step_at(edge.target) is not None:
                pass  # the end of the step around the nodes
            elif not self.collect(edge.target):
                calls = (*visit.calls, visit.id)[-_MAX_CALLS:] if edge.kind == "call" else visit.calls
                yield _FlowVisit(edge.target, calls[:-1] if edge.kind == "return" else calls, edge)

    def _follows(self, edge: FlowEdge, visit: _FlowVisit) -> bool:
        match edge.kind:
            case "failure":
                return False
            case "body":
                return not visit.is_in_loop
            case "return":
                begin = self.flow.nodes[edge.target].begin
                return begin == visit.calls[-1] if visit.calls else begin in self.flow.nodes
            case _:
                return True


class _Backward(_FlowSearch):
    """A search for the steps before a node."""

    def next_visits(self, visit: _FlowVisit) -> Iterator[_FlowVisit]:
        node = self.flow.nodes[visit.id]
        if node.type == "catch":
            self.failed.update((id(step), step) for step in self._failing(visit.id))
            return
        edges = [edge for edge in self.flow.into.get(visit.id, ()) if self._follows(edge, visit)]
        self.divide(edges, all_run=node.type in _WAITING and not self._is_race(node))
        for edge in edges:
            if edge.source == START:
                self.is_at_edge = True
            elif edge.kind == "body" and self.flow.step_at(edge.source) is not None:
                pass  # the beginning of the step around the nodes
            elif not self.collect(edge.source):
                calls = (*visit.calls, node.begin)[-_MAX_CALLS:] if edge.kind == "return" else visit.calls
                yield _FlowVisit(edge.source, calls[:-1] if edge.kind == "call" else calls, edge)

    def _follows(self, edge: FlowEdge, visit: _FlowVisit) -> bool:
        match edge.kind:
            case "failure":
                return False
            case "again":
                return not visit.is_in_loop
            case "call":
                return not visit.calls or edge.source == visit.calls[-1]
            case _:
                return not (edge.source == self.flow.nodes[visit.id].begin and self._is_race(self.flow.nodes[visit.id]))

    def _is_race(self, node: FlowNode) -> bool:
        """Return whether a flow node is the end of a group that ends with its first member."""
        begin = self.flow.begin_of(node).node
        return begin is not None and begin["type"] == "parallel" and is_over_at_the_first(begin)

    def _failing(self, id_: str) -> Iterator[Step]:
        """Yield the steps whose failure leads to a handler, also in called functions and through inner handlers."""
        pending, visited = [id_], {id_}
        while pending:
            for edge in self.flow.into.get(pending.pop(), ()):
                if edge.kind != "failure" or edge.source in visited:
                    continue
                visited.add(edge.source)
                step = self.flow.step_at(edge.source)
                if step is not None:
                    yield step
                elif self.flow.nodes[edge.source].type == "function_failure" or edge.source in self.flow.raising:
                    pending.append(edge.source)


class StepOrder(Struct, dict=True):
    """The order of the steps of a workflow. Steps are nodes of its graph, compared by identity.

    Facts about all steps are computed once. Facts about a single step are computed on demand, because an editor asks
    for the step at the cursor.
    """

    workflow: Workflow
    details: Details
    comparisons: int = 0
    """The number of pairs of steps that have been compared for concurrency, to limit the work of an answer."""

    @cached_property
    def steps(self) -> Sequence[Step]:
        """The steps that may run, in program order."""
        return self._order.steps

    def number(self, step: Step) -> int | None:
        """Return the number of a step in program order from 1, or None for a step that never runs."""
        return self._numbers.get(id(step))

    def sorted(self, steps: Iterable[Step]) -> list[Step]:
        """Return steps in program order."""
        return sorted(steps, key=lambda step: self.number(step) or 0)

    def before(self, step: Step) -> AdjacentSteps:
        """Return the steps directly before a step."""
        return self._flow.before(step)

    def after(self, step: Step) -> AdjacentSteps:
        """Return the steps directly after a step."""
        return self._flow.after(step)

    def concurrent(self, step: Step) -> Iterator[Step]:
        """Yield the steps that may run concurrently with a step, except for steps inside or around it.

        The step itself is among them if several runs of it may overlap. A step that overlaps only after a failure, with
        work that the failure has not ended, is not among them.
        """
        if self.number(step) is None:
            return
        nested = {id(inner) for inner in walk(children(step))}
        nested.update(id(each.node) for each in self.enclosing.outward(step))
        for each in self._groups.candidates(step):
            self.comparisons += 1
            if id(each) not in nested and self._order.may_overlap(step, each):
                yield each

    @cached_property
    def enclosing(self) -> EnclosingNodes:
        """The nodes around each node."""
        return EnclosingNodes(self.workflow)

    @cached_property
    def _order(self) -> WorkflowOrder:
        return WorkflowOrder(self.workflow)

    @cached_property
    def _flow(self) -> FlowIndex:
        return FlowIndex.of(self.workflow, self.details)

    @cached_property
    def _numbers(self) -> Mapping[int, int]:
        return {id(step): number for number, step in enumerate(self.steps, 1)}

    @cached_property
    def _groups(self) -> ConcurrentGroups:
        return ConcurrentGroups.of(self.steps, self.enclosing)


class _StepCache(Struct):
    """The computed facts about the steps of a workflow. It does not refer to the analysis, which refers to it."""

    order: StepOrder | None = None
    nodes: Mapping[Span, Sequence[Node]] | None = None


class WorkflowSteps(Struct, frozen=True):
    """The steps of an analyzed workflow, for the requests of an editor."""

    analysis: WorkflowAnalysis
    _cache: _StepCache

    @property
    def order(self) -> StepOrder | None:
        """The order of the steps, or None without a graph."""
        if self._cache.order is None and self.analysis.graph is not None:
            self._cache.order = StepOrder(self.analysis.graph["workflow"], self.analysis.details)
        return self._cache.order

    @property
    def nodes(self) -> Mapping[Span, Sequence[Node]]:
        """The nodes of the graph by location."""
        if self._cache.nodes is None:
            self._cache.nodes = nodes_by_declaration(self.analysis)
        return self._cache.nodes


def workflow_steps(workflow: LiveWorkflow) -> WorkflowSteps:
    """Return the steps of a workflow. All requests share these facts."""
    subject = workflow.analysis.subject
    return WorkflowSteps(workflow.analysis, _StepCache() if subject is None else subject.once(_new_cache))


def _new_cache(_: WorkflowSubject) -> _StepCache:
    return _StepCache()


def workflows_in(view: DocumentView) -> Iterator[LiveWorkflow]:
    """Yield the workflows that a document defines, then others that use it, up to `WORKFLOWS_OF_A_MODULE`."""
    users: list[LiveWorkflow] = []
    for workflow in view.workflows():
        if workflow.analysis.path == view.path:
            yield workflow
        elif len(users) < WORKFLOWS_OF_A_MODULE:
            users.append(workflow)
    yield from users
