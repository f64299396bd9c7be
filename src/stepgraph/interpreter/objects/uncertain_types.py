"""Names whose values may have types that the analysis does not see."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.syntax.bindings import bindings_of, dotted_names, last_name
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import children

_TESTS: Final = frozenset(["callable", "getfullargspec", "hasattr", "isinstance", "issubclass", "signature", "type"])
_METADATA: Final = frozenset(["__class__", "__code__"])


def _is_type_tested(name: cst.BaseExpression, place: SourcePlace) -> bool:
    """Return whether a function around a place tests the type of a dotted name, or of the start of it.

    A test is a call of a function such as `isinstance`, or any call in a condition with the name as an argument. All
    code of the function counts, because the function may end after a test.
    """
    parts, module = dotted_names(name), place.module
    starts = {parts[: length + 1] for length in range(len(parts))}
    return any(not starts.isdisjoint(module.once_for_code(function, _tested_names)) for function in place.functions)


def _tested_names(function: cst.FunctionDef) -> frozenset[tuple[str, ...]]:
    """Return the dotted names whose type a function tests, as tuples of their parts."""
    tested: list[cst.BaseExpression] = []
    stack: list[tuple[cst.CSTNode, bool]] = [(function, False)]
    while stack:
        node, is_in_condition = stack.pop()
        match node:
            case cst.Call(func=callee, args=arguments) if is_in_condition or last_name(callee) in _TESTS:
                tested += (argument.value for argument in arguments)
            case cst.Attribute(value=owner, attr=cst.Name(value=attribute)) if attribute in _METADATA:
                tested.append(owner)
            case cst.Match(subject=subject):
                tested.append(subject)
        condition = _condition_of(node)
        stack += ((child, is_in_condition or child is condition) for child in children(node))
    return frozenset(map(dotted_names, tested))


def _condition_of(node: cst.CSTNode) -> cst.BaseExpression | None:
    match node:
        case cst.If() | cst.IfExp() | cst.While() | cst.CompIf() | cst.Assert():
            return node.test
        case cst.BooleanOperation():
            return node.left
        case _:
            return None


def may_have_another_type(interpreter: Interpreter, name: cst.BaseExpression, place: SourcePlace) -> bool:
    """Return whether the type of a dotted name at a place is uncertain.

    Code around the place tests the type, or a module binds a part of the name on several paths, for example to the
    fallback for a missing package. The analysis may follow only the first of these paths.
    """
    if _is_type_tested(name, place):
        return True
    modules = interpreter.modules
    return not modules.names_in_modules.find(_names_bound_by_paths, modules.scopes).isdisjoint(dotted_names(name))


def _names_bound_by_paths(module: SourceModule) -> frozenset[str]:
    """Return the names of a module with several bindings, at least one of them inside of another statement."""
    bindings = bindings_of(module.tree, module)
    return frozenset(
        name
        for name, binders in bindings.binders.items()
        if len(binders) > 1 and not bindings.top_level_statements.issuperset(map(id, binders))
    )
