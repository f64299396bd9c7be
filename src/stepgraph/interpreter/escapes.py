"""Escapes: values that can run steps, such as the step object, steps and functions, and that reach unmodeled code.

Unresolved values, and values whose use changes which steps run, also count as values that can run steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import relevant_members
from stepgraph.interpreter.summaries import returned_by, yields_of
from stepgraph.interpreter.values.calls import (
    Arguments,
    FunctionCoroutine,
    GeneratorCall,
    GeneratorExpression,
    Partial,
    PreparedCall,
    StepCall,
    WaitCall,
    WrappingManager,
)
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.heap_cells import HeapCell, Visits
from stepgraph.interpreter.values.objects import (
    AttributeDictionary,
    BuiltinMethod,
    ClassValue,
    FunctionValue,
    ProjectObject,
    SuperObject,
)
from stepgraph.interpreter.values.steps import StepDecorator, StepFunction, StepMethod, StepObject
from stepgraph.interpreter.values.tasks import Future, Queue, WaitForCall
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.work import EscapedValue
from stepgraph.ir.values import UNKNOWN, Unresolved, Value
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.changes import COLLECTION_MUTATORS
from stepgraph.syntax.walk import children

NOT_IN_PROJECT: Final = ", which is outside the project"
NOT_MODELED: Final = ", which stepgraph does not model"
_DEEPEST: Final = 16
"""The nesting depth from which the parts of an escaping value are not searched."""
_ESCAPE_ADVICE: Final = "Steps that run there are missing from the graph. Call them directly."


def escape(interpreter: Interpreter, value: Value, place: SourcePlace, action: str, *, is_stored: bool) -> bool:
    """Report a value that leaves the analysis if it can run steps. Return whether it can.

    In the message, `action` follows the description of the value. With `is_stored`, a function that may use a step
    object as an argument also counts, because a project object may store the function and call it later.
    """
    description = _describe_escape(interpreter, value, Visits(_DEEPEST), 0)
    if description is None and is_stored and not interpreter.work.ignores_stores:
        name = _step_user(interpreter, value, Visits(_DEEPEST), 0)
        description = None if name is None else f"`{name}`, which may use the step object,"
    if description is None:
        if value.relevant or isinstance(value, FunctionValue | ClassValue | Partial | ProjectObject):
            work = interpreter.work
            in_step = interpreter.store.events.in_step
            escaped = EscapedValue(value, place, action, work.finished_task, work.is_finished_in_loop, in_step)
            work.escaped.setdefault((id(place.node), id(value)), escaped)
        return False
    interpreter.note("escapes", place, f"{description} {action}.", _ESCAPE_ADVICE)
    return True


def _step_user(interpreter: Interpreter, value: Value, visits: Visits, depth: int) -> str | None:
    """Return the name of a function in a value that may use a step object passed to it. Return None if none may."""
    from stepgraph.syntax.step_users import may_use_step

    if isinstance(value, FunctionValue):
        has_parameters = any(True for _ in parameters(value.node.params))
        place = SourcePlace(value.scope.module, value.node)
        return value.name if has_parameters and may_use_step(place, interpreter.modules.scopes) else None
    parts = _contents(interpreter, value, visits, depth)
    names = (_step_user(interpreter, part, visits, depth + 1) for part in parts if part.relevant)
    return next((name for name in names if name is not None), None)


def report_late_escapes(interpreter: Interpreter) -> None:
    """Report escaped callables and objects that can run steps only now, at the end of the workflow."""
    work, events = interpreter.work, interpreter.store.events
    escaped, work.escaped = work.escaped, {}
    for each in escaped.values():
        events.in_step = each.in_step
        with work.in_callback(each.finished_task, is_in_loop=each.is_finished_in_loop):
            escape(interpreter, each.value, each.place, each.action, is_stored=False)
    events.in_step = False


def report_escape(
    interpreter: Interpreter,
    arguments: Arguments,
    place: SourcePlace,
    why: str = NOT_IN_PROJECT,
    *,
    is_stored: bool = False,
) -> None:
    """Report the arguments through which the callee can run steps outside the graph. The message ends with `why`.

    With `is_stored`, the callee may store the arguments in an object of the project.
    """
    callee = None
    for index, argument in enumerate(arguments.items):
        if not argument.value.relevant:  # then the text is not needed
            continue
        callee = callee or _callee(place)
        action = f"is passed to {callee}{why}"
        is_reported = interpreter.escape(argument.value, argument.place, action, is_stored=is_stored)
        following = tuple(each for each in arguments.items[index + 1 :] if each.keyword is None)
        is_callback = isinstance(argument.value, FunctionValue | BuiltinMethod)
        if is_callback and not is_reported and any(each.value.relevant for each in following):
            call = Partial(argument.value, Arguments(following))  # as of `loop.call_soon(jobs.append, job)`
            interpreter.escape(call, argument.place, action)


def _callee(place: SourcePlace) -> str:
    """Return the text of the function that a call at a place calls. A call by unknown code has no place in a module."""
    match place.node:
        case cst.Call(func=function):
            return f"`{place.module.text(function)}`"
        case cst.Module():
            return "other code"
        case _:
            return f"`{place.text}`"


def _describe_escape(interpreter: Interpreter, value: Value, visits: Visits, depth: int) -> str | None:
    """Return a description of the part of a value that can run steps. Return None if no part can."""
    from stepgraph.interpreter.objects.builtin_methods import model_of_method
    from stepgraph.interpreter.objects.containers.iterators import cells_created_by
    from stepgraph.interpreter.python.generator_expressions import consume_generator_expression

    match value:
        case StepObject() | StepMethod() | StepDecorator():
            return "the step object"
        case StepFunction(definition=definition):
            return f"the step {definition.name!r}"
        case StepCall() | WaitCall() | PreparedCall() | FunctionCoroutine():
            interpreter.work.begun.add(id(value.place.node))
            return _describe_coroutine(interpreter, value, visits, depth)
        case GeneratorCall():
            return _describe_generator(interpreter, value, visits, depth)
        case GeneratorExpression():
            return _describe_evaluation(
                interpreter,
                lambda: consume_generator_expression(interpreter, value, "list", exhausts=True),
                depth,
                frozenset(cells_created_by([value.node], [value])),
            )
        case FunctionValue():
            return _describe_function(interpreter, value, visits, depth)
        case BuiltinMethod(name=name, receiver=Collection() | Mapping()) if (
            name in _CHANGING_METHODS and model_of_method(value) is not None
        ):
            place = interpreter.place(interpreter.module.tree)
            return _describe_evaluation(
                interpreter, lambda: interpreter.call(value, Arguments(), place), depth
            ) or _describe_escape(interpreter, value.receiver, visits, depth + 1)
        case Partial(callee=FunctionValue() | BuiltinMethod()):
            place = interpreter.place(interpreter.module.tree)
            return _describe_evaluation(interpreter, lambda: interpreter.call(value, Arguments(), place), depth)
        case Unresolved(place=place):
            return f"the unresolved value of `{place.brief_text}`"
        case Collection() | Mapping() | ProjectObject() | Partial() if depth >= _DEEPEST and value.relevant:
            return f"a value nested more than {_DEEPEST} levels deep"
        case _:
            return _describe_any(interpreter, _contents(interpreter, value, visits, depth), visits, depth)


def _describe_any(interpreter: Interpreter, values: Iterable[Value], visits: Visits, depth: int) -> str | None:
    """Return the description of the first part that can run steps among values in a value at `depth`."""
    descriptions = (_describe_escape(interpreter, value, visits, depth + 1) for value in values)
    return next((description for description in descriptions if description is not None), None)


def _describe_coroutine(
    interpreter: Interpreter,
    coroutine: StepCall | WaitCall | PreparedCall | FunctionCoroutine,
    visits: Visits,
    depth: int,
) -> str | None:
    """Return a description of a coroutine, or None if it runs no steps."""
    from stepgraph.interpreter.effects import effect_of_call

    match coroutine:
        case StepCall(step=step):
            return f"a call of the step {step.definition.name!r}"
        case WaitCall(activity=activity):
            return f"the wait {activity.name!r}"
        case PreparedCall(function=function):
            return f"a call of `{function.names[0]}`, which runs steps,"
        case FunctionCoroutine(function=callee, arguments=arguments):
            effect = effect_of_call(interpreter, callee, arguments)
            if effect is not None:
                return f"a call of `{callee.name}`, which {effect},"
            return _describe_result(interpreter, callee, arguments, visits, depth)


def _describe_function(interpreter: Interpreter, function: FunctionValue, visits: Visits, depth: int) -> str | None:
    """Return a description of a function, or None if a call of it cannot run steps."""
    from stepgraph.interpreter.effects import effect_of_call

    if isinstance(function.node, cst.Lambda):
        place = SourcePlace(function.scope.module, function.node)
        return _describe_evaluation(interpreter, lambda: interpreter.call(function, Arguments(), place), depth)
    if isinstance(function.implementations, Mapping):
        others = (entry.value for entry in function.implementations.entries)
        return _describe_any(interpreter, (replace(function, implementations=None), *others), visits, depth)
    effect = effect_of_call(interpreter, function)
    if effect is not None:
        return f"`{function.name}`, which {effect},"
    return _describe_result(interpreter, function, Arguments(), visits, depth)


_CHANGING_METHODS: Final = COLLECTION_MUTATORS - {"move_to_end", "subtract"}
"""The modeled methods that add elements to a collection or dictionary, or remove elements from it."""


def _describe_generator(interpreter: Interpreter, generator: GeneratorCall, visits: Visits, depth: int) -> str | None:
    """Return a description of a generator that runs steps or changes values that determine steps.

    For another generator, describe the first yielded value that can do so, or return None.
    """
    from stepgraph.interpreter.effects import call_time_matters, effect_of_call

    interpreter.work.begun.add(id(generator.place.node))
    effect = effect_of_call(interpreter, generator.function, generator.arguments)
    if effect is None and call_time_matters(interpreter, generator.function, generator.arguments):
        effect = "changes values that determine steps"
    if effect is not None:
        return f"the generator `{generator.function.name}`, which {effect},"
    yields = yields_of(interpreter, generator)
    interpreter.budget.spend(Limit.ELEMENTS, len(yields))
    return _describe_any(interpreter, (element.value for element in yields), visits, depth)


def _describe_result(
    interpreter: Interpreter, function: FunctionValue, arguments: Arguments, visits: Visits, depth: int
) -> str | None:
    """Return a description of the part of a function's result that can run steps. Return None if no part can."""
    result = returned_by(interpreter, function, arguments)
    return None if depth > _DEEPEST or not result.relevant else _describe_escape(interpreter, result, visits, depth + 1)


def _describe_evaluation(
    interpreter: Interpreter, evaluate: Callable[[], Value], depth: int, ignored: frozenset[HeapCell] = frozenset()
) -> str | None:
    """Return a description of an evaluation, or of its result, if it can run steps. Otherwise return None.

    No operations are emitted. Changes of the cells `ignored` do not count, because they belong to the value itself.
    """
    from stepgraph.interpreter.effects import effect_of

    if depth > _DEEPEST:
        return None
    descriptions: list[str | None] = []
    effect = effect_of(
        interpreter,
        lambda: descriptions.append(_describe_escape(interpreter, evaluate(), Visits(_DEEPEST), depth + 1)),
        ignored,
    )
    return descriptions[0] if effect is None else f"code that {effect}"


def _open(interpreter: Interpreter, value: Collection | Mapping) -> None:
    """Record that code that is not analyzed may add elements to an empty collection.

    If the analysis has relied on the collection being empty, add unknown elements.
    """
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


def _contents(interpreter: Interpreter, value: Value, visits: Visits, depth: int) -> Iterable[Value]:
    match value:
        case Queue(contents=contents) | Future(contents=contents) if depth < _DEEPEST:
            return [contents]
        case Collection() | Mapping() if visits.enter(value.state, depth):
            _open(interpreter, value)
            factory = value.default_factory if isinstance(value, Mapping) else None
            return [*(element.value for element in value.state.elements()), *(() if factory is None else (factory,))]
        case WrappingManager(content=content):
            return [content]
        case Union(cases=cases) if depth < _DEEPEST:
            return [case.value for case in cases]
        case AttributeDictionary(owner=owner) if depth < _DEEPEST:
            return [owner]
        case ProjectObject(cls=cls, state=state) if visits.enter(state, depth):
            return chain(list(state.values()), relevant_members(interpreter, cls, value))
        case ClassValue(scope=scope) if visits.enter(scope.names, depth):
            return relevant_members(interpreter, value, None)
        case WaitForCall(inner=inner) | BuiltinMethod(receiver=inner) | SuperObject(receiver=inner) if depth < _DEEPEST:
            return [inner]
        case Partial(callee=callee, arguments=arguments) if depth < _DEEPEST:
            return [callee, *(argument.value for argument in arguments.items)]
        case _:
            return []


def evaluate_unknown(interpreter: Interpreter, node: cst.CSTNode) -> Value:
    """Evaluate the parts of an expression that has no evaluator, and report its steps. Relevant parts escape."""
    block = interpreter.block_of(lambda: _evaluate_parts(interpreter, node))
    for operation in block.operations:
        interpreter.emit(operation)
    if block.operations:
        interpreter.note(
            "escapes",
            interpreter.place(node),
            "steps run in a kind of expression that stepgraph does not model.",
            "The graph shows each of them once.",
        )
    return UNKNOWN


def _evaluate_parts(interpreter: Interpreter, node: cst.CSTNode) -> None:
    for part in children(node):
        if isinstance(part, cst.BaseExpression):
            interpreter.escape(
                interpreter.evaluate(part),
                interpreter.place(part),
                "is used in an expression that stepgraph does not model",
            )
        else:
            _evaluate_parts(interpreter, part)


def execute_unknown(interpreter: Interpreter, node: cst.CSTNode) -> None:
    """Evaluate the expressions in a statement that has no executor, and report its steps. Relevant values escape."""
    evaluate_unknown(interpreter, node)
