"""Values that are others when the code runs again."""

from __future__ import annotations

from stepgraph.ir.static_values import Known, Made, OneOf, PartlyKnownText, Varying


def varying_in(known: Known) -> Varying | None:
    """Return what in a value is another one when the code runs again, None where nothing is known to be."""
    match known:
        case Varying():
            return known
        case PartlyKnownText(varying=varying) | Made(varying=varying):
            return varying
        case OneOf(options=options):
            return next((found for option in options if (found := varying_in(option)) is not None), None)
        case _:
            return None
