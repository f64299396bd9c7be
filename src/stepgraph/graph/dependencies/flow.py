"""Dataflow analysis of the run states along the paths of a body, and its fixpoint over all bodies of a program.

Run states flow through calls until no fact changes. Each round analyzes every function once, for the joined state of
all its calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import TypeGuard

from msgspec import Struct

from stepgraph.graph.dependencies import background, foreground
from stepgraph.graph.dependencies.background import begin_queued_tasks
from stepgraph.graph.dependencies.body_analysis import BodyAnalysis, FirstAwaitSteps, ProgramFacts
from stepgraph.graph.dependencies.history import NO_PATH, RunHistory, join_states
from stepgraph.graph.dependencies.scheduled_operations import OperationList
from stepgraph.graph.dependencies.usage import BodyUsage, ProgramUsage
from stepgraph.ir.await_groups import AwaitedTask, task_ids_of
from stepgraph.ir.dataflow import LEAVES, Domain, Leaf, Observer, solve
from stepgraph.ir.nodes import (
    Await,
    Call,
    Function,
    LoopOperation,
    Operation,
    OperationBlock,
    Pause,
    Run,
    Scope,
    StartOperation,
    StepRun,
    Suspension,
    TryOperation,
)
from stepgraph.ir.walk import ExpandedProgram, Program, map_blocks
from stepgraph.limits import Limit


def expand_to_fixpoint(program: Program, program_usage: ProgramUsage) -> ExpandedProgram:
    """Return a program in which each step runs its dependencies explicitly."""
    facts, expanded = _solve(program, program_usage, {})
    if any(usage.background_callees for usage in (program_usage.run, *program_usage.of.values())):
        # The steps begun by the first await of each function make the second fixpoint more precise.
        facts, expanded = _solve(program, program_usage, facts.first_await_steps)
    return expanded


def _solve(
    program: Program, program_usage: ProgramUsage, openings: Mapping[int, FirstAwaitSteps]
) -> tuple[ProgramFacts, ExpandedProgram]:
    """Analyze all bodies until no fact changes, and return the facts and the expanded program."""
    run = Function(("run",), program.place, body=program.body)
    facts = ProgramFacts(program_usage, openings)
    usages = {id(run): program_usage.run, **program_usage.of}
    # Rounds alternate between callers first and callees first. The first two yield most facts.
    order = [run, *program_usage.functions]
    bodies: dict[int, OperationBlock] = {}
    while True:
        facts.changed = False
        for function in order:
            bodies[id(function)] = _analyze(facts, function, usages[id(function)], is_run=function is run)
        if not facts.changed:
            break
        order.reverse()
    body = bodies.pop(id(run))
    return facts, ExpandedProgram(body, bodies, tuple(facts.notes.values()))


def _with_queued_tasks(analysis: BodyAnalysis, state: RunHistory) -> RunHistory:
    """Return the state at a normal exit. Queued tasks begin at the caller's next await and count as possibly begun."""
    program_usage = analysis.program_usage
    shared_steps = [step for step, count in program_usage.places.items() if count > 1 and not analysis.is_run_method]
    analysis.state = state.copy()
    begin_queued_tasks(analysis, concurrent_steps=shared_steps)
    for task_id in sorted(analysis.state.may_be_running):
        activity = analysis.usage.activities.get(task_id)
        if isinstance(activity, Call):
            analysis.facts.add_concurrent_steps(activity.function, shared_steps)
    analysis.state = state.copy()
    for start in state.queued_tasks.values():
        if isinstance(start.activity, StepRun):
            analysis.begun(program_usage.closure(start.activity), on_every_path=False)
        elif isinstance(start.activity, Call):
            analysis.begun(program_usage.steps_used_by(start.activity.function), on_every_path=False)
    return analysis.state


def _analyze(facts: ProgramFacts, function: Function, usage: BodyUsage, *, is_run: bool) -> OperationBlock:
    """Return the expanded body of a function, and record its effects."""
    analysis = BodyAnalysis(facts, function, usage, _read_block, is_run)
    analysis.state.mark_declared(step for step in function.redeclared_steps if step in facts.program_usage.needed)
    analysis.state.mark_possibly_declared(facts.program_usage.named_by_parameters(function.redeclared_steps))
    body = _read_block(analysis, function.body)
    end = join_states([_with_queued_tasks(analysis, state) for state in analysis.exit_states])
    initial = dict.fromkeys(facts.program_usage.steps_used_by(function) if not is_run else (), NO_PATH)
    effects = facts.effects.setdefault(id(function), initial)
    facts.set_first_await_steps(
        function, (end.begun_by_first_await if end is not None else None) or (), analysis.first_await_steps_of
    )
    if end is not None:
        for step in effects:
            facts.join_run_state(effects, step, end.at(step))
    return body


def _read_block(analysis: BodyAnalysis, block: OperationBlock) -> OperationBlock:
    """Return a block with its dependencies expanded, and set `exit_states` to the states at its normal exits."""
    domain = _RunStateDomain(analysis)
    exits = solve(block, analysis.state, domain, domain, analysis.program_usage.budget)
    analysis.exit_states = [end for end in (exits.end, exits.returns) if end is not None]
    expanded = domain.expanded(block)
    if exits.end is not None:
        analysis.state = exits.end
    return expanded


class _StraightLine(Struct):
    """A maximal sequence of operations without control flow, which are expanded together."""

    first: int
    last: int
    entry: RunHistory | None = None
    """The state at the start of the sequence, joined over all visits."""
    last_entry: RunHistory | None = None
    """The state at the start of the sequence, at the last visit."""
    operations: Sequence[Operation] = ()
    """The operations as expanded at the last visit."""


class _RunStateDomain(Domain[RunHistory], Observer[RunHistory]):
    """The run states at each operation, and the expanded operations. States are copied before they change."""

    def __init__(self, analysis: BodyAnalysis) -> None:
        self.analysis = analysis
        self.lines: dict[int, dict[int, _StraightLine]] = {}
        """The lines of each block, by `id` of the block and index of their first operation."""
        self.reached: dict[int, int] = {}
        """The number of reachable operations of each block, by `id`."""
        self.open: list[tuple[OperationBlock, int]] = []
        """The open blocks, innermost last, with the index of their current operation."""

    # States

    def transfer(self, operation: Leaf, state: RunHistory) -> RunHistory:
        """Expand a straight line at its first operation, and return the state after all operations of the line."""
        del operation
        block, index = self.open[-1]
        line = self.lines[id(block)].get(index)
        if line is None:
            return state
        line.entry = state if line.entry is None or line.entry is state else self.join(line.entry, state)
        return self.expand_line(block, line, state)

    def expand_line(self, block: OperationBlock, line: _StraightLine, state: RunHistory) -> RunHistory:
        analysis = self.analysis
        analysis.program_usage.budget.spend(Limit.PAIRS, len(state.run_states) + 1)
        analysis.state = state.copy()
        line.last_entry = state
        line.operations = _expand_line(analysis, block.operations, line.first, line.last)
        return analysis.state

    def join(self, first: RunHistory, second: RunHistory) -> RunHistory:
        return join_states((first, second)) or first

    def may_raise(self, operation: Leaf | TryOperation, before: RunHistory, after: RunHistory | None) -> None:
        del operation, before, after

    def enter_iteration(self, loop: LoopOperation, head: RunHistory) -> RunHistory:
        usage = self.analysis.program_usage
        needed = [step for step in loop.redeclared_steps if step in usage.needed]
        named = [*usage.named_by_parameters(loop.redeclared_steps)]
        if not needed and not named:
            return head
        state = head.copy()
        state.mark_declared(needed)
        state.mark_possibly_declared(named)
        return state

    def enter_scope(self, scope: Scope, state: RunHistory) -> RunHistory:
        """Treat the entry of a manager such as a lock as an await that may suspend."""
        if not scope.may_suspend:
            return state
        self.analysis.state = state.copy()
        background.pass_pause(self.analysis, Suspension.MAYBE)
        return self.analysis.state

    def leave_try(
        self, try_: TryOperation, before: RunHistory, end: RunHistory | None, raised: RunHistory | None
    ) -> tuple[RunHistory | None, RunHistory]:
        """Treat every step of the body as possibly run, but none as certainly run, after an exception in the body."""
        del raised
        caught = before.copy()
        caught.fewest_exceptions += 1
        for step in self.analysis.program_usage.steps_used_in(try_.body):
            if step in self.analysis.program_usage.needed:
                caught.mark_begun(step, on_every_path=False)
        self.analysis.record_possible_failure(self.analysis.awaited_steps_in(try_.body), caught)
        if end is not None:
            caught.add_possibly_queued(end.queued_tasks)
        return end, caught

    # Blocks

    def enter(self, block: OperationBlock, state: RunHistory) -> None:
        del state
        self.open.append((block, 0))
        if id(block) not in self.lines:
            self.lines[id(block)] = {line.first: line for line in _straight_lines(block.operations)}

    def before(self, index: int, state: RunHistory) -> None:
        del state
        block = self.open[-1][0]
        self.open[-1] = block, index
        self.reached[id(block)] = max(self.reached.get(id(block), 0), index + 1)

    def leave(self) -> None:
        self.open.pop()

    def expanded(self, block: OperationBlock) -> OperationBlock:
        """Return a block with its dependencies expanded and without its unreachable operations.

        A block that is never entered is returned unchanged.
        """
        lines = self.lines.get(id(block))
        if lines is None:
            return block
        operations: OperationList = []
        for index in range(self.reached.get(id(block), 0)):
            operation = block.operations[index]
            line = lines.get(index)
            if line is not None:
                operations += self.expanded_line(block, line)
            elif not isinstance(operation, LEAVES):
                operations.append(map_blocks(operation, self.expanded))
        return OperationBlock(tuple(operations))

    def expanded_line(self, block: OperationBlock, line: _StraightLine) -> Sequence[Operation]:
        """Return the expanded operations of a straight line for the joined state of its visits.

        The paths through a `finally` block visit a straight line in different states.
        """
        if line.entry is not None and line.entry is not line.last_entry and line.entry != line.last_entry:
            self.expand_line(block, line, line.entry)
        return line.operations


def _straight_lines(operations: Sequence[Operation]) -> Iterator[_StraightLine]:
    first: int | None = None
    for index, operation in enumerate(operations):
        if isinstance(operation, LEAVES):
            first = index if first is None else first
        elif first is not None:
            yield _StraightLine(first, index - 1)
            first = None
    if first is not None:
        yield _StraightLine(first, len(operations) - 1)


def _expand_line(analysis: BodyAnalysis, operations: Sequence[Operation], position: int, last: int) -> OperationList:
    """Return a straight line with the dependencies of its steps expanded, and advance the state to its end."""
    expanded: OperationList = []
    # Starts before these positions are not examined again.
    tried_until = plain_until = 0
    while position <= last:
        starts = _starts_awaited_together(analysis, operations, position) if position >= plain_until else []
        if not _have_dependencies(starts):
            plain_until, starts = position + len(starts), []
        next_operation = operations[position + len(starts)] if position + len(starts) < len(operations) else None
        if starts and _is_await_of_exactly(next_operation, starts):
            expanded += foreground.expand_gather(analysis, starts, next_operation)
            position += len(starts) + 1
            continue
        if starts and position >= tried_until:
            row = _consecutive_starts(operations, position)
            tried_until = position + len(row)
            following = operations[tried_until:][:1]
            expanded_row = (
                background.expand_starts_before_await(analysis, row, discards_errors=_discards_errors(following))
                if _is_await_of_any(following, row)
                else None
            )
            if expanded_row is not None:
                expanded += expanded_row
                position = tried_until
                continue
            if tried_until <= last and isinstance(next_run := operations[tried_until], Run):
                expanded += foreground.expand_common_dependencies(analysis, row, next_run)
        expanded += (
            background.expand_starts(analysis, starts) if starts else _expand_operation(analysis, operations[position])
        )
        position += len(starts) or 1
    return expanded


def _consecutive_starts(operations: Sequence[Operation], position: int) -> list[StartOperation]:
    """Return the longest run of consecutive starts of steps that begins at a position."""
    row = takewhile(_is_step_start, map(operations.__getitem__, range(position, len(operations))))
    return [operation for operation in row if isinstance(operation, StartOperation)]


def _is_step_start(operation: Operation) -> bool:
    return isinstance(operation, StartOperation) and isinstance(operation.activity, StepRun)


def _discards_errors(next_operations: Sequence[Operation]) -> bool:
    return any(isinstance(operation, Await) and operation.group.kind != "all" for operation in next_operations)


def _is_await_of_any(next_operations: Sequence[Operation], starts: Sequence[StartOperation]) -> bool:
    """Return whether the next operation awaits only tasks in `starts`, directly or in a loop over them."""
    match next_operations:
        case [
            LoopOperation(
                at_least_once=True, body=OperationBlock(operations=(Await(one_per_iteration=True, group=group),))
            )
        ]:
            members = group.members
        case [Await(one_per_iteration=False, group=group)] if _is_await_of_all(next_operations[0]):
            members = group.members
        case _:
            return False
    task_ids = {start.task_id for start in starts}
    return bool(members) and all(isinstance(member, AwaitedTask) and member.task_id in task_ids for member in members)


def _starts_awaited_together(
    analysis: BodyAnalysis, operations: Sequence[Operation], position: int
) -> list[StartOperation]:
    """Return the consecutive starts of steps, from a position on, that share their only await.

    Without a shared await, return only the first start.
    """
    starts: list[StartOperation] = []
    shared_await: Await | None = None
    for operation in map(operations.__getitem__, range(position, len(operations))):
        if not isinstance(operation, StartOperation) or not isinstance(operation.activity, StepRun):
            break
        await_ = _only_await(analysis, operation)
        if starts and (await_ is None or await_ is not shared_await):
            break
        if not starts and await_ is not None and _is_await_of_all(await_):
            shared_await = await_
        starts.append(operation)
    return starts


def _have_dependencies(starts: Sequence[StartOperation]) -> bool:
    return any(isinstance(start.activity, StepRun) and start.activity.dependencies for start in starts)


def _only_await(analysis: BodyAnalysis, operation: StartOperation) -> Await | None:
    awaits = analysis.usage.awaits_by_task.get(operation.task_id, ())
    return awaits[0] if len(awaits) == 1 else None


def _is_await_of_all(await_: Await) -> bool:
    """Return whether an await waits for all of its members together and each one is a task awaited on every path."""
    group = await_.group
    plain = all(isinstance(member, AwaitedTask) and member.on_every_path for member in group.members)
    return plain and group.until_done and not await_.one_per_iteration and group.kind in ("all", "all_settled")


def _is_await_of_exactly(operation: Operation | None, starts: Sequence[StartOperation]) -> TypeGuard[Await]:
    """Return whether an operation awaits exactly the started tasks."""
    if not isinstance(operation, Await) or not _is_await_of_all(operation):
        return False
    return task_ids_of(operation.group) == {start.task_id for start in starts}


def _expand_operation(analysis: BodyAnalysis, operation: Operation) -> OperationList:
    match operation:
        case Run():
            return foreground.expand_run(analysis, operation)
        case StartOperation():
            return background.expand_start(analysis, operation)
        case Await():
            return foreground.expand_await(analysis, operation)
        case Pause(suspension=suspension):
            background.pass_pause(analysis, suspension)
            return []
        case _:
            return [operation]
