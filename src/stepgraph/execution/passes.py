"""The numbers of the passes of loops, along the paths of an instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, TypeVar

from msgspec import Struct

from stepgraph.execution.beginnings import SAME, CallFrame, Frame
from stepgraph.execution.parts import Path
from stepgraph.execution.terms import NEW

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


NO_PASSES: Final = PassCounts({}, {})


def numbered(counts: PassCounts, frames: Sequence[Frame], entry: int) -> tuple[tuple[LoopPass, ...], PassCounts]:
    """Return the passes around a step that an entry began, and the counts after it."""
    scope: Scope = ()
    last, began = counts.last, counts.began
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
                began = {**began, (loop, entry): number}
            else:  # the loops of the pass before are over
                last = {key: value for key, value in last.items() if key[: len(loop)] != loop}
            last = {**last, loop: number}
        elif frame.began == SAME:
            number = None if None in scope else last.get(loop, 1)
        else:
            number = None if frame.began is None else began.get((loop, frame.began))
        if not frame.is_attempt:
            passes.append(LoopPass(frame.path, number))
        scope = (*loop, number)
    return tuple(passes), PassCounts(last, began)


def merged(first: PassCounts, second: PassCounts) -> PassCounts:
    """Return the counts that two paths have in common."""
    return (
        first if first is second else PassCounts(_common(first.last, second.last), _common(first.began, second.began))
    )


def _common(first: Mapping[_Key, int | None], second: Mapping[_Key, int | None]) -> Mapping[_Key, int | None]:
    if first == second:
        return first
    return {key: first[key] if key in first and first[key] == second.get(key) else None for key in {**first, **second}}
