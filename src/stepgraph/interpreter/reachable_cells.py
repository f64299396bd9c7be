"""The heap cells that values can reach."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Element, LazyElements, MappingEntry
from stepgraph.interpreter.values.heap_cells import MAX_SERIAL, HeapCell
from stepgraph.interpreter.values.objects import DecoratingManager, LexicalScope
from stepgraph.interpreter.values.unions import Case
from stepgraph.ir.values import Value
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import SourcePlace

_WITH_VALUES: Final = (
    Argument,
    Arguments,
    Case,
    DecoratingManager,
    Element,
    LazyElements,
    LexicalScope,
    MappingEntry,
    Value,
)
"""The types whose fields hold values."""


def reachable_cells(slots: Iterable[object], since: int, budget: Budget) -> dict[int, HeapCell]:
    """Return the cells that values reach, by `id`, without the contents of cells up to the serial `since`."""
    cells: dict[int, HeapCell] = {}
    visited: dict[int, object] = {}
    pending = list(slots)
    while pending:
        slot = pending.pop()
        if isinstance(slot, tuple):
            pending.extend(slot)
        elif isinstance(slot, HeapCell):
            if id(slot) not in cells:
                cells[id(slot)] = slot
                pending.extend(slot.values() if since < slot.serial < MAX_SERIAL else ())
        elif isinstance(slot, _WITH_VALUES) and isinstance(slot, Struct) and id(slot) not in visited:
            visited[id(slot)] = slot
            budget.spend(Limit.JOINED)
            pending.extend(getattr(slot, name) for name in slot.__struct_fields__)
    return cells


def mark_repeated(values: Iterable[Value], since: int, place: SourcePlace, budget: Budget) -> None:
    """Record that objects represent those of all passes of a loop. `since` is the newest serial before the loop."""
    for cell in reachable_cells(values, since, budget).values():
        if since < cell.serial < MAX_SERIAL:
            cell.repeated_at = place
