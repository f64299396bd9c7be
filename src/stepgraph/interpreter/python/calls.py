"""Calls of values, with one function for each type of callee."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.escapes import NOT_IN_PROJECT, NOT_MODELED, report_escape
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.side_effects import call_resource, is_log_method, observe_workflow_start
from stepgraph.interpreter.python.arguments import callable_arguments, unpacked_arguments
from stepgraph.interpreter.summaries import function_scope, summarize_call
from stepgraph.interpreter.values.calls import (
    Arguments,
    FunctionCoroutine,
    GeneratorCall,
    Partial,
    PreparedCall,
    StepCall,
)
from stepgraph.interpreter.values.containers import Collection, Container, Mapping, without_constants
from stepgraph.interpreter.values.data import is_event_data
from stepgraph.interpreter.values.heap_cells import Visits
from stepgraph.interpreter.values.objects import BuiltinMethod, FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.awaiting import start
from stepgraph.interpreter.workflow.data_calls import skips_data_call
from stepgraph.interpreter.workflow.resuming import put_in_flight
from stepgraph.ir.name_facts import UnresolvedCall
from stepgraph.ir.nodes import Call, Run
from stepgraph.ir.values import (
    UNKNOWN,
    Absent,
    Constant,
    External,
    ExternalResult,
    ExternalResultMember,
    NameArgument,
    Nondeterministic,
    Resource,
    Unresolved,
    Value,
    is_none,
    without_taint,
)
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.changes import MUTATING_FUNCTIONS, READING_CALLS

if TYPE_CHECKING:
    from stepgraph.ir.parameter_tests import DecidingArgument

MAX_LAMBDA_DEPTH: Final = 50
"""The maximum recursion depth of a lambda."""

MAX_LAMBDA_CALLS: Final = 1_000
"""The number of evaluated lambda calls beyond which the results of recursive lambdas are unresolved."""

_YIELDED_CELLS: Final = 8
"""The number of cells that each generator has for the objects it yields, because few yield more."""


def call_function(interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: SourcePlace) -> Value:
    """Call a project function. The body of an async function or generator is interpreted when the result is used."""
    from stepgraph.interpreter.library.caches import call_cached

    if skips_data_call(interpreter, callee, arguments, place):
        return UNKNOWN
    if callee.cache is not None:
        return call_cached(interpreter, callee, callee.cache, arguments, place)
    if callee.implementations is not None:
        from stepgraph.interpreter.library.functools_ import call_dispatched

        return call_dispatched(interpreter, callee, callee.implementations, arguments, place)
    if not isinstance(callee.node, cst.FunctionDef):
        return _call_lambda(interpreter, callee, callee.node, arguments, place)
    if bindings_of(callee.node, callee.scope.module).is_generator:
        store = interpreter.store
        serial, cells = store.serial, tuple(store.new() for _ in range(_YIELDED_CELLS))
        generator = GeneratorCall(callee, arguments, place, interpreter.loop_depth, serial, cells)
        return interpreter.work.register_generator(generator)
    if callee.node.asynchronous is not None:
        _run_managers_at_call(interpreter, callee)
        deciding = _deciding_arguments(interpreter, callee, arguments, place)
        return interpreter.work.register_coroutine(
            FunctionCoroutine(callee, arguments, place, deciding, interpreter.local_loop_depth), place
        )
    return _call_plain(interpreter, callee, arguments, place)


def _run_managers_at_call(interpreter: Interpreter, callee: FunctionValue) -> None:
    """Enter and exit the decorating managers that are not async, as a call does before it returns its coroutine."""
    managers = [manager for manager in callee.managers if not manager.is_async]
    if managers:
        # Imported here because few functions have such decorators.
        from stepgraph.interpreter.python.context_managers.with_ import execute_managed

        execute_managed(interpreter, managers, callee.scope.module, None)


def _call_plain(interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: SourcePlace) -> Value:
    """Call a function that is not async. A call that runs steps and returns an awaitable is treated as a coroutine."""
    summary = summarize_call(interpreter, callee, arguments, place)
    blocks = summary.may_await and not summary.returns_awaitable  # it waits in `run_sync`
    if not summary.function.may_run_steps and not summary.returned_tasks and not blocks:
        if not summary.returns_awaitable:
            interpreter.record_suspension(summary.function.suspension)
        return summary.result
    deciding = _deciding_arguments(interpreter, callee, arguments, place)
    if not summary.returns_awaitable:
        interpreter.emit(Run(Call(summary.function, deciding), place))
        return summary.result
    tasks, depth = summary.returned_tasks, interpreter.local_loop_depth
    prepared = PreparedCall(summary.function, summary.result, place, deciding, depth, tasks)
    if summary.emits_before_return:
        return start(interpreter, prepared, place)
    if tasks:
        prepared.task_id = interpreter.work.new_task_id()
        put_in_flight(interpreter, tasks, prepared.task_id)
    return interpreter.work.register_coroutine(prepared, place)


def _deciding_arguments(
    interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: SourcePlace
) -> tuple[DecidingArgument, ...]:
    # Imported here because many workflows call no functions of their own.
    from stepgraph.interpreter.python.deciding_arguments import deciding_arguments

    return deciding_arguments(interpreter, callee, arguments, place)


def _call_lambda(
    interpreter: Interpreter, callee: FunctionValue, node: cst.Lambda, arguments: Arguments, place: SourcePlace
) -> Value:
    """Evaluate the body of a lambda in place. Recursion is limited."""
    depth = interpreter.open_lambdas[node]
    interpreter.evaluated_lambdas += 1
    if depth >= MAX_LAMBDA_DEPTH or (depth and interpreter.evaluated_lambdas > MAX_LAMBDA_CALLS):
        return Unresolved("it is a lambda that calls itself", SourcePlace(callee.scope.module, node))
    interpreter.budget.spend(Limit.SUMMARIES)
    interpreter.open_lambdas[node] += 1
    interpreter.tracer.on_function_call(callee, arguments, place)
    scope = function_scope(interpreter, callee, arguments)
    outer = interpreter.lambda_arguments
    deciding = _deciding_arguments(interpreter, callee, arguments, place) if arguments.items else ()
    interpreter.lambda_arguments = outer | {argument.parameter: argument for argument in deciding}
    with interpreter.in_scope(scope), interpreter.frame.inline_call(place):
        value = interpreter.evaluate(node.body)
        interpreter.tracer.on_return(SourcePlace(callee.scope.module, node), value, interpreter.place(node.body))
    interpreter.open_lambdas[node] -= 1
    interpreter.lambda_arguments = outer
    if not value.relevant:
        return without_constants(value)
    if is_event_data(value):
        return value
    interpreter.frame.called |= interpreter.work.bit_of(node)
    callables = list(callable_arguments((value,)))
    if len(callables) == 1:
        interpreter.lambda_names[node] = callables[0].name  # the graph shows the lambda by the name of its callee
    return value


def call_step(interpreter: Interpreter, callee: StepFunction, arguments: Arguments, place: SourcePlace) -> Value:
    """Return the coroutine of a declared step. Arguments cause an error at run time, but do not change the graph."""
    if not callee.may_be_replaced:
        interpreter.steps.called.add(id(callee.definition.place.node))
        interpreter.tracer.on_step_call(callee.definition, unpacked_arguments(arguments), place)
    return interpreter.work.register_coroutine(StepCall(callee, place), place)


def call_union(interpreter: Interpreter, callee: Union, arguments: Arguments, place: SourcePlace) -> Value:
    """Call each case of a union. A call of a constant such as None raises, so its path ends."""
    cases = tuple(case for case in callee.cases if not isinstance(case.value, Absent)) or callee.cases
    if callee.discriminant is None:
        cases = tuple(case for case in cases if not isinstance(case.value, NameArgument | Constant | Absent))
    if len(cases) == 1 and len(callee.cases) > 1:
        return interpreter.call(cases[0].value, arguments, place)
    callables = Union(cases, callee.discriminant, callee.place)
    interpreter.tracer.on_union_call(callables, place)
    return interpreter.apply_to_cases(callables, lambda chosen: interpreter.call(chosen, arguments, place))


def call_partial(interpreter: Interpreter, callee: Partial, arguments: Arguments, place: SourcePlace) -> Value:
    """Call the callee of a `Partial`, with the stored arguments first."""
    return interpreter.call(callee.callee, Arguments((*callee.arguments.items, *arguments.items)), place)


def call_unresolved(interpreter: Interpreter, callee: Unresolved, arguments: Arguments, place: SourcePlace) -> Value:
    """Report a call of a value that may lead to a step but cannot be resolved, and return UNKNOWN.

    The note about the callee covers the arguments, which escape.
    """
    with interpreter.without_notes("escapes"):
        report_escape(interpreter, arguments, place)
    interpreter.observe(UnresolvedCall(place, callee.place))
    interpreter.note(
        "unresolved-call",
        place,
        f"the function from `{callee.place.brief_text}` cannot be resolved: {callee.reason}.",
        callee.advice,
    )
    return UNKNOWN


def call_unknown(interpreter: Interpreter, callee: Value, arguments: Arguments, place: SourcePlace) -> Value:
    """Call a value without a model. Report the call if the value can run steps or receives values that can.

    Values passed to a logging call are not reported.
    """
    if is_none(callee) or isinstance(callee, Collection | Mapping):
        return UNKNOWN  # the call raises a TypeError
    if isinstance(callee, Resource | External):
        observe_workflow_start(interpreter, callee.name, arguments, place)  # before the arguments escape
    if not (isinstance(callee, External | ExternalResultMember) and is_log_method(callee.name)):
        is_builtin = isinstance(callee, External) and callee.name.startswith("builtins.")
        why = NOT_IN_PROJECT if _is_external_result(callee) and not is_builtin else NOT_MODELED
        report_escape(interpreter, arguments, place, why, is_stored=_may_store(callee, arguments))
    interpreter.escape(callee, place, f"is called{NOT_MODELED}")
    _expose_elements(interpreter, callee, arguments)
    match callee:
        case External(name=name) | ExternalResultMember(name=name):
            interpreter.work.register_external_coroutine(name, place)
            return ExternalResult(name)
        case Nondeterministic():
            return replace(callee, result_name="" if callee.is_called else callee.result_name, is_called=True)
        case Resource():
            return call_resource(callee, arguments, place)
        case _:
            return UNKNOWN


def _may_store(callee: Value, arguments: Arguments) -> bool:
    """Return whether a callee may store an argument in a collection or object of the project.

    External functions and built-in methods can only store an argument in another argument. Any other callee may be a
    method that stores an argument in its own object.
    """
    match without_taint(callee):
        case External() | BuiltinMethod():
            mutable = [
                argument for argument in arguments.items if isinstance(argument.value, Container | ProjectObject)
            ]
            return bool(mutable) and len(arguments.items) > 1
        case _:
            return True


def _expose_elements(interpreter: Interpreter, callee: Value, arguments: Arguments) -> None:
    """Mark elements of argument collections as possibly missing if the callee may remove or reorder them.

    An unmodeled callee may remove elements if it is known to mutate arguments, or if the program mutates its results.
    """
    exposed = _collections_with_steps(arguments)
    if not exposed or not _may_rearrange(interpreter, callee):
        return
    from stepgraph.interpreter.objects.containers.changes import remove_entry, remove_item

    for value in exposed:
        if isinstance(value, Mapping):
            remove_entry(interpreter, value, UNKNOWN)
        elif value.kind not in ("tuple", "frozenset"):
            remove_item(interpreter, value, UNKNOWN)


def _may_rearrange(interpreter: Interpreter, callee: Value) -> bool:
    """Return whether an unmodeled callee may change its arguments, directly or later through its result."""
    from stepgraph.interpreter.modules.collection_aliases import mutates_unknown

    name = callee.name.rpartition(".")[2] if isinstance(callee, External) else ""
    if name in READING_CALLS:
        return False
    return name in MUTATING_FUNCTIONS or any(
        mutates_unknown(interpreter, module) for module in list(interpreter.modules.scopes)
    )


def _collections_with_steps(arguments: Arguments) -> list[Collection | Mapping]:
    """Return the collections in the arguments that have an element that can lead to a step."""
    collections: list[Collection | Mapping] = []
    visits = Visits()
    pending: list[tuple[Value, int]] = [(argument.value, 0) for argument in arguments.items]
    while pending:
        value, depth = pending.pop()
        if not isinstance(value, Collection | Mapping) or not visits.enter(value.state, depth):
            continue
        elements = value.state.elements()
        pending += [(element.value, depth + 1) for element in elements]
        if any(element.value.relevant for element in elements):
            collections.append(value)
    return collections


def _is_external_result(callee: Value) -> bool:
    return isinstance(without_taint(callee), External | ExternalResult | ExternalResultMember | Resource)
