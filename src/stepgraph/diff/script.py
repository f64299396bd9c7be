"""The edits that make one workflow of another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stepgraph.diff.edits import Edit, Insert, Move, Place, Reference, Remove, Update, Version
from stepgraph.diff.elements import CLOCKS, Element
from stepgraph.diff.matching.pairs import Pairs
from stepgraph.diff.matching.sequences import longest_increasing
from stepgraph.json_text import canonical_json


def edit_script(pairs: Pairs) -> tuple[Edit, ...]:
    """Return the edits that turn the old tree of `pairs` into the new one: as few moves as there can be."""
    edits: list[Edit] = []
    for element in pairs.new.elements:
        old = pairs.to_old[element.number]
        if old is not None:
            edits += _updates(pairs.old[old], element, _fields_to_compare(pairs, old, element))
        edits += _placings(pairs, element)
    edits += (Remove(number) for number in pairs.free_old())
    return tuple(edits)


def _placings(pairs: Pairs, parent: Element) -> Iterator[Edit]:
    """Yield the edits that put the children of a new element in their places."""
    staying = _staying(pairs, parent)
    last: dict[str, Reference] = {}
    for number in parent.children:
        child = pairs.new[number]
        old = pairs.to_old[number]
        place = Place(number, _reference(pairs, parent.number), child.slot, last.get(child.slot))
        if old is None:
            yield Insert(place, child.kind, child.fields)
        elif number not in staying:
            yield Move(old, place)
        last[child.slot] = _reference(pairs, number)


def _staying(pairs: Pairs, parent: Element) -> set[int]:
    """Return the most children of a new element that were in the same slot of the same element, in this order."""
    old_parent = pairs.to_old[parent.number]
    if old_parent is None:
        return set()
    staying: set[int] = set()
    for slot, children in pairs.new.slots(parent.number).items():
        partners = ((child, pairs.to_old[child]) for child in children)
        before = [
            (child, old)
            for child, old in partners
            if old is not None and pairs.old[old].parent == old_parent and pairs.old[old].slot == slot
        ]
        staying.update(before[place][0] for place in longest_increasing([old for _, old in before]))
    return staying


def _reference(pairs: Pairs, number: int) -> Reference:
    old = pairs.to_old[number]
    return Reference(Version.NEW, number) if old is None else Reference(Version.OLD, old)


def _fields_to_compare(pairs: Pairs, old: int, new: Element) -> Iterable[str]:
    """Return which fields may differ: clocks alone where all else is known to be alike."""
    if pairs.are_alike(old, new.number) and not pairs.renamed:
        return CLOCKS
    return {**pairs.old[old].fields, **new.fields}


def _updates(old: Element, new: Element, fields: Iterable[str]) -> Iterator[Update]:
    for field in fields:
        if field not in new.fields:
            if field in old.fields:
                yield Update(old.number, field, None)
        elif field not in old.fields or not _equal(old.fields[field], new.fields[field]):
            yield Update(old.number, field, (new.fields[field],))


def _equal(first: object, second: object) -> bool:
    """Tell whether values are the same JSON: `1` is not `true` there."""
    if type(first) is type(second) and not isinstance(first, dict | list):
        return first == second
    return canonical_json(first) == canonical_json(second)
