"""Liveness of tasks: from their start until the await after which they are over.

A task that may be pending on some exit of the block that holds its start and its awaits escapes: no clock says when it
is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import takewhile
from operator import or_
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.graph.bit_sets import bit_set, bits
from stepgraph.ir.dataflow import solve
from stepgraph.ir.domain import Domain, Leaf, Observer
from stepgraph.ir.jump_targets import JumpTarget
from stepgraph.ir.nodes import (
    Await,
    AwaitedTask,
    AwaitGroup,
    Block,
    Jump,
    JumpKind,
    Loop,
    Run,
    Start,
    TaskId,
    Try,
    is_race,
    mentioned_in,
    over_with,
    started_in,
    task_ids_of,
    works,
)

Path: TypeAlias = tuple[tuple[int, int], ...]
"""The blocks around an operation by `id`, outermost first, each with the index of the operation in it."""


class LiveRange(Struct, frozen=True):
    """Operations of a block during which tasks that began in them are pending."""

    first: int
    """The index of the operation that starts the first."""
    last: int
    """The index of the operation after which none is pending."""


class Liveness(Struct, frozen=True):
    """The live ranges of the tasks of a body, and what its awaits do. Blocks and awaits are known by `id`."""

    ranges: dict[int, list[LiveRange]]
    """The live ranges of each block."""
    over: dict[int, frozenset[TaskId]]
    """The tasks that are over with an await, or with a loop that awaits them one by one; none for many an await."""
    escaping: frozenset[TaskId]
    """The tasks that may go on after their live range."""
    raced: frozenset[int]
    """The awaits that are over with the first of their members."""
    homes: dict[TaskId, tuple[int, ...]]
    """The blocks in which each task is started, innermost last."""
    loops: frozenset[int]
    """The bodies of loops."""


def liveness(body: Block, *, is_run: bool = False) -> Liveness:
    """Return the liveness of the tasks of a function's body. After that `is_run` returns, nothing more begins."""
    found = _PendingTasks(body, is_run=is_run)
    solve(body, _State(), found, found)
    escaping = found.escaping
    begun: dict[int, dict[int, int]] = {}
    for task_id in found.started:
        block, first = _home(found, task_id)
        if (found.pending_after[block][-1] | found.left.get(block, 0)) >> task_id & 1:
            escaping |= 1 << task_id
        starts = begun.setdefault(block, {})
        starts[first] = starts.get(first, 0) | 1 << task_id
    return Liveness(
        {block: _live_ranges(starts, found.pending_after[block]) for block, starts in begun.items()},
        {waiting: frozenset(bits(over)) for waiting, over in found.over.items()},
        frozenset(bits(escaping)),
        frozenset(found.raced),
        {task_id: tuple(block for block, _ in path) for task_id, path in found.started.items()},
        frozenset(found.bodies),
    )


def must_be_over(body: Block, foreign: frozenset[TaskId]) -> tuple[AwaitedTask, ...]:
    """Return the caller's tasks that every normal exit of a function has awaited: all their runs, or the last one."""
    pending = bit_set(foreign)
    last = pending & ~_pending_at_exits(body, _State(pending))
    every = last & ~_pending_at_exits(body, _State(pending, several=pending))
    return tuple(AwaitedTask(task_id, every=bool(every >> task_id & 1)) for task_id in bits(last))


def _pending_at_exits(body: Block, state: _State) -> int:
    """Return the tasks that may be pending at the normal exits of a function: all, if it has none."""
    found = _PendingTasks(body, is_run=False)
    exits = solve(body, state, found, found)
    ends = [end.pending for end in (exits.end, exits.returns) if end is not None]
    return reduce(or_, ends) if ends else state.pending


def _home(found: _PendingTasks, task_id: TaskId) -> tuple[int, int]:
    """Return the innermost block that holds the start and all awaits of a task, and where the task begins there."""
    start = found.started[task_id]
    depth = len(start)
    for path in found.awaited.get(task_id, ()):
        shared = (one[0] == other[0] for one, other in zip(start, path, strict=False))
        depth = min(depth, sum(1 for _ in takewhile(bool, shared)))
    block, first = start[depth - 1]
    return block, 0 if found.pending_before[block] >> task_id & 1 else first


def _live_ranges(begun: Mapping[int, int], after: Sequence[int]) -> list[LiveRange]:
    """Return the live ranges of a block in order, those that overlap as one.

    `begun` are the tasks that begin at an operation, `after` those pending after each.
    """
    found: list[LiveRange] = []
    first, open_now = 0, 0
    for at, pending in enumerate(after):
        if not open_now:
            first = at
        open_now |= begun.get(at, 0)
        if open_now and (at == len(after) - 1 or not open_now & pending):
            found.append(LiveRange(first, at))
            open_now = 0
        else:
            open_now &= pending
    return found


class _State(Struct, frozen=True):
    """The tasks that may be pending at a point, as bit sets of their handles."""

    pending: int = 0
    """Those of which any run may be pending."""
    several: int = 0
    """Those of which another run than the last may be pending, too."""
    passed: int = 0
    """The awaits of one member at a time that each path of the present pass of their loop has met, by number."""

    def without(self, task_ids: int) -> _State:
        """Return the state when some tasks are over."""
        return replace(self, pending=self.pending & ~task_ids, several=self.several & ~task_ids)


class _PendingTasks(Domain[_State], Observer[_State]):
    """The tasks that may be pending at each point. What it observes only grows, so that visits may be repeated."""

    def __init__(self, body: Block, *, is_run: bool) -> None:
        self.is_run = is_run
        own = {task_id for operation in body.operations for task_id in started_in(operation)}
        self.mentions = Counter(task_id for task_id in mentioned_in(body) if task_id in own)
        """How often each task is started or awaited."""
        self.local: dict[int, int] = {}
        """The tasks that are mentioned in a block only."""
        self.path: list[tuple[int, int]] = []
        """The path to the present operation."""
        self.started: dict[TaskId, Path] = {}
        """The start of each task."""
        self.awaited: dict[TaskId, dict[Path, None]] = {}
        """The awaits of each task."""
        self.pending_before: dict[int, int] = {}
        """The tasks pending where a block begins."""
        self.pending_after: dict[int, list[int]] = {}
        """The tasks pending after each operation of a block."""
        self.left: dict[int, int] = {}
        """The tasks pending where exits leave a block."""
        self.delayed: dict[int, dict[bool, set[int]]] = {}
        """The blocks that exits leave by a `finally` of which they are part, by its target: whether they end `run`."""
        self.over: dict[int, int] = {}
        """The tasks that an await completes."""
        self.raced: set[int] = set()
        """The awaits that are over with the first of their members."""
        self.numbers: dict[int, int] = {}
        """The numbers of awaits of one member at a time."""
        self.joins: dict[int, dict[int, tuple[Await, Path]]] = {}
        """These awaits, by the body of their loop, with the path to that."""
        self.bodies: set[int] = set()
        """The bodies of loops."""
        self.left_early: set[int] = set()
        """The bodies of loops that are left before their elements are exhausted."""
        self.escaping = 0
        """The tasks that go on after an await of them."""

    # States

    def transfer(self, operation: Leaf, state: _State) -> _State:
        match operation:
            case Start(task_id=task_id):
                self.started.setdefault(task_id, tuple(self.path))
                again = state.pending & 1 << task_id
                return replace(state, pending=state.pending | 1 << task_id, several=state.several | again)
            case Run(completes=completes) if completes:
                return self._completed(operation, state)
            case Await(each=True):
                return self._join_each(operation, state)
            case Await():
                return self._join(operation, state)
            case _:
                return state

    def join(self, one: _State, other: _State) -> _State:
        return _State(one.pending | other.pending, one.several | other.several, one.passed & other.passed)

    def may_raise(self, operation: Leaf | Try, before: _State, after: _State | None) -> _State | None:
        """Of several tasks that are awaited one may fail, and the others go on."""
        match operation:
            case Try(guards_await=guards_await):
                return None if guards_await else before
            case Await(group=group) if after is not None and len(group.members) > 1 and group.kind != "all_settled":
                return self.join(before, after)
            case _:
                return after

    def begin_pass(self, loop: Loop, head: _State) -> _State:
        self.bodies.add(id(loop.body))
        return head

    def after_passes(self, loop: Loop, head: _State, end: _State | None) -> _State | None:
        """A loop that awaits one member at each pass, on each path, has awaited all of them when it is exhausted."""
        finished = end if loop.at_least_once else head
        for join, path in self.joins.get(id(loop.body), {}).values():
            waits = bit_set(task_ids_of(join.group)) & head.pending
            if waits:
                self._note(waits, path)
                everywhere = end is None or bool(end.passed >> self.numbers[id(join)] & 1)
                over = _over(over_with(join.group), head) if everywhere else 0
                self._complete(id(loop), over)
                finished = None if finished is None else finished.without(over)
        return finished

    def after_loop(self, loop: Loop, head: _State, after: _State | None) -> _State | None:
        """A loop that takes tasks as they are over, and is left before all are, is a race."""
        if after is None or id(loop.body) not in self.left_early:
            return after
        taken = [join for join, _ in self.joins.get(id(loop.body), {}).values() if join.group.in_turn]
        self.raced.update(map(id, taken))
        rest = bit_set(task_id for join in taken for task_id in task_ids_of(join.group)) & head.pending
        self.escaping |= rest
        return after.without(rest)

    def leave_try(self, try_: Try, before: _State, end: _State | None, raised: _State | None) -> _State | None:
        """Leave out tasks that only the body awaits: a failing member ends its group, and the others go on."""
        del before, end
        return None if raised is None else raised.without(self._only_in(try_.body))

    # Awaits

    def _join(self, join: Await, state: _State) -> _State:
        waits = bit_set(task_ids_of(join.group)) & state.pending
        if not waits:
            return state
        self._note(waits, tuple(self.path))
        over = _over(over_with(join.group), state)
        raced = _races(join.group) & state.pending
        if raced and is_race(join.group):
            self.raced.add(id(join))
        if join.group.until_done or raced:
            self._complete(id(join), over)
        self.escaping |= raced
        return state.without(over | raced)

    def _completed(self, call: Run, state: _State) -> _State:
        """A call that fails may have left some of it pending, but all was before."""
        self._note(bit_set(awaited.task_id for awaited in call.completes) & state.pending, tuple(self.path))
        over = _over(call.completes, state)
        self._complete(id(call), over)
        return state.without(over)

    def _join_each(self, join: Await, state: _State) -> _State:
        depth = next((depth for depth in reversed(range(len(self.path))) if self.path[depth][0] in self.bodies), None)
        if depth is None:
            return self._one_of(join, state)
        body = self.path[depth][0]
        self.joins.setdefault(body, {})[id(join)] = join, tuple(self.path[:depth])
        return replace(state, passed=state.passed | 1 << self.numbers.setdefault(id(join), len(self.numbers)))

    def _one_of(self, join: Await, state: _State) -> _State:
        """An await of one member, outside of a loop over them: of tasks taken as they are over, that is a race."""
        waits = bit_set(task_ids_of(join.group)) & state.pending
        self._note(waits, tuple(self.path))
        if not waits or not join.group.in_turn:
            return state
        self.raced.add(id(join))
        self.escaping |= waits
        self._complete(id(join), 0)
        return state.without(waits)

    def _note(self, task_ids: int, path: Path) -> None:
        for task_id in bits(task_ids):
            self.awaited.setdefault(task_id, {})[path] = None

    def _complete(self, waiting: int, over: int) -> None:
        self.over[waiting] = self.over.get(waiting, 0) | over

    def _only_in(self, block: Block) -> int:
        """Return the tasks that are started and awaited in a block and nowhere else."""
        found = self.local.get(id(block))
        if found is None:
            inside = Counter(mentioned_in(block))
            found = bit_set(task_id for task_id, count in inside.items() if count == self.mentions[task_id])
            self.local[id(block)] = found
        return found

    # Blocks and exits

    def enter(self, block: Block, state: _State) -> None:
        key = id(block)
        self.pending_before[key] = self.pending_before.get(key, 0) | state.pending
        self.pending_after.setdefault(key, [0] * len(block.operations))
        self.path.append((key, 0))

    def before(self, index: int, state: _State) -> None:
        del state
        self.path[-1] = self.path[-1][0], index

    def after(self, index: int, state: _State) -> None:
        self.pending_after[self.path[-1][0]][index] |= state.pending

    def leave(self) -> None:
        self.path.pop()

    def exit(self, source: Jump | JumpTarget[_State], state: _State, target: JumpTarget[_State]) -> None:
        """Blocks of a `try` are left after its `finally` if that only awaits."""
        crossed = {block for block, _ in self.path[target.depth :]}
        if isinstance(source, Jump):
            left = {source.drawn or source.kind is JumpKind.RAISE: crossed}
        else:
            left = {ends_run: blocks | crossed for ends_run, blocks in self.delayed.get(id(source), {}).items()}
        if not isinstance(source, Jump) or source.kind is not JumpKind.FINISHED:
            self.left_early |= crossed & self.bodies
        for ends_run, blocks in left.items():
            if target.finalbody is not None:
                delayed = self.delayed.setdefault(id(target), {}).setdefault(ends_run, set())
                if not works(target.finalbody):
                    delayed |= blocks
                    continue
            elif target.is_outside and self.is_run and ends_run:
                # After `run` returns early, nothing that it shows begins: tasks that go on are not missed there.
                continue
            self._leave(blocks, state)

    def _leave(self, blocks: Iterable[int], state: _State) -> None:
        for block in blocks:
            self.left[block] = self.left.get(block, 0) | state.pending


def _over(awaited: Iterable[AwaitedTask], state: _State) -> int:
    """Return the pending tasks that are over now: all runs, or the last one if there are no others."""
    found = 0
    for one in awaited:
        if one.on_every_path and (one.every or not state.several >> one.task_id & 1):
            found |= 1 << one.task_id
    return found & state.pending


def _races(group: AwaitGroup) -> int:
    """Return the tasks in races, those inside a group too."""
    if is_race(group):
        return bit_set(task_ids_of(group))
    found = 0
    for member in group.members:
        if isinstance(member, AwaitGroup):
            found |= _races(member)
    return found
