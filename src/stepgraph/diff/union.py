"""Two versions of a workflow as one: the new version, and what was removed where it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, KeysView, Mapping
from itertools import groupby
from typing import Final, cast

from msgspec import Struct

from stepgraph.diff.applying import ROOT_OF_OLD, Item, Items, edited, written
from stepgraph.diff.diff import WorkflowDiff
from stepgraph.diff.edits import Edit, Reference, Remove, Version
from stepgraph.diff.elements import BLOCK_SLOTS, BRANCHES, CALL, FUNCTIONS, KEY, NODES, STEPS, Tree, read_tree
from stepgraph.diff.matching.pairs import Pairs
from stepgraph.diff.union_clocks import SiblingClocks
from stepgraph.model.payload import Workflow

_LEAVES: Final = STEPS | {CALL, "break"}
_OLD_FUNCTION: Final = " (old)"


class Union(Struct, frozen=True):
    """Both versions of a workflow as one, which can be drawn, and the payload of each element in it.

    `added` and `removed` are the elements that are in one of the versions only. The `hollow` among these were around
    others that stay, and hold nothing else that went.
    """

    workflow: Workflow
    payloads: Mapping[Reference, Mapping[str, object]]
    added: KeysView[Reference]
    removed: KeysView[Reference]
    hollow: frozenset[Reference]
    items: Items

    def reference_of(self, number: int, pairs: Pairs) -> Reference:
        """Return the element of this number in the new tree."""
        old = pairs.to_old[number]
        return Reference(Version.NEW, number) if old is None else Reference(Version.OLD, old)

    def is_node(self, reference: Reference) -> bool:
        """Tell whether an element is a node, not a branch, a block or a function."""
        return self.items[reference].slot == NODES

    def is_part(self, reference: Reference) -> bool:
        """Tell whether an element is a branch or a block that came or went with what it is a part of."""
        item = self.items[reference]
        if item.parent is None or item.slot not in {*BLOCK_SLOTS, BRANCHES}:
            return False
        lone = self.added if reference in self.added else self.removed
        return item.parent.reference in lone


def union_of(diff: WorkflowDiff) -> Union:
    """Return both versions of a workflow, which is in one of them at least, as one."""
    if diff.pairs is None:
        return _whole(diff)
    edits = [*(edit for change in diff.changes for edit in change.edits), *diff.unseen]
    items = edited(diff.pairs.old, _without_removing(edits))
    removed = {Reference(Version.OLD, number) for number in diff.pairs.free_old()}
    _share_blocks(items, removed)
    _order(items, removed, diff.pairs.old)
    _tell_functions_apart(items, removed)
    _set_clocks(items, removed, diff.pairs.old)
    payloads = written(items[ROOT_OF_OLD])
    return Union(
        cast("Workflow", payloads[ROOT_OF_OLD]),
        payloads,
        _ordered(reference for reference in payloads if reference.version is Version.NEW),
        _ordered(reference for reference in payloads if reference in removed),
        _hollow(items, removed, diff.pairs.old),
        items,
    )


def _whole(diff: WorkflowDiff) -> Union:
    """Return a workflow that is in one version only, all of which was added or removed.

    Of two that were too large to compare, it is the new one, of which nothing is known to be added.
    """
    items = edited(read_tree(cast("Workflow", diff.old if diff.new is None else diff.new)), ())
    payloads = written(items[ROOT_OF_OLD])
    everything, nothing = _ordered(reference for reference in payloads if reference != ROOT_OF_OLD), _ordered(())
    added = everything if diff.old is None else nothing
    removed = everything if diff.new is None else nothing
    return Union(cast("Workflow", payloads[ROOT_OF_OLD]), payloads, added, removed, frozenset(), items)


def _ordered(references: Iterable[Reference]) -> KeysView[Reference]:
    return dict.fromkeys(references).keys()


def _without_removing(edits: list[Edit]) -> Iterator[Edit]:
    return (edit for edit in edits if not isinstance(edit, Remove))


def _share_blocks(items: Items, removed: set[Reference]) -> None:
    """Have a removed part of a `try` share the place of the one that was put there instead."""
    for reference, item in items.items():
        if reference not in removed or item.slot not in BLOCK_SLOTS or item.parent is None:
            continue
        other = next((one for one in item.parent.below if one.slot == item.slot and one is not item), None)
        if other is not None:
            item.take()
            for inner in item.below:
                inner.parent = other
            other.below = [*item.below, *other.below]
            item.below = []


def _order(items: Items, removed: set[Reference], old: Tree) -> None:
    """Put what was removed before what was added in its place, and before what it held."""

    def is_between(item: Item) -> bool:
        return item.reference in removed or item.reference.version is Version.NEW

    for item in items.values():
        ordered: list[Item] = []
        for _, run in groupby(item.below, key=lambda one: (one.slot, is_between(one))):
            ordered += sorted(run, key=lambda one: one.reference not in removed and is_between(one))
        item.below = ordered
        # Only what is before a place changes there, so that the places behind it stay.
        for place, one in enumerate(list(ordered)):
            if one.reference in removed:
                _put_before_what_it_held(place, ordered, old)


def _put_before_what_it_held(place: int, ordered: list[Item], old: Tree) -> None:
    inside = old.span(ordered[place].reference.number)
    first = place
    while first and (before := ordered[first - 1].reference).version is Version.OLD and before.number in inside:
        first -= 1
    ordered.insert(first, ordered.pop(place))


def _tell_functions_apart(items: Items, removed: set[Reference]) -> None:
    """Give removed functions names that no other has, and removed calls the names that functions have now."""
    functions = [item for item in items.values() if item.slot == FUNCTIONS]
    taken = {str(item.fields[KEY]) for item in functions if item.reference not in removed}
    names: dict[str, str] = {}
    for item in functions:
        if item.reference.version is Version.NEW:
            continue
        key = before = str(item.fields[KEY])
        while item.reference in removed and key in taken:
            key += _OLD_FUNCTION
        taken.add(key)
        names[before] = key
        item.fields = {**item.fields, KEY: key}
    for reference in removed:
        call = items[reference]
        if call.fields.get("type") == CALL:
            name = str(call.fields.get("name"))
            call.fields = {**call.fields, "name": names.get(name, name)}


def _set_clocks(items: Items, removed: set[Reference], old: Tree) -> None:
    """Give removed nodes clocks that fit those of what is around them now."""
    for item in items.values():
        gone = [one for one in item.below if one.reference in removed]
        kept = [one for one in item.below if one.reference not in removed]
        if gone:
            siblings = SiblingClocks(_clocks_before_and_now(kept, old))
            for one in gone:
                one.fields = siblings.place(one.fields)


def _clocks_before_and_now(kept: list[Item], old: Tree) -> list[tuple[Mapping[str, object], Mapping[str, object]]]:
    return [
        (old[item.reference.number].fields if item.reference.version is Version.OLD else {}, item.fields)
        for item in kept
    ]


def _hollow(items: Items, removed: set[Reference], old: Tree) -> frozenset[Reference]:
    """Return the outermost removed elements that held nothing that went, but something that stays."""
    hollow: set[Reference] = set()
    for reference in sorted(removed, key=lambda reference: reference.number):
        item = items[reference]
        if item.parent is None or item.parent.reference in hollow:
            continue
        stays = any(Reference(Version.OLD, inner) not in removed for inner in old.span(reference.number))
        if stays and not any(one.fields.get("type") in _LEAVES for one in item.all()):
            hollow.add(reference)
    return frozenset(hollow)
