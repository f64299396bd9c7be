"""Parameters that a function passes on unchanged."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import SCOPES, all_nodes, ancestors_of

_COMPREHENSIONS: Final = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)


def passed_parameter(place: SourcePlace) -> SourcePlace | None:
    """Return the parameter of an enclosing function that an expression names.

    Return None for other expressions. Also return None if the function assigns or tests the parameter, because it may
    treat each value differently.
    """
    if not isinstance(place.node, cst.Name):
        return None
    name = place.node.value
    for ancestor in ancestors_of(place.module.parents, place.node):
        if isinstance(ancestor, (*_COMPREHENSIONS, cst.ClassDef)):
            return None
        if isinstance(ancestor, cst.FunctionDef | cst.Lambda) and (
            binders := bindings_of(ancestor, place.module).binders.get(name)
        ):
            is_parameter = len(binders) == 1 and isinstance(binders[0], cst.Param)
            is_passed = is_parameter and not _is_tested(place, ancestor, name)
            return SourcePlace(place.module, binders[0]) if is_passed else None
    return None


def _is_tested(place: SourcePlace, function: cst.FunctionDef | cst.Lambda, name: str) -> bool:
    """Return whether a function may decide on a name: it is part of a test, or passed to `isinstance`."""
    uses = (node for node in all_nodes(function.body) if isinstance(node, cst.Name) and node.value == name)
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
            case cst.Match(subject=subject):
                return subject is child
        if isinstance(ancestor, (*SCOPES, cst.BaseSmallStatement)) and not isinstance(ancestor, cst.Lambda):
            return False
        child = ancestor
    return False
