"""`with` and `async with`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import libcst as cst

from stepgraph.program.ir import EMPTY, Awaited, Block, Exit, ExitKind, Join, Joined, Loop, Protected, Scope, blocks_of
from stepgraph.program.lowering.awaiting import await_value
from stepgraph.program.lowering.cutting_short import report_timeout
from stepgraph.program.lowering.frames import Frame
from stepgraph.program.lowering.functions import function_scope, may_run_steps
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.lowering.outcomes import Outcome
from stepgraph.program.lowering.protection import guards_await
from stepgraph.program.lowering.state import any_way
from stepgraph.program.lowering.targets import assign
from stepgraph.program.values import (
    UNKNOWN,
    Alternatives,
    Arguments,
    External,
    FunctionValue,
    GeneratorCall,
    Instance,
    Resource,
    Suppressor,
    TaskGroup,
    Unknown,
    Unresolved,
    Value,
    made_by,
)
from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import statements_below

# What `asyncio.timeout(...)` and its like return, as `call_external` names it.
TIMEOUTS: Final = frozenset(["asyncio.timeout()", "asyncio.timeout_at()"])
# What lets one after another in, first come, first served.
_LOCKS: Final = frozenset(["asyncio.Lock", "asyncio.locks.Lock"])


def execute_with(machine: Machine, node: cst.With) -> None:
    """The items' steps, then the body, in place; a task group joins its tasks, a suppressor is a `try`."""
    _items(machine, node, node.items)


def _items(machine: Machine, node: cst.With, items: Sequence[cst.WithItem]) -> None:
    if not items:
        machine.execute(node.body)
        return
    item, *rest = items
    manager = machine.evaluate(item.item)
    if isinstance(manager, GeneratorCall) and _can_be_entered(machine, manager) and _matters(machine, manager):
        _around(machine, node, item, manager, rest)
        return
    entered = _enter(machine, manager, item)
    if item.asname is not None:
        assign(machine, item.asname.name, entered)
    _inside(machine, node, item, manager, rest)


def _can_be_entered(machine: Machine, manager: GeneratorCall) -> bool:
    """Whether the code of a generator can be shown around the block: it ends at its end, and is not entered in it."""
    function = manager.function
    if function.kind != "context" or function.node in machine.entered:
        return False
    return not any(isinstance(statement, cst.Return) for statement in statements_below(_body_of(function)))


def _body_of(function: FunctionValue) -> cst.BaseSuite:
    return cst.IndentedBlock([]) if isinstance(function.node, cst.Lambda) else function.node.body


def _matters(machine: Machine, manager: GeneratorCall) -> bool:
    """Whether the code of a generator runs steps, or catches what fails in the block."""
    statements = statements_below(_body_of(manager.function))
    catches = any(isinstance(s, cst.Try | cst.TryStar) and s.handlers for s in statements)
    return catches or may_run_steps(machine, manager.function, manager.arguments)


def _around(
    machine: Machine, node: cst.With, item: cst.WithItem, manager: GeneratorCall, rest: Sequence[cst.WithItem]
) -> None:
    """The code of a generator up to its `yield`, the block there, and the code after it, in place."""
    outer, depth = machine.frame, machine.loop_depth
    reached: list[Value] = []

    def at_yield(value: Value) -> None:
        reached.append(value)
        inner, machine.frame = machine.frame, outer
        machine.entered.pop()
        if item.asname is not None:
            assign(machine, item.asname.name, value)
        block = machine.block_of(lambda: _items(machine, node, rest))
        machine.entered.append(manager.function.node)
        machine.frame = inner
        if block.operations:
            machine.emit(Scope(block, machine.place(item)))
        is_last = any(frozenset(ExitKind) <= context.stops for context in inner.contexts)
        if machine.loop_depth > depth or (not is_last and any(_leaves(block))):
            _report_generator(machine, manager)

    _run_generator(machine, manager, at_yield)
    if not reached:
        _report_generator(machine, manager)
        _items(machine, node, rest)


def _run_generator(machine: Machine, manager: GeneratorCall, at_yield: Callable[[Value], None]) -> None:
    """Read the code of a generator as part of the function that enters it."""
    function, outer = manager.function, machine.frame
    frame = Frame(function_scope(machine, function, manager.arguments), is_async=True)
    frame.at_yield = at_yield
    machine.entered.append(function.node)
    with machine.in_frame(frame):
        machine.execute(_body_of(function))
    machine.entered.pop()
    outer.emitted = outer.emitted or frame.emitted
    outer.has_started = outer.has_started or frame.has_started
    outer.called |= frame.called
    machine.declare_again(frame.declared)


def _yielded(machine: Machine, manager: GeneratorCall) -> Value:
    """Return what a generator without steps yields."""
    values: list[Value] = [UNKNOWN]
    machine.block_of(lambda: _run_generator(machine, manager, values.append))
    return values[-1]


def _leaves(block: Block, *, in_loop: bool = False) -> Iterator[bool]:
    """Tell of each exit in a block whether it leaves the block without an error."""
    for operation in block.operations:
        if isinstance(operation, Exit):
            yield operation.kind is ExitKind.RETURN or (operation.kind is not ExitKind.RAISE and not in_loop)
        for inner in blocks_of(operation):
            yield from _leaves(inner, in_loop=in_loop or isinstance(operation, Loop))


def _inside(machine: Machine, node: cst.With, item: cst.WithItem, manager: Value, rest: Sequence[cst.WithItem]) -> None:
    place = machine.place(item)
    if isinstance(manager, Suppressor) and manager.handler is not None:
        with machine.inside(stops=frozenset({ExitKind.RAISE})):
            outcome = machine.branch(lambda: _items(machine, node, rest), cut_short=True)
        # Whether or not it was cut short, the program goes on after it.
        left = any_way(machine.store, [outcome.changes, *outcome.passed], place)
        ways = [("no exception", outcome), (None, Outcome(EMPTY, left, live=True, reached=outcome.reached))]
        machine.rejoin(ways, "exception", place, exclusive=False)
        if outcome.block.operations:
            guards = not rest and guards_await(node.body, outcome.block)
            handlers = (manager.handler,)
            machine.emit(Protected(outcome.block, handlers, EMPTY, together=False, place=place, guards_await=guards))
        return
    if isinstance(manager, TaskGroup):
        _task_group(machine, node, place, manager, rest)
        return
    block = machine.block_of(lambda: _items(machine, node, rest))
    if block.operations:
        if isinstance(manager, External) and manager.name in TIMEOUTS and not _is_unlimited(item.item):
            report_timeout(machine, machine.place(item.item), "asyncio.timeout", block)
        _emit_body(machine, item, manager, block)


def _is_unlimited(timeout: cst.BaseExpression) -> bool:
    """`asyncio.timeout(None)`."""
    match timeout:
        case cst.Call(args=[cst.Arg(value=cst.Name("None"))]):
            return True
        case _:
            return False


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
        machine.emit(Protected(block, (), final, together=False, place=place))
    else:
        machine.emit(Scope(block, place, by_turns=_may_be_lock(manager)))


def _may_be_lock(manager: Value) -> bool:
    """Whether something is a lock, or may be one: what else there is in `asyncio` is known by its name."""
    name = manager.name if isinstance(manager, External) else made_by(manager)
    return isinstance(manager, Unknown) or (name is not None and (name in _LOCKS or not name.startswith("asyncio.")))


def _enter(machine: Machine, manager: Value, item: cst.WithItem) -> Value:
    """Return what `as` binds. An object of the project runs its `__enter__` or `__aenter__`."""
    if isinstance(manager, Alternatives):
        return machine.choose(manager, lambda chosen: _enter(machine, chosen, item))
    if isinstance(manager, Instance):
        entered = _call_method(machine, manager, ("__aenter__", "__enter__"), item)
        return manager if entered is UNKNOWN else entered
    if isinstance(manager, GeneratorCall):
        _report_generator(machine, manager)
        return _yielded(machine, manager) if _can_be_entered(machine, manager) else UNKNOWN
    return manager if isinstance(manager, TaskGroup | Resource) else UNKNOWN


def _report_generator(machine: Machine, manager: GeneratorCall) -> None:
    if may_run_steps(machine, manager.function, manager.arguments):
        machine.note(
            "context-manager",
            manager.place,
            f"`{manager.function.name}` runs steps around the block; stepgraph does not show when.",
            "Steps in it may be missing from the graph; a class with `__aenter__` and `__aexit__` is followed.",
        )


def _exit(machine: Machine, manager: Value, item: cst.WithItem) -> Value:
    if isinstance(manager, Alternatives):
        return machine.choose(manager, lambda chosen: _exit(machine, chosen, item))
    if isinstance(manager, Instance):
        _call_method(machine, manager, ("__aexit__", "__exit__"), item)
    return UNKNOWN


def _call_method(machine: Machine, manager: Instance, names: tuple[str, ...], item: cst.WithItem) -> Value:
    place = machine.place(item.item)
    method: Value = UNKNOWN
    for name in names:
        method = machine.attribute(manager, name, place)
        if not isinstance(method, Unknown | Unresolved):
            return await_value(machine, machine.call(method, Arguments(), place), place)
    return await_value(machine, method, place)
