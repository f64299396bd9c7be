"""Loops over constants that build lists of dependencies, as in `depends=[fetch(name) for name in NAMES]`."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.syntax.bindings import last_name
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import expressions_below, statements_below

_WRAPPERS = (cst.List, cst.Tuple, cst.StarredElement, cst.ListComp, cst.GeneratorExp)


def builds_dependencies(interpreter: Interpreter, loop: cst.For | cst.CompFor) -> bool:
    """Return whether a loop that awaits nothing collects steps in a list that `depends` of another step names.

    Each pass adds a step of its own, so the loop is unrolled.
    """
    function = interpreter.frame.function
    if function is None:
        return False
    module = interpreter.module
    lists = module.once_for_code(function, _dependency_lists)
    if isinstance(loop, cst.CompFor):
        return id(loop) in lists.clauses or not lists.names.isdisjoint(_lists_of(loop, module))
    return not lists.names.isdisjoint(module.once_for_code(loop, _filled_lists))


def _filled_lists(loop: cst.For) -> frozenset[str]:
    """Return the names of the lists to which a loop appends elements, or an empty set if it awaits anything."""
    nodes = [node for statement in statements_below(loop.body) for node in expressions_below(statement)]
    if any(isinstance(node, cst.Await) for node in nodes):
        return frozenset()
    methods = (node.func for node in nodes if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute))
    return frozenset(last_name(method.value) for method in methods if method.attr.value == "append")


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


def _lists_of(clause: cst.CompFor, module: SourceModule) -> set[str]:
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
