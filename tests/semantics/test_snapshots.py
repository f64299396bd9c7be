"""Snapshots of the state of an interpreter."""

from __future__ import annotations

from msgspec import Struct, field

from stepgraph.interpreter.shared_runs import StateSnapshot
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.limits import Budget, Limit


class State(Struct):
    """An object with other mutable objects."""

    cell: HeapCell
    count: int = 0
    names: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    values: dict[str, tuple[HeapCell, ...]] = field(default_factory=dict)


def test_snapshot_restores_all_objects() -> None:
    cell, inner = HeapCell(1, Budget(), {"a": 1}), HeapCell(2, Budget(), {"items": ()})
    state = State(cell, 1, ["a"], {"b"}, {"c": (inner,)})
    names = state.names
    snapshot = StateSnapshot(state)
    state.count, state.names = 2, ["x"]
    names.append("z")
    state.keys.clear()
    state.values.clear()
    cell["a"], cell["b"], cell.is_shared = 2, 3, True
    inner["items"] = (1,)
    inner.budget.spend(Limit.ELEMENTS, 10)
    snapshot.restore()
    assert state == State(cell, 1, ["a"], {"b"}, {"c": (inner,)})
    assert state.names is names
    assert (cell, cell.is_shared, inner) == ({"a": 1}, False, {"items": ()})
    assert inner.budget == Budget()


def test_snapshot_restores_variables_of_functions() -> None:
    calls: list[int] = []

    def add(number: int) -> None:
        calls.append(number)

    snapshot = StateSnapshot({"add": add})
    add(1)
    snapshot.restore()
    assert calls == []


def test_snapshot_is_restored_repeatedly() -> None:
    names = ["a"]
    snapshot = StateSnapshot(names)
    for _ in range(2):
        names.append("b")
        snapshot.restore()
        assert names == ["a"]


def test_function_with_a_variable_that_has_no_value() -> None:
    calls: list[int] = []

    def add() -> None:
        calls.append(number)

    snapshot = StateSnapshot({"add": add})
    number = 1
    add()
    snapshot.restore()
    assert calls == []
