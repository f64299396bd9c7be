"""Calls, by what is called."""

from __future__ import annotations

from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.escapes import NOT_FOLLOWED, NOT_IN_PROJECT, report_escape
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.logging_ import is_logging
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Absent,
    Arguments,
    Constant,
    External,
    ExternalResult,
    ExternalResultMember,
    FunctionCall,
    FunctionValue,
    GeneratorCall,
    Nondeterministic,
    Partial,
    PreparedCall,
    Resource,
    StepCall,
    StepFunction,
    Union,
    Unresolved,
    Value,
    is_none,
    without_constants,
)
from stepgraph.interpreter.python.arguments import given, spread
from stepgraph.interpreter.replay.resources import call_resource
from stepgraph.interpreter.static_values import static_arguments, static_value
from stepgraph.interpreter.summaries import function_scope, read_function
from stepgraph.interpreter.workflow.awaiting import start
from stepgraph.ir.facts import Returned, StepCalled
from stepgraph.ir.nodes import Call, Run
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import Place

RECURSION_DEPTH: Final = 50
"""How many calls of one lambda may be open at once."""

RECURSIVE_CALLS: Final = 1_000
"""How many calls of lambdas are evaluated before one that calls itself is left unresolved."""


def call_function(interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: Place) -> Value:
    """Call a function of the project. A body that runs at the call is read now, that of a coroutine when it starts."""
    if isinstance(callee.node, cst.Lambda):
        return _call_lambda(interpreter, callee, callee.node, arguments)
    if bindings_of(callee.node, callee.scope.module).is_generator:
        return interpreter.work.generate(GeneratorCall(callee, arguments, place, interpreter.loop_depth))
    if callee.node.asynchronous is not None:
        return interpreter.work.make(FunctionCall(callee, arguments, place), place)
    return _call_plain(interpreter, callee, arguments, place)


def _call_plain(interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: Place) -> Value:
    """A function that is not async runs at its call; one that returns a coroutine counts as a coroutine function."""
    summary = read_function(interpreter, callee, arguments)
    if not summary.function.works:
        return summary.result
    if not summary.awaits_result:
        interpreter.emit(Run(Call(summary.function), place))
        return summary.result
    prepared = PreparedCall(summary.function, summary.result, place)
    if summary.starts_work:
        return start(interpreter, prepared, place)
    return interpreter.work.make(prepared, place)


def _call_lambda(interpreter: Interpreter, callee: FunctionValue, node: cst.Lambda, arguments: Arguments) -> Value:
    """Evaluate the body of a lambda in place: it is one expression. Recursion is followed to a limited depth."""
    depth = interpreter.open_lambdas[node]
    interpreter.lambdas_read += 1
    if depth >= RECURSION_DEPTH or (depth and interpreter.lambdas_read > RECURSIVE_CALLS):
        return Unresolved("a lambda that calls itself", Place(callee.scope.module, node))
    interpreter.budget.spend(Limit.SUMMARIES)
    interpreter.open_lambdas[node] += 1
    with interpreter.in_scope(function_scope(interpreter, callee, arguments)):
        value = interpreter.evaluate(node.body)
        interpreter.observe(
            Returned(Place(callee.scope.module, node), static_value(value), interpreter.place(node.body))
        )
    interpreter.open_lambdas[node] -= 1
    if not value.relevant:
        return without_constants(value)
    interpreter.frame.called |= interpreter.work.bit_of(node)
    made = list(given((value,)))
    if len(made) == 1:
        interpreter.lambda_names[node] = made[0].name  # a lambda is the function that it calls
    return value


def call_step(interpreter: Interpreter, callee: StepFunction, arguments: Arguments, place: Place) -> Value:
    """Call a declared step: a coroutine, nothing runs yet. Arguments are an error at run time and change nothing."""
    if not callee.may_be_replaced:
        passed = static_arguments(spread(arguments))
        interpreter.observe(StepCalled(callee.definition, passed, place, interpreter.in_step))
    return interpreter.work.make(StepCall(callee, place), place)


def call_union(interpreter: Interpreter, callee: Union, arguments: Arguments, place: Place) -> Value:
    """Call whichever of several values it is. Calling a constant (None) fails: no run goes on from there."""
    cases = callee.cases
    if callee.discriminant is None:
        cases = tuple(case for case in cases if not isinstance(case.value, Constant | Absent))
    if len(cases) == 1 and len(callee.cases) > 1:
        return interpreter.call(cases[0].value, arguments, place)
    callables = Union(cases, callee.discriminant, callee.place)
    return interpreter.choose(callables, lambda chosen: interpreter.call(chosen, arguments, place))


def call_partial(interpreter: Interpreter, callee: Partial, arguments: Arguments, place: Place) -> Value:
    """Call what `functools.partial` made: its arguments come first."""
    return interpreter.call(callee.callee, Arguments((*callee.arguments.items, *arguments.items)), place)


def call_unresolved(interpreter: Interpreter, callee: Unresolved, arguments: Arguments, place: Place) -> Value:
    """Call something that may lead to a step and cannot be followed: what comes of it cannot be followed either."""
    report_escape(interpreter, arguments, place, ", which cannot be followed")
    interpreter.note(
        "unresolved-call",
        place,
        f"what is called here (`{callee.place.brief_text}`) cannot be followed: {callee.reason}.",
        "Steps that it runs are missing from the graph; call them by name.",
    )
    return UNKNOWN


def call_unknown(interpreter: Interpreter, callee: Value, arguments: Arguments, place: Place) -> Value:
    """Call what is not modeled: reported only if it can run steps, or is handed what can, and does more than log."""
    if is_none(callee):
        return UNKNOWN  # which fails
    if not (isinstance(callee, External | ExternalResultMember) and is_logging(callee.name)):
        report_escape(interpreter, arguments, place, NOT_IN_PROJECT if _is_external_result(callee) else NOT_FOLLOWED)
    interpreter.escape(callee, place, f"is called{NOT_FOLLOWED}")
    match callee:
        case External(name=name) | ExternalResultMember(name=name):
            return ExternalResult(name)
        case Nondeterministic():
            return replace(callee, called=True)
        case Resource():
            return call_resource(callee, arguments, place)
        case _:
            return UNKNOWN


def _is_external_result(callee: Value) -> bool:
    return isinstance(callee, External | ExternalResult | ExternalResultMember | Nondeterministic | Resource)
