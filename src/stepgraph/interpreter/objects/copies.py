"""Copies of values with separate cells, because each call of a function allocates its results again."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.store import Store
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import FunctionValue, LexicalScope, ProjectObject
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import Value
from stepgraph.limits import Limit

_MAX_DEPTH: Final = 20
"""The maximum nesting depth of copied values. Deeper values are shared."""
_MAX_CELLS: Final = 50
"""The maximum number of copied cells, because results that contain other results twice grow exponentially."""


class Copier(Struct):
    """A copier of values that are allocated after a certain serial. Older cells are shared."""

    store: Store
    since: int
    """The serial of the newest cell before the call."""
    copies: dict[int, HeapCell] = field(default_factory=dict)
    """The copied cells, by the `id` of the original cell."""
    scopes: dict[int, LexicalScope] = field(default_factory=dict)
    """The copied scopes, by the `id` of the original scope."""

    def copy(self, value: Value, depth: int = 0) -> Value:
        """Return a copy of a value with copies of all new cells."""
        if depth > _MAX_DEPTH:
            return value
        match value:
            case Collection(state=state) | Mapping(state=state) | ProjectObject(state=state):
                copy = self._copy_cell(state, depth)
                return value if copy is state else replace(value, state=copy)
            case FunctionValue(scope=scope, receiver=receiver):
                copied_scope = self._copy_scope(scope, depth)
                copied_receiver = None if receiver is None else self.copy(receiver, depth + 1)
                if copied_scope is scope and copied_receiver is receiver:
                    return value
                return replace(value, scope=copied_scope, receiver=copied_receiver)
            case Union(cases=cases):
                copied_cases = tuple(replace(case, value=self.copy(case.value, depth + 1)) for case in cases)
                return Union(copied_cases, value.discriminant, value.place)
            case _:
                return value

    def _copy_cell(self, cell: HeapCell, depth: int) -> HeapCell:
        if cell.serial <= self.since:
            return cell
        copy = self.copies.get(id(cell))
        if copy is None and len(self.copies) >= _MAX_CELLS:
            return cell
        if copy is None:
            copy = self.copies[id(cell)] = self.store.new()
            copy.changed, copy.unordered, copy.created_empty = cell.changed, cell.unordered, cell.created_empty
            copy.repeated_at = cell.repeated_at
            for key, slot in cell.items():
                copy[key] = self._copy_slot(slot, depth)
        return copy

    def _copy_slot(self, slot: object, depth: int) -> object:
        if isinstance(slot, tuple):
            self.store.budget.spend(Limit.ELEMENTS, len(slot))
            return tuple(self._copy_slot(element, depth) for element in slot)
        if isinstance(slot, MappingEntry):
            return replace(slot, key=self.copy(slot.key, depth + 1), value=self.copy(slot.value, depth + 1))
        if isinstance(slot, Element):
            return replace(slot, value=self.copy(slot.value, depth + 1))
        return self.copy(slot, depth + 1) if isinstance(slot, Value) else slot

    def _copy_scope(self, scope: LexicalScope, depth: int) -> LexicalScope:
        if scope.kind != "function" or scope.names.serial <= self.since:
            return scope
        copy = self.scopes.get(id(scope))
        if copy is None:
            # Register the scope before copying its names, because closures among them have the same scope.
            copy = self.scopes[id(scope)] = replace(scope)
            copy.names = self._copy_cell(scope.names, depth)
            copy.parent = None if scope.parent is None else self._copy_scope(scope.parent, depth)
        return copy
