"""Context managers as decorators: of `contextlib.contextmanager`, and objects of a `ContextDecorator`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.effects import call_time_matters
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import find_member, resolution_order
from stepgraph.interpreter.python.context_managers.managers import exit_effects, may_swallow
from stepgraph.interpreter.python.loops.generators import may_handle_errors
from stepgraph.interpreter.values.calls import Arguments, GeneratorCall, ManagerDecorator
from stepgraph.interpreter.values.objects import Caveat, FunctionValue, Instance
from stepgraph.ir.values import UNKNOWN, Unknown, Value
from stepgraph.syntax.module import Place

_METHODS: Final = ("__enter__", "__exit__", "__aenter__", "__aexit__")


def decorate(interpreter: Interpreter, callee: ManagerDecorator, arguments: Arguments, place: Place) -> Value:
    """Return the decorated function. A manager that may run steps or swallow errors gives it a caveat.

    A manager that changes values is reported at once, since a function without steps may read them. An object whose
    class defines `__call__` is called instead.
    """
    if isinstance(callee.manager, Instance) and _has_call_method(interpreter, callee.manager):
        return interpreter.call(callee.manager, arguments, place)
    function = arguments.items[0].value if arguments.items else UNKNOWN
    if not isinstance(function, FunctionValue):
        return function
    # A manager that is not async is left before the coroutine of an async function begins.
    is_async = isinstance(function.node, cst.FunctionDef) and function.node.asynchronous is not None
    manager = callee.manager
    if isinstance(manager, GeneratorCall):
        interpreter.work.begun.add(id(manager.place.node))
        calls = [(manager.function, manager.arguments)]
        may_swallow_errors = _generator_may_swallow(manager, is_async=is_async)
    else:
        methods = [interpreter.attribute(manager, name, place) for name in _METHODS]
        calls = [(method, Arguments()) for method in methods if isinstance(method, FunctionValue)]
        may_swallow_errors = _object_may_swallow(interpreter, manager, methods, place, is_async=is_async)
    changes_values = any(call_time_matters(interpreter, method, received) for method, received in calls)
    if not (may_swallow_errors or changes_values):
        return function
    caveat = _caveat(place)
    if changes_values:
        interpreter.report_caveat(caveat)
    return replace(function, caveats=(*function.caveats, caveat))


def _has_call_method(interpreter: Interpreter, decorator: Instance) -> bool:
    """Return whether the project defines the `__call__` of a decorator. A `ContextDecorator` inherits it."""
    method = find_member(interpreter, resolution_order(decorator.cls), "__call__")
    return method is not None and not isinstance(method, Unknown)


def _generator_may_swallow(manager: GeneratorCall, *, is_async: bool) -> bool:
    """Return whether a generator may handle errors of its function, or is no manager."""
    node = manager.function.node
    surrounds = not is_async or (isinstance(node, cst.FunctionDef) and node.asynchronous is not None)
    return manager.function.kind != "context" or (surrounds and may_handle_errors(manager.function))


def _object_may_swallow(
    interpreter: Interpreter, manager: Instance, methods: Sequence[Value], place: Place, *, is_async: bool
) -> bool:
    """Return whether an object may handle errors of its function, or has methods that are not followed."""
    if may_swallow(manager) or any(method.relevant and not isinstance(method, FunctionValue) for method in methods):
        return True
    return any(exit_effects(interpreter, manager, place, is_async=kind).swallows for kind in {False, is_async})


def _caveat(place: Place) -> Caveat:
    return Caveat(
        "unknown-decorator",
        place,
        f"the context manager `{place.text}` stands around calls of its function in a way that is not followed.",
        "The graph shows the function alone.",
    )
