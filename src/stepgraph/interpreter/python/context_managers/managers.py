"""Context managers: objects of project classes, external managers such as locks, and decorators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import find_member, resolution_order
from stepgraph.interpreter.summaries import summarize_call
from stepgraph.interpreter.values.calls import (
    Argument,
    Arguments,
    GeneratorCall,
    ManagerDecorator,
    Suppressor,
    WrappingManager,
)
from stepgraph.interpreter.values.objects import Caveat, DecoratingManager, FunctionValue, ProjectObject, UnknownBase
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.awaiting import await_value
from stepgraph.ir.values import (
    LIMITING_CLASSES,
    UNKNOWN,
    External,
    ExternalResult,
    ExternalResultMember,
    Resource,
    Unknown,
    Unresolved,
    Value,
    origin_name,
    without_taint,
)
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import statements_below

# Functions and modules of the standard library whose managers never swallow errors. Other functions may return any
# manager, as `random.choice` returns an element of its argument.
_NON_SWALLOWING_FUNCTIONS: Final = frozenset(
    [
        *("asyncio.BoundedSemaphore", "asyncio.Condition", "asyncio.Lock", "asyncio.Runner", "asyncio.Semaphore"),
        *("asyncio.TaskGroup", "asyncio.timeout", "asyncio.timeout_at"),
        *("builtins.memoryview", "builtins.open"),
        *("contextlib.aclosing", "contextlib.chdir", "contextlib.closing", "contextlib.nullcontext"),
        *("contextlib.redirect_stderr", "contextlib.redirect_stdout"),
    ]
)
_NON_SWALLOWING_MODULES: Final = frozenset(
    [
        *("bz2", "cProfile", "concurrent", "decimal", "dbm", "fileinput", "ftplib", "gzip", "http", "imaplib", "io"),
        *("lzma", "mmap", "multiprocessing", "os", "pathlib", "selectors", "shelve", "smtplib", "socket", "sqlite3"),
        *("ssl", "subprocess", "tarfile", "tempfile", "threading", "urllib", "warnings", "wave", "zipfile"),
    ]
)

# Modules whose methods return only files, connections and other managers that never swallow errors.
_MODULES_OF_FILES: Final = frozenset(["io", "os", "pathlib", "socket", "sqlite3", "tarfile", "tempfile", "zipfile"])

# Base classes whose exit method, if inherited, may swallow errors.
_SWALLOWING_BASES: Final = tuple(External(f"contextlib.{name}") for name in ("AsyncExitStack", "ExitStack", "suppress"))


class ExitEffects(Struct, frozen=True):
    """The possible effects of a manager's exit."""

    has_effects: bool = False
    """Whether the exit may run steps or change values that lead to steps."""
    swallows: bool = False
    """Whether the exit may swallow an error from the block."""


def enter_object(interpreter: Interpreter, manager: ProjectObject, place: SourcePlace, *, is_async: bool) -> Value:
    """Enter an object and return the result. Without an `__enter__` in the project, the result is the object."""
    method = interpreter.attribute(manager, "__aenter__" if is_async else "__enter__", place)
    if isinstance(method, Unknown):
        return manager
    return _completed(interpreter, interpreter.call(method, Arguments(), place), place, is_async=is_async)


def exit_object(interpreter: Interpreter, manager: Value, place: SourcePlace, *, is_async: bool) -> Value:
    """Run the exit of an object, or of each case of a union. A function is an exit method pushed on an exit stack."""
    if isinstance(manager, Union):
        return interpreter.apply_to_cases(
            manager, lambda chosen: exit_object(interpreter, chosen, place, is_async=is_async)
        )
    if isinstance(manager, ProjectObject | FunctionValue):
        method = _exit_method(interpreter, manager, place, is_async=is_async)
        if not isinstance(method, Unknown):
            _completed(interpreter, interpreter.call(method, exit_arguments(place), place), place, is_async=is_async)
    return UNKNOWN


def exit_effects(interpreter: Interpreter, manager: Value, place: SourcePlace, *, is_async: bool) -> ExitEffects:
    """Return the possible effects of the exit of an object, function or union, without emitting operations."""
    if isinstance(manager, Union):
        effects = [exit_effects(interpreter, case.value, place, is_async=is_async) for case in manager.cases]
        return ExitEffects(any(e.has_effects for e in effects), any(e.swallows for e in effects))
    if not isinstance(manager, ProjectObject | FunctionValue):
        return ExitEffects()
    results: list[ExitEffects] = []
    with interpreter.without_replay():
        interpreter.branch(lambda: results.append(_derive_effects(interpreter, manager, place, is_async=is_async)))
    return results[0]


def _derive_effects(
    interpreter: Interpreter, manager: ProjectObject | FunctionValue, place: SourcePlace, *, is_async: bool
) -> ExitEffects:
    """Derive the effects from the source of the exit method, because the object's state at the exit is unknown."""
    method = _exit_method(interpreter, manager, place, is_async=is_async)
    match method:
        case FunctionValue(node=cst.FunctionDef() as node) if node.asynchronous is None or is_async:
            values = [statement.value for statement in statements_below(node.body) if isinstance(statement, cst.Return)]
            returned = [result for result in values if not (result is None or _is_false(result))]
            swallows = bool(returned) and (
                not all(map(_is_call, returned)) or _returns_true(interpreter, method, place)
            )
            return ExitEffects(has_effects=True, swallows=swallows)
        case Unknown():
            bases = resolution_order(manager.cls) if isinstance(manager, ProjectObject) else ()
            return ExitEffects(swallows=any(base in _SWALLOWING_BASES for base in bases))
        case _:
            return ExitEffects(has_effects=True, swallows=True)


def _is_false(result: cst.BaseExpression) -> bool:
    return isinstance(result, cst.Name) and result.value in ("None", "False")


def _is_call(result: cst.BaseExpression) -> bool:
    return isinstance(result, cst.Call | cst.Await)


def _returns_true(interpreter: Interpreter, method: FunctionValue, place: SourcePlace) -> bool:
    return summarize_call(interpreter, method, exit_arguments(place)).may_return_true


def _exit_method(
    interpreter: Interpreter, manager: ProjectObject | FunctionValue, place: SourcePlace, *, is_async: bool
) -> Value:
    if isinstance(manager, FunctionValue):
        return manager
    return interpreter.attribute(manager, "__aexit__" if is_async else "__exit__", place)


def exit_arguments(place: SourcePlace) -> Arguments:
    """Return the arguments of an exit method: exception type, exception and traceback. Each may be None."""
    return Arguments((Argument(UNKNOWN, place),) * 3)


def _completed(interpreter: Interpreter, result: Value, place: SourcePlace, *, is_async: bool) -> Value:
    return await_value(interpreter, result, place) if is_async else result


def may_swallow(manager: Value) -> bool:
    """Return whether an exit method outside the project may swallow an error from the manager's block."""
    manager = without_taint(manager)
    match manager:
        case External(name=name) | ExternalResult(name=name) | ExternalResultMember(name=name):
            return not _never_swallows(name)
        case ProjectObject():
            return any(isinstance(base, UnknownBase | Unresolved) for base in resolution_order(manager.cls))
        case Union(cases=cases):
            return any(may_swallow(case.value) for case in cases)
        case _:
            return not isinstance(manager, WrappingManager | Resource | Suppressor)


def _never_swallows(name: str) -> bool:
    """Return whether the value with this name is a standard library manager that propagates all errors."""
    module = name.split(".", 1)[0]
    is_result_of_method = "()" in name
    return name.removesuffix("()") in _NON_SWALLOWING_FUNCTIONS or (
        module in (_MODULES_OF_FILES if is_result_of_method else _NON_SWALLOWING_MODULES)
    )


def is_attempt(interpreter: Interpreter, manager: Value, node: cst.BaseExpression) -> bool:
    """Return whether a manager is a loop variable that retries, as in `for attempt in Retrying(): with attempt:`."""
    is_open = isinstance(without_taint(manager), Unknown | ExternalResult | ExternalResultMember) and may_swallow(
        manager
    )
    if not is_open or not isinstance(node, cst.Name):
        return False
    return any(isinstance(binder, cst.For) for binder in interpreter.frame.scope.bindings.binders.get(node.value, ()))


_METHODS: Final = ("__enter__", "__exit__", "__aenter__", "__aexit__")
_DECORATORS: Final = ("ContextDecorator", "AsyncContextDecorator")
"""The classes whose objects are decorators that enter them with `with` and `async with`."""


def decorate(interpreter: Interpreter, callee: ManagerDecorator, arguments: Arguments, place: SourcePlace) -> Value:
    """Return a function decorated with a manager, with a caveat if the manager affects steps or may swallow errors.

    A caveat is normally reported only if the decorated function runs steps. If the manager runs steps or changes values
    that steps depend on, the caveat is reported at once, because a function without steps may read these values. An
    object whose class defines `__call__` is called instead.
    """
    from stepgraph.interpreter.effects import call_time_matters

    if isinstance(callee.manager, ProjectObject) and _has_call_method(interpreter, callee.manager):
        return interpreter.call(callee.manager, arguments, place)
    function = arguments.items[0].value if arguments.items else UNKNOWN
    if not isinstance(function, FunctionValue):
        return function
    # An async function's coroutine begins only after a manager that is not async has exited.
    is_async = function.is_async
    manager = callee.manager
    if isinstance(manager, GeneratorCall):
        interpreter.work.begun.add(id(manager.place.node))
        calls = [(manager.function, manager.arguments)]
        may_swallow_errors = _generator_may_swallow(manager, is_async=is_async)
    else:
        methods = [interpreter.attribute(manager, name, place) for name in _METHODS]
        calls = [(method, Arguments()) for method in methods if isinstance(method, FunctionValue)]
        may_swallow_errors = _object_may_swallow(interpreter, manager, methods, place, is_async=is_async)
    node = place.node
    kind = _kind_of_decorator(function, manager)
    if isinstance(node, cst.BaseExpression) and kind is not None:
        # What its methods do depends on the state at each call, for example on the step object in a variable.
        decorating = DecoratingManager(manager, node, is_async=kind == "async")
        return replace(function, managers=(*function.managers, decorating))
    changes_values = any(call_time_matters(interpreter, method, received) for method, received in calls)
    if not (may_swallow_errors or changes_values):
        return function
    caveat = _decorator_caveat(place)
    if changes_values:
        interpreter.report_caveat(caveat)
    return replace(function, caveats=(*function.caveats, caveat))


def _kind_of_decorator(
    function: FunctionValue, manager: GeneratorCall | ProjectObject
) -> Literal["sync", "async"] | None:
    """Return whether each call of a decorated function enters the manager with `with` or `async with`.

    Return None for a decorator that is not modeled, such as an async manager around one that is not.
    """
    if bindings_of(function.node, function.scope.module).is_generator:
        return None
    if isinstance(manager, GeneratorCall):
        is_sync = manager.function.kind == "context" and not manager.function.is_async
        is_async = manager.function.kind == "context" and manager.function.is_async
    else:
        order = resolution_order(manager.cls)
        is_sync, is_async = (External(f"contextlib.{name}") in order for name in _DECORATORS)
    surrounds_coroutine = function.is_async and all(each.is_async for each in function.managers)
    if is_async and surrounds_coroutine:
        return "async"
    return "sync" if is_sync else None


def _has_call_method(interpreter: Interpreter, decorator: ProjectObject) -> bool:
    """Return whether the project defines the `__call__` of a decorator, as opposed to `ContextDecorator`."""
    method = find_member(interpreter, resolution_order(decorator.cls), "__call__")
    return method is not None and not isinstance(method, Unknown)


def _generator_may_swallow(manager: GeneratorCall, *, is_async: bool) -> bool:
    """Return whether a generator may handle errors from the decorated function, or is not a context manager."""
    from stepgraph.interpreter.python.loops.generators import may_handle_errors

    surrounds = not is_async or manager.function.is_async
    return manager.function.kind != "context" or (surrounds and may_handle_errors(manager.function))


def _object_may_swallow(
    interpreter: Interpreter, manager: ProjectObject, methods: Sequence[Value], place: SourcePlace, *, is_async: bool
) -> bool:
    """Return whether an object may handle errors from the decorated function, or has unmodeled methods."""
    if may_swallow(manager) or any(method.relevant and not isinstance(method, FunctionValue) for method in methods):
        return True
    return any(exit_effects(interpreter, manager, place, is_async=kind).swallows for kind in {False, is_async})


def _decorator_caveat(place: SourcePlace) -> Caveat:
    return Caveat(
        "unknown-decorator",
        place,
        f"the context manager `{place.text}` is used as a decorator that stepgraph does not model.",
        "The graph shows the function without it.",
    )


# Locks that admit waiting tasks in first-in, first-out order.
_LOCKS: Final = frozenset(["asyncio.Lock", "asyncio.locks.Lock"])


def may_be_lock(manager: Value) -> bool:
    """Return whether a manager may be a lock. In `asyncio`, only the class `Lock` is one."""
    name = _class_name(manager)
    is_lock = name is not None and (name in _LOCKS or not name.startswith("asyncio."))
    return is_lock or isinstance(without_taint(manager), Unknown)


def limits_tasks(manager: Value) -> bool:
    """Return whether a manager certainly limits how many tasks execute its block, as a lock or semaphore does."""
    return _class_name(manager) in LIMITING_CLASSES


def _class_name(manager: Value) -> str | None:
    """Return the name of the class that a manager is or whose constructor returned it, or None if it is unknown."""
    manager = without_taint(manager)
    return manager.name if isinstance(manager, External) else origin_name(manager)
