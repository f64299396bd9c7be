"""Where reading stands: in which execution of which code, and what is around it there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.objects.values import Case, Constant, Element, HeapCell, LexicalScope, StepFunction, Value
from stepgraph.interpreter.replay.replay_state import NondeterministicUse, Reached
from stepgraph.interpreter.store import Changes, SlotId
from stepgraph.ir.nodes import Block, Function, JumpKind, TaskId


class LoopState(Struct):
    """The innermost loop: where it began, and the states in which it is left or begun again."""

    checkpoint: int
    leaves: list[Changes] = field(default_factory=list)
    breaks: bool = False
    continues: bool = False


class InlinedGenerator(Struct):
    """A generator whose code is shown in place of the loop over it.

    A `continue` out of `whole` ends the code; the loop over it may be `broken` off.
    """

    whole: LoopState
    broken: bool


class OpenContext(Struct):
    """A block that is left with its loop or function: `leave` emits what is awaited then.

    It `stops` exits that go no further, or only after something that is not known here: a handler, a `finally`. These
    begin with what has `changed` since the `checkpoint`, for each exit that led there; `kinds` are those of the exits.
    """

    loop: LoopState | None
    leave: Callable[[], None]
    stops: frozenset[JumpKind]
    checkpoint: int
    changed: list[Changes] = field(default_factory=list)
    kinds: set[JumpKind] = field(default_factory=set)


@dataclass(slots=True)
class Frame:
    """One execution of a function body, or of a module's or class's own code.

    `scope` is the present one, which in a comprehension or lambda is not the `function`'s `own`. `conditions` are those
    of the branches being read; `called` is the bit set of the callables whose steps ran, `declared` are the steps that
    were declared, also by functions it called, the last one last, each with the number of its declaration. A plain
    function that returns an awaitable `awaits_result`, and `starts_work` if it sets something going before it returns;
    a body `has_started` work of which it may not have awaited all. `drained` is the collection that the present loop
    empties, `loops_outside` the number of loops around the call, which is of the `caller` and may be `in_step`;
    `contexts` are those that are left with whatever leaves here. A context manager that is a generator gives way
    `at_yield` to the block that it stands around, one that is `inlined` to the body of the loop over it; what other
    generators yield that may lead to steps is in `yields`. So many `try` around the present statement catch
    `type_errors` by name. `attribute_names` are the values of the variables of loops over constants that are written
    out. It `returns_true` if a result may be true.
    """

    scope: LexicalScope
    own: LexicalScope = dataclass_field(init=False)
    function: cst.FunctionDef | None = None
    is_async: bool = False
    returns: list[Case] = dataclass_field(default_factory=list)
    conditions: list[str | None] = dataclass_field(default_factory=list)
    loop: LoopState | None = None
    called: int = 0
    declared: dict[StepFunction, int] = dataclass_field(default_factory=dict)
    emitted: bool = False
    awaits_result: bool = False
    starts_work: bool = False
    has_started: bool = False
    drained: HeapCell | None = None
    loops_outside: int = 0
    caller: Frame | None = None
    in_step: bool = False
    contexts: list[OpenContext] = dataclass_field(default_factory=list)
    at_yield: Callable[[Value], None] | None = None
    inlined: InlinedGenerator | None = None
    yields: list[Element] = dataclass_field(default_factory=list)
    type_errors: int = 0
    attribute_names: Mapping[str, Constant] = dataclass_field(default_factory=dict)
    returns_true: bool = False
    at: cst.CSTNode | None = None
    """The statement of a module's or class's own code that is being executed."""
    binding: str | None = None
    """The name that it is executed for."""
    bound_before: Value | None = None
    """What that name stood for before, None where it was not bound."""

    def __post_init__(self) -> None:
        self.own = self.scope


class PathResult(Struct, frozen=True):
    """A stretch of the program, read and taken back: what it does, what it changed, and whether its end is reached.

    `passed` are values that it replaced again, which are what it leaves if it is cut short by an exception; work with a
    handle after `since` was started on it; its end comes after what it has `reached`, None for what it
    began with.
    """

    block: Block
    changes: Changes
    live: bool
    passed: tuple[Changes, ...] = ()
    since: TaskId | None = None
    reached: Reached | None = None


class FunctionSummary(Struct, frozen=True):
    """What was learned of a function for one set of arguments, and when. `called` is as in `Frame`.

    What it `returns_true` is that its result may be true, which in an `__exit__` ends an error.
    `reads` are the slots from outside of it that it has read.
    """

    function: Function
    result: Value
    called: int
    declared: tuple[StepFunction, ...]
    awaits_result: bool
    starts_work: bool
    epoch: int
    reusable: bool
    uses: tuple[NondeterministicUse, ...] = ()
    yields: tuple[Element, ...] = ()
    returns_true: bool = True
    reads: frozenset[SlotId] = frozenset()
