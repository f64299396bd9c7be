"""Changes to the source that put something right."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from stepgraph.syntax.module import Place


class Replacement(Struct, frozen=True):
    """An expression to be written in the place of another one."""

    place: Place
    text: str


class AddedAwait(Struct, frozen=True):
    """`await` to be written before an expression."""

    place: Place


class MovedImport(Struct, frozen=True):
    """Names of a `from ... import` statement, at `place`, to be imported from another module instead."""

    place: Place
    names: tuple[str, ...]
    module: str


Edit: TypeAlias = Replacement | AddedAwait | MovedImport
