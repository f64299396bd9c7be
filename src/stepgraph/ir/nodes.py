"""The intermediate representation of a workflow: its steps, waits and control flow, without Python syntax.

The body of a function is an `OperationBlock`. Work is an `Activity`: a step, a sleep, a wait, a call of a function of
the project, or a series of these. `Run` executes an activity and waits for it, `StartOperation` starts one as a task
without waiting, and `Await` waits for tasks started anywhere in the program. Every operation carries its source
location. For example:

    task = asyncio.create_task(load())     StartOperation(step 'load', task 1)
    await charge()                         Run(step 'charge')
    if await task:                         Await(all of task 1), Choice
        await step.sleep("rest", "1 day")      Run(sleep 'rest')
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeAlias, assert_never

from msgspec import Struct, field

from stepgraph.ir.await_groups import AwaitedTask, AwaitGroup, TaskId
from stepgraph.ir.exceptions import ExceptionType, NonStepErrors
from stepgraph.ir.step_settings import MergedStepConfig, StepParameter
from stepgraph.phrases import quoted_name
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.step_methods import WorkKind

if TYPE_CHECKING:
    from stepgraph.ir.parameter_tests import BranchTest, DecidingArgument
    from stepgraph.model.payload import Number, ParallelKind


class OperationBlock(Struct, frozen=True):
    """A sequence of operations."""

    operations: tuple[Operation, ...] = ()


EMPTY_BLOCK = OperationBlock()


class PayloadShape(Struct, eq=False):
    """The keys that the program reads from a payload. The shape grows during interpretation."""

    fields: dict[str, PayloadShape] = field(default_factory=dict)

    def at(self, key: str) -> PayloadShape:
        """Record a read of `key` and return the shape of its value."""
        return self.fields.setdefault(key, PayloadShape())


class StepDefinition(Struct, eq=False):
    """A step declared by `step.do(...)`. Each execution of the declaration creates a separate definition."""

    name: str
    """The name in the graph, with source in braces."""
    declared_name: str
    """The name by which parameters of other steps refer to the step. It differs from `name` if a function that declares
    steps for its callers receives the name as a constant.
    """
    function_name: str
    settings: MergedStepConfig
    concurrent: bool
    parameters: tuple[StepParameter, ...]
    function: SourcePlace
    """The definition of the function that the step runs, or the argument of the decorator if it is unknown."""
    place: SourcePlace
    named_by_parameter: bool = False
    """Whether the step is one of several that a declaration with a computed name declares, named by a parameter."""

    @property
    def quoted_name(self) -> str:
        """The name for messages."""
        return quoted_name(self.name)

    @property
    def resolves_in_tasks(self) -> bool:
        """Whether the dependencies are separate tasks, for which the step waits although they have run."""
        return self.concurrent and bool(self.parameters)


class StepInput(Struct, frozen=True):
    """A parameter of a step's function that receives the result of another step."""

    parameter: str
    """The name of the parameter, or an empty string if unknown."""
    steps: tuple[str, ...]
    """The names of the alternative steps; exactly one runs."""


class StepRun(Struct, frozen=True, eq=False):
    """A run of a declared step.

    A dependency runs before the step only if it has not run yet, which depends on the whole program.
    """

    definition: StepDefinition
    body: OperationBlock
    """The operations inside the step's function."""
    dependencies: tuple[Dependency, ...]
    """The steps that the parameters or `depends` of the step refer to at the time of the call, in order."""
    inputs: tuple[StepInput, ...]
    """The parameters that receive the results of the dependencies, in order."""
    started_bindings: tuple[str, ...]
    """The bindings whose `create` or `create_batch` the step's function calls, as in `env.ORDERS.create()`."""


class StepChoice(Struct, frozen=True, eq=False):
    """A dependency on exactly one of several steps, for example because two paths declare different steps."""

    cases: tuple[StepCase, ...]
    place: SourcePlace
    discriminant: str | None
    """The source of the subject of a `match`; None for an `if`."""


class StepCase(Struct, frozen=True, eq=False):
    """One of the steps of a `StepChoice`."""

    condition: str | None
    """The source of the condition; None for the default case."""
    dependency: Dependency


Dependency: TypeAlias = StepRun | StepChoice


class Sleep(Struct, frozen=True):
    """A call of `step.sleep`."""

    name: str
    duration: Number | str
    """The duration, in milliseconds or as source text."""


class SleepUntil(Struct, frozen=True):
    """A call of `step.sleep_until`."""

    name: str
    timestamp: str


class EventWait(Struct, frozen=True):
    """A call of `step.wait_for_event`."""

    name: str
    event_type: str | None
    """The event type; None if the call does not pass one."""
    timeout: Number | str
    """The timeout, in milliseconds or as source text."""
    payload: PayloadShape


class Call(Struct, frozen=True):
    """A call of a function of the project."""

    function: Function
    deciding: tuple[DecidingArgument, ...] = ()
    """The arguments that may decide which branches run. The summary of the function does not depend on them."""


class Series(Struct, frozen=True):
    """Operations that run in sequence as one activity, such as the dependencies of a step and the step."""

    block: OperationBlock


Activity: TypeAlias = StepRun | Sleep | SleepUntil | EventWait | Call | Series


def work_kind(activity: Activity) -> WorkKind | None:
    """Return the kind of work that the engine runs for an activity. Return None for a call or a series."""
    match activity:
        case StepRun():
            return "step"
        case Sleep() | SleepUntil():
            return "sleep"
        case EventWait():
            return "wait"
        case Call() | Series():
            return None
        case _ as never:
            assert_never(never)


def begins_at_call(activity: Activity) -> bool:
    """Return whether the call begins the activity and returns a future. Coroutines begin at an await or as a task."""
    match activity:
        case Sleep() | SleepUntil():
            return True
        case StepRun() | EventWait() | Call() | Series():
            return False
        case _ as never:
            assert_never(never)


class Suspension(Enum):
    """Whether code suspends on its way to its end, so that queued tasks begin."""

    NEVER = "never"
    MAYBE = "maybe"
    ALWAYS = "always"

    def then(self, other: Suspension) -> Suspension:
        """Return whether this code, followed by other code, suspends."""
        if Suspension.ALWAYS in (self, other):
            return Suspension.ALWAYS
        return Suspension.NEVER if self is other is Suspension.NEVER else Suspension.MAYBE


class Function(Struct, eq=False):
    """A function of the project, specialized to one set of callable arguments."""

    names: tuple[str, ...]
    """The names of the function, from the plain one to the fully qualified one."""
    place: SourcePlace
    is_async: bool = True
    """Whether the function is defined with `async def`. Otherwise, the work that it returns begins after the call."""
    callable_arguments: tuple[str, ...] = ()
    """The names of the callable arguments whose steps the function runs."""
    callables: tuple[str, ...] = ()
    """The names of all callable arguments of the function and of the functions around it."""
    body: OperationBlock = EMPTY_BLOCK
    """The operations of the function. The block is empty while the function is being interpreted."""
    may_run_steps: bool = True
    """Whether the function may run steps. This is an assumption while the function is being interpreted."""
    redeclared_steps: tuple[StepDefinition, ...] = ()
    """The steps that every call declares again."""
    raises_unseen: bool = False
    """Whether the function may raise an exception that no operation of the body represents."""
    may_raise_at_start: bool = True
    """Whether a `raise` may end a call before it suspends. Unknown while the function is being interpreted."""
    suspension: Suspension = Suspension.MAYBE
    """Whether a call suspends. Unknown while the function is being interpreted."""


class Run(Struct, frozen=True):
    """An activity that is started and awaited at once."""

    activity: Activity
    place: SourcePlace
    completed_tasks: tuple[AwaitedTask, ...] = ()
    """The caller's tasks that a called function awaits."""
    is_limited: bool = False
    """Whether a lock or semaphore around the run limits how many tasks are in it at the same time."""


class StartOperation(Struct, frozen=True):
    """An activity that starts without an await."""

    task_id: TaskId
    activity: Activity
    eager: bool
    """Whether the activity begins immediately, like `step.sleep`. A task begins at the next await."""
    place: SourcePlace
    further_tasks: tuple[TaskId, ...] = ()
    """The other tasks that a called function starts for its callers. The call in the graph represents all of them."""
    repeats: bool = False
    """Whether the called function may start several runs of its tasks."""

    @property
    def task_ids(self) -> tuple[TaskId, ...]:
        """The ids of all tasks that the operation starts."""
        return (self.task_id, *self.further_tasks)


class Await(Struct, frozen=True):
    """An await of tasks started earlier."""

    group: AwaitGroup
    place: SourcePlace
    one_per_iteration: bool = False
    """Whether each iteration of the enclosing loop awaits one member, and the whole loop awaits all of them."""
    before_exit: bool = False
    """Whether a jump out of a task group causes the await, which precedes the jump."""


class Pause(Struct, frozen=True):
    """An await of anything other than tasks. If it suspends, queued tasks begin."""

    place: SourcePlace
    suspension: Suspension


class ChoiceBranch(Struct, frozen=True):
    """A branch of a `Choice`."""

    condition: str | None
    """The source of the condition; None for `else`."""
    block: OperationBlock
    after: tuple[Jump, ...] = ()
    """For code that jumps skip: these jumps, if they are at the ends of their blocks or leave loops."""
    is_added: bool = False
    """Whether the branch is an `else` or default that the source lacks. It contains code from after the choice."""


class Choice(Struct, frozen=True):
    """A conditional: an `if` chain, or a `switch` if there is a discriminant."""

    branches: tuple[ChoiceBranch, ...]
    place: SourcePlace
    discriminant: str | None = None
    """The source of the subject of a `match`."""
    exhaustive: bool = False
    """Whether one of the branches always runs, even without an `else`."""
    is_guard: bool = False
    """Whether the jumps that skip the branch leave the block before it, so every path that reaches it enters it."""
    is_loop_else: bool = False
    """Whether the branch is the `else` of the loop at `place`, which a `break` of that loop skips."""
    tests: tuple[BranchTest, ...] = ()
    """The tests of the branches, if any compares a parameter with constants. An `else` has none."""
    absent_tasks: tuple[tuple[AwaitedTask, ...], ...] = ()
    """For each branch and for the path around them all: the tasks that no collection or variable holds there."""

    def tasks_absent_in(self, index: int) -> tuple[AwaitedTask, ...]:
        """Return the tasks that a branch does not wait for because they do not exist there.

        The index after the last branch means the path around them all.
        """
        return self.absent_tasks[index] if index < len(self.absent_tasks) else ()

    @property
    def may_skip(self) -> bool:
        """Whether control flow may bypass every branch."""
        return not (self.exhaustive or self.is_guard) and all(branch.condition is not None for branch in self.branches)


class LoopOperation(Struct, frozen=True):
    """A loop of the program or of library code whose iterations are not unrolled."""

    body: OperationBlock
    orelse: OperationBlock
    """The `else` of the loop, which runs unless a `break`, a `return` or an exception ends the loop."""
    place: SourcePlace
    infinite: bool = False
    """Whether only a jump ends the loop."""
    at_least_once: bool = False
    """Whether the first iteration always runs."""
    redeclared_steps: tuple[StepDefinition, ...] = ()
    """The steps that every iteration declares again."""
    iterations: IterationCount | None = None
    """The number of iterations without an early exit; None if it is not constant."""

    @property
    def min_iterations(self) -> int:
        """The minimum number of iterations without an early exit."""
        return int(self.at_least_once) if self.iterations is None else self.iterations.count


class IterationCount(Struct, frozen=True):
    """A constant number of iterations and the expression that determines it, such as `range(5)`."""

    count: int
    place: SourcePlace
    """The location of the expression."""


class Handler(Struct, frozen=True):
    """An `except` clause, or the empty handler of a `with` that suppresses exceptions."""

    condition: str | None
    """The source of the exception types; None if the handler names none, as in a bare `except`."""
    block: OperationBlock
    types: tuple[ExceptionType, ...] = ()
    """The exception types; empty if the handler names none, or if any of them cannot be resolved."""
    place: SourcePlace | None = None
    may_precede_clauses: bool = False
    """Whether later `except*` clauses may run after an exception leaves the block."""
    tested_types: tuple[ExceptionType, ...] = ()
    """The exception types for which the block tests the caught exception, as with `isinstance`."""
    is_star: bool = False
    """Whether the clause is an `except*` clause."""


class TryOperation(Struct, frozen=True):
    """A `try` statement, or a `with` that suppresses exceptions or whose exit has effects.

    A `Scope` at the end of the body models the `else` of a `try`.
    """

    body: OperationBlock
    handlers: tuple[Handler, ...]
    finalbody: OperationBlock
    except_star: bool
    """Whether several handlers may run, as for `except*`."""
    place: SourcePlace
    guards_await: bool = False
    """Whether the body begins with an await and nothing before that await can raise."""
    non_step_errors: NonStepErrors = NonStepErrors.ANY
    """The exceptions that the body can raise outside of its steps."""
    else_length: int = 0
    """The number of operations at the end of the body that are the `else`, after control flow has been structured.

    It is 0 if the statement has no `else`, or if branches of the body contain the `else`.
    """

    @property
    def catches(self) -> bool:
        """Whether the statement has handlers that may stop an exception."""
        return bool(self.handlers)


class Scope(Struct, frozen=True):
    """An inlined block: the body of a `with`, the `else` of a `try`, or one iteration of an unrolled loop."""

    block: OperationBlock
    place: SourcePlace
    is_try_else: bool = False
    """Whether the scope is the `else` of a `try`, at the end of its body. Exceptions in it bypass the handlers."""
    is_iteration: bool = False
    """Whether a `continue` in the scope leads to its end, as in an iteration of an unrolled loop."""
    serialized: bool = False
    """Whether the scope holds or may hold a lock, so tasks execute it one at a time, in order of arrival."""
    may_suspend: bool = False
    """Whether the entry of the scope may suspend, as the request of a lock."""
    limits_tasks: bool = False
    """Whether the scope holds a lock or semaphore, which limits how many tasks execute it at the same time."""


class JumpKind(Enum):
    """The kind of a jump. `FINISHED` ends a loop because its condition is false."""

    BREAK = "break"
    FINISHED = "finished"
    CONTINUE = "continue"
    RETURN = "return"
    RAISE = "raise"


class Jump(Struct, frozen=True):
    """A jump out of a block, a loop or a function."""

    kind: JumpKind
    place: SourcePlace
    drawn: bool = True
    """Whether the graph shows the jump as a node, because it decides whether a step runs. Either way, the path ends."""
    raised: ExceptionType | None = None
    """The exception type of a `raise`; None if unknown."""
    caught: bool | None = None
    """For a `break` that stands for a `raise`: whether a handler outside the loop must catch the exception."""
    runs_finally: bool = False
    """Whether a `continue` first runs a `finally` that the graph shows."""
    ends_pass: bool = False
    """Whether a `continue` ends a pass of a loop that the graph shows, not of an unrolled loop."""
    goes_on: bool = False
    """Whether a `continue` ends a part of an inlined generator or of its block, and more of its code runs next."""

    @property
    def falls_through(self) -> bool:
        """Whether the operations after the block of the jump follow it, in a body with the control flow of the payload.

        A `continue` of an unrolled loop does: the pass is inlined, and branches that it skips contain the rest of it.
        """
        return self.kind is JumpKind.CONTINUE and not self.drawn and not self.ends_pass


class PartialOrder(Struct, frozen=True):
    """Activities in a partial order, all of which run and are awaited."""

    members: tuple[OperationBlock, ...]
    """The activities, in display order."""
    predecessors: tuple[int, ...]
    """The predecessors of each member as a bit set: bit j of `predecessors[i]` means that j runs before i."""
    kind: ParallelKind
    place: SourcePlace


Operation: TypeAlias = (
    Run | StartOperation | Await | Pause | Choice | LoopOperation | TryOperation | Scope | Jump | PartialOrder
)


def child_blocks(operation: Operation) -> Iterable[OperationBlock]:
    """Return the direct child blocks of an operation, in source order."""
    find = _CHILD_BLOCKS.get(type(operation))
    return () if find is None else find(operation)


def _try_blocks(operation: TryOperation) -> tuple[OperationBlock, ...]:
    return (operation.body, *[handler.block for handler in operation.handlers], operation.finalbody)


# A table, because most operations have no blocks and `match` is slow for them. Each function accepts only operations of
# its own type, hence `Any`.
_CHILD_BLOCKS: Final[dict[type[Operation], Callable[[Any], Iterable[OperationBlock]]]] = {
    Choice: lambda operation: [branch.block for branch in operation.branches],
    LoopOperation: lambda operation: (operation.body, operation.orelse),
    TryOperation: _try_blocks,
    Scope: lambda operation: (operation.block,),
    PartialOrder: lambda operation: operation.members,
}


def operations_in(block: OperationBlock) -> Iterator[Operation]:
    """Yield the operations of a block and of its nested blocks, in source order."""
    pending = [iter(block.operations)]
    while pending:
        for operation in pending[-1]:
            yield operation
            if type(operation) in _CHILD_BLOCKS:
                pending += [iter(inner.operations) for inner in reversed([*child_blocks(operation)])]
                break
        else:
            pending.pop()
