"""Context managers that are objects of classes of the project, and those of which only the name is known."""

from __future__ import annotations

import sys
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import resolution_order
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    External,
    ExternalResult,
    ExternalResultMember,
    FunctionValue,
    Instance,
    Resource,
    Suppressor,
    Union,
    Unknown,
    UnknownBase,
    Unresolved,
    Value,
    WrappingManager,
)
from stepgraph.interpreter.summaries import read_function
from stepgraph.interpreter.workflow.awaiting import await_value
from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import statements_below

# Packages of Python in which no manager swallows errors, but for `contextlib.suppress` and exit stacks.
_SWALLOWING_NOTHING: Final = sys.stdlib_module_names - {"unittest"}


class ExitEffects(Struct, frozen=True):
    """What the exit of a manager may do."""

    works: bool = False
    """Whether it may run steps."""
    swallows: bool = False
    """Whether it may end an error of the block, so that the program goes on after it."""


def enter_object(interpreter: Interpreter, manager: Instance, place: Place, *, is_async: bool) -> Value:
    """Return what entering an object gives; itself where its own classes do not say how it is entered."""
    method = interpreter.attribute(manager, "__aenter__" if is_async else "__enter__", place)
    if isinstance(method, Unknown):
        return manager
    return _finished(interpreter, interpreter.call(method, Arguments(), place), place, is_async=is_async)


def exit_object(interpreter: Interpreter, manager: Value, place: Place, *, is_async: bool) -> Value:
    """Run the exit of an object, or of whichever of several it is."""
    if isinstance(manager, Union):
        return interpreter.choose(manager, lambda chosen: exit_object(interpreter, chosen, place, is_async=is_async))
    if isinstance(manager, Instance):
        method = _exit_method(interpreter, manager, place, is_async=is_async)
        if not isinstance(method, Unknown):
            _finished(interpreter, interpreter.call(method, _error(place), place), place, is_async=is_async)
    return UNKNOWN


def exit_effects(interpreter: Interpreter, manager: Value, place: Place, *, is_async: bool) -> ExitEffects:
    """Return what the exit of an object, or of any of several, may do. Nothing is emitted."""
    if isinstance(manager, Union):
        effects = [exit_effects(interpreter, case.value, place, is_async=is_async) for case in manager.cases]
        return ExitEffects(any(e.works for e in effects), any(e.swallows for e in effects))
    if not isinstance(manager, Instance):
        return ExitEffects()
    found: list[ExitEffects] = []
    replays, interpreter.replays = interpreter.replays, False
    interpreter.branch(lambda: found.append(_effects(interpreter, manager, place, is_async=is_async)))
    interpreter.replays = replays
    return found[0]


def _effects(interpreter: Interpreter, manager: Instance, place: Place, *, is_async: bool) -> ExitEffects:
    """Judge an exit by how it is written: what its object holds when the block ends is not known yet."""
    method = _exit_method(interpreter, manager, place, is_async=is_async)
    match method:
        case FunctionValue(node=cst.FunctionDef() as node) if node.asynchronous is None or is_async:
            results = [s.value for s in statements_below(node.body) if isinstance(s, cst.Return)]
            given = [result for result in results if not (result is None or _is_false(result))]
            swallows = bool(given) and (not all(map(_is_call, given)) or _returns_true(interpreter, method, place))
            return ExitEffects(works=is_async, swallows=swallows)
        case Unknown():
            return ExitEffects()
        case _:
            return ExitEffects(works=True, swallows=True)


def _is_false(result: cst.BaseExpression) -> bool:
    return isinstance(result, cst.Name) and result.value in ("None", "False")


def _is_call(result: cst.BaseExpression) -> bool:
    return isinstance(result, cst.Call | cst.Await)


def _returns_true(interpreter: Interpreter, method: FunctionValue, place: Place) -> bool:
    return read_function(interpreter, method, _error(place)).returns_true


def _exit_method(interpreter: Interpreter, manager: Instance, place: Place, *, is_async: bool) -> Value:
    return interpreter.attribute(manager, "__aexit__" if is_async else "__exit__", place)


def _error(place: Place) -> Arguments:
    """Return the arguments of an exit: the type of the error, the error and its traceback, each perhaps None."""
    return Arguments((Argument(UNKNOWN, place),) * 3)


def _finished(interpreter: Interpreter, result: Value, place: Place, *, is_async: bool) -> Value:
    return await_value(interpreter, result, place) if is_async else result


def may_swallow(manager: Value) -> bool:
    """Whether a manager whose exit is not in the project may end an error of its block."""
    match manager:
        case External(name=name) | ExternalResult(name=name) | ExternalResultMember(name=name):
            return name.split(".", 1)[0] not in _SWALLOWING_NOTHING
        case Instance():
            return any(isinstance(base, UnknownBase | Unresolved) for base in resolution_order(manager.of))
        case Union(cases=cases):
            return any(may_swallow(case.value) for case in cases)
        case _:
            return not isinstance(manager, WrappingManager | Resource | Suppressor)


def is_attempt(interpreter: Interpreter, manager: Value, node: cst.BaseExpression) -> bool:
    """Whether a manager is what a loop goes over: `for attempt in Retrying(): with attempt:` tries again."""
    is_open = isinstance(manager, Unknown | ExternalResult | ExternalResultMember) and may_swallow(manager)
    if not is_open or not isinstance(node, cst.Name):
        return False
    return any(isinstance(binder, cst.For) for binder in interpreter.frame.scope.bindings.binders.get(node.value, ()))
