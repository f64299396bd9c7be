"""Frames: the state of one execution of a function, module or class body."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.replay.tracer import CallTrace, ReplayPosition
from stepgraph.interpreter.store import Change, Changes, PathChanges
from stepgraph.interpreter.values.containers import Element, HeapCell
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import Case
from stepgraph.interpreter.write_log import SlotId
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import Block, Function, JumpKind
from stepgraph.ir.values import Constant, Value
from stepgraph.syntax.module import Place


class LoopState(Struct):
    """The innermost loop, with the states at its jumps."""

    checkpoint: int
    """Position in the trail of the store at the start of the loop."""
    jump_states: list[Changes] = field(default_factory=list)
    """The changes since the checkpoint at each `break` and `continue`."""
    break_states: list[Changes] = field(default_factory=list)
    """The changes since the checkpoint at each `break`."""
    test_states: list[Changes] = field(default_factory=list)
    """The changes of each pass up to the test of a `while`, after which the loop may end."""
    breaks: bool = False
    """Whether a `break` is reachable."""
    continues: bool = False
    """Whether a `continue` is reachable."""

    def add_jump(self, changes: Changes, *, breaks: bool) -> None:
        """Record the changes since the checkpoint at a `break` or `continue`."""
        self.jump_states.append(changes)
        if breaks:
            self.break_states.append(changes)


class InlinedGenerator(Struct):
    """A generator whose body is inlined into the loop over it."""

    body_state: LoopState
    """The body as a loop of one pass: a `return` outside its own loops acts as its `continue`."""
    may_break: bool
    """Whether the loop over the generator may end early."""


class EarlyRaise(Struct, frozen=True):
    """A task that has not begun when an exception leaves a block."""

    task_id: TaskId
    place: Place
    """The location of the raised exception."""
    in_callee: bool
    """Whether a function that the block calls started the task."""


class DeferredJump(Struct, frozen=True):
    """A jump out of the block of a generator manager, whose code after the `yield` runs before it."""

    kind: JumpKind
    place: Place
    condition: str | None
    """The condition of the innermost branch with the jump."""


class OpenContext(Struct):
    """A block whose exit code runs on a jump out of its loop or function: a `with`, `try` or `finally`."""

    loop: LoopState | None
    """The innermost loop around the block; its jumps leave the block."""
    leave: Callable[[], None]
    """Emits the awaits at the end of a task group."""
    intercepted: frozenset[JumpKind]
    """Jumps that a handler or a `finally` of the block intercepts."""
    checkpoint: int
    """Position in the trail of the store at the start of the block."""
    last_task_id: TaskId
    """The last task id before the block."""
    jump_states: list[Changes] = field(default_factory=list)
    """The changes since the checkpoint at each intercepted jump: the entry states of the handlers and the `finally`."""
    jump_kinds: set[JumpKind] = field(default_factory=set)
    """The kinds of the intercepted jumps."""
    early_raises: list[EarlyRaise] = field(default_factory=list)
    """Exceptions that leave the block before its tasks have begun."""
    deferred: list[DeferredJump] | None = None
    """The intercepted jumps if they are deferred to the end of a generator, or None for other blocks."""
    has_passed: bool = False
    """Whether such a jump leaves the block from inside a loop, so that the jump is not deferred."""


class Frame(Struct, eq=False):
    """One execution of a function body, or of a module or class body."""

    body_scope: LexicalScope
    """The scope of the body itself."""
    scope: LexicalScope
    """The current scope: `body_scope`, or the scope of a comprehension or lambda in it."""
    function: cst.FunctionDef | None = None
    """The function, or None for a module or class body."""
    is_async: bool = False
    returns: list[Case] = field(default_factory=list)
    """The returned values, each with the condition of its branch."""
    checkpoint: int | None = None
    """The checkpoint of the store before the body of a function, or None for other code."""
    last_task_id: TaskId = 0
    """The last task id before the body."""
    branch_depth: int = 0
    """The number of branches around the call."""
    return_states: list[PathChanges] = field(default_factory=list)
    """The changes of the body at each `return` in a branch or loop."""
    returns_at_end: bool = False
    """Whether the body ends with a `return` outside of branches and loops."""
    conditions: list[str | None] = field(default_factory=list)
    """The conditions of the branches being interpreted, outermost first."""
    loop: LoopState | None = None
    """The innermost loop of the body around the current statement."""
    called: int = 0
    """The callables whose steps ran, as a bit set (`WorkRegistry.bit_of`)."""
    declared: dict[StepFunction, int] = field(default_factory=dict)
    """Steps that the body and the functions called by it declare, with declaration numbers in ascending order."""
    emitted: bool = False
    """Whether the body has emitted a `Run`, `Start` or `Await`."""
    returns_awaitable: bool = False
    """Whether a plain function returns an awaitable."""
    emits_before_return: bool = False
    """Whether such a function emits operations before it returns."""
    has_started_tasks: bool = False
    """Whether the body has started a task, which may still be pending."""
    drained_collection: HeapCell | None = None
    """The collection that the current `while` loop empties."""
    outer_loop_depth: int = 0
    """The number of loops around the call."""
    caller: Frame | None = None
    in_step: bool = False
    """Whether the call is in the body of a step."""
    open_contexts: list[OpenContext] = field(default_factory=list)
    """The blocks with exit code around the current statement, outermost first."""
    around_yields: list[OpenContext] = field(default_factory=list)
    """The blocks with exit code around the `yield` of each generator that manages a block of the body."""
    at_yield: Callable[[Value], None] | None = None
    """Interprets, at a `yield`, the block of the `with` or the body of the loop that uses the generator."""
    inlined: InlinedGenerator | None = None
    """The generator itself, if it is inlined into the loop over it."""
    yields: list[Element] = field(default_factory=list)
    """The relevant values that a generator without `at_yield` yields."""
    type_error_handlers: int = 0
    """The number of `try` statements around the current statement that catch `TypeError` by name."""
    attribute_names: Mapping[str, Constant] = field(default_factory=dict)
    """Loop variables of unrolled loops over constants, with their current values."""
    loop_keys: Mapping[str, int] = field(default_factory=dict)
    """Loop variables with a different value in each pass, with the depth of the body of their loop."""
    may_return_true: bool = False
    """Whether a returned value may be truthy."""
    started_bindings: dict[str, None] = field(default_factory=dict)
    """The bindings of workflows that the body of a step starts, in order of their first calls."""
    raises: bool = False
    """Whether a `raise` is reachable, in the body or in the functions called by it."""
    raises_unseen: bool = False
    """Whether a call in the body may raise an exception that no operation of the body shows."""
    raises_early: bool = False
    """Whether tasks that have not begun are pending at such a `raise`."""
    current_statement: cst.CSTNode | None = None
    """The statement of a module or class body that is being executed."""
    bound_name: str | None = None
    """The name whose lookup requires that statement."""
    previous_value: Value | None = None
    """The value of that name before the statement, or None if it was unbound."""
    rebound: dict[str, Value | None] = field(default_factory=dict)
    """The names that the statement has bound so far, with the values that lookups found before its execution."""

    @classmethod
    def of_body(cls, scope: LexicalScope, function: cst.FunctionDef | None = None, *, is_async: bool = False) -> Frame:
        """Return the frame at the start of a body."""
        return cls(scope, scope, function, is_async)

    @property
    def managed_frame(self) -> Frame:
        """The frame whose block the code of a generator manages; for other code, the frame itself."""
        frame = self
        while frame.at_yield is not None and frame.inlined is None and frame.caller is not None:
            frame = frame.caller
        return frame

    @contextmanager
    def in_loop(self, loop: LoopState, names: Mapping[str, Constant] | None = None) -> Iterator[None]:
        """Interpret a pass of a loop, with the values of loop variables over constants."""
        outer_loop, outer_names = self.loop, self.attribute_names
        self.loop = loop
        if names:
            self.attribute_names = {**outer_names, **names}
        try:
            yield
        finally:
            self.loop, self.attribute_names = outer_loop, outer_names

    @contextmanager
    def with_loop_keys(self, keys: Mapping[str, int]) -> Iterator[None]:
        """Interpret the body of a loop whose variables `keys` have a different value in each pass."""
        outer_keys, self.loop_keys = self.loop_keys, {**self.loop_keys, **keys} if keys else self.loop_keys
        try:
            yield
        finally:
            self.loop_keys = outer_keys


class Recursion(Struct):
    """The recursive calls of a function whose body is being interpreted."""

    checkpoint: int
    """The checkpoint of the store before the body."""
    newest_serial: int
    """The serial of the newest cell before the body."""
    place: Place
    """The function."""
    is_called: bool = False
    """Whether a recursive call was reached."""
    calls: list[Changes] = field(default_factory=list)
    """The changes of outer cells at each recursive call of the current pass."""
    head: Changes = field(default_factory=dict)
    """The join of the changes at recursive calls of earlier passes."""
    end: Changes = field(default_factory=dict)
    """The changes of outer cells by the body in the previous pass."""
    passes: int = 0

    def outer(self, changes: Changes) -> Changes:
        """Return the changes of cells that are older than the call."""
        return {key: change for key, change in changes.items() if change.container.serial <= self.newest_serial}


class PathResult(Struct, frozen=True):
    """The operations and changes of one path, which was interpreted and rolled back."""

    block: Block
    changes: Changes
    is_reachable: bool
    """Whether the end of the path is reachable."""
    overwritten: tuple[Changes, ...] = ()
    """Values that the path writes and overwrites later: an exception in the path may expose them."""
    since: TaskId | None = None
    """The last task id before the path; tasks with a higher id are started on the path."""
    position: ReplayPosition | None = None
    """The position at the end of the path for the tracer, or None if it equals the position at its start."""


class FunctionSummary(Struct, frozen=True):
    """The effects and the result of a function for one set of arguments."""

    function: Function
    result: Value
    called: int
    """The callables whose steps run, as in `Frame.called`."""
    declared: tuple[StepFunction, ...]
    """The steps that each call declares, in order."""
    returns_awaitable: bool
    """As in `Frame`."""
    emits_before_return: bool
    """As in `Frame`."""
    epoch: int
    """The epoch of the store after the analysis."""
    reusable: bool
    """Whether later calls can use the summary.

    The function writes no outer slot, and does not return a value that each call creates.
    """
    may_await: bool = False
    """Whether the function awaits tasks or runs an activity."""
    yields: tuple[Element, ...] = ()
    """The relevant values that a generator yields."""
    may_return_true: bool = True
    """Whether the result may be truthy: a truthy result of `__exit__` suppresses the exception."""
    raises: bool = False
    """As in `Frame`."""
    reads: frozenset[SlotId] = frozenset()
    """The slots outside the function that it reads."""
    writes: tuple[Change, ...] = ()
    """Writes to outer cells that cannot affect steps."""
    trace: CallTrace = CallTrace()
    """The records of the tracer for the call."""
    allocates: bool = False
    """Whether the result holds new cells. Each further call gets a copy of them."""
    since: int = 0
    """The serial of the newest cell before the call."""
    started_bindings: tuple[str, ...] = ()
    """As in `Frame`."""
