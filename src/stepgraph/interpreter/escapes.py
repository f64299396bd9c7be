"""Escapes: step objects, steps and coroutines that the project passes to code outside the analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import MISSING, may_lead_elsewhere
from stepgraph.interpreter.objects.classes import find_member, resolution_order
from stepgraph.interpreter.python.comprehensions import consume_generator_expression
from stepgraph.interpreter.store import Change
from stepgraph.interpreter.summaries import (
    call_has_effects,
    call_may_run_steps,
    returned_by,
    summarize_call,
    yields_of,
)
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
from stepgraph.interpreter.values.channels import Future, Queue
from stepgraph.interpreter.values.containers import (
    DEEPEST,
    Collection,
    Element,
    HeapCell,
    Mapping,
    MappingEntry,
    Visits,
)
from stepgraph.interpreter.values.objects import (
    AttributeDictionary,
    BuiltinMethod,
    ClassValue,
    FunctionValue,
    Instance,
    SuperObject,
)
from stepgraph.interpreter.values.steps import StepDecorator, StepFunction, StepMethod, StepObject
from stepgraph.interpreter.values.tasks import WaitForCall
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.nodes import may_run_steps
from stepgraph.ir.values import UNKNOWN, Unresolved, Value
from stepgraph.limits import Limit
from stepgraph.syntax.module import Place

NOT_IN_PROJECT: Final = ", which is not in the project"
NOT_FOLLOWED: Final = " in a way that is not followed"


def escape(interpreter: Interpreter, value: Value, place: Place, action: str) -> bool:
    """Report a value that can run steps where it leaves the analysis, and return whether it can.

    `action` follows the description of the value in the message.
    """
    description = _describe_escape(interpreter, value, Visits(), 0)
    if description is None and _changes_steps(interpreter, value, place):
        description = f"`{place.brief_text}`, which changes what later steps depend on,"
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
            if call_may_run_steps(interpreter, function_value, arguments):
                return f"a call of `{function_value.name}`, which runs steps,"
            return _describe_result(interpreter, function_value, arguments, visits, depth)
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
            if call_may_run_steps(interpreter, value):
                return f"`{value.name}`, which runs steps,"
            return _describe_result(interpreter, value, Arguments(), visits, depth)
        case Unresolved(place=place):
            return f"what `{place.brief_text}` gives, which is not known,"
        case _:
            contents = _contents(interpreter, value, visits, depth)
            return next(
                (
                    description
                    for part in contents
                    if (description := _describe_escape(interpreter, part, visits, depth + 1)) is not None
                ),
                None,
            )


def _changes_steps(interpreter: Interpreter, value: Value, place: Place) -> bool:
    """Return whether a call of a function may write values that lead to steps. Nothing is emitted.

    Values that escape from such a call are not called in turn: the code that passes them is judged where it runs.
    """
    if interpreter.work.judging_escape:
        return False
    newest_serial = interpreter.store.serial
    run: Callable[[], object]
    match value:
        case FunctionCall(function=function, arguments=arguments):
            run = partial(summarize_call, interpreter, function, arguments)
        case FunctionValue(node=cst.FunctionDef()):
            run = partial(summarize_call, interpreter, value, Arguments())
        case FunctionValue() | Partial(callee=FunctionValue()):
            run = partial(interpreter.call, value, Arguments(), place)
        case (
            BuiltinMethod(receiver=Collection() | Mapping(), name=name)
            | Partial(callee=BuiltinMethod(receiver=Collection() | Mapping(), name=name))
        ) if name in _ADDING_METHODS:
            run = partial(interpreter.call, value, Arguments(), place)
        case _:
            return False
    interpreter.work.judging_escape = True
    try:
        with interpreter.without_replay():
            changes = interpreter.branch(run).changes.values()
    finally:
        interpreter.work.judging_escape = False
    return _lead_elsewhere(changes, newest_serial)


def _lead_elsewhere(changes: Iterable[Change], newest_serial: int) -> bool:
    """Return whether changes that were rolled back affect which steps run, in cells up to a serial."""
    outer = (change for change in changes if change.container.serial <= newest_serial)
    return any(may_lead_elsewhere(change.container.get(change.key, MISSING), change.value) for change in outer)


_ADDING_METHODS: Final = frozenset({"add", "append", "appendleft", "extend", "insert", "setdefault", "update"})
"""The methods of collections and dictionaries that add elements."""


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


def _describe_result(
    interpreter: Interpreter, function: FunctionValue, arguments: Arguments, visits: Visits, depth: int
) -> str | None:
    """Return a description of the part of a function's result that can run steps, None without any."""
    result = returned_by(interpreter, function, arguments)
    return None if depth > DEEPEST or not result.relevant else _describe_escape(interpreter, result, visits, depth + 1)


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
    changes = (change for change in outcome.changes.values() if change.container is not state)
    return descriptions[0] or ("code that changes values" if _lead_elsewhere(changes, newest_serial) else None)


def _open(interpreter: Interpreter, value: Collection | Mapping) -> None:
    """Let an empty collection have unknown elements, because code outside the analysis may add them."""
    if not value.is_empty or (isinstance(value, Collection) and value.kind in ("tuple", "frozenset")):
        return
    if value.state.read_as_empty:
        place = interpreter.place(interpreter.module.tree)
        unknown = (
            Element(UNKNOWN, place, many=True)
            if isinstance(value, Collection)
            else MappingEntry(UNKNOWN, UNKNOWN, place, place, many=True)
        )
        interpreter.store.write(value.state, "items", (unknown,))
    value.state.open()


def _closures(interpreter: Interpreter, cls: ClassValue, receiver: Value) -> Iterator[Value]:
    """Yield the methods of an object whose class is defined in a function: they can use its variables."""
    order = resolution_order(cls)
    for owner in order:
        if not isinstance(owner, ClassValue) or owner.scope.parent is None or owner.scope.parent.kind != "function":
            continue
        for name in owner.scope.bindings.binders:
            interpreter.budget.spend(Limit.ELEMENTS)
            method = find_member(interpreter, order, name)
            if isinstance(method, FunctionValue) and method.receiver is None:
                yield replace(method, receiver=receiver)


def _contents(interpreter: Interpreter, value: Value, visits: Visits, depth: int) -> list[Value]:
    match value:
        case Queue(contents=contents) | Future(contents=contents) if depth < DEEPEST:
            return [contents]
        case Collection() | Mapping() if visits.enter(value.state, depth):
            _open(interpreter, value)
            return [element.value for element in value.state.elements()]
        case WrappingManager(content=content):
            return [content]
        case Union(cases=cases) if depth < DEEPEST:
            return [case.value for case in cases]
        case AttributeDictionary(owner=owner) if depth < DEEPEST:
            return [owner]
        case Instance(cls=cls, state=state) if visits.enter(state, depth):
            return [*state.values(), *_closures(interpreter, cls, value)]
        case ClassValue() if depth < DEEPEST:
            return list(_closures(interpreter, value, UNKNOWN))
        case WaitForCall(inner=inner) | BuiltinMethod(receiver=inner) | SuperObject(receiver=inner) if depth < DEEPEST:
            return [inner]
        case Partial(callee=callee, arguments=arguments) if depth < DEEPEST:
            return [callee, *(argument.value for argument in arguments.items)]
        case _:
            return []
