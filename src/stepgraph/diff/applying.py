"""Applying edits to a workflow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from stepgraph.diff.edits import Edit, Insert, Move, Place, Reference, Remove, Update, Version
from stepgraph.diff.elements import KEY, ROOT, Fields, Tree, put_together, read_tree
from stepgraph.model.payload import Workflow


@dataclass(slots=True, eq=False)
class _Item:
    """An element that is edited."""

    slot: str
    fields: Fields
    parent: _Item | None = None
    below: list[_Item] = field(default_factory=list)


def apply_edits(workflow: Workflow, edits: Iterable[Edit]) -> Workflow:
    """Return what all edits of a diff make of the workflow that is its old one, in whatever order they are given."""
    items = _items(read_tree(workflow))
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
        _take(items[Reference(Version.OLD, number)])
    return _written(items[Reference(Version.OLD, ROOT)])


def _items(tree: Tree) -> dict[Reference, _Item]:
    items: dict[Reference, _Item] = {}
    for element in tree.elements:
        item = _Item(element.slot, element.fields)
        items[Reference(Version.OLD, element.number)] = item
        if element.number != ROOT:
            item.parent = items[Reference(Version.OLD, element.parent)]
            item.parent.below.append(item)
    return items


def _update(item: _Item, update: Update) -> None:
    others = {name: value for name, value in item.fields.items() if name != update.field}
    item.fields = others if update.value is None else {**others, update.field: update.value[0]}


def _item(items: dict[Reference, _Item], edit: Insert | Move) -> _Item:
    """Return what is to be put in its place, which is nowhere yet."""
    if isinstance(edit, Move):
        item = items[Reference(Version.OLD, edit.old)]
        _take(item)
        return item
    return items.setdefault(Reference(Version.NEW, edit.place.number), _Item(edit.place.slot, edit.fields))


def _take(item: _Item) -> None:
    if item.parent is not None:
        item.parent.below.remove(item)
        item.parent = None


def _put(item: _Item, place: Place, items: dict[Reference, _Item]) -> None:
    parent = items[place.parent]
    item.parent, item.slot = parent, place.slot
    parent.below.insert(0 if place.after is None else parent.below.index(items[place.after]) + 1, item)


def _written(root: _Item) -> Workflow:
    """Return the payload of the workflow, from the innermost of its elements outwards."""
    order = [root]
    for item in order:
        order.extend(item.below)
    payloads: dict[int, dict[str, object]] = {}
    for item in reversed(order):
        below = [(inner.slot, str(inner.fields.get(KEY, "")), payloads.pop(id(inner))) for inner in item.below]
        payloads[id(item)] = put_together(item.fields, below)
    return cast("Workflow", payloads[id(root)])
