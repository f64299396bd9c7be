"""Who needs, runs, calls and joins what: a survey of a whole program before its dependencies are made explicit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from msgspec import Struct, field

from stepgraph.graph.dependencies.schedule import definitions_of
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Block,
    Call,
    Dependency,
    Function,
    Loop,
    Run,
    Start,
    StepDefinition,
    StepRun,
    TaskId,
    blocks_of,
    over_with,
    task_ids_of,
)
from stepgraph.limits import Budget, Limit


class Usage(Struct):
    """What one body does itself.

    `touches` are the steps that it runs or needs, `calls` the functions it calls; `started` and `repeated` are those of
    them that it calls in the background, and in a loop. `joins` are the awaits of each handle. `repeats` are, for work
    that is set going in a loop, the steps that each pass declares anew.
    """

    touches: dict[StepDefinition, None] = field(default_factory=dict)
    calls: list[Function] = field(default_factory=list)
    started: set[int] = field(default_factory=set)
    repeated: set[int] = field(default_factory=set)
    activities: dict[TaskId, Activity] = field(default_factory=dict)
    joins: dict[TaskId, list[Await]] = field(default_factory=dict)
    repeats: dict[TaskId, frozenset[StepDefinition]] = field(default_factory=dict)
    awaited: list[Function] = field(default_factory=list)
    """The functions that it calls and awaits on the spot."""
    threads: list[Function] = field(default_factory=list)
    """The functions that it calls in the background, twice where several of these calls may overlap."""

    def shares(self, task_id: TaskId, step: StepDefinition) -> bool:
        """Whether work that is set going repeatedly may find that an earlier pass has begun a step it needs."""
        return task_id in self.repeats and step not in self.repeats[task_id]


class Survey:
    """All bodies of a program: that of `run`, and those of the functions it calls, in the order of their first call.

    Work that is `unordered` begins in any order. `needed` are the steps that others need, `places` says in how many
    places a step is run or needed (one in a loop counts twice).
    """

    def __init__(self, body: Block, unordered: frozenset[TaskId] = frozenset(), budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self.unordered = unordered
        self.run = Usage()
        self.functions: list[Function] = []
        self.of: dict[int, Usage] = {}
        self.needed: dict[StepDefinition, None] = {}
        self.places: dict[StepDefinition, int] = {}
        self._needs: dict[StepDefinition, set[StepDefinition]] = {}
        self._closures: dict[int, dict[StepDefinition, None]] = {}
        self._needed_by: dict[int, dict[StepDefinition, dict[StepDefinition, None]]] = {}
        self._inside: dict[int, dict[StepDefinition, None]] = {}
        self._surveyed: set[int] = set()
        self._have_bodies: dict[int, bool] = {}
        self._walk(body, self.run, None)
        for function in self.functions:  # grows meanwhile
            self._walk(function.body, self.of[id(function)], None)
        self._touched: dict[int, dict[StepDefinition, None]] = {}

    def closure(self, run: Dependency) -> dict[StepDefinition, None]:
        """Return all steps that a step needs, directly or through others, and itself."""
        known = self._closures.get(id(run))
        if known is None:
            known = self._closures[id(run)] = {}
            for inner in _dependencies_of(run):
                known |= self.closure(inner)
            if isinstance(run, StepRun):
                known[run.definition] = None
            self.budget.spend(Limit.PAIRS, len(known))
        return known

    def needed_by(self, run: StepRun) -> Mapping[StepDefinition, Iterable[StepDefinition]]:
        """Return what each of those steps needs directly, of those that need any."""
        known = self._needed_by.get(id(run))
        if known is None:
            known = self._needed_by[id(run)] = {}
            for found in self._all_of(run):
                needed = [step for inner in found.dependencies for step in definitions_of(inner)]
                if needed:
                    known.setdefault(found.definition, {}).update(dict.fromkeys(needed))
        return known

    @cached_property
    def overlapping(self) -> frozenset[StepDefinition]:
        """The steps that a function declares of which several calls may run at the same time."""
        usages = [self.run, *self.of.values()]
        roots = [self.run.awaited, *([function] for usage in usages for function in usage.threads)]
        count: Counter[int] = Counter()
        for root in roots if len(roots) > 1 else ():
            reached = {id(function): function for function in root}
            pending = list(reached.values())
            while pending:
                called = self.of[id(pending.pop())].awaited
                fresh = {id(function): function for function in called if id(function) not in reached}
                self.budget.spend(Limit.PAIRS, 1 + len(called))
                reached |= fresh
                pending += fresh.values()
            count.update(reached.keys())
        return frozenset(step for function in self.functions if count[id(function)] > 1 for step in function.declares)

    @cached_property
    def looked_up_late(self) -> frozenset[StepDefinition]:
        """The steps that a step needs which is itself needed: these are looked up when that begins, not at the call."""
        return frozenset(inner for step in self.needed for inner in self._needs.get(step, ()))

    @cached_property
    def infinite(self) -> frozenset[StepDefinition]:
        """The steps that need themselves, or one that does: the SDK never comes to run them."""
        order = TopologicalSorter(self._needs)
        try:
            order.prepare()
        except CycleError:
            pass  # it still gives the steps that need none of a cycle
        else:
            return frozenset()
        runnable: set[StepDefinition] = set()
        while ready := order.get_ready():
            runnable.update(ready)
            order.done(*ready)
        return frozenset(self._needs.keys() - runnable)

    def touched(self, function: Function) -> dict[StepDefinition, None]:
        """Return the steps that a function runs or needs, those of the functions it calls too."""
        known = self._touched.get(id(function))
        if known is None:
            known = self._touched[id(function)] = {}
            seen = {id(function)}
            pending = [function]
            while pending:
                usage = self.of[id(pending.pop())]
                known |= usage.touches
                fresh = [called for called in usage.calls if id(called) not in seen]
                seen.update(map(id, fresh))
                pending += fresh
        return known

    def runs_inside(self, run: StepRun) -> dict[StepDefinition, None]:
        """Return the steps that the body of a step runs or needs, besides those that have run before it."""
        known = self._inside.get(id(run))
        if known is None:
            before = self.closure(run)
            known = dict.fromkeys(step for step in self.touched_in(run.body) if step not in before)
            self._inside[id(run)] = known
        return known

    def may_begin_beside(self, run: StepRun) -> Iterator[StepDefinition]:
        """Yield the steps that the body of a step runs or needs, and that are run or needed in other places too."""
        for step, count in Counter(self.touched_in(run.body)).items():
            if self.places[step] > count:
                yield step

    def touched_in(self, block: Block) -> Iterator[StepDefinition]:
        """Yield the steps that a block runs or needs, those of the functions it calls too."""
        for operation in block.operations:
            if isinstance(operation, Run | Start) and isinstance(operation.activity, Call):
                yield from self.touched(operation.activity.function)
            elif isinstance(operation, Run | Start) and isinstance(operation.activity, StepRun):
                for run in self._all_of(operation.activity):
                    yield run.definition
                    yield from self.touched_in(run.body)
            for inner in blocks_of(operation):
                yield from self.touched_in(inner)

    def _walk(self, block: Block, usage: Usage, declares: frozenset[StepDefinition] | None) -> None:
        """Note what a block does. In a loop, `declares` are the steps that each pass declares anew."""
        for operation in block.operations:
            match operation:
                case Run(activity=activity):
                    self._activity(activity, usage, declares, started=False)
                case Start(task_id=task_id, activity=activity):
                    usage.activities[task_id] = activity
                    if declares is not None:
                        usage.repeats[task_id] = declares
                    self._activity(activity, usage, declares, started=True)
                    if declares is not None and isinstance(activity, Call) and not _is_joined_in(block, task_id):
                        usage.threads.append(activity.function)
                case Await(group=group):
                    for task_id in task_ids_of(group):
                        usage.joins.setdefault(task_id, []).append(operation)
                case _:
                    inside = declares
                    if isinstance(operation, Loop):
                        inside = frozenset(operation.declares) | (declares or frozenset())
                    for inner in blocks_of(operation):
                        self._walk(inner, usage, inside)

    def _activity(
        self, activity: Activity, usage: Usage, declares: frozenset[StepDefinition] | None, *, started: bool
    ) -> None:
        repeated = declares is not None
        if isinstance(activity, StepRun):
            for step in self.closure(activity):
                usage.touches[step] = None
                self.places[step] = self.places.get(step, 0) + 1 + repeated
            self._note_needs(activity)
            for run in self._all_of(activity) if self._runs_bodies(activity) else ():
                self._walk(run.body, usage, declares)
        elif isinstance(activity, Call):
            function = activity.function
            usage.calls.append(function)
            if started:
                usage.started.add(id(function))
                usage.threads.append(function)
            else:
                usage.awaited.append(function)
            if repeated:
                usage.repeated.add(id(function))
            if id(function) not in self.of:
                self.of[id(function)] = Usage()
                self.functions.append(function)

    def _note_needs(self, run: StepRun) -> None:
        """Note what a step needs directly, and what each of those does."""
        pending: list[Dependency] = [run]
        while pending:
            found = pending.pop()
            if id(found) in self._surveyed:
                continue
            self._surveyed.add(id(found))
            inner = _dependencies_of(found)
            pending += inner
            if isinstance(found, StepRun):
                needs = self._needs.setdefault(found.definition, set())
                needs.update(one.definition for one in inner if isinstance(one, StepRun))
            self.needed.update((one.definition, None) for one in inner if isinstance(one, StepRun))

    def _runs_bodies(self, run: Dependency) -> bool:
        """Whether there is anything in the body of a step, or of one that it needs."""
        known = self._have_bodies.get(id(run))
        if known is None:
            own = isinstance(run, StepRun) and bool(run.body.operations)
            known = own or any(map(self._runs_bodies, _dependencies_of(run)))
            self._have_bodies[id(run)] = known
        return known

    def _all_of(self, run: StepRun) -> Iterator[StepRun]:
        """Yield a step and all it needs, each once."""
        seen: set[int] = set()
        pending: list[Dependency] = [run]
        while pending:
            found = pending.pop()
            if id(found) in seen:
                continue
            seen.add(id(found))
            inner = _dependencies_of(found)
            self.budget.spend(Limit.PAIRS, 1 + len(inner))
            pending += inner
            if isinstance(found, StepRun):
                yield found


def _is_joined_in(block: Block, task_id: TaskId) -> bool:
    """Whether an await in a block is over only when all that was started there under a handle is."""
    joins = (operation for operation in block.operations if isinstance(operation, Await) and not operation.each)
    return any(one.task_id == task_id and one.on_every_path for join in joins for one in over_with(join.group))


def _dependencies_of(run: Dependency) -> tuple[Dependency, ...]:
    if isinstance(run, StepRun):
        return run.dependencies
    return tuple(case.dependency for case in run.cases)
