"""The result of matching a log with a graph: the places of the entries, and the steps that can begin next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, TypeVar

from msgspec import Struct

from stepgraph.execution.matching.beginnings import SAME, CallFrame, Frame
from stepgraph.execution.matching.terms import NEW
from stepgraph.execution.parts import Path
from stepgraph.limits import COPIED_PASS_COUNTS

Scope: TypeAlias = tuple[object, ...]
"""The calls and numbered passes around a loop, and the path of the loop."""


_Key = TypeVar("_Key")


class LoopPass(Struct, frozen=True):
    """A pass of a loop."""

    loop: Path
    """The path of the loop."""
    number: int | None
    """The number of the pass, from 1, counting passes that begin a step. None if it cannot be determined."""


class PassCounts(Struct, frozen=True, eq=False):
    """The passes that have begun on a path."""

    last: Mapping[Scope, int | None]
    """The number of passes of each loop, or None if it differs between paths."""
    began: Mapping[tuple[Scope, int], int | None]
    """The number of each pass that an entry began, by loop and entry."""

    @property
    def size(self) -> int:
        """The number of counts."""
        return len(self.last) + len(self.began)


NO_PASSES: Final = PassCounts({}, {})
UNKNOWN_PASSES: Final = PassCounts({}, {})
"""The counts on a path on which no pass has a known number."""


_WORK_OF_MERGE: Final = 30
"""The cost of merging a count, relative to copying a count."""


class PassCounter(Struct, eq=False):
    """Numbers the passes along the paths of an instance. Beyond a limit, passes have no numbers."""

    remaining: int = COPIED_PASS_COUNTS
    """The number of counts that may still be copied."""

    def numbered(
        self, counts: PassCounts, frames: Sequence[Frame], entry: int
    ) -> tuple[tuple[LoopPass, ...], PassCounts]:
        """Return the passes around a step that an entry began, and the counts after it."""
        return _numbered(self._affordable(counts, counts.size), frames, entry)

    def merged(self, first: PassCounts, second: PassCounts) -> PassCounts:
        """Return the counts that are equal on two paths."""
        if first is second:
            return first
        first = self._affordable(first, _WORK_OF_MERGE * (first.size + second.size))
        if UNKNOWN_PASSES in (first, second):
            return UNKNOWN_PASSES
        return PassCounts(_common(first.last, second.last), _common(first.began, second.began))

    def _affordable(self, counts: PassCounts, work: int) -> PassCounts:
        self.remaining -= work
        return counts if self.remaining >= 0 else UNKNOWN_PASSES


def _numbered(counts: PassCounts, frames: Sequence[Frame], entry: int) -> tuple[tuple[LoopPass, ...], PassCounts]:
    if counts is UNKNOWN_PASSES:
        loops = (frame for frame in frames if not isinstance(frame, CallFrame) and not frame.is_attempt)
        return tuple(LoopPass(frame.path, None) for frame in loops), counts
    scope: Scope = ()
    last, began = counts.last, counts.began
    new_last: dict[Scope, int | None] = {}
    new_began: dict[tuple[Scope, int], int | None] = {}
    passes: list[LoopPass] = []
    for frame in frames:
        if isinstance(frame, CallFrame):
            scope = (*scope, frame.paths[0] if len(frame.paths) == 1 else None)
            continue
        loop = (*scope, frame.path)
        if frame.began == NEW:
            count = last.get(loop, 0)
            number = None if count is None or None in scope else count + 1
            if frame.overlaps:
                new_began[loop, entry] = number
            elif last is counts.last:  # The loops of the pass before are over, including those of inner frames.
                last = {key: value for key, value in last.items() if key[: len(loop)] != loop}
            new_last[loop] = number
        elif frame.began == SAME:
            number = None if None in scope else last.get(loop, 1)
        else:
            number = None if frame.began is None else began.get((loop, frame.began))
        if not frame.is_attempt:
            passes.append(LoopPass(frame.path, number))
        scope = (*loop, number)
    if new_last:
        counts = PassCounts({**last, **new_last}, {**began, **new_began} if new_began else began)
    return tuple(passes), counts


def _common(first: Mapping[_Key, int | None], second: Mapping[_Key, int | None]) -> Mapping[_Key, int | None]:
    if first == second:
        return first
    return {key: first[key] if key in first and first[key] == second.get(key) else None for key in {**first, **second}}


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
