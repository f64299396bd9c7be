"""Special methods of objects of the project: what operators, subscripts and iteration call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeGuard

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import leaves
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Constant,
    FunctionValue,
    GeneratorCall,
    Instance,
    Union,
    Unresolved,
    Value,
)
from stepgraph.interpreter.python.generators import resume
from stepgraph.interpreter.workflow.awaiting import await_value
from stepgraph.ir.nodes import Block, Branch, Choice, Jump, JumpKind
from stepgraph.syntax.module import Place


def is_any_object(value: Value) -> TypeGuard[Union]:
    """Whether a value is one of several objects of the project, or perhaps None, which has no special methods."""
    found = [leaf for leaf in leaves(value) if not isinstance(leaf, Constant)]
    return isinstance(value, Union) and bool(found) and all(isinstance(leaf, Instance) for leaf in found)


def call_special(
    interpreter: Interpreter, owner: Value, names: Sequence[str], given: Sequence[Value], place: Place
) -> Value | None:
    """Return what the first of several special methods gives that an object has, None where it has none of them."""
    if is_any_object(owner):
        return interpreter.choose(
            owner, lambda chosen: call_special(interpreter, chosen, names, given, place) or UNKNOWN
        )
    if not isinstance(owner, Instance):
        return None
    method: Value = UNKNOWN
    for name in names:
        method = interpreter.attribute(owner, name, place)
        if isinstance(method, FunctionValue | Union):
            return interpreter.call(method, Arguments(tuple(Argument(value, place) for value in given)), place)
    return method if isinstance(method, Unresolved) else None


def operate(
    interpreter: Interpreter, operator: cst.BaseBinaryOp, left: Value, right: Value, place: Place
) -> Value | None:
    """Return what an operator between two values gives, None where neither is an object that says so."""
    name = _OPERATORS[type(operator)]
    found = call_special(interpreter, left, (f"__{name}__",), (right,), place)
    return call_special(interpreter, right, (f"__r{name}__",), (left,), place) if found is None else found


def operate_in_place(
    interpreter: Interpreter, operator: cst.BaseAugOp, target: Value, value: Value, place: Place
) -> Value:
    """Return what `target += value` assigns where `target` is an object of the project."""
    name = _OPERATORS[_OPERATOR_OF[type(operator)]]
    found = call_special(interpreter, target, (f"__i{name}__", f"__{name}__"), (value,), place)
    if found is None:
        interpreter.escape_operand(target, place, "is an operand in a way that is not followed")
    return UNKNOWN if found is None else found


_OPERATORS: Final[dict[type[cst.BaseBinaryOp], str]] = {
    cst.Add: "add",
    cst.BitAnd: "and",
    cst.BitOr: "or",
    cst.BitXor: "xor",
    cst.Divide: "truediv",
    cst.FloorDivide: "floordiv",
    cst.LeftShift: "lshift",
    cst.MatrixMultiply: "matmul",
    cst.Modulo: "mod",
    cst.Multiply: "mul",
    cst.Power: "pow",
    cst.RightShift: "rshift",
    cst.Subtract: "sub",
}

OPERATOR_NAMES: Final = tuple(_OPERATORS.values())

_OPERATOR_OF: Final[dict[type[cst.BaseAugOp], type[cst.BaseBinaryOp]]] = {
    cst.AddAssign: cst.Add,
    cst.BitAndAssign: cst.BitAnd,
    cst.BitOrAssign: cst.BitOr,
    cst.BitXorAssign: cst.BitXor,
    cst.DivideAssign: cst.Divide,
    cst.FloorDivideAssign: cst.FloorDivide,
    cst.LeftShiftAssign: cst.LeftShift,
    cst.MatrixMultiplyAssign: cst.MatrixMultiply,
    cst.ModuloAssign: cst.Modulo,
    cst.MultiplyAssign: cst.Multiply,
    cst.PowerAssign: cst.Power,
    cst.RightShiftAssign: cst.RightShift,
    cst.SubtractAssign: cst.Subtract,
}


def iterated(interpreter: Interpreter, value: Value, place: Place) -> Value:
    """Return what a loop over a value goes over: what `__aiter__` or `__iter__` of an object gives."""
    if not isinstance(value, Instance):
        return value
    found = call_special(interpreter, value, ("__aiter__", "__iter__"), (), place)
    if isinstance(found, Unresolved):
        return interpreter.call(found, Arguments(), place)
    return value if found is None else found


def compare(interpreter: Interpreter, node: cst.ComparisonTarget, left: Value, right: Value, place: Place) -> Value:
    """Return what a comparison gives; a container of the project says itself what is in it."""
    if isinstance(node.operator, cst.In | cst.NotIn):
        return call_special(interpreter, right, ("__contains__",), (left,), place) or UNKNOWN
    name = _COMPARISONS.get(type(node.operator))
    return UNKNOWN if name is None else call_special(interpreter, left, (name,), (right,), place) or UNKNOWN


_COMPARISONS: Final[dict[type[cst.BaseCompOp], str]] = {
    cst.Equal: "__eq__",
    cst.GreaterThan: "__gt__",
    cst.GreaterThanEqual: "__ge__",
    cst.LessThan: "__lt__",
    cst.LessThanEqual: "__le__",
    cst.NotEqual: "__ne__",
}


def advance(interpreter: Interpreter, iterable: Value, place: Place) -> Value | None:
    """Return what a pass of a loop over an object gets, None for anything else; what runs before it is emitted.

    That is the `__anext__` or `__next__` of an object, or the code of a generator.
    """
    if isinstance(iterable, GeneratorCall):
        resume(interpreter, iterable)
    return _ask_for_next(interpreter, iterable, place) if isinstance(iterable, Instance) else None


def _ask_for_next(interpreter: Interpreter, iterator: Instance, place: Place) -> Value:
    """What is asked for may not be there: then the loop is over, after what was run to find that out."""
    first = len(interpreter.operations)
    found = call_special(interpreter, iterator, ("__anext__", "__next__"), (), place)
    if found is None:
        interpreter.escape_operand(iterator, place, "is iterated over in a way that is not followed")
        return UNKNOWN
    is_async = isinstance(place.node, cst.For | cst.CompFor) and place.node.asynchronous is not None
    value = await_value(interpreter, found, place) if is_async else found
    if len(interpreter.operations) > first:
        over = Block((Jump(JumpKind.FINISHED, place),))
        interpreter.emit(Choice((Branch("no more", over),), place))
    return value
