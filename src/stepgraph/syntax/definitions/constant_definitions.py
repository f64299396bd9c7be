"""The definitions of constants, found from their uses."""

from __future__ import annotations

import libcst as cst

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourcePlace


def constant_definition(use: SourcePlace) -> SourcePlace | None:
    """Return the value that the only assignment of a name gives it. Return None unless `use` is such a name.

    The assignment is in the same module.
    """
    module = use.module
    if not isinstance(use.node, cst.Name):
        return None
    for scope in module.scopes_around(use.node):
        bindings = bindings_of(scope, module)
        if isinstance(scope, cst.ClassDef) or not bindings.binds(use.node.value):
            continue  # functions do not see the names of a class around them
        match bindings.binders[use.node.value]:
            case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=value)]:
                return SourcePlace(module, value)
            case [cst.AnnAssign(value=cst.BaseExpression() as value)]:
                return SourcePlace(module, value)
        return None
    return None
