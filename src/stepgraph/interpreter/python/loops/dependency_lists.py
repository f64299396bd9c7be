"""Loops over constants that build dependencies, as in `depends=[fetch(name) for name in NAMES]`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.syntax.bindings import bindings_of, last_name
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import assigned_targets, expressions_below, statements_below

_WRAPPERS = (cst.List, cst.Tuple, cst.StarredElement, cst.ListComp, cst.GeneratorExp)


def builds_dependencies(interpreter: Interpreter, loop: cst.For | cst.CompFor) -> bool:
    """Return whether a loop that awaits nothing stores steps in a variable that `depends` of another step names.

    The variable is a collection, or holds the step of the last pass. Each pass adds a step of its own, so the loop is
    unrolled.
    """
    function = interpreter.frame.function
    if function is None:
        return False
    module = interpreter.module
    lists = module.once_for_code(function, _dependency_lists)
    if isinstance(loop, cst.CompFor):
        return id(loop) in lists.clauses or not lists.names.isdisjoint(_collections_of(loop, module))
    changes = module.once_for_code(loop, _changes_in)
    if changes.wraps_steps or not lists.names.isdisjoint(changes.filled):
        return True
    binders = bindings_of(function, module).binders
    return any(
        any(id(binder) not in changes.nodes for binder in binders.get(name, ()))
        for name in sorted(changes.bound & lists.names)
    )


class _LoopChanges(Struct, frozen=True):
    """The variables that each pass of a loop changes. They are empty if it awaits anything."""

    filled: frozenset[str] = frozenset()
    """The collections to which the loop adds elements."""
    bound: frozenset[str] = frozenset()
    """The variables that the loop binds. One that is also bound before the loop leads to a step of the last pass."""
    nodes: frozenset[int] = frozenset()
    """The statements of the loop, by `id`."""
    wraps_steps: bool = False
    """Whether a call receives the variable to which it is assigned: `last = declare(name, last)`."""


def _changes_in(loop: cst.For) -> _LoopChanges:
    inner = list(statements_below(loop.body))
    nodes = [node for statement in inner for node in expressions_below(statement)]
    if any(isinstance(node, cst.Await) for node in nodes):
        return _LoopChanges()
    methods = (node.func for node in nodes if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute))
    filled = {last_name(method.value) for method in methods if method.attr.value in _ADDING_METHODS}
    bound: set[str] = set()
    for statement in inner:
        for target in assigned_targets(statement):
            if isinstance(target, cst.Subscript):
                filled.add(last_name(target.value))
            elif isinstance(statement, cst.AugAssign):
                filled.add(last_name(target))
            elif isinstance(target, cst.Name):
                bound.add(target.value)
        if isinstance(statement, cst.FunctionDef):
            bound.add(statement.name.value)
    wraps_steps = any(map(_receives_own_variable, inner))
    return _LoopChanges(frozenset(filled), frozenset(bound), frozenset(map(id, inner)), wraps_steps)


def _receives_own_variable(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.Call(args=arguments)):
            return any(isinstance(each.value, cst.Name) and each.value.value == name for each in arguments)
        case _:
            return False


_ADDING_METHODS: Final = frozenset({"add", "append", "appendleft", "extend", "insert", "setdefault", "update"})


class _DependencyLists(Struct, frozen=True):
    """The parts of the arguments `depends` of the steps that a function declares."""

    names: frozenset[str]
    """The names in the arguments."""
    clauses: frozenset[int]
    """The loops of the comprehensions in the arguments, by `id`."""


def _dependency_lists(function: cst.FunctionDef) -> _DependencyLists:
    nodes = [
        node
        for statement in statements_below(function.body, into_functions=True)
        for part in (statement, *getattr(statement, "decorators", ()))
        for call in expressions_below(part, into_lambdas=True)
        if isinstance(call, cst.Call)
        for argument in _dependencies_in(call)
        for node in expressions_below(argument)
    ]
    comprehensions = [node for node in nodes if isinstance(node, cst.ListComp | cst.GeneratorExp)]
    names = frozenset(node.value for node in nodes if isinstance(node, cst.Name))
    return _DependencyLists(names, frozenset(id(node.for_in) for node in comprehensions))


def _dependencies_in(call: cst.Call) -> Iterator[cst.Arg]:
    for index, argument in enumerate(call.args):
        is_positional = index == 1 and argument.keyword is None and last_name(call.func) == "do"
        if is_positional or (argument.keyword is not None and argument.keyword.value == "depends"):
            yield argument


def _collections_of(clause: cst.CompFor, module: SourceModule) -> set[str]:
    """Return the names to which a comprehension is assigned, in a list or directly."""
    node: cst.CSTNode | None = clause
    while isinstance(node, _WRAPPERS) or node is clause:
        node = module.parents.get(id(node))
    match node:
        case cst.Assign(targets=targets):
            return {target.target.value for target in targets if isinstance(target.target, cst.Name)}
        case cst.AnnAssign(target=cst.Name(value=name)):
            return {name}
        case _:
            return set()
