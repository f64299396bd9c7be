"""The attempts of a step: the engine runs the body again after an error, with the state that earlier attempts left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import covers, is_relevant
from stepgraph.interpreter.path_joins import apply, join_any, unstable_changes
from stepgraph.interpreter.widening import growing_changes, merge_additions, merge_objects, widen
from stepgraph.interpreter.write_log import Changes, SlotChange, SlotId, WriteLog, is_read
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import OperationBlock
from stepgraph.syntax.module import SourcePlace

# Maximum number of evaluations of a body before its remaining changes are widened.
_MAX_EVALUATIONS: Final = 4


class FirstAttempt(Struct, frozen=True):
    """The first evaluation of the body of a step."""

    block: OperationBlock
    checkpoint: int
    """The position in the store's trail before the attempt."""
    newest: int
    """The serial number of the newest cell before the attempt."""
    last_task_id: TaskId
    """The last task before the attempt."""
    reads: frozenset[SlotId]
    """The slots that the attempt read."""
    log: WriteLog
    """The values that the attempt wrote on any path, including those that raise."""


def repeat_attempt(
    interpreter: Interpreter, first: FirstAttempt, evaluate: Callable[[], OperationBlock], place: SourcePlace
) -> OperationBlock:
    """Return the block of the last attempt of a step, and continue from the state at its end.

    An attempt may fail at any point, so the next one starts from the join of all states of earlier attempts. The body
    is evaluated until this join is a fixpoint. This is omitted if the body reads nothing that it changes, and a second
    attempt after the first changes nothing.
    """
    store, block, checkpoint, newest = interpreter.store, first.block, first.checkpoint, first.newest
    end = _outer_changes(store.changes(checkpoint), newest)
    overwritten = [*store.overwritten(checkpoint), *_values_on_other_paths(first.log)]
    reads_changes = any(is_read((change.container.serial, change.key), first.reads) for change in end.values())
    if not overwritten and not reads_changes and _is_idempotent(interpreter, evaluate, end, newest):
        return block
    head: Changes = {}
    widened: Changes = {}
    for count in range(1, _MAX_EVALUATIONS + 2):
        interpreter.expose(checkpoint)
        store.rollback(checkpoint)
        joined = join_any(store, [end, *overwritten], place, first.last_task_id)
        joined = merge_additions(merge_objects(joined, newest, interpreter.budget), interpreter.budget, place)
        previous, head = head, joined | widened
        changed = unstable_changes(previous, head, newest, interpreter.store.unset_reads)
        if changed and count > 1:
            place_of_summary = place if count < _MAX_EVALUATIONS else None
            changed = growing_changes(changed, previous, head, newest, interpreter.budget, place_of_summary)
            head |= changed
        if not changed:
            break
        if count >= _MAX_EVALUATIONS:
            widened |= {key: widen(change, place) for key, change in changed.items()}
            store.log_changes(widened)
            head |= widened
        interpreter.repeated_passes += 1
        apply(store, head)
        start = store.checkpoint()
        with store.logged(newest) as log:
            block = evaluate()
        end, overwritten = store.changes(checkpoint), [*store.overwritten(start), *_values_on_other_paths(log)]
    apply(store, end)
    return block


def _values_on_other_paths(log: WriteLog) -> list[Changes]:
    """Return the logged values that slots do not have at the end, as changes of one slot each."""
    return [
        {(id(logged.container), logged.key): SlotChange(logged.container, logged.key, value)}
        for logged in log
        if logged.is_relevant
        for value in logged.values
        if not covers(logged.present, value)
    ]


def _outer_changes(changes: Changes, newest: int) -> Changes:
    """Return the changes of cells that are older than the step."""
    return {key: change for key, change in changes.items() if change.container.serial <= newest}


def _is_idempotent(interpreter: Interpreter, evaluate: Callable[[], OperationBlock], end: Changes, newest: int) -> bool:
    """Return whether another attempt after one that ends with the changes `end` has the same changes."""
    store = interpreter.store
    checkpoint = store.checkpoint()
    evaluate()
    again = {
        key: change
        for key, change in _outer_changes(store.changes(checkpoint), newest).items()
        if is_relevant(change.value) or (key in end and is_relevant(end[key].value))
    }
    store.rollback(checkpoint)
    return not growing_changes(again, end, again, newest, interpreter.budget, None)
