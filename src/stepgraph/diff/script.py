"""The edit script that turns one workflow into another.

For example, the script from `load, charge` to `charge, ship` deletes `load` and inserts `ship` after `charge`.

Edits refer to elements by version: old ones by their number in the old tree, inserted ones by their number in the new
tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Final, TypeAlias, cast

from msgspec import Struct, field

from stepgraph.diff.matching import Matching
from stepgraph.diff.sequences import longest_increasing
from stepgraph.diff.tree import CLOCKS, KEY, ROOT, Fields, Tree, TreeElement, build_payload, read_tree
from stepgraph.json_text import canonical_json
from stepgraph.model.payload import Workflow


class TreeVersion(Enum):
    """One of the two compared workflows."""

    OLD = "old"
    NEW = "new"


class ElementRef(Struct, frozen=True):
    """An element of the edited workflow."""

    version: TreeVersion
    """The tree that the number refers to: the old tree for old elements, the new tree for inserted ones."""
    number: int
    """Number of the element in its tree."""


class TargetPosition(Struct, frozen=True):
    """The position of an element in the edited workflow."""

    number: int
    """Number in the new tree. Elements are placed in this order."""
    parent: ElementRef
    """The parent in the edited workflow."""
    slot: str
    """The slot of the parent that contains the element."""
    after: ElementRef | None
    """The previous sibling, or None for the first one."""


class Update(Struct, frozen=True):
    """Change a field of an old element."""

    old: int
    """Number of the element in the old tree."""
    field: str
    """Name of the field."""
    value: tuple[object] | None
    """The new value in a tuple, or None to remove the field."""


class Insert(Struct, frozen=True):
    """Insert a new element without its children."""

    position: TargetPosition
    kind: str
    """The node type, or `branch` or `function_def`."""
    fields: Fields
    """The fields of the payload, without children."""


class Move(Struct, frozen=True):
    """Move an old element and its subtree."""

    old: int
    """Number of the element in the old tree."""
    position: TargetPosition
    """The new position."""


class Delete(Struct, frozen=True):
    """Delete an old element. Other edits have already moved the remaining descendants out."""

    old: int
    """Number of the element in the old tree."""


Edit: TypeAlias = Update | Insert | Move | Delete


def edit_script(matching: Matching) -> tuple[Edit, ...]:
    """Return the edits that turn the old tree of a matching into the new one, with the minimum number of moves."""
    edits: list[Edit] = []
    for element in matching.new.elements:
        old = matching.to_old[element.number]
        if old is not None:
            edits += _updates(matching.old[old], element, _fields_to_compare(matching, old, element))
        edits += _placement_edits(matching, element)
    edits += (Delete(number) for number in matching.unmatched_old())
    return tuple(edits)


def _placement_edits(matching: Matching, parent: TreeElement) -> Iterator[Edit]:
    """Yield the insertions and moves of a new element's children."""
    in_place = _kept_in_place(matching, parent)
    last: dict[str, ElementRef] = {}
    for number in parent.children:
        child = matching.new[number]
        old = matching.to_old[number]
        position = TargetPosition(number, reference_of(matching, parent.number), child.slot, last.get(child.slot))
        if old is None:
            yield Insert(position, child.kind, child.fields)
        elif number not in in_place:
            yield Move(old, position)
        last[child.slot] = reference_of(matching, number)


def _kept_in_place(matching: Matching, parent: TreeElement) -> set[int]:
    """Return a largest set of children that keep their parent, slot and order."""
    old_parent = matching.to_old[parent.number]
    if old_parent is None:
        return set()
    in_place: set[int] = set()
    for slot, children in matching.new.children_by_slot(parent.number).items():
        partners = ((child, matching.to_old[child]) for child in children)
        before = [
            (child, old)
            for child, old in partners
            if old is not None and matching.old[old].parent == old_parent and matching.old[old].slot == slot
        ]
        in_place.update(before[index][0] for index in longest_increasing([old for _, old in before]))
    return in_place


def reference_of(matching: Matching, number: int) -> ElementRef:
    """Return the reference to an element of the new tree."""
    old = matching.to_old[number]
    return ElementRef(TreeVersion.NEW, number) if old is None else ElementRef(TreeVersion.OLD, old)


def _fields_to_compare(matching: Matching, old: int, new: TreeElement) -> Iterable[str]:
    """Return the fields that may differ: only clocks for isomorphic elements if no function was renamed."""
    if matching.are_isomorphic(old, new.number) and not matching.renamed:
        return CLOCKS
    return {**matching.old[old].fields, **new.fields}


def _updates(old: TreeElement, new: TreeElement, fields: Iterable[str]) -> Iterator[Update]:
    for name in fields:
        if name not in new.fields:
            if name in old.fields:
                yield Update(old.number, name, None)
        elif name not in old.fields or not _equal(old.fields[name], new.fields[name]):
            yield Update(old.number, name, (new.fields[name],))


def _equal(first: object, second: object) -> bool:
    """Return whether two values are the same JSON, where 1 differs from true."""
    if type(first) is type(second) and not isinstance(first, dict | list):
        return first == second
    return canonical_json(first) == canonical_json(second)


class EditableElement(Struct, eq=False):
    """A mutable element of the edited workflow."""

    reference: ElementRef
    """Identity of the element."""
    slot: str
    """The slot of the parent that contains the element."""
    fields: Fields
    """The fields, without children."""
    parent: EditableElement | None = None
    """The parent, or None for the root and detached elements."""
    children: list[EditableElement] = field(default_factory=list)
    """The children of all slots, in order."""

    def detach(self) -> None:
        """Remove the element and its subtree from its parent, if any."""
        detach_all([self])

    def subtree(self) -> list[EditableElement]:
        """Return the element and its descendants, parents before children."""
        order = [self]
        for item in order:
            order.extend(item.children)
        return order


def detach_all(items: Iterable[EditableElement]) -> None:
    """Remove elements and their subtrees from their parents."""
    detached = {id(item): item for item in items if item.parent is not None}
    parents = {id(item.parent): item.parent for item in detached.values()}
    for parent in parents.values():
        if parent is not None:
            parent.children = [item for item in parent.children if id(item) not in detached]
    for item in detached.values():
        item.parent = None


class _Inserter:
    """Inserts elements after their siblings. The last insertion of each parent is cached, for a fast search."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}

    def put(self, item: EditableElement, parent: EditableElement, after: EditableElement | None) -> None:
        """Insert a detached element after a sibling, or as the first child."""
        index = 0 if after is None else self._index_of(after, parent) + 1
        item.parent = parent
        parent.children.insert(index, item)
        self._last[id(parent)] = index

    def _index_of(self, item: EditableElement, parent: EditableElement) -> int:
        last = self._last.get(id(parent), 0)
        if last < len(parent.children) and parent.children[last] is item:
            return last
        following = (index for index in range(last + 1, len(parent.children)) if parent.children[index] is item)
        index = next(following, None)
        return parent.children.index(item) if index is None else index


EditableElements: TypeAlias = dict[ElementRef, EditableElement]
OLD_ROOT: Final = ElementRef(TreeVersion.OLD, ROOT)


def apply_edits(workflow: Workflow, edits: Iterable[Edit]) -> Workflow:
    """Apply all edits of a diff, in any order, to the old workflow."""
    items = edited_elements(read_tree(workflow), edits)
    return cast("Workflow", payloads_of(items[OLD_ROOT])[OLD_ROOT])


def edited_elements(tree: Tree, edits: Iterable[Edit]) -> EditableElements:
    """Return the old and inserted elements after all edits. Deleted elements are included, but detached."""
    items = _items(tree)
    updates: list[Update] = []
    placements: list[Insert | Move] = []
    removed: list[int] = []
    for edit in edits:
        match edit:
            case Update():
                updates.append(edit)
            case Insert() | Move():
                placements.append(edit)
            case Delete():
                removed.append(edit.old)
    for update in updates:
        _update(items[ElementRef(TreeVersion.OLD, update.old)], update)
    detach_all(items[ElementRef(TreeVersion.OLD, edit.old)] for edit in placements if isinstance(edit, Move))
    inserter = _Inserter()
    for edit in sorted(placements, key=lambda edit: edit.position.number):
        _put(_placed_element(items, edit), edit.position, items, inserter)
    detach_all(items[ElementRef(TreeVersion.OLD, number)] for number in removed)
    return items


def payloads_of(root: EditableElement) -> Mapping[ElementRef, dict[str, object]]:
    """Return the payload of an element and of each descendant."""
    payloads: dict[ElementRef, dict[str, object]] = {}
    for item in reversed(root.subtree()):
        children = [(inner.slot, str(inner.fields.get(KEY, "")), payloads[inner.reference]) for inner in item.children]
        payloads[item.reference] = build_payload(item.fields, children)
    return payloads


def _items(tree: Tree) -> EditableElements:
    items: EditableElements = {}
    for element in tree.elements:
        item = EditableElement(ElementRef(TreeVersion.OLD, element.number), element.slot, element.fields)
        items[item.reference] = item
        if element.number != ROOT:
            item.parent = items[ElementRef(TreeVersion.OLD, element.parent)]
            item.parent.children.append(item)
    return items


def _update(item: EditableElement, update: Update) -> None:
    remaining = {name: value for name, value in item.fields.items() if name != update.field}
    item.fields = remaining if update.value is None else {**remaining, update.field: update.value[0]}


def _placed_element(items: EditableElements, edit: Insert | Move) -> EditableElement:
    """Return the element of an edit. For an insertion, this is a new element."""
    if isinstance(edit, Move):
        return items[ElementRef(TreeVersion.OLD, edit.old)]
    reference = ElementRef(TreeVersion.NEW, edit.position.number)
    return items.setdefault(reference, EditableElement(reference, edit.position.slot, edit.fields))


def _put(item: EditableElement, position: TargetPosition, items: EditableElements, inserter: _Inserter) -> None:
    item.slot = position.slot
    inserter.put(item, items[position.parent], None if position.after is None else items[position.after])
