"""What has run when: for each step that another one needs, whether it has, on the paths that lead to a point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.graph.dependencies.schedule import HasRun
from stepgraph.ir.nodes import Start, StepDefinition, TaskId

Past: TypeAlias = int
"""What may be the case with a step at a point, by path: a set of the following bits."""

NOTHING: Final = 0
NOT_RUN: Final = 1
RUN: Final = 2
LAPSED: Final = 4
"""A path through an exception leads there, on which the step failed or was skipped."""
SAME: Final = 8
"""It is as it was when the function was called."""

Effects: TypeAlias = dict[StepDefinition, Past]


class Apart(Struct, frozen=True):
    """What is known of steps where work waits on some of the paths that meet: on these, and on the others."""

    waiting: Effects
    orelse: Effects


class History(Struct, eq=False):
    """What is known at a point of a function: what has run, which background work runs it, what has yet to begin.

    `apart` tells paths apart for work that is waiting on some of them only. `started` is the work that was set going on
    each path there, `going` what may go on in the background. A point is `exceptional` if only paths through an
    exception lead there. `first` are the steps that had begun, on each path there, as soon as the function awaited for
    the first time; None if it has not, on any path. It is `entering` if it has not on some path.
    """

    past: dict[StepDefinition, Past] = field(default_factory=dict)
    running: dict[StepDefinition, TaskId] = field(default_factory=dict)
    waiting: dict[TaskId, Start] = field(default_factory=dict)
    apart: Mapping[TaskId, Apart] = field(default_factory=dict)
    started: frozenset[TaskId] = frozenset()
    going: frozenset[TaskId] = frozenset()
    exceptional: bool = False
    first: frozenset[StepDefinition] | None = None
    entering: bool = True

    def copy(self) -> History:
        """Return the same, to go on from on another path."""
        return replace(self, past=dict(self.past), running=dict(self.running), waiting=dict(self.waiting))

    def at(self, step: StepDefinition) -> Past:
        """Return what is known of a step."""
        return at(self.past, step)

    def set_going(self, start: Start) -> None:
        """Note that work begins at the next await."""
        self.waiting[start.task_id] = start
        self.apart = {task_id: apart for task_id, apart in self.apart.items() if task_id != start.task_id}
        self.started |= {start.task_id}

    def may_wait(self, waiting: Mapping[TaskId, Start]) -> None:
        """Note that work may be waiting that may also not have been set going."""
        fresh = {task_id: start for task_id, start in waiting.items() if task_id not in self.waiting}
        self.waiting |= fresh
        self.apart = {**self.apart, **dict.fromkeys(fresh, Apart(dict(self.past), dict(self.past)))}

    def begun(self, step: StepDefinition, *, surely: bool = True) -> None:
        """Note that a step has run, or may have."""
        self.past[step] = (self.at(step) & LAPSED) | RUN if surely else self.at(step) | RUN

    def begun_where_waiting(self, step: StepDefinition, apart: Apart) -> None:
        """Note that a step has begun on the paths on which some work was waiting for this await."""
        kept = at(apart.orelse, step) | at(apart.waiting, step) & LAPSED
        self.past[step] = self.at(step) & kept | RUN

    def apply(self, effects: Mapping[StepDefinition, Past], *, surely: bool = True) -> None:
        """Note what a function has done, or may have."""
        for step, past in effects.items():
            now = self.at(step)
            kept = now if past & SAME or not surely else NOTHING
            self.past[step] = kept | past & ~SAME

    def declared(self, steps: Iterable[StepDefinition]) -> None:
        """Note that steps are declared anew."""
        for step in steps:
            self.past[step] = NOT_RUN
            self.running.pop(step, None)

    __hash__ = None  # type: ignore[assignment] # it changes

    def __eq__(self, other: object) -> bool:
        """Whether the same is known at two points."""
        if not isinstance(other, History):
            return NotImplemented
        known = self.past == other.past and self.running == other.running and self.exceptional == other.exceptional
        work = self.started == other.started and self.going == other.going
        return (
            known
            and work
            and self.first == other.first
            and self.entering == other.entering
            and self.waiting.keys() == other.waiting.keys()
            and self.apart == other.apart
        )


def joined(paths: Iterable[History | None]) -> History | None:
    """Return what is known where paths meet. None is a path that does not lead there.

    A path through an exception tells of what has run on it, not of what has not: it may have failed, or been skipped.
    """
    reached = sorted((path for path in paths if path is not None), key=lambda path: path.exceptional)
    if not reached:
        return None
    meeting = reached[0].copy()
    for path in reached[1:]:
        lapsed = path.exceptional and not meeting.exceptional
        meeting.apart = _apart(meeting, path, lapsed=lapsed)
        meeting.past = _either(meeting.past, path.past, lapsed=lapsed)
        meeting.running = {s: h for s, h in meeting.running.items() if path.running.get(s) == h}
        meeting.waiting |= path.waiting
        meeting.started &= path.started
        meeting.going |= path.going
        meeting.entering |= path.entering
        if not lapsed and meeting.first != path.first:
            meeting.first = (meeting.first or frozenset()) & (path.first or frozenset())
    return meeting


def _apart(ours: History, theirs: History, *, lapsed: bool) -> Mapping[TaskId, Apart]:
    """Return what is known where two points meet for work that waits on some of the paths there only."""
    found: dict[TaskId, Apart] = {}
    for task_id in {**ours.waiting, **theirs.waiting}:
        apart = ours.apart.get(task_id)
        if apart is None or apart is not theirs.apart.get(task_id):
            (waiting, orelse), (their_waiting, their_otherwise) = _sides(ours, task_id), _sides(theirs, task_id)
            waiting = _where_reached(waiting, their_waiting, lapsed=lapsed)
            orelse = _where_reached(orelse, their_otherwise, lapsed=lapsed)
            apart = None if waiting is None or orelse is None else Apart(waiting, orelse)
        if apart is not None:
            found[task_id] = apart
    return found


def _sides(history: History, task_id: TaskId) -> tuple[Effects | None, Effects | None]:
    """Return what is known at a point where work waits, and where it does not; None where no path leads there."""
    if task_id not in history.waiting:
        return None, history.past
    apart = history.apart.get(task_id)
    return (history.past, None) if apart is None else (apart.waiting, apart.orelse)


def _where_reached(ours: Effects | None, theirs: Effects | None, *, lapsed: bool) -> Effects | None:
    if ours is None or theirs is None:
        return theirs if ours is None else ours
    return _either(ours, theirs, lapsed=lapsed)


def _either(ours: Effects, theirs: Effects, *, lapsed: bool) -> Effects:
    met: Effects = {}
    for step in {**ours, **theirs}:
        one, other = at(ours, step), at(theirs, step)
        met[step] = one | (_lapsed(other, one) if lapsed else other)
    return met


def at(past: Mapping[StepDefinition, Past], step: StepDefinition) -> Past:
    """Return what is known of a step: as long as nothing is, it is as it was when the function was called."""
    return past.get(step, SAME)


def _lapsed(past: Past, orelse: Past) -> Past:
    """Return what a path through an exception adds to what is known of a step on the others."""
    skipped = past & (NOT_RUN | SAME) & ~orelse
    return past & (RUN | LAPSED) | (LAPSED if skipped else NOTHING)


def has_run(past: Past) -> HasRun:
    """Return whether a step has run, for what is known of it; a path through an exception counts for nothing."""
    if not past & NOT_RUN:
        return HasRun.ALWAYS
    return HasRun.SOMETIMES if past & RUN else HasRun.NEVER
