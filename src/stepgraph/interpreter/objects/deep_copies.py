"""Deep copies of collections and objects, as `copy.deepcopy` makes them."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.special_methods import call_special
from stepgraph.interpreter.python.arguments import make_mapping, make_result_collection
from stepgraph.interpreter.values.containers import Collection, HeapCell, Mapping
from stepgraph.interpreter.values.objects import FunctionValue, Instance
from stepgraph.interpreter.values.steps import Event, EventPart, Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import UNKNOWN, Unresolved, Value
from stepgraph.limits import Limit
from stepgraph.syntax.module import Place

COPIED: Final = (Collection, FunctionValue, Instance, Mapping, Union)
"""The types of values whose deep copy differs from them."""
MAX_DEPTH: Final = 50
"""Nesting depth above which a copy is unresolved."""


class DeepCopy(Struct):
    """One call of `copy.deepcopy`. Values that are reachable in several ways are copied once."""

    interpreter: Interpreter
    place: Place
    copies: dict[int, Value] = field(default_factory=dict)
    """The copies so far, by the serial of the original cell."""

    def copy_of(self, value: Value, depth: int) -> Value:
        """Return the copy of a value at a nesting depth."""
        if isinstance(value, Event | EventPart | Payload):
            return UNKNOWN  # a copy may be changed
        if not isinstance(value, COPIED):
            return value
        if depth > MAX_DEPTH:
            return Unresolved("it is copied with too many values in it", self.place)
        self.interpreter.budget.spend(Limit.ELEMENTS, 1)
        match value:
            case Union(cases=cases):
                copied = tuple(replace(case, value=self.copy_of(case.value, depth + 1)) for case in cases)
                return Union(copied, value.discriminant, value.place)
            case FunctionValue(receiver=Instance() as receiver):
                return replace(value, receiver=self.copy_of(receiver, depth + 1))
            case FunctionValue():
                return value
            case _ if value.state.serial in self.copies:
                return self.copies[value.state.serial]
            case Collection():
                return self._copy_collection(value, depth)
            case Mapping():
                return self._copy_mapping(value, depth)
            case _:
                return self._copy_object(value, depth)

    def _copy_collection(self, value: Collection, depth: int) -> Value:
        if value.lazy is not None:
            return value  # Python raises a TypeError
        copy = replace(make_result_collection(self.interpreter, value.kind, ()), max_size=value.max_size)
        self.copies[value.state.serial] = copy
        items = tuple(replace(item, value=self.copy_of(item.value, depth + 1)) for item in value.items)
        self._fill(copy.state, value.state, items)
        return copy

    def _copy_mapping(self, value: Mapping, depth: int) -> Value:
        cell = make_mapping(self.interpreter, ()).state
        copy = replace(value, state=cell, loop_depth=self.interpreter.loop_depth, hidden=True)
        self.copies[value.state.serial] = copy
        entries = tuple(replace(entry, value=self.copy_of(entry.value, depth + 1)) for entry in value.entries)
        self._fill(cell, value.state, entries)
        return copy

    def _fill(self, cell: HeapCell, original: HeapCell, elements: tuple[object, ...]) -> None:
        self.interpreter.store.write(cell, "items", elements)
        cell.unordered = original.unordered

    def _copy_object(self, value: Instance, depth: int) -> Value:
        result = call_special(self.interpreter, value, ("__deepcopy__",), (UNKNOWN,), self.place)
        if result is not None:
            return result
        copy = Instance(value.cls, self.interpreter.store.new(), value.may_be_replaced, value.is_from_body)
        self.copies[value.state.serial] = copy
        for name, attribute in list(value.state.items()):
            copied = self.copy_of(attribute, depth + 1) if isinstance(attribute, Value) else attribute
            self.interpreter.store.write(copy.state, name, copied)
        return copy
