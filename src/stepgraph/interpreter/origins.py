"""Origins of values, by which a loop recognizes the values that its code creates again in each pass.

Each pass creates new objects, functions and collections. Two of them have the same origin if the same code creates them
from parts with the same origins. Different parts, such as the functions in two objects of one class, are different
origins even if one statement creates both, because a helper with a loop may be called with each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from stepgraph.interpreter.values.calls import FunctionCoroutine, GeneratorCall, Partial, PreparedCall, StepCall
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import (
    BuiltinMethod,
    ClassValue,
    FunctionValue,
    LexicalScope,
    ModuleValue,
    ProjectObject,
)
from stepgraph.interpreter.values.steps import StepDecorator, StepFunction
from stepgraph.interpreter.values.tasks import WaitForCall
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import Constant, NameArgument, Value
from stepgraph.syntax.free_names import free_names

_MAX_DEPTH: Final = 4
"""The nesting depth of parts beyond which objects are compared by identity."""
_MAX_PARTS: Final = 200
"""The number of parts beyond which objects are compared by identity."""


def origin_of(value: Value) -> object:
    """Return a key shared by the values that the same code computes in different passes of a loop."""
    return _OriginBuilder().of(value, 0)


class _OriginBuilder(Struct):
    """A builder of the origin of one value."""

    remaining: int = _MAX_PARTS
    """The number of parts that may still be visited."""

    def of(self, value: object, depth: int) -> object:
        """Return the origin of a value at a nesting depth. Data has no origin, because steps do not depend on it."""
        self.remaining -= 1
        if not isinstance(value, Value) or not value.relevant:
            return False
        match value:
            case Union(cases=cases):
                return frozenset(self.of(case.value, depth) for case in cases)
            case ProjectObject(cls=cls, state=state):
                return cls.node, self._of_cell(state, depth + 1)
            case Collection(state=state) | Mapping(state=state):
                return type(value), self._of_cell(state, depth + 1)
            case FunctionValue():
                return value.node, self._of_function(value, depth + 1)
            case ClassValue(node=node):
                return node
            case ModuleValue(scope=scope):
                return ModuleValue, id(scope)
            case NameArgument():
                return value
            case _:
                return self._of_work(value, depth)

    def _of_work(self, value: Value, depth: int) -> object:
        """Return the origin of a step or an awaitable, or the type of any other value and of a deeply nested one."""
        if depth > _MAX_DEPTH or self.remaining < 0:
            return type(value)
        match value:
            case StepFunction(definition=definition, function=function):
                return definition.place.node, self.of(function, depth + 1)
            case StepDecorator(place=place):
                return place.node
            case StepCall(step=step):
                return StepCall, self.of(step, depth + 1)
            case (
                FunctionCoroutine(function=function, arguments=arguments)
                | GeneratorCall(function=function, arguments=arguments)
            ):
                return type(value), self._of_all((function, *(a.value for a in arguments.items)), depth + 1)
            case Partial(callee=callee, arguments=arguments):
                return Partial, self._of_all((callee, *(a.value for a in arguments.items)), depth + 1)
            case PreparedCall(function=prepared):
                return prepared.place.node, prepared.names
            case WaitForCall(inner=inner):
                return WaitForCall, self.of(inner, depth + 1)
            case BuiltinMethod(receiver=receiver, name=name):
                return name, self.of(receiver, depth + 1)
            case _:
                return type(value)

    def _of_all(self, values: Iterable[object], depth: int) -> tuple[object, ...]:
        return tuple(self.of(value, depth) for value in values)

    def _of_function(self, function: FunctionValue, depth: int) -> object:
        """Return the origins of the values that are bound to a function, and of the variables that it reads."""
        if depth > _MAX_DEPTH or self.remaining < 0:
            return None
        named = (value for _, value in (*function.keywords, *function.defaults))
        bound = self._of_all((function.receiver, function.wrapped, *function.positional, *named), depth)
        names = free_names(function.node, function.scope.module) if function.scope.is_local else ()
        return bound, self._of_all((_local_value(function.scope, name) for name in names), depth)

    def _of_cell(self, cell: HeapCell, depth: int) -> object:
        """Return the origins of the parts of an object, or its identity if there are too many."""
        items = cell.get("items")
        parts = items if isinstance(items, tuple) else tuple(cell.items())
        if depth > _MAX_DEPTH or len(parts) > self.remaining:
            return id(cell)
        return frozenset(self._of_part(part, depth) for part in parts)

    def _of_part(self, part: object, depth: int) -> object:
        match part:
            case MappingEntry(key=Constant() as key, value=value):
                return key, self.of(value, depth)
            case MappingEntry(value=value) | Element(value=value):
                return self.of(value, depth)
            case (str() as name, value):
                return name, self.of(value, depth)
            case _:
                return False


def _local_value(scope: LexicalScope | None, name: str) -> object:
    """Return the value of a variable of the functions around a scope. Return None for other variables."""
    while scope is not None and scope.is_local:
        if name in scope.bindings.binders:
            return scope.names.get(name)
        scope = scope.parent
    return None
