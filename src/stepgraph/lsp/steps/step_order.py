"""The order of the steps of a workflow, as an editor shows it: numbers, neighbors, and the code around a step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from msgspec import Struct

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.checks.subject import WorkflowSubject
from stepgraph.limits import WORKFLOWS_OF_A_MODULE
from stepgraph.live.live_project import LiveWorkflow
from stepgraph.lsp.sessions.views import DocumentView
from stepgraph.lsp.steps.adjacent_steps import AdjacentSteps, FlowIndex
from stepgraph.lsp.steps.enclosing_nodes import ConcurrentGroups, EnclosingNodes
from stepgraph.lsp.steps.step_sites import nodes_by_declaration
from stepgraph.model.details import Details
from stepgraph.model.payload import Node, Step, Workflow
from stepgraph.model.span import Span
from stepgraph.model.walk import children, walk
from stepgraph.order.workflow_order import WorkflowOrder


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
    others: list[LiveWorkflow] = []
    for workflow in view.workflows():
        if workflow.analysis.path == view.path:
            yield workflow
        elif len(others) < WORKFLOWS_OF_A_MODULE:
            others.append(workflow)
    yield from others
