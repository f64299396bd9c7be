"""From the workflows of two versions to the report on what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from stepgraph.diff.diff import diff_graphs
from stepgraph.model.payload import Workflow
from stepgraph.report.difference.pairing import Pair
from stepgraph.report.difference.report import ComparedWorkflow, VersionedWorkflow


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
