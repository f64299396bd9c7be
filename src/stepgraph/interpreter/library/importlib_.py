"""Models of importlib."""

from __future__ import annotations

from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.modules.imports import import_by_name
from stepgraph.interpreter.objects.attributes.dynamic import constant_name
from stepgraph.ir.values import Value


@models("importlib.import_module")
def _import_module(call: LibraryCall) -> Value:
    """`import_module("package.module")` with a constant absolute name."""
    name = constant_name(call.interpreter, call.arguments.items[0]) if len(call.arguments.items) == 1 else None
    if name is None or name.startswith("."):
        return call.unmodeled()
    return import_by_name(call.interpreter, name, call.place)
