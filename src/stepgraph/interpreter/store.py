"""The state of the program while it is read: which names and attributes hold which values.

Every write goes through a trail, so that a branch can be read, taken back and merged with the others at the cost of
what it changed, not of all there is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Alternatives,
    Collection,
    Constant,
    Declarations,
    Entry,
    FunctionValue,
    Gathering,
    Item,
    Mapping,
    Option,
    Slots,
    StepFunction,
    Task,
    Unresolved,
    Value,
    Volatile,
    changed_tasks,
    is_none,
    parts_of,
)
from stepgraph.ir.nodes import Awaited, Handle, StepDefinition
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import Place

# A slot is a value, or the elements of a collection: a tuple of items, entries or values.
Slot: TypeAlias = Any


# A choice among more values than this is not followed.
MOST_OPTIONS: Final = 200
_TWO: Final = 2
# To compare two elements takes so much more than to look at one.
_COMPARISON: Final = 4


class _Missing:
    __slots__ = ()


MISSING: Final = _Missing()
NEWEST_OF_ALL: Final = sys.maxsize


class _Prefix(Struct, frozen=True):
    """The elements of a collection before others were added: so many of those after it.

    To keep each list that is appended to would take the square of their number.
    """

    length: int


class Change(Struct, frozen=True):
    """What a slot held at the end of a stretch of the program."""

    container: Slots
    key: str
    value: Slot


Changes: TypeAlias = dict[tuple[int, str], Change]


# What tells a slot from all others: the serial of its container, and its key.
SlotId: TypeAlias = tuple[int, str]


class TaskState(Struct, eq=False):
    """What a task in flight shares with the code beside it."""

    handle: Handle
    place: Place
    loop_depth: int
    """The number of loops around its start."""
    loop_pass: int
    """The number of the pass of these loops in which it was started."""
    reads: frozenset[SlotId]
    """The slots that it reads, as far as they are older than it."""
    writes: dict[SlotId, list[Slot]] = field(default_factory=dict)
    """The values that it may write to slots older than it."""
    outcomes: list[Outcome] = field(default_factory=list)
    """What the slots hold that no other task in flight writes to."""


class Outcome(Struct, frozen=True):
    """A slot that a task writes to: it is `undecided` what it holds while the task is in flight, and `final` after."""

    container: Slots
    key: str
    undecided: Slot
    final: Slot


# A slot with all the values that it held, in order.
Written: TypeAlias = tuple[Slots, str, list[Slot]]


class Rewrite(Struct, frozen=True):
    """A slot that a task in flight reads and other code has written to since."""

    container: Slots
    key: str
    before: Slot

    @property
    def slot(self) -> SlotId:
        """What tells the slot from others."""
        return self.container.serial, self.key


class Store(Struct):
    """The trail of all writes.

    `epoch` stands for what functions have read from outside themselves: it is another one as soon as such a slot gets
    another value, and what was learned of functions before may not hold any longer. The `budget` counts what is taken
    back and joined.
    """

    budget: Budget = field(default_factory=Budget)
    epoch: int = 0
    reads: set[SlotId] = field(default_factory=set)
    """The slots from outside of it that the function being read has read so far."""
    in_flight: Slots = field(default_factory=lambda: Slots(NEWEST_OF_ALL, Budget()))
    """The `TaskState` of each task that may be in flight, by its handle."""
    replaced: set[StepDefinition] = field(default_factory=set)
    """The steps in the place of which something else was put, or which an exact look-up has passed over."""
    rewrites: list[Rewrite] = field(default_factory=list)
    """What tasks in flight read and other code has written to since the last await."""
    _contested: set[SlotId] = field(default_factory=set)
    _watched: set[SlotId] = field(default_factory=set)
    _passed_over: set[tuple[int, int]] = field(default_factory=set)
    _trail: list[tuple[Slots, str, Slot, int]] = field(default_factory=list)
    _observed: set[tuple[int, str]] = field(default_factory=set)
    _serial: int = 0
    _epochs: int = 0

    @property
    def serial(self) -> int:
        """The serial of the newest slots."""
        return self._serial

    def new(self, slots: dict[str, Slot] | None = None) -> Slots:
        """Return new slots."""
        self._serial += 1
        return Slots(self._serial, self.budget, slots)

    def observe(self, container: Slots, key: str) -> None:
        """Say that a function has read a slot that is not its own."""
        self._observed.add((container.serial, key))
        self.reads.add((container.serial, key))

    def write(self, container: Slots, key: str, value: Slot) -> None:
        """Set a slot, so that it can be taken back."""
        old = container.get(key, MISSING)
        if old is not value:
            if self._contested and (container.serial, key) in self._contested:
                value = self._unless_overwritten(container, key, value)
            self._write(container, key, old, old, value)

    def extend(self, container: Slots, value: tuple[Any, ...]) -> None:
        """Set the elements of a collection to those it has and others after them."""
        old = container["items"]
        self._write(container, "items", old, _Prefix(len(old)), value)

    def _write(self, container: Slots, key: str, old: Slot, trace: Slot, value: Slot) -> None:
        self._trail.append((container, key, trace, self.epoch))
        container[key] = value
        if isinstance(old, StepFunction) and not isinstance(value, Alternatives) and value.relevant:
            self._note_replaced(container, old)
        if self._watched and (container.serial, key) in self._watched and old is not MISSING:
            self.rewrites.append(Rewrite(container, key, old))
        if (container.serial, key) in self._observed and (_is_relevant(old) or _is_relevant(value)):
            self._epochs += 1
            self.epoch = self._epochs

    def _note_replaced(self, container: Slots, old: StepFunction) -> None:
        if not isinstance(container, Declarations):
            self.replaced.add(old.definition)

    def pass_over_others(self, owner: Collection | Mapping, taken: Value) -> None:
        """Note that code takes one step of a collection, and leaves the others unused."""
        key = owner.state.serial, owner.state.size
        if isinstance(taken, StepFunction) and key not in self._passed_over:
            self._passed_over.add(key)
            self.pass_over(element for element in owner.state.elements() if element.value is not taken)

    def pass_over(self, elements: Iterable[Item | Entry]) -> None:
        """Say that it is known that these elements of a collection are not the ones that are taken."""
        self.replaced.update(e.value.definition for e in elements if isinstance(e.value, StepFunction))

    def tasks(self) -> list[TaskState]:
        """Return the tasks that may be in flight."""
        return [task for held in self.in_flight.values() for task in held]

    def write_also(self, container: Slots, key: str, value: Slot, place: Place) -> None:
        """Set a slot to what it holds or to another value."""
        self.write(container, key, _any_of(self, key, [container.get(key, MISSING), value], place, None))

    def launch(self, task: TaskState, mark: int, newest: int) -> None:
        """Say that a task is in flight that was read since `mark`: what it writes may be written any time from now on.

        Slots after the `newest` are its own.
        """
        for container, key, values in self.written(mark, newest):
            slot = (container.serial, key)
            self.budget.spend(Limit.JOINED, sum(map(_weight, values)))
            alone = not any(slot in other.writes for other in self.tasks())
            undecided = _any_of(self, key, values, task.place, None)
            self.write(container, key, undecided)
            task.writes.setdefault(slot, []).extend(values[1:])
            if alone:
                task.outcomes.append(Outcome(container, key, undecided, values[-1]))
        self._supersede(task)
        self._contested |= task.writes.keys()
        self._watched |= task.reads
        if task.writes or task.reads:
            self.write(self.in_flight, str(task.handle), (task,))

    def _supersede(self, task: TaskState) -> None:
        """Let a task stand for those that earlier passes of its loop have started."""
        for earlier in self.tasks() if task.loop_depth else ():
            if earlier.place.node is task.place.node and earlier.loop_pass != task.loop_pass:
                self.write(self.in_flight, str(earlier.handle), ())
                for slot, values in earlier.writes.items():
                    known = task.writes.setdefault(slot, [])
                    self.budget.spend(Limit.JOINED, len(known) + len(values))
                    task.writes[slot] = _distinct([*known, *values])

    def extend_writes(self, task: TaskState, written: Sequence[Written]) -> None:
        """Say that a task in flight may write other values, too."""
        for container, key, values in written:
            task.writes.setdefault((container.serial, key), []).extend(values[1:])
            for value in values[1:]:
                self.write_also(container, key, value, task.place)
        self._contested |= task.writes.keys()

    def land(self, awaited: Awaited, loop_depth: int) -> None:
        """Say that a task is over: what it has written is what the slots hold, if nothing else wrote to them.

        Of a task started at each pass of a loop, the others may go on if the last one only is awaited.
        """
        handle = awaited.handle
        for task in self.in_flight.get(str(handle), ()):
            if not awaited.sure or not (awaited.every or loop_depth >= task.loop_depth):
                continue
            self.write(self.in_flight, str(handle), ())
            for outcome in task.outcomes:
                if outcome.container.get(outcome.key) is outcome.undecided:
                    self.write(outcome.container, outcome.key, outcome.final)

    def written(self, mark: int, newest: int) -> list[Written]:
        """Return the slots written since `mark` whose values can run steps, each with all that they held, in order."""
        held: dict[SlotId, tuple[Slots, str, list[Slot]]] = {}
        for container, key, old, _ in self._trail[mark:]:
            if container.serial > newest:
                continue
            now = container.get(key, MISSING)
            before = now[: old.length] if isinstance(old, _Prefix) and isinstance(now, tuple) else old
            held.setdefault((container.serial, key), (container, key, []))[2].append(before)
        found = [(container, key, [*values, container.get(key, MISSING)]) for container, key, values in held.values()]
        return [written for written in found if any(map(_runs_steps, written[2]))]

    def _unless_overwritten(self, container: Slots, key: str, value: Slot) -> Slot:
        """Return what a slot holds that tasks in flight may write to after this value is written."""
        slot = (container.serial, key)
        tasks = [task for task in self.tasks() if slot in task.writes]
        self.budget.spend(Limit.JOINED, len(self.in_flight))
        if not tasks:
            return value
        values = [value, *(other for task in tasks for other in task.writes[slot])]
        self.budget.spend(Limit.JOINED, sum(map(_weight, values)))
        return _any_of(self, key, values, tasks[0].place, None)

    def wrote_outside(self, mark: int, serial: int) -> bool:
        """Whether anything since `mark` went to slots that are older than `serial`."""
        return any(container.serial < serial for container, *_ in self._trail[mark:])

    def mark(self) -> int:
        """Return the present point, for `changes` and `rewind`."""
        return len(self._trail)

    def changes(self, mark: int) -> Changes:
        """Return what was written since `mark`, with the values held now."""
        self.budget.spend(Limit.JOINED, len(self._trail) - mark)
        found: Changes = {}
        for container, key, *_ in self._trail[mark:]:
            found[id(container), key] = Change(container, key, container.get(key, MISSING))
        return found

    def passed(self, mark: int) -> list[Changes]:
        """Return the values since `mark` that were replaced again: what an exception may have left.

        A list that is only appended to is left out: all that may be in it is in the one after it.
        """
        seen: set[tuple[int, str]] = set()
        found: list[Changes] = []
        for container, key, old, _ in self._trail[mark:]:
            if (id(container), key) in seen and old is not MISSING and not isinstance(old, _Prefix):
                found.append({(id(container), key): Change(container, key, old)})
            seen.add((id(container), key))
        return found

    def settle(self, mark: int) -> None:
        """Keep what was written since `mark`, whatever is taken back later."""
        del self._trail[mark:]

    def rewind(self, mark: int) -> Changes:
        """Take back all since `mark` and return it."""
        found = self.changes(mark)
        while len(self._trail) > mark:
            container, key, old, self.epoch = self._trail.pop()
            if old is MISSING:
                container.pop(key, None)
            elif isinstance(old, _Prefix):
                container[key] = container[key][: old.length]
            else:
                container[key] = old
        return found


class Path(Struct, frozen=True):
    """One of the ways to a point where ways meet: its condition and what it changed."""

    condition: str | None
    changes: Changes


def meet(
    store: Store, paths: Sequence[Path], discriminant: str | None, place: Place, since: Handle | None = None
) -> None:
    """Apply to the state what it is after exactly one of the paths, each counted from the present state.

    Work with a handle after `since` was started on one of the paths only.
    """
    if len(paths) == 1:
        apply(store, paths[0].changes)
        return
    keys = {key: change for path in paths for key, change in path.changes.items()}
    for key, change in keys.items():
        present = change.container.get(change.key, MISSING)
        ways = [(p.condition, p.changes[key].value if key in p.changes else present) for p in paths]
        store.budget.spend(Limit.JOINED, sum(_weight(value) for _, value in ways))
        store.write(change.container, change.key, _merged_slot(store, ways, discriminant, place, since))


def apply(store: Store, changes: Changes) -> None:
    """Make changes again that were taken back."""
    for change in changes.values():
        store.write(change.container, change.key, change.value)


def _weight(slot: Slot) -> int:
    """Return what it takes to look at all of a slot."""
    return len(slot) + 1 if isinstance(slot, tuple) else 1 if slot is MISSING else parts_of(slot)


def any_way(store: Store, ways: Sequence[Changes], place: Place, since: Handle | None = None) -> Changes:
    """Return what the state is after any of several ways, or none of them, without conditions to tell them apart.

    Work with a handle after `since` was started on one of these ways only.
    """
    keys = {key: change for way in ways for key, change in way.items()}
    found: Changes = {}
    for key, change in keys.items():
        present = change.container.get(change.key, MISSING)
        values = [present, *(way[key].value for way in ways if key in way)]
        store.budget.spend(Limit.JOINED, len(ways) + sum(map(_weight, values)))
        found[key] = Change(change.container, change.key, _any_of(store, change.key, values, place, since))
    return found


def unsettled(seen: Changes, found: Changes, newest: int) -> Changes:
    """Return the changes `found` at the end of code for which it has to be read again: it was with those `seen`.

    What is bound in that code only is no reason: it is bound again before it is used. Neither is an object or a
    collection that the code makes, after the `newest` before it.
    """
    changed: Changes = {}
    for key, change in found.items():
        if newest < change.container.serial < NEWEST_OF_ALL:
            continue
        before = seen[key].value if key in seen else change.container.get(change.key, MISSING)
        if before is not MISSING and not same(before, change.value) and _matters(before, change.value):
            changed[key] = change
    return changed


def same(one: Slot, other: Slot) -> bool:
    """Whether two values are the same, or what one piece of code makes at two passes of a loop."""
    if isinstance(one, Item | Entry) and isinstance(other, Item | Entry) and one is not other:
        one, other = _present(one), _present(other)
    return one is other or bool(one == other) or (_origin(one) is not None and _origin(one) == _origin(other))


def _likeness(value: Slot) -> object:
    """Return a key that is equal for two values that are the same: few others have it, too."""
    match value:
        case StepFunction(definition=definition):
            return StepFunction, id(definition.place.node)
        case FunctionValue(node=node):
            return FunctionValue, id(node)
        case Task(handle=handle):
            return Task, handle
        case Collection(state=state) | Mapping(state=state):
            return type(value), id(state)
        case Unresolved(place=place):
            return Unresolved, id(place.node)
        case Constant(value=constant):
            return Constant, constant
        case Item(place=place) | Entry(place=place):
            return Item, id(place.node)
        case _:
            return type(value)


class Distinct:
    """A set of values: one is looked up among those that are like it."""

    def __init__(self) -> None:
        self._alike: dict[object, list[Slot]] = {}

    def add(self, value: Slot) -> bool:
        """Add a value, and return whether none of those before is the same."""
        alike = self._alike.setdefault(_likeness(value), [])
        if any(same(value, other) for other in alike):
            return False
        alike.append(value)
        return True


def _present(element: Item | Entry) -> Item | Entry:
    """Return an element as it is where it is known to be there."""
    value = changed_tasks(element.value, lambda task: task if task.sure else replace(task, sure=True))
    if isinstance(element, Item):
        return Item(value, element.place, element.many)
    return replace(element, value=value, maybe=False)


def _origin(value: Slot) -> object:
    """What makes values of two passes of a loop the same: steps that one declaration makes, in one execution."""
    match value:
        case StepFunction(definition=definition, function=function):
            return definition.place.node, function
        case Item(place=place, many=True) | Entry(place=place, many=True):
            return place.node
        case Alternatives(options=options):
            return tuple(_origin(option.value) or option.value for option in options)
        case _:
            return None


def _matters(present: Slot, value: Slot) -> bool:
    """Whether code read with `present` has to be read again with `value`. Started work only ever gets more."""
    if not isinstance(value, tuple):
        return _is_relevant(value) or (not isinstance(present, tuple) and is_none(present))
    return any(not isinstance(getattr(element, "value", element), Task | Handle) for element in _added(present, value))


def _added(present: tuple[Slot, ...], value: tuple[Slot, ...]) -> Iterator[Slot]:
    """Yield the elements of a collection that are not the same as one of those it had."""
    identities = set(map(id, present))
    by_place: dict[object, list[Slot]] = {}
    for element in present:
        by_place.setdefault(_whence(element), []).append(element)
    for element in value:
        alike = () if id(element) in identities else by_place.get(_whence(element), ())
        if id(element) not in identities and not any(same(element, other) for other in alike):
            yield element


def merged(
    ways: Sequence[tuple[str | None, Value]], discriminant: str | None, place: Place, since: Handle | None = None
) -> Value:
    """Return the value that is one of several, by condition.

    Work with a handle after `since` was started on its way only.
    """
    values = [value for _, value in ways]
    only_entry = discriminant is not None and len(values) == 1  # a table of one entry is a switch like any other
    if not only_entry and all(value is values[0] or value == values[0] for value in values):
        return values[0]
    if not any(value.relevant for value in values):
        return UNKNOWN
    told = [Option(condition, told_apart(value, values, since)) for condition, value in ways]
    alternatives = Alternatives(tuple(told), discriminant, place)
    return alternatives if alternatives.size <= MOST_OPTIONS else Unresolved("it may be any one of very many", place)


def told_apart(value: Value, values: Sequence[Value], since: Handle | None) -> Value:
    """Return one of several values a place may hold: awaiting it is a proof for the work only started on its way."""

    def change(task: Task) -> Task:
        only_here = since is not None and task.handle > since
        everywhere = bool(values) and all(isinstance(v, Task) and v.handle == task.handle and v.sure for v in values)
        return task if only_here or everywhere else replace(task, sure=False)

    return changed_tasks(value, change)


def _merged_slot(
    store: Store, ways: Sequence[tuple[str | None, Slot]], discriminant: str | None, place: Place, since: Handle | None
) -> Slot:
    bound = [(condition, value) for condition, value in ways if value is not MISSING]
    if any(isinstance(value, tuple) for _, value in bound):
        held = [(condition, value) for condition, value in bound if isinstance(value, tuple)]
        return _united(store.budget, [value for _, value in held], [condition for condition, _ in held], since)
    return merged(certain(bound), discriminant, place, since) if bound else UNKNOWN


def certain(ways: Sequence[tuple[str | None, Value]]) -> Sequence[tuple[str | None, Value]]:
    """Return ways to a value without what is volatile on some of them only: that is not certain to be."""
    first = ways[0][1]
    if not any(isinstance(value, Volatile) for _, value in ways) or all(value == first for _, value in ways):
        return ways
    return [(condition, UNKNOWN if isinstance(value, Volatile) else value) for condition, value in ways]


def _any_of(store: Store, key: str, values: Sequence[Slot], place: Place, since: Handle | None) -> Slot:
    bound = _distinct(leaf for value in values for leaf in leaves(value) if leaf is not MISSING)
    if len(bound) == 1:
        return bound[0]
    if any(isinstance(value, tuple) for value in bound):
        return _united(store.budget, [value for value in bound if isinstance(value, tuple)], (), since)
    if not any(value.relevant for value in bound):
        return UNKNOWN
    known = [told_apart(value, bound, since) for value in bound if value.relevant]
    if len(known) > MOST_OPTIONS:
        return Unresolved("it may be any one of very many", place)
    options = [Option(callable_name(value) or f"{key} {number}", value) for number, value in enumerate(known, 1)]
    if len(known) < len(bound):
        rest = [value for value in bound if not value.relevant]
        options.append(Option(None, rest[0] if len(rest) == 1 else UNKNOWN))
    return Alternatives(tuple(options), key, place)


def _distinct(values: Iterable[Slot]) -> list[Slot]:
    """Return values, each once, as far as that matters.

    Two that lead to no step are as good as any number of them; so are more that do than can be told apart. The elements
    of collections are united in any case.
    """
    found: list[Slot] = []
    distinct = Distinct()
    identities: set[int] = set()
    relevant = irrelevant = 0
    for value in values:
        if id(value) in identities:
            continue
        identities.add(id(value))
        if isinstance(value, tuple):
            if not found or found[-1] != value:
                found.append(value)
            continue
        matters = _is_relevant(value)
        if (relevant <= MOST_OPTIONS if matters else irrelevant < _TWO) and distinct.add(value):
            found.append(value)
            relevant += matters
            irrelevant += not matters
    return found


def leaves(value: Slot) -> list[Slot]:
    """Return the values that a value may be: itself, or those of which it is one."""
    if isinstance(value, Alternatives):
        return [leaf for option in value.options for leaf in leaves(option.value)]
    return [value]


def callable_name(value: Value) -> str | None:
    """Return the name by which a callable is known, None for anything else."""
    match value:
        case StepFunction(definition=definition):
            return definition.function_name
        case FunctionValue():
            return value.name
        case _:
            return None


def _united(
    budget: Budget, collections: Sequence[tuple[Any, ...]], conditions: Sequence[str | None], since: Handle | None
) -> tuple[Any, ...]:
    """Return the elements of all, each once, in order of first appearance; of those of one origin, the newest.

    What is not in each of them may be missing; it is there under the condition of the way that added it.
    """
    elements: list[Any] = []
    ways: list[list[int]] = []
    by_place: dict[object, list[int]] = {}
    for way, collection in enumerate(collections):
        for element in collection:
            alike = by_place.setdefault(_whence(element), [])
            budget.spend(Limit.JOINED, 1 + _COMPARISON * len(alike))
            index = next((i for i in alike if same(element, elements[i])), None)
            if index is None:
                alike.append(len(elements))
                elements.append(element)
                ways.append([way])
            else:
                if not _may_be_another(elements[index]):
                    elements[index] = element
                ways[index].append(way)
    return tuple(
        element if len(own) >= len(collections) else _missing_on(element, own, conditions, since)
        for element, own in zip(elements, ways, strict=True)
    )


def _whence(element: Slot) -> object:
    """What elements that are the same have in common."""
    return element.place.node if isinstance(element, Item | Entry) else None


def _may_be_another(element: Slot) -> bool:
    return isinstance(element, Item | Entry) and isinstance(element.value, Task) and not element.value.sure


def _missing_on(element: Slot, own: Sequence[int], conditions: Sequence[str | None], since: Handle | None) -> Slot:
    """Return an element that was added on some ways only."""
    if isinstance(element, Item | Entry):
        condition = conditions[own[0]] if len(own) == 1 and conditions and not element.maybe else None
        present = told_apart(element.value, (), since)
        if isinstance(element, Item):
            return replace(element, value=present, maybe=True, condition=condition)
        return replace(element, value=present, maybe=True)
    return told_apart(element, (), since) if isinstance(element, Task | Gathering) else element


def _runs_steps(value: Slot) -> bool:
    """Whether a value, or one of the elements of a collection, can lead to a step."""
    if isinstance(value, tuple):
        return any(getattr(element, "value", UNKNOWN).relevant for element in value)
    return value is not MISSING and value.relevant


def _is_relevant(value: Slot) -> bool:
    return bool(value) if isinstance(value, tuple) else value is not MISSING and value.relevant
