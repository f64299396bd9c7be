"""The sources of examples as they can be shown."""

from __future__ import annotations

from stepgraph.phrases.visible import visible


def shown_source(text: str) -> str:
    """Return a source with what would be invisible spelt out, but for the ends of its lines."""
    return "\n".join(visible(line) for line in text.split("\n"))
