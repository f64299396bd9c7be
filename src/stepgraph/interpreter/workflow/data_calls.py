"""Calls in step bodies that handle only data, which need not be interpreted.

The code of a large application runs in its steps, and most of it handles data. Such a call cannot run a step, and the
result of a step is data. So once a workflow has used a part of its budget, the call has an unknown result, and may
change everything that it can reach.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.data import DataObject, data_objects
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, Instance
from stepgraph.interpreter.values.unions import as_optional
from stepgraph.ir.values import UNKNOWN
from stepgraph.syntax.module import Place

_NOTE: Final = "the workflow needs much work, so calls in the bodies of steps are not analyzed from here on."
_NOTE_ADVICE: Final = "Steps that depend on what these calls change may be missing from the graph."


def skips_data_call(
    interpreter: Interpreter, callee: FunctionValue | ClassValue, arguments: Arguments, place: Place
) -> bool:
    """Return whether a call in the body of a step is skipped, because it handles only data. Its result is unknown.

    As long as no module or class holds a step, a function outside of other functions reaches steps only by its
    arguments.
    """
    if not interpreter.in_step or not interpreter.budget.is_strained or interpreter.store.shares_steps:
        return False
    objects = data_objects(callee, *(argument.value for argument in arguments.items))
    if objects is None:
        return False
    if not interpreter.store.skips_calls:
        interpreter.store.skips_calls = True
        interpreter.note("skipped-calls", place, _NOTE, _NOTE_ADVICE)
    for changed in objects:
        _change(interpreter, changed, place)
    interpreter.frame.raises_unseen = True
    return True


def _change(interpreter: Interpreter, changed: DataObject, place: Place) -> None:
    """Let unknown code change an object: it may add, replace and remove elements, and set attributes."""
    store, state = interpreter.store, changed.state
    match changed:
        case Instance():
            for name in tuple(state):
                if name.isidentifier() and not isinstance(state[name], Collection | Mapping):
                    store.weak_update(state, name, UNKNOWN, place)
        case Collection():
            added = Element(UNKNOWN, place, many=True, may_be_missing=True)
            _change_contents(interpreter, changed, (*map(as_optional, state.elements()), added))
        case Mapping():
            entry = MappingEntry(UNKNOWN, UNKNOWN, place, place, many=True, may_be_missing=True)
            remaining = (replace(present, may_be_missing=True) for present in state.elements())
            _change_contents(interpreter, changed, (*remaining, entry))


def _change_contents(
    interpreter: Interpreter, changed: Collection | Mapping, contents: tuple[Element | MappingEntry, ...]
) -> None:
    """Replace the elements of a collection, unless it had unknown elements before."""
    changed.state.changed = changed.state.unordered = True
    present: tuple[Element | MappingEntry, ...] = changed.state.contents
    has_unknown = any(element.many and not element.value.relevant for element in present)
    if not has_unknown or not all(element.may_be_missing for element in present):
        interpreter.store.write(changed.state, "items", contents)
