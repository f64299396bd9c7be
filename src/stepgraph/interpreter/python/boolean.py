"""What is evaluated only sometimes: `and`, `or`, and the conditional expression."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Alternatives,
    External,
    FunctionCall,
    FunctionValue,
    Option,
    StepCall,
    StepFunction,
    Value,
    WaitCall,
    faded,
)
from stepgraph.interpreter.python.narrowing import narrowed
from stepgraph.interpreter.replay.taint import derived, steer
from stepgraph.interpreter.store import leaves, merged, told_apart
from stepgraph.ir.nodes import Handle
from stepgraph.syntax.bindings import bindings_of

_CHECKING: Final = frozenset({"typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING"})


def decided(machine: Machine, test: cst.BaseExpression) -> bool | None:
    """Return what a test surely gives, None where that is not known.

    Literals decide it, TYPE_CHECKING, which is false at run time, and whether a known value is a coroutine (function).
    """
    match test:
        case cst.Name(value="True"):
            return True
        case cst.Name(value="False"):
            return False
        case cst.Name(value=name):
            value = look_up(machine, name) if name == "TYPE_CHECKING" else UNKNOWN
            return False if isinstance(value, External) and value.name in _CHECKING else None
        case cst.Attribute(attr=cst.Name(value="TYPE_CHECKING")):
            value = machine.evaluate(test)
            return False if isinstance(value, External) and value.name in _CHECKING else None
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            negated = decided(machine, inner)
            return None if negated is None else not negated
        case cst.Call(func=function, args=[cst.Arg(value=cst.Name() | cst.Attribute() as asked, star="")]):
            return _is_asynchronous(machine, function, asked)
        case _:
            return None


def _is_asynchronous(machine: Machine, function: cst.BaseExpression, asked: cst.BaseExpression) -> bool | None:
    """Return what `iscoroutinefunction`, `iscoroutine` or `isawaitable` gives, None where that is not known."""
    name = function.attr if isinstance(function, cst.Attribute) else function
    if not isinstance(name, cst.Name) or name.value not in _ASKING:
        return None
    asking = machine.evaluate(function)
    if not isinstance(asking, External) or asking.name not in _ASKING[name.value]:
        return None
    found: list[Value] = []
    machine.block_of(lambda: found.append(machine.evaluate(asked)))
    of_function = name.value == "iscoroutinefunction"
    answers = {_is_async(value) if of_function else _is_coroutine(value) for value in leaves(found[0])}
    return answers.pop() if len(answers) == 1 else None


_ASKING: Final = {
    "isawaitable": ("inspect.isawaitable",),
    "iscoroutine": ("asyncio.iscoroutine", "inspect.iscoroutine"),
    "iscoroutinefunction": ("asyncio.iscoroutinefunction", "inspect.iscoroutinefunction"),
}


def _is_async(value: Value) -> bool | None:
    """Return whether a value is a coroutine function, as each step is; None where that is not known."""
    match value:
        case StepFunction(doubtful=False):
            return True
        case FunctionValue(node=cst.FunctionDef() as node, doubts=(), wrapped=None):
            is_generator = bindings_of(node, value.scope.module).is_generator
            return node.asynchronous is not None and not is_generator
        case FunctionValue(node=cst.Lambda()):
            return False
        case _:
            return None


def _is_coroutine(value: Value) -> bool | None:
    return True if isinstance(value, StepCall | WaitCall | FunctionCall) else None


def evaluate_conditional(machine: Machine, node: cst.IfExp) -> Value:
    """`a if c else b`."""
    decision = decided(machine, node.test)
    if decision is not None:
        return machine.evaluate(node.body if decision else node.orelse)
    test = machine.evaluate(node.test)
    condition = machine.text(node.test)
    place = machine.place(node)
    steer(machine, test, machine.place(node.test), place)
    values: list[Value] = []

    def read(way: cst.BaseExpression, *, holds: bool) -> None:
        with narrowed(machine, node.test, holds=holds):
            values.append(machine.evaluate(way))

    ways = [
        (condition, machine.branch(lambda: read(node.body, holds=True), condition)),
        (None, machine.branch(lambda: read(node.orelse, holds=False))),
    ]
    machine.take_one(ways, None, place)
    value = merged([(condition, values[0]), (None, values[1])], None, place, ways[0][1].since)
    return derived(machine, (test, *values), faded(value))


def evaluate_boolean(machine: Machine, node: cst.BooleanOperation) -> Value:
    """`a and b`, `a or b`: an operand with steps is in a choice on those before it, back to the last one with steps."""
    operands = _operands(node)
    value = machine.evaluate(operands[0])
    return _rest(machine, node, operands, 0, 1, value)


def _rest(
    machine: Machine,
    node: cst.BooleanOperation,
    operands: list[cst.BaseExpression],
    first: int,
    index: int,
    value: Value,
) -> Value:
    """Evaluate the operands from `index` on, which are reached if those from `first` on let them."""
    while index < len(operands):
        if decided(machine, operands[index - 1]) is (not isinstance(node.operator, cst.And)):
            return UNKNOWN
        found: list[Value] = []
        at = index

        def read(at: int = at, found: list[Value] = found) -> None:
            with narrowed(machine, operands[at - 1], holds=isinstance(node.operator, cst.And)):
                found.append(machine.evaluate(operands[at]))
            if machine.operations:
                found[0] = _rest(machine, node, operands, at, at + 1, found[0])

        steer(machine, value, machine.place(operands[at - 1]), machine.place(node))
        outcome = machine.branch(read)
        if not outcome.block.operations and not outcome.changes and not (value.relevant or found[0].relevant):
            value = derived(machine, (value, found[0]))
            index += 1
            continue
        condition = _condition(machine, node, operands[first:index])
        machine.take_one([(condition, outcome)], None, machine.place(node))
        value = _either(machine, node, value, Option(condition, found[0]), outcome.since)
        if outcome.block.operations:
            return value
        index += 1
    return value


def _either(machine: Machine, node: cst.BooleanOperation, left: Value, right: Option, since: Handle | None) -> Value:
    """`a or b` is `b` where `not a`, else `a`; what cannot be called is not worth keeping apart."""
    if not (left.relevant or right.value.relevant):
        return derived(machine, (left, right.value))
    place = machine.place(node)
    if not left.relevant:
        return Alternatives((Option(right.condition, told_apart(right.value, (), since)),), None, place)
    return merged([(right.condition, right.value), (None, left)], None, place, since)


def _operands(node: cst.BooleanOperation) -> list[cst.BaseExpression]:
    """Return the operands of a chain of one operator, which leans to the left unless bracketed."""
    operands: list[cst.BaseExpression] = []
    current: cst.BaseExpression = node
    kind = type(node.operator)
    while isinstance(current, cst.BooleanOperation) and isinstance(current.operator, kind):
        if current is not node and current.lpar:
            break
        operands.append(current.right)
        current = current.left
    operands.append(current)
    return list(reversed(operands))


def _condition(machine: Machine, node: cst.BooleanOperation, operands: list[cst.BaseExpression]) -> str:
    word = "and" if isinstance(node.operator, cst.And) else "or"
    text = f" {word} ".join(machine.text(operand) for operand in operands)
    if word == "and":
        return text
    return negated(text, operands[0]) if len(operands) == 1 else f"not ({text})"


def negated(text: str, node: cst.BaseExpression) -> str:
    """Return `not text`, with brackets unless the expression needs none."""
    bare = isinstance(node, cst.Name | cst.Call | cst.Attribute | cst.Subscript)
    bracketed = bool(node.lpar) and text.startswith("(")
    return f"not {text}" if bare or bracketed else f"not ({text})"
