"""Functions that may use a step object passed to them or declare steps for callers, by the names of their callees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import bindings_of, import_binding
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.step_methods import is_step_method
from stepgraph.syntax.walk import all_nodes, children, statements_below

_STARTING_NAMES: Final = frozenset(
    [
        *("as_completed", "create_task", "ensure_future", "gather", "run", "run_coroutine_threadsafe"),
        *("run_until_complete", "shield", "wait", "wait_for"),
    ]
)
"""The names of functions and methods that start coroutines, or may pass them to code that does."""


class CalledNames(Struct, frozen=True):
    """The calls in a function, including those in nested functions."""

    names: frozenset[str]
    """The names of the called functions and methods."""
    has_step_method: bool
    """Whether the function calls a method that has the same name as a method of the step object."""
    has_computed_callee: bool
    """Whether the function passes arguments in a call of a local variable or of an expression's value."""


def may_use_step(function: SourcePlace, modules: Iterable[SourceModule]) -> bool:
    """Return whether a function may use a step object that it receives, according to the names of its callees.

    Callees of callees count as well. A called name may refer to a function in any of the modules.
    """
    definitions = [module.once(_functions_by_name) for module in modules]
    pending, visited = [function], {id(function.node)}
    while pending:
        place = pending.pop()
        called = _called_names(place)
        if called.has_step_method or called.has_computed_callee:
            return True
        candidates = (place for name in called.names for each in definitions for place in each.get(name, ()))
        for candidate in candidates:
            if id(candidate.node) not in visited:
                visited.add(id(candidate.node))
                pending.append(candidate)
    return False


def _functions_by_name(module: SourceModule) -> dict[str, list[SourcePlace]]:
    result: dict[str, list[SourcePlace]] = {}
    for statement in statements_below(module.tree, into_functions=True, sketched=True):
        if isinstance(statement, cst.FunctionDef):
            result.setdefault(statement.name.value, []).append(SourcePlace(module, statement))
    return result


def _names_bound_by_imports(module: SourceModule) -> frozenset[str]:
    """Return the names that imports anywhere in a module bind."""
    return frozenset(
        import_binding(alias)
        for statement in statements_below(module.tree, into_functions=True, sketched=True)
        if isinstance(statement, cst.Import | cst.ImportFrom) and not isinstance(statement.names, cst.ImportStar)
        for alias in statement.names
    )


def _called_names(place: SourcePlace) -> CalledNames:
    return place.module.once_for(place.node, _compute_called_names)


def _compute_called_names(node: cst.CSTNode, module: SourceModule) -> CalledNames:
    imported = module.once(_names_bound_by_imports)
    bindings = bindings_of(node, module) if isinstance(node, cst.FunctionDef | cst.Lambda) else None
    names: set[str] = set()
    has_step_method = has_computed_callee = False
    for call in all_nodes(node, sketched=True):
        if not isinstance(call, cst.Call):
            continue
        match call.func:
            case cst.Attribute(value=owner, attr=cst.Name(value=name)):
                is_library = isinstance(owner, cst.Name) and owner.value in imported
                has_step_method = has_step_method or (is_step_method(name) and not is_library)
                names.add(name)
            case cst.Name(value=name) if bindings is None or not bindings.binds(name):
                names.add(name)
            case cst.Name(value=name):
                names.add(name)
                has_computed_callee = has_computed_callee or bool(call.args)
            case _:
                has_computed_callee = has_computed_callee or bool(call.args)
    return CalledNames(frozenset(names), has_step_method, has_computed_callee)


def is_step_factory(function: cst.FunctionDef | cst.Lambda, module: SourceModule) -> bool:
    """Return whether a function declares steps for its callers, or returns decorators for them, without running work.

    The graph does not show the function, so its calls need not share one name for their steps.
    """
    return module.mentions(b"do") and module.once_for_code(function, _is_step_factory)


def _is_step_factory(function: cst.FunctionDef | cst.Lambda) -> bool:
    names: set[str] = set()
    pending: list[cst.CSTNode] = [function]
    while pending:
        node = pending.pop()
        if type(node) is cst.Yield or type(node) is cst.Await:
            return False
        if type(node) is cst.Call and isinstance(node.func, cst.Attribute | cst.Name):
            names.add((node.func.attr if isinstance(node.func, cst.Attribute) else node.func).value)
        if type(node) is cst.FunctionDef and node.asynchronous is not None:
            if node is function:
                return False
            pending += node.decorators
        else:
            pending += children(node)
    return "do" in names and names.isdisjoint(_STARTING_NAMES)
