"""Names whose values may have types that the analysis does not see."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.syntax.bindings import bindings_of, dotted_names
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.type_tests import is_type_tested


def may_have_another_type(interpreter: Interpreter, name: cst.BaseExpression, place: SourcePlace) -> bool:
    """Return whether the type of a dotted name at a place is uncertain.

    Code around the place tests the type, or a module binds a part of the name on several paths, for example to the
    fallback for a missing package. The analysis may follow only the first of these paths.
    """
    if is_type_tested(name, place):
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
