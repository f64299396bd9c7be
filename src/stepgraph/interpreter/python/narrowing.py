"""What a test says of a variable, in the code that runs only if it holds or only if it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.names import binding_scope
from stepgraph.interpreter.objects.values import (
    Absent,
    Alternatives,
    Constant,
    FunctionValue,
    Gathering,
    Instance,
    Slots,
    StepFunction,
    Task,
    Value,
)
from stepgraph.interpreter.objects.values import is_none as holds_none

# Values that are true in any test.
_TRUE = (StepFunction, FunctionValue, Task, Gathering)


@contextmanager
def narrowed(machine: Machine, test: cst.BaseExpression, *, holds: bool) -> Iterator[None]:
    """Leave out the values that variables cannot have where a test holds, or fails. Values assigned meanwhile stay."""
    before = []
    for container, key, value in list(_narrowed(machine, test, holds=holds)):
        before.append((container, key, container[key], value))
        machine.store.write(container, key, value)
    yield
    for container, key, old, new in reversed(before):
        if container.get(key) is new:
            machine.store.write(container, key, old)


def _narrowed(machine: Machine, test: cst.BaseExpression, *, holds: bool) -> Iterator[tuple[Slots, str, Value]]:
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            yield from _narrowed(machine, inner, holds=not holds)
        case cst.BooleanOperation(left=left, operator=cst.And(), right=right) if holds:
            yield from _narrowed(machine, left, holds=True)
            yield from _narrowed(machine, right, holds=True)
        case cst.BooleanOperation(left=left, operator=cst.Or(), right=right) if not holds:
            yield from _narrowed(machine, left, holds=False)
            yield from _narrowed(machine, right, holds=False)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(cst.Is(), cst.Name("None"))]):
            yield from _variable(machine, left, is_none=holds)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(cst.IsNot(), cst.Name("None"))]):
            yield from _variable(machine, left, is_none=not holds)
        case cst.NamedExpr(target=cst.Name() as name):
            yield from _variable(machine, name, is_true=holds)
        case _:
            yield from _variable(machine, test, is_true=holds)


def _variable(
    machine: Machine, node: cst.BaseExpression, *, is_true: bool | None = None, is_none: bool | None = None
) -> Iterator[tuple[Slots, str, Value]]:
    found = _slot(machine, node)
    if found is None:
        return
    container, key = found
    value = container.get(key)
    if not isinstance(value, Alternatives):
        return
    left = tuple(o for o in value.options if _may_be(o.value, is_true=is_true, is_none=is_none))
    if left and len(left) < len(value.options):
        yield container, key, left[0].value if len(left) == 1 else replace(value, options=left)


def _slot(machine: Machine, node: cst.BaseExpression) -> tuple[Slots, str] | None:
    """Return where the value of a variable or of an attribute is kept, None where that is not known."""
    match node:
        case cst.Name(value=name):
            scope = binding_scope(machine.frame.scope, name)
            return (scope.names, name) if scope.kind == "function" and name in scope.names else None
        case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=name)):
            scope = binding_scope(machine.frame.scope, owner)
            instance = scope.names.get(owner)
            if isinstance(instance, Instance) and name in instance.state:
                return instance.state, name
    return None


def _may_be(value: Value, *, is_true: bool | None, is_none: bool | None) -> bool:
    if isinstance(value, Alternatives):
        return any(_may_be(option.value, is_true=is_true, is_none=is_none) for option in value.options)
    if is_none is not None:
        return not isinstance(value, _TRUE) if is_none else not holds_none(value)
    if isinstance(value, Absent | Constant):
        return (isinstance(value, Constant) and bool(value.value)) is is_true
    return is_true or not isinstance(value, _TRUE)
