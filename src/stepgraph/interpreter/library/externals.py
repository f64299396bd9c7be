"""The functions outside the project whose meaning matters: asyncio, functools, builtins, and JavaScript's promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from msgspec.structs import replace

from stepgraph.interpreter.escapes import report_escape
from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.library.collections_ import MODELS as CONTAINERS
from stepgraph.interpreter.library.datetime_ import duration, moment
from stepgraph.interpreter.library.logging_ import is_logging
from stepgraph.interpreter.objects.dynamic_attributes import get_attribute
from stepgraph.interpreter.objects.iteration import copied, items_of, materialized
from stepgraph.interpreter.objects.methods import call_for_each, changed_copy, compare_each
from stepgraph.interpreter.objects.union import any_of
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Alternatives,
    Argument,
    Arguments,
    ClassValue,
    Collection,
    Constant,
    Doubt,
    Event,
    ExitStack,
    External,
    Foreign,
    FunctionKind,
    FunctionValue,
    Gathering,
    Instance,
    Item,
    Mapping,
    Partial,
    Payload,
    Ranged,
    SpreadArguments,
    StepFunction,
    SuperObject,
    Suppressor,
    Task,
    TaskGroup,
    Value,
    Wrapped,
    WrappingManager,
    changed_tasks,
    every_run,
    hidden,
    made_by,
    possible,
)
from stepgraph.interpreter.python.arguments import made, mapping, ordered_like, spread
from stepgraph.interpreter.python.assignment import assign_attribute
from stepgraph.interpreter.python.calls import call_unknown
from stepgraph.interpreter.python.definitions import TRANSPARENT_TO_CLASSES
from stepgraph.interpreter.raised_exceptions import caught_types
from stepgraph.interpreter.replay import resources, taint
from stepgraph.interpreter.workflow.awaiting import awaited_of, is_awaitable, start
from stepgraph.interpreter.workflow.timeouts import observe_sleep_as_task
from stepgraph.ir.nodes import EMPTY, Handle, Handler, Loop, started_in
from stepgraph.ir.static_values import CollectionKind
from stepgraph.model.payload import ParallelKind
from stepgraph.syntax.module import Place

Meaning: TypeAlias = Callable[[Machine, Arguments, Place], Value]

# Calls that look at their arguments and run nothing of them.
HARMLESS: Final = frozenset(
    [
        *("asyncio.iscoroutine", "asyncio.iscoroutinefunction"),
        *("inspect.isawaitable", "inspect.iscoroutine", "inspect.iscoroutinefunction", "inspect.signature"),
    ]
) | frozenset(
    f"builtins.{name}"
    for name in [
        "bool",
        "callable",
        "dir",
        "format",
        "hasattr",
        "hash",
        "id",
        "isinstance",
        "issubclass",
        "len",
        "print",
        "repr",
        "str",
    ]
)

# Calls of which the result is told apart where it is used.
KNOWN_BY_CALL: Final = frozenset(
    [
        *("functools.lru_cache", "asyncio.timeout", "asyncio.timeout_at"),
        *("collections.namedtuple", "typing.NamedTuple", "typing.TypedDict"),
    ]
)


_CACHING: Final = ("functools.cache", "functools.lru_cache")


def call_external(machine: Machine, callee: External, arguments: Arguments, place: Place) -> Value:
    """Call something outside the project, by its name."""
    result = _call_external(machine, callee, arguments, place)
    return resources.called(machine, callee.name, place, taint.called(machine, callee, arguments, place, result))


def _call_external(machine: Machine, callee: External, arguments: Arguments, place: Place) -> Value:
    name = ALIASES.get(callee.name, callee.name)
    if name == "asyncio.create_task" and callee.name != "asyncio.ensure_future" and arguments.items:
        observe_sleep_as_task(machine, arguments.items[0], place)
    meaning = MEANINGS.get(name)
    if meaning is not None:
        return meaning(machine, arguments, place)
    if name.removesuffix("()") in TRANSPARENT_TO_CLASSES:
        return _decorated(callee, arguments)
    if is_logging(name):
        return Foreign(name)
    if name in HARMLESS:
        return UNKNOWN
    if name in _CACHING and isinstance(_first(arguments), FunctionValue):
        return _first(arguments)
    if name in KNOWN_BY_CALL:
        report_escape(machine, arguments, place)
        return External(f"{name}()")
    return call_unknown(machine, callee, arguments, place)


def _decorated(decorator: External, arguments: Arguments) -> Value:
    """Return the class that a decorator is called with; with settings only, it makes the decorator."""
    given = _first(arguments)
    return given if isinstance(given, ClassValue) else External(f"{decorator.name.removesuffix('()')}()")


def _first(arguments: Arguments) -> Value:
    return arguments.items[0].value if arguments.items else UNKNOWN


# asyncio


def _gather(machine: Machine, arguments: Arguments, place: Place) -> Value:
    since = machine.call_since
    members: list[Value] = []
    for given in arguments.items:
        if given.star:
            members += _started(machine, given)
        elif given.keyword is None:
            members.append(start(machine, given.value, given.place))
    settled = arguments.find(None, "return_exceptions")
    kind: ParallelKind = "all_settled" if settled and settled.value == Constant(value=True) else "all"
    if kind == "all_settled":
        members = _unless_limited(machine, members)
    gathering = _gathering(machine, kind, members, place, since)
    if kind == "all_settled" or any(given.star for given in arguments.items):
        return gathering
    results = tuple(Item(_event_of(member), place) for member in members)
    return replace(gathering, result=made(machine, "list", results))


def _unless_limited(machine: Machine, members: Sequence[Value]) -> list[Value]:
    """Return work that an await which settles is over with: not what a timeout in it has cut short."""
    limited = machine.work.limited
    return [changed_tasks(member, lambda t: replace(t, sure=t.sure and t.handle not in limited)) for member in members]


def _event_of(member: Value) -> Value:
    """Return the event that a wait among the members of a gather gives; of what others give nothing is known."""
    return member.result if isinstance(member, Task) and isinstance(member.result, Event) else UNKNOWN


def _in_member_order(machine: Machine, handles: Sequence[Handle]) -> None:
    """A gather among the arguments has started its members before the others: they are shown in the order written."""
    order = {handle: index for index, handle in enumerate(handles)}
    first = len(machine.operations)
    while first and next(started_in(machine.operations[first - 1]), None) in order:
        first -= 1
    machine.operations[first:] = sorted(machine.operations[first:], key=lambda o: order[next(started_in(o))])


def _handles(members: Sequence[Value]) -> list[Handle]:
    return [awaited.handle for member in members for awaited in awaited_of(member)]


def _gathering(machine: Machine, kind: ParallelKind, members: list[Value], place: Place, since: Handle) -> Gathering:
    """Return a future of several; what has a handle after `since` was started for it."""
    results = tuple(Item(UNKNOWN, place) for _ in members)
    started = [handle for handle in _handles(members) if handle > since]
    _in_member_order(machine, started)
    awaited = tuple(member for member in members if is_awaitable(member))
    loops = machine.loop_depth - machine.frame.loops_outside
    machine.work.hold(place, _handles(awaited))
    return Gathering(kind, awaited, result=made(machine, "list", results), own=frozenset(started), loops=loops)


def _started(machine: Machine, given: Argument) -> list[Value]:
    """Start each element of an argument that holds several awaitables."""
    if isinstance(given.value, Alternatives) and any(isinstance(o.value, Collection) for o in given.value.options):
        return [machine.choose(given.value, lambda chosen: _started_of_one(machine, replace(given, value=chosen)))]
    items = items_of(machine, given.value)
    if items is not None:
        is_whole = not (isinstance(given.value, Collection) and given.value.state.changed)
        items = items if is_whole else tuple(replace(item, passes=None) for item in items)
        return [_start_item(machine, item, given) for item in items]
    if given.value.relevant and not is_awaitable(given.value) and not isinstance(given.value, Instance):
        machine.note(
            "unresolved-await",
            given.place,
            f"what is in `{given.place.text}` cannot be followed.",
            "Steps that it runs may be missing from the graph.",
        )
    return [given.value] if is_awaitable(given.value) else []


def _started_of_one(machine: Machine, given: Argument) -> Value:
    """Start each element of one of several collections, as a future of them."""
    since = machine.work.handles
    return _gathering(machine, "all", _started(machine, given), given.place, since)


def _start_item(machine: Machine, item: Item, given: Argument) -> Value:
    """Start an element; one that stands for many starts in a loop, one that may be missing in a branch."""
    if isinstance(item.value, Task | Gathering):
        return every_run(item.value) if item.many else item.value
    if not (item.many or item.maybe):
        return start(machine, item.value, item.place)
    started: list[Value] = []
    if item.maybe and not item.many:
        condition = item.condition or f"{item.place.text} in {given.place.text}"
        outcome = machine.branch(lambda: started.append(start(machine, item.value, item.place)), condition)
        machine.emit_choice([(condition, outcome.block)], None, item.place)
        return started[0]
    machine.loop_depth += 1  # what each of them adds to a list is there many times
    block = machine.block_of(lambda: started.append(start(machine, item.value, item.place)))
    machine.loop_depth -= 1
    if block.operations:
        machine.emit(Loop(block, EMPTY, item.place, passes=None if item.maybe else item.passes))
    return every_run(started[0])


def _create_task(machine: Machine, arguments: Arguments, place: Place) -> Value:
    given = arguments.find(0, "coro")
    return UNKNOWN if given is None else _task(machine, given, place)


def _task(machine: Machine, given: Argument, place: Place) -> Value:
    task = start(machine, given.value, given.place)
    machine.work.hold(place, _handles([task]))
    return task


def _wait(machine: Machine, arguments: Arguments, place: Place) -> Value:
    since = machine.call_since
    given = arguments.find(0, "fs") or arguments.find(None, "aws")
    if given is None:
        return UNKNOWN
    until = arguments.find(None, "return_when")
    kind = "all_settled" if until is None else _kind_when(until.value)
    members = _unless_limited(machine, _started(machine, given))
    waited = _gathering(machine, kind or "all", members, place, since)
    limit = arguments.find(None, "timeout")
    certain = kind is not None and (limit is None or limit.value == Constant(None))
    done = made(machine, "tuple", (Item(UNKNOWN, place), Item(UNKNOWN, place)))
    return replace(waited, certain=certain, result=done)


_WHEN: Final[dict[str, ParallelKind]] = {
    "asyncio.FIRST_COMPLETED": "race",
    "asyncio.FIRST_EXCEPTION": "all",
    "asyncio.ALL_COMPLETED": "all_settled",
}


def _kind_when(when: Value) -> ParallelKind | None:
    """Return the kind of a wait by its `return_when`, None where that is not known."""
    if isinstance(when, Constant) and isinstance(when.value, str):
        return _WHEN.get(f"asyncio.{when.value}")
    return _WHEN.get(when.name) if isinstance(when, External) else None


def _wait_for(machine: Machine, arguments: Arguments, place: Place) -> Value:
    given = arguments.find(0, "fut")
    if given is None:
        return UNKNOWN
    machine.work.wrapped[id(given.place.node)] = place
    limit = arguments.find(1, "timeout")
    limited = limit is None or limit.value != Constant(None)
    return Wrapped(given.value, place) if limited and is_awaitable(given.value) else given.value


def _shield(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """A coroutine that is shielded becomes a task at once."""
    given = arguments.find(0, "arg")
    if given is None or not is_awaitable(given.value):
        return UNKNOWN if given is None else given.value
    task = _task(machine, given, place)
    machine.work.shielded.update(_handles([task]))
    return task


def _as_completed(machine: Machine, arguments: Arguments, place: Place) -> Value:
    since = machine.call_since
    given = arguments.find(0, "fs")
    if given is None:
        return UNKNOWN
    members = _gathering(machine, "all", _started(machine, given), place, since)
    machine.work.unordered |= members.own  # it makes a set of them
    if not members.members:
        return UNKNOWN
    return made(machine, "list", (Item(replace(members, each=True, in_turn=True), place, many=True),))


def _task_group(machine: Machine, arguments: Arguments, place: Place) -> Value:
    del arguments, place
    return TaskGroup(machine.store.new({"items": ()}))


def _event_loop(machine: Machine, arguments: Arguments, place: Place) -> Value:
    del machine, arguments, place
    return External("asyncio.loop")


def _promise(kind: ParallelKind) -> Meaning:
    def combined(machine: Machine, arguments: Arguments, place: Place) -> Value:
        since = machine.call_since
        members = _started(machine, arguments.items[0]) if arguments.items else []
        promise = _gathering(machine, kind, members, place, since)
        machine.work.unordered |= promise.own  # JavaScript begins them, some turns of its own queue later
        return promise

    return combined


# functools, contextlib, typing, datetime


def _partial(machine: Machine, arguments: Arguments, place: Place) -> Value:
    function = _first(arguments)
    rest = arguments.items[1:]
    if isinstance(function, StepFunction):
        return function
    if not function.relevant and not _starts_work(function):
        return call_unknown(machine, function, arguments, place)
    if not isinstance(function, FunctionValue):
        return Partial(function, Arguments(rest))
    return replace(
        function,
        positional=(*function.positional, *_bound_by_position(machine, rest)),
        keywords=(*function.keywords, *_bound_by_name(rest)),
    )


def _bound_by_position(machine: Machine, arguments: Sequence[Argument]) -> Iterator[Value]:
    for argument in arguments:
        if argument.star == "*":
            held = argument.value
            unknown = (Item(held if held.relevant else UNKNOWN, argument.place, many=True),)
            yield SpreadArguments(held if isinstance(held, Collection) else made(machine, "tuple", unknown))
        elif argument.keyword is None and not argument.star:
            yield argument.value


def _bound_by_name(arguments: Sequence[Argument]) -> Iterator[tuple[str, Value]]:
    for argument in spread(Arguments(tuple(arguments))).items:
        if argument.keyword is not None:
            yield argument.keyword, argument.value


def _wraps(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """`functools.wraps(f)` makes a decorator, which makes a function look like `f`."""
    del machine, place
    if len(arguments.positional) < 2:  # noqa: PLR2004 - what is wrapped, and what wraps it
        return Partial(External("functools.wraps"), arguments)
    wrapper = arguments.items[-1].value
    return replace(wrapper, wrapped=arguments.items[0].value) if isinstance(wrapper, FunctionValue) else wrapper


def _suppress(machine: Machine, arguments: Arguments, place: Place) -> Value:
    del machine, place
    named = [item.place.text for item in arguments.items]
    if not named:
        return Suppressor(None)
    types = [caught_types(item.value, item.place, {}) for item in arguments.items]
    known = all(types) and not any(item.star for item in arguments.items)
    condition = named[0] if len(named) == 1 else f"({', '.join(named)})"
    return Suppressor(Handler(condition, EMPTY, tuple(t for part in types for t in part) if known else ()))


def _exit_stack(machine: Machine, arguments: Arguments, place: Place) -> Value:
    del machine, arguments, place
    return ExitStack()


def _wrapping_manager(closing: str | None) -> Meaning:
    def wrap(machine: Machine, arguments: Arguments, place: Place) -> Value:
        del machine, place
        content = _first(arguments)
        return WrappingManager(content, closing) if content.relevant else Foreign("contextlib.nullcontext")

    return wrap


def _method(kind: FunctionKind) -> Meaning:
    """What a decorator of Python makes of a function where it is called: `go = staticmethod(go)`."""

    def make(machine: Machine, arguments: Arguments, place: Place) -> Value:
        del machine, place
        function = _first(arguments)
        return replace(function, kind=kind) if isinstance(function, FunctionValue) else function

    return make


def _itself(machine: Machine, arguments: Arguments, place: Place) -> Value:
    del machine, place
    return _first(arguments)


def _second(machine: Machine, arguments: Arguments, place: Place) -> Value:
    del machine, place
    return arguments.items[1].value if len(arguments.items) > 1 else UNKNOWN


# builtins


def _number(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """A number of seconds is one of seconds when it is rounded, too."""
    del machine, place
    name = made_by(_first(arguments)) or ""
    return Foreign(name) if name.rsplit(".", 1)[-1] in _SECONDS else UNKNOWN


_SECONDS: Final = ("time", "timestamp", "total_seconds")


def _copy(kind: CollectionKind, otherwise: Value = UNKNOWN) -> Meaning:
    """A collection of the elements of another one, or `otherwise` where they are not known."""

    def copy(machine: Machine, arguments: Arguments, place: Place) -> Value:
        del place
        if not arguments.items:
            return made(machine, kind, ())
        return copied(machine, _first(arguments), kind) or otherwise

    return copy


def _sorted(machine: Machine, arguments: Arguments, place: Place) -> Value:
    copy = copied(machine, _first(arguments), "list")
    _call_key(machine, arguments, () if copy is None else copy.items, place)
    if copy is None:
        return UNKNOWN
    copy.state.unordered = True
    return copy


def _range(machine: Machine, arguments: Arguments, place: Place) -> Value:
    numbers = [_whole(a.value) for a in arguments.items if a.keyword is None and not a.star]
    known = [number for number in numbers if number is not None]
    if not 0 < len(known) == len(arguments.items) <= _MOST_BOUNDS or known[2:] == [0]:
        return call_unknown(machine, _RANGE, arguments, place)
    held = range(*known)
    return Ranged(_RANGE.name, (held[-1] - held[0]) // held.step + 1 if held else 0)


_RANGE: Final = External("builtins.range")
_MOST_BOUNDS: Final = 3  # start, stop, step


def _whole(value: Value) -> int | None:
    """Return a constant that is a whole number."""
    return value.value if isinstance(value, Constant) and isinstance(value.value, int) else None


def _enumerate(machine: Machine, arguments: Arguments, place: Place) -> Value:
    items = items_of(machine, _first(arguments))
    if items is None:
        return UNKNOWN
    pairs = (
        Item(
            made(machine, "tuple", (Item(UNKNOWN, place), Item(item.value, item.place))),
            item.place,
            item.many,
            item.maybe,
        )
        for item in items
    )
    return ordered_like(_first(arguments), made(machine, "list", tuple(pairs)))


def _reversed(machine: Machine, arguments: Arguments, place: Place) -> Value:
    del place
    items = items_of(machine, _first(arguments))
    return UNKNOWN if items is None else ordered_like(_first(arguments), made(machine, "list", tuple(reversed(items))))


def _zip(machine: Machine, arguments: Arguments, place: Place) -> Value:
    columns = [items_of(machine, a.value) for a in arguments.items]
    known = [column for column in columns if column is not None]
    items = [item for column in known for item in column]
    if not known:
        return UNKNOWN
    if any(item.many for item in items):
        row = made(machine, "tuple", tuple(_any_cell(column, place) for column in columns))
        return made(machine, "list", (Item(row, place, many=True),))
    if len(known) < len(columns):
        # A column of which the length is not known may end first.
        columns = [None if column is None else tuple(map(possible, column)) for column in columns]
    rows = [
        Item(made(machine, "tuple", tuple(_cell(column, index, place) for column in columns)), place)
        for index in range(min(len(column) for column in known))
    ]
    zipped = made(machine, "list", tuple(rows))
    zipped.state.unordered = len(known) < len(columns)
    return zipped


def _cell(column: tuple[Item, ...] | None, index: int, place: Place) -> Item:
    return Item(UNKNOWN, place) if column is None else column[index]


def _any_cell(column: tuple[Item, ...] | None, place: Place) -> Item:
    items = column or ()
    return Item(any_of([item.value for item in items], [item.place.text for item in items], place.text, place), place)


def _map(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """`map(f, xs)` calls `f` with each element, where it is consumed; that is taken to be here."""
    function = _first(arguments)
    starts = _starts_work(function)
    if not (function.relevant or starts) or not arguments.items[1:]:
        return UNKNOWN
    items = items_of(machine, arguments.items[1].value)
    if items is not None and not any(item.many for item in items):
        values = [machine.call(function, Arguments((Argument(i.value, i.place),)), i.place) for i in items]
        return made(machine, "list", tuple(Item(v, place) for v in values))
    if starts:
        started = _started(machine, arguments.items[1])
        return made(machine, "list", tuple(Item(value, place, many=True) for value in started))
    return made(machine, "list", (_mapped(machine, function, items or (), place),))


def _starts_work(function: Value) -> bool:
    """Whether calling a function of asyncio makes a coroutine a task."""
    name = function.name if isinstance(function, External) else ""
    return ALIASES.get(name, name) in ("asyncio.create_task", "asyncio.shield")


def _mapped(machine: Machine, function: Value, items: Sequence[Item], place: Place) -> Item:
    relevant = [item for item in items if item.value.relevant]
    return Item(call_for_each(machine, function, relevant, place), place, many=True)


def _super(machine: Machine, arguments: Arguments, place: Place) -> Value:
    del place
    scope = machine.frame.scope
    while scope.kind == "expression" and scope.parent is not None:
        scope = scope.parent
    method: Value = UNKNOWN
    enclosing = scope
    while enclosing.owner is None and enclosing.parent is not None:
        enclosing = enclosing.parent
    if arguments.items and isinstance(arguments.items[0].value, ClassValue):
        method = arguments.items[0].value
    elif enclosing.owner is not None:
        method = enclosing.owner
    if len(arguments.items) > 1:
        receiver = arguments.items[1].value
    else:
        receiver = next((v for v in scope.names.values() if isinstance(v, Instance | ClassValue)), UNKNOWN)
    return SuperObject(method, receiver) if isinstance(method, ClassValue) else UNKNOWN


def _next(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """Any of the elements: which one depends on how many were taken before."""
    items = items_of(machine, _first(arguments))
    default = tuple(Item(argument.value, argument.place) for argument in arguments.items[1:])
    if items is None:
        machine.escape(_first(arguments), place, "is advanced in a way that is not followed")
    found = (*(items or ()), *default)
    return any_of([item.value for item in found], [item.place.text for item in found], place.text, place)


def _unknown_member(owner: ClassValue, place: Place) -> Doubt:
    return Doubt(
        "unknown-member",
        place,
        f"`{place.text}` sets a member of the class `{owner.name}` by a name that is not statically known.",
        "The graph shows the methods as they stand in the class.",
        may_be_another=True,
    )


def _property(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """`property(get, set)`."""
    getter, setter = arguments.find(0, "fget"), arguments.find(1, "fset")
    if getter is None or not isinstance(getter.value, FunctionValue):
        return call_unknown(machine, External("builtins.property"), arguments, place)
    return replace(getter.value, kind="property", setter=None if setter is None else setter.value)


def _type(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """The class of an object; a class that is made by a call is not followed."""
    if len(arguments.items) > 1:
        return call_unknown(machine, External("builtins.type"), arguments, place)
    owner = _first(arguments)
    return owner.of if isinstance(owner, Instance) else UNKNOWN


def _changed_copy(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """A copy of an object or a collection, with other attributes."""
    original = _first(arguments)
    if any(change.keyword is None for change in arguments.items[1:]):
        return call_unknown(machine, External("copy.replace"), arguments, place)
    if isinstance(original, Instance):
        return changed_copy(machine, original, arguments, place)
    if isinstance(original, Collection):
        return copied(machine, original, original.kind) or UNKNOWN
    if isinstance(original, Mapping):
        copy = replace(mapping(machine, original.entries, partial=original.partial), hidden=True)
        copy.state.unordered = original.state.unordered
        return copy
    if isinstance(original, Alternatives):
        rest = arguments.items[1:]
        return machine.choose(
            original,
            lambda chosen: _changed_copy(machine, Arguments((Argument(chosen, place), *rest)), place),
        )
    if isinstance(original, Event | Payload) or not original.relevant or len(arguments.items) > 1:
        return call_unknown(machine, External("copy.copy"), arguments, place)
    return original


def _setattr(machine: Machine, arguments: Arguments, place: Place) -> Value:
    match [argument.value for argument in arguments.items]:
        case [Instance() as owner, Constant(value=str(name)), value]:
            assign_attribute(machine, owner, name, value, place)
            return Constant(None)
        case [ClassValue() as owner, Constant(value=str(name)), value]:
            machine.store.write(owner.scope.names, name, hidden(value))
            return Constant(None)
        case [ClassValue() as owner, _, _]:
            owner.doubts = (*owner.doubts, _unknown_member(owner, place))
            return Constant(None)
        case _:
            return call_unknown(machine, UNKNOWN, arguments, place)


def _consumed(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """`any(...)` goes over a generator, as far as it needs to."""
    del place
    for argument in arguments.positional:
        items_of(machine, argument.value)
    return UNKNOWN


def _sum(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """What the elements are added up to is not followed."""
    for argument in arguments.positional:
        for item in items_of(machine, argument.value) or ():
            machine.escape(item.value, place, "is added up in a way that is not followed")
    return UNKNOWN


def _extreme(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """Any one of the elements, or of the arguments; `key` is called for each."""
    given = arguments.positional
    if len(given) == 1:
        found = None if given[0].star else items_of(machine, given[0].value)
        if found is None:
            machine.escape(given[0].value, given[0].place, "is compared in a way that is not followed")
        items = found or ()
    else:
        items = tuple(Item(argument.value, argument.place) for argument in given)
    _call_key(machine, arguments, items, place)
    default = arguments.find(None, "default")
    if default is not None:
        items = (*items, Item(default.value, default.place))
    return any_of([item.value for item in items], [item.place.text for item in items], place.text, place)


def _call_key(machine: Machine, arguments: Arguments, items: Sequence[Item], place: Place) -> None:
    key = arguments.find(None, "key")
    if key is not None:
        call_for_each(machine, key.value, items, key.place)
    else:
        compare_each(machine, items, place)


def _vars(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """The attributes of an object, or the names in a scope."""
    owner = _first(arguments)
    return machine.attribute(owner, "__dict__", place) if isinstance(owner, Instance) else UNKNOWN


def _run_text(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """Code in a string may use every name of the function that runs it."""
    report_escape(machine, arguments, place)
    for name, value in machine.frame.scope.names.items():
        if machine.escape(value, place, f"may be used as `{name}` by code in a string, which is not followed"):
            break
    return UNKNOWN


def _iterator(machine: Machine, arguments: Arguments, place: Place) -> Value:
    if len(arguments.items) > 1:
        # `iter(call, last)` calls it until it gives the last value.
        machine.escape(_first(arguments), place, "is called in a way that is not followed")
        return UNKNOWN
    return materialized(machine, _first(arguments))


ALIASES: Final = {
    "asyncio.tasks.gather": "asyncio.gather",
    "asyncio.loop.create_task": "asyncio.create_task",
    "asyncio.get_running_loop": "asyncio.get_event_loop",
    "asyncio.new_event_loop": "asyncio.get_event_loop",
    "asyncio.ensure_future": "asyncio.create_task",
    "asyncio.Task": "asyncio.create_task",
    "asyncio.eager_start": "asyncio.create_task",
    "builtins.aiter": "builtins.iter",
    "typing_extensions.cast": "typing.cast",
}

MEANINGS: Final[dict[str, Meaning]] = {
    "asyncio.gather": _gather,
    "asyncio.create_task": _create_task,
    "asyncio.wait": _wait,
    "asyncio.wait_for": _wait_for,
    "asyncio.shield": _shield,
    "asyncio.as_completed": _as_completed,
    "asyncio.TaskGroup": _task_group,
    "asyncio.get_event_loop": _event_loop,
    "js.Promise.all": _promise("all"),
    "js.Promise.any": _promise("any"),
    "js.Promise.race": _promise("race"),
    "js.Promise.allSettled": _promise("all_settled"),
    "functools.partial": _partial,
    "functools.wraps": _wraps,
    "functools.partialmethod": _partial,
    "contextlib.suppress": _suppress,
    "contextlib.nullcontext": _wrapping_manager(None),
    "contextlib.closing": _wrapping_manager("close"),
    "contextlib.aclosing": _wrapping_manager("aclose"),
    "contextlib.ExitStack": _exit_stack,
    "contextlib.AsyncExitStack": _exit_stack,
    "typing.cast": _second,
    "datetime.datetime": moment,
    "datetime.timedelta": duration,
    "collections.deque": _copy("deque", Foreign("collections.deque")),
    "pyodide.ffi.to_js": _itself,
    "builtins.staticmethod": _method("static"),
    "builtins.classmethod": _method("class"),
    "builtins.float": _number,
    "builtins.int": _number,
    "builtins.round": _number,
    "math.ceil": _number,
    "math.floor": _number,
    "math.trunc": _number,
    "builtins.list": _copy("list"),
    "builtins.sorted": _sorted,
    "builtins.tuple": _copy("tuple"),
    "builtins.set": _copy("set"),
    "builtins.frozenset": _copy("frozenset", Foreign("builtins.frozenset")),
    "builtins.range": _range,
    "builtins.enumerate": _enumerate,
    "builtins.reversed": _reversed,
    "builtins.zip": _zip,
    "builtins.map": _map,
    "builtins.iter": _iterator,
    "builtins.next": _next,
    "builtins.getattr": get_attribute,
    "builtins.setattr": _setattr,
    "builtins.super": _super,
    "builtins.all": _consumed,
    "builtins.any": _consumed,
    "builtins.sum": _sum,
    "builtins.max": _extreme,
    "builtins.min": _extreme,
    "builtins.vars": _vars,
    "builtins.eval": _run_text,
    "builtins.exec": _run_text,
    "builtins.property": _property,
    "builtins.type": _type,
    "copy.copy": _changed_copy,
    "copy.deepcopy": _changed_copy,
    "copy.replace": _changed_copy,
    "dataclasses.replace": _changed_copy,
    **CONTAINERS,
}
