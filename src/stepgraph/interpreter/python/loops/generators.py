"""Loops over project generators whose code affects steps.

The code of the generator is inlined in place of the loop, with the loop body at each `yield`. This is exact if the loop
consumes all values, or if leaving the loop also leaves the code of the generator. Other loops are shown with one call
of the generator in each pass, which a note reports.
"""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.effects import call_time_matters
from stepgraph.interpreter.frame import Frame, FunctionSummary, InlinedGenerator, LoopState
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.python.jumps import emit_jump
from stepgraph.interpreter.python.loops.interpretation import join_continues
from stepgraph.interpreter.summaries import function_scope, summarize_call
from stepgraph.interpreter.values.calls import GeneratorCall
from stepgraph.interpreter.values.containers import Element
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.interpreter.workflow.dependencies import declare_again
from stepgraph.ir.nodes import Call, JumpKind, OperationBlock, Run, Scope, Suspension
from stepgraph.ir.values import UNKNOWN, Value
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import children, expressions_below, statements, statements_below, statements_with_enclosing


class _GeneratorExits(Struct):
    """The positions of `yield` and `return` in the code of a generator."""

    yields: list[int]
    """The loop depth of each statement with a `yield`."""
    returns: list[int]
    """The loop depth of each `return`."""
    has_guarded_yield: bool = False
    """Whether a `yield` is inside a `try` or `with`."""
    has_yield_in_head: bool = False
    """Whether a `yield` is in the head of a compound statement, such as its test."""
    delegates: bool = False
    """Whether the generator has a `yield from`."""


def run_generator(interpreter: Interpreter, generator: GeneratorCall, frame: Frame) -> None:
    """Execute the code of a generator in a frame, as a part of the function that iterates over or enters it."""
    function, outer = generator.function, interpreter.frame
    frame.call_place = generator.place
    with interpreter.inlining(function.node), interpreter.in_frame(frame):
        interpreter.execute(body_of(function))
    outer.emitted = outer.emitted or frame.emitted
    outer.has_started_tasks = outer.has_started_tasks or frame.has_started_tasks
    outer.called |= frame.called
    outer.raises = outer.raises or frame.raises
    outer.raises_unseen = outer.raises_unseen or frame.raises_unseen
    outer.raises_early = outer.raises_early or frame.raises_early
    declare_again(interpreter, frame.declared)


def may_handle_errors(function: FunctionValue) -> bool:
    """Return whether a generator has exception handlers or enters managers, which may swallow errors."""
    body = statements_below(body_of(function))
    return any(
        isinstance(statement, cst.With) or (isinstance(statement, cst.Try | cst.TryStar) and statement.handlers)
        for statement in body
    )


def body_of(function: FunctionValue) -> cst.BaseSuite:
    """Return the body of a generator function. The body is empty for a lambda."""
    return cst.IndentedBlock([]) if isinstance(function.node, cst.Lambda) else function.node.body


def inline_generator(
    interpreter: Interpreter,
    generator: GeneratorCall,
    take: Callable[[Value], None],
    place: SourcePlace,
    *,
    broken: bool,
) -> bool:
    """Inline the code of a generator, with `take` at each `yield`. Return whether it was inlined.

    A generator is not inlined if it has no effects on steps or cannot be inlined exactly. `broken` means that the loop
    may end early.
    """
    interpreter.work.begun.add(id(generator.place.node))
    if not call_time_matters(interpreter, generator.function, generator.arguments):
        return False
    enclosing = interpreter.frame.inlined
    broken = broken or (enclosing is not None and enclosing.may_break)
    if id(generator) in interpreter.work.exhausted or not _can_inline(interpreter, generator, broken=broken):
        interpreter.work.exhausted[id(generator)] = generator
        return False
    interpreter.work.exhausted[id(generator)] = generator
    _inline(interpreter, generator, take, place, broken=broken)
    return True


def take_first(interpreter: Interpreter, generator: GeneratorCall, place: SourcePlace) -> Value | None:
    """Inline the code of a generator up to its first `yield`, and return the yielded value.

    Return None if the generator has no effects on steps or cannot be inlined exactly.
    """
    interpreter.work.begun.add(id(generator.place.node))
    if not call_time_matters(interpreter, generator.function, generator.arguments):
        return None
    if id(generator) in interpreter.work.exhausted or not _can_stop(interpreter, generator):
        return None
    interpreter.work.exhausted[id(generator)] = generator
    since = interpreter.work.last_task_id
    frame, inlined = _inlined_frame(interpreter, generator, may_break=True)
    values: list[Value] = []

    def at_yield(value: Value) -> None:
        values.append(value)
        return_from_generator(interpreter, inlined, place)

    frame.at_yield = at_yield
    block = interpreter.block_of(lambda: run_generator(interpreter, generator, frame))
    _emit_pass(interpreter, block, inlined.body_state, place, since)
    return union_of_values(values, [place.text] * len(values), place.text, place) if values else UNKNOWN


def _can_stop(interpreter: Interpreter, generator: GeneratorCall) -> bool:
    """Return whether the code of a generator can be left at each `yield` as if by a `return`."""
    body = body_of(generator.function)
    is_exact = _ends_at(body, _exits(body).yields)
    return is_exact and _can_inline(interpreter, generator, broken=False)


def _ends_at(body: cst.BaseSuite, depths: list[int]) -> bool:
    """Return whether leaving the loops around statements at these loop depths leaves the body."""
    ends_in_loop = isinstance(last_statement(body), cst.For | cst.While)
    return all(depth == 0 or (depth == 1 and ends_in_loop) for depth in depths)


def _can_inline(interpreter: Interpreter, generator: GeneratorCall, *, broken: bool) -> bool:
    if interpreter.loop_depth > generator.loop_depth:
        return False  # each pass of the outer loop resumes the generator
    if generator.function.node in interpreter.inlined_functions or generator.function.kind == "context":
        return False
    body = body_of(generator.function)
    exits = _exits(body)
    # A `break` at a `yield` outside of loops would leave only that pass.
    breaks_are_exact = not broken or (_ends_at(body, exits.yields) and 0 not in exits.yields)
    if exits.has_guarded_yield or exits.has_yield_in_head or exits.delegates:
        return False
    return _ends_at(body, exits.returns) and breaks_are_exact


def last_statement(body: cst.BaseSuite) -> cst.CSTNode | None:
    """Return the last statement of a block. Return None if the block is empty."""
    return [None, *statements(body)][-1]


def _exits(body: cst.BaseSuite) -> _GeneratorExits:
    exits = _GeneratorExits([], [])
    for statement, enclosing in statements_with_enclosing(body):
        loops = [block.statement for block in enclosing if isinstance(block.statement, cst.For | cst.While)]
        if isinstance(statement, cst.Return):
            exits.returns.append(len(loops))
        if isinstance(statement, cst.BaseCompoundStatement):
            exits.has_yield_in_head = exits.has_yield_in_head or _has_yield_in_head(statement)
        elif yields := [node for node in expressions_below(statement) if isinstance(node, cst.Yield)]:
            exits.yields.append(len(loops))
            exits.delegates = exits.delegates or any(isinstance(node.value, cst.From) for node in yields)
            guarding_types = cst.Try | cst.TryStar | cst.With
            exits.has_guarded_yield = exits.has_guarded_yield or any(
                isinstance(block.statement, guarding_types) for block in enclosing
            )
    return exits


def _has_yield_in_head(statement: cst.BaseCompoundStatement) -> bool:
    if isinstance(statement, cst.FunctionDef | cst.ClassDef):
        return False
    parts = [part for part in children(statement) if isinstance(part, cst.BaseExpression | cst.WithItem)]
    return any(isinstance(node, cst.Yield) for part in parts for node in expressions_below(part))


def _inline(
    interpreter: Interpreter,
    generator: GeneratorCall,
    take: Callable[[Value], None],
    place: SourcePlace,
    *,
    broken: bool,
) -> None:
    outer, since = interpreter.frame, interpreter.work.last_task_id
    frame, inlined = _inlined_frame(interpreter, generator, may_break=broken)

    def at_yield(value: Value) -> None:
        state = LoopState(interpreter.store.checkpoint())
        loop = interpreter.frame.loop
        before = {} if loop is None else interpreter.store.changes(loop.checkpoint)
        with interpreter.at_yield_of(generator.function.node, outer), outer.in_loop(state):
            block = interpreter.block_of(lambda: take(value))
        _emit_pass(interpreter, block, state, place, since)
        if loop is not None:
            loop.breaks = loop.breaks or state.breaks
            loop.jump_states += [before | changes for changes in state.break_states]

    frame.at_yield = at_yield
    block = interpreter.block_of(lambda: run_generator(interpreter, generator, frame))
    _emit_pass(interpreter, block, inlined.body_state, place, since)


def _inlined_frame(
    interpreter: Interpreter, generator: GeneratorCall, *, may_break: bool
) -> tuple[Frame, InlinedGenerator]:
    """Return a new frame for the code of a generator, and the state of its inlining."""
    frame = Frame.of_body(function_scope(interpreter, generator.function, generator.arguments), is_async=True)
    frame.loop = LoopState(interpreter.store.checkpoint())
    frame.inlined = InlinedGenerator(frame.loop, may_break)
    return frame, frame.inlined


def _emit_pass(
    interpreter: Interpreter, block: OperationBlock, state: LoopState, place: SourcePlace, since: int
) -> None:
    """Emit a pass as a scope. After it, join the states of its `continue` statements."""
    if block.operations:
        interpreter.emit(Scope(block, place, is_iteration=True))
    join_continues(interpreter, state, place, since)


def return_from_generator(interpreter: Interpreter, generator: InlinedGenerator, place: SourcePlace) -> None:
    """Execute a `return` in the code of an inlined generator, which ends the loop over the generator.

    The `return` acts as a `break` of the innermost loop in the generator. Outside of a loop, it ends the generator.
    """
    loop = interpreter.frame.loop or generator.body_state
    kind = JumpKind.CONTINUE if loop is generator.body_state else JumpKind.BREAK
    if loop is generator.body_state:
        loop.continues = True
    else:
        loop.breaks = True
    loop.jump_states.append(interpreter.store.changes(loop.checkpoint))
    emit_jump(interpreter, kind, place)


def emit_generator_call(interpreter: Interpreter, iterable: GeneratorCall) -> FunctionSummary:
    """Emit one call of a generator that is not inlined, and return the summary of the call.

    The call is reported if it runs steps, because these run between the passes of a loop.
    """
    summary = summarize_call(interpreter, iterable.function, iterable.arguments, iterable.place)
    if not summary.function.may_run_steps:
        if summary.function.suspension is not Suspension.NEVER:
            interpreter.record_suspension(Suspension.MAYBE)
        return summary
    interpreter.emit(Run(Call(summary.function), iterable.place))
    interpreter.note(
        "generator",
        iterable.place,
        f"the generator `{iterable.function.name}` runs steps between the passes of a loop.",
        "The graph shows it as one call in each pass.",
    )
    return summary


def consume_generator(
    interpreter: Interpreter, generator: GeneratorCall, *, exhausts: bool = True
) -> tuple[Element, ...]:
    """Run the code of a generator at once, and return the relevant values that it yields.

    This is exact if the first consumer `exhausts` the generator. Other consumers are reported.
    """
    interpreter.work.begun.add(id(generator.place.node))
    if call_time_matters(interpreter, generator.function, generator.arguments):
        is_first = id(generator) not in interpreter.work.exhausted and interpreter.loop_depth == generator.loop_depth
        interpreter.work.exhausted[id(generator)] = generator
        if not (exhausts and is_first):
            interpreter.note(
                "generator",
                generator.place,
                f"the generator `{generator.function.name}` changes values one element at a time.",
                "The graph shows the changes where the first element is used.",
            )
    summary = emit_generator_call(interpreter, generator)
    interpreter.budget.spend(Limit.ELEMENTS, len(summary.yields))
    return summary.yields
