"""What is evaluated only sometimes: `and`, `or`, and the conditional expression."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import join_values, leaves, on_path
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Case,
    External,
    FunctionCall,
    FunctionValue,
    StepCall,
    StepFunction,
    Union,
    Value,
    WaitCall,
    without_constants,
)
from stepgraph.interpreter.python.narrowing import narrowed
from stepgraph.interpreter.replay.taint import derived, record_test
from stepgraph.ir.nodes import TaskId
from stepgraph.syntax.bindings import bindings_of

_CHECKING: Final = frozenset({"typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING"})


def decided(interpreter: Interpreter, test: cst.BaseExpression) -> bool | None:
    """Return what a test surely gives, None where that is not known.

    Literals decide it, TYPE_CHECKING, which is false at run time, and whether a known value is a coroutine (function).
    """
    match test:
        case cst.Name(value="True"):
            return True
        case cst.Name(value="False"):
            return False
        case cst.Name(value=name):
            value = look_up(interpreter, name) if name == "TYPE_CHECKING" else UNKNOWN
            return False if isinstance(value, External) and value.name in _CHECKING else None
        case cst.Attribute(attr=cst.Name(value="TYPE_CHECKING")):
            value = interpreter.evaluate(test)
            return False if isinstance(value, External) and value.name in _CHECKING else None
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            negated = decided(interpreter, inner)
            return None if negated is None else not negated
        case cst.Call(func=function, args=[cst.Arg(value=cst.Name() | cst.Attribute() as asked, star="")]):
            return _is_asynchronous(interpreter, function, asked)
        case _:
            return None


def _is_asynchronous(interpreter: Interpreter, function: cst.BaseExpression, asked: cst.BaseExpression) -> bool | None:
    """Return what `iscoroutinefunction`, `iscoroutine` or `isawaitable` gives, None where that is not known."""
    name = function.attr if isinstance(function, cst.Attribute) else function
    if not isinstance(name, cst.Name) or name.value not in _ASKING:
        return None
    asking = interpreter.evaluate(function)
    if not isinstance(asking, External) or asking.name not in _ASKING[name.value]:
        return None
    found: list[Value] = []
    interpreter.block_of(lambda: found.append(interpreter.evaluate(asked)))
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
        case StepFunction(may_be_replaced=False):
            return True
        case FunctionValue(node=cst.FunctionDef() as node, caveats=(), wrapped=None):
            is_generator = bindings_of(node, value.scope.module).is_generator
            return node.asynchronous is not None and not is_generator
        case FunctionValue(node=cst.Lambda()):
            return False
        case _:
            return None


def _is_coroutine(value: Value) -> bool | None:
    return True if isinstance(value, StepCall | WaitCall | FunctionCall) else None


def evaluate_conditional(interpreter: Interpreter, node: cst.IfExp) -> Value:
    """`a if c else b`."""
    decision = decided(interpreter, node.test)
    if decision is not None:
        return interpreter.evaluate(node.body if decision else node.orelse)
    test = interpreter.evaluate(node.test)
    condition = interpreter.text(node.test)
    place = interpreter.place(node)
    record_test(interpreter, test, interpreter.place(node.test), place)
    values: list[Value] = []

    def read(way: cst.BaseExpression, *, holds: bool) -> None:
        with narrowed(interpreter, node.test, holds=holds):
            values.append(interpreter.evaluate(way))

    ways = [
        (condition, interpreter.branch(lambda: read(node.body, holds=True), condition)),
        (None, interpreter.branch(lambda: read(node.orelse, holds=False))),
    ]
    interpreter.take_one(ways, None, place)
    value = join_values([(condition, values[0]), (None, values[1])], None, place, ways[0][1].since)
    return derived(interpreter, (test, *values), without_constants(value))


def evaluate_boolean(interpreter: Interpreter, node: cst.BooleanOperation) -> Value:
    """`a and b`, `a or b`: an operand with steps is in a choice on those before it, back to the last one with steps."""
    operands = _operands(node)
    value = interpreter.evaluate(operands[0])
    return _rest(interpreter, node, operands, 0, 1, value)


def _rest(
    interpreter: Interpreter,
    node: cst.BooleanOperation,
    operands: list[cst.BaseExpression],
    first: int,
    index: int,
    value: Value,
) -> Value:
    """Evaluate the operands from `index` on, which are reached if those from `first` on let them."""
    while index < len(operands):
        if decided(interpreter, operands[index - 1]) is (not isinstance(node.operator, cst.And)):
            return UNKNOWN
        found: list[Value] = []
        at = index

        def read(at: int = at, found: list[Value] = found) -> None:
            with narrowed(interpreter, operands[at - 1], holds=isinstance(node.operator, cst.And)):
                found.append(interpreter.evaluate(operands[at]))
            if interpreter.operations:
                found[0] = _rest(interpreter, node, operands, at, at + 1, found[0])

        record_test(interpreter, value, interpreter.place(operands[at - 1]), interpreter.place(node))
        outcome = interpreter.branch(read)
        if not outcome.block.operations and not outcome.changes and not (value.relevant or found[0].relevant):
            value = derived(interpreter, (value, found[0]))
            index += 1
            continue
        condition = _condition(interpreter, node, operands[first:index])
        interpreter.take_one([(condition, outcome)], None, interpreter.place(node))
        value = _either(interpreter, node, value, Case(condition, found[0]), outcome.since)
        if outcome.block.operations:
            return value
        index += 1
    return value


def _either(
    interpreter: Interpreter, node: cst.BooleanOperation, left: Value, right: Case, since: TaskId | None
) -> Value:
    """`a or b` is `b` where `not a`, else `a`; what cannot be called is not worth keeping apart."""
    if not (left.relevant or right.value.relevant):
        return derived(interpreter, (left, right.value))
    place = interpreter.place(node)
    if not left.relevant:
        return Union((Case(right.condition, on_path(right.value, (), since)),), None, place)
    return join_values([(right.condition, right.value), (None, left)], None, place, since)


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


def _condition(interpreter: Interpreter, node: cst.BooleanOperation, operands: list[cst.BaseExpression]) -> str:
    word = "and" if isinstance(node.operator, cst.And) else "or"
    text = f" {word} ".join(interpreter.text(operand) for operand in operands)
    if word == "and":
        return text
    return negated(text, operands[0]) if len(operands) == 1 else f"not ({text})"


def negated(text: str, node: cst.BaseExpression) -> str:
    """Return `not text`, with brackets unless the expression needs none."""
    bare = isinstance(node, cst.Name | cst.Call | cst.Attribute | cst.Subscript)
    bracketed = bool(node.lpar) and text.startswith("(")
    return f"not {text}" if bare or bracketed else f"not ({text})"
