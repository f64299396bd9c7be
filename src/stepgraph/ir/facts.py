"""Facts: observations about the source code, recorded during interpretation for the rules to check.

The interpreter may execute code several times, such as the body of a loop. A fact may then be recorded repeatedly, or
different facts for one location if the values differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from operator import is_
from typing import Literal, TypeAlias

from msgspec import Struct

from stepgraph.ir.nodes import PayloadShape, StepDefinition
from stepgraph.ir.static_values import StaticArguments
from stepgraph.ir.step_settings import StepParameter
from stepgraph.ir.values import Value
from stepgraph.model.span import Span
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.step_methods import WorkKind

ParameterKind: TypeAlias = Literal["positional", "*args", "keyword", "**kwargs"]
KeyUse: TypeAlias = Literal["read", "get", "attribute", "match", "written", "asked"]
GenericFault: TypeAlias = Literal["order", "not generic", "entrypoint"]
RunFault: TypeAlias = Literal["missing", "extra", "order", "generator", "static", "class"]
TimeoutFunction: TypeAlias = Literal["asyncio.wait_for", "asyncio.timeout", "asyncio.timeout_at"]
Canceler: TypeAlias = TimeoutFunction | Literal["cancel", "asyncio.TaskGroup"]
Work: TypeAlias = WorkKind | Literal["function", "coroutine", "task"]


class Fact:
    """Base class of all facts."""

    __slots__ = ()


class MethodCalled(Fact, Struct, frozen=True):
    """A call of a method of the step object, whether or not the method exists."""

    method: str
    arguments: StaticArguments
    place: SourcePlace
    in_step: bool
    """Whether the call is inside the body of a step."""
    expects_type_error: bool
    """Whether an enclosing `try` catches TypeError by name."""


class UnformattedString(Fact, Struct, frozen=True):
    """A string without the prefix `f` whose fields in braces read variables: a name, or an argument of a function."""

    fields: tuple[str, ...]
    """The expressions in braces."""
    place: SourcePlace
    """The location of the string literal."""
    is_name: bool
    """Whether it is in the name of a step, sleep or wait."""


class DecoratorApplied(Fact, Struct, frozen=True):
    """A call of the decorator that `step.do(...)` returns."""

    decorator_arguments: StaticArguments
    """The arguments of `step.do`."""
    arguments: StaticArguments
    """The arguments of the decorator: normally one function."""
    place: SourcePlace


class Parameter(Struct, frozen=True):
    """A parameter of a step's function."""

    name: str
    kind: ParameterKind
    default: str | None
    """The source of the default value; None for a required parameter."""
    place: SourcePlace


class StepFunctionShape(Struct, frozen=True):
    """The signature of the function that a step runs."""

    name: str
    parameters: tuple[Parameter, ...]
    is_async: bool
    is_generator: bool
    place: SourcePlace
    """The location of the function or lambda."""


class StepDeclared(Fact, Struct, frozen=True):
    """A step declaration: `step.do(...)` applied to a function."""

    definition: StepDefinition
    arguments: StaticArguments
    """The arguments of `step.do`."""
    function: StepFunctionShape | None
    """The signature of the function; None if the function cannot be resolved."""
    mode: DependencyMode
    place: SourcePlace
    """The location of the call of `step.do`."""
    in_step: bool
    """Whether the declaration is inside the body of another step."""


class StepCalled(Fact, Struct, frozen=True):
    """A call of a declared step, which creates its coroutine."""

    definition: StepDefinition
    arguments: StaticArguments
    place: SourcePlace
    in_step: bool
    """Whether the call is inside the body of a step."""


class ValueBound(Fact, Struct, frozen=True):
    """A value that a call passes for a parameter, that code assigns to a variable, or that a lookup may return.

    Recorded for constants and dictionaries, and for arguments that are names, whose value may be unknown.
    """

    target: SourcePlace
    """The location of the parameter, of the variable in an assignment or loop, or of the lookup, as in `table[key]`."""
    value: Value
    place: SourcePlace
    """The location of the argument, of the default of the parameter, of the element or of the assigned value."""


class FunctionCalled(Fact, Struct, frozen=True):
    """A call of a function, method or property of the project."""

    function: SourcePlace
    place: SourcePlace
    """The location of the call, or of the attribute that reads a property."""


class Returned(Fact, Struct, frozen=True):
    """A value returned by a `return` statement or a lambda."""

    function: SourcePlace
    value: Value
    place: SourcePlace
    """The location of the value."""


class StepPrefix(Struct, frozen=True, eq=False):
    """The first steps in a list to which steps are appended, without a copy for each call."""

    _steps: list[StepDefinition]
    _count: int

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[StepDefinition]:
        return islice(self._steps, self._count)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StepPrefix) and len(self) == len(other) and all(map(is_, self, other))

    def __hash__(self) -> int:
        return self._count


class UnresolvedStepParameter(Fact, Struct, frozen=True):
    """A call of a step with a parameter that matches no declared step."""

    definition: StepDefinition
    parameter: StepParameter
    declared: StepPrefix
    """The steps declared at the time of the call."""


class DependencyCountMismatch(Fact, Struct, frozen=True):
    """A call of a step, in legacy mode, whose numbers of parameters and dependencies differ."""

    definition: StepDefinition
    parameters: int
    """The number of parameters other than `ctx`."""
    depends_count: int | None
    """The number of steps in `depends`; None without `depends`."""


class DependencyCycle(Fact, Struct, frozen=True):
    """A call of a step that depends on itself, directly or through other steps.

    Cycles through a `StepChoice` are not recorded, because they may occur on some paths only.
    """

    steps: tuple[StepDefinition, ...]
    """The cycle: each step depends on the next one, and the last step on the first one."""


class AmbiguousDependency(Fact, Struct, frozen=True):
    """A call of a step with a parameter that matches two steps, both declared before either ran."""

    definition: StepDefinition
    parameter: StepParameter
    resolved_step: StepDefinition
    """The step that the parameter resolves to."""
    shadowed_step: StepDefinition
    """The earlier step, which `resolved_step` shadows."""


class NeverAwaited(Fact, Struct, frozen=True):
    """Work whose awaitable is discarded, so nothing can await it.

    The coroutine of a step, a wait, a function with steps or another function (`coroutine`) never begins. A sleep or a
    task runs, but unobserved.
    """

    work: Work
    name: str
    """The name of the step, sleep, wait or function. For a task, the names of its activities, separated by commas."""
    place: SourcePlace
    """The location of the expression that creates the awaitable."""
    is_expression_statement: bool
    """Whether the expression is a statement of an async function, so a fix can insert `await`."""


class EventKeyAccess(Fact, Struct, frozen=True):
    """An access to a top-level key of an event."""

    use: KeyUse
    """The kind of access: by subscript, `get`, attribute or pattern; a write; or a membership test (`in`)."""
    key: str
    from_wait: bool
    """Whether the event is the result of `wait_for_event` rather than the argument of `run`."""
    owner: SourcePlace
    """The location of the event expression."""
    place: SourcePlace


class PayloadKeyAccess(Fact, Struct, frozen=True):
    """An access to a key of the payload of `run`, or of a value in it."""

    use: KeyUse
    """The kind of access, as in `EventKeyAccess`."""
    key: str
    shape: PayloadShape
    """The shape of the payload or value that has the key."""
    function: SourcePlace
    """The location of the function that contains the access."""
    is_unconditional: bool
    """Whether each call of the function evaluates the access, unless an earlier exception ends the call."""
    place: SourcePlace


class WorkflowStarted(Fact, Struct, frozen=True):
    """A call that starts instances of a workflow through its binding, such as `env.ORDERS.create()`."""

    binding: str
    is_batch: bool
    """Whether the method is `create_batch` rather than `create`."""
    arguments: StaticArguments
    place: SourcePlace
    loop: SourcePlace | None
    """The location of the loop that only starts an instance for each item, if there is one."""


class WorkCanceled(Fact, Struct, frozen=True):
    """A cancellation of tasks in Python, after which the engine continues their steps or waits."""

    by: Canceler
    """The function whose timeout cancels the tasks, the method `cancel`, or a task group in which a task fails."""
    kind: Literal["step", "wait"]
    names: tuple[str, ...]
    """The names of the steps or waits."""
    place: SourcePlace


class StepNeverCalled(Fact, Struct, frozen=True):
    """A declared step that nothing can call, and on which no other step depends."""

    definition: StepDefinition
    place: SourcePlace


class UnwrappedRun(Fact, Struct, frozen=True):
    """A workflow class that inherits `run` from a class that does not derive from WorkflowEntrypoint."""

    owner: str
    """The name of the class that defines `run`."""
    place: SourcePlace
    """The location of the base class through which `run` is inherited."""


class WrongArguments(Fact, Struct, frozen=True):
    """A call of a function of the project with too few, too many or unexpected arguments."""

    function: str
    """The name of the function, or of the class if the call creates an object."""
    missing: str | None
    """The first required parameter without an argument, if any."""
    unexpected: str | None
    """The first keyword without a parameter, if any. Without both, the call has too many arguments."""
    may_lack_self: bool
    """Whether the call passes the instance, as in `self.charge()`, but the first parameter has another name."""
    passed_names: frozenset[str]
    """The names of the variables that the call passes."""
    place: SourcePlace
    definition: SourcePlace
    """The location of the function."""


class UncertainCallee(Fact, Struct, frozen=True):
    """A call of one of several values, if one is not a function of the project, or if other code may replace it."""

    place: SourcePlace


class UnsubscriptableBase(Fact, Struct, frozen=True):
    """A base of a workflow class with type arguments, which raises an error when the module is loaded."""

    name: str
    """The name of the base class."""
    fault: GenericFault
    """Whether the base has WorkflowEntrypoint before Generic, no type parameters, or is WorkflowEntrypoint itself."""
    place: SourcePlace
    """The location of the base with its type arguments."""


class UnusableRun(Fact, Struct, frozen=True):
    """A method `run` that the engine cannot run by calling it with the event and the step object."""

    fault: RunFault
    """A wrong number of parameters, event and step in the wrong order, a `yield`, or a decorator without `self`."""
    parameters: str
    """The source of the parameters."""
    place: SourcePlace
    """The location of the name of the method."""


class UnusableInitializer(Fact, Struct, frozen=True):
    """A method `__init__` of a workflow class that rejects `ctx` and `env`, or does not store them."""

    parameters: str
    """The source of the parameters."""
    place: SourcePlace
    """The location of the name of the method."""
    unset_attribute: SourcePlace | None = None
    """The first read of `self.env` or `self.ctx`, which the method does not set, or None for wrong parameters."""


class FutureAsTask(Fact, Struct, frozen=True):
    """The future of a sleep passed to a function that expects a coroutine, such as `asyncio.create_task`."""

    kind: WorkKind
    place: SourcePlace
    """The location of the argument."""
    callee_place: SourcePlace
    """The location of the callee."""


class DeadCode(Fact, Struct, frozen=True):
    """A block or expression that never runs, because a condition has the same value in each run."""

    place: SourcePlace
    condition: SourcePlace | None
    """The condition before a block, or the statement before several statements; None for code without one."""

    @property
    def span(self) -> Span:
        """The location of the code. A block starts after its condition, since its node excludes leading decorators."""
        span = self.place.span
        if self.condition is None:
            return span
        condition = self.condition.span
        return Span(span.path, condition.end_line, condition.end_column, span.end_line, span.end_column)


class CalledInStep(Fact, Struct, frozen=True):
    """A project function that runs in the body of a step, inside of another function that may run outside of steps."""

    function: SourcePlace


class LateBoundVariable(Fact, Struct, frozen=True):
    """A variable that a function reads, and that a loop around the function changes from pass to pass.

    The function reads the wrong value unless it runs in the pass that creates it, or in one of the later loops.
    """

    function: SourcePlace
    function_name: str
    """The name of the function; empty for a lambda."""
    runs_later: bool
    """Whether no pass runs the function by a plain call: a coroutine function, or one that the passes only store."""
    variable: str
    place: SourcePlace
    """The location of the first read in the function."""
    loop: SourcePlace
    later_loops: tuple[SourcePlace, ...]
    """The later loops that also assign the variable."""
    may_begin_in_pass: bool
    """Whether a task that a pass creates may begin before the next pass changes the variable."""
    is_collected: bool
    """Whether the functions of several passes, or the results of calling them, may be used after the loop."""
    calls: tuple[SourcePlace, ...]
    """The calls of the function in the loop that each pass makes once."""
    calls_inside: tuple[SourcePlace, ...]
    """The calls in a lambda that is an element of a collection; empty for other functions."""


class TryWithoutSteps(Fact, Struct, frozen=True):
    """A `try` whose body runs no steps in some call of its function, so its handlers catch errors of other code."""

    place: SourcePlace
