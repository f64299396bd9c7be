"""`with` and `async with`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst

from stepgraph.program.ir import EMPTY, Awaited, Block, ExitKind, Join, Joined, Protected, Scope
from stepgraph.program.lowering.awaiting import await_value, report_cut_short
from stepgraph.program.lowering.functions import may_run_steps
from stepgraph.program.lowering.machine import Machine, Outcome
from stepgraph.program.lowering.protection import guards_await
from stepgraph.program.lowering.state import any_way
from stepgraph.program.lowering.targets import assign
from stepgraph.program.values import (
    UNKNOWN,
    Arguments,
    External,
    FunctionValue,
    GeneratorCall,
    Instance,
    Suppressor,
    TaskGroup,
    Value,
)
from stepgraph.syntax.module import Place

# What `asyncio.timeout(...)` and its like return, as `call_external` names it.
TIMEOUTS: Final = frozenset(["asyncio.timeout()", "asyncio.timeout_at()"])


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
        with machine.inside(stops=frozenset({ExitKind.RAISE})):
            outcome = machine.branch(lambda: _items(machine, node, rest), cut_short=True)
        # Whether or not it was cut short, the program goes on after it.
        left = any_way([outcome.changes, *outcome.passed], place)
        ways = [("no exception", outcome), (None, Outcome(EMPTY, left, live=True))]
        machine.rejoin(ways, "exception", place, exclusive=False)
        if outcome.block.operations:
            guards = not rest and guards_await(node.body, outcome.block)
            machine.emit(
                Protected(outcome.block, (), EMPTY, together=False, catches=True, place=place, guards_await=guards)
            )
        return
    if isinstance(manager, TaskGroup):
        _task_group(machine, node, place, manager, rest)
        return
    block = machine.block_of(lambda: _items(machine, node, rest))
    if block.operations:
        if isinstance(manager, External) and manager.name in TIMEOUTS:
            report_cut_short(machine, place, "the timeout")
        _emit_body(machine, item, manager, block)


def _task_group(machine: Machine, node: cst.With, place: Place, group: TaskGroup, rest: Sequence[cst.WithItem]) -> None:
    """However the block of a task group is left, its tasks are awaited."""

    def leave() -> None:
        members = tuple(Awaited(handle, every=True) for handle in group.state["items"])
        if members:
            machine.emit(Join(Joined("all", members), place, leaving=not machine.live))

    def body() -> None:
        with machine.inside(leave):
            _items(machine, node, rest)
        if machine.live:
            leave()

    block = machine.block_of(body)
    if block.operations:
        machine.emit(Scope(block, place))


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
