"""`with` and `async with`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.escapes import report_escape
from stepgraph.interpreter.frame import Frame, OpenContext, PathResult
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.exit_stacks import Push, push_of, pushed_arguments
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Arguments,
    ExitStack,
    External,
    FunctionValue,
    GeneratorCall,
    Instance,
    Resource,
    Suppressor,
    TaskGroup,
    Union,
    Unknown,
    Unresolved,
    Value,
    WrappingManager,
    origin_name,
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
from stepgraph.interpreter.python.try_ import ALL_EXITS, execute_finally, guards_await
from stepgraph.interpreter.store import apply, join_any
from stepgraph.interpreter.summaries import function_scope, may_run_steps
from stepgraph.interpreter.workflow.awaiting import await_value
from stepgraph.interpreter.workflow.timeouts import note_cut_short, report_timeout
from stepgraph.ir.nodes import (
    EMPTY,
    Activity,
    Await,
    AwaitedTask,
    AwaitGroup,
    Block,
    Call,
    Handler,
    Jump,
    JumpKind,
    Loop,
    Scope,
    Start,
    Try,
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


def execute_with(interpreter: Interpreter, node: cst.With) -> None:
    """The items' steps, then the body, in place; a task group joins its tasks, a suppressor is a `try`."""
    _items(interpreter, node, node.items)


def _items(interpreter: Interpreter, node: cst.With, items: Sequence[cst.WithItem]) -> None:
    if not items:
        interpreter.execute(node.body)
        return
    item, *rest = items
    entering = Entering(
        item.item,
        interpreter.place(item),
        None if item.asname is None else item.asname.name,
        is_async=node.asynchronous is not None,
        body=lambda: _items(interpreter, node, rest),
        suite=None if rest else node.body,
    )
    _enter(interpreter, entering, interpreter.evaluate(item.item))


def _enter(interpreter: Interpreter, entering: Entering, manager: Value) -> None:
    """Enter a manager, and read what it stands around."""
    if isinstance(manager, Union) and any(_stands_around(interpreter, o.value) for o in manager.cases):
        interpreter.choose(manager, lambda chosen: _enter_one(interpreter, entering, chosen))
        return
    _enter_one(interpreter, entering, manager)


def _enter_one(interpreter: Interpreter, entering: Entering, manager: Value) -> Value:
    if isinstance(manager, GeneratorCall) and _stands_around(interpreter, manager):
        _around(interpreter, entering, manager)
        return UNKNOWN
    entered = _entered(interpreter, entering, manager)
    if entering.target is not None:
        assign(interpreter, entering.target, entered)
    _inside(interpreter, entering, manager)
    return UNKNOWN


def _stands_around(interpreter: Interpreter, manager: Value) -> bool:
    """Whether a manager is a generator whose code is shown around the block."""
    return (
        isinstance(manager, GeneratorCall) and _can_be_entered(interpreter, manager) and _matters(interpreter, manager)
    )


def _can_be_entered(interpreter: Interpreter, manager: GeneratorCall) -> bool:
    """Whether the code of a generator can be shown around the block: it ends at its end, and is not entered in it."""
    function = manager.function
    if function.kind != "context" or function.node in interpreter.entered:
        return False
    return not any(isinstance(statement, cst.Return) for statement in statements_below(body_of(function)))


def _matters(interpreter: Interpreter, manager: GeneratorCall) -> bool:
    """Whether the code of a generator runs steps, or may catch what fails in the block."""
    return _may_catch(manager.function) or may_run_steps(interpreter, manager.function, manager.arguments)


def _may_catch(function: FunctionValue) -> bool:
    """Whether a generator has handlers, or enters managers that may swallow errors."""
    body = statements_below(body_of(function))
    return any(isinstance(s, cst.With) or (isinstance(s, cst.Try | cst.TryStar) and s.handlers) for s in body)


def _around(interpreter: Interpreter, entering: Entering, manager: GeneratorCall) -> None:
    """The code of a generator up to its `yield`, the block there, and the code after it, in place."""
    outer, depth = interpreter.frame, interpreter.loop_depth
    reached: list[Value] = []

    def at_yield(value: Value) -> None:
        reached.append(value)
        inner, interpreter.frame = interpreter.frame, outer
        interpreter.entered.pop()
        if entering.target is not None:
            assign(interpreter, entering.target, value)
        block = interpreter.block_of(entering.body)
        interpreter.entered.append(manager.function.node)
        interpreter.frame = inner
        if block.operations:
            interpreter.emit(Scope(block, entering.place))
        is_last = any(context.stops >= ALL_EXITS for context in inner.contexts)
        is_last = is_last or _ends_at_yield(body_of(manager.function))
        if interpreter.loop_depth > depth or (not is_last and any(_leaves(block))):
            _report_generator(interpreter, manager)

    _run_generator(interpreter, manager, at_yield)
    if not reached:
        _report_generator(interpreter, manager)
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


def _run_generator(interpreter: Interpreter, manager: GeneratorCall, at_yield: Callable[[Value], None]) -> None:
    """Read the code of a generator as part of the function that enters it."""
    interpreter.work.begun.add(id(manager.place.node))
    frame = Frame(function_scope(interpreter, manager.function, manager.arguments), is_async=True)
    frame.at_yield = at_yield
    run_generator(interpreter, manager, frame)


def _yielded(interpreter: Interpreter, manager: GeneratorCall) -> Value:
    """Return what a generator without steps yields."""
    values: list[Value] = [UNKNOWN]
    interpreter.block_of(lambda: _run_generator(interpreter, manager, values.append))
    return values[-1]


def _leaves(block: Block, *, in_loop: bool = False) -> Iterator[bool]:
    """Tell of each exit in a block whether it leaves the block without an error."""
    for operation in block.operations:
        if isinstance(operation, Jump):
            yield operation.kind is JumpKind.RETURN or (operation.kind is not JumpKind.RAISE and not in_loop)
        for inner in blocks_of(operation):
            yield from _leaves(inner, in_loop=in_loop or isinstance(operation, Loop))


def _inside(interpreter: Interpreter, entering: Entering, manager: Value) -> None:
    """Read a block with what its manager does where it is left."""
    match manager:
        case Suppressor(handler=Handler() as handler):
            _protect(interpreter, entering, ExitEffects(), handler, lambda: None)
        case TaskGroup():
            _task_group(interpreter, entering, manager)
        case ExitStack():
            _with_stack(interpreter, entering, manager)
        case WrappingManager(closing=str(closing)):
            place = Place(entering.place.module, entering.node)
            method = interpreter.attribute(manager.content, closing, place)
            effects = ExitEffects(works=method.relevant)
            _protect(interpreter, entering, effects, None, partial(_call_at_end, interpreter, method, entering))
        case Instance() | Union():
            _with_object(interpreter, entering, manager)
        case GeneratorCall(function=function) if _may_catch(function):
            _protect(interpreter, entering, ExitEffects(), _swallowed(entering), lambda: None)
        case _ if is_attempt(interpreter, manager, entering.node):
            _protect(interpreter, entering, ExitEffects(), _swallowed(entering), lambda: None)
        case _:
            _with_other(interpreter, entering, manager)


def _call_at_end(interpreter: Interpreter, method: Value, entering: Entering) -> None:
    result = interpreter.call(method, Arguments(), entering.place)
    if entering.is_async:
        await_value(interpreter, result, entering.place)


def _swallowed(entering: Entering) -> Handler:
    return Handler(None, EMPTY, place=entering.place)


def _with_object(interpreter: Interpreter, entering: Entering, manager: Value) -> None:
    """The exit of an object of the project is a `finally`; where it may swallow errors, there is an empty handler."""
    place = Place(entering.place.module, entering.node)
    effects = exit_effects(interpreter, manager, place, is_async=entering.is_async)
    handler = _swallowed(entering) if effects.swallows else None

    def leave() -> None:
        exit_object(interpreter, manager, place, is_async=entering.is_async)

    if handler is None and may_swallow(manager):
        entering = replace(entering, body=partial(_maybe_swallowing, interpreter, entering))
    _protect(interpreter, entering, effects, handler, leave, by_turns=_may_be_lock(manager))


def _protect(
    interpreter: Interpreter,
    entering: Entering,
    effects: ExitEffects,
    handler: Handler | None,
    leave: Callable[[], None],
    *,
    by_turns: bool = False,
) -> None:
    """Read a block as what a `try` protects, with a handler that does nothing, and a `finally`."""
    place = entering.place
    checkpoint = interpreter.store.checkpoint()
    stops = ALL_EXITS if effects.works else frozenset({JumpKind.RAISE} if handler is not None else ())
    with interpreter.inside(stops=stops) as left:
        block = interpreter.block_of(entering.body) if handler is None else _caught(interpreter, entering, left)
    finalbody = execute_finally(interpreter, place, leave, checkpoint, (left,) if effects.works else ())
    if finalbody.operations or (handler is not None and block.operations):
        handlers = () if handler is None else (handler,)
        suite = entering.suite
        guards = handler is not None and suite is not None and guards_await(suite, block)
        interpreter.emit(Try(block, handlers, finalbody, except_star=False, place=place, guards_await=guards))
    elif block.operations:
        interpreter.emit(Scope(block, place, by_turns=by_turns))


def _caught(interpreter: Interpreter, entering: Entering, context: OpenContext) -> Block:
    """Read a block whose errors end at its end: whether or not it was cut short, the program goes on after it."""
    outcome = interpreter.branch(entering.body, cut_short=True)
    ways = [outcome.changes, *outcome.passed, *context.changed]
    left = join_any(interpreter.store, ways, entering.place)
    ends = [("no exception", outcome), (None, PathResult(EMPTY, left, live=True, reached=outcome.reached))]
    interpreter.rejoin(ends, "exception", entering.place, exclusive=False)
    return outcome.block


def _with_other(interpreter: Interpreter, entering: Entering, manager: Value) -> None:
    """Of a manager that is not known only the block is shown; code after it may be reached though it raises."""
    block = interpreter.block_of(
        entering.body if not may_swallow(manager) else partial(_maybe_swallowing, interpreter, entering)
    )
    if not block.operations:
        return
    if isinstance(manager, External) and manager.name in TIMEOUTS and not _is_unlimited(entering.node):
        report_timeout(interpreter, Place(entering.place.module, entering.node), "asyncio.timeout", block)
    interpreter.emit(Scope(block, entering.place, by_turns=_may_be_lock(manager)))


def _maybe_swallowing(interpreter: Interpreter, entering: Entering) -> None:
    """Read a block that always ends with an error as one whose error may be swallowed."""
    place, checkpoint = entering.place, interpreter.store.checkpoint()
    block = interpreter.block_of(entering.body)
    if interpreter.live or not any(_raises(block)):
        interpreter.operations += block.operations
        return
    ways = [interpreter.store.changes(checkpoint), *interpreter.store.passed(checkpoint)]
    interpreter.store.rollback(checkpoint)
    apply(interpreter.store, join_any(interpreter.store, ways, place))
    interpreter.live = True
    interpreter.emit(Try(block, (_swallowed(entering),), EMPTY, except_star=False, place=place))


def _raises(block: Block) -> Iterator[bool]:
    """Tell of each exit in a block whether it is a `raise`."""
    for operation in block.operations:
        if isinstance(operation, Jump):
            yield operation.kind is JumpKind.RAISE
        for inner in blocks_of(operation):
            yield from _raises(inner)


def _with_stack(interpreter: Interpreter, entering: Entering, stack: ExitStack) -> None:
    """What a stack enters in the statements of its block stands around the rest of them."""
    if entering.suite is None:
        entering.body()
        return
    _stacked(interpreter, stack, list(statements(entering.suite)))


def _stacked(interpreter: Interpreter, stack: ExitStack, body: Sequence[cst.CSTNode]) -> None:
    for index, statement in enumerate(body):
        push = push_of(interpreter, stack, statement)
        if push is None:
            interpreter.execute_each([statement])
            continue
        if interpreter.live:
            _push(interpreter, stack, push, body[index + 1 :])
        return


def _push(interpreter: Interpreter, stack: ExitStack, push: Push, rest: Sequence[cst.CSTNode]) -> None:
    """Enter what a statement pushes on a stack, or call it at the end, around the rest of the block."""
    entering = Entering(
        push.call.args[0].value,
        interpreter.place(push.call),
        push.target,
        is_async=push.is_async,
        body=lambda: _stacked(interpreter, stack, rest),
    )
    given = pushed_arguments(interpreter, stack, push).items
    pushed = given[0].value if given and not given[0].star and given[0].keyword is None else UNKNOWN
    stack.works = stack.works or pushed.relevant
    if push.enters:
        _enter(interpreter, entering, pushed)
        return
    if push.leaves and isinstance(pushed, Instance):
        _with_object(interpreter, entering, pushed)
        return
    if push.leaves:
        report_escape(interpreter, Arguments(given), entering.place, "in a way that is not followed")
        entering.body()
        return

    def leave() -> None:
        result = interpreter.call(pushed, Arguments(given[1:]), entering.place)
        if push.is_async:
            await_value(interpreter, result, entering.place)

    _protect(interpreter, entering, ExitEffects(works=pushed.relevant), None, leave)


def _is_unlimited(timeout: cst.BaseExpression) -> bool:
    """`asyncio.timeout(None)`."""
    match timeout:
        case cst.Call(args=[cst.Arg(value=cst.Name("None"))]):
            return True
        case _:
            return False


def _task_group(interpreter: Interpreter, entering: Entering, group: TaskGroup) -> None:
    """However the block of a task group is left, its tasks are awaited."""

    def leave() -> None:
        members = tuple(AwaitedTask(task_id, every=True) for task_id in group.state["items"])
        if members:
            interpreter.emit(Await(AwaitGroup("all", members), entering.place, leaving=not interpreter.live))

    def body() -> None:
        with interpreter.inside(leave):
            entering.body()
        if interpreter.live:
            leave()

    block = interpreter.block_of(body)
    if any(_cleans_up(interpreter.work.activities.get(task_id)) for task_id in group.state["items"]) and not _is_alone(
        block
    ):
        note_cut_short(interpreter, entering.place, "the failure of another task")
    if block.operations:
        interpreter.emit(Scope(block, entering.place))


def _is_alone(block: Block) -> bool:
    """Whether a task group has one task, and nothing else that can fail and cancel it."""
    match block.operations:
        case (Start(), Await()):
            return True
        case _:
            return False


def _cleans_up(activity: Activity | None) -> bool:
    """Whether work that is cancelled while it waits for a step goes on with other steps."""
    if not isinstance(activity, Call):
        return False
    found = (met.operation for met in reached(activity.function.body))
    return any(works(one.body) and any(map(works, _after_cancelling(one))) for one in found if isinstance(one, Try))


_CANCELLATION: Final = frozenset(
    ["asyncio.CancelledError", "asyncio.exceptions.CancelledError", "builtins.BaseException"]
)


def _after_cancelling(try_: Try) -> Iterator[Block]:
    yield try_.finalbody
    for handler in try_.handlers:
        names = {caught.name for caught in handler.types}
        if not names or names & _CANCELLATION:
            yield handler.block


def _may_be_lock(manager: Value) -> bool:
    """Whether something is a lock, or may be one: what else there is in `asyncio` is known by its name."""
    name = manager.name if isinstance(manager, External) else origin_name(manager)
    return isinstance(manager, Unknown) or (name is not None and (name in _LOCKS or not name.startswith("asyncio.")))


def _entered(interpreter: Interpreter, entering: Entering, manager: Value) -> Value:
    """Return what `as` binds. An object of the project runs its `__enter__` or `__aenter__`."""
    place = Place(entering.place.module, entering.node)
    match manager:
        case Union():
            return interpreter.choose(manager, lambda chosen: _entered(interpreter, entering, chosen))
        case Instance():
            return enter_object(interpreter, manager, place, is_async=entering.is_async)
        case GeneratorCall():
            _report_generator(interpreter, manager)
            return _yielded(interpreter, manager) if _can_be_entered(interpreter, manager) else UNKNOWN
        case Unresolved():
            return await_value(interpreter, manager, place)
        case WrappingManager(content=content):
            return content
        case TaskGroup() | Resource() | ExitStack():
            return manager
        case _:
            interpreter.escape(manager, place, "is entered in a way that is not followed")
            return UNKNOWN


def _report_generator(interpreter: Interpreter, manager: GeneratorCall) -> None:
    interpreter.work.begun.add(id(manager.place.node))
    if may_run_steps(interpreter, manager.function, manager.arguments):
        interpreter.note(
            "context-manager",
            manager.place,
            f"`{manager.function.name}` runs steps around the block; stepgraph does not show when.",
            "Steps in it may be missing from the graph; a class with `__aenter__` and `__aexit__` is followed.",
        )
