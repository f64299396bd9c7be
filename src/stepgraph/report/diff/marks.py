"""A workflow with marks at its changes: both versions in one graph, or a single version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.diff.changes import Action, EditGroup
from stepgraph.diff.diff import StructuralChange, WorkflowDiff
from stepgraph.diff.matching import Matching
from stepgraph.diff.merged import MergedVersions, merge_versions
from stepgraph.diff.script import OLD_ROOT, ElementRef, TreeVersion, edited_elements, payloads_of, reference_of
from stepgraph.diff.tree import BLOCK_SLOTS, BRANCHES, ROOT, parts_by_number
from stepgraph.diff.wording import remarks_on
from stepgraph.execution.engine_rules import Effect
from stepgraph.model.details import NO_DETAILS, Details, Part
from stepgraph.model.payload import Graph, Workflow
from stepgraph.render.folding import UNFOLDED, Folding
from stepgraph.render.view import STEPS_REMAIN, EffectLabel, Mark, MarkKind, Marks, View

EFFECT_LABELS: Final[Mapping[Effect, EffectLabel]] = {
    Effect.SAFE: "",
    Effect.OUT_OF_ORDER: "out of order",
    Effect.BREAKING: "breaking",
}
MARK_KINDS: Final = {kind.sign: kind for kind in MarkKind}
"""The kind of mark for each sign of a change."""

Place = TypeVar("Place", ElementRef, int)
"""An element of the merged graph, or the number of an element of one version."""

_MARKED_BY_CONTAINER: Final = frozenset({Action.WRAPPED, Action.UNWRAPPED, Action.CONCURRENT, Action.SEQUENTIAL})
"""The actions whose place is the new or removed container, because it is marked and its contents are not."""


class Origin(Struct, frozen=True):
    """The part of a version from which a part of a marked graph was made."""

    part: Part
    version: TreeVersion
    original: Part


class MarkedGraph(Struct, frozen=True):
    """A graph with the marks of a comparison."""

    graph: Graph
    marks: Marks
    details: Details
    """The details of both versions, those of the new version for parts of both."""

    origins: Sequence[Origin]
    """The origins of the parts of the graph."""

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
    # The details of the workflow belong to this object, so it is not copied.
    merged.workflow["class_name"] = name
    marks = dict([*_changed(diff), *_unmatched(merged)])
    places = [[place for place in _places(change.group, diff) if place in marks] for change in diff.changes]
    marks |= _with_effects(diff.changes, places, marks)
    origins = list(_origins(diff, merged))
    return MarkedGraph(
        {"version": 1, "workflow": merged.workflow},
        Marks([(merged.payloads[reference], mark) for reference, mark in marks.items()]),
        _details_of(origins, old_details, new_details),
        origins,
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


def _changed(diff: WorkflowDiff) -> Iterator[tuple[ElementRef, Mark]]:
    """Yield the marks of changed elements, with remarks."""
    if diff.matching is not None:
        for number, texts in _remarks(diff, diff.matching).items():
            yield reference_of(diff.matching, number), Mark(MarkKind.CHANGED, _joined(texts))


def _remarks(diff: WorkflowDiff, matching: Matching) -> Mapping[int, list[str]]:
    """Return the remarks on changed elements by their number in the new tree."""
    remarks: defaultdict[int, list[str]] = defaultdict(list)
    for change in diff.changes:
        for number, remark in remarks_on(change.group, matching):
            if number != ROOT:
                remarks[number].append(remark)
    return remarks


def _joined(remarks: Iterable[str]) -> str:
    return " · ".join(dict.fromkeys(remarks))


def _places(group: EditGroup, diff: WorkflowDiff) -> Iterator[ElementRef]:
    """Yield the elements of a change in the merged graph: the container first if the change is around its contents."""
    if diff.matching is None:
        return
    elements = [reference_of(diff.matching, number) for number in group.new]
    elements += (ElementRef(TreeVersion.OLD, number) for number in group.old if diff.matching.to_new[number] is None)
    container = group.container
    if container is not None and container.version is TreeVersion.NEW:
        container = reference_of(diff.matching, container.number)
    containers = [] if container is None else [container]
    yield from [*containers, *elements] if group.action in _MARKED_BY_CONTAINER else elements or containers


def _with_effects(
    changes: Iterable[StructuralChange], places: Iterable[Sequence[Place]], marks: Mapping[Place, Mark]
) -> dict[Place, Mark]:
    """Return the marks that get an effect on running instances: of each change, and the worst of several changes."""
    effects: dict[Place, Effect] = {}
    reasons: defaultdict[Place, list[str]] = defaultdict(list)
    for change, references in zip(changes, places, strict=True):
        effect = change.impact.effect
        for reference in references if effect is not Effect.SAFE else ():
            effects[reference] = max(effect, effects.get(reference, effect))
            reasons[reference].append(change.impact.text)
    return {
        reference: replace(marks[reference], effect=EFFECT_LABELS[effect], reason="; ".join(reasons[reference]))
        for reference, effect in effects.items()
    }


def _origins(diff: WorkflowDiff, merged: MergedVersions) -> Iterator[Origin]:
    """Yield the origin of each part of the merged graph: in the new version, or in the old one for removed parts."""
    old_parts = [] if diff.old is None else parts_by_number(diff.old)
    new_parts = [] if diff.new is None else parts_by_number(diff.new)
    for reference, payload in merged.payloads.items():
        new = _new_number(reference, diff)
        if new is None:
            yield Origin(payload, TreeVersion.OLD, old_parts[reference.number])
        else:
            yield Origin(payload, TreeVersion.NEW, new_parts[new])


def _new_number(reference: ElementRef, diff: WorkflowDiff) -> int | None:
    """Return the number of a merged element in the new tree, or None for a removed element."""
    if diff.matching is None:
        # The merged graph is the only version, or the new one.
        return None if diff.new is None else reference.number
    return reference.number if reference.version is TreeVersion.NEW else diff.matching.to_new[reference.number]


def _details_of(origins: Iterable[Origin], old_details: Details, new_details: Details) -> Details:
    """Return the details of parts from the details of their origins."""
    described = (
        (origin.part, (old_details if origin.version is TreeVersion.OLD else new_details).of(origin.original))
        for origin in origins
    )
    return Details([(part, detail) for part, detail in described if detail])


def marked_version(
    diff: WorkflowDiff, matching: Matching, version: TreeVersion, name: str, details: Details
) -> MarkedGraph:
    """Return a copy of one version with `name` as its class, and the marks of its changed parts."""
    is_old = version is TreeVersion.OLD
    tree = matching.old if is_old else matching.new
    originals = parts_by_number(cast("Workflow", diff.old if is_old else diff.new))
    copies = payloads_of(edited_elements(tree, ())[OLD_ROOT])
    parts = [copies[ElementRef(TreeVersion.OLD, number)] for number in range(len(tree))]
    marks = _version_marks(diff, matching, version)
    places = [_version_places(change.group, version) for change in diff.changes]
    marks |= _with_effects(
        diff.changes, [[number for number in numbers if number in marks] for numbers in places], marks
    )
    origins = [Origin(part, version, original) for part, original in zip(parts, originals, strict=True)]
    parts[ROOT]["class_name"] = name
    return MarkedGraph(
        {"version": 1, "workflow": cast("Workflow", parts[ROOT])},
        Marks([(parts[number], mark) for number, mark in marks.items()]),
        _details_of(origins, details, details),
        origins,
        [[parts[number] for number in numbers] for numbers in places],
        is_compared=True,
    )


def _version_marks(diff: WorkflowDiff, matching: Matching, version: TreeVersion) -> dict[int, Mark]:
    """Return the marks of a version by number. Only the new version has remarks, which name the old values."""
    is_old = version is TreeVersion.OLD
    tree, unmatched = (matching.old, matching.unmatched_old()) if is_old else (matching.new, matching.unmatched_new())
    marks: dict[int, Mark] = {}
    for number, texts in _remarks(diff, matching).items():
        partner = matching.to_old[number] if is_old else number
        if partner is not None:
            marks[partner] = Mark(MarkKind.CHANGED, "" if is_old else _joined(texts))
    kind, numbers = MarkKind.REMOVED if is_old else MarkKind.ADDED, set(unmatched)
    for number in unmatched:
        is_part = tree[number].slot in {*BLOCK_SLOTS, BRANCHES} and tree[number].parent in numbers
        marks[number] = Mark(kind, quiet=is_part)
    return marks


def _version_places(group: EditGroup, version: TreeVersion) -> list[int]:
    """Return the elements of a change in a version."""
    elements = group.old if version is TreeVersion.OLD else group.new
    container = group.container
    containers = [container.number] if container is not None and container.version is version else []
    ordered = [*containers, *elements] if group.action in _MARKED_BY_CONTAINER else list(elements) or containers
    return [number for number in ordered if number != ROOT]
