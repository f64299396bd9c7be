"""Models of the methods of exit stacks."""

from __future__ import annotations

from functools import partial
from typing import Final

from stepgraph.interpreter.escapes import NOT_FOLLOWED, report_escape
from stepgraph.interpreter.interpreter import Caller, Interpreter
from stepgraph.interpreter.python.assignment import add_items
from stepgraph.interpreter.values.calls import Arguments, ExitStack, ExitStackArguments, Partial, PushedCallback
from stepgraph.interpreter.values.containers import Element
from stepgraph.ir.values import UNKNOWN, Value
from stepgraph.syntax.module import Place


def _push(interpreter: Interpreter, receiver: ExitStack, arguments: Arguments, place: Place) -> Value:
    """Return the arguments if the call is a statement of the `with` block of the stack. Others escape."""
    if receiver.supported_call is place.node:
        return ExitStackArguments(arguments)
    report_escape(interpreter, arguments, place, NOT_FOLLOWED)
    return UNKNOWN


def _push_callback(
    interpreter: Interpreter, receiver: ExitStack, arguments: Arguments, place: Place, *, is_async: bool
) -> Value:
    """Push a callback from a branch, a loop or another function: it may be called at the exit of the block."""
    if receiver.supported_call is place.node or receiver.pushed is None or not arguments.positional:
        return _push(interpreter, receiver, arguments, place)
    callee = arguments.items[0].value
    receiver.may_run_steps = receiver.may_run_steps or callee.relevant
    callback = PushedCallback(Partial(callee, Arguments(arguments.items[1:])), is_async)
    add_items(interpreter, receiver.pushed, (Element(callback, place),))
    if interpreter.work.starting:
        receiver.pushed.state.unordered = True
    return callee


def _exit_early(interpreter: Interpreter, receiver: ExitStack, arguments: Arguments, place: Place) -> Value:
    """Report that the contents of a stack exit before the end of its block, or after it."""
    del arguments
    if receiver.may_run_steps:
        interpreter.note(
            "context-manager",
            place,
            f"`{place.brief_text}` changes when what the stack holds is left, in a way that is not followed.",
            "The graph shows it at the end of the block.",
        )
    return UNKNOWN


STACK_METHODS: Final[dict[str, Caller]] = {
    "callback": partial(_push_callback, is_async=False),
    "push_async_callback": partial(_push_callback, is_async=True),
    "enter_context": _push,
    "enter_async_context": _push,
    "push": _push,
    "push_async_exit": _push,
    "pop_all": _exit_early,
    "close": _exit_early,
    "aclose": _exit_early,
}
