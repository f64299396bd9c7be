"""A schedule as operations: one after another where everything is ordered so, `Ordered` in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec.structs import replace

from stepgraph.graph.bit_sets import restricted
from stepgraph.graph.dependencies.reading import Reading
from stepgraph.graph.dependencies.schedule import HasRun, Memory, Root, Schedule, definitions_of, schedule
from stepgraph.graph.partial_order import series
from stepgraph.ir.nodes import (
    Await,
    AwaitedTask,
    AwaitGroup,
    Block,
    Branch,
    Choice,
    Dependency,
    Operation,
    Ordered,
    Run,
    StepChoice,
    StepDefinition,
    StepRun,
)
from stepgraph.limits import Limit
from stepgraph.model.payload import ParallelKind
from stepgraph.syntax.module import Place

Operations: TypeAlias = list[Operation]

# Branches that run what has not run are nested no deeper than this, and only for a step that needs no more than so
# many: each further level multiplies them.
DEEPEST: Final = 4
MOST_NESTED: Final = 16


def operations_of(
    reading: Reading, planned: Schedule, memory: Memory, place: Place, kind: ParallelKind = "all"
) -> Operations:
    """Return what a schedule does. Background work is joined before what has to wait for it, as far as that is sure."""
    meanwhile = Counter(definition for task in planned.tasks for definition in definitions_of(task.run))
    found: Operations = []
    waited: set[int] = set()
    late: set[int] = set()
    for part in series(planned.before):
        needed = [set(planned.after[index]) for index in part]
        ready = sorted((set.intersection(*needed) | late) - waited - reading.knowledge.joint)
        if ready:
            found.append(Await(AwaitGroup("all", tuple(map(AwaitedTask, ready))), place))
        waited.update(ready)
        late = set.union(*needed)
        contents = [_content(reading, planned, index, memory, meanwhile) for index in part]
        found += _part(planned, part, contents, kind, place)
    return found


def _part(
    planned: Schedule, part: Sequence[int], contents: Sequence[Block], kind: ParallelKind, place: Place
) -> Sequence[Operation]:
    if len(part) == 1:
        return contents[0].operations
    before = restricted(planned.before, part)
    called = [index for index in part if planned.tasks[index].root is not None]
    return [Ordered(tuple(contents), tuple(before), kind if len(called) > 1 else "all", place)]


def _content(
    reading: Reading, planned: Schedule, index: int, memory: Memory, meanwhile: Counter[StepDefinition]
) -> Block:
    """Return what a task does itself: its step, in a branch where it may have run already."""
    task = planned.tasks[index]
    run = task.run
    if isinstance(run, StepRun) and not task.conditional:
        return Block((Run(_with_body(reading, planned, index, run, memory), run.definition.place),))
    own = set(definitions_of(run))

    def ask(step: StepDefinition) -> HasRun:
        known = memory.has_run(step)
        others = meanwhile[step] - (step in own)
        return HasRun.SOMETIMES if known is HasRun.NEVER and others else known

    inner = replace(memory, has_run=ask)
    if isinstance(run, StepChoice):
        return Block((_choice(reading, run, inner),))
    return _unless_run(reading, run, inner)


def _with_body(reading: Reading, planned: Schedule, index: int, run: StepRun, memory: Memory) -> StepRun:
    """Return a run of a step alone, with its body, before which some of the others are over, and others may be."""
    if not run.body.operations:
        return reading.without_dependencies(run)
    over: list[StepDefinition] = []
    maybe = [*memory.may_begin_beside(run), *(step for key in planned.begun for step in key)]
    for other, task in enumerate(planned.tasks):
        if other == index:
            continue
        definitions = definitions_of(task.run)
        is_over = planned.before[index] >> other & 1 and not task.conditional and len(definitions) == 1
        (over if is_over else maybe).extend(definitions)
        maybe += reading.survey.runs_inside(task.run) if isinstance(task.run, StepRun) else ()
    return reading.without_dependencies(run, over, maybe)


def _unless_run(reading: Reading, run: StepRun, memory: Memory) -> Block:
    place = run.definition.place
    branch = Branch(f"{run.definition.name} has not run", _with_what_it_needs(reading, run, memory))
    return Block((Choice((branch,), place),))


def _with_what_it_needs(reading: Reading, run: StepRun, memory: Memory) -> Block:
    needed = len(reading.survey.closure(run))
    reading.survey.budget.spend(Limit.DEPENDENCIES)
    if reading.nested >= DEEPEST or needed > MOST_NESTED:
        return Block((_flat(reading, run),))
    reading.nested += 1
    planned = schedule([Root(run)], memory)
    operations = operations_of(reading, planned, memory, run.definition.place)
    reading.nested -= 1
    return Block(tuple(operations))


def _flat(reading: Reading, run: StepRun) -> Operation:
    """Return a step with all it needs, each in a branch of its own, since it may have run: nested, they multiply."""
    runs = _needed_by(run)
    reading.survey.budget.spend(Limit.DEPENDENCIES, len(runs))
    index = {one.definition: position for position, one in enumerate(runs)}
    before: list[int] = []
    members: list[Block] = []
    for position, one in enumerate(runs):
        needed = (index[step] for step in reading.survey.closure(one))
        before.append(sum(1 << earlier for earlier in needed if earlier != position))
        place = one.definition.place
        block = Block((Run(reading.without_dependencies(one), place),))
        if one is not run:
            block = Block((Choice((Branch(f"{one.definition.name} has not run", block),), place),))
        members.append(block)
    return Ordered(tuple(members), tuple(before), "all", run.definition.place)


def _needed_by(run: StepRun) -> list[StepRun]:
    """Return the runs of all steps that a step needs, each after those it needs itself, and the step last."""
    found: dict[StepDefinition, StepRun] = {}
    stack: list[tuple[Dependency, bool]] = [(run, False)]
    while stack:
        one, left = stack.pop()
        inner = one.dependencies if isinstance(one, StepRun) else tuple(o.dependency for o in one.cases)
        if isinstance(one, StepRun) and one.definition in found:
            continue
        if not left:
            stack += [(one, True), *((needed, False) for needed in reversed(inner))]
        elif isinstance(one, StepRun):
            found[one.definition] = one
    return list(found.values())


def _choice(reading: Reading, choice: StepChoice, memory: Memory) -> Choice:
    """Return the choice of the step that was declared on the path taken."""
    branches = [Branch(case.condition, _option(reading, case.dependency, memory)) for case in choice.cases]
    return Choice(tuple(branches), choice.place, choice.discriminant)


def _option(reading: Reading, dependency: Dependency, memory: Memory) -> Block:
    if isinstance(dependency, StepChoice):
        return Block((_choice(reading, dependency, memory),))
    match memory.has_run(dependency.definition):
        case HasRun.NEVER:
            return _with_what_it_needs(reading, dependency, memory)
        case HasRun.SOMETIMES:
            return _unless_run(reading, dependency, memory)
        case HasRun.ALWAYS:
            return Block()
