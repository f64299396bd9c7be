"""Edits of a workflow. They name elements by the tree that these are from: old ones, and new ones that are put in."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from stepgraph.diff.elements import Fields


class Version(Enum):
    """One of the two workflows that are compared."""

    OLD = "old"
    NEW = "new"


class Reference(Struct, frozen=True):
    """An element of the workflow that is edited: an old one by its old number, one put in by that in the new tree."""

    version: Version
    number: int


class Place(Struct, frozen=True):
    """Where an element belongs: in which slot of what, and after which other; None is at the beginning.

    `number` is that in the new tree, in whose order elements are put into their places.
    """

    number: int
    parent: Reference
    slot: str
    after: Reference | None


class Update(Struct, frozen=True):
    """Give a field of an old element another value; None takes the field away, as a field is a tuple of its value."""

    old: int
    field: str
    value: tuple[object] | None


class Insert(Struct, frozen=True):
    """Put in a new element, without what is in it."""

    place: Place
    kind: str
    fields: Fields


class Move(Struct, frozen=True):
    """Put an old element, with all in it, in another place."""

    old: int
    place: Place


class Remove(Struct, frozen=True):
    """Take away an old element, from which all that stays has been moved."""

    old: int


Edit: TypeAlias = Update | Insert | Move | Remove
