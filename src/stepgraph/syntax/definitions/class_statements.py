"""Facts about class statements: their members, and the calls that the definition of a class or function implies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import last_name
from stepgraph.syntax.definitions.class_hierarchy import ENTRYPOINT
from stepgraph.syntax.definitions.enumerations import enumeration_members
from stepgraph.syntax.walk import statements

_SETTER: Final = "setter"
_ASSIGNMENT_HOOKS: Final = frozenset({"__setattr__", "__set__"})
HOOK_WORDS: Final = tuple(sorted(each.encode() for each in (_SETTER, *_ASSIGNMENT_HOOKS)))
"""Words in the source of functions that the assignment of an attribute runs."""


def is_assignment_hook(function: cst.FunctionDef) -> bool:
    """Return whether an assignment of an attribute runs a function."""
    is_setter = any(last_name(each.decorator) == _SETTER for each in function.decorators)
    return is_setter or function.name.value in _ASSIGNMENT_HOOKS


def is_entrypoint(base: cst.Arg) -> bool:
    """Return whether a base class is that of all workflows."""
    return last_name(base.value) == ENTRYPOINT


def class_heads(owner: cst.ClassDef) -> list[cst.CSTNode]:
    """Return the expressions that the definition of a class evaluates outside of its body."""
    arguments = (each.value for each in (*owner.bases, *owner.keywords))
    return [*arguments, *(each.decorator for each in owner.decorators)]


def data_fields(owner: cst.ClassDef) -> Iterator[str]:
    """Yield the names of the attributes that a data class has as parameters of its initializer."""
    for statement in statements(owner.body):
        match statement:
            case cst.AnnAssign(target=cst.Name(name)):
                yield name


def constant_members(owner: cst.ClassDef) -> Iterator[str]:
    """Yield the locations of the attributes that the body of a class, or an enumeration, binds to literals."""
    if enumeration_members(owner):
        yield from (".name", ".value")
    for statement in statements(owner.body):
        match statement:
            case (
                cst.Assign(targets=[cst.AssignTarget(cst.Name(name))], value=value)
                | cst.AnnAssign(target=cst.Name(name), value=value)
            ) if isinstance(value, cst.SimpleString | cst.Integer | cst.Float):
                yield f".{name}"


def implied_calls(
    definition: cst.FunctionDef | cst.ClassDef, with_metaclass: set[str]
) -> Iterator[tuple[str, cst.Call]]:
    """Yield the calls of decorators and special methods that a definition implies, after the called names.

    `with_metaclass` are the names of the classes with a metaclass so far, to which the name of a class is added.
    """
    name = definition.name
    is_class = isinstance(definition, cst.ClassDef)
    defined = name if is_class else cst.SimpleString(f'"{name.value}"')
    for decorator in (each.decorator for each in definition.decorators):
        if not isinstance(decorator, cst.Call):
            yield last_name(decorator), cst.Call(decorator, [cst.Arg(defined)])
    if isinstance(definition, cst.ClassDef):
        yield from _special_calls(definition, with_metaclass)


def _special_calls(owner: cst.ClassDef, with_metaclass: set[str]) -> Iterator[tuple[str, cst.Call]]:
    """Yield the calls of special methods of base classes, metaclasses and members that a class implies."""
    if owner.bases:
        yield _call_of(owner.name, "__init_subclass__")
    if owner.keywords or not with_metaclass.isdisjoint(last_name(each.value) for each in owner.bases):
        with_metaclass.add(owner.name.value)
        yield _call_of(owner.name, "__new__")
        yield _call_of(owner.name, "__init__")
    for statement in statements(owner.body):
        match statement:
            case cst.Assign(targets=[cst.AssignTarget(cst.Name(member))], value=cst.Call() as value):
                yield _call_of(value, "__set_name__", owner.name, cst.SimpleString(f'"{member}"'))


def _call_of(receiver: cst.BaseExpression, method: str, *args: cst.BaseExpression) -> tuple[str, cst.Call]:
    return method, cst.Call(cst.Attribute(receiver, cst.Name(method)), [cst.Arg(each) for each in args])
