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
        if self.parent is not None:
            self.parent.below.remove(self)
            self.parent = None

    def put(self, parent: Item, after: Item | None) -> None:
        """Put it into another element, right after one that is there: None is at the beginning."""
        self.take()
        self.parent = parent
        parent.below.insert(0 if after is None else parent.below.index(after) + 1, self)

    def all(self) -> list[Item]:
        """Return it and all in it, what is around before what is within."""
        order = [self]
        for item in order:
            order.extend(item.below)
        return order


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
    for placing in sorted(placed, key=lambda placing: placing.place.number):
        _put(_item(items, placing), placing.place, items)
    for number in sorted(removed, reverse=True):
        items[Reference(Version.OLD, number)].take()
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


def _put(item: Item, place: Place, items: Items) -> None:
    item.slot = place.slot
    item.put(items[place.parent], None if place.after is None else items[place.after])
