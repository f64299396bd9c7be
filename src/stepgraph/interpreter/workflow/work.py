"""Coroutines, tasks and step declarations of the analyzed program."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.interpreter.values.calls import Coroutine, GeneratorCall
from stepgraph.interpreter.values.containers import Collection, Declarations, HeapCell
from stepgraph.interpreter.values.objects import ClassValue, Instance
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import Activity, StepDefinition, StepRun
from stepgraph.ir.values import Value
from stepgraph.limits import Budget
from stepgraph.syntax.module import Place

NoteTable: TypeAlias = dict[tuple[str, int], tuple[Place, str, str, bool]]
"""Notes, as in `Interpreter.notes`."""


class WorkRegistry(Struct):
    """The coroutines, tasks, generators and objects that the program creates.

    Call sites are identified by the `id` of their syntax node.
    """

    last_task_id: TaskId = 0
    """The newest task id. Ids are assigned in ascending order from 1."""
    coroutines: dict[int, tuple[Place, Coroutine]] = field(default_factory=dict)
    """The first coroutine that each call site creates."""
    begun: set[int] = field(default_factory=set)
    """The call sites whose coroutine or generator begins or escapes."""
    wrapping_calls: dict[int, Place] = field(default_factory=dict)
    """The `asyncio.wait_for` call around a coroutine, by call site of the coroutine."""
    start_calls: dict[int, tuple[Place, set[TaskId]]] = field(default_factory=dict)
    """The tasks that each call starts, by call site."""
    activities: dict[TaskId, Activity] = field(default_factory=dict)
    """The work that each task runs."""
    shielded: set[TaskId] = field(default_factory=set)
    """Tasks protected from cancellation by `asyncio.shield`."""
    unordered: set[TaskId] = field(default_factory=set)
    """Tasks that begin in an unspecified order."""
    objects: list[Instance] = field(default_factory=list)
    """The instances of project classes, in order of creation."""
    escaped: dict[tuple[int, int], tuple[Value, Place, str]] = field(default_factory=dict)
    """The functions, classes and objects without steps that escape, with the place and the predicate of a report."""
    finished_task: Value | None = None
    """The task whose callback is being evaluated. Nothing waits for it if it is removed from a collection."""
    is_finished_in_loop: bool = False
    """Whether this task represents several tasks, because a loop starts it."""
    ignores_stores: bool = False
    """Whether functions that code stores in an unmodeled object do not escape."""
    classes_with_metaclass: list[ClassValue] = field(default_factory=list)
    """The classes whose metaclass the project defines."""
    inspected_classes: list[ClassValue] = field(default_factory=list)
    """The classes whose methods are being searched for steps, innermost last."""
    raised: dict[int, Instance] = field(default_factory=dict)
    """The exception that each `raise` statement raises, with its attributes at that point."""
    generators: dict[int, GeneratorCall] = field(default_factory=dict)
    """The first generator that each call site creates."""
    exhausted: dict[int, GeneratorCall] = field(default_factory=dict)
    """Generators that a loop has exhausted, by `id`. The reference keeps the id from being reused."""
    open_objects: list[Instance] = field(default_factory=list)
    """Objects of the project whose elements are being evaluated, outermost first."""
    iterating: dict[int, tuple[object, object]] = field(default_factory=dict)
    """The frame and loop of the latest iteration over each iterator, by the serial of its cell."""
    timed_tasks: set[TaskId] = field(default_factory=set)
    """Tasks that an enclosing task awaits with a timeout."""
    cancelled: set[TaskId] = field(default_factory=set)
    """Tasks that code may cancel. An await of a cancelled task ends before its steps do."""
    starting: int = 0
    """The number of tasks around the current code whose start is being evaluated."""
    empty_reads: dict[int, tuple[Collection, Place]] = field(default_factory=dict)
    """The latest reads of queues and futures without a value, by the `id` of the node."""
    deferred_notes: dict[TaskId, tuple[frozenset[int], NoteTable]] = field(default_factory=dict)
    """The notes of tasks that wait for such a value, with the keys of the reads."""
    unbegun: HeapCell = field(default_factory=lambda: HeapCell(sys.maxsize, Budget(), {"items": ()}))
    """Its slot `items` has the ids of the tasks that were started since the last await."""
    left_early: dict[TaskId, Place] = field(default_factory=dict)
    """Tasks that have not begun when an exception may occur, with the location of the exception."""
    provisional_tasks: set[TaskId] = field(default_factory=set)
    """Tasks whose last evaluation has called a function whose body is still being interpreted."""
    task_results: dict[TaskId, Value] = field(default_factory=dict)
    """The results of tasks that have changed since their start, because other code writes values that they read."""
    await_count: int = 0
    """The number of awaits evaluated so far."""
    call_count: int = 0
    """The number of calls evaluated so far."""
    counts_at_start: dict[TaskId, tuple[int, int]] = field(default_factory=dict)
    """`await_count` and `call_count` at the start of each task."""
    resuming: bool = False
    """Whether tasks in flight are being evaluated again."""
    _bits: dict[int, tuple[int, object]] = field(default_factory=dict)
    """The bit index of each callable, by `id`. The reference keeps the id from being reused."""

    def is_finished(self, value: object) -> bool:
        """Return whether a value is the task whose callback is being evaluated."""
        finished = self.finished_task
        return finished is not None and (value is finished or (not self.is_finished_in_loop and value == finished))

    def bit_of(self, callable_: object) -> int:
        """Return the bit of a callable. Sets of callables are bit sets, because their unions are cheap."""
        return 1 << self._bits.setdefault(id(callable_), (len(self._bits), callable_))[0]

    def new_task_id(self) -> TaskId:
        """Return the id of a new task."""
        self.last_task_id += 1
        return self.last_task_id

    def register_coroutine(self, coroutine: Coroutine, place: Place) -> Coroutine:
        """Register a coroutine, to report it if it never begins."""
        self.coroutines.setdefault(id(place.node), (place, coroutine))
        return coroutine

    def register_generator(self, generator: GeneratorCall) -> GeneratorCall:
        """Register a generator, to report it if nothing iterates over it."""
        self.generators.setdefault(id(generator.place.node), generator)
        return generator

    def record_start(self, place: Place, task_ids: Iterable[TaskId]) -> None:
        """Record the tasks that a call starts. Code that has its result can await them."""
        self.start_calls.setdefault(id(place.node), (place, set()))[1].update(task_ids)


class DeclaredSteps(Struct):
    """The steps declared so far."""

    by_name: Declarations = field(default_factory=Declarations)
    """The steps by name."""
    count: int = 0
    """The number of declarations."""
    runs: dict[StepDefinition, tuple[int, StepRun]] = field(default_factory=dict)
    """The run of each step as a dependency, with the version of `by_name` for which it is valid."""
    resolving: list[StepDefinition] = field(default_factory=list)
    """The stack of steps whose dependencies are being resolved."""
    choice_depths: list[int] = field(default_factory=list)
    """The lengths of `resolving` at each dependency on one of several steps."""
    called: set[int] = field(default_factory=set)
    """The identities of the declarations of the steps that have been called."""
    passed: set[StepDefinition] = field(default_factory=set)
    """The steps that methods of the step object have received as arguments, including in collections."""
    ran: set[StepDefinition] = field(default_factory=set)
    """The steps that have run."""
    hidden: dict[StepDefinition, StepDefinition] = field(default_factory=dict)
    """The earlier step that a step of the same name hides, if the earlier one had not run by then."""
    lists_depends: bool = False
    """Whether a declaration passes `depends`, as in legacy mode."""

    def add(self, step: StepFunction) -> int:
        """Count a declaration and return its number, starting at 1."""
        earlier = self.by_name.get(step.definition.name)
        if isinstance(earlier, StepFunction) and earlier.definition not in self.ran:
            self._hide(earlier.definition, step.definition)
        self.count += 1
        return self.count

    def _hide(self, earlier: StepDefinition, later: StepDefinition) -> None:
        if earlier.place.node is not later.place.node:
            self.hidden[later] = earlier
