"""The analysis of one function body, with the abstract state at its current operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.graph.dependencies.history import (
    FAILED_OR_SKIPPED,
    FROM_CALLER,
    NO_PATH,
    NOT_RUN,
    RUN,
    RunHistory,
    RunState,
    RunStates,
    has_run,
    run_state_of,
)
from stepgraph.graph.dependencies.scheduled_runs import DirectCall, HasRun, SchedulingContext
from stepgraph.graph.dependencies.usage import BodyUsage, ProgramUsage
from stepgraph.ir.await_groups import TaskId, task_ids_of
from stepgraph.ir.nodes import Await, Call, Function, OperationBlock, StepDefinition, StepRun, operations_in
from stepgraph.model.note import Note

BlockAnalyzer: TypeAlias = "Callable[[BodyAnalysis, OperationBlock], OperationBlock]"
"""A function that analyzes a block in the current state and expands its dependencies."""


class FirstAwaitSteps(Struct, frozen=True):
    """The steps that have begun by the first await of a function."""

    must_have_begun: frozenset[StepDefinition]
    """The steps that have begun on every path."""
    may_have_begun: frozenset[StepDefinition]
    """The steps that may have begun."""


class ProgramFacts(Struct):
    """Facts about all functions of a program, which grow until the fixpoint."""

    program_usage: ProgramUsage
    previous_first_await_steps: Mapping[int, FirstAwaitSteps]
    """The steps begun by the first await of each function, by `id`, from the previous fixpoint."""
    entry_run_states: dict[int, RunStates] = field(default_factory=dict)
    """The joined run states at the calls of each function, by `id`."""
    effects: dict[int, RunStates] = field(default_factory=dict)
    """The joined run states at the exits of each function, by `id`."""
    task_entry_run_states: dict[TaskId, RunStates] = field(default_factory=dict)
    """The joined run states at the beginning of each task."""
    begun_at_same_await: dict[TaskId, dict[StepDefinition, None]] = field(default_factory=dict)
    """The steps that begin at the same await as each task, and may still run when the task needs them."""
    started_together: dict[TaskId, frozenset[TaskId]] = field(default_factory=dict)
    """The tasks that start together with each task, including the task."""
    drawn_with_others: set[TaskId] = field(default_factory=set)
    """The tasks that the graph draws as one node together with other tasks, so it can only await them together."""
    may_begin_during: dict[int, dict[StepDefinition, None]] = field(default_factory=dict)
    """The steps that may begin while each function runs, by `id`."""
    waiting_in_task: dict[TaskId, dict[StepDefinition, None]] = field(default_factory=dict)
    """The steps that each task may begin before their own dependencies have run."""
    may_wait_during: dict[int, dict[StepDefinition, None]] = field(default_factory=dict)
    """The steps that other code may begin before their own dependencies have run, while each function runs, by `id`."""
    first_await_steps: dict[int, FirstAwaitSteps] = field(default_factory=dict)
    """The steps begun by the first await of each function, by `id`, from the current fixpoint."""
    notes: dict[tuple[str, StepDefinition], Note] = field(default_factory=dict)
    """The notes, by their code and the step that they are about."""
    changed: bool = False
    """Whether a fact has changed in the current round."""

    def join_run_state(self, run_states: RunStates, step: StepDefinition, run_state: RunState) -> None:
        """Join a run state into recorded run states."""
        before = run_states.get(step, NO_PATH)
        if run_state & ~before:
            run_states[step] = before | run_state
            self.changed = True

    def add_begun_at_same_await(self, task_id: TaskId, step: StepDefinition) -> None:
        """Record a step that begins at the same await as a task."""
        steps = self.begun_at_same_await.setdefault(task_id, {})
        if step not in steps:
            steps[step] = None
            self.changed = True

    def add_concurrent_steps(self, function: Function, steps: Iterable[StepDefinition]) -> None:
        """Record steps that may begin while a function runs.

        Steps that the function declares are omitted, because each call declares new ones.
        """
        self._add(self.may_begin_during.setdefault(id(function), {}), function, steps)

    def add_waiting_steps(self, function: Function, steps: Iterable[StepDefinition]) -> None:
        """Record steps that may wait for their own dependencies while a function runs."""
        self._add(self.may_wait_during.setdefault(id(function), {}), function, steps)

    def _add(self, recorded: dict[StepDefinition, None], function: Function, steps: Iterable[StepDefinition]) -> None:
        added = [step for step in steps if step not in recorded and step not in function.redeclared_steps]
        if added:
            recorded.update(dict.fromkeys(added))
            self.changed = True

    def add_waiting_in_task(self, task_id: TaskId, steps: Iterable[StepDefinition]) -> None:
        """Record steps that a task may begin before their own dependencies have run."""
        recorded = self.waiting_in_task.setdefault(task_id, {})
        added = [step for step in steps if step not in recorded]
        if added:
            recorded.update(dict.fromkeys(added))
            self.changed = True

    def set_first_await_steps(
        self, function: Function, must_have_begun: Iterable[StepDefinition], may_have_begun: Iterable[StepDefinition]
    ) -> None:
        """Record the steps that have begun by the first await of a function, for the next fixpoint."""
        self.first_await_steps[id(function)] = FirstAwaitSteps(frozenset(must_have_begun), frozenset(may_have_begun))

    def first_await_steps_of(self, function: Function) -> FirstAwaitSteps:
        """Return the steps that have begun by the first await of a function.

        Before the first fixpoint, any step that the function runs or needs may have begun.
        """
        return self.previous_first_await_steps.get(id(function)) or FirstAwaitSteps(
            frozenset(), frozenset(self.program_usage.steps_used_by(function))
        )

    def steps_begun_by_call(self, function: Function) -> Mapping[StepDefinition, None]:
        """Return the steps that a call of a function may begin, without dependencies that have always run before."""
        called = self.program_usage.steps_called_by(function)
        run_states = self.entry_run_states.get(id(function), {})
        used = self.program_usage.steps_used_by(function)
        return {step: None for step in used if step in called or _may_begin(run_states, step)}

    def add_note(self, code: str, step: StepDefinition, message: str, advice: str) -> None:
        """Add a note about a difference between the engine and the graph, once for each code and step."""
        if (code, step) not in self.notes:
            self.notes[code, step] = Note(code, message, advice, step.place.span, incomplete=False)


class BodyAnalysis(Struct):
    """The analysis of one function body."""

    facts: ProgramFacts
    function: Function
    usage: BodyUsage
    analyze_block: BlockAnalyzer
    is_run_method: bool
    """Whether the function is the `run` method of the workflow."""
    state: RunHistory = field(default_factory=RunHistory)
    """The state at the current operation."""
    exit_states: list[RunHistory] = field(default_factory=list)
    """The states at the normal exits, once the body is analyzed."""
    branch_depth: int = 0
    """The current nesting depth of branches for steps that may not have run."""
    first_await_steps_of: dict[StepDefinition, None] = field(default_factory=dict)
    """The steps that may begin by the first await of the function."""

    @property
    def program_usage(self) -> ProgramUsage:
        """The use of steps, functions and tasks in the whole program."""
        return self.facts.program_usage

    @property
    def must_precede_first_await(self) -> bool:
        """Whether no path to this point has awaited yet, so that no other code has run since the call."""
        return self.state.begun_by_first_await is None

    def run_state(self, step: StepDefinition, run_states: RunStates | None = None) -> RunState:
        """Return the run state of a step over all calls of the function, in the current or in other run states."""
        run_state = run_state_of(self.state.run_states if run_states is None else run_states, step)
        if run_state & FROM_CALLER:
            run_state = run_state & ~FROM_CALLER | (NOT_RUN if self.is_run_method else self._run_state_at_call(step))
        if run_state & NOT_RUN and not self.must_precede_first_await and step in self.may_begin_during():
            run_state |= RUN
        if step in self.program_usage.overlapping_declarations and not (
            self.must_precede_first_await and step not in self.program_usage.resolved_late
        ):
            run_state |= RUN | NOT_RUN  # a lookup by name may return the step that another call declares
        if step in self.program_usage.may_run_unnamed:
            run_state |= RUN | NOT_RUN
        return run_state

    def _run_state_at_call(self, step: StepDefinition) -> RunState:
        """Return the joined run state of a step at the analyzed calls of the function."""
        return self.facts.entry_run_states.get(id(self.function), {}).get(step, NO_PATH)

    def may_begin_during(self) -> Mapping[StepDefinition, None]:
        """Return the steps that may begin while the function runs."""
        return self.facts.may_begin_during.get(id(self.function), {})

    def may_wait_during(self) -> Mapping[StepDefinition, None]:
        """Return the steps that may wait for their own dependencies in other code while the function runs."""
        return self.facts.may_wait_during.get(id(self.function), {})

    def may_wait(self, steps: Iterable[StepDefinition], running: AbstractSet[StepDefinition]) -> list[StepDefinition]:
        """Return the `steps` that may wait for their own dependencies if they begin here.

        `running` is the result of `may_be_running`, which several calls share.
        """
        return [step for step in steps if step in self.program_usage.needed and self._may_wait(step, running)]

    def _may_wait(self, step: StepDefinition, running: AbstractSet[StepDefinition]) -> bool:
        if step.resolves_in_tasks:
            return has_run(self.run_state(step)) is not HasRun.ALWAYS
        return any(
            required in running or has_run(self.run_state(required)) is not HasRun.ALWAYS
            for required in self.program_usage.needed_by(step)
        )

    def steps_of(self, task_id: TaskId) -> Mapping[StepDefinition, None]:
        """Return the steps that a background task may begin."""
        activity = self.usage.activities.get(task_id)
        if isinstance(activity, StepRun):
            return self.program_usage.closure(activity)
        return self.program_usage.steps_used_by(activity.function) if isinstance(activity, Call) else {}

    def steps_begun_by(self, task_id: TaskId) -> Mapping[StepDefinition, None]:
        """Return the steps that a background task may begin, without dependencies that have always run before."""
        activity = self.usage.activities.get(task_id)
        if isinstance(activity, StepRun):
            run_states = self.facts.task_entry_run_states.get(task_id, {})
            closure = self.program_usage.closure(activity)
            return {step: None for step in closure if step is activity.definition or _may_begin(run_states, step)}
        return self.facts.steps_begun_by_call(activity.function) if isinstance(activity, Call) else {}

    def steps_begun_by_run(self, run: StepRun) -> list[StepDefinition]:
        """Return the steps that the run of a step may begin here."""
        closure = self.program_usage.closure(run)
        return [
            step for step in closure if step is run.definition or has_run(self.run_state(step)) is not HasRun.ALWAYS
        ]

    def has_run_in_task(self, step: StepDefinition, run_states: RunStates | None = None) -> HasRun:
        """Return whether a step has run when a task that begins at the current await needs it.

        Overlapping calls may declare and begin a step of the same name before the task begins.
        """
        has_run = self.has_run(step, run_states)
        return HasRun.SOMETIMES if step in self.program_usage.overlapping_declarations else has_run

    def has_run(self, step: StepDefinition, run_states: RunStates | None = None) -> HasRun:
        """Return whether a step has run when another step needs it, in the current or in other run states.

        Adds a note if the step may have failed.
        """
        run_state = self.run_state(step, run_states)
        failed_meanwhile = run_state & RUN and self.state.running_task_by_step.get(step) in self.state.may_be_running
        if (run_state & FAILED_OR_SKIPPED and not run_state & NOT_RUN) or failed_meanwhile:
            self._report_possible_failure(step)
        return has_run(run_state)

    def scheduling_context(self) -> SchedulingContext:
        """Return the facts for scheduling steps that begin here."""
        program_usage = self.program_usage
        calls = [start.activity for start in self.state.queued_tasks.values() if isinstance(start.activity, Call)]
        first_awaits = [self.facts.first_await_steps_of(call.function) for call in calls]
        return SchedulingContext(
            self.has_run,
            self.state.running_task_by_step.get,
            program_usage.steps_used_in_body,
            program_usage.closure,
            program_usage.is_declared_with,
            may_await_dependencies=self._may_await_dependencies,
            may_begin_at_once={
                *self.may_begin_during(),
                *(step for first_await in first_awaits for step in first_await.may_have_begun),
            },
            steps_of_beginning_functions={
                step for call in calls for step in program_usage.steps_used_by(call.function)
            },
            may_be_running=cache(self.may_be_running),
            budget=program_usage.budget,
        )

    def may_be_running(self) -> AbstractSet[StepDefinition]:
        """Return the steps that callers and functions in the background may begin or still be running."""
        tasks = self.usage.call_tasks & self.state.may_be_running
        return self.may_begin_during().keys() | {step for task_id in tasks for step in self.steps_begun_by(task_id)}

    def _may_await_dependencies(self, step: StepDefinition) -> bool:
        """Return whether a step in the background may still be waiting for its own dependencies."""
        return any(self._may_begin_before_dependencies(task_id, step) for task_id in sorted(self.state.may_be_running))

    def _may_begin_before_dependencies(self, task_id: TaskId, step: StepDefinition) -> bool:
        """Return whether a step of a task may have begun before its own dependencies had run."""
        activity = self.usage.activities.get(task_id)
        if not isinstance(activity, StepRun):
            return False
        run_states = self.facts.task_entry_run_states.get(task_id, {})
        begun_at_same_await = self.facts.begun_at_same_await.get(task_id, ())
        needed = self.program_usage.direct_dependencies(activity).get(step, ())
        return any(
            dependency in begun_at_same_await or has_run(run_states.get(dependency, NO_PATH)) is not HasRun.ALWAYS
            for dependency in needed
        )

    def must_begin_in_order(self, task_id: TaskId) -> bool:
        """Return whether a queued task must begin at the next await, after all tasks that started before it."""
        return task_id in self.state.must_have_started and task_id not in self.program_usage.unordered

    def record_await(self, steps: Iterable[StepDefinition]) -> None:
        """Record an await. If this may be the first await of the function, `steps` and queued tasks may begin there."""
        if self.state.may_precede_first_await:
            self.first_await_steps_of.update(dict.fromkeys(steps))
            for task_id in sorted(self.state.queued_tasks):
                self.first_await_steps_of.update(self.steps_of(task_id))
        self.state.may_precede_first_await = False

    def begun(self, steps: Iterable[StepDefinition], *, on_every_path: bool = True) -> None:
        """Record that steps have begun. A step that needs them then waits for their end instead of running them."""
        for step in steps:
            if step in self.program_usage.needed:
                self.state.mark_begun(step, on_every_path=on_every_path)

    def record_possible_failure(self, steps: Iterable[StepDefinition], state: RunHistory | None = None) -> None:
        """Record that the program may continue after steps have failed, in the current or in another state."""
        target = state or self.state
        for step in steps:
            if step in self.program_usage.needed:
                target.run_states[step] = target.at(step) | FAILED_OR_SKIPPED

    def awaited_steps_in(self, block: OperationBlock) -> Iterator[StepDefinition]:
        """Yield the steps of the background tasks that are awaited in a block."""
        for operation in operations_in(block):
            if isinstance(operation, Await):
                for task_id in sorted(task_ids_of(operation.group)):
                    yield from self.steps_of(task_id)

    def run_with_expanded_body(
        self, run: StepRun, must_have_run: Iterable[StepDefinition] = (), may_have_run: Iterable[StepDefinition] = ()
    ) -> StepRun:
        """Return a run of a step without its dependencies, with its body expanded.

        The body is analyzed in a state after the dependencies of the step and after `must_have_run`. Steps in
        `may_have_run` may have run as well.
        """
        if not run.body.operations:
            return replace(run, dependencies=())
        body_analysis = BodyAnalysis(self.facts, self.function, self.usage, self.analyze_block, self.is_run_method)
        body_analysis.state = replace(
            self.state.copy(), begun_by_first_await=frozenset(), may_precede_first_await=False
        )
        body_analysis.begun((step for step in may_have_run if step is not run.definition), on_every_path=False)
        body_analysis.begun(must_have_run)
        body_analysis.begun(step for step in self.program_usage.closure(run) if step is not run.definition)
        body = self.analyze_block(body_analysis, run.body)
        self.begun(self.program_usage.steps_used_in_body(run), on_every_path=False)
        return replace(run, body=body, dependencies=())

    def report_steps_of_others(self, roots: Iterable[DirectCall]) -> None:
        """Add a note for each step that calls need and that may wait for its dependencies in a concurrent function."""
        waiting = dict(self.may_wait_during())
        for task_id in sorted(self.usage.call_tasks & self.state.may_be_running):
            waiting |= self.facts.waiting_in_task.get(task_id, {})
        for root in roots if waiting else ():
            needed = self.program_usage.closure(root.run).keys() - {root.run.definition}
            self.report_repeated(step for step in waiting if step in needed)

    def report_repeated(self, steps: Iterable[StepDefinition]) -> None:
        """Add a note for each step that the SDK runs more than once."""
        for step in steps:
            if step in self.program_usage.cyclic_steps:
                continue
            self.facts.add_note(
                "dependency-runs-twice",
                step,
                f"the step {step.name!r} has dependencies, and several concurrent steps need it:"
                " the SDK runs it more than once.",
                "The graph shows it once. Await it before the steps that need it.",
            )

    def report_discarded_failures(self, steps: Iterable[StepDefinition]) -> None:
        """Add a note for each step whose error a group discards although the graph shows the step outside of it."""
        for step in steps:
            self.facts.add_note(
                "dependency-after-failure",
                step,
                f"the step {step.name!r} may fail, and a group of concurrent steps discards its error: then the steps"
                " that need it are skipped, and the run goes on.",
                "The graph does not show this.",
            )

    def _report_possible_failure(self, step: StepDefinition) -> None:
        self.facts.add_note(
            "dependency-after-failure",
            step,
            f"the step {step.name!r} may fail, or be skipped by an exception, before another step needs it:"
            " then it runs again.",
            "The graph shows it once, at its first run.",
        )


def _may_begin(run_states: RunStates, step: StepDefinition) -> bool:
    """Return whether code that needs a step may begin it, for the run states at the beginning of the code."""
    return has_run(run_states.get(step, NO_PATH)) is not HasRun.ALWAYS
