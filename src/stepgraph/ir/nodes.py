"""The intermediate representation: what a workflow does, without a trace of Python syntax.

A function's body is a `Block` of operations. Work is an `Activity` (a step, a sleep, a wait, a call of a function with
steps). `Run` does one on the spot; `Start` sets one going under a handle, and `Await` waits for handles, wherever they
were started. All of it carries the place it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, IntEnum
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.model import defaults
from stepgraph.model.payload import Backoff, Number, ParallelKind
from stepgraph.syntax.module import Place

TaskId: TypeAlias = int


class Block(Struct, frozen=True):
    """Operations, one after another."""

    operations: tuple[Operation, ...] = ()


EMPTY = Block()


class PayloadShape(Struct, eq=False):
    """The keys that the program reads of a payload; grows while the program is read."""

    fields: dict[str, PayloadShape] = field(default_factory=dict)

    def at(self, key: str) -> PayloadShape:
        """Return the shape below `key`, which is read by this."""
        return self.fields.setdefault(key, PayloadShape())


class StepSettings(Struct, frozen=True):
    """The configuration of a step, merged with the engine's defaults."""

    limit: Number = defaults.LIMIT
    delay: Number | str = defaults.DELAY
    backoff: Backoff = defaults.BACKOFF
    timeout: Number | str = defaults.TIMEOUT


class StepParameter(Struct, frozen=True):
    """A parameter of a step's function: the name of a step it depends on, or `ctx`."""

    name: str
    place: Place


class StepDefinition(Struct, eq=False):
    """A step as `step.do(...)` declares it. Each execution of the declaration is a definition of its own."""

    name: str
    function_name: str
    settings: StepSettings
    concurrent: bool
    parameters: tuple[StepParameter, ...]
    place: Place


class StepRun(Struct, frozen=True, eq=False):
    """A run of a declared step, with what its body runs in turn.

    `dependencies` are the steps its parameters name (or `depends` lists) at the time of the call, in that order, each
    with its own. Whether one has to run first is decided from what the whole program has run before.
    """

    definition: StepDefinition
    body: Block
    dependencies: tuple[Dependency, ...] = ()


class StepChoice(Struct, frozen=True, eq=False):
    """A dependency that is exactly one of several steps, as in a `Choice`: another was declared on each path."""

    cases: tuple[StepCase, ...]
    place: Place
    discriminant: str | None = None


class StepCase(Struct, frozen=True, eq=False):
    """One of several steps: the condition as source, None for the one that is left."""

    condition: str | None
    dependency: Dependency


Dependency: TypeAlias = StepRun | StepChoice


class Sleep(Struct, frozen=True):
    """`step.sleep`: a duration in milliseconds, or text as given."""

    name: str
    duration: Number | str


class SleepUntil(Struct, frozen=True):
    """`step.sleep_until`: the time as text."""

    name: str
    timestamp: str


class EventWait(Struct, frozen=True):
    """`step.wait_for_event`: `timeout` in milliseconds, or text as given. `event_type` is None where not given."""

    name: str
    event_type: str | None
    timeout: Number | str
    payload: PayloadShape


class Call(Struct, frozen=True):
    """A call of a function of the project."""

    function: Function


class Series(Struct, frozen=True):
    """A step that runs after others, as one piece of work: what it depends on, then itself."""

    block: Block


Activity: TypeAlias = StepRun | Sleep | SleepUntil | EventWait | Call | Series


class Function(Struct, eq=False):
    """A function that runs steps, for one set of the callables it is given.

    `names` go from the plain name to the most qualified one, `given` are the callables that its steps depend on,
    `declares` the steps that each call declares anew. While the function is still being read, which a recursive call
    sees, `body` is empty and `works` says that there may be steps in it.
    """

    names: tuple[str, ...]
    place: Place
    given: tuple[str, ...] = ()
    body: Block = EMPTY
    works: bool = True
    declares: tuple[StepDefinition, ...] = ()


class Run(Struct, frozen=True):
    """Work that is started and waited for on the spot.

    A call `completes` what was started by others, and is over when the call is.
    """

    activity: Activity
    place: Place
    completes: tuple[AwaitedTask, ...] = ()


class Start(Struct, frozen=True):
    """Work that is set going and not waited for yet.

    `eager` work starts here and now (`step.sleep`); the rest is a task, which begins at the next await.
    """

    task_id: TaskId
    activity: Activity
    eager: bool
    place: Place


class AwaitedTask(Struct, frozen=True):
    """Work that a join waits for: `every` run of it, as a collection holds them, or the one started last.

    It is `on_every_path` if the join waits for it on each path on which it was started.
    """

    task_id: TaskId
    every: bool = False
    on_every_path: bool = True


class AwaitGroup(Struct, frozen=True, eq=False):
    """What a join waits for as one member: a group of its own kind.

    `own` is the work that was started for it, `nested` tells that it is written inside another one, and `loops` in how
    many loops of its function. It is not `until_done`
    where the await may end before the work does (`asyncio.wait` with a timeout); `in_turn` is it where each member is
    awaited as it is over (`as_completed`).
    """

    kind: ParallelKind
    members: tuple[AwaitMember, ...]
    own: frozenset[TaskId] = frozenset()
    nested: bool = False
    loops: int = 0
    until_done: bool = True
    in_turn: bool = False


AwaitMember: TypeAlias = AwaitedTask | AwaitGroup


class Await(Struct, frozen=True):
    """An await of work started before.

    `each` says that it waits for one of the members at each pass of the loop that it is in, so for all of them once the
    loop is over. One of a task group that an exit is `leaving` comes before that exit.
    """

    group: AwaitGroup
    place: Place
    each: bool = False
    leaving: bool = False


class Pause(Struct, frozen=True):
    """An await of something else, at which what was set going begins."""

    place: Place


class Branch(Struct, frozen=True):
    """One way of a choice: its condition as source, None for the one that is left."""

    condition: str | None
    block: Block


class Choice(Struct, frozen=True):
    """Exactly one of the branches, or none unless they are `exhaustive`; a discriminant makes it a `switch`."""

    branches: tuple[Branch, ...]
    place: Place
    discriminant: str | None = None
    exhaustive: bool = False

    @property
    def may_skip(self) -> bool:
        """Whether none of the branches may be taken."""
        return not self.exhaustive and all(branch.condition is not None for branch in self.branches)


class Loop(Struct, frozen=True):
    """A body that runs any number of times; `orelse` when it was not left by a break.

    An `infinite` one is left by a break only; one that `at_least_once` has a pass at least. `declares` are the steps that each
    pass declares anew. `passes` tells how many there are, unless it is left before, where that is known.
    """

    body: Block
    orelse: Block
    place: Place
    infinite: bool = False
    at_least_once: bool = False
    declares: tuple[StepDefinition, ...] = ()
    passes: Passes | None = None


class Passes(Struct, frozen=True):
    """How often a loop runs, and what says so: `range(5)`."""

    count: int
    place: Place


class OwnErrors(IntEnum):
    """What code can raise by itself, outside of steps: nothing, errors of the language only, or anything."""

    NONE = 0
    LANGUAGE = 1
    ANY = 2


class CaughtType(Struct, frozen=True):
    """A type of exceptions that a handler or a `raise` names."""

    name: str
    """Its dotted name, or that of a class of the project."""
    ancestors: tuple[str, ...]
    """The dotted names of the classes from outside the project that it is or derives from."""
    place: Place
    """Where it is named."""
    raised_in: str | None = None
    """The name of a step in the `try` that raises it."""
    bases: tuple[str, ...] = ()
    """The names of the classes of the project that it derives from."""


class Handler(Struct, frozen=True):
    """What runs for exceptions of the types whose source is `condition`; None catches all.

    `types` are empty where not all of them are known.
    """

    condition: str | None
    block: Block
    types: tuple[CaughtType, ...] = ()
    place: Place | None = None


class Try(Struct, frozen=True):
    """A `try`. `except_star` means that several handlers may run (`except*`).

    If it `guards_await`, nothing in it can fail before the await of work that it begins with. `own_errors` are what the
    body can raise besides by its steps.
    """

    body: Block
    handlers: tuple[Handler, ...]
    finalbody: Block
    except_star: bool
    place: Place
    guards_await: bool = False
    own_errors: OwnErrors = OwnErrors.ANY

    @property
    def catches(self) -> bool:
        """Whether errors may end here."""
        return bool(self.handlers)


class Scope(Struct, frozen=True):
    """The body of a `with`, in place.

    Or the `else` of a `try`, which ends what is tried `unprotected`; or one pass of a loop that is written out
    (`is_pass`), which is as far as a `continue` goes. What holds a lock, or may do so, is done `by_turns`: by one after
    another, in the order in which they came.
    """

    block: Block
    place: Place
    unprotected: bool = False
    is_pass: bool = False
    by_turns: bool = False


class JumpKind(Enum):
    """How a block is left before its end. `FINISHED` is a loop whose test says so."""

    BREAK = "break"
    FINISHED = "finished"
    CONTINUE = "continue"
    RETURN = "return"
    RAISE = "raise"


class Jump(Struct, frozen=True):
    """Leaving a block, a loop or a function."""

    kind: JumpKind
    place: Place
    drawn: bool = True
    """Whether it decides if a step runs. Where it does not, paths end there without a node."""
    raised: CaughtType | None = None
    """The type of the exception of a `raise`, where it is known."""


class Ordered(Struct, frozen=True):
    """Work that is all done, and waited for, in a partial order.

    `members` are in the order to show them in, `before` says which of them run before each: bit i stands for member i.
    """

    members: tuple[Block, ...]
    before: tuple[int, ...]
    kind: ParallelKind
    place: Place


Operation: TypeAlias = Run | Start | Await | Pause | Choice | Loop | Try | Scope | Jump | Ordered


def blocks_of(operation: Operation) -> Iterator[Block]:
    """Yield the blocks directly inside an operation, in order."""
    match operation:
        case Choice(branches=branches):
            for branch in branches:
                yield branch.block
        case Loop(body=body, orelse=orelse):
            yield body
            yield orelse
        case Try(body=body, handlers=handlers, finalbody=finalbody):
            yield body
            for handler in handlers:
                yield handler.block
            yield finalbody
        case Scope(block=block):
            yield block
        case Ordered(members=members):
            yield from members
        case _:
            return


def with_blocks(operation: Operation, change: Callable[[Block], Block]) -> Operation:
    """Return an operation with each of the blocks directly inside it changed."""
    match operation:
        case Choice(branches=branches):
            return replace(operation, branches=tuple(replace(b, block=change(b.block)) for b in branches))
        case Loop(body=body, orelse=orelse):
            return replace(operation, body=change(body), orelse=change(orelse))
        case Try(body=body, handlers=handlers, finalbody=finalbody):
            changed = tuple(replace(h, block=change(h.block)) for h in handlers)
            return replace(operation, body=change(body), handlers=changed, finalbody=change(finalbody))
        case Scope(block=block):
            return replace(operation, block=change(block))
        case Ordered(members=members):
            return replace(operation, members=tuple(change(member) for member in members))
        case _:
            return operation


def works(block: Block) -> bool:
    """Whether anything is run or started in a block."""
    return any(
        _has_steps(operation.activity)
        if isinstance(operation, Run | Start)
        else any(works(inner) for inner in blocks_of(operation))
        for operation in block.operations
    )


def waits(block: Block) -> bool:
    """Whether anything is waited for in a block, in functions called there too: others are called where they do."""
    return any(
        isinstance(operation, Await | Run) or any(waits(inner) for inner in blocks_of(operation))
        for operation in block.operations
    )


def _has_steps(activity: Activity) -> bool:
    return not isinstance(activity, Call) or activity.function.works


def started_in(operation: Operation) -> Iterator[TaskId]:
    """Yield the handles of the work that an operation starts, in blocks inside it too, in order."""
    if isinstance(operation, Start):
        yield operation.task_id
    for block in blocks_of(operation):
        for inner in block.operations:
            yield from started_in(inner)


def mentioned_in(block: Block) -> Iterator[TaskId]:
    """Yield the handles of all that is started or waited for in a block, as often as it is."""
    for operation in block.operations:
        match operation:
            case Start(task_id=task_id):
                yield task_id
            case Await(group=group):
                yield from task_ids_of(group)
            case Run(completes=completes):
                yield from (awaited.task_id for awaited in completes)
        for inner in blocks_of(operation):
            yield from mentioned_in(inner)


def awaited_in(group: AwaitGroup) -> Iterator[AwaitedTask]:
    """Yield all that a join waits for, in groups inside it too."""
    for member in group.members:
        if isinstance(member, AwaitGroup):
            yield from awaited_in(member)
        else:
            yield member


def over_with(group: AwaitGroup) -> Iterator[AwaitedTask]:
    """Yield the work that is over with an await: nothing is known of that in a race, or awaited up to a timeout."""
    if not group.until_done or is_race(group):
        return
    for member in group.members:
        if isinstance(member, AwaitGroup):
            yield from over_with(member)
        else:
            yield member


def is_race(group: AwaitGroup) -> bool:
    """Whether an await is over with the first of its members."""
    return group.kind in ("race", "any")


def task_ids_of(group: AwaitGroup) -> frozenset[TaskId]:
    """Return all handles that a join waits for, those of groups in it too."""
    return frozenset(awaited.task_id for awaited in awaited_in(group))
