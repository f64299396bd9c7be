"""The result of matching a log with a graph: the places of the entries, and the steps that can begin next."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.execution.matching.passes import LoopPass
from stepgraph.execution.parts import Path

HANDLERS: Final = (".catch_block.", ".finally_block.")
"""The parts of the paths of steps that may begin after a failure."""


class Place(Struct, frozen=True):
    """A step of a graph, with the calls and passes that lead to it.

    The places of an entry may differ only in their calls and passes: if all have the same path, the step is certain.
    """

    path: Path
    """The path of the step."""
    calls: tuple[Path, ...] = ()
    """The paths of the calls of functions around the step, outermost first."""
    passes: tuple[LoopPass, ...] = ()
    """The passes of the loops around the step and its calls, outermost first."""

    @property
    def is_in_handler(self) -> bool:
        """Whether the step is in a handler or `finally` block, so that it may begin after a failure."""
        return any(block in path for path in (self.path, *self.calls) for block in HANDLERS)

    def may_be(self, other: Place) -> bool:
        """Return whether both may be the same call. A match of low precision lacks inner calls."""
        return self.path == other.path and all(mine == its for mine, its in zip(self.calls, other.calls, strict=False))


class Misfit(Struct, frozen=True):
    """The first entry that no path through the graph explains, or the last step if it has ended too early."""

    index: int | None
    """The index of the entry, or None if the instance ended too early."""
    expected: tuple[Place, ...]
    """The runs of steps that could begin in its place, or in a step that has ended too early."""
    ended_early: bool = False
    """Whether the entry is a step that has ended, although steps in it have not begun."""


class Match(Struct, frozen=True):
    """The entries of a log on a graph."""

    places: tuple[tuple[Place, ...], ...]
    """The possible places of each entry, up to the first that does not fit."""
    next: tuple[Place, ...]
    """The steps that can begin next."""
    misfit: Misfit | None = None
    """The first entry that does not fit, or None if the log fits."""
    unknown: str = ""
    """The reason if the log could not be matched."""
    reachable: tuple[Path, ...] = ()
    """The steps that may still begin after the last entry, now or later, even if the instance has ended."""
    after_error: frozenset[Place] = frozenset()
    """The steps of `next` that begin only if the code between steps raises an exception."""
    after_hidden_error: frozenset[Place] = frozenset()
    """Those of `after_error` for which this cannot be a conditional `raise` statement of the graph."""
    ends_with_error: bool = False
    """Whether no step can begin next, and an error ends the instance."""
