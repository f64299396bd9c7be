"""Messages of SARIF, in which some text would be read as links."""

from __future__ import annotations

from stepgraph.escaping.report_fields import sarif_message


def message(*parts: str) -> dict[str, object]:
    """Return a `message` of these parts, those that are not empty, as plain text: `[a](b)` in it is no link."""
    return {"text": sarif_message(*parts)}
