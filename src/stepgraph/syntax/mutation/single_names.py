"""Local variables that hold the only reference to their collections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourceModule, once_per_node
from stepgraph.syntax.mutation.changes import COLLECTION_MUTATORS
from stepgraph.syntax.walk import all_nodes

_COPYING_CALLS: Final = frozenset({"all", "any", "bool", "dict", "len", "list", "print", "set", "sorted", "tuple"})
"""Functions whose results do not refer to their arguments."""
_METHODS: Final = COLLECTION_MUTATORS | {"copy", "count", "get", "index"}


@once_per_node
def names_without_aliases(function: cst.FunctionDef, module: SourceModule) -> frozenset[str]:
    """Return the variables of a function that hold only None or new collections, as the only references to them."""
    bindings = bindings_of(function, module)
    created = {name for name, binders in bindings.binders.items() if all(map(_binds_new_collection, binders))}
    created -= bindings.globals | bindings.nonlocals
    return frozenset(created - _aliased_names(function) if created else ())


def _binds_new_collection(binder: cst.CSTNode) -> bool:
    match binder:
        case cst.AugAssign(target=cst.Name()):
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=value) | cst.AnnAssign(value=value):
            return _is_new_collection(value)
        case cst.Assign(
            targets=[cst.AssignTarget(target=cst.Tuple())],
            value=cst.Await(
                expression=cst.Call(func=cst.Attribute(value=cst.Name(value="asyncio"), attr=cst.Name(value="wait")))
            ),
        ):
            return True  # it returns two new sets
        case _:
            return False


def _is_new_collection(value: cst.BaseExpression | None) -> bool:
    pending = [value]
    while pending:
        match pending.pop():
            case cst.List() | cst.Set() | cst.Dict() | cst.ListComp() | cst.SetComp() | cst.DictComp():
                pass
            case cst.Call(func=cst.Name(value="dict" | "list" | "set"), args=[]) | cst.Name(value="None"):
                pass
            case cst.IfExp(body=body, orelse=orelse):
                pending += (body, orelse)
            case _:
                return False
    return True


def _aliased_names(function: cst.FunctionDef) -> set[str]:
    """Return the names that a function uses in ways other than reading or changing their values."""
    harmless: set[int] = set()
    names: list[cst.Name] = []
    for node in all_nodes(function.body):
        if isinstance(node, cst.Name):
            names.append(node)
        harmless.update(map(id, _operands(node)))
    return {name.value for name in names if id(name) not in harmless}


def _operands(node: cst.CSTNode) -> Iterator[cst.CSTNode | None]:
    """Yield the operands that a node reads or changes without creating another reference to them."""
    match node:
        case cst.AssignTarget(target=cst.Tuple(elements=elements)):
            yield from (element.value for element in elements)
        case cst.Attribute(attr=name):
            yield name  # not a variable
        case cst.AugAssign(target=target, operator=cst.SubtractAssign(), value=value):
            yield from (target, value)
        case cst.ComparisonTarget(operator=cst.In() | cst.NotIn(), comparator=operand):
            yield operand
        case cst.AugAssign(target=operand) | cst.AssignTarget(target=operand) | cst.AnnAssign(target=operand):
            yield operand
        case cst.For(iter=operand) | cst.CompFor(iter=operand) | cst.Subscript(value=operand):
            yield operand
        case cst.Return(value=operand) | cst.StarredElement(value=operand) | cst.Arg(value=operand, star="*"):
            yield operand
        case cst.If(test=operand) | cst.While(test=operand) | cst.UnaryOperation(expression=operand):
            yield operand
        case cst.Call(func=cst.Attribute(value=operand, attr=cst.Name(value=method))) if method in _METHODS:
            yield operand
        case cst.Call(func=cst.Name(value=called), args=arguments) if called in _COPYING_CALLS:
            yield from (argument.value for argument in arguments)
        case cst.Call(
            func=cst.Attribute(value=cst.Name(value="asyncio"), attr=cst.Name(value="as_completed" | "wait")),
            args=[cst.Arg(value=operand), *_],
        ):
            yield operand
