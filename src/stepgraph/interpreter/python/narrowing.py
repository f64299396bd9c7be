"""Narrowing of variables in code that runs only if a test holds, or only if it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import class_default
from stepgraph.interpreter.objects.names import binding_scope
from stepgraph.interpreter.objects.private_names import mangle
from stepgraph.interpreter.values.containers import HeapCell
from stepgraph.interpreter.values.objects import FunctionValue, Instance
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.tasks import Gathering, Task
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import UNKNOWN, UNSET, Absent, Constant, Value
from stepgraph.ir.values import is_none as holds_none

# Types whose values are true in any test.
_ALWAYS_TRUE = (StepFunction, FunctionValue, Task, Gathering)


@contextmanager
def narrow(interpreter: Interpreter, test: cst.BaseExpression, *, holds: bool) -> Iterator[None]:
    """Narrow variables to the cases that satisfy a test, or to those that fail it, while the block runs.

    A variable that the block assigns keeps its new value.
    """
    saved = []
    for cell, key, value in list(_narrowings(interpreter, test, holds=holds)):
        saved.append((cell, key, cell[key], value))
        interpreter.store.put(cell, key, value)
    yield
    for cell, key, old, new in reversed(saved):
        if cell.get(key) is new:
            interpreter.store.put(cell, key, old)


def _narrowings(
    interpreter: Interpreter, test: cst.BaseExpression, *, holds: bool
) -> Iterator[tuple[HeapCell, str, Value]]:
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            yield from _narrowings(interpreter, inner, holds=not holds)
        case cst.BooleanOperation(left=left, operator=cst.And(), right=right) if holds:
            yield from _narrowings(interpreter, left, holds=True)
            yield from _narrowings(interpreter, right, holds=True)
        case cst.BooleanOperation(left=left, operator=cst.Or(), right=right) if not holds:
            yield from _narrowings(interpreter, left, holds=False)
            yield from _narrowings(interpreter, right, holds=False)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(cst.Is(), cst.Name("None"))]):
            yield from _narrow_variable(interpreter, left, is_none=holds)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(cst.IsNot(), cst.Name("None"))]):
            yield from _narrow_variable(interpreter, left, is_none=not holds)
        case cst.NamedExpr(target=cst.Name() as name):
            yield from _narrow_variable(interpreter, name, is_true=holds)
        case _:
            yield from _narrow_variable(interpreter, test, is_true=holds)


def _narrow_variable(
    interpreter: Interpreter, node: cst.BaseExpression, *, is_true: bool | None = None, is_none: bool | None = None
) -> Iterator[tuple[HeapCell, str, Value]]:
    slot = _resolve_slot(interpreter, node)
    if slot is None:
        return
    cell, key, unset_value = slot
    value = cell.get(key)
    if not isinstance(value, Union):
        return
    remaining = tuple(
        case
        for case in value.cases
        if _may_satisfy(unset_value if case.value is UNSET else case.value, is_true=is_true, is_none=is_none)
    )
    if remaining and len(remaining) < len(value.cases):
        yield cell, key, remaining[0].value if len(remaining) == 1 else replace(value, cases=remaining)


def _resolve_slot(interpreter: Interpreter, node: cst.BaseExpression) -> tuple[HeapCell, str, Value] | None:
    """Return the heap cell and key of a variable or attribute, None if they cannot be resolved.

    The third item is the value of an attribute that is not set.
    """
    match node:
        case cst.Name(value=name):
            scope = binding_scope(interpreter.frame.scope, name)
            return (scope.names, name, UNKNOWN) if scope.kind == "function" and name in scope.names else None
        case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=name)):
            scope = binding_scope(interpreter.frame.scope, owner)
            instance = scope.names.get(owner)
            name = mangle(interpreter.frame.scope, name)
            if isinstance(instance, Instance) and name in instance.state:
                return instance.state, name, class_default(interpreter, instance, name)
    return None


def _may_satisfy(value: Value, *, is_true: bool | None, is_none: bool | None) -> bool:
    if isinstance(value, Union):
        return any(_may_satisfy(case.value, is_true=is_true, is_none=is_none) for case in value.cases)
    if is_none is not None:
        return not isinstance(value, _ALWAYS_TRUE) if is_none else not holds_none(value)
    if isinstance(value, Absent | Constant):
        return (isinstance(value, Constant) and bool(value.value)) is is_true
    return is_true or not isinstance(value, _ALWAYS_TRUE)
