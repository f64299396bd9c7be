"""What the pages that are made have in common: tables in Markdown."""

from __future__ import annotations


def cell(text: str) -> str:
    """Return a text for a cell: on one line, and without ending the cell."""
    return " ".join(text.split()).replace("|", "\\|")
