"""Escapes: step objects, steps and coroutines that the project passes to code outside the analysis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.python.comprehensions import consume_generator_expression
from stepgraph.interpreter.summaries import call_has_effects, call_may_run_steps, changes_steps, yields_of
from stepgraph.interpreter.values.calls import (
    Arguments,
    FunctionCall,
    GeneratorCall,
    GeneratorExpression,
    Partial,
    PreparedCall,
    StepCall,
    WaitCall,
    WrappingManager,
)
from stepgraph.interpreter.values.containers import DEEPEST, Collection, HeapCell, Mapping, Visits
from stepgraph.interpreter.values.objects import (
    AttributeDictionary,
    BuiltinMethod,
    FunctionValue,
    Instance,
    SuperObject,
)
from stepgraph.interpreter.values.steps import StepDecorator, StepFunction, StepMethod, StepObject
from stepgraph.interpreter.values.tasks import WaitForCall
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.nodes import may_run_steps
from stepgraph.ir.values import Unresolved, Value
from stepgraph.limits import Limit
from stepgraph.syntax.module import Place

NOT_IN_PROJECT: Final = ", which is not in the project"
NOT_FOLLOWED: Final = " in a way that is not followed"


def escape(interpreter: Interpreter, value: Value, place: Place, action: str) -> bool:
    """Report a value that can run steps where it leaves the analysis, and return whether it can.

    `action` follows the description of the value in the message.
    """
    description = _describe_escape(interpreter, value, Visits(), 0)
    if description is None:
        return False
    interpreter.note("escapes", place, f"{description} {action}.", "Steps run from there are missing from the graph.")
    return True


def report_escape(interpreter: Interpreter, arguments: Arguments, place: Place, why: str = NOT_IN_PROJECT) -> None:
    """Report the arguments by which the callee can run steps outside the graph. `why` ends the message."""
    for argument in arguments.items:
        interpreter.escape(argument.value, argument.place, f"is handed to `{_callee(place)}`{why}")


def _callee(place: Place) -> str:
    return place.module.text(place.node.func) if isinstance(place.node, cst.Call) else place.text


def _describe_escape(interpreter: Interpreter, value: Value, visits: Visits, depth: int) -> str | None:
    """Return a description of the part of a value that can run steps, None without any."""
    match value:
        case StepObject() | StepMethod() | StepDecorator():
            return "the step object"
        case StepFunction(definition=definition):
            return f"the step {definition.name!r}"
        case StepCall(step=step, place=place):
            interpreter.work.begun.add(id(place.node))
            return f"a call of the step {step.definition.name!r}"
        case WaitCall(activity=activity, place=place):
            interpreter.work.begun.add(id(place.node))
            return f"the wait {activity.name!r}"
        case PreparedCall(function=function, place=place):
            interpreter.work.begun.add(id(place.node))
            return f"a call of `{function.names[0]}`, which runs steps,"
        case FunctionCall(function=function_value, arguments=arguments, place=place):
            interpreter.work.begun.add(id(place.node))
            runs = call_may_run_steps(interpreter, function_value, arguments)
            return f"a call of `{function_value.name}`, which runs steps," if runs else None
        case GeneratorCall():
            return _describe_generator(interpreter, value, visits, depth)
        case FunctionValue(node=cst.Lambda()):
            place = Place(value.scope.module, value.node)
            return _describe_evaluation(interpreter, lambda: interpreter.call(value, Arguments(), place), depth)
        case GeneratorExpression():
            return _describe_evaluation(
                interpreter,
                lambda: consume_generator_expression(interpreter, value, "list", exhausts=True),
                depth,
                value.state,
            )
        case FunctionValue():
            return f"`{value.name}`, which runs steps," if call_may_run_steps(interpreter, value) else None
        case Unresolved(place=place):
            return f"what `{place.brief_text}` gives, which is not known,"
        case _:
            contents = _contents(value, visits, depth)
            return next(
                (
                    description
                    for part in contents
                    if (description := _describe_escape(interpreter, part, visits, depth + 1)) is not None
                ),
                None,
            )


def _describe_generator(interpreter: Interpreter, generator: GeneratorCall, visits: Visits, depth: int) -> str | None:
    """Return a description of the steps that a generator runs or yields, None without any."""
    interpreter.work.begun.add(id(generator.place.node))
    if call_may_run_steps(interpreter, generator.function, generator.arguments):
        return f"the generator `{generator.function.name}`, which runs steps,"
    if call_has_effects(interpreter, generator.function, generator.arguments):
        return f"the generator `{generator.function.name}`, which changes values,"
    yields = yields_of(interpreter, generator)
    interpreter.budget.spend(Limit.ELEMENTS, len(yields))
    return next(
        (
            description
            for element in yields
            if (description := _describe_escape(interpreter, element.value, visits, depth + 1)) is not None
        ),
        None,
    )


def _describe_evaluation(
    interpreter: Interpreter, evaluate: Callable[[], Value], depth: int, state: HeapCell | None = None
) -> str | None:
    """Return a description of an evaluation that can run steps or change which steps run, None for others.

    Nothing is emitted. Changes of `state` are those of the evaluated value itself.
    """
    if depth > DEEPEST:
        return None
    descriptions: list[str | None] = []
    newest_serial = interpreter.store.serial
    outcome = interpreter.branch(
        lambda: descriptions.append(_describe_escape(interpreter, evaluate(), Visits(), depth + 1))
    )
    if may_run_steps(outcome.block):
        return "code that runs steps"
    changes = {key: change for key, change in outcome.changes.items() if change.container is not state}
    return descriptions[0] or ("code that changes values" if changes_steps(changes, newest_serial) else None)


def _contents(value: Value, visits: Visits, depth: int) -> list[Value]:
    match value:
        case Collection() | Mapping() if visits.enter(value.state, depth):
            return [element.value for element in value.state.elements()]
        case WrappingManager(content=content):
            return [content]
        case Union(cases=cases) if depth < DEEPEST:
            return [case.value for case in cases]
        case AttributeDictionary(owner=owner) if depth < DEEPEST:
            return [owner]
        case Instance(state=state) if visits.enter(state, depth):
            return list(state.values())
        case WaitForCall(inner=inner) | BuiltinMethod(receiver=inner) | SuperObject(receiver=inner) if depth < DEEPEST:
            return [inner]
        case Partial(callee=callee, arguments=arguments) if depth < DEEPEST:
            return [callee, *(argument.value for argument in arguments.items)]
        case _:
            return []
