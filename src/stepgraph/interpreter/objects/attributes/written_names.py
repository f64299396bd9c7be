"""Strings that an expression may be, from literals in the source: conditional expressions, tables and assignments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.key_texts import key_texts
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.ir.values import Constant, Value

_MAX_DEPTH: Final = 4
"""Maximum number of assignments and conditional expressions that are followed."""


def written_strings(interpreter: Interpreter, node: cst.CSTNode, depth: int = 0) -> list[str]:
    """Return all strings that an expression of the present function may be, nothing if it may be another value."""
    if depth > _MAX_DEPTH:
        return []
    match node:
        case cst.SimpleString() | cst.ConcatenatedString():
            value = node.evaluated_value
            return [value] if isinstance(value, str) else []
        case cst.IfExp(body=body, orelse=orelse):
            return _strings_of_all(interpreter, [body, orelse], depth)
        case cst.Name(value=name):
            return _strings_of_all(interpreter, _assigned_values(interpreter, name), depth)
        case cst.Subscript(value=cst.Name() | cst.Attribute() as table):
            return _strings_of_table(interpreter, table)
        case cst.Call(
            func=cst.Attribute(value=cst.Name() | cst.Attribute() as table, attr=attr), args=[_, default]
        ) if attr.value == "get":
            strings = _strings_of_table(interpreter, table)
            defaults = written_strings(interpreter, default.value, depth + 1)
            return [*strings, *defaults] if strings and defaults else []
        case _:
            return []


def _strings_of_all(interpreter: Interpreter, nodes: list[cst.BaseExpression], depth: int) -> list[str]:
    strings = [written_strings(interpreter, node, depth + 1) for node in nodes]
    return list(dict.fromkeys(value for values in strings for value in values)) if all(strings) else []


def _assigned_values(interpreter: Interpreter, name: str) -> list[cst.BaseExpression]:
    """Return the expressions whose values a function assigns to a local name, nothing if it binds other values."""
    scope: LexicalScope | None = interpreter.frame.scope
    while scope is not None and not scope.bindings.binds(name):
        scope = scope.parent
    if scope is None or scope.kind != "function" or scope.module.mentions(b"nonlocal"):
        return []
    values: list[cst.BaseExpression] = []
    for binder in scope.bindings.binders[name]:
        match binder:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=value):
                values.append(value)
            case cst.AnnAssign(value=cst.BaseExpression() as value):
                values.append(value)
            case cst.For(target=cst.Name(), iter=cst.Tuple(elements=elements) | cst.List(elements=elements)):
                values += [element.value for element in elements]
            case _:
                return []
    return values


def _strings_of_table(interpreter: Interpreter, table: cst.BaseExpression) -> list[str]:
    values = [value for _, value in table_strings(interpreter, table)]
    strings = [value for value in values if value is not None]
    return strings if len(strings) == len(values) else []


def table_strings(interpreter: Interpreter, table: cst.BaseExpression) -> Iterator[tuple[str, str | None]]:
    """Yield the entries of a table: the source of the key, and the value, None if that is not a constant string."""
    values: list[Value] = []
    interpreter.branch(lambda: values.append(interpreter.evaluate(table)))
    match values[-1]:
        case Mapping(entries=entries, partial=False):
            texts = key_texts(entries)
            elements = [(texts[id(entry)], entry.value) for entry in entries]
        case Collection(items=items):
            elements = [(str(index), item.value) for index, item in enumerate(items)]
        case _:
            elements = []
    for key, value in elements:
        yield key, value.value if isinstance(value, Constant) and isinstance(value.value, str) else None
