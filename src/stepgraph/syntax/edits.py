"""Changes to the source that put something right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from stepgraph.syntax.module import Place


@dataclass(frozen=True, slots=True)
class Replacement:
    """An expression to be written in the place of another one."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class AddedAwait:
    """`await` to be written before an expression."""

    place: Place


@dataclass(frozen=True, slots=True)
class MovedImport:
    """Names of a `from ... import` statement, at `place`, to be imported from another module instead."""

    place: Place
    names: tuple[str, ...]
    module: str


Edit: TypeAlias = Replacement | AddedAwait | MovedImport
