"""Results of recursive calls: the assumptions about them, from the results of the body in earlier passes.

At first, recursive calls are assumed to return an unknown value. A result that may lead to a step is assumed in the
next pass. If the body nests its results in new collections, as in a copy of a tree, each pass would multiply the
parts of the result. If they are only data, recursive calls return an unknown value instead.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.frame import Frame, Recursion
from stepgraph.interpreter.joining import is_relevant
from stepgraph.interpreter.store import Store
from stepgraph.interpreter.values.data import new_plain_data
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.unions import Union, map_cases
from stepgraph.interpreter.write_log import Changes, SlotKey
from stepgraph.ir.values import UNKNOWN, Value
from stepgraph.limits import Budget

_RESULT: Final = "result"
"""The slot of `Recursion.result`."""
_PASS_WITH_RESULT: Final = 2
"""The first pass in which the assumed result is the result of an earlier pass."""


def assume_result(store: Store, recursion: Recursion, result: Value) -> None:
    """Record the result of the body for recursive calls in the next pass, if it may lead to a step.

    It is a change of an outer cell, so that it is joined, compared and widened like the other changes of the body.
    """
    if not result.relevant or (recursion.returns_data and new_plain_data(result, recursion.newest_serial)):
        return
    if recursion.result is None:
        recursion.result = HeapCell(recursion.newest_serial, store.budget, {_RESULT: UNKNOWN}, store.events)
    store.put(recursion.result, _RESULT, result)


def update_result(recursion: Recursion) -> None:
    """Set the assumed result to the join of the results of the earlier passes."""
    if recursion.result is not None:
        recursion.result[_RESULT] = assumed_result(recursion)


def assumed_result(recursion: Recursion) -> Value:
    """Return the assumed result of recursive calls: the result of the body in earlier passes, or UNKNOWN."""
    change = recursion.end.get(_slot_of_result(recursion))
    return change.value if change is not None and isinstance(change.value, Value) else UNKNOWN


def assumes_unknown_data(recursion: Recursion, head: Changes, end: Changes, budget: Budget) -> bool:
    """Assume that recursive calls return an unknown value, if their results are nested in a result of plain data.

    Return whether the assumption is new. `head` and `end` are the changes at the recursive calls and at the end of the
    body. They must not store the data elsewhere, because code could then change it through the result.
    """
    if recursion.passes != _PASS_WITH_RESULT or recursion.result is None:
        return False
    from stepgraph.interpreter.widening import growing_changes

    slot, since = _slot_of_result(recursion), recursion.newest_serial
    changes = [change for key, change in (*head.items(), *end.items()) if key != slot]
    if any(change.container.serial <= since and is_relevant(change.value) for change in changes):
        return False
    is_data = slot in end and new_plain_data(end[slot].value, since)
    if not is_data or not growing_changes({slot: end[slot]}, recursion.end, end, since, budget, None):
        return False
    recursion.end = {key: change for key, change in recursion.end.items() if key != slot}
    recursion.result, recursion.returns_data = None, True
    del end[slot]
    return True


def _slot_of_result(recursion: Recursion) -> SlotKey:
    return id(recursion.result), _RESULT


def omit_recursive_results(recursion: Recursion, frame: Frame) -> None:
    """Return nothing where the body returns the result of a recursive call, which the other results include."""
    assumed = assumed_result(recursion)
    if isinstance(assumed, Union):
        frame.returns = [replace(each, value=_without(each.value, assumed)) for each in frame.returns]


def _without(value: Value, omitted: Union) -> Value:
    """Return a value with `UNKNOWN` in place of a union in it."""
    if value is omitted:
        return UNKNOWN
    return map_cases(value, lambda case: _without(case, omitted)) if isinstance(value, Union) else value
