"""The sources of examples as they can be shown."""

from __future__ import annotations

from stepgraph.escaping.visible import visible_lines


def shown_source(text: str) -> str:
    """Return a source with what would be invisible spelt out, but for the ends of its lines."""
    return visible_lines(text)
