"""Pair the workflows of two versions and compare them."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from stepgraph.diff.diff import diff_graphs
from stepgraph.model.payload import Workflow
from stepgraph.report.diff.report import ComparedWorkflow, VersionedWorkflow

Pair: TypeAlias = tuple[VersionedWorkflow | None, VersionedWorkflow | None]


def pair_workflows(
    old: Sequence[VersionedWorkflow], new: Sequence[VersionedWorkflow], *, only_workflows: bool = False
) -> tuple[Pair, ...]:
    """Return the workflows of two versions in pairs; a workflow of one version has no partner.

    Workflows are paired by name, first within a file. If a version has no configured name, the class counts. With
    `only_workflows`, the user selected single sources, and the only remaining workflow of each side forms a pair. The
    order is the order of the new version, with removed workflows at their old positions.
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
    """Pair workflows with equal keys. `requires_default_name` applies to at least one version."""
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


def compare_workflows(pairs: Iterable[Pair]) -> tuple[ComparedWorkflow, ...]:
    """Return the changes of each pair, in the order of the new version."""
    by_name = _by_unique_name(pairs)
    old = {name: _workflow(pair[0]) for name, pair in by_name.items() if pair[0] is not None}
    new = {name: _workflow(pair[1]) for name, pair in by_name.items() if pair[1] is not None}
    return tuple(ComparedWorkflow(*by_name[diff.name], diff) for diff in diff_graphs(old, new))


def _by_unique_name(pairs: Iterable[Pair]) -> Mapping[str, Pair]:
    """Return the pairs by unique name. Locations distinguish equal names."""
    by_name: dict[str, Pair] = {}
    numbers: Counter[tuple[str, str]] = Counter()
    for old, new in pairs:
        workflow = next(version for version in (new, old) if version is not None)
        by_name[_unique_name(workflow, by_name, numbers)] = old, new
    return by_name


def _unique_name(workflow: VersionedWorkflow, used: Mapping[str, Pair], numbers: Counter[tuple[str, str]]) -> str:
    """Return a name that is not in `used`. `numbers` are the last ones of each name and location."""
    base, location = workflow.name or workflow.class_name, workflow.location
    name = base if base not in used else f"{base} ({location})"
    while name in used:
        numbers[base, location] += 1
        name = f"{base} ({location}, {numbers[base, location] + 1})"
    return name


def _workflow(version: VersionedWorkflow) -> Workflow:
    """Return the payload of a workflow, without steps if it has no graph."""
    if version.graph is not None:
        return version.graph["workflow"]
    return {"class_name": version.class_name, "functions": {}, "nodes": []}
