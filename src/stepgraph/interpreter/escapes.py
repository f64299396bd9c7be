"""What leaves the project: a step object, a step or a coroutine handed to code that is not there to be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.values import (
    DEEPEST,
    Alternatives,
    Arguments,
    Collection,
    FunctionCall,
    FunctionValue,
    GeneratorCall,
    Instance,
    LazyItems,
    Mapping,
    MethodOf,
    Partial,
    PreparedCall,
    StepCall,
    StepDecorator,
    StepFunction,
    StepMethod,
    StepObject,
    SuperObject,
    Unresolved,
    Value,
    Visits,
    WaitCall,
    Wrapped,
    WrappingManager,
)
from stepgraph.interpreter.python.comprehensions import consumed
from stepgraph.interpreter.summaries import may_run_steps, yields_of
from stepgraph.ir.nodes import works
from stepgraph.limits import Limit
from stepgraph.syntax.module import Place

NOT_IN_PROJECT: Final = ", which is not in the project"
NOT_FOLLOWED: Final = " in a way that is not followed"


def escape(machine: Machine, value: Value, place: Place, action: str) -> bool:
    """Report a value that can run steps where it leaves the analysis, and return whether it can.

    `action` says after the value's name what the program does with it.
    """
    what = _escaping(machine, value, Visits(), 0)
    if what is None:
        return False
    machine.note("escapes", place, f"{what} {action}.", "Steps run from there are missing from the graph.")
    return True


def report_escape(machine: Machine, arguments: Arguments, place: Place, why: str = NOT_IN_PROJECT) -> None:
    """Report arguments with which code that is not read, and `why`, can run steps that the graph will not show."""
    for argument in arguments.items:
        machine.escape(argument.value, argument.place, f"is handed to `{_callee(place)}`{why}")


def _callee(place: Place) -> str:
    return place.module.text(place.node.func) if isinstance(place.node, cst.Call) else place.text


def _escaping(machine: Machine, value: Value, visits: Visits, depth: int) -> str | None:
    match value:
        case StepObject() | StepMethod() | StepDecorator():
            return "the step object"
        case StepFunction(definition=definition):
            return f"the step {definition.name!r}"
        case StepCall(step=step, place=place):
            machine.work.begun.add(id(place.node))
            return f"a call of the step {step.definition.name!r}"
        case WaitCall(activity=activity, place=place):
            machine.work.begun.add(id(place.node))
            return f"the wait {activity.name!r}"
        case PreparedCall(function=function, place=place):
            machine.work.begun.add(id(place.node))
            return f"a call of `{function.names[0]}`, which runs steps,"
        case FunctionCall(function=function_value, arguments=arguments, place=place):
            machine.work.begun.add(id(place.node))
            runs = may_run_steps(machine, function_value, arguments)
            return f"a call of `{function_value.name}`, which runs steps," if runs else None
        case GeneratorCall():
            return _generated(machine, value, visits, depth)
        case FunctionValue(node=cst.Lambda()):
            place = Place(value.scope.module, value.node)
            return _made(machine, lambda: machine.call(value, Arguments(), place), depth)
        case LazyItems():
            return _made(machine, lambda: consumed(machine, value.node, value.scope, "list"), depth)
        case FunctionValue():
            return f"`{value.name}`, which runs steps," if may_run_steps(machine, value) else None
        case Unresolved(place=place):
            return f"what `{place.brief_text}` gives, which is not known,"
        case _:
            inside = _inside(value, visits, depth)
            return next((w for v in inside if (w := _escaping(machine, v, visits, depth + 1)) is not None), None)


def _generated(machine: Machine, generator: GeneratorCall, visits: Visits, depth: int) -> str | None:
    """Tell what escapes with a generator: the steps that it runs, or those that it yields."""
    machine.work.begun.add(id(generator.place.node))
    if may_run_steps(machine, generator.function, generator.arguments):
        return f"the generator `{generator.function.name}`, which runs steps,"
    yields = yields_of(machine, generator)
    machine.budget.spend(Limit.ELEMENTS, len(yields))
    return next((w for y in yields if (w := _escaping(machine, y.value, visits, depth + 1)) is not None), None)


def _made(machine: Machine, make: Callable[[], Value], depth: int) -> str | None:
    """Tell what would escape if foreign code called a lambda or consumed a generator expression. Nothing is emitted."""
    if depth > DEEPEST:
        return None
    found: list[str | None] = []
    outcome = machine.branch(lambda: found.append(_escaping(machine, make(), Visits(), depth + 1)))
    return "code that runs steps" if works(outcome.block) else found[0]


def _inside(value: Value, visits: Visits, depth: int) -> list[Value]:
    match value:
        case Collection() | Mapping() if visits.enter(value.state, depth):
            return [element.value for element in value.state.elements()]
        case WrappingManager(content=content):
            return [content]
        case Alternatives(options=options) if depth < DEEPEST:
            return [option.value for option in options]
        case Instance(state=state) if visits.enter(state, depth):
            return list(state.values())
        case Wrapped(inner=inner) | MethodOf(receiver=inner) | SuperObject(receiver=inner) if depth < DEEPEST:
            return [inner]
        case Partial(callee=callee, arguments=arguments) if depth < DEEPEST:
            return [callee, *(argument.value for argument in arguments.items)]
        case _:
            return []
