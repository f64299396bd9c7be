"""Heads of loops: the state in which each pass starts, joined over the passes and widened until it is a fixpoint."""

from __future__ import annotations

from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.frame import LoopState
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.path_joins import PathChanges, apply, join_ends, join_passes, unstable_changes
from stepgraph.interpreter.store import Store
from stepgraph.interpreter.task_runs import is_refilled
from stepgraph.interpreter.widening import (
    STRUCTURAL_COMPARISON_PASS,
    growing_changes,
    merge_objects,
    merge_stale_tasks,
    widen,
)
from stepgraph.interpreter.write_log import Changes, WriteLog
from stepgraph.ir.await_groups import TaskId
from stepgraph.syntax.module import SourcePlace

# Maximum number of passes over a body before its remaining changes are widened, by nesting depth. Each level multiplies
# the passes of the loops inside it.
MAX_PASSES: Final = (24, 12, 6, 3)
# Number of repeated passes of all loops after which every change is widened immediately.
MAX_REPEATED_PASSES: Final = 500


class PassStart(Struct, frozen=True):
    """The state of the store before a pass of a loop, which later events are compared with."""

    reordered: int
    """The number of reordered collections so far."""
    emptied: int
    """The number of emptied collections so far."""
    tasks: frozenset[cst.CSTNode]
    """The nodes that start the tasks in flight."""

    @classmethod
    def of(cls, store: Store) -> PassStart:
        """Return the present state of a store."""
        tasks = frozenset(task.place.node for task in store.tasks())
        return cls(len(store.events.reordered), len(store.runs.emptied), tasks)

    def is_repeated(self, store: Store, newest_serial: int, log: WriteLog, head: Changes, end: Changes) -> bool:
        """Return whether the next pass starts with the same order of collections and the same tasks.

        These are the collections from before the loop, and the tasks in flight or in collections that the pass empties.
        """
        if any(serial <= newest_serial for serial in store.events.reordered[self.reordered :]):
            return False
        emptied = frozenset(store.runs.emptied[self.emptied :])
        return store.conflicting_tasks(log, end) <= self.tasks and not is_refilled(emptied, head, end)


class LoopEntry(Struct, frozen=True):
    """The state before the first pass of a loop."""

    checkpoint: int
    """The checkpoint of the store."""
    newest_serial: int
    """The serial number of the newest heap cell."""
    last_task_id: TaskId
    """The task that was started last."""
    place: SourcePlace
    """The location of the loop."""


class LoopHead(Struct):
    """The state at the head of a loop, joined over the passes so far."""

    entry: LoopEntry
    changes: Changes = field(default_factory=dict)
    """The changes since the entry of the loop."""
    widened: Changes = field(default_factory=dict)
    """The widened changes, which later passes keep."""
    pass_count: int = 0

    def join_pass(self, interpreter: Interpreter, pass_changes: Changes) -> Changes:
        """Join the changes of a pass to the state. Return the unstable ones, which require another pass.

        After too many passes, the unstable changes are widened.
        """
        self.pass_count += 1
        changes = pass_changes | self.widened
        unstable = _unstable_after_pass(interpreter, self.entry, self.changes, changes, self.pass_count)
        changes |= unstable
        is_late = self.pass_count >= _max_passes(interpreter) or interpreter.repeated_passes > MAX_REPEATED_PASSES
        if unstable and is_late:
            self.widened |= {key: widen(change, self.entry.place) for key, change in unstable.items()}
            interpreter.store.log_changes(self.widened)
            changes |= self.widened
        self.changes = changes
        return unstable


def _unstable_after_pass(
    interpreter: Interpreter, entry: LoopEntry, previous: Changes, current: Changes, pass_count: int
) -> Changes:
    """Return the changes of a pass that require another one, after several passes only those that would always do."""
    changed = unstable_changes(previous, current, entry.newest_serial, interpreter.store.unset_reads)
    if pass_count < STRUCTURAL_COMPARISON_PASS:
        return changed
    place = entry.place if pass_count < _max_passes(interpreter) else None
    return growing_changes(changed, previous, current, entry.newest_serial, interpreter.budget, place)


def _max_passes(interpreter: Interpreter) -> int:
    """Return the maximum number of passes of the current loop before its remaining changes are widened."""
    depth = interpreter.loop_depth
    return MAX_PASSES[depth - 1] if depth <= len(MAX_PASSES) else 1


def undo_pass(interpreter: Interpreter, entry: LoopEntry, loop: LoopState, pass_task_id: TaskId) -> Changes:
    """Roll back a pass, and return the join of the states in which the next pass may start.

    `pass_task_id` is the task that was started last before the pass.
    """
    store = interpreter.store
    ends = (
        [*loop.continue_states, store.changes(entry.checkpoint)] if interpreter.is_reachable else loop.continue_states
    )
    interpreter.expose(entry.checkpoint)
    store.rollback(entry.checkpoint)
    changes = join_passes(store, ends, entry.place, entry.last_task_id)
    return _merged(interpreter, entry, changes, pass_task_id)


def _merged(interpreter: Interpreter, entry: LoopEntry, changes: Changes, pass_task_id: TaskId) -> Changes:
    """Return changes with one value for equal objects, and for the tasks of earlier passes."""
    changes = merge_objects(changes, entry.newest_serial, interpreter.budget)
    return merge_stale_tasks(changes, entry.last_task_id, pass_task_id)


class LoopEnd(Struct, frozen=True):
    """The states in which a `break` leaves a loop."""

    entry: LoopEntry
    last_pass: LoopState
    pass_task_id: TaskId
    """The task that was started last before the last pass."""

    def join(self, interpreter: Interpreter, *, may_finish: bool) -> None:
        """Set the store, which has the state at the head of the loop, to the join of the states at each `break`.

        If the loop `may_finish` without a `break`, the state at the head remains possible.
        """
        if not self.last_pass.break_states:
            return
        states = [{}, *self.last_pass.break_states] if may_finish else self.last_pass.break_states
        ends = [PathChanges(None, changes) for changes in states]
        checkpoint = interpreter.store.checkpoint()
        join_ends(interpreter.store, ends, self.entry.place, self.entry.last_task_id)
        changes = interpreter.store.changes(checkpoint)
        apply(interpreter.store, _merged(interpreter, self.entry, changes, self.pass_task_id))
