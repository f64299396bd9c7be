"""Strings in constant tables, as in `SPECS[kind]["handler"]` or `for spec in SPECS: spec["handler"]`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.ir.values import Constant, External, Value
from stepgraph.syntax.literals import key_of
from stepgraph.syntax.mutation.changes import may_mutate_in_functions

_MAX_DEPTH: Final = 4
"""The maximum number of nested assignments, loops and subscripts to follow."""


def strings_at_key(interpreter: Interpreter, node: cst.BaseExpression) -> list[str]:
    """Return the strings that an expression such as `spec["handler"]` may read. Return an empty list if it is another.

    The list is also empty if some of the strings are unknown.
    """
    read = _read_of(node)
    if read is None or _literal(read.key) is None:
        return []
    return _strings(_possible_values(interpreter, node))


def strings_of_local(interpreter: Interpreter, node: cst.Name) -> list[str]:
    """Return the strings that a local variable may be, as in `name, limit = SPECS[kind]`.

    The list is empty if some are unknown.
    """
    return _strings(_possible_values(interpreter, node))


def _strings(values: Sequence[Value]) -> list[str]:
    """Return the values if all of them are strings, or an empty list."""
    strings = [value.value for value in values if isinstance(value, Constant) and isinstance(value.value, str)]
    return list(dict.fromkeys(strings)) if len(strings) == len(values) else []


def binders_of_local(interpreter: Interpreter, name: str) -> Sequence[cst.CSTNode]:
    """Return the code that binds a variable of a function, or nothing for other names and for `nonlocal` variables."""
    scope: LexicalScope | None = interpreter.frame.scope
    while scope is not None and not scope.bindings.binds(name):
        scope = scope.parent
    if scope is None or scope.kind not in ("function", "expression") or scope.module.mentions(b"nonlocal"):
        return ()
    return scope.bindings.binders[name]


class _Read(Struct, frozen=True):
    """A read of an item of a table: `table[key]` or `table.get(key)`."""

    table: cst.BaseExpression
    key: cst.BaseExpression


def _read_of(node: cst.BaseExpression) -> _Read | None:
    match node:
        case cst.Subscript(value=table, slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
            return _Read(table, key)
        case cst.Call(func=cst.Attribute(value=table, attr=cst.Name(value="get")), args=[cst.Arg(value=key)]):
            return _Read(table, key)
        case _:
            return None


def _literal(node: cst.BaseExpression) -> Constant | None:
    key = key_of(node)
    return None if key is None else Constant(key)


def _possible_values(interpreter: Interpreter, node: cst.BaseExpression, depth: int = 0) -> list[Value]:
    """Return all values that an expression may have, or an empty list if some are unknown."""
    if depth > _MAX_DEPTH:
        return []
    read = _read_of(node)
    if read is not None:
        key = _literal(read.key)
        tables = _possible_values(interpreter, read.table, depth + 1)
        return _combined(_items(table, key) for table in tables if not _lacks(table, key))
    if not isinstance(node, cst.Name | cst.Attribute):
        return []
    values = _evaluated(interpreter, node)
    if values or isinstance(node, cst.Attribute):
        return values
    binders = binders_of_local(interpreter, node.value)
    if not binders or may_mutate_in_functions(interpreter.module, node.value):
        return []
    return _combined(_bound_values(interpreter, binder, node.value, depth + 1) for binder in binders)


def _bound_values(interpreter: Interpreter, binder: cst.CSTNode, name: str, depth: int) -> list[Value]:
    """Return the values that an assignment or loop may bind to a variable, or an empty list if some are unknown."""
    match binder:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=value):
            return _possible_values(interpreter, value, depth)
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Tuple() as target)], value=value):
            position = _position(target, name)
            tables = [] if position is None else _possible_values(interpreter, value, depth)
            return _combined(_items(table, position) for table in tables)
        case cst.AnnAssign(value=cst.BaseExpression() as value):
            return _possible_values(interpreter, value, depth)
        case cst.For(target=target, iter=iterable) | cst.CompFor(target=target, iter=iterable):
            kind, table = _iterated_table(interpreter, target, iterable, name)
            tables = [] if table is None else _possible_values(interpreter, table, depth)
            return _combined(_items(each, None) if isinstance(each, kind) else [] for each in tables)
        case _:
            return []


def _position(target: cst.Tuple, name: str) -> Constant | None:
    """Return the position of a variable in a target such as `name, limit`. Return None for other targets."""
    names = [element.value.value for element in target.elements if isinstance(element.value, cst.Name)]
    is_plain = len(names) == len(target.elements) and all(isinstance(each, cst.Element) for each in target.elements)
    return Constant(names.index(name)) if is_plain and names.count(name) == 1 else None


def _iterated_table(
    interpreter: Interpreter, target: cst.BaseExpression, iterable: cst.BaseExpression, name: str
) -> tuple[type[Collection | Mapping], cst.BaseExpression | None]:
    """Return the table whose items a loop binds to a variable, with the type of the table. Return None for others."""
    match target, iterable:
        case cst.Name(), cst.Call(func=cst.Attribute(value=table, attr=cst.Name(value="values")), args=[]):
            return Mapping, table
        case (
            cst.Tuple(elements=[_, cst.Element(value=cst.Name(value=second))]),
            cst.Call(func=cst.Attribute(value=table, attr=cst.Name(value="items")), args=[]),
        ) if second == name:
            return Mapping, table
        case (
            cst.Tuple(elements=[_, cst.Element(value=cst.Name(value=second))]),
            cst.Call(func=cst.Name(value="enumerate"), args=[cst.Arg(value=table), *_]),
        ) if second == name and look_up(interpreter, "enumerate") == External("builtins.enumerate"):
            return Collection, table
        case cst.Name(), cst.Call(func=cst.Name(value="sorted"), args=[cst.Arg(value=table, star=""), *_]) if look_up(
            interpreter, "sorted"
        ) == External("builtins.sorted"):
            return Collection, table
        case cst.Name(), cst.Subscript(value=table, slice=[cst.SubscriptElement(slice=cst.Slice())]):
            return Collection, table
        case cst.Name(), cst.Name() | cst.Attribute() | cst.Subscript():
            return Collection, iterable
        case _:
            return Collection, None


def _evaluated(interpreter: Interpreter, node: cst.BaseExpression) -> list[Value]:
    values: list[Value] = []
    interpreter.branch(lambda: values.append(interpreter.evaluate(node)))
    return [value for value in values if isinstance(value, Collection | Mapping | Constant)]


def _items(table: Value, key: Constant | None) -> list[Value]:
    """Return the items of a table at a key, or all items. Return an empty list if some are unknown."""
    if not isinstance(table, Collection | Mapping) or not table.relies_on_constants():
        return []
    if isinstance(table, Mapping):
        return [] if table.partial else [entry.value for entry in table.entries if key is None or entry.key == key]
    if key is None or not table.has_definite_order:
        return [item.value for item in table.items]
    position = key.value if isinstance(key.value, int) else len(table.items)
    return [table.items[position].value] if -len(table.items) <= position < len(table.items) else []


def _lacks(table: Value, key: Constant | None) -> bool:
    """Return whether a read of a key raises a KeyError, because a dictionary of constants has other keys."""
    if key is None or not isinstance(table, Mapping) or table.partial or not table.relies_on_constants():
        return False
    return all(isinstance(entry.key, Constant) and entry.key != key for entry in table.entries)


def _combined(parts: Iterable[list[Value]]) -> list[Value]:
    """Return the values of all parts, or an empty list if one of them is empty."""
    combined = list(parts)
    return [value for part in combined for value in part] if all(combined) else []
