"""What the methods of the step object do (SDK: `workers/entrypoints.py`)."""

from __future__ import annotations

from stepgraph.program.ir import (
    EventWait,
    PayloadShape,
    Sleep,
    SleepUntil,
    StepDefinition,
    StepDependency,
    StepParameter,
)
from stepgraph.program.lowering.awaiting import start_activity
from stepgraph.program.lowering.escapes import report_escape
from stepgraph.program.lowering.iteration import items_of
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.lowering.settings import settings_from
from stepgraph.program.lowering.state import callable_name
from stepgraph.program.lowering.text import duration_text, name_text, timestamp_text
from stepgraph.program.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Collection,
    Constant,
    FunctionValue,
    Mapping,
    StepDecorator,
    StepFunction,
    StepMethod,
    Unresolved,
    Value,
    WaitCall,
)
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.module import Place


def call_method(machine: Machine, callee: StepMethod, arguments: Arguments, place: Place) -> Value:
    """Call `step.do`, `step.sleep`, `step.sleep_until` or `step.wait_for_event`."""
    given = _spread(arguments)
    match callee.name:
        case "do":
            return _do(machine, given, place)
        case "sleep":
            name, duration = given.find(0, "name"), given.find(1, "duration")
            sleep = Sleep(name_text(name), duration_text(duration))
            return start_activity(machine, sleep, place, eager=True)
        case "sleep_until":
            name, timestamp = given.find(0, "name"), given.find(1, "timestamp")
            until = SleepUntil(name_text(name), timestamp_text(timestamp))
            return start_activity(machine, until, place, eager=True)
        case "wait_for_event":
            return _wait(machine, given, place)
        case _:
            report_escape(machine, arguments, place)
            return Unresolved(f"the step object has no method `{callee.name}`", place)


def _wait(machine: Machine, given: Arguments, place: Place) -> Value:
    event_type = given.find(1, "event_type") or given.find(None, "type")
    timeout = given.find(2, "timeout")
    wait = EventWait(
        name_text(given.find(0, "name")),
        None if event_type is None else name_text(event_type),
        "24 hours" if timeout is None or timeout.value == Constant(None) else duration_text(timeout),
        PayloadShape(),
    )
    return machine.make(WaitCall(wait, place), place)


def _do(machine: Machine, given: Arguments, place: Place) -> Value:
    name = given.find(0, "name")
    if name is not None and isinstance(name.value, FunctionValue):
        # Bare `@step.do`: the function becomes the name, and no step is declared.
        machine.note(
            "decorator-misuse",
            place,
            "`step.do` is used without being called, so this declares no step and its call fails.",
            f"Write `@step.do()` above `{name.value.name}`.",
            incomplete=False,
        )
    concurrent = given.find(2, "concurrent") if len(given.positional) > 1 else given.find(None, "concurrent")
    return StepDecorator(
        None if name is None or name.value == Constant(None) else name_text(name),
        settings_from(machine, given.find(3, "config")),
        concurrent is not None and concurrent.value == Constant(value=True),
        _depends(machine, given.find(1, "depends")),
        place,
    )


def _depends(machine: Machine, argument: Argument | None) -> tuple[StepDependency, ...] | None:
    if argument is None or argument.value == Constant(None):
        return None
    items = items_of(machine, argument.value)
    if items is None:
        return (StepDependency(None, argument.place),)
    return tuple(
        StepDependency(item.value.definition if isinstance(item.value, StepFunction) else None, item.place)
        for item in items
    )


def declare(machine: Machine, callee: StepDecorator, arguments: Arguments, place: Place) -> Value:
    """Call what `step.do(...)` returned with a function: that declares the step."""
    if not arguments.items:
        return Unresolved("a step decorator is called without a function", place)
    function = arguments.items[0]
    body = function.value
    name = callable_name(body) or function.place.text
    taken = callable_name(body) is not None
    definition = StepDefinition(
        callee.name if callee.name is not None else name if taken else "{" + name + "}",
        name,
        callee.settings,
        callee.concurrent,
        tuple(_parameters(body)),
        callee.depends,
        callee.place,
    )
    machine.frame.defines_steps = True
    _report_dependencies(machine, definition)
    return StepFunction(definition, body if body.relevant else UNKNOWN)


def _report_dependencies(machine: Machine, definition: StepDefinition) -> None:
    needs_others = bool(definition.depends) or any(p.name != "ctx" for p in definition.parameters)
    if needs_others:
        machine.note(
            "dependencies",
            definition.place,
            f"the step {definition.name!r} has other steps run before it (its parameters or `depends`).",
            "This version of stepgraph shows only steps that are called.",
        )


def _parameters(function: Value) -> list[StepParameter]:
    if not isinstance(function, FunctionValue):
        return []
    bound = (function.receiver is not None) + len(function.positional)
    named = {name for name, _ in function.keywords}
    params = function.node.params
    stars = (params.star_arg, params.star_kwarg)
    free = [p for p in list(parameters(params))[bound:] if p.name.value not in named and p not in stars]
    return [StepParameter(p.name.value, Place(function.scope.module, p)) for p in free]


def _spread(arguments: Arguments) -> Arguments:
    """Return the arguments with those in `*[...]` and `**{...}` in the places that they take."""
    spread: list[Argument] = []
    for argument in arguments.items:
        if argument.star == "*" and isinstance(argument.value, Collection):
            spread += [Argument(item.value, item.place) for item in argument.value.items]
        elif argument.star == "**" and isinstance(argument.value, Mapping):
            spread += [
                Argument(entry.value, entry.place, keyword=entry.key.value)
                for entry in argument.value.entries
                if isinstance(entry.key, Constant) and isinstance(entry.key.value, str)
            ]
        else:
            spread.append(argument)
    return Arguments(tuple(spread))
