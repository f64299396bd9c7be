"""The defaults of the parameters of step functions."""

from __future__ import annotations

from msgspec.structs import replace

from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.ir.values import Value


def without_data_defaults(function: FunctionValue) -> FunctionValue:
    """Return a step's function without the defaults that lead to no step, because the SDK fills each parameter."""
    defaults = tuple((name, value) for name, value in function.defaults if not _is_irrelevant(value))
    return function if len(defaults) == len(function.defaults) else replace(function, defaults=defaults)


def _is_irrelevant(value: Value) -> bool:
    match value:
        case Collection():
            return not any(item.value.relevant for item in value.items)
        case Mapping():
            return not any(entry.value.relevant for entry in value.entries)
        case _:
            return not value.relevant
