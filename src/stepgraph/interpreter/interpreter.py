"""The abstract interpreter: its state, dispatch by type of node and value, emission of IR, and branching.

The other modules of this package implement the semantics of Python, of libraries and of the SDK.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.frame import (
    Frame,
    FunctionErrors,
    FunctionSummary,
    OpenContext,
    PathResult,
    Recursion,
    SkippedCalls,
)
from stepgraph.interpreter.handler_table import HandlerTable
from stepgraph.interpreter.joining import join_values, on_path
from stepgraph.interpreter.modules.loaded_modules import LoadedModules
from stepgraph.interpreter.path_joins import ExposedValues, PathChanges, join_paths
from stepgraph.interpreter.replay.tracer import NO_TRACER, Tracer
from stepgraph.interpreter.store import Changes, Store
from stepgraph.interpreter.values.calls import Arguments, FunctionCoroutine, PreparedCall, StepCall, WaitCall
from stepgraph.interpreter.values.objects import CallableArgument, Caveat, LexicalScope
from stepgraph.interpreter.values.tasks import Gathering, Task, WaitForCall
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.work import DeclaredSteps, NoteTable, WorkRegistry
from stepgraph.ir.await_groups import TaskId, tasks_done_after
from stepgraph.ir.facts import Fact
from stepgraph.ir.nodes import (
    EMPTY_BLOCK,
    Await,
    Choice,
    ChoiceBranch,
    Function,
    JumpKind,
    Operation,
    OperationBlock,
    Pause,
    PayloadShape,
    Run,
    StartOperation,
    Suspension,
)
from stepgraph.ir.values import Value
from stepgraph.limits import Budget, Limit, LimitExceededError
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import statements

if TYPE_CHECKING:
    from stepgraph.ir.parameter_tests import DecidingArgument

# Functions in dispatch tables, by the type of the node or value. Each accepts only its own type, which `dict` cannot
# express, hence `Any`.
Evaluator: TypeAlias = "Callable[[Interpreter, Any], Value]"
Executor: TypeAlias = "Callable[[Interpreter, Any], None]"
Caller: TypeAlias = "Callable[[Interpreter, Any, Arguments, SourcePlace], Value]"

_WORK: Final = (Run, StartOperation, Await)
_AWAITABLES: Final = (StepCall, WaitCall, FunctionCoroutine, PreparedCall, WaitForCall, Task, Gathering)

LIMIT_ADVICE: Final = "Later steps are missing from the graph. Split the workflow, or simplify the code at this line."


class _InFrame:
    """The context of `Interpreter.in_frame`: a class, because a generator takes three times as long."""

    __slots__ = ("frame", "interpreter", "outer")

    def __init__(self, interpreter: Interpreter, frame: Frame) -> None:
        self.interpreter = interpreter
        self.frame = frame

    def __enter__(self) -> None:
        interpreter, frame = self.interpreter, self.frame
        self.outer, interpreter.frame = interpreter.frame, frame
        frame.outer_loop_depth, frame.caller, frame.in_step = interpreter.loop_depth, self.outer, interpreter.in_step

    def __exit__(self, *_: object) -> None:
        self.interpreter.frame = self.outer


class _InStepBody:
    """The context of `Interpreter.step_body`, a class like `_InFrame`."""

    __slots__ = ("interpreter", "outer", "replays", "traced")

    def __init__(self, interpreter: Interpreter, step: cst.CSTNode) -> None:
        self.interpreter = interpreter
        self.traced = interpreter.tracer.step_body(step)

    def __enter__(self) -> None:
        interpreter = self.interpreter
        self.outer, self.replays = interpreter.in_step, interpreter.replays
        interpreter.in_step, interpreter.replays = True, False
        interpreter.store.events.in_step = True
        if not self.outer:
            interpreter.skipping.step_serial = interpreter.store.serial
        self.traced.__enter__()

    def __exit__(self, *_: object) -> None:
        self.traced.__exit__(None, None, None)
        interpreter = self.interpreter
        interpreter.in_step, interpreter.replays = self.outer, self.replays
        interpreter.store.events.in_step = self.outer


class Interpreter(Struct, eq=False):
    """The abstract interpreter of one workflow, or of one search for workflow classes."""

    evaluators: HandlerTable[type[cst.CSTNode], Evaluator]
    executors: HandlerTable[type[cst.CSTNode], Executor]
    callers: HandlerTable[type[Value], Caller]
    attributes: Callable[[Interpreter, Value, str, SourcePlace], Value]
    """The function that evaluates an attribute of a value."""
    escapes: Callable[[Interpreter, Value, SourcePlace, str, bool], bool]
    """The function that reports a relevant value that leaves the analysis."""
    modules: LoadedModules
    frame: Frame
    store: Store
    facts: dict[Fact, None]
    """The facts observed so far, as an ordered set."""
    budget: Budget
    mode: DependencyMode = DependencyMode.IMPLICIT
    steps: DeclaredSteps = field(default_factory=DeclaredSteps)
    work: WorkRegistry = field(default_factory=WorkRegistry)
    """The coroutines, tasks, generators and objects that the workflow creates."""
    operations: list[Operation] = field(default_factory=list)
    """The operations of the current block."""
    is_reachable: bool = True
    """Whether the current statement is reachable."""
    is_import_time: bool = False
    """Whether the current code runs before the workflow: a module or class body, or a function called from it."""
    loop_depth: int = 0
    """The number of loops around the current statement, through all calls."""
    notes: NoteTable = field(default_factory=dict)
    """The place, message, advice and incompleteness of each note, by its code and the `id` of its syntax node."""
    in_step: bool = False
    """Whether the body of a step is being interpreted."""
    replays: bool = False
    """Whether the engine replays the current code, as it does `run` and its callees except step bodies."""
    tracer: Tracer = NO_TRACER
    """The tracer of values that differ between runs, which a check needs."""
    bindings: frozenset[str] = frozenset()
    """The names of bindings that attributes of unknown objects mean; empty for a workflow."""
    keeps_constants: bool = False
    """Whether parameters and results keep constants, because no graph shows the called functions."""
    summaries: dict[tuple[object, ...], FunctionSummary] = field(default_factory=dict)
    """The memoized summaries, by `replays` and the signature of the call."""
    active_functions: dict[cst.CSTNode, dict[tuple[object, ...], Function]] = field(default_factory=dict)
    """The functions whose bodies are being interpreted, by node and signature."""
    recursions: dict[Function, Recursion] = field(default_factory=dict)
    """The recursive calls of active functions."""
    step_functions: set[cst.CSTNode] = field(default_factory=set)
    """The functions that were active when a recursion turned out to run steps."""
    summary_keys: list[tuple[object, ...]] = field(default_factory=list)
    """The keys of `summaries`, in the order of computation."""
    size_variants: dict[tuple[object, ...], set[tuple[object, ...]]] = field(default_factory=dict)
    """The signatures of calls that differ only in the sizes of their arguments, by the signature without sizes."""
    event_payloads: dict[tuple[cst.CSTNode, tuple[CallableArgument, ...]], PayloadShape] = field(default_factory=dict)
    """The payload of each wait for an event, by its call and the callable arguments of the function around it."""
    latest_summaries: dict[cst.CSTNode, FunctionSummary] = field(default_factory=dict)
    """The latest summary of each function, for any arguments."""
    function_errors: dict[cst.CSTNode, FunctionErrors] = field(default_factory=dict)
    """The errors of each function with steps, recorded for the rules."""
    interpreted_bodies: int = 0
    """The number of function bodies interpreted so far."""
    open_lambdas: Counter[cst.CSTNode] = field(default_factory=Counter)
    """The recursion depth of each lambda being evaluated."""
    evaluated_lambdas: int = 0
    """The number of lambda bodies evaluated so far."""
    lambda_arguments: dict[SourcePlace, DecidingArgument] = field(default_factory=dict)
    """The arguments of the open calls of lambdas, by parameter."""
    lambda_names: dict[cst.CSTNode, str] = field(default_factory=dict)
    """The lambdas that return a single callable, with the name of that callable."""
    repeated_passes: int = 0
    """The number of repeated loop passes so far."""
    branch_depth: int = 0
    """The number of branches around the current statement, through all calls."""
    exposed: ExposedValues | None = None
    """The values that finished branches expose to the innermost `try` or `with` block; None outside of both."""
    inlined_functions: list[cst.CSTNode] = field(default_factory=list)
    """The functions of the inlined generators and context managers whose bodies are being interpreted."""
    task_id_before_call: TaskId = 0
    """The last task id before the arguments of the current call were evaluated."""
    open_class_count: int = 0
    """The number of nested class definitions being evaluated, such as a class and its bases."""
    stopped: bool = False
    """Whether an exceeded limit has ended the analysis."""
    skipping: SkippedCalls = field(default_factory=SkippedCalls)
    """The calls in step bodies that are not interpreted."""

    # Dispatch

    @property
    def module(self) -> SourceModule:
        """The module of the code being interpreted."""
        return self.frame.scope.module

    @property
    def calls(self) -> tuple[SourcePlace, ...]:
        """The calls that lead to the current code, innermost first. In the body of a step, they begin in the step."""
        places: list[SourcePlace] = []
        frame: Frame | None = self.frame
        while frame is not None and frame.in_step == self.in_step:
            places += reversed(frame.inline_calls)
            if frame.call_place is not None:
                places.append(frame.call_place)
            frame = frame.caller
        return tuple(places)

    def place(self, node: cst.CSTNode) -> SourcePlace:
        """Return a node of the current module as a place."""
        return SourcePlace(self.frame.scope.module, node)

    def text(self, node: cst.CSTNode) -> str:
        """Return the source code of a node of the current module, on one line."""
        text = self.module.text(node)
        self.budget.spend(Limit.TEXT, len(text))
        return text

    def evaluate(self, node: cst.BaseExpression) -> Value:
        """Evaluate an expression: emit its operations and return its value."""
        evaluator = self.evaluators[type(node)]
        budget = self.budget
        budget.evaluations -= 1
        budget.depth -= 1
        if budget.evaluations < 0 or budget.depth < 0:
            budget.check()
        value = evaluator(self, node)
        budget.depth += 1
        return value

    def execute(self, body: cst.BaseSuite) -> None:
        """Execute the reachable statements of a block."""
        self.execute_each(statements(body))

    def execute_each(self, body: Iterable[cst.CSTNode]) -> None:
        """Execute the reachable statements among `body`.

        If a limit is exceeded, this block and all enclosing blocks end, and a note is added.
        """
        budget, depth = self.budget, self.budget.depth
        for statement in body:
            if not self.is_reachable:
                break
            executor = self.executors[type(statement)]
            position = len(self.operations)
            try:
                budget.evaluations -= 1
                budget.depth = depth - 1
                if budget.evaluations < 0 or depth <= 0:
                    budget.check()
                executor(self, statement)
                if self.frame.suspension is not Suspension.NEVER:
                    self.emit_pauses(statement, position)
            except LimitExceededError as error:
                self.stop(error, self.place(statement))
                break
        budget.depth = depth

    def call(self, callee: Value, arguments: Arguments, place: SourcePlace) -> Value:
        """Call a value: emit the operations of the call and return its result."""
        return self.callers[type(callee)](self, callee, arguments, place)

    def attribute(self, owner: Value, name: str, place: SourcePlace) -> Value:
        """Evaluate `owner.name`, including the operations of a property."""
        return self.attributes(self, owner, name, place)

    def escape(self, value: Value, place: SourcePlace, action: str, *, is_stored: bool = False) -> bool:
        """Report a relevant value that leaves the analysis. Return whether it can run steps.

        `action` is the predicate of the message, such as `"is iterated over"`; the value is the subject.

        With `is_stored`, the value may return into the analysis, where a function in it may receive the step object.
        """
        return value.relevant and self.escapes(self, value, place, action, is_stored)

    def escape_operand(self, value: Value, place: SourcePlace, action: str) -> None:
        """Report a relevant operand that leaves the analysis.

        An awaitable is not reported, because the operation raises a TypeError.
        """
        if value.relevant and not isinstance(value, _AWAITABLES):
            self.escape(value, place, action)

    # Emission of operations, notes and facts

    def emit(self, operation: Operation) -> None:
        """Append an operation to the current block. An `Await` also finishes the tasks that are done after it."""
        self.budget.spend(Limit.OPERATIONS)
        self.operations.append(operation)
        if isinstance(operation, _WORK):
            self.frame.emitted = True
            if not isinstance(operation, StartOperation):
                self.tracer.on_completion()
            if isinstance(operation, Await) and self.store.in_flight and not operation.group.until_error:
                hides_errors = operation.group.hides_errors  # takes linear time in the members
                for awaited in tasks_done_after(operation.group):
                    self.store.finish_task(awaited, self.loop_depth, may_have_failed=hides_errors)

    def record_suspension(self, suspension: Suspension) -> None:
        """Record that the current statement suspends in an await that emits no operation.

        In the body of a step, this matters only if the body has started tasks.
        """
        if not self.in_step or self.frame.has_started_tasks:
            self.frame.suspension = self.frame.suspension.then(suspension)

    def emit_pauses(self, node: cst.CSTNode, position: int) -> None:
        """Emit the possible pauses of a statement whose operations begin at a position: before and after them."""
        pause = Pause(self.place(node), Suspension.MAYBE)
        if len(self.operations) > position:
            self.operations.insert(position, pause)
        if self.is_reachable:
            self.emit(pause)
        self.frame.suspension = Suspension.NEVER

    def note(self, code: str, place: SourcePlace, message: str, advice: str, *, incomplete: bool = True) -> None:
        """Add a note, once per code and place. `incomplete` means that steps may be missing from the graph."""
        self.notes.setdefault((code, id(place.node)), (place, message, advice, incomplete))

    @contextmanager
    def without_notes(self, code: str) -> Iterator[None]:
        """Discard the new notes with a code, because another note covers them."""
        count = len(self.notes)
        yield
        added = [self.notes.popitem() for _ in range(len(self.notes) - count)]
        self.notes.update((key, note) for key, note in reversed(added) if key[0] != code)

    def stop(self, error: LimitExceededError, place: SourcePlace) -> None:
        """End the analysis because a limit is exceeded. Add a note at the first exceeded limit."""
        self.budget.end()
        if not self.stopped:
            self.stopped = True
            self.note("limit-exceeded", place, f"the analysis stops here: {error.reason}.", LIMIT_ADVICE)

    @property
    def local_loop_depth(self) -> int:
        """The number of loops around the current code in its function."""
        return self.loop_depth - self.frame.outer_loop_depth

    def observe(self, fact: Fact) -> None:
        """Record a fact for the rules. Duplicates are ignored."""
        self.budget.spend(Limit.FACTS)
        self.facts.setdefault(fact)

    def step_body(self, step: cst.CSTNode) -> AbstractContextManager[None]:
        """Interpret the body of a step, which the engine does not replay because it stores the result."""
        return _InStepBody(self, step)

    def report_caveat(self, caveat: Caveat) -> None:
        """Add a note that the function that runs may differ from the function that the graph shows."""
        self.note(caveat.code, caveat.place, caveat.message, caveat.advice)

    # Branches, scopes and frames

    @contextmanager
    def collect_operations(self) -> Iterator[list[Operation]]:
        """Collect the operations emitted inside the context in a separate list. Changes of the store stay in effect."""
        outer, self.operations = self.operations, []
        try:
            yield self.operations
        finally:
            self.operations = outer

    def block_of(self, run: Callable[[], object]) -> OperationBlock:
        """Return the operations that `run` emits as a block. Changes of the store stay in effect.

        If these are only pauses, the block is empty, and the current statement as a whole may suspend.
        """
        outer, self.operations = self.operations, []
        operations = self.operations
        try:
            run()
        finally:
            self.operations = outer
        if not operations:
            return EMPTY_BLOCK
        if all(isinstance(operation, Pause) for operation in operations):
            self.frame.suspension = Suspension.MAYBE
            return EMPTY_BLOCK
        return OperationBlock(tuple(operations))

    @contextmanager
    def in_scope(self, scope: LexicalScope) -> Iterator[None]:
        """Switch to another scope of the current frame."""
        outer, self.frame.scope = self.frame.scope, scope
        try:
            yield
        finally:
            self.frame.scope = outer

    @contextmanager
    def open_context(
        self, leave: Callable[[], None] = lambda: None, stops: frozenset[JumpKind] = frozenset()
    ) -> Iterator[OpenContext]:
        """Enter a block whose exits are recorded; see `OpenContext`."""
        context = OpenContext(self.frame.loop, leave, stops, self.store.checkpoint(), self.work.last_task_id)
        self.frame.open_contexts.append(context)
        try:
            yield context
        finally:
            self.frame.open_contexts.pop()

    def in_frame(self, frame: Frame) -> AbstractContextManager[None]:
        """Switch to the frame of a call."""
        return _InFrame(self, frame)

    @contextmanager
    def without_replay(self) -> Iterator[None]:
        """Interpret code that the engine does not replay."""
        replays, self.replays = self.replays, False
        try:
            yield
        finally:
            self.replays = replays

    @contextmanager
    def inlining(self, function: cst.CSTNode) -> Iterator[None]:
        """Interpret the code of a generator or context manager in place."""
        self.inlined_functions.append(function)
        try:
            yield
        finally:
            self.inlined_functions.pop()

    @contextmanager
    def at_yield_of(self, function: cst.CSTNode, outer: Frame) -> Iterator[Frame]:
        """Interpret the code that an inlined function yields to, in the frame `outer`. Return the function's frame."""
        inner, self.frame = self.frame, outer
        self.inlined_functions.pop()
        count = len(outer.around_yields)
        outer.around_yields += [*inner.around_yields, *inner.open_contexts]
        try:
            yield inner
        finally:
            del outer.around_yields[count:]
            self.inlined_functions.append(function)
            self.frame = inner

    @contextmanager
    def in_definition_body(self, scope: LexicalScope) -> Iterator[None]:
        """Interpret a module or class body. The body ran before the workflow, so no rollback undoes its changes."""
        depth, self.loop_depth = self.loop_depth, 0
        live, self.is_reachable = self.is_reachable, True
        replays, self.replays = self.replays, False
        is_import_time, self.is_import_time = self.is_import_time, True
        creates_shared, self.store.creates_shared = self.store.creates_shared, not scope.is_local
        active = self.active_functions
        if scope.kind == "module":
            self.active_functions = {}  # the calls of the workflow come later
        checkpoint = self.store.checkpoint()
        try:
            with self.in_frame(Frame.of_body(scope)), self.collect_operations(), self.store.unlogged():
                yield
        finally:
            self.store.commit(checkpoint)
            self.loop_depth, self.is_reachable, self.replays = depth, live, replays
            self.is_import_time, self.active_functions = is_import_time, active
            self.store.creates_shared = creates_shared

    def branch(self, run: Callable[[], object], condition: str | None = None, *, cut_short: bool = False) -> PathResult:
        """Interpret one of several paths, roll it back, and return its result.

        With `cut_short`, an exception may end the path early, so the result includes the overwritten values.
        """
        self.budget.spend(Limit.BRANCHES)
        checkpoint, since, before = self.store.checkpoint(), self.work.last_task_id, self.tracer.position
        outer_exposed = self.exposed
        if cut_short:
            self.exposed = ExposedValues()
        self.is_reachable = True
        self.frame.conditions.append(condition)
        self.branch_depth += 1
        block = self.block_of(run)
        self.frame.conditions.pop()
        self.branch_depth -= 1
        live, self.is_reachable = self.is_reachable, True
        overwritten = self.store.overwritten(checkpoint) if cut_short else []
        if cut_short:
            overwritten += [] if self.exposed is None else self.exposed.changes
            self.exposed = outer_exposed
        self.expose(checkpoint)
        position = self.tracer.position
        self.tracer.restore(before)
        return PathResult(block, self.store.rollback(checkpoint), live, tuple(overwritten), since, position)

    @contextmanager
    def collect_exposed(self, checkpoint: int) -> Iterator[list[Changes]]:
        """Collect the values written since `checkpoint` that an exception may expose to the exit code of a `with`."""
        outer, self.exposed = self.exposed, ExposedValues()
        exposed = self.exposed
        changes: list[Changes] = []
        try:
            yield changes
        finally:
            self.exposed = outer
            changes += [self.store.changes(checkpoint), *self.store.overwritten(checkpoint), *exposed.changes]
            if outer is not None:
                outer.add(exposed.changes)

    def expose(self, checkpoint: int) -> None:
        """Record the overwritten values that an exception may expose to enclosing code, before they are rolled back."""
        if self.exposed is not None:
            self.exposed.add(self.store.overwritten(checkpoint))

    def join_path_results(
        self,
        paths: Sequence[tuple[str | None, PathResult]],
        discriminant: str | None,
        place: SourcePlace,
        *,
        exclusive: bool = True,
    ) -> None:
        """Join the ends of several paths. The code after the paths is unreachable if no end is reachable.

        Paths are not `exclusive` if one may run after a part of another, as a handler runs after a part of its `try`.
        """
        ends = [PathChanges(condition, path.changes) for condition, path in paths if path.is_reachable]
        self.is_reachable = bool(ends)
        if not ends:
            return
        self.tracer.join_paths([path.position for _, path in paths if path.is_reachable])
        since = min((path.since for _, path in paths if path.since is not None), default=None)
        join_paths(self.store, ends, discriminant, place, since if exclusive else None)

    def apply_to_cases(self, union: Union, act: Callable[[Value], Value]) -> Value:
        """Apply a function to each case of a union and join the results. Emit a choice if a case emits operations."""
        results: list[Value] = []
        since = self.work.last_task_id

        def apply(value: Value) -> None:
            results.append(act(value))

        paths = [(case.condition, self.branch(partial(apply, case.value), case.condition)) for case in union.cases]
        exhaustive = union.discriminant is not None
        self.join_branches(paths, union.discriminant, union.place, exhaustive=exhaustive)
        self.tracer.on_cases(union)
        values = [
            (case.condition, result if result is case.value else on_path(result, (), since))
            for case, result in zip(union.cases, results, strict=True)
        ]
        return join_values(values, union.discriminant, union.place, since=0)

    def join_branches(
        self,
        paths: Sequence[tuple[str | None, PathResult]],
        discriminant: str | None,
        place: SourcePlace,
        *,
        exhaustive: bool = False,
    ) -> None:
        """Emit a choice of paths and join their ends.

        A choice that is not `exhaustive` and has no `else` also has an empty path.
        """
        blocks = [(condition, path.block) for condition, path in paths]
        self.emit_choice(blocks, discriminant, place, exhaustive=exhaustive)
        if not exhaustive and all(condition is not None for condition, _ in paths):
            paths = [*paths, (None, PathResult(EMPTY_BLOCK, {}, is_reachable=True))]
        self.join_path_results(paths, discriminant, place)

    def emit_choice(
        self,
        blocks: Sequence[tuple[str | None, OperationBlock]],
        discriminant: str | None,
        place: SourcePlace,
        *,
        exhaustive: bool = False,
    ) -> None:
        """Emit a choice, unless all its branches are empty."""
        if any(block.operations for _, block in blocks):
            branches = tuple(ChoiceBranch(condition, block) for condition, block in blocks)
            self.emit(Choice(branches, place, discriminant, exhaustive))
