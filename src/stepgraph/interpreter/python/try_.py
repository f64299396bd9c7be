"""`try`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.interpreter.frame import OpenContext, PathResult
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import resolution_order
from stepgraph.interpreter.objects.names import bind
from stepgraph.interpreter.objects.union import any_of
from stepgraph.interpreter.objects.values import UNKNOWN, ClassValue, Collection, Instance, Value
from stepgraph.interpreter.raised_exceptions import TriedCode, caught_types
from stepgraph.interpreter.store import apply, join_any
from stepgraph.ir.nodes import EMPTY, Await, Block, CaughtType, Handler, JumpKind, Scope, Try
from stepgraph.limits import Limit
from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import statements

_Handler: TypeAlias = cst.ExceptHandler | cst.ExceptStarHandler

ALL_EXITS: Final = frozenset(JumpKind)


def execute_try(interpreter: Interpreter, node: cst.Try | cst.TryStar) -> None:
    """A `try`: its `else` ends the protected block; a handler begins with what any part of that may have changed."""
    place = interpreter.place(node)
    checkpoint = interpreter.store.checkpoint()
    code = TriedCode(interpreter)
    last = ALL_EXITS if node.finalbody is not None else frozenset()
    expects = any(
        handler.type is not None and "TypeError" in interpreter.text(handler.type) for handler in node.handlers
    )
    with interpreter.inside(stops=last | {JumpKind.RAISE} if node.handlers else last) as tried:
        interpreter.frame.type_errors += expects
        body = interpreter.branch(lambda: _body(interpreter, node, code), cut_short=True)
        interpreter.frame.type_errors -= expects
    ways: list[tuple[str | None, PathResult]] = [("no exception", body)]
    handlers: list[Handler] = []
    if body.reached is not None:
        interpreter.replay.go_to(body.reached)  # a step that fails has run
    with interpreter.inside(stops=last) as caught:
        for handler in node.handlers:
            condition = None if handler.type is None else interpreter.text(handler.type)
            types: list[CaughtType] = []

            def task_id(handler: _Handler = handler, types: list[CaughtType] = types) -> None:
                types += _handle(interpreter, handler, body, tried, code)

            outcome = interpreter.branch(task_id, condition)
            where = interpreter.place(handler if handler.type is None else handler.type)
            handlers.append(Handler(condition, outcome.block, tuple(types), where))
            ways.append((condition, outcome))
    interpreter.rejoin(ways, "exception", place, exclusive=not handlers)
    finalbody = EMPTY
    if node.finalbody is not None:
        last_body = node.finalbody.body
        where = interpreter.place(node.finalbody)
        finalbody = execute_finally(
            interpreter, where, lambda: interpreter.execute(last_body), checkpoint, (tried, caught)
        )
    except_star = isinstance(node, cst.TryStar)
    if body.block.operations or finalbody.operations or any(h.block.operations for h in handlers):
        guards = guards_await(node.body, body.block)
        tried_body = Try(body.block, tuple(handlers), finalbody, except_star, place, guards, code.errors)
        interpreter.emit(tried_body)


def execute_finally(
    interpreter: Interpreter, place: Place, run: Callable[[], None], checkpoint: int, left: tuple[OpenContext, ...]
) -> Block:
    """Read a `finally`: it begins with what any way out of its `try` has changed, and goes on only where that does."""
    live = interpreter.live
    ways = [changes for context in left for changes in context.changed]
    if ways:
        ends = [interpreter.store.changes(checkpoint)] if live else []
        interpreter.store.rollback(checkpoint)
        apply(interpreter.store, join_any(interpreter.store, [*ways, *ends], place))
    interpreter.live = True
    block = interpreter.block_of(run)
    loop = interpreter.frame.loop
    if loop is not None and any(context.kinds & {JumpKind.BREAK, JumpKind.CONTINUE} for context in left):
        loop.leaves.append(interpreter.store.changes(loop.checkpoint))
    interpreter.live = interpreter.live and live
    return block


def guards_await(body: cst.BaseSuite, block: Block) -> bool:
    """Whether all that a `try` does before anything in it can fail is to await work by its name."""
    if not block.operations or not isinstance(block.operations[0], Await):
        return False
    first = next(statements(body), None)
    value = first.value if isinstance(first, cst.Expr | cst.Assign | cst.AnnAssign | cst.Return) else None
    return isinstance(value, cst.Await) and isinstance(value.expression, cst.Name)


def _body(interpreter: Interpreter, node: cst.Try | cst.TryStar, code: TriedCode) -> None:
    interpreter.execute(node.body)
    if node.handlers and interpreter.operations:
        live = interpreter.live
        code.read(node.body)
        interpreter.live = live
    if node.orelse is None or not interpreter.live:
        return
    rest = node.orelse.body
    block = interpreter.block_of(lambda: interpreter.execute(rest))
    if block.operations:
        interpreter.emit(Scope(block, interpreter.place(node.orelse), unprotected=True))


def _handle(
    interpreter: Interpreter, handler: _Handler, body: PathResult, tried: OpenContext, code: TriedCode
) -> tuple[CaughtType, ...]:
    """Read a handler, and return the types that it catches."""
    types: tuple[CaughtType, ...] = ()
    ways = [body.changes, *body.passed, *tried.changed]
    apply(interpreter.store, join_any(interpreter.store, ways, interpreter.place(handler)))
    if handler.type is not None:
        caught = interpreter.evaluate(handler.type)
        types = caught_types(caught, interpreter.place(handler.type), code.raised)
        if handler.name is not None and isinstance(handler.name.name, cst.Name):
            name = handler.name.name.value
            value = UNKNOWN if isinstance(handler, cst.ExceptStarHandler) else _caught(interpreter, caught, name)
            bind(interpreter, name, value)
    interpreter.execute(handler.body)
    return types


def _caught(interpreter: Interpreter, types: Value, name: str) -> Value:
    """Return which of the objects of the project that were raised so far a handler may get."""
    raised = list(interpreter.work.raised.values())
    interpreter.budget.spend(Limit.ELEMENTS, len(raised))
    values: list[Value] = [value for value in raised if _may_catch(types, value)]
    place = interpreter.place(interpreter.frame.own.module.tree)
    return any_of(values, [value.of.name for value in values if isinstance(value, Instance)], name, place)


def _may_catch(types: Value, raised: Instance) -> bool:
    """Whether something of a type is caught; of types that are not classes of the project, any may be."""
    if isinstance(types, Collection):
        return any(_may_catch(item.value, raised) for item in types.items)
    return not isinstance(types, ClassValue) or types in resolution_order(raised.of)
