"""Generators of the project whose code runs steps: it is shown instead of the loop, its body at each yield.

That is exact if the loop takes all that the generator gives, or if leaving the loop also leaves its code.
Anything else is shown as one call at each pass, and reported.
"""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.frame import Frame, InlinedGenerator, LoopState
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.values import Element, FunctionValue, GeneratorCall, Value
from stepgraph.interpreter.store import apply, join_any
from stepgraph.interpreter.summaries import function_scope, may_run_steps, read_function
from stepgraph.ir.nodes import Block, Call, JumpKind, Run, Scope
from stepgraph.limits import Limit
from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import children, expressions_below, statements, statements_with_enclosing


class _Exits(Struct):
    """How the code of a generator is left.

    `yields` and `returns` hold the number of loops around each statement of that kind. The code is `try_` where a
    `yield` stands in a `try` or `with`; a `yield` that is part of a test or of another head of a statement is `hidden`.
    """

    yields: list[int]
    returns: list[int]
    try_: bool = False
    hidden: bool = False


def run_generator(interpreter: Interpreter, generator: GeneratorCall, frame: Frame) -> None:
    """Read the code of a generator in a frame of its own, as part of the function that goes over it."""
    function, outer = generator.function, interpreter.frame
    interpreter.entered.append(function.node)
    with interpreter.in_frame(frame):
        interpreter.execute(body_of(function))
    interpreter.entered.pop()
    outer.emitted = outer.emitted or frame.emitted
    outer.has_started = outer.has_started or frame.has_started
    outer.called |= frame.called
    interpreter.declare_again(frame.declared)


def body_of(function: FunctionValue) -> cst.BaseSuite:
    """Return the body of a generator, which is empty for a lambda."""
    return cst.IndentedBlock([]) if isinstance(function.node, cst.Lambda) else function.node.body


def inlined(
    interpreter: Interpreter, generator: GeneratorCall, take: Callable[[Value], None], place: Place, *, broken: bool
) -> bool:
    """Show the code of a generator with what is done with each value at its place; return whether that is exact.

    The loop may be `broken` off. Nothing is done for a generator that runs no steps, and for one that is not exact.
    """
    interpreter.work.begun.add(id(generator.place.node))
    if not may_run_steps(interpreter, generator.function, generator.arguments):
        return False
    around = interpreter.frame.inlined
    broken = broken or (around is not None and around.broken)
    if id(generator) in interpreter.work.exhausted or not _is_exact(interpreter, generator, broken=broken):
        interpreter.work.exhausted[id(generator)] = generator
        return False
    interpreter.work.exhausted[id(generator)] = generator
    _show(interpreter, generator, take, place, broken=broken)
    return True


def _is_exact(interpreter: Interpreter, generator: GeneratorCall, *, broken: bool) -> bool:
    if interpreter.loop_depth > generator.loop_depth:
        return False  # each pass of the loop goes on where the one before it ended
    if generator.function.node in interpreter.entered or generator.function.kind == "context":
        return False
    body = body_of(generator.function)
    exits = _exits(body)
    ends_in_loop = isinstance(_last(body), cst.For | cst.While)
    # What leaves the last loop leaves the generator.
    returns = all(depth == 0 or (depth == 1 and ends_in_loop) for depth in exits.returns)
    breaks = not broken or (ends_in_loop and all(depth == 1 for depth in exits.yields))
    return returns and breaks and not exits.try_ and not exits.hidden


def _last(body: cst.BaseSuite) -> cst.CSTNode | None:
    return [None, *statements(body)][-1]


def _exits(body: cst.BaseSuite) -> _Exits:
    exits = _Exits([], [])
    for statement, around in statements_with_enclosing(body):
        loops = [one.statement for one in around if isinstance(one.statement, cst.For | cst.While)]
        if isinstance(statement, cst.Return):
            exits.returns.append(len(loops))
        if isinstance(statement, cst.BaseCompoundStatement):
            exits.hidden = exits.hidden or _has_yield_in_head(statement)
        elif any(isinstance(node, cst.Yield) for node in expressions_below(statement)):
            exits.yields.append(len(loops))
            guards = cst.Try | cst.TryStar | cst.With
            exits.try_ = exits.try_ or any(isinstance(one.statement, guards) for one in around)
    return exits


def _has_yield_in_head(statement: cst.BaseCompoundStatement) -> bool:
    if isinstance(statement, cst.FunctionDef | cst.ClassDef):
        return False
    parts = [part for part in children(statement) if isinstance(part, cst.BaseExpression | cst.WithItem)]
    return any(isinstance(node, cst.Yield) for part in parts for node in expressions_below(part))


def _show(
    interpreter: Interpreter, generator: GeneratorCall, take: Callable[[Value], None], place: Place, *, broken: bool
) -> None:
    outer, since = interpreter.frame, interpreter.work.task_ids
    frame = Frame(function_scope(interpreter, generator.function, generator.arguments), is_async=True)
    whole = frame.loop = LoopState(interpreter.store.checkpoint())
    frame.inlined = InlinedGenerator(whole, broken)

    def at_yield(value: Value) -> None:
        inner, interpreter.frame = interpreter.frame, outer
        interpreter.entered.pop()
        loop, state = outer.loop, LoopState(interpreter.store.checkpoint())
        outer.loop = state
        block = interpreter.block_of(lambda: take(value))
        outer.loop = loop
        interpreter.entered.append(generator.function.node)
        interpreter.frame = inner
        _emit_pass(interpreter, block, state, place, since)
        if inner.loop is not None:
            inner.loop.breaks = inner.loop.breaks or state.breaks

    frame.at_yield = at_yield
    block = interpreter.block_of(lambda: run_generator(interpreter, generator, frame))
    _emit_pass(interpreter, block, whole, place, since)


def _emit_pass(interpreter: Interpreter, block: Block, state: LoopState, place: Place, since: int) -> None:
    """Emit what a `continue` leaves, and go on after it."""
    if block.operations:
        interpreter.emit(Scope(block, place, is_pass=True))
    if state.leaves:
        apply(interpreter.store, join_any(interpreter.store, state.leaves, place, since))
        interpreter.live = interpreter.live or state.continues


def leave_generator(interpreter: Interpreter, generator: InlinedGenerator, place: Place) -> None:
    """A `return` in the code of a generator ends the loop over it: outside of its own loop, or by leaving that."""
    loop = interpreter.frame.loop or generator.whole
    kind = JumpKind.CONTINUE if loop is generator.whole else JumpKind.BREAK
    if loop is generator.whole:
        loop.continues = True
    else:
        loop.breaks = True
    loop.leaves.append(interpreter.store.changes(loop.checkpoint))
    interpreter.leave(kind, place)


def resume(interpreter: Interpreter, iterable: GeneratorCall) -> None:
    """Report a generator that is not shown in place, and show it at each pass, since it runs in between them."""
    summary = read_function(interpreter, iterable.function, iterable.arguments)
    if not summary.function.works:
        return
    interpreter.emit(Run(Call(summary.function), iterable.place))
    interpreter.note(
        "generator",
        iterable.place,
        f"`{iterable.function.name}` is a generator with steps; it runs piece by piece, in between the loop's passes.",
        "The graph shows it as one call at each pass.",
    )


def all_of(interpreter: Interpreter, generator: GeneratorCall) -> tuple[Element, ...]:
    """Return what a generator yields that can lead to steps, for code that takes all of it at once."""
    interpreter.work.begun.add(id(generator.place.node))
    resume(interpreter, generator)
    yields = read_function(interpreter, generator.function, generator.arguments).yields
    interpreter.budget.spend(Limit.ELEMENTS, len(yields))
    return yields
