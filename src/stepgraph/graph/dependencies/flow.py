"""The run state of dependencies along the paths of a body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TypeGuard

from msgspec import Struct

from stepgraph.graph.dependencies import background, foreground
from stepgraph.graph.dependencies.drawing import Operations
from stepgraph.graph.dependencies.history import History, joined
from stepgraph.graph.dependencies.reading import Reading
from stepgraph.ir.dataflow import solve
from stepgraph.ir.domain import Domain, Leaf, Observer
from stepgraph.ir.jump_targets import JumpTarget
from stepgraph.ir.nodes import (
    Await,
    AwaitedTask,
    Block,
    Jump,
    Loop,
    Operation,
    Ordered,
    Pause,
    Run,
    Start,
    StepRun,
    Try,
    task_ids_of,
    with_blocks,
)
from stepgraph.limits import Limit


def read_block(reading: Reading, block: Block) -> Block:
    """Return a block with the dependencies of its steps made explicit; what is known at its exits are its `ends`."""
    states = _RunStates(reading)
    exits = solve(block, reading.history, states, states, reading.survey.budget)
    reading.ends = [end for end in (exits.end, exits.returns) if end is not None]
    drawn = states.drawn(block)
    if exits.end is not None:
        reading.history = exits.end
    return drawn


class _Line(Struct):
    """Operations of a block without control flow, one after another, which are read together."""

    first: int
    last: int
    entry: History | None = None
    """What is known where it begins, on all visits."""
    read_from: History | None = None
    """What is known where it began at the last visit."""
    operations: Sequence[Operation] = ()
    """The operations with their dependencies, as of the last visit."""


class _RunStates(Domain[History], Observer[History]):
    """What has run at each point, and the operations with the dependencies that have not.

    States are copied before they change.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.lines: dict[int, dict[int, _Line]] = {}
        """The lines of each block, by its `id` and the index of their first operation."""
        self.reached: dict[int, int] = {}
        """How many operations of a block are reached."""
        self.open: list[tuple[Block, int]] = []
        """The open blocks, innermost last, with the index of their present operation."""

    # States

    def transfer(self, operation: Leaf, state: History) -> History:
        """Read a line at its first operation, as far as the next one with control flow."""
        del operation
        block, index = self.open[-1]
        line = self.lines[id(block)].get(index)
        if line is None:
            return state
        line.entry = state if line.entry is None or line.entry is state else self.join(line.entry, state)
        return self.read(block, line, state)

    def read(self, block: Block, line: _Line, state: History) -> History:
        reading = self.reading
        reading.survey.budget.spend(Limit.PAIRS, len(state.past) + 1)
        reading.history = state.copy()
        line.read_from = state
        line.operations = _read_line(reading, block.operations, line.first, line.last)
        return reading.history

    def join(self, one: History, other: History) -> History:
        return joined((one, other)) or one

    def may_raise(self, operation: Leaf | Try, before: History, after: History | None) -> None:
        del operation, before, after

    def begin_pass(self, loop: Loop, head: History) -> History:
        needed = [step for step in loop.declares if step in self.reading.survey.needed]
        if not needed:
            return head
        begin = head.copy()
        begin.declared(needed)
        return begin

    def leave_try(self, try_: Try, before: History, end: History | None, raised: History | None) -> History | None:
        """After an exception, a step of the body may have run; none is known to have run."""
        del raised
        caught = before.copy()
        caught.exceptional = True
        for step in self.reading.survey.touched_in(try_.body):
            if step in self.reading.survey.needed:
                caught.begun(step, surely=False)
        self.reading.lapse(self.reading.joined_in(try_.body), caught)
        if end is not None:
            caught.may_wait(end.waiting)
        return caught

    # Blocks

    def enter(self, block: Block, state: History) -> None:
        del state
        self.open.append((block, 0))
        if id(block) not in self.lines:
            self.lines[id(block)] = {line.first: line for line in _lines(block.operations)}

    def before(self, index: int, state: History) -> None:
        del state
        block = self.open[-1][0]
        self.open[-1] = block, index
        self.reached[id(block)] = max(self.reached.get(id(block), 0), index + 1)

    def after(self, index: int, state: History) -> None:
        """Nothing is observed after an operation."""

    def leave(self) -> None:
        self.open.pop()

    def exit(self, source: Jump | JumpTarget[History], state: History, target: JumpTarget[History]) -> None:
        """Nothing is observed at exits."""

    def drawn(self, block: Block) -> Block:
        """Return a block with its dependencies, without what is not reached; one that is not entered stays as it is."""
        lines = self.lines.get(id(block))
        if lines is None:
            return block
        found: Operations = []
        for index in range(self.reached.get(id(block), 0)):
            operation = block.operations[index]
            line = lines.get(index)
            if line is not None:
                found += self.drawn_line(block, line)
            elif not isinstance(operation, _LEAVES):
                found.append(with_blocks(operation, self.drawn))
        return Block(tuple(found))

    def drawn_line(self, block: Block, line: _Line) -> Sequence[Operation]:
        """Return the operations of a line for all its visits: those of a `finally` differ."""
        if line.entry is not None and line.entry is not line.read_from and line.entry != line.read_from:
            self.read(block, line, line.entry)
        return line.operations


_LEAVES = (Run, Start, Await, Pause, Ordered)


def _lines(operations: Sequence[Operation]) -> Iterator[_Line]:
    first: int | None = None
    for index, operation in enumerate(operations):
        if isinstance(operation, _LEAVES):
            first = index if first is None else first
        elif first is not None:
            yield _Line(first, index - 1)
            first = None
    if first is not None:
        yield _Line(first, len(operations) - 1)


def _read_line(reading: Reading, operations: Sequence[Operation], position: int, last: int) -> Operations:
    """Return a line with the dependencies of its steps made explicit; what is known goes on to its end."""
    found: Operations = []
    tried = plain = 0
    while position <= last:
        starts = _starts_at(reading, operations, position) if position >= plain else []
        if not _needs_others(starts):
            plain, starts = position + len(starts), []
        follows = operations[position + len(starts)] if position + len(starts) < len(operations) else None
        if starts and _closes(follows, starts):
            found += foreground.gather(reading, starts, follows)
            position += len(starts) + 1
            continue
        if starts and position >= tried:
            row = _row_of_starts(operations, position)
            tried = position + len(row)
            drawn = background.start_awaited_next(reading, row) if _awaits_one(operations[tried:][:1], row) else None
            if drawn is not None:
                found += drawn
                position = tried
                continue
        found += background.start_together(reading, starts) if starts else _operation(reading, operations[position])
        position += len(starts) or 1
    return found


def _row_of_starts(operations: Sequence[Operation], position: int) -> list[Start]:
    """Return the steps that are started there, one after another."""
    row = takewhile(_starts_step, map(operations.__getitem__, range(position, len(operations))))
    return [operation for operation in row if isinstance(operation, Start)]


def _starts_step(operation: Operation) -> bool:
    return isinstance(operation, Start) and isinstance(operation.activity, StepRun)


def _awaits_one(follows: Sequence[Operation], starts: Sequence[Start]) -> bool:
    """Whether what follows waits for one of some work at least, itself or as a loop over it."""
    match follows:
        case [Loop(at_least_once=True, body=Block(operations=(Await(each=True, group=group),)))]:
            members = group.members
        case [Await(each=False, group=group)] if _is_of_all(follows[0]):
            members = group.members
        case _:
            return False
    task_ids = {start.task_id for start in starts}
    return bool(members) and all(isinstance(member, AwaitedTask) and member.task_id in task_ids for member in members)


def _starts_at(reading: Reading, operations: Sequence[Operation], position: int) -> list[Start]:
    """Return the steps that are started there and awaited together."""
    starts: list[Start] = []
    together: Await | None = None
    for operation in map(operations.__getitem__, range(position, len(operations))):
        if not isinstance(operation, Start) or not isinstance(operation.activity, StepRun):
            break
        join = _only_join(reading, operation)
        if starts and (join is None or join is not together):
            break
        if not starts and join is not None and _is_of_all(join):
            together = join
        starts.append(operation)
    return starts


def _needs_others(starts: Sequence[Start]) -> bool:
    return any(isinstance(start.activity, StepRun) and start.activity.dependencies for start in starts)


def _only_join(reading: Reading, operation: Start) -> Await | None:
    joins = reading.usage.joins.get(operation.task_id, ())
    return joins[0] if len(joins) == 1 else None


def _is_of_all(join: Await) -> bool:
    """Whether an await is over when each of its members is, and none is a group of another kind."""
    group = join.group
    plain = all(isinstance(member, AwaitedTask) and member.on_every_path for member in group.members)
    return plain and group.until_done and not join.each and group.kind in ("all", "all_settled")


def _closes(operation: Operation | None, starts: Sequence[Start]) -> TypeGuard[Await]:
    """Whether an await is one of just what was started before it."""
    if not isinstance(operation, Await) or not _is_of_all(operation):
        return False
    return task_ids_of(operation.group) == {start.task_id for start in starts}


def _operation(reading: Reading, operation: Operation) -> Operations:
    match operation:
        case Run():
            return foreground.run(reading, operation)
        case Start():
            return background.start(reading, operation)
        case Await():
            return foreground.join(reading, operation)
        case Pause():
            background.begin_waiting(reading)
            return []
        case _:
            return [operation]
