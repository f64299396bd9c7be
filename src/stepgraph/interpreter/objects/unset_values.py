"""Names and attributes that are set on some paths only: unions with `UNSET`, and what replaces it."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.joining import join_values, union_values
from stepgraph.interpreter.modules.binding_order import scope_body, statement_positions
from stepgraph.interpreter.values.containers import hide_constants
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.interpreter.values.unions import Case, Union
from stepgraph.ir.values import UNKNOWN, UNSET, Value
from stepgraph.syntax.module import Place


def may_be_unset(value: Value) -> bool:
    """Whether an attribute with this value is set on some paths only, or on none."""
    return value is UNSET or (isinstance(value, Union) and any(leaf is UNSET for leaf in union_values(value)))


def with_fallback(value: Value, fallback: Value | None) -> Value:
    """Return the value of an attribute, with a fallback for the paths that do not set it.

    Without a fallback, these paths raise an AttributeError, so only the values that are set remain.
    """
    if value is UNSET:
        return UNKNOWN if fallback is None else fallback
    if not isinstance(value, Union) or not may_be_unset(value):
        return value
    branches = [
        (case.condition, with_fallback(case.value, fallback))
        for case in value.cases
        if fallback is not None or case.value is not UNSET
    ]
    return join_values(branches, None if len(branches) == 1 else value.discriminant, value.place, since=0)


def or_unset(scope: LexicalScope, name: str, value: Value) -> Value:
    """Return the union of `UNSET` and the value that some paths of a module or class body bind to a name."""
    binders = scope.bindings.binders[name]
    place = Place(scope.module, binders[0])
    value = hide_constants(value)
    if isinstance(value, Union):
        is_conditional = value.discriminant is None and all(case.condition is not None for case in value.cases)
        case = Case(None if is_conditional else f"{name} {len(value.cases) + 1}", UNSET)
        return Union((*value.cases, case), value.discriminant, value.place)
    position = statement_positions(scope.module, scope_body(scope)).get(id(binders[0]))
    enclosing = () if position is None else position.enclosing
    if len(binders) == len(enclosing) == 1 and isinstance(enclosing[0].statement, cst.If):
        statement = enclosing[0].statement
        if enclosing[0].suite is statement.body:
            return Union((Case(scope.module.text(statement.test), value), Case(None, UNSET)), None, place)
    return Union((Case(f"{name} 1", value), Case(f"{name} 2", UNSET)), name, place)
