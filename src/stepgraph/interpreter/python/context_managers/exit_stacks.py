"""Exit stacks (`contextlib.ExitStack`, `AsyncExitStack`), and the managers and callbacks that are pushed on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.escapes import NOT_MODELED, report_escape
from stepgraph.interpreter.interpreter import Caller, Interpreter
from stepgraph.interpreter.objects.containers.changes import add_items
from stepgraph.interpreter.python.context_managers.generator_managers import enter_half, halves_of, leave_half
from stepgraph.interpreter.python.context_managers.managers import exit_arguments, exit_effects, may_swallow
from stepgraph.interpreter.values.calls import (
    Arguments,
    ExitStack,
    ExitStackArguments,
    GeneratorCall,
    Partial,
    PushedCallback,
    Suppressor,
)
from stepgraph.interpreter.values.containers import Collection, Element
from stepgraph.interpreter.values.objects import FunctionValue, ProjectObject
from stepgraph.interpreter.values.tasks import Gathering
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.awaiting import await_value
from stepgraph.ir.nodes import EMPTY_BLOCK, Handler, LoopOperation, OperationBlock, TryOperation
from stepgraph.ir.values import UNKNOWN, Value
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import expressions_below, statements_below, suites

_ENTER_METHODS: Final = frozenset({"enter_context", "enter_async_context"})
_CALLBACK_METHODS: Final = frozenset({"callback", "push_async_callback"})
_EXIT_METHODS: Final = frozenset({"push", "push_async_exit"})
_ASYNC_METHODS: Final = frozenset({"enter_async_context", "push_async_callback", "push_async_exit"})


class Push(Struct, frozen=True):
    """A statement that enters a context manager on an exit stack or registers a callback."""

    call: cst.Call
    """The call of the stack's method."""
    method: str
    """The name of the stack's method."""
    target: cst.BaseExpression | None
    """The target for the result of entering the manager, if any."""

    @property
    def is_async(self) -> bool:
        """Whether the pushed manager or callback is awaited."""
        return self.method in _ASYNC_METHODS

    @property
    def enters(self) -> bool:
        """Whether the statement enters a manager."""
        return self.method in _ENTER_METHODS

    @property
    def leaves(self) -> bool:
        """Whether the statement pushes the exit of a manager without entering the manager."""
        return self.method in _EXIT_METHODS


def push_of(interpreter: Interpreter, stack: ExitStack, statement: cst.CSTNode) -> Push | None:
    """Return the push in a statement. Return None if the statement does not push or has an unsupported form."""
    match statement:
        case cst.Expr(value=value):
            push = _push_in(value, None)
        case cst.Assign(targets=[cst.AssignTarget(target=target)], value=value):
            push = _push_in(value, target)
        case _:
            return None
    if push is None or not isinstance(push.call.func, cst.Attribute):
        return None
    return push if interpreter.evaluate(push.call.func.value) is stack else None


def _push_in(value: cst.BaseExpression, target: cst.BaseExpression | None) -> Push | None:
    is_awaited = isinstance(value, cst.Await)
    call = value.expression if isinstance(value, cst.Await) else value
    match call:
        case cst.Call(func=cst.Attribute(value=cst.Name(), attr=cst.Name(value=method)), args=[_, *_]):
            is_supported = method in _ENTER_METHODS or (method in _CALLBACK_METHODS | _EXIT_METHODS and target is None)
            return Push(call, method, target) if is_supported and is_awaited == (method == _AWAITED_METHOD) else None
        case _:
            return None


_AWAITED_METHOD: Final = "enter_async_context"


def pop_in(stack: cst.BaseExpression | None, suite: cst.BaseSuite) -> cst.Call | None:
    """Return the first statement `stack.pop_all()` in a stack's block, which discards the contents of the stack."""
    return next((call for each in statements_below(suite) if (call := _popped_by(stack, each)) is not None), None)


def _popped_by(stack: cst.BaseExpression | None, statement: cst.CSTNode) -> cst.Call | None:
    match statement:
        case cst.Expr(
            value=cst.Call(func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name("pop_all")), args=[]) as call
        ) if isinstance(stack, cst.Name) and stack.value == name:
            return call
        case _:
            return None


def run_unless_popped(
    interpreter: Interpreter, stack: ExitStack, leave: Callable[[], None], place: SourcePlace
) -> None:
    """Run a part of a stack's exit. It is optional if the block may discard the contents of the stack."""
    if stack.exit_condition is None:
        leave()
        return
    path = interpreter.branch(leave, stack.exit_condition)
    interpreter.join_branches([(stack.exit_condition, path)], None, place)


def has_other_uses(interpreter: Interpreter, stack: cst.BaseExpression | None, body: Sequence[cst.CSTNode]) -> bool:
    """Return whether code other than the direct statements of a stack's block may push on the stack.

    Such code may be in a branch or a helper function.
    """
    if not isinstance(stack, cst.Name):
        return stack is not None
    parts_of_body = (part for each in body if not _is_push(each) for part in (each, *_statements_in(each)))
    others = [part for part in parts_of_body if _popped_by(stack, part) is None]
    parts = [part for statement in others for part in (statement, *getattr(statement, "decorators", ()))]
    interpreter.budget.spend(Limit.ELEMENTS, len(parts))
    return any(
        isinstance(node, cst.Name) and node.value == stack.value
        for part in parts
        for node in expressions_below(part, into_lambdas=True)
    )


def _is_push(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.Expr(value=value) | cst.Assign(value=value):
            return _push_in(value, None) is not None
        case _:
            return False


def _statements_in(statement: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for suite in suites(statement):
        yield from statements_below(suite, into_functions=True)


def report_swallowing(interpreter: Interpreter, stack: ExitStack) -> None:
    """Report a push, by other code than the direct statements of a stack's block, that may swallow errors of steps."""
    place = stack.swallowing
    if place is not None:
        interpreter.note(
            "context-manager",
            place,
            f"`{place.brief_text}` may swallow the errors of the steps that follow in the block of the stack.",
            "The graph lacks the steps that run after such an error. Call it in a direct statement of the block.",
        )


def run_pushed(interpreter: Interpreter, pushed: Collection) -> None:
    """Emit the calls of a stack's callbacks. Each call is optional, because the block may be left at any point.

    If a callback fails, the others still run.
    """
    items = pushed.items[::-1]
    _run_pushed(interpreter, pushed, items)
    if pushed.state.size > len(items):
        interpreter.note(
            "context-manager",
            items[0].place,
            f"`{items[0].place.brief_text}` pushes a callback that pushes others, which stepgraph does not model.",
            "Steps that these run are missing from the graph.",
        )


def _run_pushed(interpreter: Interpreter, pushed: Collection, items: Sequence[Element]) -> None:
    if not pushed.state.unordered and len(items) <= _MAX_ORDERED and not any(item.many for item in items):
        _run_in_order(interpreter, items)
        return
    block = interpreter.block_of(lambda: _run_any(interpreter, items))
    if block.operations:
        place = items[0].place
        handler = Handler(None, EMPTY_BLOCK, place=place)
        interpreter.emit(
            LoopOperation(
                OperationBlock((TryOperation(block, (handler,), EMPTY_BLOCK, except_star=False, place=place),)),
                EMPTY_BLOCK,
                place,
            )
        )


_MAX_ORDERED: Final = 32
"""The maximum number of callbacks whose order is shown, since each callback is nested in the previous one."""


def _run_in_order(interpreter: Interpreter, items: Sequence[Element]) -> None:
    if not items:
        return
    block = interpreter.block_of(lambda: _run_any(interpreter, items[:1]))
    later_block = interpreter.block_of(lambda: _run_in_order(interpreter, items[1:]))
    if block.operations and later_block.operations:
        interpreter.emit(TryOperation(block, (), later_block, except_star=False, place=items[0].place))
        return
    for operation in (*block.operations, *later_block.operations):
        interpreter.emit(operation)


def _run_any(interpreter: Interpreter, items: Sequence[Element]) -> None:
    paths = [
        (item.place.text, interpreter.branch(partial(_run_callback, interpreter, item.value, item.place)))
        for item in items
    ]
    interpreter.join_branches(paths, None, items[0].place)


def _run_callback(interpreter: Interpreter, callback: Value, place: SourcePlace) -> Value:
    match callback:
        case Union():
            return interpreter.apply_to_cases(callback, lambda case: _run_callback(interpreter, case, place))
        case PushedCallback(call=GeneratorCall() as generator):
            leave_half(interpreter, generator)
        case PushedCallback(call=call, is_async=is_async):
            result = interpreter.call(call, Arguments(), place)
            if is_async:
                await_value(interpreter, result, place)
        case _:
            interpreter.escape(callback, place, f"is called at the exit of the stack{NOT_MODELED}")
    return UNKNOWN


def pushed_arguments(interpreter: Interpreter, stack: ExitStack, push: Push) -> Arguments:
    """Evaluate the call that pushes a manager or callback, and return its arguments."""
    stack.supported_call = push.call
    value = interpreter.evaluate(push.call)
    stack.supported_call = None
    return value.arguments if isinstance(value, ExitStackArguments) else Arguments()


def _push(interpreter: Interpreter, receiver: ExitStack, arguments: Arguments, place: SourcePlace) -> Value:
    """Return the arguments if the call is a statement in the stack's own block. In other places, they escape."""
    if receiver.supported_call is place.node:
        return ExitStackArguments(arguments)
    manager = arguments.items[0].value if arguments.items else UNKNOWN
    if isinstance(manager, Suppressor) and manager.handler is not None:
        receiver.swallowing = place
    report_escape(interpreter, arguments, place, NOT_MODELED)
    return UNKNOWN


def _enter(
    interpreter: Interpreter, receiver: ExitStack, arguments: Arguments, place: SourcePlace, *, is_async: bool
) -> Value:
    """Enter an object in a branch, a loop or another function. Its exit is optional, like a callback's call.

    A generator is split at its `yield`. Other managers, and objects that may swallow errors, surround the rest of the
    block and thus escape in such places.
    """
    manager = arguments.items[0].value if len(arguments.positional) == 1 else UNKNOWN
    is_statement = receiver.supported_call is place.node or receiver.pushed is None
    is_entered = not is_async or isinstance(place.module.parents.get(id(place.node)), cst.Await)
    if isinstance(manager, Union) and not is_statement:
        return interpreter.apply_to_cases(
            manager, lambda case: _enter(interpreter, receiver, Arguments.of(case, place), place, is_async=is_async)
        )
    if isinstance(manager, GeneratorCall) and is_entered and not is_statement:
        entered = _enter_generator(interpreter, receiver, manager, place, is_async=is_async)
        return _push(interpreter, receiver, arguments, place) if entered is None else entered
    if receiver.supported_call is place.node or not isinstance(manager, ProjectObject):
        return _push(interpreter, receiver, arguments, place)
    enter, exit_ = (interpreter.attribute(manager, name, place) for name in _METHODS[is_async])
    swallows = isinstance(exit_, FunctionValue) and exit_effects(interpreter, exit_, place, is_async=is_async).swallows
    if swallows:
        receiver.swallowing = place
    is_modeled = is_entered and isinstance(enter, FunctionValue) and isinstance(exit_, FunctionValue)
    if is_statement or may_swallow(manager) or swallows or not is_modeled:
        return _push(interpreter, receiver, arguments, place)
    entered = interpreter.call(enter, Arguments(), place)
    _push_exit(interpreter, receiver, Arguments.of(exit_, place), place, is_async=is_async)
    return entered


def _enter_generator(
    interpreter: Interpreter, receiver: ExitStack, manager: GeneratorCall, place: SourcePlace, *, is_async: bool
) -> Value | None:
    """Execute the code of a generator up to its `yield`, and push the rest. Return None if it cannot be split."""
    halves = halves_of(interpreter, manager)
    if halves is None or is_async != manager.function.is_async:
        return None
    entered = enter_half(interpreter, manager, halves)
    _push_item(interpreter, receiver, PushedCallback(manager, is_async), place)
    return Gathering("all", (), result=entered) if is_async else entered


_METHODS: Final = {False: ("__enter__", "__exit__"), True: ("__aenter__", "__aexit__")}
"""The methods of a manager, by whether it is async."""


def _push_callback(
    interpreter: Interpreter, receiver: ExitStack, arguments: Arguments, place: SourcePlace, *, is_async: bool
) -> Value:
    """Push a callback.

    If a branch, a loop or another function pushes the callback, its call at the exit of the block is optional.
    """
    if receiver.supported_call is place.node or receiver.pushed is None or not arguments.positional:
        return _push(interpreter, receiver, arguments, place)
    callee = arguments.items[0].value
    callback = PushedCallback(Partial(callee, Arguments(arguments.items[1:])), is_async)
    _push_item(interpreter, receiver, callback, place)
    return callee


def _push_item(interpreter: Interpreter, receiver: ExitStack, callback: PushedCallback, place: SourcePlace) -> None:
    call = callback.call
    receiver.may_run_steps = receiver.may_run_steps or isinstance(call, GeneratorCall) or call.callee.relevant
    if receiver.pushed is None:
        return
    add_items(interpreter, receiver.pushed, (Element(callback, place),))
    if interpreter.work.starting:
        receiver.pushed.state.unordered = True


def _push_exit(
    interpreter: Interpreter, receiver: ExitStack, arguments: Arguments, place: SourcePlace, *, is_async: bool
) -> Value:
    """Push a function that is called at the exit. A function that may swallow errors is reported, as objects are."""
    exit_ = arguments.items[0].value if len(arguments.positional) == 1 else UNKNOWN
    if receiver.supported_call is place.node or not isinstance(exit_, FunctionValue):
        return _push(interpreter, receiver, arguments, place)
    if exit_effects(interpreter, exit_, place, is_async=is_async).swallows:
        receiver.swallowing = place
        return _push(interpreter, receiver, arguments, place)
    call = Arguments((*arguments.items, *exit_arguments(place).items))
    _push_callback(interpreter, receiver, call, place, is_async=is_async)
    return exit_


def _pop_all(interpreter: Interpreter, receiver: ExitStack, arguments: Arguments, place: SourcePlace) -> Value:
    """Discard the callbacks of a stack in its own block. In other places, the change is reported."""
    is_discarded = isinstance(place.module.parents.get(id(place.node)), cst.Expr)
    if receiver.exit_condition is not None and is_discarded:
        return UNKNOWN
    return exit_early(interpreter, receiver, arguments, place)


def exit_early(interpreter: Interpreter, receiver: ExitStack, arguments: Arguments, place: SourcePlace) -> Value:
    """Report that the contents of a stack exit at a time other than the end of its block."""
    del arguments
    if receiver.may_run_steps:
        interpreter.note(
            "context-manager",
            place,
            f"`{place.brief_text}` changes when the contents of the stack exit, which stepgraph does not model.",
            "The graph shows their exit at the end of the block.",
        )
    return UNKNOWN


STACK_METHODS: Final[dict[str, Caller]] = {
    "callback": partial(_push_callback, is_async=False),
    "push_async_callback": partial(_push_callback, is_async=True),
    "enter_context": partial(_enter, is_async=False),
    "enter_async_context": partial(_enter, is_async=True),
    "push": partial(_push_exit, is_async=False),
    "push_async_exit": partial(_push_exit, is_async=True),
    "pop_all": _pop_all,
    "close": exit_early,
    "aclose": exit_early,
}
