"""Reads of queues and futures that have no value yet: code that runs later puts it in.

A task that reads one is evaluated again once there is a value, so its notes are deferred until then.
"""

from __future__ import annotations

from collections.abc import Collection as AnyCollection
from itertools import islice

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.ir.await_groups import TaskId


def defer_notes(interpreter: Interpreter, task_id: TaskId, first: int, reads: AnyCollection[int]) -> None:
    """Defer the notes from the index `first` on: a task has left them that waits for the values of some reads."""
    added = dict(islice(interpreter.notes.items(), first, None))
    for key in added:
        del interpreter.notes[key]
    interpreter.work.deferred_notes[task_id] = frozenset(reads), added


def drop_notes(interpreter: Interpreter, task_id: TaskId) -> None:
    """Drop the deferred notes of a task that was evaluated again, if all reads have a value."""
    reads, _ = interpreter.work.deferred_notes.get(task_id, (frozenset[int](), {}))
    if reads.isdisjoint(interpreter.work.empty_reads):
        interpreter.work.deferred_notes.pop(task_id, None)


def report_empty_reads(interpreter: Interpreter) -> None:
    """Report the deferred notes that remain, and values that were put in after their read."""
    for _, notes in interpreter.work.deferred_notes.values():
        for key, note in notes.items():
            interpreter.notes.setdefault(key, note)
    for contents, place in interpreter.work.empty_reads.values():
        if any(item.value.relevant for item in contents.items):
            interpreter.note(
                "unresolved-await",
                place,
                f"`{place.brief_text}` gives a value that other code puts in later, which is not followed here.",
                "Steps that it runs are missing from the graph; call them by name.",
            )
