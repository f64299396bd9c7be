"""Applying edits to a workflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias, cast

from msgspec import Struct, field

from stepgraph.diff.edits import Edit, Insert, Move, Place, Reference, Remove, Update, Version
from stepgraph.diff.elements import KEY, ROOT, Fields, Tree, put_together, read_tree
from stepgraph.model.payload import Workflow


class Item(Struct, eq=False):
    """An element that is edited."""

    reference: Reference
    slot: str
    fields: Fields
    parent: Item | None = None
    below: list[Item] = field(default_factory=list)

    def take(self) -> None:
        """Take it, with all in it, from where it is, if it is anywhere."""
        take_all([self])

    def all(self) -> list[Item]:
        """Return it and all in it, what is around before what is within."""
        order = [self]
        for item in order:
            order.extend(item.below)
        return order


def take_all(items: Iterable[Item]) -> None:
    """Take items, each with all in it, from where they are."""
    taken = {id(item): item for item in items if item.parent is not None}
    parents = {id(item.parent): item.parent for item in taken.values()}
    for parent in parents.values():
        if parent is not None:
            parent.below = [item for item in parent.below if id(item) not in taken]
    for item in taken.values():
        item.parent = None


class _Placing:
    """Puts items into others, each right after one that is there, which is most often the one that was put last."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}

    def put(self, item: Item, parent: Item, after: Item | None) -> None:
        """Put an item that is nowhere into another, after an item there: None is at the beginning."""
        place = 0 if after is None else self._place_of(after, parent) + 1
        item.parent = parent
        parent.below.insert(place, item)
        self._last[id(parent)] = place

    def _place_of(self, item: Item, parent: Item) -> int:
        last = self._last.get(id(parent), 0)
        if last < len(parent.below) and parent.below[last] is item:
            return last
        following = (place for place in range(last + 1, len(parent.below)) if parent.below[place] is item)
        place = next(following, None)
        return parent.below.index(item) if place is None else place


Items: TypeAlias = dict[Reference, Item]
ROOT_OF_OLD: Final = Reference(Version.OLD, ROOT)


def apply_edits(workflow: Workflow, edits: Iterable[Edit]) -> Workflow:
    """Return what all edits of a diff make of the workflow that is its old one, in whatever order they are given."""
    items = edited(read_tree(workflow), edits)
    return cast("Workflow", written(items[ROOT_OF_OLD])[ROOT_OF_OLD])


def edited(tree: Tree, edits: Iterable[Edit]) -> Items:
    """Return the elements of the old tree and those put in, each where all edits bring it."""
    items = _items(tree)
    updates: list[Update] = []
    placed: list[Insert | Move] = []
    removed: list[int] = []
    for edit in edits:
        match edit:
            case Update():
                updates.append(edit)
            case Insert() | Move():
                placed.append(edit)
            case Remove():
                removed.append(edit.old)
    for update in updates:
        _update(items[Reference(Version.OLD, update.old)], update)
    take_all(items[Reference(Version.OLD, edit.old)] for edit in placed if isinstance(edit, Move))
    placing = _Placing()
    for edit in sorted(placed, key=lambda edit: edit.place.number):
        _put(_item(items, edit), edit.place, items, placing)
    take_all(items[Reference(Version.OLD, number)] for number in removed)
    return items


def written(root: Item) -> Mapping[Reference, dict[str, object]]:
    """Return the payload of an element and of each in it."""
    payloads: dict[Reference, dict[str, object]] = {}
    for item in reversed(root.all()):
        below = [(inner.slot, str(inner.fields.get(KEY, "")), payloads[inner.reference]) for inner in item.below]
        payloads[item.reference] = put_together(item.fields, below)
    return payloads


def _items(tree: Tree) -> Items:
    items: Items = {}
    for element in tree.elements:
        item = Item(Reference(Version.OLD, element.number), element.slot, element.fields)
        items[item.reference] = item
        if element.number != ROOT:
            item.parent = items[Reference(Version.OLD, element.parent)]
            item.parent.below.append(item)
    return items


def _update(item: Item, update: Update) -> None:
    others = {name: value for name, value in item.fields.items() if name != update.field}
    item.fields = others if update.value is None else {**others, update.field: update.value[0]}


def _item(items: Items, edit: Insert | Move) -> Item:
    """Return what is to be put in its place."""
    if isinstance(edit, Move):
        return items[Reference(Version.OLD, edit.old)]
    reference = Reference(Version.NEW, edit.place.number)
    return items.setdefault(reference, Item(reference, edit.place.slot, edit.fields))


def _put(item: Item, place: Place, items: Items, placing: _Placing) -> None:
    item.slot = place.slot
    placing.put(item, items[place.parent], None if place.after is None else items[place.after])
