"""Access paths to the collections of a module."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

UNKNOWN_NAME: Final = "?"
"""The name of all variables that unmodeled code, such as a caller, may store values in."""
_MAX_DEPTH: Final = 3
"""The nesting depth of collections beyond which access paths are merged."""


class AccessPath(Struct, frozen=True):
    """An access path from a name to a value, limited to `_MAX_DEPTH` levels."""

    name: str
    depth: int = 0
    """The number of element accesses, starting at the value of the name."""
    nesting: int = 0
    """The number of new collections that contain the accessed element, nested in each other."""

    def element(self) -> AccessPath:
        """Return the path of an element of the value."""
        if self.nesting:
            return AccessPath(self.name, self.depth, self.nesting - 1)
        return AccessPath(self.name, min(self.depth + 1, _MAX_DEPTH))

    def in_collection(self) -> AccessPath:
        """Return the path of a new collection that contains the value."""
        return AccessPath(self.name, self.depth, min(self.nesting + 1, _MAX_DEPTH))

    def rebase(self, origin: AccessPath) -> AccessPath:
        """Return this path with the value at `origin` in place of the value of the name."""
        for _ in range(self.depth):
            origin = origin.element()
        for _ in range(self.nesting):
            origin = origin.in_collection()
        return origin
