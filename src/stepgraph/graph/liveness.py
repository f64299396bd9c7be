"""Liveness of tasks: the ranges of operations from the start of a task to the await that completes it.

A task escapes if it may be pending after a race with this task, or at an exit of the block with its start and its
awaits. The graph shows no completion clock for an escaping task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import takewhile
from operator import or_

from msgspec import Struct

from stepgraph.bit_sets import bit_set, bits
from stepgraph.graph.pending_tasks import Path, PendingState, PendingTasks
from stepgraph.ir.await_groups import AwaitedTask, TaskId, raced_tasks, tasks_done_after
from stepgraph.ir.dataflow import solve
from stepgraph.ir.nodes import Await, OperationBlock, Run, StartOperation, child_blocks, operations_in
from stepgraph.limits import Budget


class LiveRange(Struct, frozen=True):
    """A range of operations in a block, during which at least one task that starts there is pending."""

    first: int
    """The index of the operation that starts the first task, or 0 if that task may be pending before the block."""
    last: int
    """The index of the operation after which none of the tasks is pending, or of the last operation of the block."""


class Liveness(Struct, frozen=True):
    """The liveness of the tasks of a function body. Blocks and operations are keyed by `id`."""

    ranges: dict[int, list[LiveRange]]
    """The live ranges of each block."""
    completed_by: dict[int, frozenset[TaskId]]
    """The tasks that each await, call or loop completes. An await without an entry does not advance the clock."""
    escaping: frozenset[TaskId]
    """The tasks that may run beyond their live range."""
    races: frozenset[int]
    """The awaits that end with the first completed member."""
    start_blocks: dict[TaskId, tuple[int, ...]]
    """The enclosing blocks of the start of each task, outermost first."""
    loops: frozenset[int]
    """The bodies of loops."""
    pending_at_starts: dict[int, int]
    """The tasks that may be pending at each operation that starts activities, as bit sets of task ids."""


def liveness(body: OperationBlock, *, is_run: bool) -> Liveness:
    """Return the liveness of the tasks of a function body. `is_run` marks `run`, after whose return no step begins."""
    analysis = _solved(body, is_run=is_run)
    later = _awaited_after_races(body, analysis) if analysis.raced else 0
    while later:
        after_races = _solved(body, is_run=is_run, awaited_after_races=later)
        live = _liveness_of(after_races, body)
        completed = later & ~bit_set(live.escaping)
        if completed == later:
            return live
        later = completed
    return _liveness_of(analysis, body)


def _solved(body: OperationBlock, *, is_run: bool, awaited_after_races: int = 0) -> PendingTasks:
    analysis = PendingTasks(body, is_run=is_run, awaited_after_races=awaited_after_races)
    solve(body, PendingState(), analysis, analysis)
    return analysis


def _awaited_after_races(body: OperationBlock, analysis: PendingTasks) -> int:
    """Return the tasks that a race in an inner block and another await of the body wait for.

    If a race is in the same block as the start of a task, the group of the race ends there instead.
    """
    raced = awaited = 0
    pending = [body]
    while pending:
        block = pending.pop()
        for operation in block.operations:
            pending += child_blocks(operation)
            match operation:
                case Await(group=group):
                    raced |= bit_set(each for each in raced_tasks(group) if _starts_outside(analysis, each, block))
                    awaited |= bit_set(each.task_id for each in tasks_done_after(group))
                case Run(completed_tasks=tasks):
                    awaited |= bit_set(each.task_id for each in tasks)
    return raced & awaited


def _starts_outside(analysis: PendingTasks, task_id: TaskId, block: OperationBlock) -> bool:
    return task_id in analysis.started and analysis.started[task_id][-1][0] != id(block)


def returns_before_awaits(body: OperationBlock) -> frozenset[int]:
    """Return the returns of `run` that skip an await which completes a pending task, by `id`.

    Only returns without a node in the graph are examined.
    """
    analysis = PendingTasks(body, is_run=True, skips_returns=True)
    solve(body, PendingState(), analysis, analysis)
    live = _liveness_of(analysis, body)
    completed = bit_set(task_id for task_ids in live.completed_by.values() for task_id in task_ids)
    completed &= ~bit_set(live.escaping)
    return frozenset(
        jump
        for jump, (path, pending) in analysis.skipped_returns.items()
        if any(
            _follows(await_path, path)
            for task_id in bits(pending & completed)
            for await_path in analysis.awaited.get(task_id, ())
        )
    )


def _follows(later: Path, earlier: Path) -> bool:
    """Return whether an operation follows another one in the innermost block that contains both."""
    for (block, index), (earlier_block, earlier_index) in zip(later, earlier, strict=False):
        if block != earlier_block or index != earlier_index:
            return block == earlier_block and index > earlier_index
    return False


def _liveness_of(analysis: PendingTasks, body: OperationBlock) -> Liveness:
    escaping = analysis.escaping | analysis.pending_in_finally()
    starts_by_block: dict[int, dict[int, int]] = {}
    for task_id in analysis.started:
        block, first = _range_start(analysis, task_id)
        if (analysis.pending_after[block][-1] | analysis.pending_at_jumps.get(block, 0)) >> task_id & 1:
            escaping |= 1 << task_id
        starts = starts_by_block.setdefault(block, {})
        starts[first] = starts.get(first, 0) | 1 << task_id
    for operation in operations_in(body) if escaping else ():
        if isinstance(operation, StartOperation) and escaping & bit_set(operation.task_ids):
            escaping |= bit_set(operation.task_ids)  # one node represents all of them
    return Liveness(
        {block: _live_ranges(starts, analysis.pending_after[block]) for block, starts in starts_by_block.items()},
        {operation: frozenset(bits(completed)) for operation, completed in analysis.completed.items()},
        frozenset(bits(escaping)),
        frozenset(analysis.raced),
        {task_id: tuple(block for block, _ in path) for task_id, path in analysis.started.items()},
        frozenset(analysis.loops.bodies),
        analysis.pending_at_starts,
    )


def must_awaited_tasks(body: OperationBlock, foreign: frozenset[TaskId], budget: Budget) -> tuple[AwaitedTask, ...]:
    """Return the tasks in `foreign` that a body has awaited at every normal exit: all their runs, or the last run.

    Raises LimitExceededError if the body exceeds the budget.
    """
    pending = bit_set(foreign)
    last = pending & ~_pending_at_exits(body, PendingState(pending), budget)
    every = last & ~_pending_at_exits(body, PendingState(pending, several=pending), budget)
    return tuple(AwaitedTask(task_id, all_runs=bool(every >> task_id & 1)) for task_id in bits(last))


def _pending_at_exits(body: OperationBlock, state: PendingState, budget: Budget) -> int:
    """Return the tasks that may be pending at the normal exits of a function or, without such exits, at its start.

    The losers of a race may be pending, too.
    """
    analysis = PendingTasks(body, is_run=False)
    exits = solve(body, state, analysis, analysis, budget)
    ends = [end.pending for end in (exits.end, exits.returns) if end is not None]
    return (reduce(or_, ends) if ends else state.pending) | analysis.escaping


def _range_start(analysis: PendingTasks, task_id: TaskId) -> tuple[int, int]:
    """Return the `id` of the innermost block with the start and all awaits of a task, and `LiveRange.first` for it."""
    start = analysis.started[task_id]
    depth = len(start)
    for path in analysis.awaited.get(task_id, ()):
        is_shared = (a[0] == b[0] for a, b in zip(start, path, strict=False))
        depth = min(depth, sum(1 for _ in takewhile(bool, is_shared)))
    block, first = start[depth - 1]
    return block, 0 if analysis.pending_before[block] >> task_id & 1 else first


def _live_ranges(starts: Mapping[int, int], pending_after: Sequence[int]) -> list[LiveRange]:
    """Return the live ranges of a block in order, with overlapping ranges merged.

    `starts` maps the index of an operation to the tasks that begin there. `pending_after` contains the tasks pending
    after each operation.
    """
    ranges: list[LiveRange] = []
    first, live = 0, 0
    for index, pending in enumerate(pending_after):
        if not live:
            first = index
        live |= starts.get(index, 0)
        if live and (index == len(pending_after) - 1 or not live & pending):
            ranges.append(LiveRange(first, index))
            live = 0
        else:
            live &= pending
    return ranges
