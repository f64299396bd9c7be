"""The abstract values of expressions.

A join tracks only `relevant` values, which can lead to a step, and replaces others by `UNKNOWN`. A `tainted` value is
unknown to the graph, but rules track its uses.
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
    IterationCount,
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
    """The base class of abstract values."""

    __slots__ = ()
    relevant: ClassVar[bool] = True
    """Whether the value can lead to a step."""
    tainted: ClassVar[bool] = False
    """Whether replay rules track the value, although it leads to no step."""


def part_count(value: Value) -> int:
    """Return the number of values in a frozen value, itself included.

    Values are compared, hashed and walked as trees, so a shared value counts once per occurrence.
    """
    return value.parts if isinstance(value, FunctionValue | Gathering | Task | WaitForCall | Union) else 1


def _count_with_children(children: Iterable[Value]) -> int:
    """Return the number of values in a tree with these children. Raises LimitExceededError above the limit."""
    parts = 1 + sum(map(part_count, children))
    if parts > MAXIMUM[Limit.PARTS]:
        raise LimitExceededError(Limit.PARTS)
    return parts


class Unknown(Value, Struct, frozen=True):
    """A value without any information. It is assumed to lead to no step."""

    relevant: ClassVar[bool] = False


UNKNOWN = Unknown()


class Constant(Value, Struct, frozen=True):
    """A constant in the source."""

    value: Scalar
    relevant: ClassVar[bool] = False


class Absent(Value, Struct, frozen=True):
    """None as the result of a call or in a variable with several bindings. The graph does not show it as a constant.

    Calling it raises a TypeError, so it ends the branch. Calling `UNKNOWN` does not.
    """

    relevant: ClassVar[bool] = False


ABSENT = Absent()


def is_none(value: Value) -> bool:
    """Whether a value is None."""
    return isinstance(value, Absent) or value == Constant(None)


class Unset(Value, Struct, frozen=True):
    """The contents of an attribute that an object or class does not have itself: a read continues in its classes.

    It is relevant, so that a join with a path that sets the attribute keeps it.
    """


UNSET = Unset()


class Moment(Value, Struct, frozen=True):
    """A constant `datetime(...)`."""

    text: str
    """The datetime in ISO 8601 format."""
    relevant: ClassVar[bool] = False


class Duration(Value, Struct, frozen=True):
    """A constant `timedelta(...)`."""

    milliseconds: float
    relevant: ClassVar[bool] = False


class Nondeterministic(Value, Struct, frozen=True):
    """A value that differs at replay: a time, a random number, a new id, or a value derived from one."""

    name: str
    """Dotted name of the nondeterministic function: `time.time`."""
    place: Place
    """The call of the function."""
    since: int
    """Number of the last step, sleep or wait before the call, 0 for none."""
    serial: int
    """1-based number of the value in the order of creation."""
    result_name: str = ""
    """Dotted name of the function that returned the value, or of an attribute of its result. Empty if unknown."""
    is_called: bool = True
    """Whether the value is the result of calling `result_name`. Otherwise it is the attribute itself."""
    is_truthy: bool = False
    """Whether the value is always truthy, as times and ids are."""
    relevant: ClassVar[bool] = False
    tainted: ClassVar[bool] = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Nondeterministic) and (self.name, self.place) == (other.name, other.place)

    def __hash__(self) -> int:
        return hash((self.name, self.place))


class Resource(Value, Struct, frozen=True):
    """Access to systems outside the workflow, such as a binding of `env` or `fetch`; also the result of such a call."""

    name: str
    """Dotted name: `env.KV.put`, `fetch`."""
    call_place: Place | None = None
    """The call that returned the value, None for the resource itself."""
    relevant: ClassVar[bool] = False
    tainted: ClassVar[bool] = True


class Template(Value, Struct, frozen=True):
    """A string with constant and unknown parts."""

    text: str
    """The string, with the source of each unknown part in braces."""
    nondeterministic: Nondeterministic | None = None
    """The oldest nondeterministic value among the parts."""
    relevant: ClassVar[bool] = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


class Unresolved(Value, Struct, frozen=True):
    """A value that may lead to a step and cannot be followed. Calling or awaiting it is reported."""

    reason: str
    """The cause, as the start of a sentence in a note."""
    place: Place


class External(Value, Struct, frozen=True):
    """A function, class or module outside the project."""

    name: str
    """Dotted name: `asyncio.gather`, `builtins.print`."""
    relevant: ClassVar[bool] = False


class ExternalResult(Value, Struct, frozen=True):
    """The result of a call of external code, possibly with an offset: `datetime.now() + timedelta(hours=1)`."""

    name: str
    """Dotted name of the called function."""
    relevant: ClassVar[bool] = False


def origin_name(value: Value) -> str | None:
    """Return the dotted name of the external function that returned a value, None for other values."""
    if isinstance(value, Nondeterministic) and value.is_called:
        return value.result_name or None
    return value.name if isinstance(value, ExternalResult) else None


class ExternalResultMember(Value, Struct, frozen=True):
    """An attribute of the result of external code."""

    name: str
    """Dotted name: `datetime.datetime.now().date`."""
    relevant: ClassVar[bool] = False


class RangeResult(ExternalResult, frozen=True):
    """A `range` of constant length."""

    count: int
    """The length."""


class HeapCell(dict[str, Any]):
    """The slots of a scope, an object or a collection.

    A collection has one slot, `items`.
    """

    __slots__ = ("_unordered", "budget", "changed", "reordered", "serial")

    def __init__(
        self, serial: int, budget: Budget, slots: dict[str, Any] | None = None, reordered: list[int] | None = None
    ) -> None:
        super().__init__(slots or {})
        self.serial = serial
        """Number of the cell in the order of creation."""
        self.budget = budget
        """Counts accesses to elements, because shared collections can be exponentially large as a tree."""
        self.changed = False
        """Whether the collection was written to after its creation."""
        self.reordered = [] if reordered is None else reordered
        """The serials of all cells that became unordered, in that order."""
        self._unordered = False

    def __hash__(self) -> int:  # type: ignore[override] # a cell is hashed by identity
        return id(self)

    @property
    def unordered(self) -> bool:
        """Whether the elements of the collection and their order are uncertain."""
        return self._unordered

    @unordered.setter
    def unordered(self, value: bool) -> None:
        if value and not self._unordered:
            self.reordered.append(self.serial)
        self._unordered = value

    @property
    def size(self) -> int:
        """The number of elements of a collection."""
        return len(self["items"])

    @property
    def contents(self) -> tuple[Any, ...]:
        """The elements of a collection, to tell whether they were replaced. Walks use `elements`."""
        contents: tuple[Any, ...] = self["items"]
        return contents

    def elements(self) -> tuple[Any, ...]:
        """Return the elements of a collection. Raises LimitExceededError above the budget."""
        elements: tuple[Any, ...] = self["items"]
        self.budget.spend(Limit.ELEMENTS, len(elements))
        return elements


class Declarations(HeapCell):
    """The steps declared on the step object, by name."""

    __slots__ = ("looked_up", "version")

    def __init__(self) -> None:
        # With the largest serial, a declaration in a function does not invalidate the function's summary.
        super().__init__(sys.maxsize, Budget())
        self.looked_up: set[str] = set()
        """The names that code has looked up."""
        self.version = 0
        """Number of declarations since the start that changed the result of an earlier look-up."""

    def look_up(self, name: str) -> Value | None:
        """Return the current step of a name, a `Union` if it depends on the path, or None."""
        self.looked_up.add(name)
        step: Value | None = self.get(name)
        return step

    def __setitem__(self, name: str, value: Value) -> None:
        self.version += name in self.looked_up
        super().__setitem__(name, value)

    def pop(self, name: str, *default: Any) -> Any:  # noqa: ANN401 - the signature of dict.pop
        """Remove a declaration, for a rollback."""
        self.version += name in self.looked_up
        return super().pop(name, *default)


class Element(Struct, frozen=True):
    """An element of a collection."""

    value: Value
    place: Place
    many: bool = False
    """Whether it represents any number of such elements."""
    may_be_missing: bool = False
    """Whether it may be missing."""
    condition: str | None = None
    """Source of the condition under which it is present, None if unknown."""
    passes: IterationCount | None = None
    """The number of such elements, as the passes of a loop. None if unknown."""


class LazyElements(Struct, frozen=True, eq=False):
    """The elements of an iterator or a view, which are computed where they are used."""

    compute: Callable[[Any, LazyElements], Collection]
    """Returns the present elements."""
    operands: tuple[Value, ...]
    """The iterables, and a function that is called with their elements."""
    place: Place
    """The call that creates the iterator or view."""
    initial: tuple[Any, ...]
    """The slot `items` before the first use: of the iterator, or of the dictionary of a view."""
    is_view: bool = False
    """Whether it is a view of a dictionary, which can be used any number of times."""
    exhausts: bool = False
    """Whether the present use takes all elements."""


class Collection(Value, Struct, eq=False):
    """A list, tuple, set, deque or frozenset with all its elements; also an iterator or a view of a dictionary."""

    kind: CollectionKind
    state: HeapCell
    loop_depth: int
    """Number of loops around the expression that created it."""
    hidden: bool = False
    """Whether it was reached through a non-constant, such as a parameter or a call."""
    max_size: int | None = None
    """The `maxlen` of a deque, 0 if it is not constant."""
    lazy: LazyElements | None = None
    """The source of the elements of an iterator or a view."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Collection) and self.state is other.state

    def __hash__(self) -> int:
        return id(self.state)

    @property
    def shows_constants(self) -> bool:
        """Whether the graph may show constants in it."""
        return not self.hidden and not self.state.changed

    @property
    def items(self) -> tuple[Element, ...]:
        """The current elements."""
        return self.state.elements()

    @property
    def is_set(self) -> bool:
        """Whether iteration order is arbitrary."""
        return self.kind in ("set", "frozenset")

    @property
    def has_definite_order(self) -> bool:
        """Whether the position of each element is statically certain."""
        ordered = not self.is_set and not self.state.unordered
        return ordered and not any(item.many or item.may_be_missing for item in self.items)


class MappingEntry(Struct, frozen=True):
    """A key of a mapping and its value."""

    key: Value
    """The key, UNKNOWN if it is not constant."""
    value: Value
    key_place: Place
    place: Place
    """The place of the value."""
    many: bool = False
    """Whether it represents any number of such entries."""
    may_be_missing: bool = False
    """Whether it may be missing."""


class Mapping(Value, Struct, eq=False):
    """A dictionary."""

    state: HeapCell
    loop_depth: int
    """Number of loops around the expression that created it."""
    hidden: bool = False
    """Whether it was reached through a non-constant, such as a parameter or a call."""
    partial: bool = False
    """Whether it also has unknown entries, as in `{**unknown}`."""
    default_factory: Value | None = None
    """The default factory of a `defaultdict`."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and self.state is other.state

    def __hash__(self) -> int:
        return id(self.state)

    @property
    def shows_constants(self) -> bool:
        """Whether the graph may show constants in it."""
        return not self.hidden and not self.state.changed

    @property
    def entries(self) -> tuple[MappingEntry, ...]:
        """The current entries."""
        return self.state.elements()


class SpreadArguments(Value, Struct, frozen=True):
    """The spread positional arguments of a partial function: `partial(f, *values)`."""

    collection: Collection
    """The spread collection."""


class StepObject(Value, Struct, frozen=True):
    """The `step` argument of `run`."""


class StepMethod(Value, Struct, frozen=True):
    """A bound method of the step object: `step.do`, `step.sleep`."""

    name: str


class StepDecorator(Value, Struct, eq=False):
    """The decorator returned by `step.do(...)`."""

    name: str | None
    """The step's name, None for the name of the decorated function."""
    settings: StepSettings
    concurrent: bool
    """Whether the step's dependencies may run concurrently."""
    depends: tuple[Element, ...] | None
    """The elements of `depends=`, None if it is omitted or None."""
    arguments: StaticArguments
    """The arguments of `step.do`, for rules."""
    place: Place
    """The call of `step.do`."""
    depends_collection: Collection | None = None
    """The collection passed as `depends=`, which may grow until the step is called."""


class StepFunction(Value, Struct, eq=False):
    """A declared step."""

    definition: StepDefinition
    function: Value
    """The decorated function, UNKNOWN if it is not in the project."""
    depends: tuple[Element, ...] | None = None
    """The elements of `depends=`, None if it is omitted or None."""
    depends_collection: Collection | None = None
    """The collection passed as `depends=`, which may grow until the step is called."""
    may_be_replaced: bool = False
    """Whether an unknown decorator may have replaced it."""


class LexicalScope(Struct, eq=False):
    """The scope of a module, a class, or one call of a function."""

    bindings: Bindings
    """The names that its code binds."""
    names: HeapCell
    """The values of these names."""
    parent: LexicalScope | None
    module: SourceModule
    path: tuple[str, ...] = ()
    """Components of the qualified name, outermost first. Empty for a module."""
    kind: Literal["module", "class", "function", "expression"] = "function"
    """`expression` is a lambda or comprehension."""
    owner: ClassValue | None = None
    """The class whose body it is."""
    callable_arguments: tuple[CallableArgument, ...] = ()
    """The callable arguments of this call and of the enclosing calls."""


class ModuleValue(Value, Struct, frozen=True):
    """A module of the project."""

    file: ModuleFile
    scope: LexicalScope | None
    """Its names, None for a namespace package."""


class CallableArgument(Struct, frozen=True):
    """A callable or awaitable argument of a function."""

    identity: object
    """The step definition, the function or its syntax node."""
    name: str
    """The name in the graph."""


class Caveat(Struct, frozen=True):
    """The reason why a call may run different code than the resolved function, reported if the call runs steps."""

    code: str
    """Code of the note."""
    place: Place
    message: str
    advice: str
    may_be_another: bool = False
    """Whether different code may run. Then a call with an argument that can run steps is reported as well."""


class FunctionValue(Value, Struct, frozen=True):
    """A function, method or lambda of the project, with its bound arguments."""

    node: cst.FunctionDef | cst.Lambda
    scope: LexicalScope
    """The scope of its definition."""
    names: tuple[str, ...]
    """Its names, from the plain one to the most qualified one."""
    owner: ClassValue | None = None
    """The class that defines it."""
    receiver: Value | None = None
    """The bound `self` or `cls`."""
    positional: tuple[Value, ...] = ()
    """The positional arguments bound by `functools.partial`."""
    keywords: tuple[tuple[str, Value], ...] = ()
    """The keyword arguments bound by `functools.partial`."""
    kind: FunctionKind = "function"
    defaults: tuple[tuple[str, Value], ...] = ()
    """The relevant parameter defaults, by name."""
    caveats: tuple[Caveat, ...] = ()
    wrapped: Value | None = None
    """The argument of `functools.wraps`."""
    setter: Value | None = None
    """The setter of a property."""
    deleter: Value | None = None
    """The deleter of a property."""
    cache: Mapping | None = None
    """The results by arguments, for a function with a cache. A `partial` one may drop results."""
    parts: int = 1
    """The number of values in this tree, computed from the fields."""

    def __post_init__(self) -> None:
        if self.positional or self.keywords or self.defaults or self.wrapped is not None:
            named = (value for _, value in (*self.keywords, *self.defaults))
            wrapped = () if self.wrapped is None else (self.wrapped,)
            force_setattr(self, "parts", _count_with_children((*self.positional, *named, *wrapped)))

    @property
    def name(self) -> str:
        """The plain name."""
        return self.names[0]


class ClassValue(Value, Struct, eq=False):
    """A class of the project."""

    node: cst.ClassDef
    scope: LexicalScope
    """The scope of its body."""
    name: str
    bases: tuple[Value, ...]
    """`ClassValue` for classes of the project, `External` for classes without relevant members, or `UnknownBase`."""
    resolution_order: tuple[Value, ...] = ()
    """The method resolution order, computed on first use."""
    caveats: tuple[Caveat, ...] = ()
    """The caveats of all its members."""
    metaclass: Value | None = None
    decorator_names: tuple[str, ...] = ()
    """Dotted names of its external decorators, such as `dataclasses.dataclass`."""


class Instance(Value, Struct, eq=False):
    """An object of a class of the project, `self` included."""

    cls: ClassValue
    state: HeapCell
    """The attributes."""
    may_be_replaced: bool = False
    """Whether unknown code may have replaced it by another object."""


class EnumMember(Value, Struct, frozen=True):
    """A member of an enumeration of the project."""

    cls: ClassValue
    value: Value = UNKNOWN
    """The value of its `value` attribute."""
    relevant: ClassVar[bool] = False


class UnknownBase(Value, Struct, frozen=True):
    """A base class that may have any member."""

    identity: object
    """The dotted name of an external class, or the base expression."""
    place: Place
    relevant: ClassVar[bool] = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnknownBase) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)


class AttributeDictionary(Value, Struct, frozen=True):
    """The `__dict__` of an object."""

    owner: Instance


class AttributeName(Value, Struct, frozen=True):
    """A constant argument that a function uses as the name of an attribute.

    It is relevant, so that calls with different names have different summaries. The graph does not show it.
    """

    value: str


class SuperObject(Value, Struct, frozen=True):
    """The result of `super()`."""

    search_after: ClassValue
    """The class after which the look-up starts in the resolution order."""
    receiver: Value
    """The bound `self` or `cls`."""


class SuperConstructor(Value, Struct, frozen=True):
    """`super().__new__` or `super().__call__` without a definition in the project, or a generated `__init__`.

    A call creates or initializes an object.
    """

    super_object: SuperObject
    name: str
    """`__new__`, `__call__` or `__init__`."""


class BuiltinMethod(Value, Struct, frozen=True):
    """A bound method of a built-in type: `tasks.append`, `payload.get`, `group.create_task`."""

    receiver: Value
    name: str


class Event(Value, Struct, frozen=True):
    """The `event` argument of `run`, or the result of `step.wait_for_event`."""

    shape: PayloadShape
    """The shape of its `["payload"]`."""
    is_run_event: bool = False
    """Whether it is the argument of `run`, which the engine creates again for each replay."""


class Payload(Value, Struct, frozen=True):
    """The payload of an event, or the value at one of its keys."""

    shape: PayloadShape
    is_run_event: bool = False
    """Whether the event is the argument of `run`."""


class EventPart(Value, Struct, frozen=True):
    """An unresolved part of the event of `run`, such as an element of a list."""

    relevant: ClassVar[bool] = False
    tainted: ClassVar[bool] = True


class StepCall(Value, Struct, eq=False):
    """The coroutine of a step."""

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
    """The coroutine returned by a plain function, represented as a call of that function."""

    function: Function
    result: Value
    """The returned coroutine."""
    place: Place
    """The call of the function."""


Coroutine: TypeAlias = StepCall | WaitCall | FunctionCall | PreparedCall


class WaitForCall(Value, Struct, frozen=True):
    """The coroutine of `asyncio.wait_for`."""

    inner: Value
    """The wrapped awaitable. A coroutine starts when the wrapper is awaited."""
    place: Place
    parts: int = 1
    """The number of values in this tree, computed from the fields."""

    def __post_init__(self) -> None:
        force_setattr(self, "parts", _count_with_children((self.inner,)))


class Task(Value, Struct, frozen=True):
    """A started task."""

    task_id: TaskId
    result: Value = UNKNOWN
    """The value of an await of the task."""
    all_runs: bool = False
    """Whether it represents all tasks started at this place, instead of the last one."""
    on_every_path: bool = True
    """Whether the value is this task on every path, so awaiting the value must await the task."""
    parts: int = 1
    """The number of values in this tree, computed from the fields."""

    def __post_init__(self) -> None:
        if self.result is not UNKNOWN:
            force_setattr(self, "parts", _count_with_children((self.result,)))


class Gathering(Value, Struct, frozen=True):
    """A future of several awaitables, as `asyncio.gather` returns it."""

    kind: ParallelKind
    members: tuple[Value, ...]
    """Tasks and nested gatherings."""
    until_done: bool = True
    """Whether an await lasts until its members finish. A timeout may end it earlier."""
    result: Value = UNKNOWN
    """The value of an await of the future."""
    one_per_iteration: bool = False
    """Whether it is one member, and a different member at each pass of a loop."""
    started_tasks: frozenset[TaskId] = frozenset()
    """The tasks started for it."""
    loop_depth: int = 0
    """Number of loops of the function around its creation."""
    in_completion_order: bool = False
    """Whether its members are awaited in the order of completion, as by `asyncio.as_completed`."""
    parts: int = 1
    """The number of values in this tree, computed from the fields."""

    def __post_init__(self) -> None:
        force_setattr(self, "parts", _count_with_children((*self.members, self.result)))

    @property
    def _key(self) -> tuple[object, ...]:
        """The fields that are compared: all but the result."""
        return (
            self.kind,
            self.members,
            self.until_done,
            self.one_per_iteration,
            self.started_tasks,
            self.loop_depth,
            self.in_completion_order,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gathering) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


class TaskGroup(Value, Struct, eq=False):
    """`asyncio.TaskGroup()`."""

    state: HeapCell
    """Its slot `items` has the ids of its tasks."""


class ExitStack(Value, Struct, eq=False):
    """`contextlib.ExitStack()` or `AsyncExitStack()`."""

    supported_call: cst.Call | None = None
    """The method call that is being evaluated, if it is supported."""
    may_run_steps: bool = False
    """Whether a callback or context manager on it may run steps."""


class WrappingManager(Value, Struct, eq=False):
    """The context manager of `contextlib.nullcontext(...)`, `closing(...)` or `aclosing(...)`."""

    content: Value
    """The argument, which the `with` statement binds."""
    closing: str | None = None
    """The method of the argument that is called at the exit, None for none."""


class ExitStackArguments(Value, Struct, eq=False):
    """The arguments of a method call that pushes a callback or context manager on an exit stack."""

    arguments: Arguments


class Suppressor(Value, Struct, eq=False):
    """`contextlib.suppress(...)`."""

    handler: Handler | None
    """The exceptions that it catches, None for none."""


class Partial(Value, Struct, eq=False):
    """`functools.partial` of a callable other than a project function."""

    callee: Value
    arguments: Arguments


class GeneratorCall(Value, Struct, eq=False):
    """The generator of a function of the project."""

    function: FunctionValue
    arguments: Arguments
    place: Place
    loop_depth: int = 0
    """Number of loops around the call."""


class GeneratorExpression(Value, Struct, eq=False):
    """A generator expression. Its first iterable is evaluated at once, everything else at its consumer."""

    node: cst.GeneratorExp
    scope: LexicalScope
    first: Value
    """The first iterable."""
    state: HeapCell
    """Its slot `items` has an element until the generator expression is exhausted."""
    initial: tuple[Element, ...]
    """The slot `items` before the first use."""
    loop_depth: int
    """Number of loops around the expression."""


class Case(Struct, frozen=True):
    """One of the possible values of an expression."""

    condition: str | None
    """Source of the condition, None for the default case."""
    value: Value


class Union(Value, Struct, eq=False):
    """Exactly one of several values."""

    cases: tuple[Case, ...]
    discriminant: str | None
    """Source of the expression that a `switch` compares, None for an `if`."""
    place: Place
    size: int = 0
    """The number of cases, nested unions flattened, computed from the fields."""
    parts: int = 1
    """The number of values in this tree, computed from the fields."""

    def __post_init__(self) -> None:
        self.size = sum(case.value.size if isinstance(case.value, Union) else 1 for case in self.cases)
        self.parts = _count_with_children(case.value for case in self.cases)


class Argument(Struct, frozen=True):
    """An evaluated argument of a call."""

    value: Value
    place: Place
    keyword: str | None = None
    star: str = ""
    """`"*"`, `"**"`, or empty."""


class Arguments(Struct, frozen=True):
    """The arguments of a call, in order."""

    items: tuple[Argument, ...] = ()

    @property
    def positional(self) -> tuple[Argument, ...]:
        """The positional arguments, without spread ones."""
        return tuple(argument for argument in self.items if argument.keyword is None and not argument.star)

    def find(self, index: int | None, keyword: str) -> Argument | None:
        """Return the argument at a 0-based position or with a keyword, None if it is missing."""
        positional = self.positional
        if index is not None and index < len(positional):
            return positional[index]
        match = next((argument for argument in self.items if argument.keyword == keyword), None)
        return self._find_spread(keyword) if match is None else match

    def _find_spread(self, keyword: str) -> Argument | None:
        """Return a keyword argument from a spread dictionary, as in `**options`."""
        for spread in self.items:
            if spread.star == "**" and isinstance(spread.value, Mapping):
                for entry in spread.value.entries:
                    if entry.key == Constant(keyword):
                        return Argument(entry.value, spread.place, keyword)
        return None


def map_tasks(value: Value, change: Callable[[Task], Task]) -> Value:
    """Return a value with a change applied to each of its tasks, nested ones included."""
    match value:
        case Task():
            return change(value)
        case Gathering(members=members):
            return replace(value, members=tuple(map_tasks(member, change) for member in members))
        case WaitForCall(inner=inner):
            return replace(value, inner=map_tasks(inner, change))
        case Union(cases=cases):
            changed = tuple(replace(case, value=map_tasks(case.value, change)) for case in cases)
            return Union(changed, value.discriminant, value.place)
        case _:
            return value


def with_all_runs(value: Value) -> Value:
    """Return a value whose tasks represent every task started at their places."""
    return map_tasks(value, lambda task: replace(task, all_runs=True))


def on_some_paths(value: Value) -> Value:
    """Return a value as it is on some paths only, so awaiting it does not guarantee that its tasks are finished."""
    return map_tasks(value, lambda task: replace(task, on_every_path=False))


def as_optional(item: Element) -> Element:
    """Return the element as one that may be missing."""
    return replace(item, value=on_some_paths(item.value), may_be_missing=True)


def hide_constants(value: Value) -> Value:
    """Return a value as read through a non-constant, which hides constants, also those in collections."""
    if isinstance(value, Collection | Mapping):
        return value if value.hidden else replace(value, hidden=True)
    return without_constants(value)


def without_constants(value: Value) -> Value:
    """Return a value with constants replaced by UNKNOWN, and None by ABSENT."""
    if value.relevant or value.tainted or isinstance(value, Absent):
        return value
    if value == Constant(None):
        return ABSENT
    return value.nondeterministic if isinstance(value, Template) and value.nondeterministic is not None else UNKNOWN


DEEPEST: Final = 4
"""Maximum nesting depth of collections in a walk."""


class Visits(Struct):
    """The heap cells that a walk has entered.

    Entering a cell again only at a smaller depth makes the walk linear in the number of elements, while the tree may be
    exponentially large.
    """

    _depths: dict[int, int] = field(default_factory=dict)
    """The smallest depth at which each cell was entered, by serial."""

    def enter(self, cell: HeapCell, depth: int) -> bool:
        """Record a cell at a nesting depth, and return whether the walk must enter it."""
        if depth >= min(DEEPEST, self._depths.get(cell.serial, DEEPEST)):
            return False
        self._depths[cell.serial] = depth
        return True
