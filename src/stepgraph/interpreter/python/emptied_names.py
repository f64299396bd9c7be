"""Assignments of new empty collections to variables of tasks in loops, as in `tasks = []` after a batch.

If the variable holds the only reference to its collection, the assignment is the same as `tasks.clear()`. The
collection then still represents the tasks of all passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.task_runs import STARTING_FUNCTIONS
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.tasks import Task

if TYPE_CHECKING:
    from stepgraph.interpreter.interpreter import Interpreter
    from stepgraph.ir.values import Value


def emptied_collection(interpreter: Interpreter, name: str, value: Value) -> Collection | Mapping | None:
    """Return the collection of tasks from outside of the loop that a variable holds if `value` empties the variable.

    The variable must hold the only reference to its collection.
    """
    match interpreter.frame.scope.names.get(name), value:
        case (Collection() as present, Collection()) if present.kind == value.kind:
            collection: Collection | Mapping = present
        case (Mapping() as present, Mapping()):
            collection = present
        case _:
            return None
    is_older = collection.loop_depth < interpreter.loop_depth and not collection.is_argument
    if not is_older or not value.is_empty or not _may_hold_only_tasks(interpreter, collection):
        return None
    return collection


def _may_hold_only_tasks(interpreter: Interpreter, collection: Collection | Mapping) -> bool:
    """Return whether a collection holds only tasks. An empty one may hold those of other passes."""
    elements = collection.state.elements()
    if not elements:
        return any(interpreter.module.mentions(name.encode()) for name in STARTING_FUNCTIONS)
    return all(isinstance(leaf, Task) for element in elements for leaf in union_values(element.value))
