"""Observation of constants and dictionaries: arguments of calls, values of variables, and elements of collections."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.python.deciding_arguments import bound_arguments, evaluate_display, unbound_parameters
from stepgraph.interpreter.static_values import static_value, static_value_at
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.containers import Collection, Element, Mapping
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.interpreter.values.steps import Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.facts import FunctionCalled, ValueBound
from stepgraph.ir.static_values import StaticMapping, cases_of
from stepgraph.ir.values import UNKNOWN, Constant, Duration, Moment, Template, Unknown, Value
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.module import SourcePlace

# Maximum number of elements of a collection that are observed.
_MAX_ELEMENTS: Final = 100
_OBSERVED: Final = (Constant, Duration, Moment, Template, StaticMapping)


def snapshot(value: Value) -> Value:
    """Return a snapshot of a constant or dictionary, and UNKNOWN for other values, which can be large."""
    if isinstance(value, Collection | Union):
        return UNKNOWN
    snapshot = static_value(value)
    return snapshot if isinstance(snapshot, _OBSERVED) else UNKNOWN


def observe_arguments(
    interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: SourcePlace | None
) -> None:
    """Record the constants and dictionaries that a call passes for parameters, and the names that it passes on.

    `place` is None for a call by the engine.
    """
    if not parameters(callee.node.params):
        return
    module = callee.scope.module
    place = place or SourcePlace(module, callee.node)
    for parameter, argument in bound_arguments(callee, arguments, place):
        value = snapshot(argument.value)
        if value is not UNKNOWN or isinstance(argument.place.node, cst.Name):
            interpreter.observe(ValueBound(SourcePlace(module, parameter), value, argument.place))
    for parameter in unbound_parameters(callee, arguments, place):
        default = parameter.default
        if default is None:
            continue
        with interpreter.in_scope(callee.scope):
            evaluated = evaluate_display(interpreter, default)
        default_value = UNKNOWN if evaluated is None else snapshot(evaluated)
        if default_value is not UNKNOWN:
            interpreter.observe(ValueBound(SourcePlace(module, parameter), default_value, SourcePlace(module, default)))


def observe_call(interpreter: Interpreter, callee: FunctionValue, place: SourcePlace | None) -> None:
    """Record which function a call at `place` runs, unless unknown code may replace the function or its result."""
    if place is None or callee.caveats:
        return
    fact = FunctionCalled(SourcePlace(callee.scope.module, callee.node), place)
    if fact not in interpreter.facts:
        interpreter.observe(fact)


def observe_elements(interpreter: Interpreter, target: cst.BaseExpression, iterable: Value) -> None:
    """Record the constants and dictionaries that a loop over a collection assigns to the variables of its target."""
    if isinstance(iterable, Mapping) and not iterable.state.changed:
        for entry in iterable.entries[:_MAX_ELEMENTS]:
            _observe_element(interpreter, target, Element(entry.key, entry.key_place))
    elif isinstance(iterable, Collection) and not iterable.state.changed:
        for item in iterable.items[:_MAX_ELEMENTS]:
            _observe_element(interpreter, target, item)


def _observe_element(interpreter: Interpreter, target: cst.BaseExpression, item: Element) -> None:
    match target:
        case cst.Name():
            value = snapshot(item.value)
            if value is not UNKNOWN:
                interpreter.observe(ValueBound(interpreter.place(target), value, item.place))
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            parts = item.value.items if isinstance(item.value, Collection) else ()
            if len(parts) == len(elements) and all(isinstance(element, cst.Element) for element in elements):
                for element, part in zip(elements, parts, strict=True):
                    _observe_element(interpreter, element.value, part)


def observe_assignment(interpreter: Interpreter, target: cst.Name, value: Value, source: SourcePlace) -> None:
    """Record the constant or dictionary that one of several assignments of a variable assigns.

    For the only assignment of a variable, record the literals that its expression selects or formats, as in
    `"1 hour" if slow else 30` and `"{} hours".format(n)`.
    """
    if len(interpreter.frame.scope.bindings.binders.get(target.value, ())) > 1:
        target_place, observed = interpreter.place(target), snapshot(value)
    elif isinstance(source.node, cst.IfExp):
        target_place, observed = source, static_value_at(value, source)
    elif isinstance(value, Unknown | Payload):
        target_place, observed = source, static_value_at(value, source)
        if any(isinstance(case, Constant) and not case.value for case in cases_of(observed)):
            return  # an empty default often stands for a missing value, which other code handles
    else:
        return
    if observed is not UNKNOWN:
        interpreter.observe(ValueBound(target_place, observed, source))


def observe_lookup(interpreter: Interpreter, owner: Value, place: SourcePlace) -> None:
    """Record the constants and dictionaries that a lookup with an unknown key may return."""
    if isinstance(owner, Mapping | Collection) and not owner.state.changed:
        elements = owner.entries if isinstance(owner, Mapping) else owner.items
        for element in elements[:_MAX_ELEMENTS]:
            value = snapshot(element.value)
            if value is not UNKNOWN:
                interpreter.observe(ValueBound(place, value, element.place))
