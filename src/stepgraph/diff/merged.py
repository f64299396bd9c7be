"""Both versions of a workflow in one: the new version, with removed elements at their old positions."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, KeysView, Mapping, Sequence
from itertools import accumulate, groupby
from typing import Final, TypeAlias, cast

from msgspec import Struct

from stepgraph.diff.diff import WorkflowDiff
from stepgraph.diff.script import (
    OLD_ROOT,
    Delete,
    Edit,
    EditableElement,
    EditableElements,
    ElementRef,
    TreeVersion,
    edited_elements,
    payloads_of,
)
from stepgraph.diff.tree import (
    BLOCK_SLOTS,
    BRANCHES,
    CALL,
    CLOCKS,
    FUNCTIONS,
    KEY,
    NODES,
    STEPS,
    Fields,
    Tree,
    read_tree,
)
from stepgraph.model.payload import Workflow

_LEAVES: Final = STEPS | {CALL, "break"}
_OLD_FUNCTION: Final = " (old)"

OldAndNewFields: TypeAlias = tuple[Mapping[str, object], Mapping[str, object]]


class MergedVersions(Struct, frozen=True):
    """Both versions of a workflow in one, ready to be drawn."""

    workflow: Workflow
    """The merged workflow."""
    payloads: Mapping[ElementRef, Mapping[str, object]]
    """The payload of each element in `workflow`."""
    added: KeysView[ElementRef]
    """Elements that only the new version contains."""
    removed: KeysView[ElementRef]
    """Elements that only the old version contains."""
    emptied: frozenset[ElementRef]
    """Removed elements without removed steps, but with remaining contents."""
    items: EditableElements
    """The elements by reference."""

    def is_node(self, reference: ElementRef) -> bool:
        """Return whether an element is a node rather than a branch, block or function."""
        return self.items[reference].slot == NODES

    def is_part(self, reference: ElementRef) -> bool:
        """Return whether an element is a branch or block that was added or removed with its parent."""
        item = self.items[reference]
        if item.parent is None or item.slot not in {*BLOCK_SLOTS, BRANCHES}:
            return False
        unmatched = self.added if reference in self.added else self.removed
        return item.parent.reference in unmatched


def merge_versions(diff: WorkflowDiff) -> MergedVersions:
    """Merge both versions of a workflow, at least one of which exists."""
    if diff.matching is None:
        return _single_version(diff)
    edits = [*(edit for change in diff.changes for edit in change.edits), *diff.invisible]
    items = edited_elements(diff.matching.old, _without_deletions(edits))
    removed = {ElementRef(TreeVersion.OLD, number) for number in diff.matching.unmatched_old()}
    _share_blocks(items, removed)
    _order_children(items, removed, diff.matching.old)
    _rename_removed_functions(items, removed)
    _set_clocks(items, removed, diff.matching.old)
    payloads = payloads_of(items[OLD_ROOT])
    return MergedVersions(
        cast("Workflow", payloads[OLD_ROOT]),
        payloads,
        _ordered_keys(reference for reference in payloads if reference.version is TreeVersion.NEW),
        _ordered_keys(reference for reference in payloads if reference in removed),
        _emptied_elements(items, removed, diff.matching.old),
        items,
    )


def _single_version(diff: WorkflowDiff) -> MergedVersions:
    """Return the merged form of a workflow that has one version only or is too large to compare.

    The merged form of a workflow that is too large is the new version, without added elements.
    """
    items = edited_elements(read_tree(cast("Workflow", diff.old if diff.new is None else diff.new)), ())
    payloads = payloads_of(items[OLD_ROOT])
    all_elements, none = _ordered_keys(reference for reference in payloads if reference != OLD_ROOT), _ordered_keys(())
    added = all_elements if diff.old is None else none
    removed = all_elements if diff.new is None else none
    return MergedVersions(cast("Workflow", payloads[OLD_ROOT]), payloads, added, removed, frozenset(), items)


def _ordered_keys(references: Iterable[ElementRef]) -> KeysView[ElementRef]:
    return dict.fromkeys(references).keys()


def _without_deletions(edits: list[Edit]) -> Iterator[Edit]:
    return (edit for edit in edits if not isinstance(edit, Delete))


def _share_blocks(items: EditableElements, removed: set[ElementRef]) -> None:
    """Move the contents of a removed block of a `try` into the block that replaces it."""
    for reference, item in items.items():
        if reference not in removed or item.slot not in BLOCK_SLOTS or item.parent is None:
            continue
        replacement = next(
            (child for child in item.parent.children if child.slot == item.slot and child is not item), None
        )
        if replacement is not None:
            item.detach()
            for inner in item.children:
                inner.parent = replacement
            replacement.children = [*item.children, *replacement.children]
            item.children = []


def _order_children(items: EditableElements, removed: set[ElementRef], old: Tree) -> None:
    """Put removed elements before the added ones at the same position, and before their remaining contents."""

    def is_between(item: EditableElement) -> bool:
        return item.reference in removed or item.reference.version is TreeVersion.NEW

    for item in items.values():
        ordered: list[EditableElement] = []
        for _, run in groupby(item.children, key=lambda child: (child.slot, is_between(child))):
            ordered += sorted(run, key=lambda child: child.reference not in removed and is_between(child))
        item.children = ordered
        # Each move only shifts elements at earlier indices, so later indices stay valid.
        for index, child in enumerate(list(ordered)):
            if child.reference in removed:
                _put_before_contents(index, ordered, old)


def _put_before_contents(index: int, ordered: list[EditableElement], old: Tree) -> None:
    inside = old.subtree(ordered[index].reference.number)
    first = index
    while first and (before := ordered[first - 1].reference).version is TreeVersion.OLD and before.number in inside:
        first -= 1
    ordered.insert(first, ordered.pop(index))


def _rename_removed_functions(items: EditableElements, removed: set[ElementRef]) -> None:
    """Give removed functions unique keys, and removed calls the current keys of their functions."""
    functions = [item for item in items.values() if item.slot == FUNCTIONS]
    used_keys = {str(item.fields[KEY]) for item in functions if item.reference not in removed}
    names: dict[str, str] = {}
    for item in functions:
        if item.reference.version is TreeVersion.NEW:
            continue
        key = before = str(item.fields[KEY])
        while item.reference in removed and key in used_keys:
            key += _OLD_FUNCTION
        used_keys.add(key)
        names[before] = key
        item.fields = {**item.fields, KEY: key}
    for reference in removed:
        call = items[reference]
        if call.fields.get("type") == CALL:
            name = str(call.fields.get("name"))
            call.fields = {**call.fields, "name": names.get(name, name)}


def _set_clocks(items: EditableElements, removed: set[ElementRef], old: Tree) -> None:
    """Adapt the clocks of removed nodes to the new clocks of their siblings."""
    for item in items.values():
        removed_children = [child for child in item.children if child.reference in removed]
        siblings = [child for child in item.children if child.reference not in removed]
        if removed_children:
            clocks = SiblingClocks(_old_and_new_fields(siblings, old))
            for child in removed_children:
                child.fields = clocks.place(child.fields)


def _old_and_new_fields(siblings: list[EditableElement], old: Tree) -> list[OldAndNewFields]:
    return [
        (old[item.reference.number].fields if item.reference.version is TreeVersion.OLD else {}, item.fields)
        for item in siblings
    ]


def _emptied_elements(items: EditableElements, removed: set[ElementRef], old: Tree) -> frozenset[ElementRef]:
    """Return the outermost removed elements without removed steps, but with remaining contents."""
    emptied: set[ElementRef] = set()
    for reference in sorted(removed, key=lambda reference: reference.number):
        item = items[reference]
        if item.parent is None or item.parent.reference in emptied:
            continue
        has_remaining = any(
            ElementRef(TreeVersion.OLD, inner) not in removed for inner in old.subtree(reference.number)
        )
        if has_remaining and not any(child.fields.get("type") in _LEAVES for child in item.subtree()):
            emptied.add(reference)
    return frozenset(emptied)


class SiblingClocks:
    """Maps clocks of removed nodes to the clocks of their remaining siblings.

    `siblings` contains the fields of the siblings in the old and the new version.
    """

    def __init__(self, siblings: Sequence[OldAndNewFields]) -> None:
        new_clocks = [number for _, new_fields in siblings for number in _clocks(new_fields)]
        self._first, self._last = min(new_clocks, default=None), max(new_clocks, default=None)
        clock_pairs = sorted(
            (old, new) for old_fields, new_fields in siblings for old, new in _clock_pairs(old_fields, new_fields)
        )
        self._old_clocks = [old for old, _ in clock_pairs]
        # For each pair, the latest new clock up to it, and the earliest from it on.
        self._latest = list(accumulate((new for _, new in clock_pairs), max))
        self._earliest = list(accumulate((new for _, new in reversed(clock_pairs)), min))[::-1]

    def place(self, fields: Fields) -> Fields:
        """Return the fields of a removed node with adapted clocks, or without clocks if its siblings have none."""
        without_clocks = {name: value for name, value in fields.items() if name not in CLOCKS}
        if self._first is None or self._last is None:
            return without_clocks if len(without_clocks) < len(fields) else fields
        starts, resolves = fields.get("starts"), fields.get("resolves")
        if not isinstance(starts, int):
            return {**without_clocks, "starts": self._last, "resolves": self._last + 1}
        count = bisect_right(self._old_clocks, starts)
        start = self._latest[count - 1] if count else self._first
        if not isinstance(resolves, int):
            return {**without_clocks, "starts": start}
        index = bisect_left(self._old_clocks, resolves)
        end = self._earliest[index] if index < len(self._earliest) else self._last
        return {**without_clocks, "starts": start, "resolves": max(end, start + 1)}


def _clocks(fields: Mapping[str, object]) -> Iterable[int]:
    return [value for name in CLOCKS if isinstance(value := fields.get(name), int)]


def _clock_pairs(old_fields: Mapping[str, object], new_fields: Mapping[str, object]) -> list[tuple[int, int]]:
    """Return the old and the new value of each clock that both versions of a node have."""
    return [
        (old, new)
        for name in CLOCKS
        if isinstance(old := old_fields.get(name), int) and isinstance(new := new_fields.get(name), int)
    ]
