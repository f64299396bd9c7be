"""`contextlib.ExitStack` and `AsyncExitStack`: what the statements of their block enter, and call at its end."""

from __future__ import annotations

from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.values import Arguments, ExitStack, ExitStackArguments

_ENTERING: Final = frozenset({"enter_context", "enter_async_context"})
_CALLING: Final = frozenset({"callback", "push_async_callback"})
_LEAVING: Final = frozenset({"push", "push_async_exit"})
_ASYNC: Final = frozenset({"enter_async_context", "push_async_callback", "push_async_exit"})


class Push(Struct, frozen=True):
    """A statement that enters a manager, or has a function called at the end of the block."""

    call: cst.Call
    """The call of the method of the stack."""
    method: str
    """The name of that method."""
    target: cst.BaseExpression | None
    """What is assigned what entering the manager gives."""

    @property
    def is_async(self) -> bool:
        """Whether what is pushed is awaited."""
        return self.method in _ASYNC

    @property
    def enters(self) -> bool:
        """Whether a manager is entered."""
        return self.method in _ENTERING

    @property
    def leaves(self) -> bool:
        """Whether a manager is left that the stack has not entered."""
        return self.method in _LEAVING


def push_of(interpreter: Interpreter, stack: ExitStack, statement: cst.CSTNode) -> Push | None:
    """Return what a statement pushes on a stack, None where it does not, or in another way."""
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
    called = value.expression if isinstance(value, cst.Await) else value
    match called:
        case cst.Call(func=cst.Attribute(value=cst.Name(), attr=cst.Name(value=method)), args=[_, *_]):
            is_known = method in _ENTERING or (method in _CALLING | _LEAVING and target is None)
            return Push(called, method, target) if is_known and is_awaited == (method == _AWAITED) else None
        case _:
            return None


_AWAITED: Final = "enter_async_context"


def pushed_arguments(interpreter: Interpreter, stack: ExitStack, push: Push) -> Arguments:
    """Evaluate the call that pushes something, and return its arguments."""
    stack.expected = push.call
    value = interpreter.evaluate(push.call)
    stack.expected = None
    return value.arguments if isinstance(value, ExitStackArguments) else Arguments()
