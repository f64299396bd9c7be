"""Parameters and loop variables that code uses unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import libcst as cst

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import SCOPES, all_nodes, ancestors_of

_Function: TypeAlias = cst.FunctionDef | cst.Lambda
_Comprehension: TypeAlias = cst.ListComp | cst.SetComp | cst.DictComp | cst.GeneratorExp


def bound_name(place: SourcePlace) -> SourcePlace | None:
    """Return the parameter, or the variable in the target of a loop, that an expression names.

    Return None for other expressions, and for a name that is assigned elsewhere or tested: each value may be used in
    its own way.
    """
    if not isinstance(place.node, cst.Name):
        return None
    name = place.node.value
    for ancestor in ancestors_of(place.module.parents, place.node):
        match ancestor:
            case cst.ClassDef():
                return None
            case cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.GeneratorExp():
                targets: list[cst.CSTNode | None] = [
                    each for clause in _clauses(ancestor) for each in _names_in(clause.target, name)
                ]
                scope: cst.CSTNode = ancestor
            case cst.FunctionDef() | cst.Lambda():
                targets = [each for binder in _binders(place, ancestor, name) for each in _targets(binder, name)]
                scope = ancestor.body
            case _:
                continue
        if targets:
            target = targets[0] if len(targets) == 1 else None
            if target is None or _is_tested(place, scope, name):
                return None
            return SourcePlace(place.module, target)
    return None


def _binders(place: SourcePlace, function: _Function, name: str) -> list[cst.CSTNode]:
    return bindings_of(function, place.module).binders.get(name, [])


def _targets(binder: cst.CSTNode, name: str) -> list[cst.CSTNode | None]:
    """Return the parameter or the variables in the target of a loop, or None for other code that binds a name."""
    match binder:
        case cst.Param():
            return [binder]
        case cst.For(target=target):
            return [*_names_in(target, name)]
        case _:
            return [None]


def _clauses(comprehension: _Comprehension) -> Iterator[cst.CompFor]:
    clause: cst.CompFor | None = comprehension.for_in
    while clause is not None:
        yield clause
        clause = clause.inner_for_in


def _names_in(target: cst.BaseExpression, name: str) -> Iterator[cst.Name]:
    return (node for node in all_nodes(target) if isinstance(node, cst.Name) and node.value == name)


def _is_tested(place: SourcePlace, scope: cst.CSTNode, name: str) -> bool:
    """Return whether code may decide on a name: it is part of a test, or passed to `isinstance`."""
    uses = (node for node in all_nodes(scope) if isinstance(node, cst.Name) and node.value == name)
    return any(_is_part_of_test(place, use) for use in uses)


def _is_part_of_test(place: SourcePlace, use: cst.Name) -> bool:
    child: cst.CSTNode = use
    for ancestor in ancestors_of(place.module.parents, use):
        match ancestor:
            case cst.Call(func=cst.Name("isinstance" | "type" | "callable")):
                return True
            case cst.Comparison() | cst.BooleanOperation():
                return True
            case cst.If(test=test) | cst.IfExp(test=test) | cst.While(test=test) | cst.Assert(test=test):
                return test is child
            case cst.CompIf():
                return True
            case cst.Match(subject=subject):
                return subject is child
        if isinstance(ancestor, (*SCOPES, cst.BaseSmallStatement)) and not isinstance(ancestor, cst.Lambda):
            return False
        child = ancestor
    return False
