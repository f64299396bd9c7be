"""Members in the variables of loops over members, as in `for name, member in inspect.getmembers(self)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.attributes.dynamic import candidate_names
from stepgraph.interpreter.objects.attributes.lookup import NAMESPACE_LOOKUP
from stepgraph.interpreter.objects.attributes.table_strings import binders_of_local
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.values.calls import Argument
from stepgraph.interpreter.values.objects import ClassValue, ProjectObject
from stepgraph.interpreter.values.unions import Case, Union
from stepgraph.ir.values import External, PartlyKnownText, Unresolved, Value


def member_in_pass(interpreter: Interpreter, node: cst.Name, unresolved: Unresolved) -> Value:
    """Return the member in a variable that a loop binds together with the name of the member.

    Where a test such as `name.startswith("step_")` holds, the result is any member with such a name. Elsewhere, the
    variable is unresolved.
    """
    loop = _loop_over_members(interpreter, node.value) if unresolved.reason == NAMESPACE_LOOKUP else None
    if loop is None:
        return unresolved
    key, owner = loop
    name = look_up(interpreter, key.value)
    if not isinstance(name, PartlyKnownText):
        return unresolved
    place = interpreter.place(node)
    names = candidate_names(interpreter, owner, Argument(name, interpreter.place(key))) or ()
    cases = tuple(Case(f'"{each}"', interpreter.attribute(owner, each, place)) for each in names)
    return Union(cases, key.value, place) if cases else unresolved


def _loop_over_members(interpreter: Interpreter, variable: str) -> tuple[cst.Name, ProjectObject | ClassValue] | None:
    """Return the variable with the names of the members that a loop binds to a variable, and the owner of the members.

    Return None if other code may bind one of the variables, or if the owner is unknown.
    """
    match binders_of_local(interpreter, variable):
        case [cst.For() | cst.CompFor() as loop]:
            pass
        case _:
            return None
    match loop.target:
        case cst.Tuple(elements=[cst.Element(value=cst.Name() as key), cst.Element(value=cst.Name(value=second))]) if (
            second == variable and _is_only_binder(binders_of_local(interpreter, key.value), loop)
        ):
            owner = _owner_of_members(interpreter, loop.iter)
            return None if owner is None else (key, owner)
        case _:
            return None


def _is_only_binder(binders: Sequence[cst.CSTNode], loop: cst.CSTNode) -> bool:
    return len(binders) == 1 and binders[0] is loop


def _owner_of_members(interpreter: Interpreter, iterable: cst.BaseExpression) -> ProjectObject | ClassValue | None:
    """Return the object or class of `inspect.getmembers(x)`, `vars(x).items()` or `x.__dict__.items()`, or None."""
    match iterable:
        case cst.Call(func=cst.Name(value="sorted" | "list" | "tuple" | "reversed" as function), args=[argument, *_]):
            is_builtin = look_up(interpreter, function) == External(f"builtins.{function}")
            return _owner_of_members(interpreter, argument.value) if is_builtin else None
        case cst.Call(func=cst.Attribute(value=table, attr=cst.Name(value="items")), args=[]):
            return _owner_of_table(interpreter, table)
        case cst.Call(func=cst.Name() | cst.Attribute() as function, args=[argument, *_]):
            is_of_members = interpreter.evaluate(function) in _MEMBER_FUNCTIONS
            return _unchanged_owner(interpreter, argument.value) if is_of_members else None
        case _:
            return None


_MEMBER_FUNCTIONS: Final = (External("inspect.getmembers"), External("inspect.getmembers_static"))


def _owner_of_table(interpreter: Interpreter, table: cst.BaseExpression) -> ProjectObject | ClassValue | None:
    match table:
        case cst.Attribute(value=owner, attr=cst.Name(value="__dict__")):
            return _unchanged_owner(interpreter, owner)
        case cst.Call(func=cst.Name(value="vars"), args=[cst.Arg(value=owner)]):
            is_builtin = look_up(interpreter, "vars") == External("builtins.vars")
            return _unchanged_owner(interpreter, owner) if is_builtin else None
        case _:
            return None


def _unchanged_owner(interpreter: Interpreter, node: cst.BaseExpression) -> ProjectObject | ClassValue | None:
    """Return the object or class of `x`, `type(x)` or `x.__class__` if code binds `x` once, so a loop keeps it."""
    match node:
        case cst.Name(value=name):
            value = look_up(interpreter, name)
            is_kept = isinstance(value, ClassValue) or len(binders_of_local(interpreter, name)) == 1
            return value if is_kept and isinstance(value, ProjectObject | ClassValue) else None
        case (
            cst.Call(func=cst.Name(value="type"), args=[cst.Arg(value=cst.Name() as inner)])
            | cst.Attribute(value=cst.Name() as inner, attr=cst.Name(value="__class__"))
        ):
            instance = _unchanged_owner(interpreter, inner)
            return instance.cls if isinstance(instance, ProjectObject) else None
        case _:
            return None
