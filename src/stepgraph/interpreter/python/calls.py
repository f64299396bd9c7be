"""Calls, by what is called."""

from __future__ import annotations

from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.escapes import NOT_FOLLOWED, NOT_IN_PROJECT, report_escape
from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.library.logging_ import is_logging
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Absent,
    Alternatives,
    Arguments,
    Constant,
    External,
    Foreign,
    ForeignMember,
    FunctionCall,
    FunctionValue,
    GeneratorCall,
    Partial,
    PreparedCall,
    Resource,
    StepCall,
    StepFunction,
    Unresolved,
    Value,
    Volatile,
    faded,
    is_none,
)
from stepgraph.interpreter.python.arguments import given, spread
from stepgraph.interpreter.replay.resources import call_resource
from stepgraph.interpreter.static_values import given_arguments, known
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


def call_function(machine: Machine, callee: FunctionValue, arguments: Arguments, place: Place) -> Value:
    """Call a function of the project. A body that runs at the call is read now, that of a coroutine when it starts."""
    if isinstance(callee.node, cst.Lambda):
        return _call_lambda(machine, callee, callee.node, arguments)
    if bindings_of(callee.node, callee.scope.module).is_generator:
        return machine.work.generate(GeneratorCall(callee, arguments, place, machine.loop_depth))
    if callee.node.asynchronous is not None:
        return machine.work.make(FunctionCall(callee, arguments, place), place)
    return _call_plain(machine, callee, arguments, place)


def _call_plain(machine: Machine, callee: FunctionValue, arguments: Arguments, place: Place) -> Value:
    """A function that is not async runs at its call; one that returns a coroutine counts as a coroutine function."""
    summary = read_function(machine, callee, arguments)
    if not summary.function.works:
        return summary.result
    if not summary.awaits_result:
        machine.emit(Run(Call(summary.function), place))
        return summary.result
    prepared = PreparedCall(summary.function, summary.result, place)
    if summary.starts_work:
        return start(machine, prepared, place)
    return machine.work.make(prepared, place)


def _call_lambda(machine: Machine, callee: FunctionValue, node: cst.Lambda, arguments: Arguments) -> Value:
    """Evaluate the body of a lambda in place: it is one expression. Recursion is followed to a limited depth."""
    depth = machine.open_lambdas[node]
    machine.lambdas_read += 1
    if depth >= RECURSION_DEPTH or (depth and machine.lambdas_read > RECURSIVE_CALLS):
        return Unresolved("a lambda that calls itself", Place(callee.scope.module, node))
    machine.budget.spend(Limit.SUMMARIES)
    machine.open_lambdas[node] += 1
    with machine.in_scope(function_scope(machine, callee, arguments)):
        value = machine.evaluate(node.body)
        machine.observe(Returned(Place(callee.scope.module, node), known(value), machine.place(node.body)))
    machine.open_lambdas[node] -= 1
    if not value.relevant:
        return faded(value)
    machine.frame.called |= machine.work.bit_of(node)
    made = list(given((value,)))
    if len(made) == 1:
        machine.lambda_names[node] = made[0].name  # a lambda is the function that it calls
    return value


def call_step(machine: Machine, callee: StepFunction, arguments: Arguments, place: Place) -> Value:
    """Call a declared step: a coroutine, nothing runs yet. Arguments are an error at run time and change nothing."""
    if not callee.doubtful:
        passed = given_arguments(spread(arguments))
        machine.observe(StepCalled(callee.definition, passed, place, machine.in_step))
    return machine.work.make(StepCall(callee, place), place)


def call_alternatives(machine: Machine, callee: Alternatives, arguments: Arguments, place: Place) -> Value:
    """Call whichever of several values it is. Calling a constant (None) fails: no run goes on from there."""
    options = callee.options
    if callee.discriminant is None:
        options = tuple(option for option in options if not isinstance(option.value, Constant | Absent))
    if len(options) == 1 and len(callee.options) > 1:
        return machine.call(options[0].value, arguments, place)
    callables = Alternatives(options, callee.discriminant, callee.place)
    return machine.choose(callables, lambda chosen: machine.call(chosen, arguments, place))


def call_partial(machine: Machine, callee: Partial, arguments: Arguments, place: Place) -> Value:
    """Call what `functools.partial` made: its arguments come first."""
    return machine.call(callee.callee, Arguments((*callee.arguments.items, *arguments.items)), place)


def call_unresolved(machine: Machine, callee: Unresolved, arguments: Arguments, place: Place) -> Value:
    """Call something that may lead to a step and cannot be followed: what comes of it cannot be followed either."""
    report_escape(machine, arguments, place, ", which cannot be followed")
    machine.note(
        "unresolved-call",
        place,
        f"what is called here (`{callee.place.brief_text}`) cannot be followed: {callee.reason}.",
        "Steps that it runs are missing from the graph; call them by name.",
    )
    return UNKNOWN


def call_unknown(machine: Machine, callee: Value, arguments: Arguments, place: Place) -> Value:
    """Call what is not modeled: reported only if it can run steps, or is handed what can, and does more than log."""
    if is_none(callee):
        return UNKNOWN  # which fails
    if not (isinstance(callee, External | ForeignMember) and is_logging(callee.name)):
        report_escape(machine, arguments, place, NOT_IN_PROJECT if _is_foreign(callee) else NOT_FOLLOWED)
    machine.escape(callee, place, f"is called{NOT_FOLLOWED}")
    match callee:
        case External(name=name) | ForeignMember(name=name):
            return Foreign(name)
        case Volatile():
            return replace(callee, called=True)
        case Resource():
            return call_resource(callee, arguments, place)
        case _:
            return UNKNOWN


def _is_foreign(callee: Value) -> bool:
    return isinstance(callee, External | Foreign | ForeignMember | Volatile | Resource)
