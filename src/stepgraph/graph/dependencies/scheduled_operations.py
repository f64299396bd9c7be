"""Operations for a schedule: a sequence if runs follow each other, otherwise a `PartialOrder`."""

from __future__ import annotations

import functools
import operator
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec.structs import replace

from stepgraph.bit_sets import bits, restrict
from stepgraph.graph.dependencies.body_analysis import BodyAnalysis
from stepgraph.graph.dependencies.schedule import Schedule, schedule
from stepgraph.graph.dependencies.scheduled_runs import DirectCall, HasRun, SchedulingContext
from stepgraph.graph.partial_order import components, series_parts
from stepgraph.ir.await_groups import AwaitedTask, AwaitGroup
from stepgraph.ir.nodes import (
    Await,
    Choice,
    ChoiceBranch,
    Dependency,
    Operation,
    OperationBlock,
    PartialOrder,
    Run,
    StepChoice,
    StepDefinition,
    StepRun,
)
from stepgraph.ir.walk import candidate_steps, inner_dependencies
from stepgraph.limits import Limit
from stepgraph.model.vocabulary import has_not_run
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.model.payload import ParallelKind

OperationList: TypeAlias = list[Operation]

# Limits on nested branches around steps that may not have run, because each level multiplies the branches.
MAX_BRANCH_DEPTH: Final = 4
"""The maximum nesting depth."""
MAX_BRANCH_STEPS: Final = 16
"""The maximum number of steps in a branch that contains nested branches."""


def operations_of(
    analysis: BodyAnalysis,
    planned: Schedule,
    context: SchedulingContext,
    place: SourcePlace,
    kind: ParallelKind = "all",
) -> OperationList:
    """Return the operations of a schedule.

    A background task is awaited before the runs that must wait for it. If other runs are concurrent with these and need
    not wait, the await follows all of them.
    """
    run_counts = Counter(definition for task in planned.tasks for definition in candidate_steps(task.run))
    operations: OperationList = []
    awaited: set[int] = set()
    deferred: set[int] = set()
    for part in series_parts(planned.predecessors):
        required = [set(planned.awaited_task_ids[index]) for index in part]
        ready = sorted((set.intersection(*required) | deferred) - awaited - analysis.facts.drawn_with_others)
        if ready:
            operations.append(Await(AwaitGroup("all", tuple(map(AwaitedTask, ready))), place))
        awaited.update(ready)
        deferred = set.union(*required)
        blocks = [_run_block(analysis, planned, index, context, run_counts) for index in part]
        operations += _part_operations(planned, part, blocks, kind, place)
    return operations


def steps_before_members(planned: Schedule) -> Iterator[StepDefinition]:
    """Yield the steps that other steps of a group wait for and that are not drawn with these as one member of it.

    In a member that is a sequence, the steps after a failed one are skipped.
    """
    parts = components(planned.predecessors)
    for part in parts:
        before = restrict(planned.predecessors, part)
        if len(parts) > 1 and len(series_parts(before)) > 1:
            continue
        for i in bits(functools.reduce(operator.or_, before)):
            yield from candidate_steps(planned.tasks[part[i]].run)


def _part_operations(
    planned: Schedule, part: Sequence[int], blocks: Sequence[OperationBlock], kind: ParallelKind, place: SourcePlace
) -> Sequence[Operation]:
    if len(part) == 1:
        return blocks[0].operations
    before = restrict(planned.predecessors, part)
    direct_calls = [index for index in part if planned.tasks[index].root is not None]
    return [PartialOrder(tuple(blocks), tuple(before), kind if len(direct_calls) > 1 else "all", place)]


def _run_block(
    analysis: BodyAnalysis,
    planned: Schedule,
    index: int,
    context: SchedulingContext,
    run_counts: Counter[StepDefinition],
) -> OperationBlock:
    """Return the block of one run: its step, in a branch if the step may have run already."""
    task = planned.tasks[index]
    run = task.run
    if isinstance(run, StepRun) and not task.conditional:
        call = run.definition.place if task.root is None or task.root.place is None else task.root.place
        return OperationBlock((Run(_run_with_body(analysis, planned, index, run, context), call),))
    definitions = set(candidate_steps(run))

    def has_run(step: StepDefinition) -> HasRun:
        result = context.has_run(step)
        has_other_runs = run_counts[step] - (step in definitions)
        return HasRun.SOMETIMES if result is HasRun.NEVER and has_other_runs else result

    branch_context = replace(context, has_run=has_run)
    if isinstance(run, StepChoice):
        return OperationBlock((_expand_choice(analysis, run, branch_context),))
    return _block_unless_run(analysis, run, branch_context)


def _run_with_body(
    analysis: BodyAnalysis, planned: Schedule, index: int, run: StepRun, context: SchedulingContext
) -> StepRun:
    """Return the run of a step without its dependencies and with its body expanded.

    The state of the body includes the runs of the schedule that end before the step, and those that may overlap it.
    """
    if not run.body.operations:
        return analysis.run_with_expanded_body(run)
    must_have_run: list[StepDefinition] = []
    may_have_run = [*context.may_begin_beside(run), *(step for key in planned.begun_runs for step in key)]
    for position, task in enumerate(planned.tasks):
        if position == index:
            continue
        definitions = candidate_steps(task.run)
        is_over = planned.predecessors[index] >> position & 1 and not task.conditional and len(definitions) == 1
        (must_have_run if is_over else may_have_run).extend(definitions)
        may_have_run += analysis.program_usage.steps_used_in_body(task.run) if isinstance(task.run, StepRun) else ()
    return analysis.run_with_expanded_body(run, must_have_run, may_have_run)


def _block_unless_run(analysis: BodyAnalysis, run: StepRun, context: SchedulingContext) -> OperationBlock:
    place = run.definition.place
    branch = ChoiceBranch(has_not_run(run.definition.name), _block_with_dependencies(analysis, run, context))
    return OperationBlock((Choice((branch,), place),))


def _block_with_dependencies(analysis: BodyAnalysis, run: StepRun, context: SchedulingContext) -> OperationBlock:
    needed = len(analysis.program_usage.closure(run))
    analysis.program_usage.budget.spend(Limit.DEPENDENCIES)
    if analysis.branch_depth >= MAX_BRANCH_DEPTH or needed > MAX_BRANCH_STEPS:
        return OperationBlock((_flat_run(analysis, run),))
    analysis.branch_depth += 1
    planned = schedule([DirectCall(run)], context)
    operations = operations_of(analysis, planned, context, run.definition.place)
    analysis.branch_depth -= 1
    return OperationBlock(tuple(operations))


def _flat_run(analysis: BodyAnalysis, run: StepRun) -> Operation:
    """Return a step and all its dependencies in one `PartialOrder`, with each dependency in a separate branch.

    With nested branches, the number of branches would multiply.
    """
    runs = _runs_in_postorder(run)
    analysis.program_usage.budget.spend(Limit.DEPENDENCIES, len(runs))
    index = {step_run.definition: position for position, step_run in enumerate(runs)}
    before: list[int] = []
    members: list[OperationBlock] = []
    for position, step_run in enumerate(runs):
        needed = (index[step] for step in analysis.program_usage.closure(step_run))
        before.append(sum(1 << earlier for earlier in needed if earlier != position))
        place = step_run.definition.place
        block = OperationBlock((Run(analysis.run_with_expanded_body(step_run), place),))
        if step_run is not run:
            block = OperationBlock((Choice((ChoiceBranch(has_not_run(step_run.definition.name), block),), place),))
        members.append(block)
    return PartialOrder(tuple(members), tuple(before), "all", run.definition.place)


def _runs_in_postorder(run: StepRun) -> list[StepRun]:
    """Return the runs of a step and of all its dependencies, in postorder."""
    runs: dict[StepDefinition, StepRun] = {}
    stack: list[tuple[Dependency, bool]] = [(run, False)]
    while stack:
        dependency, is_exit = stack.pop()
        children = inner_dependencies(dependency)
        if isinstance(dependency, StepRun) and dependency.definition in runs:
            continue
        if not is_exit:
            stack += [(dependency, True), *((child, False) for child in reversed(children))]
        elif isinstance(dependency, StepRun):
            runs[dependency.definition] = dependency
    return list(runs.values())


def _expand_choice(analysis: BodyAnalysis, choice: StepChoice, context: SchedulingContext) -> Choice:
    """Return the choice between the steps that are declared on different paths."""
    branches = [ChoiceBranch(case.condition, _expand_case(analysis, case.dependency, context)) for case in choice.cases]
    return Choice(tuple(branches), choice.place, choice.discriminant)


def _expand_case(analysis: BodyAnalysis, dependency: Dependency, context: SchedulingContext) -> OperationBlock:
    if isinstance(dependency, StepChoice):
        return OperationBlock((_expand_choice(analysis, dependency, context),))
    match context.has_run(dependency.definition):
        case HasRun.NEVER:
            return _block_with_dependencies(analysis, dependency, context)
        case HasRun.SOMETIMES:
            return _block_unless_run(analysis, dependency, context)
        case HasRun.ALWAYS:
            return OperationBlock()
