"""Coroutines, tasks and step declarations of the analyzed program, and the tasks that it may await or cancel.

A cancellation in the function call that started the task counts only on the paths after it. Other cancellations count
everywhere, because another function may cancel the task at any time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.values.calls import Coroutine, GeneratorCall
from stepgraph.interpreter.values.containers import Collection, Element, MappingEntry
from stepgraph.interpreter.values.heap_cells import Declarations, HeapCell
from stepgraph.interpreter.values.objects import ClassValue, ProjectObject
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.tasks import Gathering, Task, WaitForCall
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.await_groups import (
    AwaitedTask,
    AwaitGroup,
    AwaitMember,
    TaskId,
    awaited_tasks_of,
    task_ids_of,
    unfinished,
)
from stepgraph.ir.facts import StepPrefix
from stepgraph.ir.nodes import Activity, StepDefinition, StepRun
from stepgraph.ir.step_settings import StepParameter
from stepgraph.ir.values import Value
from stepgraph.limits import Budget
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.python_names import COROUTINE_FUNCTIONS

if TYPE_CHECKING:
    import libcst as cst

    from stepgraph.interpreter.interpreter import Interpreter


NoteTable: TypeAlias = dict[tuple[str, int], tuple[SourcePlace, str, str, bool]]
"""A table of notes; see `Interpreter.notes`."""


class EscapedValue(Struct, frozen=True):
    """A callable or object that has left the analysis without steps, but may run steps later."""

    value: Value
    place: SourcePlace
    """The location for a report."""
    action: str
    """The predicate of a report, as in `is passed to ...`."""
    finished_task: Value | None
    """See `WorkRegistry.finished_task`."""
    is_finished_in_loop: bool
    """See `WorkRegistry.is_finished_in_loop`."""
    in_step: bool
    """Whether it left in the body of a step."""


class StepIndex(Struct):
    """The steps in some declarations, in order and by their properties.

    New declarations are added without a pass over the earlier ones.
    """

    steps: list[StepDefinition] = field(default_factory=list)
    """All steps."""
    with_braces: list[StepDefinition] = field(default_factory=list)
    """The steps whose names may contain code, as in an f-string."""
    by_function_name: dict[str, StepDefinition] = field(default_factory=dict)
    """The first step of each function."""
    _size: int = 0
    """The number of indexed declarations."""
    _changes: int = 0
    """The value of `Declarations.changes` for which the index is valid."""

    def update(self, declarations: Declarations) -> None:
        """Add the declarations since the last update. Index all of them again if one was replaced or removed."""
        if declarations.changes != self._changes:
            self.steps = []  # a new list, because facts refer to the old one
            self.with_braces.clear()
            self.by_function_name.clear()
            self._size, self._changes = 0, declarations.changes
        for value in islice(declarations.values(), self._size, None):
            for step in (function.definition for function in step_functions_in(value)):
                self.steps.append(step)
                self.by_function_name.setdefault(step.function_name, step)
                if "{" in step.declared_name:
                    self.with_braces.append(step)
        self._size = len(declarations)

    def first_steps(self) -> StepPrefix:
        """Return the current steps."""
        return StepPrefix(self.steps, len(self.steps))


def step_functions_in(value: Value) -> Iterator[StepFunction]:
    """Yield the steps that a declaration may refer to."""
    if isinstance(value, StepFunction):
        yield value
    elif isinstance(value, Union):
        for case in value.cases:
            yield from step_functions_in(case.value)


class TaskStart(Struct, frozen=True):
    """The state of the interpreter at the start of a task."""

    call: int
    """The function call that starts the task, as the serial of the cell with its names."""
    await_count: int
    """The value of `WorkRegistry.await_count`."""
    risk_count: int
    """The value of `WorkRegistry.risk_count`."""
    loop_depth: int
    """The number of loops around the start, through all calls."""


class YieldedValues(Struct, frozen=True):
    """The values that a generator yields in one evaluation of its code."""

    elements: tuple[Element, ...]
    """The values, whose objects all uses of the generator share."""
    unchanged: tuple[Element, ...]
    """Copies of the values that no code changes."""
    since: int
    """The serial of the newest cell before the evaluation."""


class WorkRegistry(Struct):
    """The coroutines, tasks, generators and objects that the program creates.

    Call sites are identified by the `id` of their syntax node.
    """

    last_task_id: TaskId = 0
    """The most recent task id. Ids are assigned in ascending order, starting at 1."""
    coroutines: dict[int, tuple[SourcePlace, Coroutine]] = field(default_factory=dict)
    """The first coroutine that each call site creates."""
    external_coroutines: dict[int, tuple[SourcePlace, str]] = field(default_factory=dict)
    """The calls of coroutine functions outside the project that no `await` contains, with the names of the functions.

    The keys are the `id`s of the calls.
    """
    data_calls: set[int] = field(default_factory=set)
    """The `id`s of calls of functions that fail for a coroutine, or convert it to text."""
    begun: set[int] = field(default_factory=set)
    """The call sites whose coroutine or generator has begun or escaped."""
    wrapping_calls: dict[int, SourcePlace] = field(default_factory=dict)
    """The `asyncio.wait_for` call around a coroutine, by call site of the coroutine."""
    start_calls: dict[int, tuple[SourcePlace, set[TaskId]]] = field(default_factory=dict)
    """The tasks that each call starts, by call site."""
    activities: dict[TaskId, Activity] = field(default_factory=dict)
    """The work that each task runs."""
    shielded: set[TaskId] = field(default_factory=set)
    """The tasks that `asyncio.shield` protects from cancellation."""
    unordered: set[TaskId] = field(default_factory=set)
    """The tasks that begin in an unspecified order."""
    objects: list[ProjectObject] = field(default_factory=list)
    """The instances of project classes, in order of creation."""
    escaped: dict[tuple[int, int], EscapedValue] = field(default_factory=dict)
    """The callables and objects that escaped without steps, by the `id` of the place and of the value."""
    renamed: set[int] = field(default_factory=set)
    """The ids of the syntax nodes of functions whose `__name__` is assigned."""
    finished_task: Value | None = None
    """The finished task whose callback is being evaluated, if any. Its removal from a collection loses no work."""
    is_finished_in_loop: bool = False
    """Whether the finished task represents several tasks, because its callback is added in a loop."""
    ignores_stores: bool = False
    """Whether functions that are stored in an unmodeled object do not count as escaping."""
    classes_with_metaclass: list[ClassValue] = field(default_factory=list)
    """The classes whose metaclass is a project class."""
    inspected_classes: list[ClassValue] = field(default_factory=list)
    """The stack of classes whose methods are being searched for steps."""
    raised: dict[tuple[int, ClassValue], ProjectObject] = field(default_factory=dict)
    """The project objects that each `raise` statement raises, one for each class, with joined attributes."""
    generators: dict[int, GeneratorCall] = field(default_factory=dict)
    """The first generator that each call site creates."""
    exhausted: dict[int, GeneratorCall] = field(default_factory=dict)
    """The generators that have been consumed, by `id`. The reference keeps the id from being reused."""
    yielded: dict[int, tuple[GeneratorCall, list[YieldedValues]]] = field(default_factory=dict)
    """The different evaluations of each generator that yields new objects, by the `id` of the generator."""
    iterated: list[GeneratorCall] = field(default_factory=list)
    """The inlined generators with a loop whose body is being interpreted, outermost first."""
    comprehensions: list[list[Element] | list[MappingEntry]] = field(default_factory=list)
    """The elements or entries of each comprehension that is being evaluated, outermost first."""
    validated: dict[ClassValue, ProjectObject] = field(default_factory=dict)
    """The objects that the validation of the current object has created so far, one for each class."""
    validated_classes: dict[ClassValue, bool] = field(default_factory=dict)
    """For classes of validated fields: whether methods of the class, or of its fields, may run steps."""
    validates: bool = False
    """Whether initializers convert data to the classes that the annotations of fields name."""
    open_objects: list[ProjectObject] = field(default_factory=list)
    """The project objects whose elements are being evaluated, outermost first."""
    iterating: dict[int, tuple[object, object]] = field(default_factory=dict)
    """The frame and loop of the latest iteration over each iterator, by the serial of its cell."""
    timed_tasks: set[TaskId] = field(default_factory=set)
    """The tasks that an enclosing task awaits with a timeout."""
    cancelled: set[TaskId] = field(default_factory=set)
    """The tasks that code may cancel. The await of a canceled task ends before the task's steps do."""
    cancelled_elsewhere: set[TaskId] = field(default_factory=set)
    """The tasks that code outside the function call that started them may cancel, at any time."""
    cancelled_on_path: HeapCell = field(default_factory=lambda: HeapCell(sys.maxsize, Budget(), {"items": ()}))
    """A cell whose slot `items` has the ids of the tasks that the paths to the current code cancel."""
    starts: dict[TaskId, TaskStart] = field(default_factory=dict)
    """The start of each task, except for the awaitables that functions return."""
    starting: int = 0
    """The number of tasks whose start is being evaluated and that contain the current code."""
    generated_classes: dict[str, Value] = field(default_factory=dict)
    """The classes that library functions such as `namedtuple` create, by the source of an equivalent statement."""
    empty_reads: dict[int, tuple[Collection, SourcePlace]] = field(default_factory=dict)
    """The latest reads of queues and futures that had no value, by the `id` of the node."""
    deferred_notes: dict[TaskId, tuple[frozenset[int], NoteTable]] = field(default_factory=dict)
    """The notes of tasks that wait for a value of a queue or future, with the keys in `empty_reads`."""
    queued: HeapCell = field(default_factory=lambda: HeapCell(sys.maxsize, Budget(), {"items": (), "since": (0,)}))
    """A cell whose slot `items` has the ids of the tasks that have started since the last await, and have not begun.

    An exception leaves those after the id in `since`: the last one that was started before the await of a function.
    """
    queued_at_exceptions: set[TaskId] = field(default_factory=set)
    """The tasks that were queued when an exception occurred."""
    immediate_tasks: set[TaskId] = field(default_factory=set)
    """The tasks that an awaited expression starts, without a possible exception before they begin."""
    delayed_tasks: set[TaskId] = field(default_factory=set)
    """The tasks that begin only after code that may raise."""
    late_tasks: dict[TaskId, SourcePlace] = field(default_factory=dict)
    """The tasks that may begin after steps of a handler, with the location of the exception before them."""
    early_raise_count: int = 0
    """The number of recorded `EarlyRaise`s."""
    provisional_tasks: set[TaskId] = field(default_factory=set)
    """The tasks whose last evaluation called a function whose body was still being interpreted."""
    first_starts: dict[TaskId, TaskId] = field(default_factory=dict)
    """For a task that a repeated evaluation of another task starts: the same task in the first evaluation."""
    task_results: dict[TaskId, Value] = field(default_factory=dict)
    """The new results of tasks that read variables which other code has written since the task started."""
    await_count: int = 0
    """The number of awaits evaluated so far."""
    risk_count: int = 0
    """The number of evaluated calls of other code, subscripts, operators, `raise` and `assert` statements."""
    last_unresumable: TaskId = 0
    """While a task is evaluated again, the last task from before this. Only the tasks after it can be resumed."""
    _bits: dict[int, tuple[int, object]] = field(default_factory=dict)
    """The bit index of each callable, by `id`. The reference keeps the id from being reused."""

    @contextmanager
    def in_callback(self, finished: Value | None, *, is_in_loop: bool) -> Iterator[None]:
        """Evaluate code in a callback of a finished task, or outside of such callbacks if the task is None."""
        outer = self.finished_task, self.is_finished_in_loop
        self.finished_task, self.is_finished_in_loop = finished, is_in_loop
        try:
            yield
        finally:
            self.finished_task, self.is_finished_in_loop = outer

    def is_finished(self, value: object) -> bool:
        """Return whether a value is the finished task whose callback is being evaluated."""
        finished = self.finished_task
        return finished is not None and (value is finished or (not self.is_finished_in_loop and value == finished))

    def bit_of(self, callable_: object) -> int:
        """Return the bit of a callable. Sets of callables are bit sets, because unions of bit sets are cheap."""
        return 1 << self._bits.setdefault(id(callable_), (len(self._bits), callable_))[0]

    def new_task_id(self) -> TaskId:
        """Return the id of a new task."""
        self.last_task_id += 1
        return self.last_task_id

    def register_coroutine(self, coroutine: Coroutine, place: SourcePlace) -> Coroutine:
        """Register a coroutine, which is reported if it never begins."""
        self.coroutines.setdefault(id(place.node), (place, coroutine))
        return coroutine

    def register_external_coroutine(self, name: str, place: SourcePlace) -> None:
        """Register the call of a function outside the project, which is reported if its coroutine never begins."""
        if name in COROUTINE_FUNCTIONS:
            self.external_coroutines.setdefault(id(place.node), (place, name))

    def await_external_coroutine(self, node: cst.Await) -> None:
        """Record that an `await` contains a call, so that its coroutine begins."""
        self.external_coroutines.pop(id(node.expression), None)

    def register_generator(self, generator: GeneratorCall) -> GeneratorCall:
        """Register a generator, which is reported if nothing iterates over it."""
        self.generators.setdefault(id(generator.place.node), generator)
        return generator

    def has_begun_generator(self, count: int, *, before: int) -> bool:
        """Return whether a generator has been consumed, after the first `count` ones, that is older than a heap cell.

        `before` is the serial of the cell.
        """
        if count == len(self.exhausted):
            return False
        return any(generator.serial < before for generator in islice(self.exhausted.values(), count, None))

    def record_start(self, place: SourcePlace, task_ids: Iterable[TaskId]) -> None:
        """Record the tasks that a call starts. Code that has the result of the call can await the tasks."""
        self.start_calls.setdefault(id(place.node), (place, set()))[1].update(task_ids)


class DependencyRun(Struct, frozen=True):
    """The run of a step as a dependency."""

    version: int
    """The version of `DeclaredSteps.by_name` for which the run is valid."""
    step: StepFunction
    run: StepRun
    has_effects: bool
    """Whether the run changes values that may affect other steps."""


class DeclaredSteps(Struct):
    """The steps that the program has declared so far."""

    by_name: Declarations = field(default_factory=Declarations)
    """The current step with each name."""
    index: StepIndex = field(default_factory=StepIndex)
    """The steps of `by_name` by their properties."""
    count: int = 0
    """The number of declarations so far."""
    runs: dict[StepDefinition, DependencyRun] = field(default_factory=dict)
    """The run of each step as a dependency."""
    required: set[StepDefinition] = field(default_factory=set)
    """The steps that the current call of a step has resolved as dependencies. Each of them runs at most once."""
    resolving: list[StepDefinition] = field(default_factory=list)
    """The stack of steps whose dependencies are being resolved."""
    choice_depths: list[int] = field(default_factory=list)
    """The length of `resolving` at each dependency that is a choice between several steps."""
    called: set[int] = field(default_factory=set)
    """The identities of the declarations whose steps have been called."""
    passed: set[StepDefinition] = field(default_factory=set)
    """The steps that were passed to methods of the step object, directly or in collections."""
    awaited: set[StepDefinition] = field(default_factory=set)
    """The steps that are awaited without a call."""
    ran: set[StepDefinition] = field(default_factory=set)
    """The steps that have run."""
    unknown_in_tasks: list[tuple[StepDefinition, StepParameter]] = field(default_factory=list)
    """The steps that tasks run, with a parameter that named no step when the task was created."""
    missing: set[int] = field(default_factory=set)
    """The parameters that match no step at a call that no unresolved code precedes, by `id` of the node."""
    hidden: dict[StepDefinition, StepDefinition] = field(default_factory=dict)
    """For each step, the earlier step with the same name that it hides, if that step had not run by then."""
    repeated: set[str] = field(default_factory=set)
    """The computed names with which several steps were declared. The values of such a name may differ."""
    named: dict[tuple[tuple[StepDefinition, ...], str], StepFunction] = field(default_factory=dict)
    """The steps that parameters name, by their declaration with a computed name and the name of the parameter.

    The declaration is the tuple of its definitions on all paths.
    """
    parameters_of_named: dict[tuple[str, int], tuple[StepDefinition, StepParameter, StepDefinition]] = field(
        default_factory=dict
    )
    """The parameters that name steps with computed names, with their steps and these declarations."""
    lists_depends: bool = False
    """Whether a declaration passes `depends`, as in legacy mode."""

    def add(self, step: StepFunction) -> int:
        """Count a declaration and return its 1-based number."""
        name = step.definition.declared_name
        earlier = self.by_name.get(name)
        if earlier is not None and "{" in name:
            self.repeated.add(name)
        if isinstance(earlier, StepFunction) and earlier.definition not in self.ran:
            self._hide(earlier.definition, step.definition)
        self.count += 1
        return self.count

    def _hide(self, earlier: StepDefinition, later: StepDefinition) -> None:
        if earlier.place.node is not later.place.node:
            self.hidden[later] = earlier


def record_cancellation(interpreter: Interpreter, task_ids: Iterable[TaskId]) -> None:
    """Record that the current code may cancel tasks."""
    work = interpreter.work
    on_path: tuple[TaskId, ...] = work.cancelled_on_path["items"]
    added: list[TaskId] = []
    for task_id in task_ids:
        work.cancelled.add(task_id)
        if not is_own_task(interpreter, task_id):
            work.cancelled_elsewhere.add(task_id)
        elif task_id not in on_path:
            added.append(task_id)
    if added:
        interpreter.store.write(work.cancelled_on_path, "items", (*on_path, *added))


def without_cancelled(interpreter: Interpreter, group: AwaitGroup) -> AwaitGroup:
    """Return a copy of a group that does not complete the tasks that may have been canceled before."""
    work = interpreter.work
    if not work.cancelled:
        return group
    on_path: tuple[TaskId, ...] = work.cancelled_on_path["items"]
    cancelled = {
        task_id
        for task_id in task_ids_of(group) & work.cancelled
        if task_id in on_path or task_id in work.cancelled_elsewhere or not is_own_task(interpreter, task_id)
    }
    return unfinished(group, cancelled) if cancelled else group


def is_own_task(interpreter: Interpreter, task_id: TaskId) -> bool:
    """Return whether the current call of a function has started a task."""
    start = interpreter.work.starts.get(task_id)
    return start is not None and start.call == interpreter.frame.body_scope.names.serial


def await_members(value: Value) -> tuple[AwaitMember, ...]:
    """Return the members of the await group for a value."""
    match value:
        case Task(task_id=task_id, all_runs=every, on_every_path=on_every_path):
            return (AwaitedTask(task_id, every, on_every_path),)
        case Gathering(members=members):
            return tuple(member for inner in members for member in _group_member(inner, value.started_tasks))
        case WaitForCall(inner=inner):
            return await_members(inner)
        case Union(cases=cases):
            return tuple(member for case in cases for member in await_members(case.value))
        case _:
            return ()


def awaited_tasks(value: Value) -> Iterator[AwaitedTask]:
    """Yield the tasks that awaiting a value waits for."""
    return awaited_tasks_of(AwaitGroup("all", await_members(value)))


def task_ids_in(value: Value) -> frozenset[TaskId]:
    """Return the ids of the tasks that awaiting a value, or the parts of a tuple, waits for."""
    parts = [item.value for item in value.items] if isinstance(value, Collection) else [value]
    return frozenset(awaited.task_id for part in parts for awaited in awaited_tasks(part))


def await_group(value: Gathering) -> AwaitGroup:
    """Return the await group for a gathering."""
    return AwaitGroup(
        value.kind,
        await_members(value),
        value.started_tasks,
        loop_depth=value.loop_depth,
        until_done=value.until_done,
        in_completion_order=value.in_completion_order,
        until_error=value.until_error,
        awaits_work_without_steps=value.awaits_work_without_steps,
    )


def _group_member(value: Value, outer_tasks: frozenset[TaskId]) -> tuple[AwaitMember, ...]:
    """Return a nested gathering as a group, or its members if these can join the outer group."""
    if not isinstance(value, Gathering):
        return await_members(value)
    group = await_group(value)
    nested = bool(group.started_tasks) and group.started_tasks <= outer_tasks
    if not group.members or (not nested and group.kind == "all" and group.until_done):
        return group.members
    return (replace(group, nested=nested),)
