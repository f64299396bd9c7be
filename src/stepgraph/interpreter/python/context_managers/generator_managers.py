"""Generators as context managers. Their code is inlined around the block of the `with` statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.effects import call_time_matters, timed_effect
from stepgraph.interpreter.frame import DeferredJump, Frame
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.path_joins import PathChanges, join_ends
from stepgraph.interpreter.python.assignment import assign
from stepgraph.interpreter.python.jumps import emit_deferred
from stepgraph.interpreter.python.loops.generator_bodies import last_statement
from stepgraph.interpreter.python.loops.generators import (
    body_of,
    emit_pass,
    inlined_frame,
    may_handle_errors,
    run_generator,
)
from stepgraph.interpreter.summaries import function_scope
from stepgraph.interpreter.values.calls import GeneratorCall
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.ir.nodes import Await, JumpKind, OperationBlock, Scope, StartOperation, operations_in
from stepgraph.ir.values import UNKNOWN, Unresolved, Value
from stepgraph.model.vocabulary import NO_EXCEPTION
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import all_nodes, expressions_below, self_and_statements_below, statements, statements_below


class ManagedBlock(Struct, frozen=True):
    """A block and its context manager."""

    node: cst.BaseExpression
    """The expression that evaluates to the manager."""
    place: SourcePlace
    """The `with` item, or the call that pushes the manager on an exit stack."""
    target: cst.BaseExpression | None
    """The target for the result of entering the manager, if any."""
    is_async: bool
    """Whether the manager is entered with `__aenter__` and left with `__aexit__`, or the callback is awaited."""
    body: Callable[[], None]
    """The function that executes the block."""
    suite: cst.BaseSuite | None = None
    """The statements of the block, if this is the innermost manager of a `with` statement."""


def is_inlined(interpreter: Interpreter, manager: Value) -> bool:
    """Return whether a manager is a generator whose code is inlined around the block."""
    return (
        isinstance(manager, GeneratorCall) and can_inline(interpreter, manager) and _is_relevant(interpreter, manager)
    )


def can_inline(interpreter: Interpreter, manager: GeneratorCall) -> bool:
    """Return whether a generator is a context manager that yields first and is not being inlined already."""
    function = manager.function
    if function.kind != "context" or interpreter.is_recursive(function.node, manager.serial):
        return False
    statements_in_order = statements_below(body_of(function))
    first = next((each for each in statements_in_order if isinstance(each, cst.Return) or _has_yield(each)), None)
    return not isinstance(first, cst.Return)  # Python raises a RuntimeError if a generator returns before it yields


def _returns(function: FunctionValue) -> bool:
    """Return whether a generator has a `return` statement."""
    return any(isinstance(statement, cst.Return) for statement in statements_below(body_of(function)))


def _is_relevant(interpreter: Interpreter, manager: GeneratorCall) -> bool:
    """Return whether the code of a generator may affect steps, or handle errors from the block."""
    return may_handle_errors(manager.function) or call_time_matters(interpreter, manager.function, manager.arguments)


def inline_manager(interpreter: Interpreter, managed: ManagedBlock, manager: GeneratorCall) -> None:
    """Execute the code of a generator in place, with the block at its `yield`.

    A `break`, `continue` or `return` out of the block also runs the code after the `yield`. It is deferred to the end
    of the generator, unless only handlers, `finally` blocks and exits of managers follow the `yield`.
    """
    outer, depth = interpreter.frame, interpreter.loop_depth
    is_last = _ends_at_yield(body_of(manager.function)) and not _returns(manager.function)
    yielded: list[_YieldedBlock] = []

    def at_yield(value: Value) -> None:
        with interpreter.at_yield_of(outer):
            if managed.target is not None:
                assign(interpreter, managed.target, value)
            defers = not is_last and interpreter.loop_depth == depth
            yielded.append(_execute_block(interpreter, managed, defers=defers))
        if interpreter.loop_depth > depth or yielded[-1].leaves_early:
            report_manager(interpreter, manager)

    _execute_generator(interpreter, manager, at_yield)
    if not yielded:
        report_manager(interpreter, manager)
        managed.body()
    jumps = [jump for block in yielded for jump in block.jumps]
    deferred = list({(jump.place.node, jump.condition): jump for jump in jumps}.values())  # one for several `yield`s
    always = len(yielded) == 1 and not yielded[0].may_end
    may_swallow = _may_swallow(body_of(manager.function))
    if outer.returns_awaitable and any(jump.kind is JumpKind.RETURN for jump in deferred):
        report_manager(interpreter, manager)  # the returned awaitable begins only after the exit
    _resume_jumps(interpreter, deferred, always=always, may_swallow=may_swallow)


class _YieldedBlock(Struct, frozen=True):
    """The block of a `with`, executed at a `yield`."""

    jumps: tuple[DeferredJump, ...]
    """The deferred jumps that leave the block."""
    may_end: bool
    """Whether the end of the block is reachable."""
    leaves_early: bool
    """Whether a `return` inside a loop of the block leaves the block without being deferred."""


def _execute_block(interpreter: Interpreter, managed: ManagedBlock, *, defers: bool) -> _YieldedBlock:
    """Execute the block of a `with`. With `defers`, jumps out of the block are deferred and lead to its end."""
    since = interpreter.work.last_task_id
    stops = _DEFERRED if defers else frozenset()
    with interpreter.open_context(stops=stops) as context:
        context.deferred = [] if defers else None
        block = interpreter.block_of(managed.body)
    may_end, jumps = interpreter.is_reachable, tuple(context.deferred or ())
    if block.operations:
        interpreter.emit(Scope(block, managed.place, is_iteration=bool(jumps)))
    if jumps:
        ends = [PathChanges(None, changes) for changes in context.jump_states]
        if may_end:
            ends.append(PathChanges(None, interpreter.store.changes(context.checkpoint)))
        interpreter.expose(context.checkpoint)
        interpreter.store.rollback(context.checkpoint)
        join_ends(interpreter.store, ends, managed.place, since)
        interpreter.is_reachable = True
    return _YieldedBlock(jumps, may_end, defers and context.has_passed)


_DEFERRED: Final = frozenset([JumpKind.BREAK, JumpKind.CONTINUE, JumpKind.RETURN])


def _may_swallow(body: cst.BaseSuite) -> bool:
    """Return whether managers or handlers in a generator may swallow an error from the block."""
    return any(
        isinstance(statement, cst.With)
        or (
            isinstance(statement, cst.Try | cst.TryStar)
            and not all(isinstance(last_statement(handler.body), cst.Raise) for handler in statement.handlers)
        )
        for statement in statements_below(body)
    )


def _resume_jumps(interpreter: Interpreter, jumps: Sequence[DeferredJump], *, always: bool, may_swallow: bool) -> None:
    """Emit the deferred jumps of a block at the end of its generator.

    If the block `always` jumps, one of the jumps is taken, unless the generator has swallowed an error.
    """
    for index, jump in enumerate(jumps):
        is_last = always and index == len(jumps) - 1
        if not interpreter.is_reachable:
            return
        if is_last and not may_swallow:
            emit_deferred(interpreter, jump)
            return
        condition = jump.condition or (NO_EXCEPTION if is_last else jump.kind.value)
        path = interpreter.branch(partial(emit_deferred, interpreter, jump), condition)
        interpreter.emit_choice([(condition, path.block)], None, jump.place)


def _ends_at_yield(suite: cst.BaseSuite) -> bool:
    """Return whether only handlers, `finally` blocks and exits of managers follow the `yield` of a generator."""
    match list(statements(suite))[-1:]:
        case [cst.Expr(value=cst.Yield()) | cst.Assign(value=cst.Yield())]:
            return True
        case [cst.Try(orelse=None, body=body) | cst.With(body=body)]:
            return _ends_at_yield(body)
        case _:
            return False


def _execute_generator(interpreter: Interpreter, manager: GeneratorCall, at_yield: Callable[[Value], None]) -> None:
    """Execute the code of a generator as part of the function that enters it."""
    interpreter.work.begun.add(id(manager.place.node))
    if not _returns(manager.function):
        frame = Frame.of_body(function_scope(interpreter, manager.function, manager.arguments), is_async=True)
        frame.at_yield = at_yield
        run_generator(interpreter, manager, frame)
        return
    since = interpreter.work.last_task_id
    frame, inlined = inlined_frame(interpreter, manager)
    frame.at_yield = at_yield
    block = interpreter.block_of(lambda: run_generator(interpreter, manager, frame))
    emit_pass(interpreter, block, inlined.body_state, manager.place, since)


class GeneratorHalves(Struct, frozen=True):
    """The statements of a generator that is a context manager, before and after its only `yield`."""

    before: tuple[cst.CSTNode, ...]
    """The statements that run when the manager is entered, with the `yield`."""
    after: tuple[cst.CSTNode, ...]
    """The statements that run when the manager is left. All of them may be skipped, as after an error."""
    enclosing: cst.Try | None = None
    """The `try` around the `yield`, if any. Each of its handlers ends with `raise`."""


def halves_of(interpreter: Interpreter, manager: GeneratorCall) -> GeneratorHalves | None:
    """Return the halves of a generator between which other code can run. Return None if the code cannot be split.

    It can be split if the `yield` is a statement of the body, or the only statement of a final `try` that swallows no
    error. The second half then runs separately, so it must not change values that steps depend on.
    """
    if not can_inline(interpreter, manager) or _returns(manager.function):
        return None
    body = tuple(statements(body_of(manager.function)))
    holders = [index for index, each in enumerate(body) if any(map(_has_yield, self_and_statements_below(each)))]
    if len(holders) != 1:
        return None
    match body[(index := holders[0])]:
        case cst.Expr(value=cst.Yield(value=value)) if not isinstance(value, cst.From):
            halves = GeneratorHalves(body[: index + 1], body[index + 1 :])
        case cst.Try(body=block, handlers=handlers, finalbody=finalbody) as enclosing if index == len(body) - 1:
            after = () if finalbody is None else tuple(statements(finalbody.body))
            match [*statements(block)]:
                case [cst.Expr(value=cst.Yield(value=value)) as last] if not isinstance(value, cst.From) and all(
                    map(_raises_again, handlers)
                ):
                    halves = GeneratorHalves((*body[:index], last), after, enclosing)
                case _:
                    return None
        case _:
            return None
    return halves if _is_separable(interpreter, manager, halves) else None


def _raises_again(handler: cst.ExceptHandler) -> bool:
    """Return whether a handler ends by raising the caught exception again."""
    last = last_statement(handler.body)
    return isinstance(last, cst.Raise) and last.exc is None


def _has_yield(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.BaseSmallStatement) and any(
        isinstance(node, cst.Yield) for node in expressions_below(statement)
    )


def _is_separable(interpreter: Interpreter, manager: GeneratorCall, halves: GeneratorHalves) -> bool:
    """Return whether the second half of a generator neither changes values that steps depend on nor awaits tasks.

    It may bind variables of the generator that the first half does not name.
    """
    results: list[bool] = []
    names = {node.value for each in halves.before for node in all_nodes(each) if isinstance(node, cst.Name)}

    def run() -> None:
        before, frame = _run_first_half(interpreter, manager, halves)
        with interpreter.store.logged(interpreter.store.serial, isolated=True) as log:
            after = interpreter.block_of(lambda: _run_second_half(interpreter, manager, frame, halves))
        has_tasks = any(
            isinstance(each, StartOperation | Await) for block in (before, after) for each in operations_in(block)
        )
        writes = [each for each in log if each.container is not frame.scope.names or each.key in names]
        results.append(interpreter.is_reachable and not has_tasks and not any(each.affects_steps for each in writes))

    with interpreter.without_replay():
        interpreter.branch(run)
    return results[0]


def _run_first_half(
    interpreter: Interpreter, manager: GeneratorCall, halves: GeneratorHalves
) -> tuple[OperationBlock, Frame]:
    frame = Frame.of_body(function_scope(interpreter, manager.function, manager.arguments), is_async=True)
    frame.at_yield = lambda _: None
    return interpreter.block_of(lambda: run_generator(interpreter, manager, frame, halves.before)), frame


def _run_second_half(interpreter: Interpreter, manager: GeneratorCall, frame: Frame, halves: GeneratorHalves) -> None:
    """Execute one of the handlers without its `raise`, or the `else` block, and then the other statements."""
    if halves.enclosing is not None:
        module = manager.function.scope.module
        paths = [
            (condition, interpreter.branch(partial(run_generator, interpreter, manager, frame, part)))
            for condition, part in _endings(halves.enclosing, module)
        ]
        interpreter.join_branches(paths, "exception", SourcePlace(module, halves.enclosing))
    run_generator(interpreter, manager, frame, halves.after)


def _endings(node: cst.Try, module: SourceModule) -> Iterator[tuple[str, Sequence[cst.CSTNode]]]:
    """Yield the condition and the statements of each handler, without its `raise`, and those of the `else` block."""
    for handler in node.handlers:
        condition = "exception" if handler.type is None else module.text(handler.type)
        yield condition, list(statements(handler.body))[:-1]
    if node.orelse is not None:
        yield NO_EXCEPTION, list(statements(node.orelse.body))


def enter_half(interpreter: Interpreter, manager: GeneratorCall, halves: GeneratorHalves) -> Value:
    """Execute the first half of a generator, and return the yielded value."""
    interpreter.work.begun.add(id(manager.place.node))
    values: list[Value] = []
    frame = Frame.of_body(function_scope(interpreter, manager.function, manager.arguments), is_async=True)
    frame.at_yield = values.append
    run_generator(interpreter, manager, frame, halves.before)
    return values[-1] if values else UNKNOWN


def leave_half(interpreter: Interpreter, manager: GeneratorCall) -> None:
    """Execute the second half of a generator, in the state after the first half."""
    halves = halves_of(interpreter, manager)
    if halves is None:
        report_manager(interpreter, manager)
        return
    blocks: list[OperationBlock] = []

    def run() -> None:
        _, frame = _run_first_half(interpreter, manager, halves)
        blocks.append(interpreter.block_of(lambda: _run_second_half(interpreter, manager, frame, halves)))

    interpreter.branch(run)
    for operation in blocks[0].operations:
        interpreter.emit(operation)


def yielded_value(interpreter: Interpreter, manager: GeneratorCall) -> Value:
    """Return the value that a generator without steps yields, or the union of the values of several `yield`s."""
    if interpreter.is_recursive(manager.function.node, manager.serial):
        return Unresolved("its context manager enters itself", manager.place)
    values: list[Value] = []
    interpreter.block_of(lambda: _execute_generator(interpreter, manager, values.append))
    text = manager.place.text
    return union_of_values(values, [text] * len(values), text, manager.place) if values else UNKNOWN


def report_manager(interpreter: Interpreter, manager: GeneratorCall) -> None:
    """Report a generator that is used as a context manager and affects steps at an unmodeled time."""
    interpreter.work.begun.add(id(manager.place.node))
    effect = timed_effect(interpreter, manager.function, manager.arguments)
    if effect is not None:
        interpreter.note(
            "context-manager",
            manager.place,
            f"the context manager `{manager.function.name}` {effect} at a time that stepgraph cannot determine.",
            "Steps in it may be missing from the graph. Use a class with `__aenter__` and `__aexit__`.",
        )
