"""Whether writes of values to slots can change which steps run."""

from __future__ import annotations

from typing import Final

from stepgraph.interpreter.equivalence import MISSING, Slot
from stepgraph.interpreter.values.containers import Element, MappingEntry
from stepgraph.ir.values import Absent, Constant, Duration, Moment, Template, Unknown, Value, is_none

_CONSTANT_TYPES: Final = (Absent, Constant, Duration, Moment, Template, Unknown)


def affects_steps(old: Slot, new: Slot) -> bool:
    """Return whether replacing `old` with `new` can change which steps run, or taint a value.

    Changes of counters, caches and other data cannot, except changes from or to None. Filling or emptying a collection
    can, because it decides whether a loop over the collection runs. Changes of unknown elements can, if other elements
    of the collection run steps.
    """
    if not isinstance(new, tuple) or not isinstance(old, tuple):
        return _can_affect_steps(new) or _can_affect_steps(old) or _is_none(old) != _is_none(new)
    if bool(old) != bool(new):
        return True
    identities = set(map(id, old))
    common = identities & set(map(id, new))
    changed = [*(element for element in new if id(element) not in common), *(e for e in old if id(e) not in common)]
    return bool(changed) and any(map(_can_affect_steps, (*changed, *old)))


def append_affects_steps(old: tuple[Slot, ...], added: tuple[Slot, ...]) -> bool:
    """Return `affects_steps` for an append to a collection."""
    return bool(added) and (not old or any(map(_can_affect_steps, added)) or any(map(_can_affect_steps, old)))


def are_constants(elements: Slot) -> bool:
    """Return whether a slot has elements whose keys and values are constant or unknown, so they never affect steps."""
    return isinstance(elements, tuple) and all(map(_is_constant, elements))


def _is_constant(element: object) -> bool:
    match element:
        case Element(value=value):
            return type(value) in _CONSTANT_TYPES
        case MappingEntry(key=key, value=value):
            return type(key) in _CONSTANT_TYPES and type(value) in _CONSTANT_TYPES
        case _:
            return False


def _is_none(slot: Slot) -> bool:
    return isinstance(slot, Value) and is_none(slot)


def _can_affect_steps(slot: Slot) -> bool:
    match slot:
        case Element(value=value):
            return value.relevant or value.tainted
        case MappingEntry(key=key, value=value):
            return key.relevant or value.relevant or value.tainted
        case Value():
            return slot.relevant or slot.tainted
        case _:
            return slot is not MISSING
