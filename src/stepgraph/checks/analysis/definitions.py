"""The definitions of the constants at which findings are reported."""

from __future__ import annotations

from msgspec.structs import replace

from stepgraph.checks.diagnostic import Diagnostic, RelatedLocation
from stepgraph.syntax.module import SourcePlace


def with_definition(diagnostic: Diagnostic, value: SourcePlace, use: SourcePlace) -> Diagnostic:
    """Return a diagnostic about a value with the definition of the value, if it is a constant, as a related location.

    Findings about one constant therefore have one cause. `use` is the location of the argument that has the value.
    """
    if use.node is not value.node:
        related = RelatedLocation(use.span, f"`{use.brief_text}` is {value.brief_text} here")
        return replace(diagnostic, related=(*diagnostic.related, related))
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.constant_definitions import constant_definition

    definition = constant_definition(value)
    if definition is None:
        return diagnostic
    related = RelatedLocation(definition.span, f"`{value.text}` is assigned here")
    return replace(diagnostic, related=(related, *diagnostic.related))
