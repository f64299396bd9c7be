"""Assignments of attributes to functions, in the bodies that define the functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import Bindings, bindings_of, last_name
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.assignments import attribute_targets
from stepgraph.syntax.walk import children, statements, statements_below

_NAMESPACES: Final = ("vars", "__dict__")


class FunctionAttribute(Struct, frozen=True):
    """An assignment of an attribute of a function, or of an object that may be a function."""

    function: cst.FunctionDef | None = None
    """The function; None if the object may be any function, or if other code than the body around it may assign it."""
    value: str | None = None
    """The name of the function that is assigned, in the same body; None for a literal, and for values at run time."""
    decorator: str | None = None
    """The name of the function that assigns the attribute of the function that it decorates; None for other code."""
    has_arguments: bool = False
    """Whether the result of a call is the decorator, as in `@order(1)`."""


def attributes_of_functions(module: SourceModule) -> Mapping[str, tuple[FunctionAttribute, ...]]:
    """Return the assignments and deletions of attributes in a module by attribute, in source order."""
    followed = {
        **dict(_assignments_at_import(module)),
        **dict(_assignments_by_decorators(module)),
        **dict(_assignments_to_local_functions(module)),
    }
    by_name: dict[str, list[FunctionAttribute]] = {}
    for statement in statements_below(module.tree, into_functions=True):
        for owner, name in attribute_targets(statement):
            if not (isinstance(owner, cst.Name) and owner.value == "self"):
                by_name.setdefault(name, []).append(followed.get(id(statement), FunctionAttribute()))
    return {name: tuple(assignments) for name, assignments in by_name.items()}


def _assignments_at_import(module: SourceModule) -> Iterator[tuple[int, FunctionAttribute]]:
    """Yield the statements `f.name = g` for functions of the same body, by `id`."""
    classes = [statement for statement in module.tree.body if isinstance(statement, cst.ClassDef)]
    bodies: list[cst.Module | cst.ClassDef] = [module.tree, *classes]
    for owner in bodies:
        bindings = bindings_of(owner, module)
        for statement in statements(owner if isinstance(owner, cst.Module) else owner.body):
            attribute = _assignment_of_function(statement, bindings)
            if attribute is not None:
                yield id(statement), attribute


def _assignments_by_decorators(module: SourceModule) -> Iterator[tuple[int, FunctionAttribute]]:
    """Yield the statements `f.name = value` for the parameter of a decorator that returns it, by `id`."""
    for function in statements(module.tree):
        if not isinstance(function, cst.FunctionDef) or function.asynchronous is not None:
            continue
        inner = _returned_function(function)
        decorator = function if inner is None else inner
        attribute = FunctionAttribute(decorator=function.name.value, has_arguments=inner is not None)
        yield from ((id(statement), attribute) for statement in _assignments_of_parameter(decorator, module))


def _assignments_to_local_functions(module: SourceModule) -> Iterator[tuple[int, FunctionAttribute]]:
    """Yield the statements `wrapper.name = value` in functions that define `wrapper`, by `id`."""
    for function in statements_below(module.tree, into_functions=True):
        if not isinstance(function, cst.FunctionDef):
            continue
        binders = bindings_of(function, module).binders
        for statement in statements(function.body):
            match statement:
                case cst.Assign(targets=[cst.AssignTarget(cst.Attribute(value=cst.Name(value=owner)))]):
                    match binders.get(owner):
                        case [cst.FunctionDef() as local] if all(map(keeps_function, local.decorators)):
                            yield id(statement), FunctionAttribute(local)


def keeps_function(decorator: cst.Decorator) -> bool:
    """Return whether a decorator returns the function that it decorates, as `functools.wraps(f)` does."""
    match decorator.decorator:
        case cst.Call(func=cst.Name("wraps") | cst.Attribute(value=cst.Name("functools"), attr=cst.Name("wraps"))):
            return True
        case _:
            return False


def _returned_function(function: cst.FunctionDef) -> cst.FunctionDef | None:
    """Return the function that another function only defines and returns. Return None for other functions."""
    match [node for node in statements(function.body) if not isinstance(node, cst.Expr)]:
        case [cst.FunctionDef(asynchronous=None, decorators=[]) as inner, cst.Return(value=cst.Name(value=name))] if (
            name == inner.name.value
        ):
            return inner
        case _:
            return None


def _assignments_of_parameter(function: cst.FunctionDef, module: SourceModule) -> Iterator[cst.Assign]:
    """Yield the assignments to attributes of the only parameter of a function that returns it."""
    body = list(statements(function.body))
    match function.params.params, body[-1:]:
        case [cst.Param(name=cst.Name(value=parameter))], [cst.Return(value=cst.Name(value=returned))] if (
            parameter == returned and len(bindings_of(function, module).binders[parameter]) == 1
        ):
            pass
        case _:
            return
    for statement in body:
        match statement:
            case cst.Assign(targets=[cst.AssignTarget(cst.Attribute(value=cst.Name(value=owner)))]) if (
                owner == parameter
            ):
                yield statement


def names_outside_decorators(module: SourceModule) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that a module uses other than as decorators, and the names that it calls for a decorator.

    The names of definitions and the names that imports bind unchanged do not count.
    """
    used: set[str] = set()
    called: set[str] = set()
    stack: list[cst.CSTNode] = [module.tree]
    while stack:
        node = stack.pop()
        match node:
            case cst.Decorator(decorator=cst.Name() | cst.Attribute(value=cst.Name())):
                continue
            case cst.Decorator(decorator=cst.Call(func=cst.Name() | cst.Attribute(value=cst.Name()) as func) as call):
                called.add(last_name(func))
                stack += call.args
                continue
            case cst.ImportAlias(asname=None):
                continue
            case cst.FunctionDef():
                stack += [*node.decorators, node.params, node.body]
                continue
            case cst.Name(value=name):
                used.add(name)
            case cst.SimpleString() if (text := string_of(node)) is not None:
                used.add(text)
        stack += children(node)
    return frozenset(used), frozenset(called)


def _assignment_of_function(statement: cst.CSTNode, bindings: Bindings) -> FunctionAttribute | None:
    match statement:
        case cst.Assign(targets=[cst.AssignTarget(cst.Attribute(value=cst.Name(value=owner)))], value=value):
            function = _only_function(bindings, owner)
        case _:
            return None
    match value:
        case _ if function is None:
            return None
        case cst.Integer() | cst.Float() | cst.SimpleString() | cst.Name(value="True" | "False"):
            return FunctionAttribute(function)
        case cst.Name(value=name) if _only_function(bindings, name) is not None:
            return FunctionAttribute(function, name)
        case _:
            return None


def _only_function(bindings: Bindings, name: str) -> cst.FunctionDef | None:
    """Return the function that a body always binds to a name. Return None for other names."""
    match bindings.binders.get(name):
        case [cst.FunctionDef() as function] if id(function) in bindings.top_level_statements:
            return function
        case _:
            return None


def may_change_namespaces(module: SourceModule) -> bool:
    """Return whether a module may use a namespace dict, as in `vars(f)`, other than to iterate over it."""
    stack: list[cst.CSTNode] = [module.tree]
    while stack:
        node = stack.pop()
        match node:
            case cst.Call(func=cst.Attribute(value=table, attr=cst.Name(value="items" | "keys" | "values"))) if (
                _is_namespace(table)
            ):
                continue
            case cst.Name(value=name) if name in _NAMESPACES:
                return True
            case cst.SimpleString() if string_of(node) in _NAMESPACES:
                return True
        stack += children(node)
    return False


def _is_namespace(node: cst.BaseExpression) -> bool:
    """Return whether an expression reads a namespace dict of a name or of its type."""
    match node:
        case cst.Attribute(value=owner, attr=cst.Name(value="__dict__")):
            pass
        case cst.Call(func=cst.Name(value="vars"), args=[cst.Arg(value=owner)]):
            pass
        case _:
            return False
    match owner:
        case cst.Call(func=cst.Name(value="type"), args=[cst.Arg(value=cst.Name())]):
            return True
        case _:
            inner = owner.value if isinstance(owner, cst.Attribute) else owner
            return isinstance(inner, cst.Name)
