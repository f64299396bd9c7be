"""The dataflow analysis that finds the tasks which may be pending at each point of a function body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.bit_sets import bit_set, bits
from stepgraph.ir.await_groups import AwaitedTask, TaskId, is_race, raced_tasks, task_ids_of, tasks_done_after
from stepgraph.ir.dataflow import Domain, Leaf, Observer
from stepgraph.ir.jump_frames import JumpTarget
from stepgraph.ir.nodes import (
    Await,
    Choice,
    Jump,
    JumpKind,
    LoopOperation,
    OperationBlock,
    PartialOrder,
    Run,
    StartOperation,
    TryOperation,
)
from stepgraph.ir.walk import may_run_steps, task_references, tasks_started_in

if TYPE_CHECKING:
    from stepgraph.model.payload import Clocked

Path: TypeAlias = tuple[tuple[int, int], ...]
"""The enclosing blocks of an operation by `id`, outermost first. Each has the index of its operation on the path."""


class PendingState(Struct, frozen=True):
    """The tasks that may be pending at a program point, as bit sets of task ids."""

    pending: int = 0
    """The tasks with at least one run that may be pending."""
    several: int = 0
    """The tasks with several runs that may be pending."""
    awaited_in_iteration: int = 0
    """The one-by-one awaits that every path of the current pass has executed, as a bit set of their numbers."""

    def without(self, task_ids: int) -> PendingState:
        """Return the state after the completion of some tasks."""
        return replace(self, pending=self.pending & ~task_ids, several=self.several & ~task_ids)


class _Loops(Struct):
    """The loops of a function body, by `id` of their bodies."""

    bodies: set[int] = field(default_factory=set)
    awaits: dict[int, dict[int, tuple[Await, Path]]] = field(default_factory=dict)
    """The one-by-one awaits in each loop, with the path to the loop."""
    interrupted: set[int] = field(default_factory=set)
    """The loops with a jump that ends the loop before exhaustion."""
    pending_at_ends: dict[int, tuple[int, int]] = field(default_factory=dict)
    """The tasks pending where a loop is exhausted, and after its breaks, by `id` of the location of the loop."""


class _OpenBlock(Struct):
    """The jumps out of a block on the current path."""

    pending_at_jumps: dict[int, int] = field(default_factory=dict)
    """The tasks pending at the jumps, by the depth of their target: the number of blocks around it."""
    early_depth: int | None = None
    """The smallest depth of a target whose jumps end loops before exhaustion, if there are any."""

    def add_jump(self, target_depth: int, pending: int) -> None:
        """Add the tasks pending at a jump."""
        self.pending_at_jumps[target_depth] = self.pending_at_jumps.get(target_depth, 0) | pending

    def add_early_exit(self, target_depth: int) -> None:
        """Add a jump that ends loops before exhaustion."""
        self.early_depth = target_depth if self.early_depth is None else min(self.early_depth, target_depth)


class PendingTasks(Domain[PendingState], Observer[PendingState]):
    """The may-be-pending analysis of tasks. The recorded facts only grow, so repeated visits are safe.

    A one-by-one await is an await of one member of a collection in each pass of a loop. The tasks in
    `awaited_after_races` remain pending after a race, because a later await completes them.
    """

    def __init__(
        self, body: OperationBlock, *, is_run: bool, skips_returns: bool = False, awaited_after_races: int = 0
    ) -> None:
        self.is_run = is_run
        self.awaited_after_races = awaited_after_races
        self.skips_returns = skips_returns
        """Whether tasks may be pending at a return of `run` that has no node in the graph."""
        self.skipped_returns: dict[int, tuple[Path, int]] = {}
        """The path to each such return, and the tasks pending there, by `id` of the return."""
        self.mentions = _mentions(body)
        """The number of starts and awaits of each task."""
        self.local: dict[int, int] = {}
        """The tasks that only one block starts and awaits, by block."""
        self.path: list[tuple[int, int]] = []
        """The path to the current operation."""
        self.open_blocks: list[_OpenBlock] = []
        """The jumps in each block on the path."""
        self.started: dict[TaskId, Path] = {}
        """The path to the start of each task."""
        self.awaited: dict[TaskId, dict[Path, None]] = {}
        """The paths to the awaits of each task."""
        self.pending_before: dict[int, int] = {}
        """The tasks pending at the start of each block."""
        self.pending_after: dict[int, list[int]] = {}
        """The tasks pending after each operation of a block."""
        self.pending_at_jumps: dict[int, int] = {}
        """The tasks pending at the jumps out of each block."""
        self.pending_at_starts: dict[int, int] = {}
        """The tasks pending at each operation that starts activities, if there are any."""
        self.pending_on_all_entries: dict[int | JumpTarget[PendingState], int] = {}
        """The tasks pending on every path to a block, by its `id`, or to the target of a jump."""
        self.pending_at_last_finally: dict[int, int] = {}
        """The tasks pending where a jump that ends `run` enters a `finally` with steps, by its block."""
        self.delayed: dict[JumpTarget[PendingState], dict[bool, set[int]]] = {}
        """The blocks left only after a `finally`, by the target of the jump and whether the jump may end `run`."""
        self.completed: dict[int, int] = {}
        """The tasks that each await, call or loop completes."""
        self.raced: set[int] = set()
        """The awaits that end with the first completed member."""
        self.numbers: dict[int, int] = {}
        """The numbers of the one-by-one awaits."""
        self.continues: set[JumpTarget[PendingState]] = set()
        """The targets of `continue`, at the end of a pass or at a `finally` before it."""
        self.loops = _Loops()
        self.escaping = 0
        """The tasks that may run beyond an await of them."""

    # States

    def transfer(self, operation: Leaf, state: PendingState) -> PendingState:
        """Return the state after an operation: a start adds a pending task, and an await or a call removes some."""
        if state.pending and isinstance(operation, Run | StartOperation | PartialOrder):
            key = id(operation)
            self.pending_at_starts[key] = self.pending_at_starts.get(key, 0) | state.pending
        match operation:
            case StartOperation():
                return self._start(operation, state)
            case Run(completed_tasks=completes) if completes:
                return self._call(operation, state)
            case Await(one_per_iteration=True):
                return self._await_one_by_one(operation, state)
            case Await():
                return self._await(operation, state)
            case _:
                return state

    def join(self, first: PendingState, second: PendingState) -> PendingState:
        """Return the state where paths meet. A task is pending if it is pending on any path."""
        return PendingState(
            first.pending | second.pending,
            first.several | second.several,
            first.awaited_in_iteration & second.awaited_in_iteration,
        )

    def enter_branch(self, choice: Choice, index: int, state: PendingState) -> PendingState:
        """Remove the tasks that do not exist in the branch, because their collection is empty.

        Also remove those that every path of a loop to the branch, its `else` or the path around it, has completed.
        """
        ends = self.loops.pending_at_ends.get(id(choice.place)) if choice.is_loop_else else None
        if ends is not None:
            state = state.without(state.pending & ~ends[index])
        absent = choice.tasks_absent_in(index)
        return state.without(_completed(absent, state)) if absent else state

    def may_raise(
        self, operation: Leaf | TryOperation, before: PendingState, after: PendingState | None
    ) -> PendingState | None:
        """Return the state at an exception. If an awaited task fails, the other awaited tasks may still be pending."""
        match operation:
            case TryOperation(guards_await=guards_await):
                return None if guards_await else before
            case Await(group=group, one_per_iteration=False) if after is not None and group.may_leave_members:
                return self.join(before, after)
            case _:
                return after

    def enter_iteration(self, loop: LoopOperation, head: PendingState) -> PendingState:
        """Record the body of a loop. Its passes start with the state at the head."""
        self.loops.bodies.add(id(loop.body))
        return head

    def after_iterations(
        self, loop: LoopOperation, head: PendingState, end: PendingState | None
    ) -> PendingState | None:
        """Complete the tasks of a one-by-one await if every pass executes the await on every path."""
        finished = end if loop.at_least_once else head
        for operation, path in self.loops.awaits.get(id(loop.body), {}).values():
            awaited = bit_set(task_ids_of(operation.group)) & head.pending
            if awaited:
                self._record_await(awaited, path)
                on_every_path = end is None or bool(end.awaited_in_iteration >> self.numbers[id(operation)] & 1)
                completed = _completed(tasks_done_after(operation.group), head) if on_every_path else 0
                self._record_completion(id(loop), completed)
                finished = None if finished is None else finished.without(completed)
        return finished

    def after_loop(self, loop: LoopOperation, head: PendingState, after: PendingState | None) -> PendingState | None:
        """Treat a loop over `as_completed` as a race if a jump may end it early."""
        if after is None or id(loop.body) not in self.loops.interrupted:
            return after
        races = [
            operation
            for operation, _ in self.loops.awaits.get(id(loop.body), {}).values()
            if operation.group.in_completion_order
        ]
        self.raced.update(map(id, races))
        race_tasks = bit_set(task_id for race in races for task_id in task_ids_of(race.group)) & head.pending
        self.escaping |= race_tasks
        return after.without(race_tasks)

    def loop_ends(self, loop: LoopOperation, exhausted: PendingState | None, broken: PendingState | None) -> None:
        """Record the tasks pending at the ends of a loop."""
        ends = self.loops.pending_at_ends.get(id(loop.place), (0, 0))
        pending = [0 if end is None else end.pending for end in (exhausted, broken)]
        self.loops.pending_at_ends[id(loop.place)] = ends[0] | pending[0], ends[1] | pending[1]

    def leave_try(
        self, try_: TryOperation, before: PendingState, end: PendingState | None, raised: PendingState | None
    ) -> tuple[PendingState | None, PendingState | None]:
        """After an exception, ignore the pending tasks that only the body starts and awaits.

        As in the program, a group ends when a task fails, and its other tasks continue.
        """
        del before
        return end, None if raised is None else raised.without(self._local_tasks(try_.body))

    # Awaits

    def _start(self, start: StartOperation, state: PendingState) -> PendingState:
        started = bit_set(start.task_ids)
        for task_id in start.task_ids:
            self.started.setdefault(task_id, tuple(self.path))
        restarted = started if start.repeats else state.pending & started
        return replace(state, pending=state.pending | started, several=state.several | restarted)

    def _await(self, operation: Await, state: PendingState) -> PendingState:
        awaited = bit_set(task_ids_of(operation.group)) & state.pending
        if not awaited:
            return state
        self._record_await(awaited, tuple(self.path))
        completed = _completed(tasks_done_after(operation.group), state)
        raced = bit_set(raced_tasks(operation.group)) & state.pending
        if raced and is_race(operation.group):
            self.raced.add(id(operation))
        if operation.group.until_done or raced:
            self._record_completion(id(operation), completed)
        lost = raced & ~self.awaited_after_races
        self.escaping |= lost
        return state.without(completed | lost)

    def _call(self, call: Run, state: PendingState) -> PendingState:
        """Complete the caller's tasks that a called function awaits."""
        self._record_await(
            bit_set(awaited.task_id for awaited in call.completed_tasks) & state.pending, tuple(self.path)
        )
        completed = _completed(call.completed_tasks, state)
        self._record_completion(id(call), completed)
        return state.without(completed)

    def _await_one_by_one(self, operation: Await, state: PendingState) -> PendingState:
        depth = next(
            (depth for depth in reversed(range(len(self.path))) if self.path[depth][0] in self.loops.bodies), None
        )
        if depth is None:
            return self._await_one(operation, state)
        body = self.path[depth][0]
        self.loops.awaits.setdefault(body, {})[id(operation)] = operation, tuple(self.path[:depth])
        number = self.numbers.setdefault(id(operation), len(self.numbers))
        return replace(state, awaited_in_iteration=state.awaited_in_iteration | 1 << number)

    def _await_one(self, operation: Await, state: PendingState) -> PendingState:
        """Await one member outside of a loop. With `as_completed`, this is a race."""
        awaited = bit_set(task_ids_of(operation.group)) & state.pending
        self._record_await(awaited, tuple(self.path))
        if not awaited or not operation.group.in_completion_order:
            return state
        self.raced.add(id(operation))
        self.escaping |= awaited
        self._record_completion(id(operation), 0)
        return state.without(awaited)

    def _record_await(self, task_ids: int, path: Path) -> None:
        for task_id in bits(task_ids):
            self.awaited.setdefault(task_id, {})[path] = None

    def _record_completion(self, operation_id: int, completed: int) -> None:
        self.completed[operation_id] = self.completed.get(operation_id, 0) | completed

    def _local_tasks(self, block: OperationBlock) -> int:
        """Return the tasks that only this block starts and awaits."""
        task_ids = self.local.get(id(block))
        if task_ids is None:
            mentions = Counter(task_references(block))
            task_ids = bit_set(task_id for task_id, count in mentions.items() if count == self.mentions[task_id])
            self.local[id(block)] = task_ids
        return task_ids

    # Blocks and exits

    def enter(self, block: OperationBlock, state: PendingState) -> None:
        """Record the tasks pending at the start of a block."""
        key = id(block)
        self.pending_before[key] = self.pending_before.get(key, 0) | state.pending
        self._add_entry(key, state.pending)
        self.pending_after.setdefault(key, [0] * len(block.operations))
        self.path.append((key, 0))
        self.open_blocks.append(_OpenBlock())

    def before(self, index: int, state: PendingState) -> None:
        """Record the path to an operation."""
        del state
        self.path[-1] = self.path[-1][0], index

    def after(self, index: int, state: PendingState) -> None:
        """Record the tasks pending after an operation."""
        self.pending_after[self.path[-1][0]][index] |= state.pending

    def leave(self) -> None:
        """Record the jumps out of the innermost block, and add those that also leave the block around it there.

        Each jump is recorded for a block when the block is left, because jumps may leave thousands of nested blocks.
        """
        block, depth, open_block = self.path.pop()[0], len(self.path), self.open_blocks.pop()
        for target_depth, pending in open_block.pending_at_jumps.items():
            self.pending_at_jumps[block] = self.pending_at_jumps.get(block, 0) | pending
            if target_depth < depth:
                self.open_blocks[-1].add_jump(target_depth, pending)
        if open_block.early_depth is not None:
            if block in self.loops.bodies:
                self.loops.interrupted.add(block)
            if open_block.early_depth < depth:
                self.open_blocks[-1].add_early_exit(open_block.early_depth)

    def exit(
        self, source: Jump | JumpTarget[PendingState], state: PendingState, target: JumpTarget[PendingState]
    ) -> None:
        """Record the tasks pending at a jump, or after the `finally` blocks without steps that the jump runs."""
        crosses = target.depth < len(self.path)
        # Several jumps share the states of a target, which are joined.
        on_all_paths = state.pending
        if isinstance(source, JumpTarget):
            on_all_paths &= self.pending_on_all_entries.get(source, state.pending)
        self._add_entry(target, on_all_paths)
        if target.finalbody is not None:
            self._add_entry(id(target.finalbody), on_all_paths)
        exited: Mapping[bool, AbstractSet[int]]
        if isinstance(source, Jump):
            is_skipped = self.skips_returns and source.kind is JumpKind.RETURN and not source.drawn
            if is_skipped:
                _, pending = self.skipped_returns.get(id(source), ((), 0))
                self.skipped_returns[id(source)] = tuple(self.path), pending | state.pending
            exited = {is_skipped or source.drawn or source.kind is JumpKind.RAISE: frozenset()}
        else:
            exited = self.delayed.get(source, {})
        if crosses and not self._ends_iteration(source, target):
            self.open_blocks[-1].add_early_exit(target.depth)
        for ends_run, blocks in exited.items():
            if target.finalbody is not None:
                if self.is_run and ends_run and may_run_steps(target.finalbody):
                    key = id(target.finalbody)
                    self.pending_at_last_finally[key] = self.pending_at_last_finally.get(key, 0) | state.pending
                delayed = self.delayed.setdefault(target, {}).setdefault(ends_run, set())
                if not may_run_steps(target.finalbody):
                    delayed |= blocks
                    delayed.update(block for block, _ in self.path[target.depth :])
                    continue
            elif target.is_outside and self.is_run and ends_run:
                # Nothing in the graph begins after an early return of `run`, so tasks pending there need not escape.
                continue
            self._record_jump(blocks, state)
            if crosses:
                self.open_blocks[-1].add_jump(target.depth, state.pending)

    def _add_entry(self, key: int | JumpTarget[PendingState], pending: int) -> None:
        self.pending_on_all_entries[key] = self.pending_on_all_entries.get(key, pending) & pending

    def pending_in_finally(self) -> int:
        """Return the tasks that may be pending in a `finally` with steps that ends `run`, but not on all paths to it.

        On other paths, they are completed before the `finally` begins, so its steps would seem to follow them.
        """
        tasks = 0
        for block, pending in self.pending_at_last_finally.items():
            tasks |= pending & ~self.pending_on_all_entries.get(block, 0)
        return tasks

    def _ends_iteration(self, source: Jump | JumpTarget[PendingState], target: JumpTarget[PendingState]) -> bool:
        """Return whether a jump ends no loop before exhaustion, because it only ends a pass."""
        if isinstance(source, Jump) and source.kind is JumpKind.FINISHED:
            return True
        continues = source.kind is JumpKind.CONTINUE if isinstance(source, Jump) else source in self.continues
        if continues:
            self.continues.add(target)
        return continues

    def _record_jump(self, blocks: Iterable[int], state: PendingState) -> None:
        for block in blocks:
            self.pending_at_jumps[block] = self.pending_at_jumps.get(block, 0) | state.pending


def _mentions(body: OperationBlock) -> Counter[TaskId]:
    started = set(tasks_started_in(body))
    return Counter(task_id for task_id in task_references(body) if task_id in started)


def _completed(awaited_tasks: Iterable[AwaitedTask], state: PendingState) -> int:
    """Return the pending tasks that an await completes: all their runs are awaited, or only one run is pending."""
    completed = 0
    for awaited in awaited_tasks:
        if awaited.on_every_path and (awaited.all_runs or not state.several >> awaited.task_id & 1):
            completed |= 1 << awaited.task_id
    return completed & state.pending


class PendingStarts(Struct):
    """The tasks that may be pending when the nodes of a function body start, so that they resolve at later clocks.

    An await can be on a path that leaves a loop or ends the run, while the other path starts steps with the task
    pending:

        task = asyncio.create_task(load())
        while True:
            if done():
                await task      # clock 2
                break
            await poll()        # starts at clock 2, the highest of the branches, so `load` resolves at 3
    """

    by_clock: dict[int, int] = field(default_factory=dict)
    """The pending tasks at the starts of each clock value, as bit sets of task ids."""

    def add(self, pending: int, clock: int) -> None:
        """Add the tasks that may be pending at a start."""
        if pending:
            self.by_clock[clock] = self.by_clock.get(clock, 0) | pending

    def delay_resolves(self, nodes: Mapping[TaskId, Clocked | None]) -> None:
        """Move the completion of each task that resolves behind the last start at which it may be pending."""
        examined = 0
        for clock in sorted(self.by_clock, reverse=True):
            last_pending = self.by_clock[clock] & ~examined
            examined |= last_pending
            for task_id in bits(last_pending):
                node = nodes.get(task_id)
                if node is not None and "resolves" in node:
                    node["resolves"] = max(node["resolves"], clock + 1)
