"""Source edits that fix findings."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from stepgraph.syntax.module import Place


class Replacement(Struct, frozen=True):
    """The replacement of an expression."""

    place: Place
    text: str
    """The source of the new expression."""


class AddedAwait(Struct, frozen=True):
    """The insertion of `await` before an expression."""

    place: Place


class MovedImport(Struct, frozen=True):
    """A change of a `from ... import` statement, so that some names are imported from another module."""

    place: Place
    names: tuple[str, ...]
    """The names to import from the new module. The statement keeps its other names."""
    module: str
    """The dotted name of the new module."""


Edit: TypeAlias = Replacement | AddedAwait | MovedImport
