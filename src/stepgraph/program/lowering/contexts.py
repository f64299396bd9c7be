"""`with` and `async with`."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from stepgraph.program.ir import EMPTY, Block, Join, Joined, Protected, Scope
from stepgraph.program.lowering.awaiting import await_value, members_of
from stepgraph.program.lowering.functions import may_run_steps
from stepgraph.program.lowering.machine import Machine, Outcome
from stepgraph.program.lowering.state import any_way
from stepgraph.program.lowering.targets import assign
from stepgraph.program.values import (
    UNKNOWN,
    Arguments,
    FunctionValue,
    Gathering,
    GeneratorCall,
    Instance,
    Suppressor,
    TaskGroup,
    Value,
)


def execute_with(machine: Machine, node: cst.With) -> None:
    """The items' steps, then the body, in place; a task group joins its tasks, a suppressor is a `try`."""
    _items(machine, node, node.items)


def _items(machine: Machine, node: cst.With, items: Sequence[cst.WithItem]) -> None:
    if not items:
        machine.execute(node.body)
        return
    item, *rest = items
    manager = machine.evaluate(item.item)
    entered = _enter(machine, manager, item)
    if item.asname is not None:
        assign(machine, item.asname.name, entered)
    _inside(machine, node, item, manager, rest)


def _inside(machine: Machine, node: cst.With, item: cst.WithItem, manager: Value, rest: Sequence[cst.WithItem]) -> None:
    place = machine.place(item)
    if isinstance(manager, Suppressor):
        outcome = machine.branch(lambda: _items(machine, node, rest), cut_short=True)
        # Whether or not it was cut short, the program goes on after it.
        left = any_way([outcome.changes, *outcome.passed], place)
        machine.rejoin([("no exception", outcome), (None, Outcome(EMPTY, left, live=True))], "exception", place)
        if outcome.block.operations:
            machine.emit(Protected(outcome.block, (), EMPTY, together=False, catches=True, place=place))
        return
    block = machine.block_of(lambda: _items(machine, node, rest))
    if block.operations:
        _emit_body(machine, item, manager, block)
    if isinstance(manager, TaskGroup) and machine.live:
        members = members_of(Gathering("all", manager.state["items"]))
        if members:
            machine.emit(Join(Joined("all", members), certain=True, place=place))


def _emit_body(machine: Machine, item: cst.WithItem, manager: Value, block: Block) -> None:
    place = machine.place(item)
    final = machine.block_of(lambda: _exit(machine, manager, item))
    if final.operations:
        machine.emit(Protected(block, (), final, together=False, catches=False, place=place))
    else:
        machine.emit(Scope(block, place))


def _enter(machine: Machine, manager: Value, item: cst.WithItem) -> Value:
    """Return what `as` binds. An object of the project runs its `__enter__` or `__aenter__`."""
    if isinstance(manager, Instance):
        entered = _call_method(machine, manager, ("__aenter__", "__enter__"), item)
        return manager if entered is UNKNOWN else entered
    if isinstance(manager, GeneratorCall) and may_run_steps(machine, manager.function):
        machine.note(
            "context-manager",
            machine.place(item.item),
            f"`{manager.function.name}` runs steps around the block; stepgraph does not show them yet.",
            "Steps in it are missing from the graph; a class with `__aenter__` and `__aexit__` is followed.",
        )
    return manager if isinstance(manager, TaskGroup) else UNKNOWN


def _exit(machine: Machine, manager: Value, item: cst.WithItem) -> None:
    if isinstance(manager, Instance):
        _call_method(machine, manager, ("__aexit__", "__exit__"), item)


def _call_method(machine: Machine, manager: Instance, names: tuple[str, ...], item: cst.WithItem) -> Value:
    place = machine.place(item.item)
    for name in names:
        method = machine.attribute(manager, name, place)
        if isinstance(method, FunctionValue):
            return await_value(machine, machine.call(method, Arguments(), place), place)
    return UNKNOWN
