"""Arguments of calls, and values that represent coroutines, generators, context managers and partial objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.values.containers import Collection, Element, Mapping, hide_constants
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import FunctionValue, LexicalScope, ProjectObject
from stepgraph.interpreter.values.shown_elements import EntriesByKey
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.ir.nodes import EventWait, Function, Handler
from stepgraph.ir.values import UNKNOWN, Value
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.interpreter.write_log import TaskState
    from stepgraph.ir.await_groups import TaskId
    from stepgraph.ir.parameter_tests import DecidingArgument


class StepCall(Value, Struct, eq=False):
    """The coroutine of a step."""

    step: StepFunction
    place: SourcePlace


class WaitCall(Value, Struct, eq=False):
    """The coroutine of `step.wait_for_event`."""

    activity: EventWait
    place: SourcePlace


class FunctionCoroutine(Value, Struct, eq=False):
    """The coroutine of an async project function."""

    function: FunctionValue
    arguments: Arguments
    place: SourcePlace
    deciding: tuple[DecidingArgument, ...] = ()
    """See `Call.deciding`."""
    loop_depth: int = 0
    """The number of loops around the call in its function."""


class PreparedCall(Value, Struct, eq=False):
    """An awaitable that a plain function returns, represented as a call of that function."""

    function: Function
    result: Value
    """The result of awaiting the awaitable."""
    place: SourcePlace
    """The call of the function."""
    deciding: tuple[DecidingArgument, ...] = ()
    """See `Call.deciding`."""
    loop_depth: int = 0
    """The number of loops around the call in its function."""
    tasks: tuple[TaskState, ...] = ()
    """The work that the function returns."""
    task_id: TaskId | None = None
    """The task id of the work until something awaits or starts the awaitable."""


Coroutine: TypeAlias = StepCall | WaitCall | FunctionCoroutine | PreparedCall


class ExitStack(Value, Struct, eq=False):
    """An exit stack: `contextlib.ExitStack()` or `AsyncExitStack()`."""

    supported_call: cst.Call | None = None
    """The method call that is being evaluated, if it is a direct statement of the block."""
    may_run_steps: bool = False
    """Whether a callback or context manager on the stack may run steps."""
    swallowing: SourcePlace | None = None
    """The last push of a manager that may swallow errors by code other than the direct statements of the block."""
    pushed: Collection | None = None
    """The callbacks pushed by code other than the direct statements of the block; None if these are not modeled."""
    exit_condition: str | None = None
    """The condition under which the callbacks run at the exit, if code in the block may discard them."""


class PushedCallback(Value, Struct, eq=False):
    """A callback in `ExitStack.pushed`."""

    call: Partial | GeneratorCall
    """The callback, or the generator whose code after its `yield` runs."""
    is_async: bool
    """Whether the result of the callback is awaited."""


class WrappingManager(Value, Struct, eq=False):
    """The context manager of `contextlib.nullcontext(...)`, `closing(...)` or `aclosing(...)`."""

    content: Value
    """The argument, which the `with` statement binds."""
    closing: str | None = None
    """The name of the argument's method that the exit calls; None for `nullcontext`."""


class ExitStackArguments(Value, Struct, eq=False):
    """The arguments of a method call that pushes a callback or context manager on an exit stack."""

    arguments: Arguments


class Suppressor(Value, Struct, eq=False):
    """The context manager of `contextlib.suppress(...)`."""

    handler: Handler | None
    """The handler for the suppressed exceptions; None if none are suppressed."""


class Partial(Value, Struct, eq=False):
    """A callable with stored arguments.

    For `functools.partial` of a project function, the arguments are stored in a `FunctionValue` instead.
    """

    callee: Value
    arguments: Arguments


class GeneratorCall(Value, Struct, eq=False):
    """The generator returned by a project function."""

    function: FunctionValue
    arguments: Arguments
    place: SourcePlace
    loop_depth: int = 0
    """The number of loops around the call."""
    serial: int = 0
    """The serial of the newest heap cell at the creation of the generator."""
    cells: tuple[HeapCell, ...] = ()
    """Cells for the objects that the generator creates and yields. All its uses in loops share them."""


class ManagerDecorator(Value, Struct, eq=False):
    """A context manager used as a decorator."""

    manager: GeneratorCall | ProjectObject


class GeneratorExpression(Value, Struct, eq=False):
    """A generator expression.

    The first iterable is evaluated immediately, and the rest of the expression when the generator is consumed.
    """

    node: cst.GeneratorExp
    scope: LexicalScope
    first: Value
    """The value of the first iterable."""
    state: HeapCell
    """A cell whose slot `items` has an element until the generator expression is exhausted."""
    initial: tuple[Element, ...]
    """The value of the slot `items` before the first use."""
    loop_depth: int
    """The number of loops around the expression."""


class Argument(Struct, frozen=True):
    """An evaluated argument of a call."""

    value: Value
    place: SourcePlace
    keyword: str | None = None
    star: str = ""
    """The star of the argument: `"*"`, `"**"`, or empty."""


class Arguments(Struct, frozen=True):
    """The arguments of a call, in order."""

    items: tuple[Argument, ...] = ()

    @classmethod
    def of(cls, value: Value, place: SourcePlace) -> Arguments:
        """Return arguments that consist of a single positional argument."""
        return cls((Argument(value, place),))

    @property
    def positional(self) -> tuple[Argument, ...]:
        """The positional arguments, except `*` arguments."""
        return tuple(argument for argument in self.items if argument.keyword is None and not argument.star)

    def find(self, index: int | None, keyword: str) -> Argument | None:
        """Return the argument at a 0-based position or with a keyword. Return None if it is missing.

        The positions of arguments after an unpacked collection are unknown.
        """
        match: Argument | None = None
        position: int | None = 0
        for argument in self.items:
            if argument.keyword is not None:
                if match is None and argument.keyword == keyword:
                    match = argument
            elif argument.star == "*":
                position = None
            elif not argument.star and position is not None:
                if position == index:
                    return argument
                position += 1
        return self._find_spread(keyword) if match is None else match

    def find_or_unpacked(self, index: int | None, keyword: str) -> Argument | None:
        """Return the argument as `find` does, or an unknown value if an unpacked argument may contain the argument."""
        argument = self.find(index, keyword)
        if argument is not None:
            return argument
        return next((Argument(UNKNOWN, unpacked.place) for unpacked in self.items if unpacked.star), None)

    def _find_spread(self, keyword: str) -> Argument | None:
        """Return a keyword argument from an unpacked dictionary, as in `**options`. Return None if it is missing."""
        for spread in self.items:
            if spread.star == "**" and isinstance(spread.value, Mapping):
                by_key = EntriesByKey.of(spread.value.entries)
                if keyword in by_key.certain:
                    return Argument(by_key.certain[keyword].value, spread.place, keyword)
                if keyword in by_key.uncertain:
                    return Argument(hide_constants(by_key.uncertain[keyword].value), spread.place, keyword)
        return None
