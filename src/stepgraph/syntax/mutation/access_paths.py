"""Access paths to the collections of a module, and the functions of other modules that receive them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import ParameterNames, dotted_names
from stepgraph.syntax.module import SourceModule

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


class CalledFunction(NamedTuple):
    """A function that another module may define, as in `put(x)`, `alpha.put(x)` or `registry.add(x)`."""

    owner: str
    """The dotted name before the name of the function, or an empty string for a method."""
    function: str
    """The last component of the name of the function."""
    may_be_method: bool
    """Whether the function may be a method of a collection, as in `STEPS.append(x)`, or of any other object."""
    argument: int | str | None
    """The position or keyword of an argument; None for a starred argument."""


class ReceivingFunction(Struct, frozen=True):
    """A function of the project that a call may run."""

    module: SourceModule
    parameters: ParameterNames

    def paths_of(self, path: AccessPath, called: CalledFunction) -> Iterator[AccessPath]:
        """Yield the paths in the module of the function for the path of an argument in the module of the call."""
        for name in self.parameters.parameters_for(called.argument):
            yield AccessPath(name, path.depth, path.nesting)
        for name in self.parameters.collectors_for(called.argument):
            yield AccessPath(name, path.depth, path.nesting).in_collection()


def dotted_owner(function: cst.BaseExpression) -> str:
    """Return `a.b` for `a.b.go`. Return an empty string for a name, and an invalid name for other owners."""
    if not isinstance(function, cst.Attribute):
        return ""
    return ".".join(dotted_names(function.value)) or UNKNOWN_NAME
