"""What is remembered of star imports, so that each is followed once."""

from __future__ import annotations

from msgspec import Struct, field

from stepgraph.program.values import LexicalScope, ModuleValue, Value
from stepgraph.syntax.module import Place


class Starred(Struct, frozen=True):
    """A module that the `import *` at a place takes names from."""

    source: ModuleValue
    place: Place


class Listed(Struct, frozen=True):
    """The names in `__all__`, or those that may be: then others may be exported too."""

    names: tuple[str, ...]
    is_known: bool


class StarMemory(Struct):
    """Of modules: the `sources` of their stars, with names of those `outside` of the project, and what they export.

    `listed` are the names in `__all__`. `origins` are where a name leads that a module has by a star: to a module that
    binds it, or to what it stands for.
    """

    sources: dict[LexicalScope, tuple[Starred, ...]] = field(default_factory=dict)
    outside: dict[LexicalScope, tuple[str, ...]] = field(default_factory=dict)
    listed: dict[LexicalScope, Listed | None] = field(default_factory=dict)
    exported: dict[LexicalScope, tuple[str, ...]] = field(default_factory=dict)
    origins: dict[tuple[LexicalScope, str], Starred | Value | None] = field(default_factory=dict)
