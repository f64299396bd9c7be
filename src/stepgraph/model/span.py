"""Ranges of source code, and the lines of code in them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class Span(Struct, frozen=True, order=True):
    """A range in a source file. Lines and columns start at 1, columns count characters, and the end is exclusive."""

    path: str
    """The path of the file as the user named it, with forward slashes."""
    line: int
    """The line of the first character."""
    column: int
    """The column of the first character."""
    end_line: int
    """The line of the end."""
    end_column: int
    """The column after the last character."""

    def encloses(self, inner: Span) -> bool:
        """Return whether another range is inside this range or equal to it."""
        return (
            self.path == inner.path
            and (self.line, self.column) <= (inner.line, inner.column)
            and (inner.end_line, inner.end_column) <= (self.end_line, self.end_column)
        )

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"

    def __repr__(self) -> str:
        # Imported here for a fast start.
        from stepgraph.escaping.plain_text import brief_line

        return f"<Span {brief_line(self.path)}:{self.line}:{self.column}-{self.end_line}:{self.end_column}>"


def no_location(_: object) -> None:
    """Return no location, code or node, in place of a function that would find one."""


class Code(Struct, frozen=True):
    """A statement or a decorated function, as whole lines of a file. Lines start at 1."""

    path: str
    """The path of the file as the user named it, with forward slashes."""
    content: bytes
    """The content of the file."""
    lines: Sequence[str]
    """The lines of the file, without line ends."""
    line: int
    """The line of the node, to which links lead."""
    first: int
    """The first line of the statement or, for a step, of the decorator."""
    last: int
    """The last line of the statement or of the decorated function."""

    def __repr__(self) -> str:
        # Imported here for a fast start.
        from stepgraph.escaping.plain_text import brief_line

        return f"<Code {brief_line(self.path)}:{self.first}-{self.last}>"
