"""Calls in step bodies that handle only data, which need not be interpreted.

The code of a large application runs in its steps, and most of it handles data. A call that handles only data cannot run
a step, and the result of a step is data. So once the analysis has used a tenth of its limit for function bodies or
joins, the interpreter skips these calls: the result is unknown, and everything that the call can reach may have
changed. A call that reaches objects of `run` is interpreted. A note reports skipped calls if they may matter: if the
body of a step can run other steps, or if code outside of steps uses objects that a skipped call has reached, or objects
of modules and classes.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.frame import SkippedCalls
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.containers import Collection, ContextVariable, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.data import DataObject, data_objects
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import COMPUTED_NAME, ClassValue, FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import Event, Payload
from stepgraph.interpreter.values.unions import as_optional
from stepgraph.ir.values import UNKNOWN, Value
from stepgraph.syntax.module import SourcePlace

_NOTE: Final = "the whole workflow takes too much work to analyze, so calls in step bodies are skipped from here on."
_NOTE_ADVICE: Final = "Steps that depend on what these calls change may be missing from the graph."


def skips_data_call(
    interpreter: Interpreter, callee: FunctionValue | ClassValue, arguments: Arguments, place: SourcePlace
) -> bool:
    """Skip a call in the body of a step if it handles only data, and return whether it is skipped.

    The result of a skipped call is unknown, and the call may change the objects that it reaches.

    As long as no module or class holds a step, a function outside of other functions reaches steps only through its
    arguments.
    """
    if not interpreter.in_step or not interpreter.budget.is_strained or interpreter.store.shares_steps:
        return False
    if callee.scope.is_local:
        return False
    called = () if isinstance(callee, ClassValue) else (callee,)
    objects = data_objects(*called, *(argument.value for argument in arguments.items))
    skipping = interpreter.skipping
    if objects is None or any(_is_older(skipping, reached.state) for reached in objects):
        return False
    skipping.first_call = skipping.first_call or place
    for changed in objects:
        changed.state.is_escaped = True
        change_data(interpreter, changed, place)
    interpreter.frame.raises_unseen = True
    return True


def record_read(interpreter: Interpreter, value: Value, *, may_be_rebound: bool) -> None:
    """Record that code reads the value of a name of a module or class, which skipped calls may change or rebind."""
    if interpreter.skipping.matters or interpreter.in_step or interpreter.is_import_time:
        return
    interpreter.skipping.matters = may_be_rebound or any(map(_may_change, union_values(value)))


def record_closure_read(interpreter: Interpreter, value: Value) -> None:
    """Record that the body of a step reads a variable of a function around it, which may lead to a step."""
    if not interpreter.skipping.matters and interpreter.in_step and value.relevant:
        is_class = isinstance(value, ClassValue) and not value.scope.is_local
        is_data = is_class or isinstance(value, Event | Payload) or data_objects(value) is not None
        interpreter.skipping.matters = not is_data


def report_skipped_calls(interpreter: Interpreter) -> None:
    """Report the skipped calls if the graph may depend on values that they change."""
    skipping, store = interpreter.skipping, interpreter.store
    matters = skipping.matters or store.shares_steps or store.events.uses_escaped
    if skipping.first_call is not None and matters:
        interpreter.note("skipped-calls", skipping.first_call, _NOTE, _NOTE_ADVICE)


def _is_older(skipping: SkippedCalls, cell: HeapCell) -> bool:
    """Return whether an object is older than the body of the step, and belongs to no module or class."""
    return cell.serial <= skipping.step_serial and not cell.is_shared


def _may_change(value: Value) -> bool:
    """Return whether code may change a value of a module or class without a statement that shows the change."""
    match value:
        case ProjectObject() | ContextVariable():
            return True
        case FunctionValue(cache=cache, implementations=implementations):
            return cache is not None or implementations is not None
        case Collection() | Mapping():
            objects = data_objects(value)
            return objects is None or any(
                isinstance(inner, ProjectObject) or inner.state.changed or not inner.state.contents for inner in objects
            )
        case _:
            return False


def change_data(interpreter: Interpreter, changed: DataObject, place: SourcePlace) -> None:
    """Let unknown code change an object: it may add, replace and remove elements, and set attributes."""
    store, state = interpreter.store, changed.state
    match changed:
        case ProjectObject():
            for name in tuple(state):
                if name.isidentifier() and not isinstance(state[name], Collection | Mapping):
                    store.weak_update(state, name, UNKNOWN, place)
            store.weak_update(state, COMPUTED_NAME, UNKNOWN, place)
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
    """Replace the elements of a collection, unless they already include unknown elements and all are optional."""
    changed.state.changed = changed.state.unordered = True
    present: tuple[Element | MappingEntry, ...] = changed.state.contents
    has_unknown = any(element.many and not element.value.relevant for element in present)
    if not has_unknown or not all(element.may_be_missing for element in present):
        interpreter.store.write(changed.state, "items", contents)


def without_data_defaults(function: FunctionValue) -> FunctionValue:
    """Return a step's function without the defaults that lead to no step, because the SDK fills each parameter."""
    defaults = tuple((name, value) for name, value in function.defaults if not _is_irrelevant(value))
    return function if len(defaults) == len(function.defaults) else replace(function, defaults=defaults)


def _is_irrelevant(value: Value) -> bool:
    match value:
        case Collection():
            return not any(item.value.relevant for item in value.items)
        case Mapping():
            return not any(entry.value.relevant for entry in value.entries)
        case _:
            return not value.relevant
