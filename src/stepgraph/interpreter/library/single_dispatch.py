"""Functions that select an implementation by the class of the first argument: `functools.singledispatch`.

The implementations of a function are a dictionary by class. A class that is not followed makes the key UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.class_relations import is_instance
from stepgraph.interpreter.objects.classes import resolution_order
from stepgraph.interpreter.python.arguments import make_mapping
from stepgraph.interpreter.python.calls import call_unknown
from stepgraph.interpreter.values.calls import Argument, Arguments, Partial
from stepgraph.interpreter.values.containers import Mapping, MappingEntry
from stepgraph.interpreter.values.objects import BuiltinMethod, ClassValue, FunctionValue, ProjectObject
from stepgraph.interpreter.values.unions import Case, Union
from stepgraph.ir.values import UNKNOWN, External, Value
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from collections.abc import Sequence


def with_implementations(interpreter: Interpreter, function: FunctionValue) -> FunctionValue:
    """Return a copy of a function that selects an implementation by class, and runs itself for all other classes."""
    return replace(function, implementations=make_mapping(interpreter, ()))


def register_implementation(
    interpreter: Interpreter, receiver: FunctionValue, arguments: Arguments, place: SourcePlace
) -> Value:
    """Model `f.register(cls, function)`, the decorator `f.register(cls)`, and `f.register` as a decorator.

    The decorator without a class reads the class from the annotation of the first parameter.
    """
    method = BuiltinMethod(receiver, "register")
    if receiver.implementations is None:
        return call_unknown(interpreter, method, arguments, place)
    *classes, last = arguments.items or (Argument(UNKNOWN, place),)
    if not classes and not isinstance(last.value, FunctionValue):
        return Partial(method, arguments)
    registered = [(classes[0].value, classes[0].place)] if classes else [*_annotated_classes(interpreter, last.value)]
    for key, key_place in registered:
        entry = MappingEntry(key if _is_class(key) else UNKNOWN, last.value, key_place, last.place)
        _add_implementation(interpreter, receiver.implementations, entry)
    return last.value


def _is_class(value: Value) -> bool:
    return isinstance(value, ClassValue | External)


def _annotated_classes(interpreter: Interpreter, function: Value) -> Iterator[tuple[Value, SourcePlace]]:
    """Yield the classes in the annotation of the first parameter that is not `self`, each with its place."""
    if not isinstance(function, FunctionValue):
        return
    first = [*parameters(function.node.params)][function.owner is not None and function.kind != "static" :][:1]
    pending = [] if not first or first[0].annotation is None else [first[0].annotation.annotation]
    with interpreter.in_scope(function.scope):
        while pending:
            match pending.pop():
                case cst.BinaryOperation(left=left, operator=cst.BitOr(), right=right):
                    pending += (right, left)
                case annotation:
                    yield interpreter.evaluate(annotation), SourcePlace(function.scope.module, annotation)


def _add_implementation(interpreter: Interpreter, implementations: Mapping, entry: MappingEntry) -> None:
    """Add an implementation, and replace the earlier one for the same class."""
    others = [each for each in implementations.entries if each.key == UNKNOWN or each.key != entry.key]
    interpreter.store.write(implementations.state, "items", (*others, entry))


def call_dispatched(
    interpreter: Interpreter, callee: FunctionValue, implementations: Mapping, arguments: Arguments, place: SourcePlace
) -> Value:
    """Call the implementation for the class of the first argument, or choose between those that may be selected."""
    interpreter.store.record_outer_read(implementations.state, "items")
    entries = implementations.entries
    first = arguments.items[0] if arguments.items else None
    is_positional = first is not None and first.keyword is None and not first.star
    leaves = union_values(first.value) if first is not None and is_positional else [UNKNOWN]
    selected = [_selected(interpreter, leaf, entries) for leaf in leaves]
    text = "the first argument" if first is None else first.place.text
    cases = [
        Case(entry.key_place.text, _bound(callee, entry.value))
        for entry in entries
        if any(entry in candidates for candidates, _ in selected)
    ]
    if any(may_be_default for _, may_be_default in selected):
        cases.append(Case(None, replace(callee, implementations=None)))
    if len(cases) == 1:
        return interpreter.call(cases[0].value, arguments, place)
    choice = Union(tuple(cases), f"type({text})", place)
    return interpreter.apply_to_cases(choice, lambda chosen: interpreter.call(chosen, arguments, place))


def _bound(callee: FunctionValue, implementation: Value) -> Value:
    """Return an implementation as a method of the object that the dispatching method is bound to."""
    if callee.receiver is None or not isinstance(implementation, FunctionValue):
        return implementation
    return replace(implementation, receiver=callee.receiver)


def _selected(
    interpreter: Interpreter, value: Value, entries: Sequence[MappingEntry]
) -> tuple[list[MappingEntry], bool]:
    """Return the implementations that may be selected for a value, and whether none of them may be."""
    results = [(entry, is_instance(interpreter, value, entry.key)) for entry in entries]
    candidates = [entry for entry, result in results if result is not False]
    if not all(result is not None for _, result in results) or not isinstance(value, ProjectObject):
        return candidates, not any(result for _, result in results)
    order = resolution_order(value.cls)
    nearest = min(candidates, key=lambda entry: order.index(entry.key), default=None)
    return ([], True) if nearest is None else ([nearest], False)
