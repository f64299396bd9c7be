"""Walks through collections and objects, which may share others and hold themselves."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from stepgraph.program.values import Slots

# How deep collections are looked into.
DEEPEST: Final = 4


class Visits(Struct):
    """The collections and objects that a walk has entered, each with the depth at which it was.

    A walk that enters each once for a depth takes no more steps than there are elements, though as a tree they may be
    exponentially many.
    """

    _depths: dict[int, int] = field(default_factory=dict)

    def enter(self, slots: Slots, depth: int) -> bool:
        """Return whether a walk has to look into something that is so deep in others."""
        if depth >= min(DEEPEST, self._depths.get(slots.serial, DEEPEST)):
            return False
        self._depths[slots.serial] = depth
        return True
