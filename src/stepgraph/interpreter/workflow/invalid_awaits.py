"""Reports on awaited values that are not awaitable, or that the analysis cannot resolve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.values.calls import (
    Argument,
    Coroutine,
    FunctionCoroutine,
    GeneratorCall,
    GeneratorExpression,
    PreparedCall,
    StepCall,
    WaitCall,
)
from stepgraph.interpreter.values.containers import Collection, Element, Mapping
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.interpreter.values.steps import Event, Payload, StepDecorator, StepFunction, StepMethod, StepObject
from stepgraph.interpreter.values.tasks import Gathering, Task
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.nodes import StepDefinition
from stepgraph.ir.values import Absent, Constant, Template, Unresolved, Value, is_none
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import expressions_below, statements_below

_AWAITABLES: Final = (StepCall, WaitCall, FunctionCoroutine, PreparedCall, Task, Gathering)
_COROUTINES: Final = (StepCall, WaitCall, FunctionCoroutine)
_DISPLAYS: Final = (cst.List, cst.ListComp, cst.Tuple, cst.Set, cst.SetComp)
_DATA: Final = (*_DISPLAYS, cst.BaseNumber, cst.BaseString, cst.Dict, cst.DictComp, cst.Comparison)
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
    if not _expects_other_values(interpreter, place):
        subject = f"the step {steps[0].definition.quoted_name}" if steps else f"`{place.text.removeprefix('await ')}`"
        message = f"{subject} is awaited but not called, which fails with a TypeError."
        interpreter.note("function-awaited", place, message, f"Write `{place.text}()`.", incomplete=False)
    return True


def _expects_other_values(interpreter: Interpreter, place: SourcePlace) -> bool:
    """Return whether code handles a TypeError, or may test whether a value is awaitable."""
    return interpreter.frame.type_error_handlers > 0 or any(map(place.module.mentions, _TESTS_OF_AWAITABLES))


def report_await_of_collection(
    interpreter: Interpreter, value: Collection | GeneratorExpression, place: SourcePlace
) -> bool:
    """Report the await of a collection of awaitables, directly or as an argument. Return whether it always fails.

    Parameters are omitted, because a function may test whether an argument is a collection.
    """
    is_lazy = isinstance(value, Collection) and value.lazy is not None
    if not _is_collection_of_function(interpreter, place, is_lazy=is_lazy):
        return False
    kind = "generator"
    if isinstance(value, Collection) and value.lazy is not None:
        kind = "iterator"
        functions = [each for each in value.lazy.operands if isinstance(each, FunctionValue | StepFunction)]
        if not functions or value.lazy.is_view:
            return False
        interpreter.steps.awaited.update(each.definition for each in functions if isinstance(each, StepFunction))
    elif isinstance(value, Collection):
        kind = value.kind
        awaited = [item.value for item in value.items if isinstance(item.value, _AWAITABLES)]
        if not awaited:
            return False
        interpreter.work.begun.update(id(each.place.node) for each in awaited if not isinstance(each, Task | Gathering))
    else:
        interpreter.steps.awaited.update(_named_steps(interpreter, value.node))
    if interpreter.frame.type_error_handlers == 0:
        text = place.brief_text.removeprefix("await ").strip()
        is_argument = not isinstance(place.node, cst.Await)
        action = "is passed as one awaitable" if is_argument else "is awaited"
        message = f"the {kind} `{text}` {action}, which fails with a TypeError: only its elements are awaitable."
        unpacked = f"*({text})" if isinstance(place.node, cst.GeneratorExp) and text[:1] != "(" else f"*{text}"
        advice = f"Write `{unpacked}`." if is_argument else f"Write `await asyncio.gather({unpacked})`."
        interpreter.note("collection-awaited", place, message, advice, incomplete=False)
    return True


def report_wait_for_coroutines(interpreter: Interpreter, elements: Sequence[Element]) -> None:
    """Report the first coroutine among the elements of the first argument of `asyncio.wait`, which accepts none."""
    coroutine = next((item.place for item in elements if isinstance(item.value, _COROUTINES)), None)
    if coroutine is not None and interpreter.frame.type_error_handlers == 0:
        text = coroutine.brief_text
        message = f"`{text}` is a coroutine, but `asyncio.wait` accepts only tasks: it fails with a TypeError."
        advice = f"Write `asyncio.create_task({text})`, or pass the coroutines to `asyncio.gather`."
        interpreter.note("coroutine-waited", coroutine, message, advice, incomplete=False)


def report_unconverted_collection(interpreter: Interpreter, argument: Argument) -> None:
    """Report a collection of awaitables as the argument of a JavaScript function, which fails.

    A variable may hold an array in modules that use `to_js`. Iterators are accepted.
    """
    value, place = argument.value, argument.place
    if not isinstance(value, Collection) or value.lazy is not None:
        return
    is_variable = isinstance(place.node, cst.Name) and not place.module.mentions(b"to_js")
    if not (is_variable or isinstance(place.node, _DISPLAYS)):
        return
    if not _is_collection_of_function(interpreter, place, is_lazy=False):
        return
    if any(isinstance(item.value, _AWAITABLES) for item in value.items):
        text = place.brief_text
        message = (
            f"the {value.kind} `{text}` is not converted to a JavaScript array: Pyodide destroys the proxies of its"
            " elements before JavaScript awaits them, so none of them runs, although the graph shows them."
        )
        interpreter.note("collection-unconverted", place, message, f"Write `to_js({text})`.", incomplete=False)


def report_repeated_await(interpreter: Interpreter, coroutine: Coroutine, place: SourcePlace) -> None:
    """Report the second await of a variable with a coroutine, which can be awaited only once.

    The location is that of the `await`, or of the argument of a function that awaits it.
    """
    node = place.node.expression if type(place.node) is cst.Await else place.node
    if type(node) is not cst.Name:
        return
    if coroutine.place is place or isinstance(coroutine, PreparedCall):
        return  # each await calls `__await__`, or the function of a prepared call may return another awaitable
    # Imported here because most coroutines are awaited where they are created.
    from stepgraph.syntax.repeated_awaits import is_awaited_again

    if is_awaited_again(place):
        message = (
            f"`{node.value}` is a coroutine that an earlier statement has awaited: this fails with a RuntimeError."
        )
        advice = f"Use the result of the earlier `await`. To run it again, await `{coroutine.place.brief_text}`."
        interpreter.note("coroutine-reused", place, message, advice, incomplete=False)


def _named_steps(interpreter: Interpreter, node: cst.GeneratorExp) -> Iterator[StepDefinition]:
    """Yield the steps that an expression names."""
    names = dict.fromkeys(part.value for part in expressions_below(node) if isinstance(part, cst.Name))
    values = (look_up(interpreter, name) for name in names)
    return (value.definition for value in values if isinstance(value, StepFunction))


def _is_collection_of_function(interpreter: Interpreter, place: SourcePlace, *, is_lazy: bool) -> bool:
    """Return whether an expression creates a collection, or is a variable of the function that has no type test.

    With `is_lazy`, the value is an iterator, which a call may also create, as in `map(charge, orders)`.
    """
    node = place.node.expression if isinstance(place.node, cst.Await) else place.node
    if is_lazy and isinstance(node, cst.Call):
        return True
    if not isinstance(node, cst.Name):
        return isinstance(node, (*_DISPLAYS, cst.GeneratorExp))
    binders = interpreter.frame.body_scope.bindings.binders.get(node.value, ())
    is_variable = bool(binders) and not any(isinstance(binder, cst.Param) for binder in binders)
    return is_variable and not any(map(place.module.mentions, (*_TESTS_OF_AWAITABLES, b"isinstance(", b"type(")))


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
                value.advice,
            )
        case StepObject() if not _expects_other_values(interpreter, place):
            text = place.text.removeprefix("await ")
            interpreter.note(
                "step-object-awaited",
                place,
                f"the step object `{text}` is not awaitable, so awaiting it fails with a TypeError.",
                f'Await a call of a step, or of a method such as `{text}.sleep("cool down", "10 minutes")`.',
                incomplete=False,
            )
        case StepMethod() if not _expects_other_values(interpreter, place):
            message = f"`{place.text.removeprefix('await ')}` is awaited but not called, which fails with a TypeError."
            interpreter.note("function-awaited", place, message, f"Write `{place.text}(...)`.", incomplete=False)
        case StepDecorator():
            interpreter.note(
                "decorator-awaited",
                place,
                "`step.do(...)` returns a decorator, and awaiting it fails with a TypeError: the step never runs.",
                "Write it with `@` above an async function, and await a call of that function.",
                incomplete=False,
            )
        case Absent() | Constant() | Template() | Collection(lazy=None) | Mapping() | Event() | Payload():
            _report_await_of_data(interpreter, value, place)
        case GeneratorCall(function=function):
            interpreter.note(
                "generator",
                place,
                f"the generator `{function.name}` is awaited, which stepgraph does not model.",
                "Steps that it runs are missing from the graph.",
            )


def _report_await_of_data(interpreter: Interpreter, value: Value, place: SourcePlace) -> None:
    """Report the await of a value that is never awaitable, such as the result of a function that returns None.

    Parameters and attributes are omitted, because their values may depend on a condition that is tested before.
    """
    node = place.node.expression if isinstance(place.node, cst.Await) else None
    if isinstance(node, cst.Name) and node.value != "None":
        binders = interpreter.frame.body_scope.bindings.binders.get(node.value, ())
        is_certain = len(binders) == 1 and not isinstance(binders[0], cst.Param)
        is_certain = is_certain and not place.module.mentions(b"nonlocal ")
    elif isinstance(node, cst.Subscript | cst.Attribute):
        is_certain = isinstance(value, Payload)
    elif isinstance(node, cst.Call):
        is_certain = _always_returns_data(interpreter, node)
    else:
        is_certain = isinstance(node, (*_DATA, cst.Name))
    if not is_certain or _expects_other_values(interpreter, place):
        return
    text = place.brief_text.removeprefix("await ").strip()
    kind = "None" if is_none(value) and text != "None" else "a value that is not awaitable"
    subject = f"`{text}` returns {kind}" if isinstance(node, cst.Call) else f"`{text}` is {kind}"
    message = f"{subject}, so awaiting it fails with a TypeError."
    interpreter.note("value-awaited", place, message, f"Write `{text}` without `await`.", incomplete=False)


def _always_returns_data(interpreter: Interpreter, call: cst.Call) -> bool:
    """Return whether a call runs one plain function of the project that returns only literals or None."""
    callee = call.func
    if isinstance(callee, cst.Name):
        function = look_up(interpreter, callee.value)
    elif isinstance(callee, cst.Attribute) and isinstance(callee.value, cst.Name):
        owner = look_up(interpreter, callee.value.value)
        function = interpreter.attribute(owner, callee.attr.value, interpreter.place(callee))
    else:
        return False
    if not isinstance(function, FunctionValue) or not is_function(function):
        return False
    node = function.node
    if isinstance(node, cst.Lambda) or node.asynchronous is not None or node.decorators:
        return False
    if len(function.scope.bindings.binders[node.name.value]) != 1:
        return False
    results = [each.value for each in statements_below(node.body) if isinstance(each, cst.Return)]
    return all(
        result is None or isinstance(result, _DATA) or (isinstance(result, cst.Name) and result.value == "None")
        for result in results
    )
