"""Values that are others when the code runs again."""

from __future__ import annotations

from stepgraph.ir.static_values import StaticNondeterministic, StaticResult, StaticTemplate, StaticUnion, StaticValue


def varying_in(known: StaticValue) -> StaticNondeterministic | None:
    """Return what in a value is another one when the code runs again, None where nothing is known to be."""
    match known:
        case StaticNondeterministic():
            return known
        case StaticTemplate(varying=varying) | StaticResult(varying=varying):
            return varying
        case StaticUnion(cases=cases):
            return next((found for option in cases if (found := varying_in(option)) is not None), None)
        case _:
            return None
