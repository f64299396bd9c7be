"""What a test says of a variable, in the code that runs only if it holds or only if it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.names import binding_scope
from stepgraph.interpreter.objects.values import (
    Absent,
    Constant,
    FunctionValue,
    Gathering,
    HeapCell,
    Instance,
    StepFunction,
    Task,
    Union,
    Value,
)
from stepgraph.interpreter.objects.values import is_none as holds_none

# Values that are true in any test.
_TRUE = (StepFunction, FunctionValue, Task, Gathering)


@contextmanager
def narrowed(interpreter: Interpreter, test: cst.BaseExpression, *, holds: bool) -> Iterator[None]:
    """Leave out the values that variables cannot have where a test holds, or fails. Values assigned meanwhile stay."""
    before = []
    for container, key, value in list(_narrowed(interpreter, test, holds=holds)):
        before.append((container, key, container[key], value))
        interpreter.store.write(container, key, value)
    yield
    for container, key, old, new in reversed(before):
        if container.get(key) is new:
            interpreter.store.write(container, key, old)


def _narrowed(
    interpreter: Interpreter, test: cst.BaseExpression, *, holds: bool
) -> Iterator[tuple[HeapCell, str, Value]]:
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            yield from _narrowed(interpreter, inner, holds=not holds)
        case cst.BooleanOperation(left=left, operator=cst.And(), right=right) if holds:
            yield from _narrowed(interpreter, left, holds=True)
            yield from _narrowed(interpreter, right, holds=True)
        case cst.BooleanOperation(left=left, operator=cst.Or(), right=right) if not holds:
            yield from _narrowed(interpreter, left, holds=False)
            yield from _narrowed(interpreter, right, holds=False)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(cst.Is(), cst.Name("None"))]):
            yield from _variable(interpreter, left, is_none=holds)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(cst.IsNot(), cst.Name("None"))]):
            yield from _variable(interpreter, left, is_none=not holds)
        case cst.NamedExpr(target=cst.Name() as name):
            yield from _variable(interpreter, name, is_true=holds)
        case _:
            yield from _variable(interpreter, test, is_true=holds)


def _variable(
    interpreter: Interpreter, node: cst.BaseExpression, *, is_true: bool | None = None, is_none: bool | None = None
) -> Iterator[tuple[HeapCell, str, Value]]:
    found = _slot(interpreter, node)
    if found is None:
        return
    container, key = found
    value = container.get(key)
    if not isinstance(value, Union):
        return
    left = tuple(o for o in value.cases if _may_be(o.value, is_true=is_true, is_none=is_none))
    if left and len(left) < len(value.cases):
        yield container, key, left[0].value if len(left) == 1 else replace(value, cases=left)


def _slot(interpreter: Interpreter, node: cst.BaseExpression) -> tuple[HeapCell, str] | None:
    """Return where the value of a variable or of an attribute is kept, None where that is not known."""
    match node:
        case cst.Name(value=name):
            scope = binding_scope(interpreter.frame.scope, name)
            return (scope.names, name) if scope.kind == "function" and name in scope.names else None
        case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=name)):
            scope = binding_scope(interpreter.frame.scope, owner)
            instance = scope.names.get(owner)
            if isinstance(instance, Instance) and name in instance.state:
                return instance.state, name
    return None


def _may_be(value: Value, *, is_true: bool | None, is_none: bool | None) -> bool:
    if isinstance(value, Union):
        return any(_may_be(case.value, is_true=is_true, is_none=is_none) for case in value.cases)
    if is_none is not None:
        return not isinstance(value, _TRUE) if is_none else not holds_none(value)
    if isinstance(value, Absent | Constant):
        return (isinstance(value, Constant) and bool(value.value)) is is_true
    return is_true or not isinstance(value, _TRUE)
