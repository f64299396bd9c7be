"""What the methods of the step object do (SDK: `workers/entrypoints.py`)."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.escapes import report_escape
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import callable_name
from stepgraph.interpreter.objects.iteration import items_of
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Collection,
    Constant,
    Element,
    FunctionValue,
    Mapping,
    StepDecorator,
    StepFunction,
    StepMethod,
    Unresolved,
    Value,
    WaitCall,
)
from stepgraph.interpreter.python.arguments import spread
from stepgraph.interpreter.replay.taint import used
from stepgraph.interpreter.static_values import function_shape, static_arguments
from stepgraph.interpreter.workflow.awaiting import start_activity
from stepgraph.interpreter.workflow.parameters import free_parameters, shown_as
from stepgraph.interpreter.workflow.step_config import duration_text, name_text, settings_from, timestamp_text
from stepgraph.ir.facts import DecoratorApplied, MethodCalled, MethodMissing, StepDeclared
from stepgraph.ir.nodes import (
    EventWait,
    PayloadShape,
    Sleep,
    SleepUntil,
    StepDefinition,
    StepParameter,
)
from stepgraph.model.defaults import EVENT_TIMEOUT
from stepgraph.project.dependency_mode import DependencyMode
from stepgraph.syntax.assignments import assigned_attributes
from stepgraph.syntax.module import Place


def call_method(interpreter: Interpreter, callee: StepMethod, arguments: Arguments, place: Place) -> Value:
    """Call `step.do`, `step.sleep`, `step.sleep_until` or `step.wait_for_event`."""
    given = spread(arguments)
    expected = interpreter.frame.type_errors > 0
    interpreter.observe(MethodCalled(callee.name, static_arguments(given), place, interpreter.in_step, expected))
    if callee.name in ("do", "wait_for_event"):
        for argument in given.positional[1:] + tuple(a for a in given.items if a.keyword not in (None, "name")):
            used(interpreter, argument.value, argument.place)
    match callee.name:
        case "do":
            return _do(interpreter, given, place)
        case "sleep":
            name, duration = given.find(0, "name"), given.find(1, "duration")
            sleep = Sleep(name_text(name), duration_text(duration))
            return start_activity(interpreter, sleep, place, eager=True)
        case "sleep_until":
            name, timestamp = given.find(0, "name"), given.find(1, "timestamp")
            until = SleepUntil(name_text(name), timestamp_text(timestamp))
            return start_activity(interpreter, until, place, eager=True)
        case "wait_for_event":
            return _wait(interpreter, given, place)
        case _:
            report_escape(interpreter, arguments, place)
            _observe_missing(interpreter, callee.name, place)
            return Unresolved(f"the step object has no method `{callee.name}`", place)


def _observe_missing(interpreter: Interpreter, name: str, place: Place) -> None:
    """A method that some module gives to the step object, or asks it for first, may be there."""
    modules = interpreter.modules.scopes
    if any(name in m.once(assigned_attributes).all or m.mentions(b"hasattr") for m in modules):
        return
    called = Place(place.module, place.node.func) if isinstance(place.node, cst.Call) else place
    interpreter.observe(MethodMissing(name, called))


def _wait(interpreter: Interpreter, given: Arguments, place: Place) -> Value:
    event_type = given.find(1, "event_type") or given.find(None, "type")
    timeout = given.find(2, "timeout")
    wait = EventWait(
        name_text(given.find(0, "name")),
        None if event_type is None else name_text(event_type),
        EVENT_TIMEOUT if timeout is None or timeout.value == Constant(None) else duration_text(timeout),
        PayloadShape(),
    )
    return interpreter.work.make(WaitCall(wait, place), place)


def _do(interpreter: Interpreter, given: Arguments, place: Place) -> Value:
    name = given.find(0, "name")
    if name is not None and isinstance(name.value, FunctionValue):
        # Bare `@step.do`: the function becomes the name, and no step is declared.
        interpreter.note(
            "decorator-misuse",
            place,
            "`step.do` is used without being called, so this declares no step and its call fails.",
            f"Write `@step.do()` above `{name.value.name}`.",
            incomplete=False,
        )
    depends = given.find(1, "depends")
    if depends is not None and depends.keyword is None and isinstance(depends.value, FunctionValue | Mapping):
        depends = None  # as in JavaScript: a function, or the config
    interpreter.steps.lists_depends = interpreter.steps.lists_depends or depends is not None
    if depends is not None and interpreter.mode is DependencyMode.IMPLICIT:
        # Where the mode is not known, this makes it legacy, and the workflow is read again.
        interpreter.note(
            "depends-refused",
            depends.place,
            "`depends` is refused with a TypeError: by the compatibility date or flags, dependencies are implicit.",
            "Name the parameters of the step after the steps that it needs, and remove `depends`.",
            incomplete=False,
        )
    return StepDecorator(
        None if name is None or name.value == Constant(None) else name_text(name),
        settings_from(interpreter, given.find(3, "config")),
        _concurrent(given.find(2, "concurrent")),
        _depends(interpreter, depends),
        static_arguments(given),
        place,
        depends.value if depends is not None and isinstance(depends.value, Collection) else None,
    )


def _concurrent(argument: Argument | None) -> bool:
    """Whether the dependencies may run at the same time; so they may where it is not known."""
    if argument is None:
        return False
    return not isinstance(argument.value, Constant) or bool(argument.value.value)


def _depends(interpreter: Interpreter, argument: Argument | None) -> tuple[Element, ...] | None:
    if argument is None or argument.value == Constant(None):
        return None
    items = items_of(interpreter, argument.value)
    return (Element(argument.value, argument.place, many=True),) if items is None else items


def declare(interpreter: Interpreter, callee: StepDecorator, arguments: Arguments, place: Place) -> Value:
    """Call what `step.do(...)` returned with a function: that declares the step."""
    interpreter.observe(DecoratorApplied(callee.given, static_arguments(arguments), place))
    if not arguments.items:
        return Unresolved("a step decorator is called without a function", place)
    function = arguments.items[0]
    body = function.value
    taken = callable_name((shown_as(body) or UNKNOWN) if isinstance(body, FunctionValue) else body)
    name = taken or function.place.text
    definition = StepDefinition(
        callee.name if callee.name is not None else taken or "{" + name + "}",
        name,
        callee.settings,
        callee.concurrent,
        tuple(StepParameter(p.node.name.value, p.place) for p in free_parameters(body)),
        callee.place,
    )
    step = StepFunction(definition, body if body.relevant else UNKNOWN, callee.depends, callee.listing)
    shape = function_shape(body)
    interpreter.observe(
        StepDeclared(definition, callee.given, shape, interpreter.mode, callee.place, interpreter.in_step)
    )
    interpreter.declare(step)
    return step
