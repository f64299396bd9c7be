"""`try`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.interpreter.frame import OpenContext, Outcome
from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.classes import resolution_order
from stepgraph.interpreter.objects.names import bind
from stepgraph.interpreter.objects.union import any_of
from stepgraph.interpreter.objects.values import UNKNOWN, ClassValue, Collection, Instance, Value
from stepgraph.interpreter.raised_exceptions import TriedCode, caught_types
from stepgraph.interpreter.store import any_way, apply
from stepgraph.ir.nodes import EMPTY, Block, CaughtType, ExitKind, Handler, Join, Protected, Scope
from stepgraph.limits import Limit
from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import statements

_Handler: TypeAlias = cst.ExceptHandler | cst.ExceptStarHandler

ALL_EXITS: Final = frozenset(ExitKind)


def execute_try(machine: Machine, node: cst.Try | cst.TryStar) -> None:
    """A `try`: its `else` ends the protected block; a handler begins with what any part of that may have changed."""
    place = machine.place(node)
    mark = machine.store.mark()
    code = TriedCode(machine)
    last = ALL_EXITS if node.finalbody is not None else frozenset()
    expects = any(handler.type is not None and "TypeError" in machine.text(handler.type) for handler in node.handlers)
    with machine.inside(stops=last | {ExitKind.RAISE} if node.handlers else last) as tried:
        machine.frame.type_errors += expects
        body = machine.branch(lambda: _body(machine, node, code), cut_short=True)
        machine.frame.type_errors -= expects
    ways: list[tuple[str | None, Outcome]] = [("no exception", body)]
    handlers: list[Handler] = []
    if body.reached is not None:
        machine.replay.go_to(body.reached)  # a step that fails has run
    with machine.inside(stops=last) as caught:
        for handler in node.handlers:
            condition = None if handler.type is None else machine.text(handler.type)
            types: list[CaughtType] = []

            def handle(handler: _Handler = handler, types: list[CaughtType] = types) -> None:
                types += _handle(machine, handler, body, tried, code)

            outcome = machine.branch(handle, condition)
            where = machine.place(handler if handler.type is None else handler.type)
            handlers.append(Handler(condition, outcome.block, tuple(types), where))
            ways.append((condition, outcome))
    machine.rejoin(ways, "exception", place, exclusive=not handlers)
    final = EMPTY
    if node.finalbody is not None:
        last_body = node.finalbody.body
        where = machine.place(node.finalbody)
        final = read_final(machine, where, lambda: machine.execute(last_body), mark, (tried, caught))
    together = isinstance(node, cst.TryStar)
    if body.block.operations or final.operations or any(h.block.operations for h in handlers):
        guards = guards_await(node.body, body.block)
        tried_body = Protected(body.block, tuple(handlers), final, together, place, guards, code.errors)
        machine.emit(tried_body)


def read_final(
    machine: Machine, place: Place, run: Callable[[], None], mark: int, left: tuple[OpenContext, ...]
) -> Block:
    """Read a `finally`: it begins with what any way out of its `try` has changed, and goes on only where that does."""
    live = machine.live
    ways = [changes for context in left for changes in context.changed]
    if ways:
        ends = [machine.store.changes(mark)] if live else []
        machine.store.rewind(mark)
        apply(machine.store, any_way(machine.store, [*ways, *ends], place))
    machine.live = True
    block = machine.block_of(run)
    loop = machine.frame.loop
    if loop is not None and any(context.kinds & {ExitKind.BREAK, ExitKind.CONTINUE} for context in left):
        loop.leaves.append(machine.store.changes(loop.mark))
    machine.live = machine.live and live
    return block


def guards_await(body: cst.BaseSuite, block: Block) -> bool:
    """Whether all that a `try` does before anything in it can fail is to await work by its name."""
    if not block.operations or not isinstance(block.operations[0], Join):
        return False
    first = next(statements(body), None)
    value = first.value if isinstance(first, cst.Expr | cst.Assign | cst.AnnAssign | cst.Return) else None
    return isinstance(value, cst.Await) and isinstance(value.expression, cst.Name)


def _body(machine: Machine, node: cst.Try | cst.TryStar, code: TriedCode) -> None:
    machine.execute(node.body)
    if node.handlers and machine.operations:
        live = machine.live
        code.read(node.body)
        machine.live = live
    if node.orelse is None or not machine.live:
        return
    rest = node.orelse.body
    block = machine.block_of(lambda: machine.execute(rest))
    if block.operations:
        machine.emit(Scope(block, machine.place(node.orelse), unprotected=True))


def _handle(
    machine: Machine, handler: _Handler, body: Outcome, tried: OpenContext, code: TriedCode
) -> tuple[CaughtType, ...]:
    """Read a handler, and return the types that it catches."""
    types: tuple[CaughtType, ...] = ()
    ways = [body.changes, *body.passed, *tried.changed]
    apply(machine.store, any_way(machine.store, ways, machine.place(handler)))
    if handler.type is not None:
        caught = machine.evaluate(handler.type)
        types = caught_types(caught, machine.place(handler.type), code.raised)
        if handler.name is not None and isinstance(handler.name.name, cst.Name):
            name = handler.name.name.value
            value = UNKNOWN if isinstance(handler, cst.ExceptStarHandler) else _caught(machine, caught, name)
            bind(machine, name, value)
    machine.execute(handler.body)
    return types


def _caught(machine: Machine, types: Value, name: str) -> Value:
    """Return which of the objects of the project that were raised so far a handler may get."""
    raised = list(machine.work.raised.values())
    machine.budget.spend(Limit.ELEMENTS, len(raised))
    values: list[Value] = [value for value in raised if _may_catch(types, value)]
    place = machine.place(machine.frame.own.module.tree)
    return any_of(values, [value.of.name for value in values if isinstance(value, Instance)], name, place)


def _may_catch(types: Value, raised: Instance) -> bool:
    """Whether something of a type is caught; of types that are not classes of the project, any may be."""
    if isinstance(types, Collection):
        return any(_may_catch(item.value, raised) for item in types.items)
    return not isinstance(types, ClassValue) or types in resolution_order(raised.of)
