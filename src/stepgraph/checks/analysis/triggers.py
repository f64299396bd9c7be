"""The options that triggers pass for each new instance, and the keys that `run` needs from their `params`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, assert_never

from msgspec import Struct, field

from stepgraph.checks.analysis.min_step_count import tasks_that_complete
from stepgraph.checks.analysis.steps import declarations_of
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.facts import FunctionCalled, PayloadKeyAccess
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Call,
    Choice,
    EventWait,
    Jump,
    JumpKind,
    LoopOperation,
    Operation,
    OperationBlock,
    PartialOrder,
    Pause,
    Run,
    Scope,
    Series,
    Sleep,
    SleepUntil,
    StartOperation,
    StepDefinition,
    StepRun,
    TryOperation,
    operations_in,
)
from stepgraph.ir.replay_facts import EventMutated
from stepgraph.ir.static_values import StaticCollection, StaticMapping
from stepgraph.ir.values import Constant, Value
from stepgraph.ir.walk import Program
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import WorkflowStarted
    from stepgraph.ir.static_values import StaticArgument


class CertainWork(Struct, frozen=True):
    """The work that each run of a program executes. Work whose errors a handler may catch is omitted."""

    steps: frozenset[StepDefinition]
    functions: frozenset[SourcePlace]
    """The locations of `run` and of the functions with steps that it calls."""


def certain_work(program: Program) -> CertainWork:
    """Return the work that each run of a program executes."""
    walk = _Walk(tasks_that_complete(program.body), functions={program.run})
    walk.add_block(program.body)
    return CertainWork(frozenset(walk.steps), frozenset(walk.functions))


class _Walk(Struct):
    """A walk over the operations that are executed on every path."""

    awaited: frozenset[TaskId]
    functions: set[SourcePlace]
    steps: set[StepDefinition] = field(default_factory=set)
    visited: set[int] = field(default_factory=set)
    """The `id` of each visited block and step run."""

    def add_block(self, block: OperationBlock) -> bool:
        """Add the steps of a block. Return whether its end is always reached, apart from exceptions."""
        if id(block) in self.visited and block.operations:
            return True
        self.visited.add(id(block))
        return all(self._add_operation(operation) for operation in block.operations)

    def _add_operation(self, operation: Operation) -> bool:
        """Add the steps of an operation. Return whether the next operation always follows it."""
        match operation:
            case Run(activity=activity):
                self._add_activity(activity)
                return True
            case StartOperation(activity=activity, task_id=task_id):
                if task_id in self.awaited:
                    self._add_activity(activity)
                return True
            case Scope(block=block):
                return self.add_block(block)
            case TryOperation(handlers=()):
                reaches_end = self.add_block(operation.body)
                return self.add_block(operation.finalbody) and reaches_end
            case PartialOrder(members=members):
                return all(self.add_block(member) for member in members)
            case Jump():
                return False
            case Choice() | LoopOperation() | TryOperation():
                return not any(_ends_run(inner) for inner in operations_in(OperationBlock((operation,))))
            case Await() | Pause():
                return True
            case _ as never:
                assert_never(never)

    def _add_activity(self, activity: Activity) -> None:
        match activity:
            case StepRun():
                self._add_steps(activity)
            case Call(function=function):
                self.functions.add(function.place)
                self.add_block(function.body)
            case Series(block=block):
                self.add_block(block)
            case Sleep() | SleepUntil() | EventWait():
                pass
            case _ as never:
                assert_never(never)

    def _add_steps(self, run: StepRun) -> None:
        """Add a step and the steps that it depends on."""
        pending = [run]
        while pending:
            current = pending.pop()
            if id(current) not in self.visited:
                self.visited.add(id(current))
                self.steps.add(current.definition)
                pending += (each for each in current.dependencies if isinstance(each, StepRun))


def _ends_run(operation: Operation) -> bool:
    return isinstance(operation, Jump) and operation.kind is JumpKind.RETURN


_OF_JAVASCRIPT: Final = ("to_py", "object_entries", "object_keys", "object_values", "as_object_map")
_MEMBERS: Final = frozenset([*dir(dict), *_OF_JAVASCRIPT])


OPTIONS: Final = ("id", "params", "retention", "locationHint")
"""The options of an instance (engine: the types of the bindings of Workers)."""


def is_member(name: str) -> bool:
    """Return whether an attribute is a member of dictionaries, or of the object that older versions of the SDK pass."""
    return name in _MEMBERS or name.startswith("_")


class Option(Struct, frozen=True):
    """An option of a new instance."""

    name: str
    value: Value
    place: SourcePlace
    """The location of the value."""
    key_place: SourcePlace | None
    """The location of the key in a dictionary, or None for a keyword argument."""


class InstanceOptions(Struct, frozen=True):
    """The options that a trigger passes for one of its instances."""

    options: tuple[Option, ...]
    is_complete: bool
    """Whether there are no other options."""
    place: SourcePlace
    """The location of the dictionary of options, or of the call with keyword arguments."""

    def find(self, name: str) -> Option | None:
        """Return an option by its name, or None if it is missing or unknown."""
        return next((option for option in self.options if option.name == name), None)

    @property
    def unknown_options(self) -> tuple[Option, ...]:
        """The options that Cloudflare does not have."""
        return tuple(option for option in self.options if option.name not in OPTIONS)


def instance_options(call: WorkflowStarted) -> Iterator[InstanceOptions]:
    """Yield the options of each instance that a call creates, if they are known."""
    positional = call.arguments.positional
    if call.is_batch:
        batch = positional[0].value if positional else None
        for element in batch.elements if isinstance(batch, StaticCollection) else ():
            if isinstance(element.value, StaticMapping):
                yield _options_in(element.value, element.place)
    elif not positional:
        options = tuple(map(_keyword_option, keyword_arguments(call)))
        yield InstanceOptions(options, call.arguments.whole, call.place)
    elif isinstance(positional[0].value, StaticMapping):
        yield _options_in(positional[0].value, positional[0].place)


def keyword_arguments(call: WorkflowStarted) -> tuple[StaticArgument, ...]:
    """Return the keyword arguments of a call. JavaScript ignores them after a positional argument."""
    return tuple(argument for argument in call.arguments.items if argument.keyword is not None)


def _keyword_option(argument: StaticArgument) -> Option:
    return Option(argument.keyword or "", argument.value, argument.place, None)


def _options_in(mapping: StaticMapping, place: SourcePlace) -> InstanceOptions:
    options = tuple(
        Option(entry.key.value, entry.value, entry.place, entry.key_place)
        for entry in mapping.entries
        if isinstance(entry.key, Constant) and isinstance(entry.key.value, str)
    )
    return InstanceOptions(options, mapping.is_complete and len(options) == len(mapping.entries), place)


def known_keys(mapping: StaticMapping) -> frozenset[str] | None:
    """Return the keys of a dictionary, or None unless all of them are constant strings."""
    keys = [entry.key.value for entry in mapping.entries if isinstance(entry.key, Constant)]
    names = frozenset(key for key in keys if isinstance(key, str))
    return names if mapping.is_complete and len(keys) == len(mapping.entries) else None


class PayloadReads(Struct, frozen=True):
    """The keys of the payload that `run` uses, with the first access of each."""

    all: dict[str, PayloadKeyAccess]
    needed: dict[str, PayloadKeyAccess]
    """The keys that each run reads.

    A key that the code tests, sets or reads with a default is not needed. An exception before the read does not matter,
    but a `return` in a branch does.
    """


def payload_reads(subject: WorkflowSubject) -> PayloadReads:
    """Return the keys of the payload that a workflow uses."""
    accesses = [
        fact
        for fact in subject.facts_of_type(PayloadKeyAccess)
        if fact.shape is subject.program.payload and not (fact.use == "attribute" and is_member(fact.key))
    ]
    every: dict[str, PayloadKeyAccess] = {}
    for access in accesses:
        every.setdefault(access.key, access)
    if any(subject.facts_of_type(EventMutated)):
        return PayloadReads(every, {})
    optional = {access.key for access in accesses if access.use in ("get", "asked", "written")}
    functions = _certain_functions(subject)
    if any(access.is_unconditional and access.function not in functions for access in accesses):
        functions = _with_certain_callees(subject, functions)
    needed: dict[str, PayloadKeyAccess] = {}
    for access in accesses:
        if access.is_unconditional and access.function in functions and access.key not in optional:
            needed.setdefault(access.key, access)
    return PayloadReads(every, needed)


def _certain_functions(subject: WorkflowSubject) -> frozenset[SourcePlace]:
    """Return the locations of the functions that each run executes: `run`, its callees with steps, and step bodies."""
    declared, work = declarations_of(subject), certain_work(subject.program)
    shapes = (declared[step].function for step in work.steps if step in declared)
    return work.functions | {shape.place for shape in shapes if shape is not None}


def _with_certain_callees(subject: WorkflowSubject, functions: frozenset[SourcePlace]) -> frozenset[SourcePlace]:
    """Return functions with the functions that each of their calls executes, directly or through others.

    A function with several calls is omitted, because another call may pass another event.
    """
    # Imported here because few workflows read their payload in other functions.
    from stepgraph.syntax.unconditional import always_runs_callee

    calls: dict[SourcePlace, set[SourcePlace]] = {}
    callees: dict[SourcePlace, set[SourcePlace]] = {}
    for call in subject.facts_of_type(FunctionCalled):
        calls.setdefault(call.function, set()).add(call.place)
        callees.setdefault(call.place, set()).add(call.function)
    by_caller: dict[SourcePlace, list[SourcePlace]] = {}
    for callee, (place, *more_places) in calls.items():
        caller = None if more_places or len(callees[place]) > 1 else always_runs_callee(place, callee)
        if caller is not None:
            by_caller.setdefault(caller, []).append(callee)
    certain, pending = set(functions), list(functions)
    while pending:
        for callee in by_caller.get(pending.pop(), ()):
            if callee not in certain:
                certain.add(callee)
                pending.append(callee)
    return frozenset(certain)
