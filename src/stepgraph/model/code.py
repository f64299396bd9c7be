"""The code of a node: lines of a source file."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


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
