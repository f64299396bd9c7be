"""x."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from stepgraph.diff.diff import diff_graphs
from stepgraph.model.payload import Workflow
from stepgraph.report.diff.report import ComparedWorkflow, VersionedWorkflow

Pair: TypeAlias = tuple[VersionedWorkflow | None, VersionedWorkflow | None]


def pair_workflows(
    old: Sequence[VersionedWorkflow], new: Sequence[VersionedWorkflow], *, alone: bool = False
) -> tuple[Pair, ...]:
    """Return all workflows of two versions in pairs: those that are in one version only have none beside them.

    They are paired by name, within one file first. Where a version does not know the names that a configuration gives,
    it is the class that tells. With `alone`, what was named holds nothing else: the only workflows that are left are a
    pair too, whatever they are called. The order is that of the new version, with those that are gone where they were.
    """
    partners: dict[int, VersionedWorkflow] = {}
    left, right = list(old), list(new)
    for key in _KEYS:
        _take_pairs(left, right, key, partners)
    _take_pairs(left, right, _class_name, partners, one_unnamed=True)
    if alone and len(left) == len(right) == 1:
        partners[id(right.pop())] = left.pop()
    pairs: list[Pair] = [(partners.get(id(workflow)), workflow) for workflow in new]
    return _with_gone(pairs, old)


def _with_gone(pairs: list[Pair], old: Sequence[VersionedWorkflow]) -> tuple[Pair, ...]:
    """Return the pairs with those that are gone too, each behind the one that it followed."""
    places = {id(before): place for place, (before, _) in enumerate(pairs)}
    gone: list[list[Pair]] = [[] for _ in range(len(pairs) + 1)]
    following = 0
    for workflow in old:
        if id(workflow) in places:
            following = places[id(workflow)] + 1
        else:
            gone[following].append((workflow, None))
    return (*gone[0], *(one for pair, behind in zip(pairs, gone[1:], strict=True) for one in (pair, *behind)))


def _class_name(workflow: VersionedWorkflow) -> Hashable:
    return workflow.class_name


_KEYS: Final[tuple[Callable[[VersionedWorkflow], Hashable], ...]] = (
    lambda workflow: (workflow.name, workflow.class_name, workflow.path),
    lambda workflow: (workflow.name, workflow.path),
    lambda workflow: (workflow.name, workflow.class_name),
    lambda workflow: workflow.name,
)


def _take_pairs(
    left: list[VersionedWorkflow],
    right: list[VersionedWorkflow],
    key: Callable[[VersionedWorkflow], Hashable],
    partners: dict[int, VersionedWorkflow],
    *,
    one_unnamed: bool = False,
) -> None:
    """Take out of both lists what has the same key, with `one_unnamed` only where a version knows no other name."""
    waiting: defaultdict[tuple[Hashable, bool], deque[tuple[int, VersionedWorkflow]]] = defaultdict(deque)
    for place, workflow in enumerate(left):
        waiting[key(workflow), _is_unnamed(workflow)].append((place, workflow))
    paired: set[int] = set()
    for workflow in right:
        kinds = (True,) if one_unnamed and not _is_unnamed(workflow) else (True, False)
        queues = [queue for kind in kinds if (queue := waiting.get((key(workflow), kind)))]
        if queues:
            _, found = min(queues, key=lambda queue: queue[0][0]).popleft()
            partners[id(workflow)] = found
            paired |= {id(workflow), id(found)}
    for workflows in (left, right):
        workflows[:] = [workflow for workflow in workflows if id(workflow) not in paired]


def _is_unnamed(workflow: VersionedWorkflow) -> bool:
    """Tell whether a workflow goes by the name of its class for want of another."""
    return workflow.name == workflow.class_name


def compare_workflows(pairs: Iterable[Pair]) -> tuple[ComparedWorkflow, ...]:
    """Return what changed of each pair: in the order of the new version, with those that are gone where they were."""
    named = _named(pairs)
    old = {name: _workflow(pair[0]) for name, pair in named.items() if pair[0] is not None}
    new = {name: _workflow(pair[1]) for name, pair in named.items() if pair[1] is not None}
    return tuple(ComparedWorkflow(*named[diff.name], diff) for diff in diff_graphs(old, new))


def _named(pairs: Iterable[Pair]) -> Mapping[str, Pair]:
    """Return the pairs by names that tell them apart: where a name is that of several, by their places too."""
    named: dict[str, Pair] = {}
    numbers: Counter[tuple[str, str]] = Counter()
    for old, new in pairs:
        either = next(one for one in (new, old) if one is not None)
        named[_free(either, named, numbers)] = old, new
    return named


def _free(workflow: VersionedWorkflow, taken: Mapping[str, Pair], numbers: Counter[tuple[str, str]]) -> str:
    """Return a name that is not taken; `numbers` are the last ones of each name and place."""
    own, place = workflow.name or workflow.class_name, workflow.place
    name = own if own not in taken else f"{own} ({place})"
    while name in taken:
        numbers[own, place] += 1
        name = f"{own} ({place}, {numbers[own, place] + 1})"
    return name


def _workflow(version: VersionedWorkflow) -> Workflow:
    """Return the workflow itself, without steps where it has no graph."""
    if version.graph is not None:
        return version.graph["workflow"]
    return {"class_name": version.class_name, "functions": {}, "nodes": []}
