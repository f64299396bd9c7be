"""An index of the steps, functions and tasks of a whole program, built before its dependencies are expanded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property

from msgspec import Struct, field

from stepgraph.ir.await_groups import TaskId, task_ids_of, tasks_done_after
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Call,
    Dependency,
    Function,
    LoopOperation,
    Operation,
    OperationBlock,
    Run,
    StartOperation,
    StepDefinition,
    StepRun,
    child_blocks,
    operations_in,
)
from stepgraph.ir.walk import candidate_steps, inner_dependencies
from stepgraph.limits import Budget, Limit
from stepgraph.project.configuration.compatibility import DependencyMode


class BodyUsage(Struct):
    """Steps, functions and tasks that one body uses directly."""

    used_steps: dict[StepDefinition, None] = field(default_factory=dict)
    """The steps that the body runs or needs."""
    called_steps: set[StepDefinition] = field(default_factory=set)
    """The steps that the body calls directly."""
    callees: list[Function] = field(default_factory=list)
    """The functions that the body calls."""
    background_callees: set[int] = field(default_factory=set)
    """The functions that the body calls in the background, by `id`."""
    callees_in_loops: set[int] = field(default_factory=set)
    """The functions that the body calls in a loop, by `id`."""
    activities: dict[TaskId, Activity] = field(default_factory=dict)
    """The work of each task."""
    call_tasks: set[TaskId] = field(default_factory=set)
    """The tasks that call a function."""
    awaits_by_task: dict[TaskId, list[Await]] = field(default_factory=dict)
    """The awaits of each task."""
    declared_in_pass: dict[TaskId, frozenset[StepDefinition]] = field(default_factory=dict)
    """The steps that each iteration declares, for each task that starts in a loop."""
    awaited_callees: list[Function] = field(default_factory=list)
    """The functions that the body calls and awaits at once."""
    background_calls: list[Function] = field(default_factory=list)
    """The functions that the body calls in the background. Functions with overlapping calls are listed twice."""
    steps_beside_calls: dict[StepDefinition, None] = field(default_factory=dict)
    """The steps that the body runs or needs while its calls in the background may run."""

    def may_share_step(self, task_id: TaskId, step: StepDefinition) -> bool:
        """Return whether a task started in a loop may need a step that an earlier iteration has begun."""
        return task_id in self.declared_in_pass and step not in self.declared_in_pass[task_id]


class ProgramUsage:
    """The steps, functions and tasks that `run` and its callees use."""

    def __init__(
        self,
        body: OperationBlock,
        unordered: frozenset[TaskId] = frozenset(),
        mode: DependencyMode = DependencyMode.IMPLICIT,
    ) -> None:
        self.budget = Budget()
        self.mode = mode
        self.unordered = unordered
        """The tasks that begin in any order."""
        self._begun_later: list[Activity] = []
        """The work that begins after other code of the function that starts it."""
        self._outlasting: list[tuple[Activity, frozenset[StepDefinition]]] = []
        """The work that a loop starts and that may outlast a pass, with the steps that each pass declares."""
        self.run = BodyUsage()
        """The usage of `run`."""
        self.functions: list[Function] = []
        """The functions that `run` calls, directly or through others, breadth first."""
        self.of: dict[int, BodyUsage] = {}
        """The usage of each function, by `id`."""
        self.needed: dict[StepDefinition, None] = {}
        """The steps that other steps need."""
        self.places: dict[StepDefinition, int] = {}
        """The number of uses of each step. A use in a loop counts twice."""
        self._needs: dict[StepDefinition, set[StepDefinition]] = {}
        """The direct dependencies of each step, without the candidates of choices."""
        self._runs: dict[StepDefinition, list[StepRun]] = {}
        """The runs of each step, which differ in the declarations of their dependencies."""
        self._declaring: dict[int, set[int]] = {}
        """The loops and functions that declare steps again, by `id` of the declaration's node."""
        self._closures: dict[int, dict[StepDefinition, None]] = {}
        self._needed_by: dict[int, dict[StepDefinition, dict[StepDefinition, None]]] = {}
        self._inside: dict[int, dict[StepDefinition, None]] = {}
        self._visited: set[int] = set()
        self._has_operations: dict[int, bool] = {}
        self._add_block(body, self.run, None)
        for function in self.functions:  # grows during the iteration
            self._add_block(function.body, self.of[id(function)], None)
        self._touched: dict[int, dict[StepDefinition, None]] = {}
        self._called: dict[int, frozenset[StepDefinition]] = {}

    def closure(self, dependency: Dependency) -> dict[StepDefinition, None]:
        """Return the steps of a dependency and of its direct and transitive dependencies."""
        steps = self._closures.get(id(dependency))
        if steps is None:
            steps = self._closures[id(dependency)] = {}
            for child in inner_dependencies(dependency):
                steps |= self.closure(child)
            if isinstance(dependency, StepRun):
                steps[dependency.definition] = None
            self.budget.spend(Limit.PAIRS, len(steps))
        return steps

    def direct_dependencies(self, run: StepRun) -> Mapping[StepDefinition, Iterable[StepDefinition]]:
        """Return the direct dependencies of each step in the closure of a run, for steps with dependencies."""
        dependencies = self._needed_by.get(id(run))
        if dependencies is None:
            dependencies = self._needed_by[id(run)] = {}
            for step_run in self._runs_in_closure(run):
                needed = [step for dependency in step_run.dependencies for step in candidate_steps(dependency)]
                if needed:
                    dependencies.setdefault(step_run.definition, {}).update(dict.fromkeys(needed))
        return dependencies

    def is_declared_with(self, step: StepDefinition, dependency: StepDefinition) -> bool:
        """Return whether a step that has run has run after the current declaration of its dependency.

        Otherwise, a dependency with the same name may have been declared after the step ran.
        """
        declaring = self._declaring
        return declaring.get(id(dependency.place.node), set()) <= declaring.get(id(step.place.node), set()) and all(
            dependency in self.closure(run) for run in self._runs.get(step, ())
        )

    def needed_by(self, step: StepDefinition) -> AbstractSet[StepDefinition]:
        """Return the direct dependencies of a step, without the candidates of choices."""
        return self._needs.get(step, set())

    @cached_property
    def overlapping_declarations(self) -> frozenset[StepDefinition]:
        """Steps that overlapping calls of functions or passes of loops declare, or one such call beside `run`.

        The SDK finds a dependency by its name, among the steps of all calls and passes.
        """
        return frozenset(self._declared_by_overlapping_calls()).union(
            self._declared_by_overlapping_passes(), *(self._redeclared_before(each) for each in self._begun_later)
        )

    def _declared_by_overlapping_calls(self) -> Iterator[StepDefinition]:
        usages = [self.run, *self.of.values()]
        roots = [self.run.awaited_callees, *([function] for usage in usages for function in usage.background_calls)]
        if len(roots) == 1:
            return
        count = Counter({step.declared_name for step in self.run.steps_beside_calls})
        for root in roots:
            reached = {id(function): function for function in root}
            pending = list(reached.values())
            while pending:
                called = self.of[id(pending.pop())].awaited_callees
                added = {id(function): function for function in called if id(function) not in reached}
                self.budget.spend(Limit.PAIRS, 1 + len(called))
                reached |= added
                pending += added.values()
            declared = [step for function in reached.values() for step in function.redeclared_steps]
            self.budget.spend(Limit.PAIRS, len(declared))
            count.update({step.declared_name for step in declared})
        declared = [step for function in self.functions for step in function.redeclared_steps]
        yield from (step for step in (*self.run.steps_beside_calls, *declared) if count[step.declared_name] > 1)

    def _declared_by_overlapping_passes(self) -> Iterator[StepDefinition]:
        """Yield the dependencies of tasks that may begin after a later pass, or call, has declared a step of that name.

        In legacy mode, `depends` refers to the step itself, not to its name.
        """
        if self.mode is DependencyMode.LEGACY:
            return
        outlasting = [*self._outlasting, *self._outlasting_calls()]
        for activity, declared in outlasting if self.needed else ():
            if isinstance(activity, StepRun | Call):
                used = self._used_by(activity)
                yield from (step for step in used.keys() & declared if step in self.needed)

    def _redeclared_before(self, activity: Activity) -> Iterator[StepDefinition]:
        """Yield the steps that a task may need and that code may declare again before the task begins."""
        if self.mode is DependencyMode.IMPLICIT and isinstance(activity, StepRun | Call):
            for step in self._used_by(activity):
                namesakes = self._namesakes.get(step.declared_name, ())
                if step in self.needed and any(other.place.node is not step.place.node for other in namesakes):
                    yield from namesakes

    @cached_property
    def _namesakes(self) -> dict[str, list[StepDefinition]]:
        """The steps by the name that they are declared with."""
        namesakes: dict[str, list[StepDefinition]] = {}
        for step in self.places:
            namesakes.setdefault(step.declared_name, []).append(step)
        return namesakes

    def _used_by(self, activity: StepRun | Call) -> Mapping[StepDefinition, None]:
        """Return the steps that work runs or needs."""
        return self.closure(activity) if isinstance(activity, StepRun) else self.steps_used_by(activity.function)

    def _outlasting_calls(self) -> Iterator[tuple[Activity, frozenset[StepDefinition]]]:
        """Yield the work that functions start and do not await, with the steps that other calls may declare again.

        These are all steps of a function that the program calls repeatedly, and those whose names other functions use.
        """
        usages = [self.run, *self.of.values()]
        repeated = {function for usage in usages for function in usage.callees_in_loops}
        counts = Counter(id(function) for usage in usages for function in usage.callees)
        names = Counter(name for function in self.functions for name in _declared_names(function))
        for function in self.functions:  # callers before callees
            usage = self.of[id(function)]
            is_repeated = id(function) in repeated or counts[id(function)] > 1
            if is_repeated:
                repeated.update(map(id, usage.callees))
            declared = frozenset(
                step for step in function.redeclared_steps if is_repeated or names[step.declared_name] > 1
            )
            for task_id, activity in usage.activities.items() if declared else ():
                if task_id not in usage.awaits_by_task:
                    yield activity, declared

    def named_by_parameters(self, declared: Iterable[StepDefinition]) -> Iterator[StepDefinition]:
        """Yield the needed steps that parameters name, among those that some declarations with computed names declare.

        A new declaration may have any of these names.
        """
        if self._named_by_place:
            for place in dict.fromkeys(id(step.place.node) for step in declared):
                yield from self._named_by_place.get(place, ())

    @cached_property
    def _named_by_place(self) -> dict[int, list[StepDefinition]]:
        by_place: dict[int, list[StepDefinition]] = {}
        for step in self.needed:
            if step.named_by_parameter:
                by_place.setdefault(id(step.place.node), []).append(step)
        return by_place

    @cached_property
    def may_run_unnamed(self) -> frozenset[StepDefinition]:
        """Steps that parameters name, and that the program may also run in another way.

        The graph shows a direct run by its computed name, so it may be any step with a name that fits.
        """
        if not self._named_by_place:
            return frozenset()
        run_directly = {id(step.place.node) for step in self.places if not step.named_by_parameter}
        counts = Counter((place, step.name) for place, named in self._named_by_place.items() for step in named)
        return frozenset(
            step
            for place, named in self._named_by_place.items()
            for step in named
            if place in run_directly or counts[place, step.name] > 1
        ).union(self.named_by_parameters(self.overlapping_declarations))

    @cached_property
    def resolved_late(self) -> frozenset[StepDefinition]:
        """Steps that the SDK may resolve after the code that declares them has suspended.

        The SDK resolves the dependencies of a dependency when it begins, and those of a task when the task begins. What
        a function that is not async returns begins after the call.
        """
        inner_dependencies = (inner for step in self.needed for inner in self._needs.get(step, ()))
        of_returned_work = (
            step for function in self.functions if not function.is_async for step in function.redeclared_steps
        )
        calls = (activity for activity in self._begun_later if isinstance(activity, Call))
        return frozenset(inner_dependencies).union(
            of_returned_work, self._declared_by_overlapping_passes(), *map(self._redeclared_before, calls)
        )

    @cached_property
    def cyclic_steps(self) -> frozenset[StepDefinition]:
        """Steps that depend on a dependency cycle, which the SDK never runs."""
        # Imported here because few graphs need it, and start-up time counts.
        from graphlib import CycleError, TopologicalSorter

        order = TopologicalSorter(self._needs)
        try:
            order.prepare()
        except CycleError:
            pass  # the sorter still returns the steps that depend on no cycle
        else:
            return frozenset()
        runnable: set[StepDefinition] = set()
        while ready := order.get_ready():
            runnable.update(ready)
            order.done(*ready)
        return frozenset(self._needs.keys() - runnable)

    def steps_used_by(self, function: Function) -> dict[StepDefinition, None]:
        """Return the steps that a function and its callees run or need."""
        steps = self._touched.get(id(function))
        if steps is None:
            steps = self._touched[id(function)] = {}
            for usage in self._usages_reached_from(function):
                steps |= usage.used_steps
        return steps

    def steps_called_by(self, function: Function) -> AbstractSet[StepDefinition]:
        """Return the steps that a function and its callees call directly."""
        steps = self._called.get(id(function))
        if steps is None:
            reached = self._usages_reached_from(function)
            steps = self._called[id(function)] = frozenset().union(*(usage.called_steps for usage in reached))
        return steps

    def _usages_reached_from(self, function: Function) -> Iterator[BodyUsage]:
        """Yield the usages of a function and of its direct and transitive callees."""
        visited = {id(function)}
        pending = [function]
        while pending:
            usage = self.of[id(pending.pop())]
            yield usage
            added = [called for called in usage.callees if id(called) not in visited]
            visited.update(map(id, added))
            pending += added

    def steps_used_in_body(self, run: StepRun) -> dict[StepDefinition, None]:
        """Return the steps that the body of a step runs or needs, except for the step and its dependencies."""
        steps = self._inside.get(id(run))
        if steps is None:
            closure = self.closure(run)
            steps = dict.fromkeys(step for step in self.steps_used_in(run.body) if step not in closure)
            self._inside[id(run)] = steps
        return steps

    def steps_shared_by_body(self, run: StepRun) -> Iterator[StepDefinition]:
        """Yield the steps that are used both in the body of a step and outside it."""
        for step, count in Counter(self.steps_used_in(run.body)).items():
            if self.places[step] > count:
                yield step

    def steps_used_in(self, block: OperationBlock) -> Iterator[StepDefinition]:
        """Yield the steps that a block and its callees run or need."""
        for operation in operations_in(block):
            if isinstance(operation, Run | StartOperation) and isinstance(operation.activity, Call):
                yield from self.steps_used_by(operation.activity.function)
            elif isinstance(operation, Run | StartOperation) and isinstance(operation.activity, StepRun):
                for run in self._runs_in_closure(operation.activity):
                    yield run.definition
                    yield from self.steps_used_in(run.body)

    def _add_block(self, block: OperationBlock, usage: BodyUsage, declares: frozenset[StepDefinition] | None) -> None:
        """Add the operations of a block. In a loop, `declares` is the set of steps that each iteration declares.

        Outside of loops, it is None.
        """
        end_of_starts = 0
        for index, operation in enumerate(block.operations):
            match operation:
                case Run(activity=activity):
                    self._add_activity(activity, usage, declares, in_background=False)
                case StartOperation(task_id=task_id, activity=activity):
                    usage.activities[task_id] = activity
                    if isinstance(activity, Call):
                        usage.call_tasks.add(task_id)
                    if declares is not None:
                        usage.declared_in_pass[task_id] = declares
                        if declares and not _must_be_awaited_in(block, task_id):
                            self._outlasting.append((activity, declares))
                    if index >= end_of_starts:
                        end_of_starts = _end_of_starts(block.operations, index)
                    if not _is_await_of(block.operations[end_of_starts : end_of_starts + 1], task_id):
                        self._begun_later.append(activity)
                    self._add_activity(activity, usage, declares, in_background=True)
                    if declares is not None and isinstance(activity, Call) and not _must_be_awaited_in(block, task_id):
                        usage.background_calls.append(activity.function)
                case Await(group=group):
                    for task_id in task_ids_of(group):
                        usage.awaits_by_task.setdefault(task_id, []).append(operation)
                case LoopOperation(body=body, orelse=orelse, redeclared_steps=redeclared):
                    self._add_declarations(operation, redeclared)
                    self._add_block(body, usage, frozenset(redeclared) | (declares or frozenset()))
                    self._add_block(orelse, usage, declares)
                case _:
                    for inner in child_blocks(operation):
                        self._add_block(inner, usage, declares)

    def _add_declarations(self, declaring: LoopOperation | Function, steps: Iterable[StepDefinition]) -> None:
        for step in steps:
            self._declaring.setdefault(id(step.place.node), set()).add(id(declaring))

    def _add_activity(
        self, activity: Activity, usage: BodyUsage, declares: frozenset[StepDefinition] | None, *, in_background: bool
    ) -> None:
        repeated = declares is not None
        if isinstance(activity, StepRun):
            usage.called_steps.add(activity.definition)
            for step in self.closure(activity):
                usage.used_steps[step] = None
                if in_background or repeated or usage.background_calls:
                    usage.steps_beside_calls[step] = None
                self.places[step] = self.places.get(step, 0) + 1 + repeated
            self._add_dependencies(activity)
            for run in self._runs_in_closure(activity) if self._has_body_operations(activity) else ():
                self._add_block(run.body, usage, declares)
        elif isinstance(activity, Call):
            function = activity.function
            usage.callees.append(function)
            if in_background:
                usage.background_callees.add(id(function))
                usage.background_calls.append(function)
            else:
                usage.awaited_callees.append(function)
            if repeated:
                usage.callees_in_loops.add(id(function))
            if id(function) not in self.of:
                self.of[id(function)] = BodyUsage()
                self._add_declarations(function, function.redeclared_steps)
                self.functions.append(function)

    def _add_dependencies(self, run: StepRun) -> None:
        """Record the direct dependencies of a step and of every step in its closure."""
        pending: list[Dependency] = [run]
        while pending:
            dependency = pending.pop()
            if id(dependency) in self._visited:
                continue
            self._visited.add(id(dependency))
            children = inner_dependencies(dependency)
            pending += children
            if isinstance(dependency, StepRun):
                self._runs.setdefault(dependency.definition, []).append(dependency)
                needs = self._needs.setdefault(dependency.definition, set())
                needs.update(child.definition for child in children if isinstance(child, StepRun))
            self.needed.update((child.definition, None) for child in children if isinstance(child, StepRun))

    def _has_body_operations(self, dependency: Dependency) -> bool:
        """Return whether a step, or one of its dependencies, has operations in its body."""
        result = self._has_operations.get(id(dependency))
        if result is None:
            has_operations = isinstance(dependency, StepRun) and bool(dependency.body.operations)
            result = has_operations or any(map(self._has_body_operations, inner_dependencies(dependency)))
            self._has_operations[id(dependency)] = result
        return result

    def _runs_in_closure(self, run: StepRun) -> Iterator[StepRun]:
        """Yield the runs of a step and of all its dependencies, each once."""
        visited: set[int] = set()
        pending: list[Dependency] = [run]
        while pending:
            dependency = pending.pop()
            if id(dependency) in visited:
                continue
            visited.add(id(dependency))
            children = inner_dependencies(dependency)
            self.budget.spend(Limit.PAIRS, 1 + len(children))
            pending += children
            if isinstance(dependency, StepRun):
                yield dependency


def _declared_names(function: Function) -> frozenset[str]:
    """Return the names of the steps that every call of a function declares."""
    return frozenset(step.declared_name for step in function.redeclared_steps)


def _end_of_starts(operations: Sequence[Operation], index: int) -> int:
    """Return the index after the consecutive starts of work that begin at an index."""
    while index < len(operations) and isinstance(operations[index], StartOperation):
        index += 1
    return index


def _is_await_of(next_operations: Sequence[Operation], task_id: TaskId) -> bool:
    """Return whether the next operation awaits a task."""
    return any(isinstance(each, Await) and task_id in task_ids_of(each.group) for each in next_operations)


def _must_be_awaited_in(block: OperationBlock, task_id: TaskId) -> bool:
    """Return whether an await in the block ends only after all runs of the task that start in the block."""
    awaits = (
        operation for operation in block.operations if isinstance(operation, Await) and not operation.one_per_iteration
    )
    return any(
        awaited_task.task_id == task_id and awaited_task.on_every_path
        for await_ in awaits
        for awaited_task in tasks_done_after(await_.group)
    )
