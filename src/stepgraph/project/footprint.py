"""What of the file system an analysis has looked at, besides the modules that it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from stepgraph.project.sources import Source


class Derived(Struct, frozen=True):
    """What a search for classes that derive from those of some `names` has found."""

    names: tuple[str, ...]
    found: tuple[Source, ...]


class Footprint(Struct):
    """The files that were read, with their contents (None where one could not be), and what was found by searching.

    `modules` are those given at first, in whose projects folders were listed.
    """

    modules: Sequence[Source] = ()
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    derived: list[Derived] = field(default_factory=list)
