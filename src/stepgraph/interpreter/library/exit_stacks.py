"""`contextlib.ExitStack` and `AsyncExitStack`: the context managers and callbacks that a block pushes on them."""

from __future__ import annotations

from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.calls import Arguments, ExitStack, ExitStackArguments

_ENTER_METHODS: Final = frozenset({"enter_context", "enter_async_context"})
_CALLBACK_METHODS: Final = frozenset({"callback", "push_async_callback"})
_EXIT_METHODS: Final = frozenset({"push", "push_async_exit"})
_ASYNC_METHODS: Final = frozenset({"enter_async_context", "push_async_callback", "push_async_exit"})


class Push(Struct, frozen=True):
    """A statement that enters a context manager on an exit stack or registers a callback."""

    call: cst.Call
    """The call of the stack's method."""
    method: str
    """The name of the method."""
    target: cst.BaseExpression | None
    """The assignment target for the result of entering the manager."""

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
        """Whether the statement pushes only the exit of a manager."""
        return self.method in _EXIT_METHODS


def push_of(interpreter: Interpreter, stack: ExitStack, statement: cst.CSTNode) -> Push | None:
    """Return the push of a statement, None for any other statement and for unsupported forms."""
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


def pushed_arguments(interpreter: Interpreter, stack: ExitStack, push: Push) -> Arguments:
    """Evaluate the call of a push and return its arguments."""
    stack.supported_call = push.call
    value = interpreter.evaluate(push.call)
    stack.supported_call = None
    return value.arguments if isinstance(value, ExitStackArguments) else Arguments()
