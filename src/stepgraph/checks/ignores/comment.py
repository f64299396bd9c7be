"""Comments and the lines that they apply to."""

from __future__ import annotations

from msgspec import Struct


class Comment(Struct, frozen=True):
    """A comment of a Python module or a configuration."""

    path: str
    line: int
    """The line of the comment, from 1."""
    column: int
    """The column of the comment marker, from 1."""
    text: str
    """The text, including the comment marker."""
    first_line: int
    """The first line that the comment applies to, from 1."""
    last_line: int
    """The last line that the comment applies to, from 1."""
    class_name: str = ""
    """The top-level class that contains the comment, or follows it. Empty outside of classes."""
