"""Markdown tables for generated pages."""

from __future__ import annotations


def cell(text: str) -> str:
    """Return text for a table cell, on one line and with escaped bars."""
    return " ".join(text.split()).replace("|", "\\|")
