"""Reports on awaited values that are not awaitable, or that the analysis cannot resolve."""

from __future__ import annotations

from typing import Final

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.calls import GeneratorCall
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.interpreter.values.steps import StepDecorator, StepFunction, StepMethod
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import Unresolved, Value
from stepgraph.syntax.module import SourcePlace

_TESTS_OF_AWAITABLES: Final = (
    *(b"isawaitable", b"iscoroutine", b"isfunction", b"callable(", b"__await__"),
    *(b", Awaitable)", b", Coroutine)", b", Callable)"),
)
"""Source of code that tests at run time whether a value must be called before it is awaited."""


def report_await_without_call(interpreter: Interpreter, value: Value, place: SourcePlace) -> bool:
    """Report the await of a step or project function that is not called. Return whether the await always fails."""
    values = [case.value for case in value.cases] if isinstance(value, Union) else [value]
    if not all(map(is_function, values)):
        return False
    steps = [each for each in values if isinstance(each, StepFunction)]
    interpreter.steps.awaited.update(step.definition for step in steps)
    tests = map(place.module.mentions, _TESTS_OF_AWAITABLES)
    if interpreter.frame.type_error_handlers == 0 and not any(tests):
        subject = f"the step {steps[0].definition.name!r}" if steps else f"`{place.text.removeprefix('await ')}`"
        message = f"{subject} is awaited but not called, which fails with a TypeError."
        interpreter.note("function-awaited", place, message, f"Write `{place.text}()`.", incomplete=False)
    return True


def is_function(value: Value) -> bool:
    """Return whether a value is a function, so that its await raises a TypeError."""
    match value:
        case StepFunction(may_be_replaced=may_be_replaced):
            return not may_be_replaced
        case FunctionValue(kind=kind, caveats=caveats):
            return kind in ("function", "static", "class") and not caveats
    return False


def report_unresolved_await(interpreter: Interpreter, value: Value, place: SourcePlace) -> None:
    """Report the await of a value whose steps the graph does not show."""
    match value:
        case Unresolved(reason=reason, place=origin):
            interpreter.note(
                "unresolved-await",
                place,
                f"the awaitable from `{origin.text}` cannot be resolved: {reason}.",
                "Steps that it runs are missing from the graph. Call them by name.",
            )
        case StepDecorator() | StepMethod():
            interpreter.note(
                "decorator-awaited",
                place,
                "`step.do(...)` returns a decorator, and awaiting it fails with a TypeError: the step never runs.",
                "Write it with `@` above an async function, and await a call of that function.",
                incomplete=False,
            )
        case GeneratorCall(function=function):
            interpreter.note(
                "generator",
                place,
                f"the generator `{function.name}` is awaited, which stepgraph does not model.",
                "Steps that it runs are missing from the graph.",
            )
