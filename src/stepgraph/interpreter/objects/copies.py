"""Copies of values with separate cells, because each call of a function allocates its results again."""

from __future__ import annotations

from typing import Final, TypeVar, cast

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.store import Store
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, Element, LazyElements, MappingEntry
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import ClassValue, DecoratingManager, LexicalScope, ProjectObject
from stepgraph.interpreter.values.tasks import Gathering, Task, TaskGroup
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import Value
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace

Copied = TypeVar("Copied", bound=Struct)

_MAX_DEPTH: Final = 200
"""The maximum nesting depth of copied values."""
MAX_CELLS: Final = 10_000
"""The maximum number of copied cells."""
_WITHOUT_CELLS: Final = frozenset([bool, int, str, type(None), SourcePlace])
"""The most frequent types of fields that lead to no cell."""


class Copier(Struct):
    """A copier of values that are allocated after a certain serial. Older cells are shared.

    New cells that exceed a limit are shared, too, so writes to these cells must be weak.
    """

    store: Store
    since: int
    """The serial of the newest cell before the call."""
    max_cells: int = MAX_CELLS
    """The maximum number of copied cells."""
    is_complete: bool = True
    """Whether all new cells have been copied, so that none exceeds a limit."""
    unused: list[HeapCell] = field(default_factory=list)
    """Cells to use for the first copies."""
    copies: dict[int, HeapCell] = field(default_factory=dict)
    """The copied cells, by the `id` of the original cell."""
    parts: dict[int, object] = field(default_factory=dict)
    """The copied scopes and parts of values, by the `id` of the original."""

    def copy(self, value: Value, depth: int = 0) -> Value:
        """Return a copy of a value with copies of all new cells."""
        if depth > _MAX_DEPTH:
            self.is_complete = False
            return value
        match value:
            case Collection(lazy=None, state=state) | ProjectObject(state=state):
                copy = self._copy_cell(state, depth)
                return value if copy is state else replace(value, state=copy)
            case Union(cases=cases):
                copied_cases = tuple(replace(case, value=self.copy(case.value, depth + 1)) for case in cases)
                return Union(copied_cases, value.discriminant, value.place)
            case ClassValue() | Task() | Gathering() | TaskGroup():
                return value
            case Struct() if value.relevant:
                return self._copy_fields(value, depth)
            case _:
                return value

    def copy_elements(self, elements: tuple[Element, ...]) -> tuple[Element, ...]:
        """Return copies of elements with copies of all new cells."""
        return tuple(self._copy_fields(element, 0) for element in elements)

    def _copy_fields(self, part: Copied, depth: int) -> Copied:
        """Return a copy of an immutable part of a value. Return the part itself if it leads to no new cell."""
        copy = self.parts.get(id(part))
        if copy is None:
            changed: dict[str, object] = {}
            for name in part.__struct_fields__:
                inner = getattr(part, name)
                if type(inner) not in _WITHOUT_CELLS and (inner_copy := self._copy_part(inner, depth + 1)) is not inner:
                    changed[name] = inner_copy
            copy = self.parts[id(part)] = replace(part, **changed) if changed else part
        return cast("Copied", copy)

    def _copy_part(self, part: object, depth: int) -> object:
        match part:
            case Value():
                return self.copy(part, depth)
            case HeapCell():
                return self._copy_cell(part, depth)
            case LexicalScope():
                return self._copy_scope(part, depth)
            case Argument() | Arguments() | DecoratingManager() | Element() | LazyElements() | MappingEntry():
                return self._copy_fields(part, depth)
            case tuple():
                return self._copy_tuple(part, depth)
            case _:
                return part

    def _copy_tuple(self, parts: tuple[object, ...], depth: int) -> tuple[object, ...]:
        copy = self.parts.get(id(parts))
        if copy is None:
            self.store.budget.spend(Limit.ELEMENTS, len(parts))
            copies = tuple(self._copy_part(part, depth) for part in parts)
            is_same = all(each is part for each, part in zip(copies, parts, strict=True))
            copy = self.parts[id(parts)] = parts if is_same else copies
        return cast("tuple[object, ...]", copy)

    def _copy_cell(self, cell: HeapCell, depth: int) -> HeapCell:
        if cell.serial <= self.since:
            return cell
        copy = self.copies.get(id(cell))
        if copy is None and len(self.copies) >= self.max_cells:
            self.is_complete = False
            return cell
        if copy is None:
            self.store.budget.spend(Limit.ELEMENTS)
            copy = self.copies[id(cell)] = self.unused.pop() if self.unused else self.store.new()
            copy.changed, copy.unordered, copy.created_empty = cell.changed, cell.unordered, cell.created_empty
            copy.repeated_at = cell.repeated_at
            for key, slot in cell.items():
                copy[key] = self._copy_part(slot, depth + 1)
        return copy

    def _copy_scope(self, scope: LexicalScope, depth: int) -> LexicalScope:
        if scope.kind in ("module", "class") or scope.names.serial <= self.since:
            return scope
        copy = self.parts.get(id(scope))
        if copy is None:
            # Register the scope before copying its names, because closures among them have the same scope.
            new_scope = self.parts[id(scope)] = replace(scope)
            new_scope.names = self._copy_cell(scope.names, depth)
            new_scope.parent = None if scope.parent is None else self._copy_scope(scope.parent, depth)
            return new_scope
        return cast("LexicalScope", copy)
