"""Both versions of a workflow as one graph with marks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from stepgraph.diff.diff import WorkflowDiff
from stepgraph.diff.merged import MergedVersions, merge_versions
from stepgraph.diff.script import ElementRef
from stepgraph.diff.tree import ROOT
from stepgraph.diff.wording import remarks_on
from stepgraph.model.payload import Graph, Workflow
from stepgraph.render.view import STEPS_REMAIN, Mark, MarkKind, Marks


def marked_graph(diff: WorkflowDiff, name: str) -> tuple[Graph, Marks]:
    """Return the merged graph with `name` as its class, and the marks of changes."""
    merged = merge_versions(diff)
    workflow: Workflow = {**merged.workflow, "class_name": name}
    return {"version": 1, "workflow": workflow}, Marks([*_changed(diff, merged), *_unmatched(merged)])


def _unmatched(merged: MergedVersions) -> Iterator[tuple[Mapping[str, object], Mark]]:
    """Yield the marks of added and removed elements."""
    for reference in merged.added:
        yield merged.payloads[reference], Mark(MarkKind.ADDED, quiet=merged.is_part(reference))
    for reference in merged.removed:
        is_emptied = reference in merged.emptied
        # Other elements are drawn as frames, which contain this remark already.
        remark = STEPS_REMAIN if is_emptied and merged.is_node(reference) else ""
        mark = Mark(MarkKind.REMOVED, remark, unwrapped=is_emptied, quiet=merged.is_part(reference))
        yield merged.payloads[reference], mark


def _changed(diff: WorkflowDiff, merged: MergedVersions) -> Iterator[tuple[Mapping[str, object], Mark]]:
    """Yield the marks of changed elements, with remarks."""
    if diff.matching is None:
        return
    remarks: defaultdict[ElementRef, list[str]] = defaultdict(list)
    for change in diff.changes:
        for number, remark in remarks_on(change.group, diff.matching):
            if number != ROOT:
                remarks[merged.reference_of(number, diff.matching)].append(remark)
    for reference, texts in remarks.items():
        yield merged.payloads[reference], Mark(MarkKind.CHANGED, " · ".join(dict.fromkeys(texts)))
