"""The names to which a loop assigns another value in each pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.syntax.bindings import evaluated_expressions, last_name, target_names
from stepgraph.syntax.free_names import free_names
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import expressions_below, statements_below

LoopStatement: TypeAlias = cst.For | cst.While

# Functions and methods whose calls return another element each time.
_CONSUMERS: Final = frozenset(["anext", "get_nowait", "next", "pop", "popitem", "popleft"])


def varying_names(loop: LoopStatement, module: SourceModule) -> frozenset[str]:
    """Return the names that get another value in each pass, memoized: the loop variables, and names derived from them.

    The names of counters and of elements taken from a queue are included. Of other names, nothing is known: a call
    without a varying argument may return the same value in each pass.
    """
    return module.once_for(loop, _varying_names)


def _varying_names(loop: LoopStatement, module: SourceModule) -> frozenset[str]:
    varying = set(target_names(loop.target)) if isinstance(loop, cst.For) else set()
    readers: dict[str, list[str]] = {}
    for names, sources, is_consumed in _assignments(loop, module):
        if is_consumed:
            varying.update(names)
        for source in sources:
            readers.setdefault(source, []).extend(names)
    pending = list(varying)
    while pending:
        derived = set(readers.pop(pending.pop(), ())) - varying
        varying |= derived
        pending += derived
    return frozenset(varying)


_Assignment: TypeAlias = tuple[list[str], set[str], bool]
"""The assigned names, the names that the value is computed from, and whether the value differs without them."""


def _assignments(loop: LoopStatement, module: SourceModule) -> Iterator[_Assignment]:
    for statement in statements_below(loop.body):
        match statement:
            case cst.Assign(value=value):
                yield _assignment([target.target for target in statement.targets], value)
            case cst.AnnAssign(target=target, value=cst.BaseExpression() as value) | cst.For(target=target, iter=value):
                yield _assignment([target], value)
            case cst.AugAssign(target=target, operator=cst.AddAssign() | cst.SubtractAssign(), value=cst.Integer()):
                yield list(target_names(target)), set(), True
            case cst.With():
                for item in statement.items:
                    if item.asname is not None:
                        yield _assignment([item.asname.name], item.item)
            case cst.FunctionDef(name=cst.Name(value=name)):
                yield [name], set(free_names(statement, module)), False
    if module.mentions(b":="):
        tests = expressions_below(loop.test) if isinstance(loop, cst.While) else ()
        for node in (*tests, *evaluated_expressions(loop.body)):
            if isinstance(node, cst.NamedExpr):
                yield _assignment([node.target], node.value)


def _assignment(targets: list[cst.BaseExpression], value: cst.CSTNode) -> _Assignment:
    names = [name for target in targets for name in target_names(target)]
    parts = list(expressions_below(value))
    sources = {part.value for part in parts if isinstance(part, cst.Name)}
    is_consumed = any(isinstance(part, cst.Call) and last_name(part.func) in _CONSUMERS for part in parts)
    return names, sources, is_consumed
