"""Execution of `with` and `async with` statements, including the blocks of task groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.escapes import NOT_MODELED, report_escape
from stepgraph.interpreter.frame import OpenContext, PathResult
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.path_joins import apply, join_any
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.python.assignment import assign
from stepgraph.interpreter.python.context_managers.exit_stacks import (
    Push,
    exit_early,
    has_other_uses,
    pop_in,
    push_of,
    pushed_arguments,
    report_swallowing,
    run_pushed,
    run_unless_popped,
)
from stepgraph.interpreter.python.context_managers.generator_managers import (
    ManagedBlock,
    inline_manager,
    is_inlined,
    report_manager,
    yielded_value,
)
from stepgraph.interpreter.python.context_managers.managers import (
    ExitEffects,
    enter_object,
    exit_effects,
    exit_object,
    is_attempt,
    limits_tasks,
    may_be_lock,
    may_swallow,
)
from stepgraph.interpreter.python.loops.generators import may_handle_errors
from stepgraph.interpreter.python.try_ import ALL_EXITS, execute_finally, guards_await
from stepgraph.interpreter.raised_exceptions import BlockErrors
from stepgraph.interpreter.values.calls import Arguments, ExitStack, GeneratorCall, Suppressor, WrappingManager
from stepgraph.interpreter.values.objects import ClassValue, DecoratingManager, FunctionValue, ProjectObject
from stepgraph.interpreter.values.tasks import TaskGroup
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.awaiting import await_value, emit_await
from stepgraph.interpreter.workflow.early_raises import resolve_caught_raises, resolve_raises_at_finally
from stepgraph.interpreter.workflow.resuming import resume_tasks
from stepgraph.interpreter.workflow.timeouts import report_canceled_group, report_timeout
from stepgraph.ir.await_groups import AwaitedTask, AwaitGroup
from stepgraph.ir.exceptions import NonStepErrors
from stepgraph.ir.facts import TimeoutFunction
from stepgraph.ir.nodes import (
    EMPTY_BLOCK,
    Activity,
    Await,
    Call,
    Handler,
    JumpKind,
    OperationBlock,
    Pause,
    Scope,
    StartOperation,
    Suspension,
    TryOperation,
)
from stepgraph.ir.values import UNKNOWN, External, Resource, Unresolved, Value
from stepgraph.ir.walk import contains_raise, may_run_steps, walk_operations
from stepgraph.model.vocabulary import NO_EXCEPTION, no_call
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import statements

# The timeout functions of `asyncio`, by the name of the value that they return.
TIMEOUTS: Final[Mapping[str, TimeoutFunction]] = {
    "asyncio.timeout()": "asyncio.timeout",
    "asyncio.timeout_at()": "asyncio.timeout_at",
}

_DEPTH_OF_MANAGER: Final = 300
"""The number of nested blocks as which a manager counts in `Limit.DEPTH`.

At most 100 managers fit into each other, like the blocks that CPython can indent. Building a graph takes quadratic
time in the depth of its blocks.
"""


def execute_with(interpreter: Interpreter, node: cst.With) -> None:
    """Execute a `with`: enter its managers in order and execute the body inside them."""
    if node.asynchronous is not None and not interpreter.frame.is_async:
        from stepgraph.interpreter.modules.unloadable_imports import observe_misplaced_await

        observe_misplaced_await(interpreter, node, "async with")
    _execute_items(interpreter, node, node.items)


def _execute_items(interpreter: Interpreter, node: cst.With, items: Sequence[cst.WithItem]) -> None:
    if not items:
        interpreter.execute(node.body)
        return
    item, *later_items = items
    managed = ManagedBlock(
        item.item,
        interpreter.place(item),
        None if item.asname is None else item.asname.name,
        is_async=node.asynchronous is not None,
        body=lambda: _execute_nested(interpreter, lambda: _execute_items(interpreter, node, later_items)),
        suite=None if later_items else node.body,
    )
    _enter(interpreter, managed, interpreter.evaluate(item.item))


def execute_managed(
    interpreter: Interpreter, managers: Sequence[DecoratingManager], module: SourceModule, body: cst.BaseSuite | None
) -> None:
    """Execute the body of a function of a module inside the managers that decorate the function, innermost first.

    Without a body, the function is async, and its coroutine begins later.
    """
    if not managers:
        if body is not None:
            interpreter.execute(body)
        return
    *inner, outermost = managers
    managed = ManagedBlock(
        outermost.node,
        SourcePlace(module, outermost.node),
        None,
        is_async=outermost.is_async,
        body=lambda: _execute_nested(interpreter, lambda: execute_managed(interpreter, inner, module, body)),
        suite=None if inner else body,
    )
    _enter(interpreter, managed, outermost.manager)


def _execute_nested(interpreter: Interpreter, body: Callable[[], None]) -> None:
    """Execute the block of a manager. Raises LimitExceededError if it is inside too many others."""
    budget = interpreter.budget
    budget.depth -= _DEPTH_OF_MANAGER
    budget.check()
    body()
    budget.depth += _DEPTH_OF_MANAGER


def _enter(interpreter: Interpreter, managed: ManagedBlock, manager: Value) -> None:
    """Enter a manager and execute its block, once for each case of a union if a case is inlined or a suppressor."""
    if isinstance(manager, Union) and any(
        isinstance(case.value, Suppressor) or is_inlined(interpreter, case.value) for case in manager.cases
    ):
        interpreter.apply_to_cases(manager, lambda chosen: _enter_case(interpreter, managed, chosen))
        return
    _enter_case(interpreter, managed, manager)


def _enter_case(interpreter: Interpreter, managed: ManagedBlock, manager: Value) -> Value:
    if isinstance(manager, GeneratorCall) and is_inlined(interpreter, manager):
        inline_manager(interpreter, managed, manager)
        return UNKNOWN
    entered = _entered_value(interpreter, managed, manager)
    if managed.target is not None:
        assign(interpreter, managed.target, entered)
    if managed.is_async and isinstance(manager, GeneratorCall | Union):
        interpreter.record_suspension(Suspension.MAYBE)
    _execute_inside(interpreter, managed, manager)
    return UNKNOWN


def _execute_inside(interpreter: Interpreter, managed: ManagedBlock, manager: Value) -> None:
    """Execute a block with the effects of its manager's exit."""
    match manager:
        case Suppressor(handler=Handler() as handler):
            catches_type_error = "TypeError" in (handler.condition or "")
            interpreter.frame.type_error_handlers += catches_type_error
            _execute_as_try(interpreter, managed, ExitEffects(), handler, lambda: None)
            interpreter.frame.type_error_handlers -= catches_type_error
        case TaskGroup():
            _execute_task_group(interpreter, managed.place, managed.body, manager)
        case ExitStack():
            _execute_with_stack(interpreter, managed, manager)
        case WrappingManager(closing=str(closing)):
            place = SourcePlace(managed.place.module, managed.node)
            method = interpreter.attribute(manager.content, closing, place)
            effects = ExitEffects(has_effects=method.relevant)
            _execute_as_try(interpreter, managed, effects, None, partial(_call_on_exit, interpreter, method, managed))
        case ProjectObject() | Union():
            _execute_with_object(interpreter, managed, manager)
        case GeneratorCall(function=function) if may_handle_errors(function):
            _execute_as_try(interpreter, managed, ExitEffects(), _swallowing_handler(managed), lambda: None)
        case _ if is_attempt(interpreter, manager, managed.node):
            _execute_as_try(interpreter, managed, ExitEffects(), _swallowing_handler(managed), lambda: None)
        case _:
            _execute_with_unknown(interpreter, managed, manager)


def _call_on_exit(interpreter: Interpreter, method: Value, managed: ManagedBlock) -> None:
    result = interpreter.call(method, Arguments(), managed.place)
    if managed.is_async:
        await_value(interpreter, result, managed.place)


def _swallowing_handler(managed: ManagedBlock) -> Handler:
    return Handler(None, EMPTY_BLOCK, place=managed.place)


def _execute_with_object(interpreter: Interpreter, managed: ManagedBlock, manager: Value) -> None:
    """Execute a block whose manager is an object of the project, or a function that an exit stack calls at the exit.

    The exit becomes a `finally` block, with an empty handler if it may swallow errors.
    """
    place = SourcePlace(managed.place.module, managed.node)
    effects = exit_effects(interpreter, manager, place, is_async=managed.is_async)
    handler = _swallowing_handler(managed) if effects.swallows else None

    def leave() -> None:
        exit_object(interpreter, manager, place, is_async=managed.is_async)

    if handler is None and not isinstance(manager, FunctionValue) and may_swallow(manager):
        managed = replace(managed, body=partial(_execute_maybe_swallowed, interpreter, managed))
    _execute_as_try(interpreter, managed, effects, handler, leave, by_turns=may_be_lock(manager))


def _execute_as_try(
    interpreter: Interpreter,
    managed: ManagedBlock,
    effects: ExitEffects,
    handler: Handler | None,
    leave: Callable[[], None],
    *,
    by_turns: bool = False,
) -> None:
    """Execute a block as the body of a `try` with an empty handler, a `finally` block or both, if these are needed.

    With `by_turns`, only one task at a time executes a block that needs neither.
    """
    place = managed.place
    checkpoint = interpreter.store.checkpoint()
    stops = ALL_EXITS if effects.has_effects else frozenset({JumpKind.RAISE} if handler is not None else ())
    with interpreter.open_context(stops=stops) as context, interpreter.collect_exposed(checkpoint) as interrupted:
        block = (
            interpreter.block_of(managed.body) if handler is None else _execute_swallowed(interpreter, managed, context)
        )
    exits = ((context,), interrupted) if effects.has_effects else ((), ())
    finalbody = execute_finally(interpreter, place, leave, checkpoint, *exits)
    if handler is not None and handler.types:
        block = resolve_caught_raises(interpreter, block, context, [handler])
    block = resolve_raises_at_finally(interpreter, block, (context,), finalbody)
    if finalbody.operations or (handler is not None and block.operations):
        handlers = () if handler is None else (handler,)
        suite = managed.suite
        guards = handler is not None and suite is not None and guards_await(suite, block)
        errors = _own_errors(interpreter, suite) if handler is not None and handler.types else NonStepErrors.ANY
        operation = TryOperation(block, handlers, finalbody, except_star=False, place=place)
        interpreter.emit(replace(operation, guards_await=guards, non_step_errors=errors))
    elif block.operations:
        interpreter.emit(Scope(block, place, serialized=by_turns))


def _own_errors(interpreter: Interpreter, suite: cst.BaseSuite | None) -> NonStepErrors:
    """Return the errors that a block may raise outside of its steps."""
    if suite is None:
        return NonStepErrors.ANY
    errors = BlockErrors(interpreter)
    errors.visit(suite)
    return errors.own_errors


def _execute_swallowed(interpreter: Interpreter, managed: ManagedBlock, context: OpenContext) -> OperationBlock:
    """Execute a block whose errors are swallowed. Code after the block also runs in the state at each error."""
    outcome = interpreter.branch(managed.body, cut_short=True)
    states = [outcome.changes, *outcome.overwritten, *context.jump_states]
    interrupted = join_any(interpreter.store, states, managed.place)
    paths = [
        (NO_EXCEPTION, outcome),
        (None, PathResult(EMPTY_BLOCK, interrupted, is_reachable=True, position=outcome.position)),
    ]
    interpreter.join_path_results(paths, "exception", managed.place, exclusive=False)
    return outcome.block


def _execute_with_unknown(interpreter: Interpreter, managed: ManagedBlock, manager: Value) -> None:
    """Execute the block of a manager whose exit is not interpreted, and report a timeout."""
    block = interpreter.block_of(
        managed.body if not may_swallow(manager) else partial(_execute_maybe_swallowed, interpreter, managed)
    )
    timeout = TIMEOUTS.get(manager.name) if isinstance(manager, External) else None
    may_suspend = managed.is_async and timeout is None
    if block.operations:
        if timeout is not None and not _is_unlimited(managed.node):
            report_timeout(interpreter, SourcePlace(managed.place.module, managed.node), timeout, block)
        is_serialized, is_limited = may_be_lock(manager), limits_tasks(manager)
        place = managed.place
        interpreter.emit(
            Scope(block, place, serialized=is_serialized, may_suspend=may_suspend, limits_tasks=is_limited)
        )
    if may_suspend and interpreter.is_reachable:
        interpreter.emit(Pause(managed.place, Suspension.MAYBE))


def _execute_maybe_swallowed(interpreter: Interpreter, managed: ManagedBlock) -> None:
    """Execute a block whose errors may be swallowed. A block that always raises is emitted with an empty handler."""
    place, checkpoint = managed.place, interpreter.store.checkpoint()
    block = interpreter.block_of(managed.body)
    if interpreter.is_reachable or not contains_raise(block):
        interpreter.operations += block.operations
        return
    states = [interpreter.store.changes(checkpoint), *interpreter.store.overwritten(checkpoint)]
    interpreter.store.rollback(checkpoint)
    apply(interpreter.store, join_any(interpreter.store, states, place))
    interpreter.is_reachable = True
    interpreter.emit(TryOperation(block, (_swallowing_handler(managed),), EMPTY_BLOCK, except_star=False, place=place))


def _execute_with_stack(interpreter: Interpreter, managed: ManagedBlock, stack: ExitStack) -> None:
    """Execute the block of an exit stack. A manager that a statement enters surrounds the rest of the block."""
    if managed.suite is None:
        managed.body()
        return
    body = list(statements(managed.suite))
    pop = pop_in(managed.target, managed.suite)
    stack.exit_condition = None if pop is None else no_call(managed.place.module.text(pop))
    if not has_other_uses(interpreter, managed.target, body):
        _execute_stacked(interpreter, stack, body)
        return
    stack.pushed = make_result_collection(interpreter, "list", ())
    block = interpreter.block_of(lambda: _execute_level(interpreter, managed, stack, body))
    stack.pushed = None
    interpreter.operations += block.operations
    if may_run_steps(block):
        report_swallowing(interpreter, stack)


def _execute_level(
    interpreter: Interpreter, managed: ManagedBlock, stack: ExitStack, body: Sequence[cst.CSTNode]
) -> None:
    """Execute statements of a stack's block, and then the callbacks that other code has pushed in the meantime."""
    outer = stack.pushed
    if outer is None:
        _execute_stacked(interpreter, stack, body)
        return
    stack.pushed = pushed = make_result_collection(interpreter, "list", ())
    level = replace(managed, body=lambda: _execute_stacked(interpreter, stack, body), suite=None)
    leave = partial(run_unless_popped, interpreter, stack, partial(run_pushed, interpreter, pushed), managed.place)
    _execute_as_try(interpreter, level, ExitEffects(has_effects=True), None, leave)
    stack.pushed = outer


def _execute_stacked(interpreter: Interpreter, stack: ExitStack, body: Sequence[cst.CSTNode]) -> None:
    for index, statement in enumerate(body):
        push = push_of(interpreter, stack, statement)
        if push is None:
            interpreter.execute_each([statement])
            continue
        if interpreter.is_reachable:
            _execute_push(interpreter, stack, push, body[index + 1 :])
        return


def _execute_push(interpreter: Interpreter, stack: ExitStack, push: Push, statements: Sequence[cst.CSTNode]) -> None:
    """Execute the rest of a block inside the manager, or before the callback, that a statement pushes on a stack."""
    managed = ManagedBlock(
        push.call.args[0].value,
        interpreter.place(push.call),
        push.target,
        is_async=push.is_async,
        body=lambda: _execute_nested(interpreter, lambda: _execute_level(interpreter, managed, stack, statements)),
    )
    arguments = pushed_arguments(interpreter, stack, push).items
    pushed = arguments[0].value if arguments and not arguments[0].star and arguments[0].keyword is None else UNKNOWN
    stack.may_run_steps = stack.may_run_steps or pushed.relevant
    if stack.exit_condition is not None and (push.enters or push.leaves):
        exit_early(interpreter, stack, Arguments(), managed.place)
    if push.enters:
        _enter(interpreter, managed, pushed)
        return
    if push.leaves and isinstance(pushed, ProjectObject | FunctionValue):
        _execute_with_object(interpreter, managed, pushed)
        return
    if push.leaves:
        report_escape(interpreter, Arguments(arguments), managed.place, NOT_MODELED)
        managed.body()
        return

    def leave() -> None:
        result = interpreter.call(pushed, Arguments(arguments[1:]), managed.place)
        if push.is_async:
            await_value(interpreter, result, managed.place)

    leave_once = partial(run_unless_popped, interpreter, stack, leave, managed.place)
    _execute_as_try(interpreter, managed, ExitEffects(has_effects=pushed.relevant), None, leave_once)


def _is_unlimited(timeout: cst.BaseExpression) -> bool:
    """Return whether a call is `asyncio.timeout(None)`."""
    match timeout:
        case cst.Call(args=[cst.Arg(value=cst.Name("None"))]):
            return True
        case _:
            return False


def _entered_value(interpreter: Interpreter, managed: ManagedBlock, manager: Value) -> Value:
    """Return the value that `as` binds, after running the `__enter__` or `__aenter__` of a project object."""
    place = SourcePlace(managed.place.module, managed.node)
    match manager:
        case Union():
            return interpreter.apply_to_cases(manager, lambda chosen: _entered_value(interpreter, managed, chosen))
        case ProjectObject():
            return enter_object(interpreter, manager, place, is_async=managed.is_async)
        case GeneratorCall():
            report_manager(interpreter, manager)
            return yielded_value(interpreter, manager)
        case Unresolved():
            return await_value(interpreter, manager, place)
        case ClassValue(metaclass=ClassValue()):
            return await_value(interpreter, Unresolved("its metaclass defines the context", place), place)
        case WrappingManager(content=content):
            return content
        case TaskGroup() | Resource() | ExitStack():
            return manager
        case _:
            # Imported here because almost all context managers are modeled.
            from stepgraph.interpreter.workflow.step_api import report_step_operand

            if not report_step_operand(interpreter, manager, place, "is entered as a context manager"):
                interpreter.escape(manager, place, "is entered as a context manager, which stepgraph does not model")
            return UNKNOWN


def _execute_task_group(
    interpreter: Interpreter, place: SourcePlace, execute: Callable[[], None], group: TaskGroup
) -> None:
    """Execute the block of a task group, whose tasks are awaited at every exit of the block."""

    def leave() -> None:
        resume_tasks(interpreter)
        members = tuple(AwaitedTask(task_id, all_runs=True) for task_id in group.state["items"])
        if members:
            awaited = AwaitGroup("all", members)
            emit_await(interpreter, Await(awaited, place, before_exit=not interpreter.is_reachable))
        else:
            interpreter.record_suspension(Suspension.MAYBE)  # the group may have tasks without steps

    def body() -> None:
        with interpreter.open_context(leave):
            execute()
        if interpreter.is_reachable:
            leave()

    block = interpreter.block_of(body)
    if not _has_single_task(block):
        activities = map(interpreter.work.activities.get, group.state["items"])
        report_canceled_group(interpreter, place, [each for activity in activities for each in _interrupted(activity)])
    if block.operations:
        interpreter.emit(Scope(block, place))


def _has_single_task(block: OperationBlock) -> bool:
    """Return whether a task group has a single task and no code that can fail and cancel the task."""
    match block.operations:
        case (StartOperation(), Await()):
            return True
        case _:
            return False


def _interrupted(activity: Activity | None) -> Iterator[OperationBlock]:
    """Yield the blocks of a call that a cancellation leaves for code that runs further steps."""
    operations = (
        (visit.operation for visit in walk_operations(activity.function.body)) if isinstance(activity, Call) else ()
    )
    for operation in operations:
        if isinstance(operation, TryOperation) and any(map(may_run_steps, _blocks_after_cancellation(operation))):
            yield operation.body


# Exception types whose handlers catch a cancellation.
_CANCELLATION: Final = frozenset(
    ["asyncio.CancelledError", "asyncio.exceptions.CancelledError", "builtins.BaseException"]
)


def _blocks_after_cancellation(try_: TryOperation) -> Iterator[OperationBlock]:
    yield try_.finalbody
    for handler in try_.handlers:
        names = {caught.name for caught in handler.types}
        if not names or names & _CANCELLATION:
            yield handler.block
