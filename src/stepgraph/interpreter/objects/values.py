"""What an expression can evaluate to, as far as steps are concerned.

`relevant` tells whether a value can lead to a step: only such values are worth following where paths meet. What is not
known is `UNKNOWN`, a value like any other. What is `tainted` is as little known, and steers nothing that is shown, but
rules judge where it goes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final, Literal, TypeAlias

import libcst as cst
from msgspec import Struct, field
from msgspec.structs import force_setattr, replace

from stepgraph.ir.facts import StaticArguments
from stepgraph.ir.nodes import (
    EventWait,
    Function,
    Handler,
    Passes,
    PayloadShape,
    StepDefinition,
    StepSettings,
    TaskId,
)
from stepgraph.ir.static_values import CollectionKind
from stepgraph.limits import MAXIMUM, Budget, Limit, LimitExceededError
from stepgraph.model.payload import ParallelKind
from stepgraph.project.module_files import ModuleFile
from stepgraph.syntax.bindings import Bindings
from stepgraph.syntax.module import Place, SourceModule

Scalar: TypeAlias = str | bytes | int | float | complex | None
FunctionKind: TypeAlias = Literal["function", "static", "class", "property", "context"]


class Value:
    """Anything an expression evaluates to."""

    __slots__ = ()
    relevant: ClassVar[bool] = True
    tainted: ClassVar[bool] = False


def parts_of(value: Value) -> int:
    """Return how many values a frozen value is made of, itself and those that it holds several times included.

    It is compared, hashed and walked as a tree.
    """
    return value.parts if isinstance(value, FunctionValue | Gathering | Task | Wrapped | Union) else 1


def _counted(values: Iterable[Value]) -> int:
    """Return the parts of a value that holds others. Raises LimitExceededError where they are too many."""
    parts = 1 + sum(map(parts_of, values))
    if parts > MAXIMUM[Limit.PARTS]:
        raise LimitExceededError(Limit.PARTS)
    return parts


class Unknown(Value, Struct, frozen=True):
    """A value that is not known, and that no step comes from as far as can be seen."""

    relevant: ClassVar[bool] = False


UNKNOWN = Unknown()


class Constant(Value, Struct, frozen=True):
    """A value known from the source."""

    value: Scalar
    relevant: ClassVar[bool] = False


class Absent(Value, Struct, frozen=True):
    """None in a variable that is bound more than once, or as the result of a call: it is not shown.

    Unlike an unknown value it cannot be called, so a branch that calls it ends.
    """

    relevant: ClassVar[bool] = False


ABSENT = Absent()


def is_none(value: Value) -> bool:
    """Whether a value is None."""
    return isinstance(value, Absent) or value == Constant(None)


class Moment(Value, Struct, frozen=True):
    """A constant `datetime(...)`, as ISO 8601."""

    text: str
    relevant: ClassVar[bool] = False


class Duration(Value, Struct, frozen=True):
    """A constant `timedelta(...)`, in milliseconds."""

    milliseconds: float
    relevant: ClassVar[bool] = False


class Nondeterministic(Value, Struct, frozen=True):
    """A value that is another one when its code runs again: from a clock, by chance, a new id; or one made of such.

    It comes from a call of what bears the dotted `name`, at a `place`. `since` is the checkpoint after which it was
    made, `serial` its number among all such. As a `ExternalResult` value it would be what a call of `gives` gave, or, not
    `called` yet, that itself. Where its truth is `truth_known`, that is the same
    whatever it is: a time is never false.
    """

    name: str
    place: Place
    since: int
    serial: int
    gives: str = ""
    called: bool = True
    truth_known: bool = False
    relevant: ClassVar[bool] = False
    tainted: ClassVar[bool] = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Nondeterministic) and (self.name, self.place) == (other.name, other.place)

    def __hash__(self) -> int:
        return hash((self.name, self.place))


class Resource(Value, Struct, frozen=True):
    """Something that reaches out of the workflow, by its dotted name: `env.KV.put`, `fetch`.

    What a call of it gives is `called`, at the place of the call.
    """

    name: str
    called: Place | None = None
    relevant: ClassVar[bool] = False
    tainted: ClassVar[bool] = True


class Template(Value, Struct, frozen=True):
    """Text of which only parts are known; the others stand in it as source in braces. One of them may be `nondeterministic`."""

    text: str
    nondeterministic: Nondeterministic | None = None
    relevant: ClassVar[bool] = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


class Unresolved(Value, Struct, frozen=True):
    """Something that may lead to a step and cannot be followed: calling or awaiting it is reported."""

    reason: str
    place: Place


class External(Value, Struct, frozen=True):
    """Something outside the project, by its dotted name: `asyncio.gather`, `builtins.print`."""

    name: str
    relevant: ClassVar[bool] = False


class ExternalResult(Value, Struct, frozen=True):
    """What a call of something outside the project gave, by the dotted name of that; nothing else is known of it.

    It may be later or greater by something than what the call gave: `datetime.now() + timedelta(hours=1)`.
    """

    name: str
    relevant: ClassVar[bool] = False


def origin_name(value: Value) -> str | None:
    """Return the dotted name of what gave a value outside the project, None for any other value."""
    if isinstance(value, Nondeterministic) and value.called:
        return value.gives or None
    return value.name if isinstance(value, ExternalResult) else None


class ExternalResultMember(Value, Struct, frozen=True):
    """An attribute of what foreign code gave, by its dotted name: `datetime.datetime.now().date`."""

    name: str
    relevant: ClassVar[bool] = False


class RangeResult(ExternalResult, frozen=True):
    """A `range` of which it is known how many numbers are in it."""

    count: int


class HeapCell(dict[str, Any]):
    """The slots of a scope, an object or a collection.

    `serial` numbers them in the order of their creation. A `changed` collection was written to after its creation; the
    elements of an `unordered` one, and their order, are uncertain. Each access to the elements is counted in the
    `budget`, because collections that share others can be exponentially large.
    """

    __slots__ = ("budget", "changed", "serial", "unordered")

    def __init__(self, serial: int, budget: Budget, slots: dict[str, Any] | None = None) -> None:
        super().__init__(slots or {})
        self.serial = serial
        self.budget = budget
        self.changed = False
        self.unordered = False

    def __hash__(self) -> int:  # type: ignore[override] # slots are what they are, whatever they hold
        return id(self)

    @property
    def size(self) -> int:
        """How many elements a collection has."""
        return len(self["items"])

    def elements(self) -> tuple[Any, ...]:
        """Return the elements of a collection. Raises LimitExceededError where that exceeds the budget."""
        elements: tuple[Any, ...] = self["items"]
        self.budget.spend(Limit.ELEMENTS, len(elements))
        return elements


class Declarations(HeapCell):
    """The steps declared on the step object, by name.

    `version` is another one as soon as a name that was looked up means another step.
    """

    __slots__ = ("looked_up", "version")

    def __init__(self) -> None:
        # Newer than any function: what one declares is no reason to read it again at its next call.
        super().__init__(sys.maxsize, Budget())
        self.looked_up: set[str] = set()
        self.version = 0

    def look_up(self, name: str) -> Value | None:
        """Return the step, or the steps by path, that a name means now."""
        self.looked_up.add(name)
        found: Value | None = self.get(name)
        return found

    def __setitem__(self, name: str, value: Value) -> None:
        self.version += name in self.looked_up
        super().__setitem__(name, value)

    def pop(self, name: str, *default: Any) -> Any:  # noqa: ANN401 - as a dictionary's
        """Take back a declaration."""
        self.version += name in self.looked_up
        return super().pop(name, *default)


class Element(Struct, frozen=True):
    """An element of a collection. `many` stands for any number of such elements; `maybe`, one may be missing.

    Where it is known, `condition` is that under which it is there, and `passes` how many there are of it.
    """

    value: Value
    place: Place
    many: bool = False
    maybe: bool = False
    condition: str | None = None
    passes: Passes | None = None


class Collection(Value, Struct, eq=False):
    """A list, tuple, set or the like of which each element is known. `loop_depth` is that of where it was made.

    Constants in it can be shown unless it is `hidden` (reached through what is no constant itself) or has `changed`.
    """

    kind: CollectionKind
    state: HeapCell
    loop_depth: int
    hidden: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Collection) and self.state is other.state

    def __hash__(self) -> int:
        return id(self.state)

    @property
    def shows_constants(self) -> bool:
        """Whether constants in it can be shown."""
        return not self.hidden and not self.state.changed

    @property
    def items(self) -> tuple[Element, ...]:
        """Its elements now."""
        return self.state.elements()

    @property
    def is_set(self) -> bool:
        """Whether its elements are in no order."""
        return self.kind in ("set", "frozenset")

    @property
    def has_known_order(self) -> bool:
        """Whether it is known which element stands where."""
        ordered = not self.is_set and not self.state.unordered
        return ordered and not any(item.many or item.maybe for item in self.items)


class MappingEntry(Struct, frozen=True):
    """A key with its value in a mapping. `key` is UNKNOWN where it is not constant."""

    key: Value
    value: Value
    key_place: Place
    place: Place
    many: bool = False
    maybe: bool = False


class Mapping(Value, Struct, eq=False):
    """A dictionary of which each entry is known, but for `partial`, which has others too (`{**other}`).

    Constants in it can be shown unless it is `hidden` (reached through what is no constant itself) or has `changed`.
    """

    state: HeapCell
    loop_depth: int
    hidden: bool = False
    partial: bool = False
    missing: Value | None = None
    """What a `defaultdict` calls for the value of a missing key."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and self.state is other.state

    def __hash__(self) -> int:
        return id(self.state)

    @property
    def shows_constants(self) -> bool:
        """Whether constants in it can be shown."""
        return not self.hidden and not self.state.changed

    @property
    def entries(self) -> tuple[MappingEntry, ...]:
        """Its entries now."""
        return self.state.elements()


class SpreadArguments(Value, Struct, frozen=True):
    """The elements of a collection as positional arguments of a partial function: `partial(f, *values)`."""

    held: Collection


class StepObject(Value, Struct, frozen=True):
    """The `step` argument of `run`."""


class StepMethod(Value, Struct, frozen=True):
    """`step.do`, `step.sleep`, ...: a method of the step object, not called yet."""

    name: str


class StepDecorator(Value, Struct, eq=False):
    """What `step.do(...)` returns: a step that lacks its function. `name` None takes that of the function."""

    name: str | None
    settings: StepSettings
    concurrent: bool
    depends: tuple[Element, ...] | None
    given: StaticArguments
    place: Place
    listing: Collection | None = None


class StepFunction(Value, Struct, eq=False):
    """A declared step, to be called. `function` is UNKNOWN where its body is not in the project.

    `depends` are the values that `depends=` lists, None where it is not given; `listing` is the list itself, which may
    grow until the step is called. It is `may_be_replaced` where a decorator that is not known may have been put around it.
    """

    definition: StepDefinition
    function: Value
    depends: tuple[Element, ...] | None = None
    listing: Collection | None = None
    may_be_replaced: bool = False


class LexicalScope(Struct, eq=False):
    """The names of one execution of a function body, or of a module or class."""

    bindings: Bindings
    names: HeapCell
    parent: LexicalScope | None
    module: SourceModule
    path: tuple[str, ...] = ()
    kind: Literal["module", "class", "function", "expression"] = "function"
    owner: ClassValue | None = None
    given: tuple[CallableArgument, ...] = ()


class ModuleValue(Value, Struct, frozen=True):
    """A module of the project, with the scope of its names; None for a package that has no file of its own."""

    file: ModuleFile
    scope: LexicalScope | None


class CallableArgument(Struct, frozen=True):
    """A callable or awaitable that a function was given: what it is, and the name to show for it."""

    identity: object
    name: str


class Caveat(Struct, frozen=True):
    """Why it is not certain that a function is what runs where it is called: reported if it runs steps.

    Where it `may_be_another` that runs, it is reported as well if it is handed what can run steps.
    """

    code: str
    place: Place
    message: str
    advice: str
    may_be_another: bool = False


class FunctionValue(Value, Struct, frozen=True):
    """A function, method or lambda of the project, with what is bound to it already.

    `names` go from the plain name to the most qualified one. `wrapped` is what `functools.wraps` makes it look like,
    `setter` what runs where a property is assigned to.
    `parts`, made here, counts what it is made of.
    """

    node: cst.FunctionDef | cst.Lambda
    scope: LexicalScope
    names: tuple[str, ...]
    owner: ClassValue | None = None
    receiver: Value | None = None
    positional: tuple[Value, ...] = ()
    keywords: tuple[tuple[str, Value], ...] = ()
    kind: FunctionKind = "function"
    defaults: tuple[tuple[str, Value], ...] = ()
    caveats: tuple[Caveat, ...] = ()
    wrapped: Value | None = None
    setter: Value | None = None
    parts: int = 1

    def __post_init__(self) -> None:
        if self.positional or self.keywords or self.defaults or self.wrapped is not None:
            named = (value for _, value in (*self.keywords, *self.defaults))
            wrapped = () if self.wrapped is None else (self.wrapped,)
            force_setattr(self, "parts", _counted((*self.positional, *named, *wrapped)))

    @property
    def name(self) -> str:
        """Its plain name."""
        return self.names[0]


class ClassValue(Value, Struct, eq=False):
    """A class of the project. `bases` are classes of the project, External names without members, and unknown ones.

    `order` is that in which members are looked up, once it was asked for. `caveats` are those about all of its members,
    `marks` the names of the decorators from outside that it has.
    """

    node: cst.ClassDef
    scope: LexicalScope
    name: str
    bases: tuple[Value, ...]
    order: tuple[Value, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    metaclass: Value | None = None
    marks: tuple[str, ...] = ()


class Instance(Value, Struct, eq=False):
    """An object of a class of the project, `self` included. It is `may_be_replaced` if it may be another one in the end."""

    of: ClassValue
    state: HeapCell
    may_be_replaced: bool = False


class EnumMember(Value, Struct, frozen=True):
    """A member of an enumeration of the project, which is an object of its own. `holds` is its `value`."""

    of: ClassValue
    holds: Value = UNKNOWN
    relevant: ClassVar[bool] = False


class UnknownBase(Value, Struct, frozen=True):
    """A base class that may have any member: its `identity` is its name outside the project, or its expression."""

    identity: object
    place: Place
    relevant: ClassVar[bool] = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnknownBase) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)


class SuperObject(Value, Struct, frozen=True):
    """`super()`: looks up members after `after` in the classes of the instance."""

    after: ClassValue
    receiver: Value


class SuperMaker(Value, Struct, frozen=True):
    """`super().__new__` or `super().__call__` where no class of the project has it: it makes an object."""

    above: SuperObject
    name: str


class MethodOf(Value, Struct, frozen=True):
    """A method of a built-in kind of value: `tasks.append`, `payload.get`, `group.create_task`."""

    receiver: Value
    name: str


class Event(Value, Struct, frozen=True):
    """The `event` argument of `run`, or what waiting for one gives, whose `["payload"]` has this shape.

    It is the one `of_run` that the engine makes anew for each run of it.
    """

    shape: PayloadShape
    of_run: bool = False


class Payload(Value, Struct, frozen=True):
    """A payload, or what stands at a key of it. It may be that of the event `of_run`."""

    shape: PayloadShape
    of_run: bool = False


class EventPart(Value, Struct, frozen=True):
    """A part of the event of `run` that is not told apart: an element of a list in its payload."""

    relevant: ClassVar[bool] = False
    tainted: ClassVar[bool] = True


class StepCall(Value, Struct, eq=False):
    """The coroutine of a step: nothing runs until it is awaited or made a task."""

    step: StepFunction
    place: Place


class WaitCall(Value, Struct, eq=False):
    """The coroutine of `step.wait_for_event`."""

    activity: EventWait
    place: Place


class FunctionCall(Value, Struct, eq=False):
    """The coroutine of an async function of the project."""

    function: FunctionValue
    arguments: Arguments
    place: Place


class PreparedCall(Value, Struct, eq=False):
    """The coroutine that a plain function returned, as a call of that function."""

    function: Function
    result: Value
    place: Place


Coroutine: TypeAlias = StepCall | WaitCall | FunctionCall | PreparedCall


class Wrapped(Value, Struct, frozen=True):
    """The coroutine of `asyncio.wait_for`: what it wraps begins, if it has not yet, when it is awaited.

    `parts`, made here, counts what it is made of.
    """

    inner: Value
    place: Place
    parts: int = 1

    def __post_init__(self) -> None:
        force_setattr(self, "parts", _counted((self.inner,)))


class Task(Value, Struct, frozen=True):
    """Work that was started, to be joined. `result` is what awaiting it gives.

    It stands for `every` run that was started here, or for the last; it is `on_every_path` unless the value may be something
    else while this work goes on. `parts`, made here, counts what it is made of.
    """

    task_id: TaskId
    result: Value = UNKNOWN
    every: bool = False
    on_every_path: bool = True
    parts: int = 1

    def __post_init__(self) -> None:
        if self.result is not UNKNOWN:
            force_setattr(self, "parts", _counted((self.result,)))


class Gathering(Value, Struct, frozen=True):
    """A future of several: `members` are tasks and gatherings. `result` is what awaiting it gives.

    With `each`, it is one of the members, another at each pass of a loop. `own`, `loops`, `until_done` and `in_turn` are
    as in `ir.AwaitGroup`. `parts`, made here, counts what it is made of.
    """

    kind: ParallelKind
    members: tuple[Value, ...]
    until_done: bool = True
    result: Value = UNKNOWN
    each: bool = False
    own: frozenset[TaskId] = frozenset()
    loops: int = 0
    in_turn: bool = False
    parts: int = 1

    def __post_init__(self) -> None:
        force_setattr(self, "parts", _counted((*self.members, self.result)))

    @property
    def _awaited(self) -> tuple[object, ...]:
        """What makes it what it is, whatever awaiting it gives."""
        return self.kind, self.members, self.until_done, self.each, self.own, self.loops, self.in_turn

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gathering) and self._awaited == other._awaited

    def __hash__(self) -> int:
        return hash(self._awaited)


class TaskGroup(Value, Struct, eq=False):
    """`asyncio.TaskGroup()`."""

    state: HeapCell


class ExitStack(Value, Struct, eq=False):
    """`contextlib.ExitStack()` or `AsyncExitStack()`."""

    expected: cst.Call | None = None
    """The call of one of its methods that is being evaluated and is followed."""
    works: bool = False
    """Whether it holds something that may run steps."""


class WrappingManager(Value, Struct, eq=False):
    """What `contextlib.nullcontext(...)`, `closing(...)` or `aclosing(...)` returns."""

    content: Value
    """The argument, which is the result of entering it."""
    closing: str | None = None
    """The name of the method of the argument that is called at the end."""


class ExitStackArguments(Value, Struct, eq=False):
    """The arguments with which something is pushed on an exit stack."""

    arguments: Arguments


class Suppressor(Value, Struct, eq=False):
    """`contextlib.suppress(...)`, to be entered."""

    handler: Handler | None
    """What it catches, None for nothing."""
    relevant: ClassVar[bool] = False


class Partial(Value, Struct, eq=False):
    """`functools.partial` of anything but a function of the project."""

    callee: Value
    arguments: Arguments


class GeneratorCall(Value, Struct, eq=False):
    """The generator that a function of the project makes, in so many loops (`loop_depth`)."""

    function: FunctionValue
    arguments: Arguments
    place: Place
    loop_depth: int = 0


class GeneratorExpression(Value, Struct, eq=False):
    """A generator expression: evaluated where it is consumed."""

    node: cst.GeneratorExp
    scope: LexicalScope


class Case(Struct, frozen=True):
    """One of several values that an expression may have; the condition as source, None for the one that is left."""

    condition: str | None
    value: Value


class Union(Value, Struct, eq=False):
    """Exactly one of several values; a discriminant makes the choice a `switch`.

    `size`, made here, counts them all, `parts` what they are made of.
    """

    cases: tuple[Case, ...]
    discriminant: str | None
    place: Place
    size: int = 0
    parts: int = 1

    def __post_init__(self) -> None:
        self.size = sum(o.value.size if isinstance(o.value, Union) else 1 for o in self.cases)
        self.parts = _counted(case.value for case in self.cases)


class Argument(Struct, frozen=True):
    """An argument of a call as written, evaluated. `star` is `""`, `"*"` or `"**"`."""

    value: Value
    place: Place
    keyword: str | None = None
    star: str = ""


class Arguments(Struct, frozen=True):
    """The arguments of a call, in order."""

    items: tuple[Argument, ...] = ()

    @property
    def positional(self) -> tuple[Argument, ...]:
        """Those that stand by their position alone."""
        return tuple(argument for argument in self.items if argument.keyword is None and not argument.star)

    def find(self, index: int | None, keyword: str) -> Argument | None:
        """Return an argument by its position or its keyword."""
        positional = self.positional
        if index is not None and index < len(positional):
            return positional[index]
        found = next((argument for argument in self.items if argument.keyword == keyword), None)
        return self._find_spread(keyword) if found is None else found

    def _find_spread(self, keyword: str) -> Argument | None:
        """Return a keyword argument that is in a dictionary, as `**options`."""
        for spread in self.items:
            if spread.star == "**" and isinstance(spread.value, Mapping):
                for entry in spread.value.entries:
                    if entry.key == Constant(keyword):
                        return Argument(entry.value, spread.place, keyword)
        return None


def changed_tasks(value: Value, change: Callable[[Task], Task]) -> Value:
    """Return a value with each of the tasks in it changed, those in gatherings and alternatives too."""
    match value:
        case Task():
            return change(value)
        case Gathering(members=members):
            return replace(value, members=tuple(changed_tasks(member, change) for member in members))
        case Wrapped(inner=inner):
            return replace(value, inner=changed_tasks(inner, change))
        case Union(cases=cases):
            changed = tuple(replace(case, value=changed_tasks(case.value, change)) for case in cases)
            return Union(changed, value.discriminant, value.place)
        case _:
            return value


def every_run(value: Value) -> Value:
    """Return a value that stands for many: its tasks are all that were started."""
    return changed_tasks(value, lambda task: replace(task, every=True))


def on_some_paths(value: Value) -> Value:
    """Return a value that may be another one: awaiting it is no proof that its tasks are over."""
    return changed_tasks(value, lambda task: replace(task, on_every_path=False))


def possible(item: Element) -> Element:
    """Return an element that may not be there."""
    return replace(item, value=on_some_paths(item.value), maybe=True)


def hide_constants(value: Value) -> Value:
    """Return a value as it is seen through what is no constant: constants are not known, nor those in collections."""
    if isinstance(value, Collection | Mapping):
        return value if value.hidden else replace(value, hidden=True)
    return without_constants(value)


def without_constants(value: Value) -> Value:
    """Return what is left of a value whose constants are not known."""
    if value.relevant or value.tainted or isinstance(value, Absent):
        return value
    if value == Constant(None):
        return ABSENT
    return value.nondeterministic if isinstance(value, Template) and value.nondeterministic is not None else UNKNOWN


# How deep collections are looked into.
DEEPEST: Final = 4


class Visits(Struct):
    """The collections and objects that a walk has entered, each with the depth at which it was.

    A walk that enters each once for a depth takes no more steps than there are elements, though as a tree they may be
    exponentially many.
    """

    _depths: dict[int, int] = field(default_factory=dict)

    def enter(self, slots: HeapCell, depth: int) -> bool:
        """Return whether a walk has to look into something that is so deep in others."""
        if depth >= min(DEEPEST, self._depths.get(slots.serial, DEEPEST)):
            return False
        self._depths[slots.serial] = depth
        return True
