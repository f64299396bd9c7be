"""The comparison of two versions, independent of the output format: pairs of workflows and their changes."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache, partial
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from msgspec import Struct

from stepgraph.diff.diff import StructuralChange, WorkflowDiff, diff_graphs
from stepgraph.execution.engine_rules import Effect, InFlight
from stepgraph.model.details import NO_DETAILS, ComparableDetails, Part
from stepgraph.model.note import missing_graph_reason
from stepgraph.model.payload import Graph, Node, Workflow
from stepgraph.model.span import Code
from stepgraph.phrases import counted, workflow_title

if TYPE_CHECKING:
    from stepgraph.analysis import WorkflowAnalysis
    from stepgraph.model.span import Span

INCOMPLETE = "incomplete graph: some changes may not be shown"


class DiffFailOn(StrEnum):
    """The changes that fail a comparison."""

    BREAKING = "breaking"
    """Changes that break instances in flight."""
    ANY = "any"
    """All changes."""
    NONE = "none"
    """No changes."""

    def fails(self, change: StructuralChange) -> bool:
        """Return whether a change fails the comparison."""
        return self is DiffFailOn.ANY or (self is DiffFailOn.BREAKING and change.impact.effect is Effect.BREAKING)


class VersionedWorkflow(Struct, frozen=True):
    """A workflow in one version."""

    name: str
    """Configured name, by default the name of the class."""
    class_name: str
    """Name of the class."""
    path: str
    """Path of the file, equal in both versions unless the file was renamed."""
    location: str
    """Location as shown to users."""
    graph: Graph | None
    """The graph, or None if the workflow has none."""
    complete: bool | None = None
    """Whether the analysis resolved everything, or None for a saved graph."""
    remarks: tuple[str, ...] = ()
    """Reasons for an incomplete graph."""
    details: Callable[[], ComparableDetails] = lambda: NO_DETAILS
    """Returns the details of the graph, which saved graphs lack."""
    node_location: Callable[[Part], str] = lambda _: ""
    """Returns the source location of a node of the graph, or an empty string if it is unknown."""
    node_code: Callable[[Part], Code | None] = lambda _: None
    """Returns the lines of code of a node of the graph, or None if they are unknown."""


def versioned_workflow(
    workflow: WorkflowAnalysis, path: str, to_message: Callable[[str], str] = lambda text: text
) -> VersionedWorkflow:
    """Return a workflow that is in `path` as a version. `to_message` converts paths for messages."""
    location = f"{workflow.path}:{workflow.span.line}"
    missing_graph = (
        []
        if workflow.graph is not None
        else [f"{workflow.span}: `{workflow.name}` has no graph: {missing_graph_reason(workflow.notes)}."]
    )
    notes = [note.labeled_text for note in workflow.notes if note.incomplete]
    return VersionedWorkflow(
        name=workflow.name,
        class_name=workflow.class_name,
        path=workflow.path.removeprefix(path).removeprefix("/"),
        location=to_message(location),
        graph=workflow.graph,
        complete=workflow.complete,
        remarks=tuple(to_message(remark) for remark in (*missing_graph, *notes)),
        details=cache(lambda: workflow.comparable_details),
        node_location=lambda part: to_message(_location_text(workflow.span_of(cast("Node", part)))),
        node_code=lambda part: workflow.code_of(cast("Node", part)),
    )


def _location_text(span: Span | None) -> str:
    return "" if span is None else f"{span.path}:{span.line}"


class ComparedWorkflow(Struct, frozen=True):
    """A workflow and its changes."""

    old: VersionedWorkflow | None
    """The old version, or None if the workflow was added."""
    new: VersionedWorkflow | None
    """The new version, or None if the workflow was removed."""
    diff: WorkflowDiff
    """The changes between the versions."""

    @property
    def name(self) -> str:
        """Name of the workflow, unique in the comparison."""
        return self.diff.name

    @property
    def title(self) -> str:
        """Title of the workflow, unique in the comparison: `orders (Orders)`."""
        version = self._available
        return (
            self.name
            if version is None or version.name != self.name
            else workflow_title(version.name, version.class_name)
        )

    @property
    def details(self) -> tuple[ComparableDetails, ComparableDetails]:
        """The details of the graphs of the old and the new version."""
        return _details_of_pair((self.old, self.new))

    @property
    def location(self) -> str:
        """Location in the new version, or in the old one if the workflow was removed."""
        return "" if self._available is None else self._available.location

    @property
    def _available(self) -> VersionedWorkflow | None:
        return self.new if self.new is not None else self.old

    @property
    def is_incomplete(self) -> bool:
        """Whether a graph may lack steps, so that changes may be missing or wrong."""
        return any(version is not None and version.complete is False for version in (self.old, self.new))


class VersionComparison(Struct, frozen=True):
    """The comparison of two versions."""

    old: str
    """Name of the old version."""
    new: str
    """Name of the new version."""
    workflows: tuple[ComparedWorkflow, ...]
    """The compared workflows."""
    fail_on: DiffFailOn = DiffFailOn.BREAKING
    """The changes that fail the comparison."""
    version: str = ""
    """Version of stepgraph."""
    in_flight: InFlight = "waits"
    """Where instances are assumed to be."""

    @property
    def changes(self) -> tuple[StructuralChange, ...]:
        """The changes of all workflows, in order."""
        return tuple(change for workflow in self.workflows for change in workflow.diff.changes)

    @property
    def changed_workflows(self) -> tuple[ComparedWorkflow, ...]:
        """Workflows with changes."""
        return tuple(workflow for workflow in self.workflows if workflow.diff.changes)

    @property
    def incomplete_workflows(self) -> tuple[ComparedWorkflow, ...]:
        """Workflows with an incomplete graph, whose changes may be missing or wrong."""
        return tuple(workflow for workflow in self.workflows if workflow.is_incomplete)

    @property
    def fails(self) -> bool:
        """Whether a change fails the comparison."""
        return any(self.fail_on.fails(change) for change in self.changes)

    def count(self, effect: Effect) -> int:
        """Return the number of changes with an effect."""
        return sum(change.impact.effect is effect for change in self.changes)


def count_line(report: VersionComparison) -> str:
    """Return sentences that count the changes, by effect, and the incomplete graphs.

    For example: `2 changes in 1 workflow (1 out of order, 1 safe). 1 graph is incomplete.`
    """
    if report.changes:
        changes = f"{counted(len(report.changes), 'change')} in {counted(len(report.changed_workflows), 'workflow')}"
        line = f"{changes} ({effect_counts(report.changes)})."
    else:
        line = f"no structural changes in {counted(len(report.workflows), 'workflow')}."
    incomplete = len(report.incomplete_workflows)
    if not incomplete:
        return line
    return f"{line} {counted(incomplete, 'graph is', 'graphs are')} incomplete."


def effect_counts(changes: Collection[StructuralChange]) -> str:
    """Return the number of changes with each effect: `1 breaking, 2 safe`."""
    counts = Counter(change.impact.effect for change in changes)
    return ", ".join(f"{counts[effect]} {effect.label}" for effect in sorted(counts, reverse=True))


def versions_line(report: VersionComparison) -> str:
    """Return a sentence that names the compared versions."""
    return f"Compared {report.old} with {report.new}."


_ASSUMPTIONS: Final[Mapping[InFlight, str]] = {
    "waits": (
        "Assumes that instances are in flight at sleeps and waits only; "
        "--in-flight retries also counts steps with long retries."
    ),
    "retries": (
        "Assumes that instances are in flight at sleeps, at waits, and at steps with a retry delay or timeout of a "
        "minute or more."
    ),
}


def assumption(report: VersionComparison) -> str:
    """Return the assumption behind the effects of changes in one or two sentences."""
    return _ASSUMPTIONS[report.in_flight]


def summary_line(report: VersionComparison) -> str:
    """Return the counts and the names of the versions."""
    return f"{count_line(report)} {versions_line(report)}"


Pair: TypeAlias = tuple[VersionedWorkflow | None, VersionedWorkflow | None]


def pair_workflows(
    old: Sequence[VersionedWorkflow], new: Sequence[VersionedWorkflow], *, only_workflows: bool = False
) -> tuple[Pair, ...]:
    """Return the workflows of two versions in pairs. A workflow that only one version contains has no partner.

    Workflows are paired by name, first within a file. The remaining workflows are paired by class if at least one of
    the two has no configured name. Set `only_workflows` if the user selected a single source on each side: if one
    workflow remains on each side, the two then form a pair. The pairs are in the order of the new version, with removed
    workflows at their old positions.
    """
    partners: dict[int, VersionedWorkflow] = {}
    unpaired_old, unpaired_new = list(old), list(new)
    for key in _KEYS:
        _pair_by_key(unpaired_old, unpaired_new, key, partners)
    _pair_by_key(unpaired_old, unpaired_new, _class_name, partners, requires_default_name=True)
    if only_workflows and len(unpaired_old) == len(unpaired_new) == 1:
        partners[id(unpaired_new.pop())] = unpaired_old.pop()
    pairs: list[Pair] = [(partners.get(id(workflow)), workflow) for workflow in new]
    return _with_removed(pairs, old)


def _with_removed(pairs: list[Pair], old: Sequence[VersionedWorkflow]) -> tuple[Pair, ...]:
    """Return the pairs with removed workflows, each after its old predecessor."""
    indices = {id(partner): index for index, (partner, _) in enumerate(pairs)}
    removed: list[list[Pair]] = [[] for _ in range(len(pairs) + 1)]
    insertion_index = 0
    for workflow in old:
        if id(workflow) in indices:
            insertion_index = indices[id(workflow)] + 1
        else:
            removed[insertion_index].append((workflow, None))
    ordered = list(removed[0])
    for pair, removed_after in zip(pairs, removed[1:], strict=True):
        ordered += [pair, *removed_after]
    return tuple(ordered)


def _class_name(workflow: VersionedWorkflow) -> Hashable:
    return workflow.class_name


_KEYS: Final[tuple[Callable[[VersionedWorkflow], Hashable], ...]] = (
    lambda workflow: (workflow.name, workflow.class_name, workflow.path),
    lambda workflow: (workflow.name, workflow.path),
    lambda workflow: (workflow.name, workflow.class_name),
    lambda workflow: workflow.name,
)


def _pair_by_key(
    unpaired_old: list[VersionedWorkflow],
    unpaired_new: list[VersionedWorkflow],
    key: Callable[[VersionedWorkflow], Hashable],
    partners: dict[int, VersionedWorkflow],
    *,
    requires_default_name: bool = False,
) -> None:
    """Pair workflows with equal keys. With `requires_default_name`, at least one of them has the name of its class."""
    candidates: defaultdict[tuple[Hashable, bool], deque[tuple[int, VersionedWorkflow]]] = defaultdict(deque)
    for index, workflow in enumerate(unpaired_old):
        candidates[key(workflow), _has_default_name(workflow)].append((index, workflow))
    paired: set[int] = set()
    for workflow in unpaired_new:
        kinds = (True,) if requires_default_name and not _has_default_name(workflow) else (True, False)
        queues = [queue for kind in kinds if (queue := candidates.get((key(workflow), kind)))]
        if queues:
            _, partner = min(queues, key=lambda queue: queue[0][0]).popleft()
            partners[id(workflow)] = partner
            paired |= {id(workflow), id(partner)}
    for workflows in (unpaired_old, unpaired_new):
        workflows[:] = [workflow for workflow in workflows if id(workflow) not in paired]


def _has_default_name(workflow: VersionedWorkflow) -> bool:
    """Return whether the name of a workflow is the name of its class."""
    return workflow.name == workflow.class_name


def compare_workflows(pairs: Iterable[Pair], in_flight: InFlight = "waits") -> tuple[ComparedWorkflow, ...]:
    """Compare the workflows of each pair, and return the results in the order of the new version."""
    by_name = _by_unique_name(pairs)
    old = {name: _workflow(pair[0]) for name, pair in by_name.items() if pair[0] is not None}
    new = {name: _workflow(pair[1]) for name, pair in by_name.items() if pair[1] is not None}
    details = {name: partial(_details_of_pair, pair) for name, pair in by_name.items()}
    return tuple(ComparedWorkflow(*by_name[diff.name], diff) for diff in diff_graphs(old, new, details, in_flight))


def _details_of_pair(pair: Pair) -> tuple[ComparableDetails, ComparableDetails]:
    old, new = pair
    return _details_of(old), _details_of(new)


def _by_unique_name(pairs: Iterable[Pair]) -> Mapping[str, Pair]:
    """Return the pairs by unique name. Locations, and then numbers, distinguish equal names."""
    by_name: dict[str, Pair] = {}
    numbers: Counter[tuple[str, str]] = Counter()
    for old, new in pairs:
        workflow = next(version for version in (new, old) if version is not None)
        by_name[_unique_name(workflow, by_name, numbers)] = old, new
    return by_name


def _unique_name(workflow: VersionedWorkflow, used: Mapping[str, Pair], numbers: Counter[tuple[str, str]]) -> str:
    """Return a name that is not in `used`. `numbers` has the last number of each name and location."""
    base, location = workflow.name or workflow.class_name, workflow.location
    name = base if base not in used else f"{base} ({location})"
    while name in used:
        numbers[base, location] += 1
        name = f"{base} ({location}, {numbers[base, location] + 1})"
    return name


def _details_of(version: VersionedWorkflow | None) -> ComparableDetails:
    return NO_DETAILS if version is None else version.details()


def _workflow(version: VersionedWorkflow) -> Workflow:
    """Return the payload of a workflow, without steps if it has no graph."""
    if version.graph is not None:
        return version.graph["workflow"]
    return {"class_name": version.class_name, "functions": {}, "nodes": []}
