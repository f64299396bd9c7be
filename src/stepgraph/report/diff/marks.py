"""Both versions of a workflow as one graph with marks, or one version with the marks of its changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.diff.changes import Action, EditGroup
from stepgraph.diff.diff import StructuralChange, WorkflowDiff
from stepgraph.diff.in_flight.effects import Effect
from stepgraph.diff.merged import MergedVersions, merge_versions
from stepgraph.diff.script import ElementRef, TreeVersion
from stepgraph.diff.tree import ROOT, parts_by_number
from stepgraph.diff.wording import remarks_on
from stepgraph.model.details import NO_DETAILS, Detail, Details, Part
from stepgraph.model.payload import Graph, Workflow
from stepgraph.render.folding import UNFOLDED, Folding
from stepgraph.render.view import STEPS_REMAIN, EffectLabel, Mark, MarkKind, Marks, View

_LABELS: Final[Mapping[Effect, EffectLabel]] = {
    Effect.SAFE: "",
    Effect.OUT_OF_ORDER: "out of order",
    Effect.BREAKING: "breaking",
}
_AROUND: Final = frozenset({Action.WRAPPED, Action.UNWRAPPED, Action.CONCURRENT, Action.SEQUENTIAL})
"""The actions whose place is the new or removed container, because it is marked and its contents are not."""


class MarkedGraph(Struct, frozen=True):
    """A graph with the marks of a comparison."""

    graph: Graph
    marks: Marks
    details: Details
    """The details of both versions, those of the new version for parts of both."""

    places: Sequence[Sequence[Part]]
    """The marked parts of each change. Changes of the whole workflow have none."""

    is_compared: bool
    """Whether parts without marks are unchanged. Versions that are too large to compare have no marks at all."""

    folding: Folding = UNFOLDED

    def view(self, view: View) -> View:
        """Return the view with the marks, the details and the folding of this graph."""
        return replace(view, marks=self.marks, details=self.details, folding=self.folding)


def marked_graph(
    diff: WorkflowDiff, name: str, old_details: Details = NO_DETAILS, new_details: Details = NO_DETAILS
) -> MarkedGraph:
    """Return the merged graph with `name` as its class, and the marks of changes."""
    merged = merge_versions(diff)
    workflow: Workflow = {**merged.workflow, "class_name": name}
    marks = dict([*_changed(diff, merged), *_unmatched(merged)])
    places = [[place for place in _places(change.group, diff, merged) if place in marks] for change in diff.changes]
    marks |= _with_effects(diff.changes, places, marks)
    return MarkedGraph(
        {"version": 1, "workflow": workflow},
        Marks([(merged.payloads[reference], mark) for reference, mark in marks.items()]),
        Details(list(_details(diff, merged, old_details, new_details))),
        [[merged.payloads[reference] for reference in references] for references in places],
        is_compared=diff.matching is not None or diff.old is None or diff.new is None,
    )


def _unmatched(merged: MergedVersions) -> Iterator[tuple[ElementRef, Mark]]:
    """Yield the marks of added and removed elements."""
    for reference in merged.added:
        yield reference, Mark(MarkKind.ADDED, quiet=merged.is_part(reference))
    for reference in merged.removed:
        is_emptied = reference in merged.emptied
        # Other elements are drawn as frames, which contain this remark already.
        remark = STEPS_REMAIN if is_emptied and merged.is_node(reference) else ""
        mark = Mark(MarkKind.REMOVED, remark, unwrapped=is_emptied, quiet=merged.is_part(reference))
        yield reference, mark


def _changed(diff: WorkflowDiff, merged: MergedVersions) -> Iterator[tuple[ElementRef, Mark]]:
    """Yield the marks of changed elements, with remarks."""
    if diff.matching is None:
        return
    remarks: defaultdict[ElementRef, list[str]] = defaultdict(list)
    for change in diff.changes:
        for number, remark in remarks_on(change.group, diff.matching):
            if number != ROOT:
                remarks[merged.reference_of(number, diff.matching)].append(remark)
    for reference, texts in remarks.items():
        yield reference, Mark(MarkKind.CHANGED, " · ".join(dict.fromkeys(texts)))


def _places(group: EditGroup, diff: WorkflowDiff, merged: MergedVersions) -> Iterator[ElementRef]:
    """Yield the elements of a change in the merged graph: the container first if the change is around its contents."""
    if diff.matching is None:
        return
    elements = [merged.reference_of(number, diff.matching) for number in group.new]
    elements += (ElementRef(TreeVersion.OLD, number) for number in group.old if diff.matching.to_new[number] is None)
    container = group.container
    if container is not None and container.version is TreeVersion.NEW:
        container = merged.reference_of(container.number, diff.matching)
    around = [] if container is None else [container]
    yield from [*around, *elements] if group.action in _AROUND else elements or around


def _with_effects(
    changes: Iterable[StructuralChange], places: Iterable[Sequence[ElementRef]], marks: Mapping[ElementRef, Mark]
) -> dict[ElementRef, Mark]:
    """Return the marks that get an effect on running instances: of each change, and the worst of several changes."""
    effects: dict[ElementRef, Effect] = {}
    reasons: defaultdict[ElementRef, list[str]] = defaultdict(list)
    for change, references in zip(changes, places, strict=True):
        effect = change.impact.effect
        for reference in references if effect is not Effect.SAFE else ():
            effects[reference] = max(effect, effects.get(reference, effect))
            reasons[reference].append(f"{effect.label}: {change.impact.reason}")
    return {
        reference: replace(marks[reference], effect=_LABELS[effect], reason="; ".join(reasons[reference]))
        for reference, effect in effects.items()
    }


def _details(
    diff: WorkflowDiff, merged: MergedVersions, old_details: Details, new_details: Details
) -> Iterator[tuple[Part, Detail]]:
    """Yield the details of the parts of the merged graph: of the new version, or of the old one for removed parts."""
    old_parts = [] if diff.old is None else parts_by_number(diff.old)
    new_parts = [] if diff.new is None else parts_by_number(diff.new)
    for reference, payload in merged.payloads.items():
        new = _new_number(reference, diff)
        detail = old_details.of(old_parts[reference.number]) if new is None else new_details.of(new_parts[new])
        if detail:
            yield payload, detail


def _new_number(reference: ElementRef, diff: WorkflowDiff) -> int | None:
    """Return the number of a merged element in the new tree, or None for a removed element."""
    if diff.matching is None:
        # The merged graph is the only version, or the new one.
        return None if diff.new is None else reference.number
    return reference.number if reference.version is TreeVersion.NEW else diff.matching.to_new[reference.number]
