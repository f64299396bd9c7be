"""Members in the variables of loops over members, as in `for name, member in inspect.getmembers(self)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.attributes.dynamic import (
    UNKNOWN_NAME,
    all_member_names,
    candidate_names,
    has_member,
)
from stepgraph.interpreter.objects.attributes.function_attributes import is_assigned_to_functions_only
from stepgraph.interpreter.objects.attributes.lookup import NAMESPACE_LOOKUP
from stepgraph.interpreter.objects.attributes.presence import may_have_attribute
from stepgraph.interpreter.objects.attributes.table_strings import binders_of_local
from stepgraph.interpreter.objects.classes import relevant_members
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.values.calls import Argument
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import StepObject
from stepgraph.interpreter.values.unions import Case, Union
from stepgraph.ir.values import Constant, External, PartlyKnownText, Unresolved, Value
from stepgraph.limits import Limit
from stepgraph.syntax.step_methods import is_step_method


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


def members_with_attribute(interpreter: Interpreter, node: cst.Name, attribute: str) -> Value | None:
    """Return the members that a loop may bind to a variable and that may have an attribute, as a union.

    Return None if the variable is not such a member, if the loop calls properties or descriptors of the owner, or if
    code may assign the attribute to any object.
    """
    value = look_up(interpreter, node.value)
    if not isinstance(value, Unresolved) or value.reason not in (NAMESPACE_LOOKUP, UNKNOWN_NAME):
        return None
    if not is_assigned_to_functions_only(interpreter, attribute):
        return None
    is_read = value.reason == UNKNOWN_NAME
    owner = _owner_of_read(interpreter, node.value, value) if is_read else _owner_of_variable(interpreter, node.value)
    cls = owner.cls if isinstance(owner, ProjectObject) else owner
    if owner is None or cls is None or any(map(_is_computed, relevant_members(interpreter, cls, None))):
        return None
    place = interpreter.place(node)
    is_new = _is_in_creation_of(interpreter, owner)
    names = [
        name
        for name in all_member_names(interpreter, owner)
        if has_member(interpreter, owner, name) or not (is_new or is_assigned_to_functions_only(interpreter, name))
    ]
    values = {each: interpreter.attribute(owner, each, place) for each in names}
    cases = [Case(f'"{each}"', leaf) for each, member in values.items() for leaf in union_values(member)]
    interpreter.budget.spend(Limit.ELEMENTS, len(cases))
    having = tuple(
        case
        for case in cases
        if not isinstance(case.value, Constant | Collection | Mapping)
        and (not isinstance(case.value, StepObject) or is_step_method(attribute))
        and may_have_attribute(interpreter, case.value, attribute)
    )
    return Union(having, node.value, place) if having else None


def _is_in_creation_of(interpreter: Interpreter, owner: ProjectObject | ClassValue) -> bool:
    """Return whether the `__init_subclass__` of a class statement runs, before other code can add members."""
    frame = interpreter.frame
    if not interpreter.is_import_time or frame.function is None or frame.function.name.value != "__init_subclass__":
        return False
    parameter = frame.function.params.params[:1]
    return bool(parameter) and frame.body_scope.names.get(parameter[0].name.value) is owner


def _is_computed(member: Value) -> bool:
    return isinstance(member, ProjectObject) or (isinstance(member, FunctionValue) and member.kind == "property")


def _owner_of_variable(interpreter: Interpreter, variable: str) -> ProjectObject | ClassValue | None:
    """Return the owner of the members that a loop binds to a variable. Return None for other variables."""
    loop = _loop_over_members(interpreter, variable)
    if loop is not None:
        return loop[1]
    match binders_of_local(interpreter, variable):
        case [cst.For(target=cst.Name(), iter=iterable) | cst.CompFor(target=cst.Name(), iter=iterable)]:
            pass
        case _:
            return None
    match iterable:
        case cst.Call(func=cst.Attribute(value=table, attr=cst.Name(value="values")), args=[]):
            return _owner_of_table(interpreter, table)
        case _:
            return None


def _owner_of_read(interpreter: Interpreter, variable: str, value: Unresolved) -> ProjectObject | ClassValue | None:
    """Return the owner in `variable = getattr(x, name)`, where a loop over `dir(x)` binds the name.

    Return None for a value of another origin.
    """
    read = value.place.node
    binders = binders_of_local(interpreter, variable)
    if not any(isinstance(binder, cst.Assign) and binder.value is read for binder in binders):
        return None
    match read:
        case cst.Call(
            func=cst.Name("getattr"),
            args=[cst.Arg(value=cst.Name(value=owner) as node, star=""), cst.Arg(value=cst.Name(value=key)), *_],
        ) if look_up(interpreter, "getattr") == External("builtins.getattr"):
            binders = binders_of_local(interpreter, key)
        case _:
            return None
    match binders:
        case [cst.For(target=cst.Name(), iter=iterable)] if _lists_members(interpreter, iterable, owner):
            return _unchanged_owner(interpreter, node)
        case _:
            return None


def _lists_members(interpreter: Interpreter, iterable: cst.BaseExpression, owner: str) -> bool:
    """Return whether an expression is `dir(x)` for an owner, `dir(type(x))`, or `sorted(...)` of one of these."""
    match iterable:
        case cst.Call(func=cst.Name(value="sorted" | "list" | "reversed" as function), args=[argument, *_]):
            is_builtin = look_up(interpreter, function) == External(f"builtins.{function}")
            return is_builtin and _lists_members(interpreter, argument.value, owner)
        case cst.Call(
            func=cst.Name("dir"),
            args=[
                cst.Arg(value=cst.Name(value=name) | cst.Call(func=cst.Name("type"), args=[cst.Arg(cst.Name(name))]))
            ],
        ):
            return name == owner and look_up(interpreter, "dir") == External("builtins.dir")
        case _:
            return False


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
