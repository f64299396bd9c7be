"""x."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from stepgraph.diff.diff import WorkflowDiff
from stepgraph.diff.merged import MergedVersions, merge_versions
from stepgraph.diff.script import ElementRef
from stepgraph.diff.tree import ROOT
from stepgraph.diff.wording.fields import remarks_on
from stepgraph.model.payload import Graph, Workflow
from stepgraph.render.marks import Mark, MarkKind, Marks
from stepgraph.render.view import STEPS_STAY


def marked_graph(diff: WorkflowDiff, name: str) -> tuple[Graph, Marks]:
    """Return a graph of the new version and what was removed, under this name, and the marks of what differs."""
    union = merge_versions(diff)
    workflow: Workflow = {**union.workflow, "class_name": name}
    return {"version": 1, "workflow": workflow}, Marks([*_changed(diff, union), *_lone(union)])


def _lone(union: MergedVersions) -> Iterator[tuple[Mapping[str, object], Mark]]:
    """Yield the marks of what is in one version only."""
    for reference in union.added:
        yield union.payloads[reference], Mark(MarkKind.ADDED, quiet=union.is_part(reference))
    for reference in union.removed:
        is_hollow = reference in union.emptied
        # What is no node has a frame, which says so inside.
        remark = STEPS_STAY if is_hollow and union.is_node(reference) else ""
        mark = Mark(MarkKind.REMOVED, remark, hollow=is_hollow, quiet=union.is_part(reference))
        yield union.payloads[reference], mark


def _changed(diff: WorkflowDiff, union: MergedVersions) -> Iterator[tuple[Mapping[str, object], Mark]]:
    """Yield the marks of what is in both versions, with all that was done to it."""
    if diff.matching is None:
        return
    remarks: defaultdict[ElementRef, list[str]] = defaultdict(list)
    for change in diff.changes:
        for number, remark in remarks_on(change.group, diff.matching):
            if number != ROOT:
                remarks[union.reference_of(number, diff.matching)].append(remark)
    for reference, texts in remarks.items():
        yield union.payloads[reference], Mark(MarkKind.CHANGED, " · ".join(dict.fromkeys(texts)))
