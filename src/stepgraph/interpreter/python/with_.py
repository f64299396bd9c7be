"""`with` and `async with`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.escapes import report_escape
from stepgraph.interpreter.frame import Frame, OpenContext, Outcome
from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.library.exit_stacks import Push, push_of, pushed_arguments
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Alternatives,
    Arguments,
    ExitStack,
    External,
    FunctionValue,
    GeneratorCall,
    Instance,
    Resource,
    Suppressor,
    TaskGroup,
    Unknown,
    Unresolved,
    Value,
    WrappingManager,
    made_by,
)
from stepgraph.interpreter.python.assignment import assign
from stepgraph.interpreter.python.context_managers import (
    ExitEffects,
    enter_object,
    exit_effects,
    exit_object,
    is_attempt,
    may_swallow,
)
from stepgraph.interpreter.python.generators import body_of, run_generator
from stepgraph.interpreter.python.try_ import ALL_EXITS, guards_await, read_final
from stepgraph.interpreter.store import any_way, apply
from stepgraph.interpreter.summaries import function_scope, may_run_steps
from stepgraph.interpreter.workflow.awaiting import await_value
from stepgraph.interpreter.workflow.timeouts import note_cut_short, report_timeout
from stepgraph.ir.nodes import (
    EMPTY,
    Activity,
    Awaited,
    Block,
    Call,
    Exit,
    ExitKind,
    Handler,
    Join,
    Joined,
    Loop,
    Protected,
    Scope,
    Start,
    blocks_of,
    works,
)
from stepgraph.ir.walk import reached
from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import statements, statements_below

# What `asyncio.timeout(...)` and its like return, as `call_external` names it.
TIMEOUTS: Final = frozenset(["asyncio.timeout()", "asyncio.timeout_at()"])
# What lets one after another in, first come, first served.
_LOCKS: Final = frozenset(["asyncio.Lock", "asyncio.locks.Lock"])


class Entering(Struct, frozen=True):
    """A context manager that is about to be entered."""

    node: cst.BaseExpression
    """What gives the manager."""
    place: Place
    """Where it is entered."""
    target: cst.BaseExpression | None
    """What is assigned what entering it gives."""
    is_async: bool
    """Whether its asynchronous methods are called."""
    body: Callable[[], None]
    """Reads the code that it stands around."""
    suite: cst.BaseSuite | None = None
    """The block, where this is the innermost manager of a `with`."""


def execute_with(machine: Machine, node: cst.With) -> None:
    """The items' steps, then the body, in place; a task group joins its tasks, a suppressor is a `try`."""
    _items(machine, node, node.items)


def _items(machine: Machine, node: cst.With, items: Sequence[cst.WithItem]) -> None:
    if not items:
        machine.execute(node.body)
        return
    item, *rest = items
    entering = Entering(
        item.item,
        machine.place(item),
        None if item.asname is None else item.asname.name,
        is_async=node.asynchronous is not None,
        body=lambda: _items(machine, node, rest),
        suite=None if rest else node.body,
    )
    _enter(machine, entering, machine.evaluate(item.item))


def _enter(machine: Machine, entering: Entering, manager: Value) -> None:
    """Enter a manager, and read what it stands around."""
    if isinstance(manager, Alternatives) and any(_stands_around(machine, o.value) for o in manager.options):
        machine.choose(manager, lambda chosen: _enter_one(machine, entering, chosen))
        return
    _enter_one(machine, entering, manager)


def _enter_one(machine: Machine, entering: Entering, manager: Value) -> Value:
    if isinstance(manager, GeneratorCall) and _stands_around(machine, manager):
        _around(machine, entering, manager)
        return UNKNOWN
    entered = _entered(machine, entering, manager)
    if entering.target is not None:
        assign(machine, entering.target, entered)
    _inside(machine, entering, manager)
    return UNKNOWN


def _stands_around(machine: Machine, manager: Value) -> bool:
    """Whether a manager is a generator whose code is shown around the block."""
    return isinstance(manager, GeneratorCall) and _can_be_entered(machine, manager) and _matters(machine, manager)


def _can_be_entered(machine: Machine, manager: GeneratorCall) -> bool:
    """Whether the code of a generator can be shown around the block: it ends at its end, and is not entered in it."""
    function = manager.function
    if function.kind != "context" or function.node in machine.entered:
        return False
    return not any(isinstance(statement, cst.Return) for statement in statements_below(body_of(function)))


def _matters(machine: Machine, manager: GeneratorCall) -> bool:
    """Whether the code of a generator runs steps, or may catch what fails in the block."""
    return _may_catch(manager.function) or may_run_steps(machine, manager.function, manager.arguments)


def _may_catch(function: FunctionValue) -> bool:
    """Whether a generator has handlers, or enters managers that may swallow errors."""
    body = statements_below(body_of(function))
    return any(isinstance(s, cst.With) or (isinstance(s, cst.Try | cst.TryStar) and s.handlers) for s in body)


def _around(machine: Machine, entering: Entering, manager: GeneratorCall) -> None:
    """The code of a generator up to its `yield`, the block there, and the code after it, in place."""
    outer, depth = machine.frame, machine.loop_depth
    reached: list[Value] = []

    def at_yield(value: Value) -> None:
        reached.append(value)
        inner, machine.frame = machine.frame, outer
        machine.entered.pop()
        if entering.target is not None:
            assign(machine, entering.target, value)
        block = machine.block_of(entering.body)
        machine.entered.append(manager.function.node)
        machine.frame = inner
        if block.operations:
            machine.emit(Scope(block, entering.place))
        is_last = any(context.stops >= ALL_EXITS for context in inner.contexts)
        is_last = is_last or _ends_at_yield(body_of(manager.function))
        if machine.loop_depth > depth or (not is_last and any(_leaves(block))):
            _report_generator(machine, manager)

    _run_generator(machine, manager, at_yield)
    if not reached:
        _report_generator(machine, manager)
        entering.body()


def _ends_at_yield(body: cst.BaseSuite) -> bool:
    """Whether nothing follows the `yield` of a generator in its body, but for handlers and a `finally`."""
    match list(statements(body))[-1:]:
        case [cst.Expr(value=cst.Yield()) | cst.Assign(value=cst.Yield())]:
            return True
        case [cst.Try(orelse=None, body=tried)]:
            return _ends_at_yield(tried)
        case _:
            return False


def _run_generator(machine: Machine, manager: GeneratorCall, at_yield: Callable[[Value], None]) -> None:
    """Read the code of a generator as part of the function that enters it."""
    machine.work.begun.add(id(manager.place.node))
    frame = Frame(function_scope(machine, manager.function, manager.arguments), is_async=True)
    frame.at_yield = at_yield
    run_generator(machine, manager, frame)


def _yielded(machine: Machine, manager: GeneratorCall) -> Value:
    """Return what a generator without steps yields."""
    values: list[Value] = [UNKNOWN]
    machine.block_of(lambda: _run_generator(machine, manager, values.append))
    return values[-1]


def _leaves(block: Block, *, in_loop: bool = False) -> Iterator[bool]:
    """Tell of each exit in a block whether it leaves the block without an error."""
    for operation in block.operations:
        if isinstance(operation, Exit):
            yield operation.kind is ExitKind.RETURN or (operation.kind is not ExitKind.RAISE and not in_loop)
        for inner in blocks_of(operation):
            yield from _leaves(inner, in_loop=in_loop or isinstance(operation, Loop))


def _inside(machine: Machine, entering: Entering, manager: Value) -> None:
    """Read a block with what its manager does where it is left."""
    match manager:
        case Suppressor(handler=Handler() as handler):
            _protect(machine, entering, ExitEffects(), handler, lambda: None)
        case TaskGroup():
            _task_group(machine, entering, manager)
        case ExitStack():
            _with_stack(machine, entering, manager)
        case WrappingManager(closing=str(closing)):
            place = Place(entering.place.module, entering.node)
            method = machine.attribute(manager.content, closing, place)
            effects = ExitEffects(works=method.relevant)
            _protect(machine, entering, effects, None, partial(_call_at_end, machine, method, entering))
        case Instance() | Alternatives():
            _with_object(machine, entering, manager)
        case GeneratorCall(function=function) if _may_catch(function):
            _protect(machine, entering, ExitEffects(), _swallowed(entering), lambda: None)
        case _ if is_attempt(machine, manager, entering.node):
            _protect(machine, entering, ExitEffects(), _swallowed(entering), lambda: None)
        case _:
            _with_other(machine, entering, manager)


def _call_at_end(machine: Machine, method: Value, entering: Entering) -> None:
    result = machine.call(method, Arguments(), entering.place)
    if entering.is_async:
        await_value(machine, result, entering.place)


def _swallowed(entering: Entering) -> Handler:
    return Handler(None, EMPTY, place=entering.place)


def _with_object(machine: Machine, entering: Entering, manager: Value) -> None:
    """The exit of an object of the project is a `finally`; where it may swallow errors, there is an empty handler."""
    place = Place(entering.place.module, entering.node)
    effects = exit_effects(machine, manager, place, is_async=entering.is_async)
    handler = _swallowed(entering) if effects.swallows else None

    def leave() -> None:
        exit_object(machine, manager, place, is_async=entering.is_async)

    if handler is None and may_swallow(manager):
        entering = replace(entering, body=partial(_maybe_swallowing, machine, entering))
    _protect(machine, entering, effects, handler, leave, by_turns=_may_be_lock(manager))


def _protect(
    machine: Machine,
    entering: Entering,
    effects: ExitEffects,
    handler: Handler | None,
    leave: Callable[[], None],
    *,
    by_turns: bool = False,
) -> None:
    """Read a block as what a `try` protects, with a handler that does nothing, and a `finally`."""
    place = entering.place
    mark = machine.store.mark()
    stops = ALL_EXITS if effects.works else frozenset({ExitKind.RAISE} if handler is not None else ())
    with machine.inside(stops=stops) as left:
        block = machine.block_of(entering.body) if handler is None else _caught(machine, entering, left)
    final = read_final(machine, place, leave, mark, (left,) if effects.works else ())
    if final.operations or (handler is not None and block.operations):
        handlers = () if handler is None else (handler,)
        suite = entering.suite
        guards = handler is not None and suite is not None and guards_await(suite, block)
        machine.emit(Protected(block, handlers, final, together=False, place=place, guards_await=guards))
    elif block.operations:
        machine.emit(Scope(block, place, by_turns=by_turns))


def _caught(machine: Machine, entering: Entering, context: OpenContext) -> Block:
    """Read a block whose errors end at its end: whether or not it was cut short, the program goes on after it."""
    outcome = machine.branch(entering.body, cut_short=True)
    ways = [outcome.changes, *outcome.passed, *context.changed]
    left = any_way(machine.store, ways, entering.place)
    ends = [("no exception", outcome), (None, Outcome(EMPTY, left, live=True, reached=outcome.reached))]
    machine.rejoin(ends, "exception", entering.place, exclusive=False)
    return outcome.block


def _with_other(machine: Machine, entering: Entering, manager: Value) -> None:
    """Of a manager that is not known only the block is shown; code after it may be reached though it raises."""
    block = machine.block_of(
        entering.body if not may_swallow(manager) else partial(_maybe_swallowing, machine, entering)
    )
    if not block.operations:
        return
    if isinstance(manager, External) and manager.name in TIMEOUTS and not _is_unlimited(entering.node):
        report_timeout(machine, Place(entering.place.module, entering.node), "asyncio.timeout", block)
    machine.emit(Scope(block, entering.place, by_turns=_may_be_lock(manager)))


def _maybe_swallowing(machine: Machine, entering: Entering) -> None:
    """Read a block that always ends with an error as one whose error may be swallowed."""
    place, mark = entering.place, machine.store.mark()
    block = machine.block_of(entering.body)
    if machine.live or not any(_raises(block)):
        machine.operations += block.operations
        return
    ways = [machine.store.changes(mark), *machine.store.passed(mark)]
    machine.store.rewind(mark)
    apply(machine.store, any_way(machine.store, ways, place))
    machine.live = True
    machine.emit(Protected(block, (_swallowed(entering),), EMPTY, together=False, place=place))


def _raises(block: Block) -> Iterator[bool]:
    """Tell of each exit in a block whether it is a `raise`."""
    for operation in block.operations:
        if isinstance(operation, Exit):
            yield operation.kind is ExitKind.RAISE
        for inner in blocks_of(operation):
            yield from _raises(inner)


def _with_stack(machine: Machine, entering: Entering, stack: ExitStack) -> None:
    """What a stack enters in the statements of its block stands around the rest of them."""
    if entering.suite is None:
        entering.body()
        return
    _stacked(machine, stack, list(statements(entering.suite)))


def _stacked(machine: Machine, stack: ExitStack, body: Sequence[cst.CSTNode]) -> None:
    for index, statement in enumerate(body):
        push = push_of(machine, stack, statement)
        if push is None:
            machine.execute_each([statement])
            continue
        if machine.live:
            _push(machine, stack, push, body[index + 1 :])
        return


def _push(machine: Machine, stack: ExitStack, push: Push, rest: Sequence[cst.CSTNode]) -> None:
    """Enter what a statement pushes on a stack, or call it at the end, around the rest of the block."""
    entering = Entering(
        push.call.args[0].value,
        machine.place(push.call),
        push.target,
        is_async=push.is_async,
        body=lambda: _stacked(machine, stack, rest),
    )
    given = pushed_arguments(machine, stack, push).items
    pushed = given[0].value if given and not given[0].star and given[0].keyword is None else UNKNOWN
    stack.works = stack.works or pushed.relevant
    if push.enters:
        _enter(machine, entering, pushed)
        return
    if push.leaves and isinstance(pushed, Instance):
        _with_object(machine, entering, pushed)
        return
    if push.leaves:
        report_escape(machine, Arguments(given), entering.place, "in a way that is not followed")
        entering.body()
        return

    def leave() -> None:
        result = machine.call(pushed, Arguments(given[1:]), entering.place)
        if push.is_async:
            await_value(machine, result, entering.place)

    _protect(machine, entering, ExitEffects(works=pushed.relevant), None, leave)


def _is_unlimited(timeout: cst.BaseExpression) -> bool:
    """`asyncio.timeout(None)`."""
    match timeout:
        case cst.Call(args=[cst.Arg(value=cst.Name("None"))]):
            return True
        case _:
            return False


def _task_group(machine: Machine, entering: Entering, group: TaskGroup) -> None:
    """However the block of a task group is left, its tasks are awaited."""

    def leave() -> None:
        members = tuple(Awaited(handle, every=True) for handle in group.state["items"])
        if members:
            machine.emit(Join(Joined("all", members), entering.place, leaving=not machine.live))

    def body() -> None:
        with machine.inside(leave):
            entering.body()
        if machine.live:
            leave()

    block = machine.block_of(body)
    if any(_cleans_up(machine.work.activities.get(handle)) for handle in group.state["items"]) and not _is_alone(block):
        note_cut_short(machine, entering.place, "the failure of another task")
    if block.operations:
        machine.emit(Scope(block, entering.place))


def _is_alone(block: Block) -> bool:
    """Whether a task group has one task, and nothing else that can fail and cancel it."""
    match block.operations:
        case (Start(), Join()):
            return True
        case _:
            return False


def _cleans_up(activity: Activity | None) -> bool:
    """Whether work that is cancelled while it waits for a step goes on with other steps."""
    if not isinstance(activity, Call):
        return False
    found = (met.operation for met in reached(activity.function.body))
    return any(
        works(one.body) and any(map(works, _after_cancelling(one))) for one in found if isinstance(one, Protected)
    )


_CANCELLATION: Final = frozenset(
    ["asyncio.CancelledError", "asyncio.exceptions.CancelledError", "builtins.BaseException"]
)


def _after_cancelling(protected: Protected) -> Iterator[Block]:
    yield protected.final
    for handler in protected.handlers:
        names = {caught.name for caught in handler.types}
        if not names or names & _CANCELLATION:
            yield handler.block


def _may_be_lock(manager: Value) -> bool:
    """Whether something is a lock, or may be one: what else there is in `asyncio` is known by its name."""
    name = manager.name if isinstance(manager, External) else made_by(manager)
    return isinstance(manager, Unknown) or (name is not None and (name in _LOCKS or not name.startswith("asyncio.")))


def _entered(machine: Machine, entering: Entering, manager: Value) -> Value:
    """Return what `as` binds. An object of the project runs its `__enter__` or `__aenter__`."""
    place = Place(entering.place.module, entering.node)
    match manager:
        case Alternatives():
            return machine.choose(manager, lambda chosen: _entered(machine, entering, chosen))
        case Instance():
            return enter_object(machine, manager, place, is_async=entering.is_async)
        case GeneratorCall():
            _report_generator(machine, manager)
            return _yielded(machine, manager) if _can_be_entered(machine, manager) else UNKNOWN
        case Unresolved():
            return await_value(machine, manager, place)
        case WrappingManager(content=content):
            return content
        case TaskGroup() | Resource() | ExitStack():
            return manager
        case _:
            machine.escape(manager, place, "is entered in a way that is not followed")
            return UNKNOWN


def _report_generator(machine: Machine, manager: GeneratorCall) -> None:
    machine.work.begun.add(id(manager.place.node))
    if may_run_steps(machine, manager.function, manager.arguments):
        machine.note(
            "context-manager",
            manager.place,
            f"`{manager.function.name}` runs steps around the block; stepgraph does not show when.",
            "Steps in it may be missing from the graph; a class with `__aenter__` and `__aexit__` is followed.",
        )
