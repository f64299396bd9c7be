"""The function below a decorator."""

from __future__ import annotations

import libcst as cst

from stepgraph.syntax.module import Place


def decorated_function(place: Place) -> Place | None:
    """Return the function that an expression decorates, or None if the expression is not a decorator."""
    parents = place.module.parents
    decorator = parents.get(id(place.node))
    function = parents.get(id(decorator)) if isinstance(decorator, cst.Decorator) else None
    return Place(place.module, function) if isinstance(function, cst.FunctionDef) else None
