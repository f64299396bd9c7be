"""What a call of steps sets going, and in which order: the steps it needs that have not run, and itself.

The SDK resolves dependencies when a step begins, one after another or, for a `concurrent` step, as tasks of their own;
a step that has begun is waited for instead of run again (`_gather_results`, `_resolve_dependency`). This is played
here without a clock: up to where everything waits, in the order of the event loop; what is asked for later may be asked
for in any order. Of the orders possible, that is kept which holds in all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.graph.bit_sets import bits, restricted
from stepgraph.ir.nodes import Dependency, StepChoice, StepDefinition, StepRun, TaskId
from stepgraph.limits import Budget, Limit


class HasRun(Enum):
    """Whether a step has run when it is needed, on the paths that lead there."""

    NEVER = "never"
    SOMETIMES = "sometimes"
    ALWAYS = "always"


class Root(Struct, frozen=True, eq=False):
    """A step that is called directly. `task_id` tells one that runs in the background, begun at the same await.

    One that is `awaited` itself begins ahead of all that waits for this await. It is not sure if that was started on
    some of the paths only. `has_run` tells what has run on the paths on which it begins here, where these are not all.
    """

    run: StepRun
    task_id: TaskId | None = None
    awaited: bool = False
    is_sure: bool = True
    has_run: Callable[[StepDefinition], HasRun] | None = None


class Memory(Struct, frozen=True):
    """What is known where steps begin: whether a step has run, and what is still running it.

    `runs_inside` are the steps that may run in the body of a step, `needs` those that it needs, and itself. One of some
    steps `goes_on` if others have begun it at the same await: it has to be waited for, but by no order that is drawn
    here. One that has begun in the background `may_wait` there for what it needs itself. `beside` are the steps of
    functions that begin at this await, `beside_at_once` those with which these begin, or others that go on. Some steps
    `may_begin_beside` the body of one that needs them there. What is compared counts against the `budget`.
    """

    has_run: Callable[[StepDefinition], HasRun]
    running: Callable[[StepDefinition], TaskId | None]
    runs_inside: Callable[[StepRun], Iterable[StepDefinition]]
    needs: Callable[[Dependency], Mapping[StepDefinition, None]]
    goes_on: Callable[[Iterable[StepDefinition]], bool] = lambda _: False
    may_wait: Callable[[StepDefinition], bool] = lambda _: False
    beside: AbstractSet[StepDefinition] = frozenset()
    beside_at_once: AbstractSet[StepDefinition] = frozenset()
    may_begin_beside: Callable[[StepRun], Iterable[StepDefinition]] = lambda _: ()
    budget: Budget = field(default_factory=Budget)


class Task(Struct, eq=False):
    """One run of a step: called directly as a `root`, or needed by another.

    `waits` are, for each of its dependencies, the runs it waits for: the first to be over. `asked_by` are the places it
    may begin at, none for what begins with the await, on behalf of a root; `shared_with` those that find it begun.
    `task_id` tells one that runs in the background, `conditional` one that may have run already. It `may_be_early` with
    what it asks for later: what it waits for is in the background, and over already perhaps. One that is needed by a
    concurrent step is a task `of_its_own`, which begins after all that waited for the await.
    """

    run: Dependency
    root: Root | None = None
    begun_by: Root | None = None
    task_id: TaskId | None = None
    conditional: bool = False
    may_be_early: bool = False
    of_its_own: bool = False
    waits: list[list[Task]] = field(default_factory=list)
    asked_by: list[tuple[Task, int]] = field(default_factory=list)
    shared_with: list[tuple[Task, int]] = field(default_factory=list)
    was_sure: bool = False

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """What it needs itself; of one that may have run already, that is not looked at here."""
        if self.conditional or isinstance(self.run, StepChoice) or self.task_id is not None:
            return ()
        return self.run.dependencies

    @property
    def begins_at_once(self) -> bool:
        """Whether it has begun as soon as what began it waits for something."""
        return not (self.asked_by or self.of_its_own)

    @property
    def is_sure(self) -> bool:
        """Whether it begins for sure: for a call that was surely made, or asked for on behalf of one.

        What is sure stays so: more may ask for it, but nobody takes back to have done so.
        """
        self.was_sure = self.was_sure or any(root.is_sure for root in _roots_of(self))
        return self.was_sure

    @property
    def is_concurrent(self) -> bool:
        """Whether its dependencies begin as tasks of their own."""
        return isinstance(self.run, StepRun) and self.run.definition.concurrent and bool(self.run.definition.parameters)


class Schedule(Struct, frozen=True):
    """The runs that are not the background's own, each after those it depends on, and their order.

    Bit i of `before[j]` says that run i is over before run j begins. `after` are the handles of background work that is
    over before each. `twice` are the steps that the SDK runs again, since they are needed while they wait themselves.
    """

    tasks: tuple[Task, ...]
    before: tuple[int, ...]
    after: tuple[tuple[TaskId, ...], ...]
    twice: tuple[StepDefinition, ...]
    begun: Mapping[_Key, Sequence[Task]]

    def only(self, part: Sequence[int]) -> Schedule:
        """Return some of the runs in their order; what the whole finds begun or run twice is not told again."""
        tasks = tuple(self.tasks[index] for index in part)
        after = tuple(self.after[index] for index in part)
        return Schedule(tasks, tuple(restricted(self.before, part)), after, (), {})

    def has_begun_for(self, roots: AbstractSet[Root], step: StepDefinition, *, elsewhere: bool) -> HasRun | None:
        """Return whether background work of some roots finds a step it needs begun; None if nobody has begun it.

        What it needs only later may be begun `elsewhere` by then.
        """
        if any(step in key for key in self.begun if len(key) > 1):
            return HasRun.SOMETIMES
        tasks = self.begun.get((step,))
        if not tasks:
            return None
        own = [task for task in tasks if task not in self.tasks and not roots.isdisjoint(_roots_of(task))]
        needed = [task for task in own if task.root is None]
        if not own or (tasks[0] not in own and not needed):
            return HasRun.ALWAYS if any(task.is_sure for task in tasks if task not in own) else HasRun.SOMETIMES
        alone = any(roots >= set(_roots_of(task)) and not (task.asked_by and elsewhere) for task in needed or own)
        return HasRun.NEVER if alone and not any(task.conditional for task in needed) else HasRun.SOMETIMES


_Key: TypeAlias = tuple[StepDefinition, ...]


def schedule(roots: Sequence[Root], memory: Memory) -> Schedule:
    """Return what runs when steps are called at one await, in the order in which they begin."""
    play = _Play(memory)
    begun = play.begin(roots)
    tasks, visits = _depth_first([task for task in begun if task.task_id is None])
    foreground = [task for task in tasks if task.task_id is None]
    background = [task for task in tasks if task.task_id is not None]
    task_ids = [task.task_id for task in background if task.task_id is not None]
    needs = _Needs({task: position for position, task in enumerate([*foreground, *background])}, visits, memory.budget)
    before: list[int] = []
    after: list[tuple[TaskId, ...]] = []
    for task in foreground:
        needed = needs.start[task]
        before.append(needed & ((1 << len(foreground)) - 1))
        after.append(tuple(task_ids[position] for position in bits(needed >> len(foreground))))
    return Schedule(tuple(foreground), tuple(before), tuple(after), _twice(tasks, needs, begun, play), play.begun)


def definitions_of(dependency: Dependency) -> tuple[StepDefinition, ...]:
    """Return the steps that a dependency may be."""
    if isinstance(dependency, StepRun):
        return (dependency.definition,)
    return tuple(d for case in dependency.cases for d in definitions_of(case.dependency))


class _Play:
    """The tasks that begin, and who waits for which of them. What background work needs is waited for `inside` it.

    What an earlier await has begun, and is needed here, `may_not_have_started`: it may be waiting for its own still.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.begun: dict[_Key, list[Task]] = {}
        self.inside: dict[Task, Task] = {}
        self.may_have_begun: set[StepDefinition] = set()
        self.may_not_have_started: list[StepDefinition] = []
        self.ready: deque[Callable[[], object]] = deque()
        self.waiting: deque[tuple[Task, int]] = deque()

    def begin(self, roots: Sequence[Root]) -> list[Task]:
        """Begin steps in the order of the event loop, then everything that is needed once something is over."""
        tasks = [Task(root.run, root, root, root.task_id) for root in roots]
        for task in tasks:
            self.ready.append(lambda task=task: self._call(task))  # type: ignore[misc]
        awaited = sum(root.awaited for root in roots)
        self.ready.insert(awaited, lambda: self.may_have_begun.update(self.memory.beside_at_once))
        while self.ready:
            self.ready.popleft()()
        self.may_have_begun.update(self.memory.beside)
        while self.waiting:
            task, first = self.waiting.popleft()
            for position in range(first, len(task.dependencies)):
                self._ask(task, position, later=True)
        return tasks

    def _call(self, task: Task) -> None:
        """Begin a step. What it needs has begun for others too, which see nothing of background work but its end."""
        self._begin(task, definitions_of(task.run))
        if task.task_id is not None:
            self.inside[task] = task = Task(task.run, begun_by=task.root)
        self._resolve(task)

    def _begin(self, task: Task, key: _Key) -> None:
        self.begun.setdefault(key, []).append(task)
        self.may_have_begun.update(key)
        if isinstance(task.run, StepRun) and task.task_id is None:
            self.may_have_begun.update(self.memory.runs_inside(task.run))

    def _resolve(self, task: Task) -> None:
        task.waits = [[] for _ in task.dependencies]
        if task.is_concurrent:
            for position in range(len(task.dependencies)):
                self.ready.append(lambda position=position: self._ask(task, position, later=False))  # type: ignore[misc]
            return
        for position in range(len(task.dependencies)):
            if self._ask(task, position, later=False):
                self.waiting.append((task, position + 1))
                return

    def _ask(self, task: Task, position: int, *, later: bool) -> bool:
        """Find or begin what a task needs; tell whether it has to wait for it."""
        dependency = task.dependencies[position]
        key = definitions_of(dependency)
        running = self.begun.get(key)
        self.memory.budget.spend(Limit.PAIRS, len(running or ()) + 1)
        if running is None or not any(_has_begun_with(other, task) for other in running):
            return self._ask_memory(task, position, dependency, key, later=later)
        known = self._known(key, task.begun_by)
        if known == {HasRun.ALWAYS} and self._in_background(key) is None:
            return False  # its result is remembered, whatever runs it again
        if later and task.may_be_early and all(other.root is not None for other in running):
            self._begin(Task(dependency, begun_by=task.begun_by, conditional=True), key)
            running = self.begun[key]
        if known == {HasRun.NEVER}:
            task.waits[position] = list(running)
        for other in running:
            other.shared_with.append((task, position))
            if other.asked_by:
                other.asked_by.append((task, position))
        return True

    def _ask_memory(self, task: Task, position: int, dependency: Dependency, key: _Key, *, later: bool) -> bool:
        if self._has_run_with(task, position, key):
            return False
        known = self._known(key, task.begun_by)
        if known == {HasRun.ALWAYS}:
            self.may_not_have_started += filter(self.memory.may_wait, key)
            beside = self.memory.beside_at_once
            task_id = self._in_background(key)
            if task_id is None:
                if not beside.isdisjoint(key):  # it may go on there, and has to be waited for
                    self.may_have_begun |= beside
                return self.memory.goes_on(key)
            task.may_be_early = True
            needed = Task(dependency, task_id=task_id)
        else:
            needed = Task(dependency, conditional=known != {HasRun.NEVER} or not self.may_have_begun.isdisjoint(key))
        needed.begun_by = task.begun_by
        needed.of_its_own = task.of_its_own or task.is_concurrent
        self._begin(needed, key)
        task.waits[position] = [needed]
        if later and needed.task_id is None:
            needed.asked_by.append((task, position))
            needed.begun_by = None
            needed.waits = [[] for _ in needed.dependencies]
            self.waiting.append((needed, 0))
        else:
            self._resolve(needed)
        return True

    def may_wait(self, run: Dependency) -> bool:
        """Whether a step that may have run waits for its own first, where it has not."""
        needed = run.dependencies if isinstance(run, StepRun) else ()
        return any(self.memory.has_run(step) is not HasRun.ALWAYS for own in needed for step in definitions_of(own))

    def _known(self, key: _Key, asking: Root | None) -> set[HasRun]:
        ask = self.memory.has_run if asking is None else asking.has_run or self.memory.has_run
        return set(map(ask, key))

    def _has_run_with(self, task: Task, position: int, key: _Key) -> bool:
        """Whether a step has run since another one has that needs it and was waited for before."""
        if task.is_concurrent or len(key) > 1:
            return False
        before = (other for waits in task.waits[:position] for other in waits if other.conditional)
        return any(isinstance(other.run, StepRun) and key[0] in self.memory.needs(other.run) for other in before)

    def _in_background(self, key: _Key) -> TaskId | None:
        return self.memory.running(key[0]) if len(key) == 1 else None


def _depth_first(roots: Sequence[Task]) -> tuple[list[Task], list[tuple[Task, bool]]]:
    """Return all tasks that roots wait for, each after those it waits for, and the way there: entered, then left."""
    visits: list[tuple[Task, bool]] = []
    tasks: list[Task] = []
    seen: set[Task] = set()
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        visits.append((root, True))
        stack = [(root, _waited_for(root))]
        while stack:
            task, rest = stack[-1]
            needed = next((other for other in rest if other not in seen), None)
            if needed is None:
                stack.pop()
                tasks.append(task)
                visits.append((task, False))
            else:
                seen.add(needed)
                visits.append((needed, True))
                stack.append((needed, _waited_for(needed)))
    return tasks, visits


def _roots_of(task: Task) -> Iterator[Root]:
    """Yield the direct calls that have begun a task, or may have; one may come several times."""
    seen = {task}
    pending: list[Iterator[tuple[Task, int]]] = []
    while True:
        if task.begun_by is not None:
            yield task.begun_by
        pending.append(iter(task.asked_by))
        while (asking := next((one for one, _ in pending[-1] if one not in seen), None)) is None:
            pending.pop()
            if not pending:
                return
        seen.add(asking)
        task = asking


def _waited_for(task: Task) -> Iterator[Task]:
    return (other for waits in task.waits for other in waits)


class _Needs:
    """The runs that are over before each task begins (`begin`), and before its step starts (`start`), as bit sets.

    What begins when the first of several asks is after what all of them are after. Sets shrink until they agree.
    """

    def __init__(self, index: dict[Task, int], visits: Sequence[tuple[Task, bool]], budget: Budget) -> None:
        self.index = index
        effort = sum(len(task.waits) + len(task.asked_by) + 1 for task, _ in visits)
        everything = (1 << len(index)) - 1
        self.begin = {task: everything if task.asked_by else 0 for task in index}
        self.start = dict.fromkeys(index, everything)
        self._asked = {task: [everything] * (len(task.waits) + 1) for task in index}
        changed = True
        while changed:
            changed = False
            budget.spend(Limit.PAIRS, effort)
            for task, entered in visits:
                changed |= self._update_begin(task) if entered else self._update_start(task)

    def asked(self, task: Task, position: int) -> int:
        """Return what is over when a task asks for one of its dependencies, or, for their number, when all are over."""
        asked = self._asked[task]
        for waits in task.waits[len(asked) - 1 : position]:
            asked.append(asked[-1] | self._over(waits))
        return self.begin[task] if task.is_concurrent and position < len(task.waits) else asked[position]

    def _over(self, waits: Sequence[Task]) -> int:
        over = -1 if waits else 0
        for task in waits:
            over &= self.start[task] | 1 << self.index[task]
        return over

    def _update_begin(self, task: Task) -> bool:
        before = self.begin[task]
        if task.asked_by:
            begin = -1
            for asking, position in task.asked_by:
                begin &= self.asked(asking, position) if asking in self.index else 0
            self.begin[task] = begin
        self._asked[task] = [self.begin[task]]
        return before != self.begin[task]

    def _update_start(self, task: Task) -> bool:
        start = self.asked(task, len(task.waits))
        changed = start != self.start[task]
        self.start[task] = start
        return changed


def _twice(tasks: Sequence[Task], needs: _Needs, begun: Sequence[Task], play: _Play) -> tuple[StepDefinition, ...]:
    """Return the steps that are asked for by another before they have started, and so run once more."""
    if play.inside:
        tasks, visits = _depth_first([*begun, *play.inside.values()])
        needs = _Needs({task: position for position, task in enumerate(tasks)}, visits, play.memory.budget)
    found = list(play.may_not_have_started)
    for task in tasks:
        if task.conditional and task.shared_with and play.may_wait(task.run):
            found += definitions_of(task.run)
        inside = play.inside.get(task, task)
        if (
            task.conditional
            or isinstance(task.run, StepChoice)
            or inside.task_id is not None  # begun at an earlier await
            or not (task.is_concurrent or needs.start[inside] != needs.begin[inside])
        ):
            continue
        enough = 1 << needs.index[task]
        last = _last_of_its_own(inside)
        if last is not None:
            enough |= 1 << needs.index[last]
        asking = [(other, position) for other, position in task.shared_with if other in needs.index]
        if any(not needs.asked(*asked) & enough and _may_meet(task, asked[0]) for asked in asking):
            found.append(task.run.definition)
    return tuple(dict.fromkeys(found))


def _may_meet(one: Task, other: Task) -> bool:
    """Whether two tasks begin on the same path: those that only may have been called, by different calls, need not."""
    return one.is_sure or _has_begun_with(other, one)


def _has_begun_with(one: Task, other: Task) -> bool:
    """Whether a task has begun on each path on which another one has."""
    return one.is_sure or not set(_roots_of(one)).isdisjoint(_roots_of(other))


def _last_of_its_own(task: Task) -> Task | None:
    """Return the run that a step has begun itself and waits for last: after it, the step goes on first."""
    if task.is_concurrent or not task.waits or len(task.waits[-1]) != 1:
        return None
    (last,) = task.waits[-1]
    return None if any(other is task for other, _ in last.shared_with) else last
