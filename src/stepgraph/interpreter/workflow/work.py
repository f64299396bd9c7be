"""The coroutines and tasks that a program makes, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from stepgraph.interpreter.objects.values import Coroutine, Declarations, GeneratorCall, Instance, StepFunction
from stepgraph.ir.nodes import Activity, StepDefinition, StepRun, TaskId
from stepgraph.syntax.module import Place


class WorkRegistry(Struct):
    """Work by the node of the call that makes it, and, if it was set going, by its handle: they are numbered.

    `made` are the coroutines, of which some have `begun`, `wrapped` the calls that make others of them, `started` those
    that set work going; `activities` is what was started, of which some are `shielded` from being cancelled, and some
    `unordered`: they begin in any order. `objects` are those of classes of the project, `raised` the exceptions, by the
    node that raises each, with what they hold then. `generators` are those that the program makes, of which a loop has
    `exhausted` some.
    """

    task_ids: TaskId = 0
    made: dict[int, tuple[Place, Coroutine]] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    wrapped: dict[int, Place] = field(default_factory=dict)
    started: dict[int, tuple[Place, set[TaskId]]] = field(default_factory=dict)
    activities: dict[TaskId, Activity] = field(default_factory=dict)
    shielded: set[TaskId] = field(default_factory=set)
    unordered: set[TaskId] = field(default_factory=set)
    objects: list[Instance] = field(default_factory=list)
    raised: dict[int, Instance] = field(default_factory=dict)
    generators: dict[int, GeneratorCall] = field(default_factory=dict)
    exhausted: dict[int, GeneratorCall] = field(default_factory=dict)
    limited: set[TaskId] = field(default_factory=set)
    """The work that is awaited up to a timeout by the task that it is in."""
    awaits: int = 0
    """How many awaits have been read."""
    resuming: bool = False
    """Whether tasks in flight are being read again."""
    _bits: dict[int, tuple[int, object]] = field(default_factory=dict)

    def bit_of(self, callable_: object) -> int:
        """Return the bit of a callable in sets of them: as others, they would take the square of the calls."""
        return 1 << self._bits.setdefault(id(callable_), (len(self._bits), callable_))[0]

    def new_task_id(self) -> TaskId:
        """Return a handle for work to be started."""
        self.task_ids += 1
        return self.task_ids

    def make(self, coroutine: Coroutine, place: Place) -> Coroutine:
        """Return a new coroutine, and remember it: one that never begins is reported."""
        self.made.setdefault(id(place.node), (place, coroutine))
        return coroutine

    def generate(self, generator: GeneratorCall) -> GeneratorCall:
        """Return a new generator, and remember it: one that nothing is seen to go over is reported."""
        self.generators.setdefault(id(generator.place.node), generator)
        return generator

    def hold(self, place: Place, task_ids: Iterable[TaskId]) -> None:
        """Remember the call that set work going: whoever has what it gives can wait for that."""
        self.started.setdefault(id(place.node), (place, set()))[1].update(task_ids)


class DeclaredSteps(Struct):
    """The steps declared so far, by name, and how many there were.

    `runs` are their runs as dependencies with the version of the declarations that they hold for, `resolving` the steps
    whose dependencies are being looked up, `choosing` how many of them there were where a dependency is one of several.
    `ran` are the steps that ran, `hides` says which step that had not run another one of its name took the place of.
    `lists_depends` tells that some step was declared as in legacy mode.
    """

    by_name: Declarations = field(default_factory=Declarations)
    count: int = 0
    runs: dict[StepDefinition, tuple[int, StepRun]] = field(default_factory=dict)
    resolving: list[StepDefinition] = field(default_factory=list)
    choosing: list[int] = field(default_factory=list)
    ran: set[StepDefinition] = field(default_factory=set)
    hides: dict[StepDefinition, StepDefinition] = field(default_factory=dict)
    lists_depends: bool = False

    def add(self, step: StepFunction) -> int:
        """Count a step that is declared, and return its number; it may hide one of its name."""
        before = self.by_name.get(step.definition.name)
        if isinstance(before, StepFunction) and before.definition not in self.ran:
            self._hide(before.definition, step.definition)
        self.count += 1
        return self.count

    def _hide(self, before: StepDefinition, now: StepDefinition) -> None:
        if before.place.node is not now.place.node:
            self.hides[now] = before
