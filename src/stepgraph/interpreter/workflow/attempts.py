"""The attempts of a step: the engine runs the body again after an error, with the state that earlier attempts left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.path_joins import apply, join_any, unstable_changes
from stepgraph.interpreter.store import Changes
from stepgraph.interpreter.widening import growing_changes, widen
from stepgraph.ir.nodes import OperationBlock
from stepgraph.syntax.module import SourcePlace

# Maximum number of evaluations of a body before its remaining changes are widened.
_MAX_EVALUATIONS: Final = 6


def evaluate_attempts(
    interpreter: Interpreter, evaluate: Callable[[], OperationBlock], place: SourcePlace
) -> OperationBlock:
    """Return the block of the last attempt of a step, and continue from the state at its end.

    An attempt may fail at any point, so the next one starts from the join of all states of earlier attempts. The body
    is evaluated until this join is a fixpoint. A body that only sets variables to the same values is stable at once.
    """
    store = interpreter.store
    checkpoint, newest, last_task_id = store.checkpoint(), store.serial, interpreter.work.last_task_id
    head: Changes = {}
    widened: Changes = {}
    for count in range(1, _MAX_EVALUATIONS + 2):
        apply(store, head)
        block = evaluate()
        end = store.changes(checkpoint)
        if not any(change.container.serial <= newest for change in end.values()):
            return block
        states = [end, *store.overwritten(checkpoint)]
        interpreter.expose(checkpoint)
        store.rollback(checkpoint)
        previous, head = head, join_any(store, states, place, last_task_id) | widened
        changed = unstable_changes(previous, head, newest)
        if changed and count > 1:
            changed = growing_changes(changed, previous, newest, interpreter.budget)
        if not changed:
            break
        if count >= _MAX_EVALUATIONS:
            widened |= {key: widen(change, place) for key, change in changed.items()}
            store.log_changes(widened)
            head |= widened
        interpreter.repeated_passes += 1
    apply(store, end)
    return block
