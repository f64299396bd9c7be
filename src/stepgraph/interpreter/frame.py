"""Frames: the state of one execution of a function, module or class body."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.path_joins import PathChanges
from stepgraph.interpreter.replay.tracer import CallTrace, ReplayPosition
from stepgraph.interpreter.values.containers import Element
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import EnumMember, LexicalScope
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import Case
from stepgraph.interpreter.write_log import Changes, SlotChange, SlotId, TaskState
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.exceptions import ExceptionType, NonStepErrors
from stepgraph.ir.nodes import Function, JumpKind, OperationBlock, Suspension
from stepgraph.ir.values import Constant, Nondeterministic, Value
from stepgraph.syntax.module import SourcePlace


class LoopState(Struct):
    """The state of a pass over a loop being interpreted, with the changes at its jumps."""

    checkpoint: int
    """The position in the store's trail at the start of the loop."""
    newest_serial: int | None = None
    """The serial of the newest heap cell before the pass, or None for code that is interpreted once."""
    jump_states: list[Changes] = field(default_factory=list)
    """The changes since the checkpoint at each `break` and `continue`."""
    break_states: list[Changes] = field(default_factory=list)
    """The changes since the checkpoint at each `break`."""
    continue_states: list[Changes] = field(default_factory=list)
    """The changes since the checkpoint at each jump that another pass may follow."""
    test_states: list[Changes] = field(default_factory=list)
    """The changes of each pass up to the test of a `while`. The loop may end after the test."""
    breaks: bool = False
    """Whether a `break` of the loop is reachable."""
    continues: bool = False
    """Whether a `continue` of the loop is reachable."""
    is_pass: bool = False
    """Whether the loop is a single pass, so a `break` ends it in the same way as a `continue`."""
    ends_generator: bool = False
    """Whether a `break` of the loop also ends the inlined generator that contains the loop."""

    def add_jump(self, changes: Changes, *, breaks: bool, continues: bool = False) -> None:
        """Record the changes since the checkpoint at a `break` or `continue`, or after code that may lead to both."""
        self.jump_states.append(changes)
        if breaks:
            self.break_states.append(changes)
        if continues or not breaks:
            self.continue_states.append(changes)


class InlinedGenerator(Struct):
    """A generator whose body is inlined into the loop over it."""

    body_state: LoopState
    """The body as a loop with one pass. A `return` outside the body's own loops acts as the `continue` of this loop."""
    body: cst.BaseSuite
    """The code of the generator."""
    may_have_ended: bool = False
    """Whether the generator may have ended in the statement that was executed last."""


class EarlyRaise(Struct, frozen=True):
    """An exception that leaves a block before tasks have begun."""

    task_ids: tuple[TaskId, ...]
    """The tasks that have not begun."""
    place: SourcePlace
    """The location of the raised exception."""
    raised: ExceptionType | None
    """The type of the exception; None if it is unknown."""
    last_own_task_id: TaskId
    """The last task id before the call that raises. Functions that the block calls started the tasks after it."""
    number: int
    """The number of the exception, which is the same in all blocks that it may leave."""


class BranchCondition(Struct, frozen=True):
    """The condition of a branch that is being interpreted."""

    text: str | None
    """The source of the condition; None for an `else` or default."""
    discriminant: str | None = None
    """The source of the subject of a `match`, if the condition is one of its patterns."""


class ReturnedValue(Case, frozen=True):
    """A value that a function returns on one of its paths."""

    discriminant: str | None = None
    """The source of the subject of a `match`, if the condition is one of its patterns."""


class DeferredJump(Struct, frozen=True):
    """A jump out of a `with` block whose context manager is a generator. The code after its `yield` runs first."""

    kind: JumpKind
    place: SourcePlace
    condition: str | None
    """The condition of the innermost branch that contains the jump."""


class OpenContext(Struct):
    """A block whose exits are recorded: a `with` block, the body or handlers of a `try`, or a call of `__next__`."""

    loop: LoopState | None
    """The innermost loop around the block, whose jumps leave the block."""
    leave: Callable[[], None] | None
    """A function that emits the awaits at the end of a task group; None for other blocks."""
    intercepted: frozenset[JumpKind]
    """The kinds of jumps that a handler or a `finally` of the block intercepts."""
    checkpoint: int
    """The position in the store's trail at the start of the block."""
    last_task_id: TaskId
    """The last task id before the block."""
    jump_states: list[Changes] = field(default_factory=list)
    """The changes since the checkpoint at each intercepted jump. Handlers and the `finally` start in these states."""
    jump_kinds: set[JumpKind] = field(default_factory=set)
    """The kinds of the intercepted jumps."""
    early_raises: list[EarlyRaise] = field(default_factory=list)
    """The exceptions that may leave the block before tasks have begun."""
    handled_raise_count: int | None = None
    """The number of `early_raises` before the `else` of a `try`, whose exceptions bypass the handlers; None if all."""
    deferred: list[DeferredJump] | None = None
    """The intercepted jumps, if the block defers them to the end of a generator; None for other blocks."""
    has_passed: bool = False
    """Whether an intercepted jump leaves the block from inside a loop, which prevents its deferral."""


class PassConstant(Struct, frozen=True):
    """The constant value of a variable in the current pass of an unrolled loop, or its member of an enumeration."""

    value: Constant | EnumMember
    scope: LexicalScope
    """The scope of the variable."""


class Frame(Struct, eq=False):
    """One execution of a function body, or of a module or class body."""

    body_scope: LexicalScope
    """The scope of the body."""
    scope: LexicalScope
    """The current scope: `body_scope`, or the scope of a comprehension or lambda in it."""
    function: cst.FunctionDef | None = None
    """The executed function; None for a module or class body."""
    is_async: bool = False
    returns: list[ReturnedValue] = field(default_factory=list)
    """The returned values, each with the condition of its branch."""
    checkpoint: int | None = None
    """The checkpoint of the store before the body of a function; None for other code."""
    last_task_id: TaskId = 0
    """The last task id before the body."""
    branch_depth: int = 0
    """The number of branches around the call."""
    return_states: list[PathChanges] = field(default_factory=list)
    """The changes that the body has made at each `return` in a branch or loop."""
    selected_result: Nondeterministic | None = None
    """The nondeterministic value that selects the `return` which ends the body, or None if no such value does."""
    returns_at_end: bool = False
    """Whether the body ends with a `return` outside of branches and loops."""
    conditions: list[BranchCondition] = field(default_factory=list)
    """The conditions of the branches being interpreted, outermost first."""
    loop: LoopState | None = None
    """The innermost loop of the body around the current statement."""
    called: int = 0
    """The callables whose steps have run, as a bit set (`WorkRegistry.bit_of`)."""
    declared: dict[StepFunction, int] = field(default_factory=dict)
    """The steps that the body and its callees declare, with declaration numbers in ascending order."""
    emitted: bool = False
    """Whether the body has emitted a `Run`, `StartOperation` or `Await`."""
    returns_awaitable: bool = False
    """Whether a plain function returns an awaitable."""
    emits_before_return: bool = False
    """Whether a plain function that returns an awaitable emits operations before it returns."""
    is_returning: bool = False
    """Whether the body of a plain function awaits an awaitable that it returns."""
    returned_tasks: list[TaskState] = field(default_factory=list)
    """The work that a plain function returns. It shares its reads and writes with other code until it is awaited."""
    has_started_tasks: bool = False
    """Whether the body has started a task, which may still be pending."""
    suspension: Suspension = Suspension.NEVER
    """Whether the current statement suspends in awaits that have emitted no operation."""
    drained_collection: HeapCell | None = None
    """The collection that the current `while` loop empties."""
    repeated_wait: cst.Call | None = None
    """The `asyncio.wait` that the current `while` loop repeats until no task is pending."""
    outer_loop_depth: int = 0
    """The number of loops around the call."""
    caller: Frame | None = None
    call_place: SourcePlace | None = None
    """The call that the body executes; None for a module or class body, a step and `run`."""
    inline_calls: list[SourcePlace] = field(default_factory=list)
    """The calls without a frame that are being evaluated, of lambdas and generated initializers, outermost first."""
    in_step: bool = False
    """Whether the call is in the body of a step."""
    open_contexts: list[OpenContext] = field(default_factory=list)
    """The contexts around the current statement, outermost first."""
    around_yields: list[OpenContext] = field(default_factory=list)
    """The contexts around the `yield` of each generator that manages a block of the body."""
    at_yield: Callable[[Value], None] | None = None
    """A function that, at a `yield`, interprets the `with` block or loop body that uses the generator."""
    inlined: InlinedGenerator | None = None
    """The executed generator, if it is inlined into the loop over it."""
    unrolls_comprehensions: bool = True
    """Whether comprehensions over steps may be unrolled. False while any one element of a generator is taken."""
    yields: list[Element] = field(default_factory=list)
    """The relevant values that a generator without `at_yield` yields."""
    type_error_handlers: int = 0
    """The number of `try` statements around the current statement that catch `TypeError` by name."""
    try_callees: dict[cst.CSTNode, Mapping[str, cst.BaseExpression]] = field(default_factory=dict)
    """The dotted names of the calls in nested `try` statements, by their text, to visit each statement only once."""
    pass_constants: Mapping[str, PassConstant] = field(default_factory=dict)
    """The variables of unrolled loops over constants, and items of these, in the current pass."""
    loop_keys: Mapping[str, int] = field(default_factory=dict)
    """The loop variables that have a different value in each pass, with the nesting depth of their loop's body."""
    may_return_true: bool = False
    """Whether a returned value may be truthy."""
    started_bindings: dict[str, None] = field(default_factory=dict)
    """The bindings of the workflows that the body of a step starts, in order of their first calls."""
    raises: bool = False
    """Whether a `raise` is reachable in the body or its callees."""
    raises_unseen: bool = False
    """Whether a call in the body may raise an exception that no operation of the body represents."""
    raises_in_data: bool = False
    """Whether a `raise` is reachable in a callee without steps."""
    raises_early: bool = False
    """Whether tasks that have not begun are pending at a reachable `raise`."""
    current_statement: cst.CSTNode | None = None
    """The statement of a module or class body that is being executed."""
    bound_name: str | None = None
    """The name whose binder is being evaluated. A lookup of this name returns `previous_value`."""
    previous_value: Value | None = None
    """The value of `bound_name` before its binder; None if the name was unbound."""
    rebound: dict[str, Value | None] = field(default_factory=dict)
    """The names that `current_statement` has bound so far, with the values that lookups returned before it ran."""

    @classmethod
    def of_body(cls, scope: LexicalScope, function: cst.FunctionDef | None = None, *, is_async: bool = False) -> Frame:
        """Return the frame for executing a body from its start."""
        return cls(scope, scope, function, is_async)

    @property
    def condition(self) -> BranchCondition:
        """The condition of the innermost branch being interpreted."""
        return self.conditions[-1] if self.conditions else BranchCondition(None)

    @property
    def managed_frame(self) -> Frame:
        """The frame with the `with` block that the generator of this frame manages. For other code, this frame."""
        frame = self
        while frame.at_yield is not None and frame.inlined is None and frame.caller is not None:
            frame = frame.caller
        return frame

    def with_callers(self) -> Iterator[Frame]:
        """Yield this frame and the frames of its callers, innermost first."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.caller

    def add_effects(self, inner: Frame) -> None:
        """Add the callables, started bindings and exceptions of code that the body has executed in another frame."""
        self.called |= inner.called
        self.started_bindings |= inner.started_bindings
        self.raises = self.raises or inner.raises
        self.raises_unseen = self.raises_unseen or inner.raises_unseen
        self.raises_early = self.raises_early or inner.raises_early

    @contextmanager
    def inline_call(self, place: SourcePlace) -> Iterator[None]:
        """Interpret the body of a call that has no frame."""
        self.inline_calls.append(place)
        try:
            yield
        finally:
            self.inline_calls.pop()

    @contextmanager
    def in_loop(self, loop: LoopState, names: Mapping[str, Constant | EnumMember] | None = None) -> Iterator[None]:
        """Interpret a pass of a loop, with constant values for the loop variables in `names`."""
        outer_loop, outer_constants = self.loop, self.pass_constants
        self.loop = loop
        if names:
            constants = {name: PassConstant(value, self.scope) for name, value in names.items()}
            self.pass_constants = {**outer_constants, **constants}
        try:
            yield
        finally:
            self.loop, self.pass_constants = outer_loop, outer_constants

    def constant_in_pass(self, variable: str, name: str | None = None) -> Constant | None:
        """Return the constant that `key_in_pass` returns. Return None for a member of an enumeration."""
        value = self.key_in_pass(variable, name)
        return value if isinstance(value, Constant) else None

    def key_in_pass(self, variable: str, name: str | None = None) -> Constant | EnumMember | None:
        """Return the value of a variable in the current pass of an unrolled loop, or of an item with this name.

        Return None for other variables, also for one of the same name in another scope.
        """
        constant = self.pass_constants.get(variable if name is None else name)
        if constant is None:
            return None
        scope: LexicalScope | None = self.scope
        while scope is not None and scope is not constant.scope and not scope.bindings.binds(variable):
            scope = scope.parent
        return constant.value if scope is constant.scope else None

    @contextmanager
    def with_loop_keys(self, keys: Mapping[str, int]) -> Iterator[None]:
        """Interpret the body of a loop whose variables `keys` have a different value in each pass."""
        outer_keys, self.loop_keys = self.loop_keys, {**self.loop_keys, **keys} if keys else self.loop_keys
        try:
            yield
        finally:
            self.loop_keys = outer_keys


class SkippedCalls(Struct):
    """The calls in step bodies that are skipped because they handle only data."""

    first_call: SourcePlace | None = None
    """The first skipped call; None until a call is skipped."""
    step_serial: int = 0
    """The serial of the newest cell before the current step body."""
    matters: bool = False
    """Whether the graph may depend on values that skipped calls change."""


class Recursion(Struct):
    """The recursive calls of a function whose body is being interpreted."""

    checkpoint: int
    """The checkpoint of the store before the body."""
    newest_serial: int
    """The serial of the newest cell before the body."""
    own_names: HeapCell
    """The variables of the active call. Recursive calls have variables of their own."""
    function: cst.FunctionDef
    place: SourcePlace
    """The location of the function."""
    generator_count: int
    """The number of generators that were consumed before the call."""
    generalized_key: object
    """The part of the key of the call that recursive calls repeat; see `recursive_calls.py`."""
    is_called: bool = False
    """Whether a recursive call has been reached."""
    calls: list[Changes] = field(default_factory=list)
    """The changes of outer cells at each recursive call in the current pass."""
    head: Changes = field(default_factory=dict)
    """The join of the changes at the recursive calls in earlier passes."""
    end: Changes = field(default_factory=dict)
    """The changes that the body made to outer cells in the previous pass."""
    passes: int = 0
    returns_awaitable: bool = False
    """See `Frame.returns_awaitable`, for the body in earlier passes."""
    emits_before_return: bool = False
    """See `Frame.emits_before_return`, for the body in earlier passes."""
    result: HeapCell | None = None
    """A cell with one slot, the result of the body in earlier passes, if it may lead to a step."""
    returns_data: bool = False
    """Whether recursive calls return an unknown value for new data; see `recursive_results.py`."""

    def assume_kind_of_result(self, frame: Frame) -> bool:
        """Assume that recursive calls return an awaitable if the body does. Return whether the assumption is new."""
        before = self.returns_awaitable, self.emits_before_return
        self.returns_awaitable = self.returns_awaitable or frame.returns_awaitable
        self.emits_before_return = self.emits_before_return or frame.emits_before_return
        return before != (self.returns_awaitable, self.emits_before_return)

    def restart(self) -> None:
        """Forget the changes of earlier passes."""
        self.head, self.end, self.passes = {}, {}, 0
        self.calls.clear()


class PathResult(Struct, frozen=True):
    """The operations and changes of one path, recorded when the path was rolled back."""

    block: OperationBlock
    changes: Changes
    is_reachable: bool
    """Whether the end of the path is reachable."""
    overwritten: tuple[Changes, ...] = ()
    """Values that the path writes and later overwrites, so an exception in the path may expose them."""
    since: TaskId | None = None
    """The last task id before the path. Tasks with a higher id are started on the path."""
    position: ReplayPosition | None = None
    """The tracer's position at the end of the path; None if it equals the position at the start."""


class FunctionErrors(Struct, frozen=True):
    """The errors that a function may raise, for all calls so far."""

    own_errors: NonStepErrors
    """The errors that the function may raise outside its steps."""
    raising_steps: Mapping[str, str]
    """The name of a step that raises an exception type, by the source text of the type."""


class FunctionSummary(Struct, frozen=True):
    """The effects and result of a function for one set of arguments."""

    function: Function
    result: Value
    called: int
    """The callables whose steps run, as in `Frame.called`."""
    declared: tuple[StepFunction, ...]
    """The steps that each call declares, in order."""
    returns_awaitable: bool
    """See `Frame.returns_awaitable`."""
    emits_before_return: bool
    """See `Frame.emits_before_return`."""
    epoch: int
    """The epoch of the store after the analysis."""
    reusable: bool
    """Whether later calls can reuse the summary.

    False if the function writes outer variables that can affect steps, returns or yields a new object in each call,
    consumes a generator of its caller, or may raise before its pending tasks begin.
    """
    may_await: bool = False
    """Whether the function awaits tasks or runs an activity."""
    yields: tuple[Element, ...] = ()
    """The relevant values that a generator yields."""
    may_return_true: bool = True
    """Whether the result may be truthy: a truthy result of `__exit__` suppresses the exception."""
    raises: bool = False
    """See `Frame.raises`."""
    reads: frozenset[SlotId] = frozenset()
    """The slots outside the function that the function reads."""
    writes: tuple[SlotChange, ...] = ()
    """The writes to outer cells that cannot affect steps."""
    returned_tasks: tuple[TaskState, ...] = ()
    """See `Frame.returned_tasks`."""
    trace: CallTrace = CallTrace()
    """The records of the tracer for the call."""
    allocates: bool = False
    """Whether the result or a yielded value holds new cells. Each further call gets its own copy of these cells."""
    since: int = 0
    """The serial of the newest cell before the call."""
    started_bindings: tuple[str, ...] = ()
    """See `Frame.started_bindings`."""
    has_risk: bool = True
    """Whether a call increases `WorkRegistry.risk_count`."""
