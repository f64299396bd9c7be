"""The machine that reads a program: what it has emitted, where it stands, and how ways part and meet.

It dispatches; what the constructs of the language mean is decided in the other modules of this package.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count, takewhile
from typing import Any, Final, TypeAlias

import libcst as cst

from stepgraph.interpreter.frame import Frame, FunctionSummary, OpenContext, PathResult
from stepgraph.interpreter.joining import join_values, on_path
from stepgraph.interpreter.objects.modules import LoadedModules
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Arguments,
    Caveat,
    FunctionCall,
    Gathering,
    LexicalScope,
    PreparedCall,
    StepCall,
    StepFunction,
    Task,
    Union,
    Value,
    WaitCall,
    Wrapped,
)
from stepgraph.interpreter.replay.replay_state import ReplayState
from stepgraph.interpreter.store import PathChanges, Store, join_paths
from stepgraph.interpreter.workflow.work import DeclaredSteps, WorkRegistry
from stepgraph.ir.facts import Fact
from stepgraph.ir.nodes import (
    EMPTY,
    Await,
    Block,
    Branch,
    CaughtType,
    Choice,
    Function,
    Jump,
    JumpKind,
    Operation,
    Run,
    Start,
    StepDefinition,
    TaskId,
    over_with,
)
from stepgraph.limits import Budget, Limit, LimitExceededError
from stepgraph.model.note import Note
from stepgraph.project.dependency_mode import DependencyMode
from stepgraph.syntax.module import Place, SourceModule
from stepgraph.syntax.walk import children, statements

# A table says by the type of a node or value what to do with it: each entry takes that type, which cannot be written.
Evaluator: TypeAlias = "Callable[[Interpreter, Any], Value]"
Executor: TypeAlias = "Callable[[Interpreter, Any], None]"
Caller: TypeAlias = "Callable[[Interpreter, Any, Arguments, Place], Value]"

LIMIT_ADVICE: Final = "Later steps are missing from the graph. Split the workflow, or simplify the code at this line."


@dataclass(slots=True)
class Interpreter:
    """The state of reading one workflow.

    `modules` are those met so far, `steps` those declared, `work` is what was made of them and of functions.
    `call_since` is the last handle before the arguments of the present call were evaluated. `entered` are the functions
    of context managers whose code is being read, `classes_open` counts the classes whose bases are. `facts` are for
    rules to judge, in the order in which they were met; `in_step` tells that the body of a step is being read.

    What is read `replays` if the engine runs it again: `run` and what it calls, but for the bodies of steps. `replay`
    is what is to be known of that.

    `budget` counts the work, and `stopped` tells that a limit has ended the analysis.
    """

    evaluators: dict[type[cst.CSTNode], Evaluator]
    executors: dict[type[cst.CSTNode], Executor]
    callers: dict[type[Value], Caller]
    attributes: Callable[[Interpreter, Value, str, Place], Value]
    escapes: Callable[[Interpreter, Value, Place, str], bool]
    modules: LoadedModules = field(init=False)
    frame: Frame = field(init=False)
    mode: DependencyMode = DependencyMode.IMPLICIT
    steps: DeclaredSteps = field(default_factory=DeclaredSteps)
    work: WorkRegistry = field(default_factory=WorkRegistry)
    store: Store = field(default_factory=Store)
    operations: list[Operation] = field(default_factory=list)
    live: bool = True
    loop_depth: int = 0
    notes: dict[tuple[str, int], tuple[Place, str, str, bool]] = field(default_factory=dict)
    facts: dict[Fact, None] = field(default_factory=dict)
    in_step: bool = False
    replays: bool = False
    replay: ReplayState = field(default_factory=ReplayState)
    summaries: dict[tuple[object, ...], FunctionSummary] = field(default_factory=dict)
    active: dict[cst.CSTNode, dict[tuple[object, ...], Function]] = field(default_factory=dict)
    latest: dict[cst.CSTNode, FunctionSummary] = field(default_factory=dict)
    readings: int = 0
    open_lambdas: Counter[cst.CSTNode] = field(default_factory=Counter)
    lambdas_read: int = 0
    lambda_names: dict[cst.CSTNode, str] = field(default_factory=dict)
    passes: int = 0
    branches: int = 0
    entered: list[cst.CSTNode] = field(default_factory=list)
    call_since: TaskId = 0
    classes_open: int = 0
    budget: Budget = field(default_factory=Budget)
    stopped: bool = False

    def __post_init__(self) -> None:
        self.store.budget = self.budget

    # What is read

    @property
    def module(self) -> SourceModule:
        """The module of the code being read."""
        return self.frame.scope.module

    def place(self, node: cst.CSTNode) -> Place:
        """Return the place of a node of the present module."""
        return Place(self.module, node)

    def text(self, node: cst.CSTNode) -> str:
        """Return the source of a node of the present module, on one line."""
        text = self.module.text(node)
        self.budget.spend(Limit.TEXT, len(text))
        return text

    def evaluate(self, node: cst.BaseExpression) -> Value:
        """Return the value of an expression, having emitted what it does."""
        evaluator = self.evaluators.get(type(node), evaluate_unknown)
        budget = self.budget
        budget.evaluations -= 1
        budget.depth -= 1
        if budget.evaluations < 0 or budget.depth < 0:
            budget.check()
        value = evaluator(self, node)
        budget.depth += 1
        return value

    def execute(self, body: cst.BaseSuite) -> None:
        """Execute the statements of a block, as far as they can be reached."""
        self.execute_each(statements(body))

    def execute_each(self, body: Iterable[cst.CSTNode]) -> None:
        """Execute statements, as far as they can be reached.

        Where a limit is exceeded, the rest of this block and of those around it is left out, and a note says so.
        """
        budget, depth = self.budget, self.budget.depth
        for statement in body:
            if not self.live:
                break
            executor = self.executors.get(type(statement), execute_unknown)
            try:
                budget.evaluations -= 1
                budget.depth = depth - 1
                if budget.evaluations < 0 or depth <= 0:
                    budget.check()
                executor(self, statement)
            except LimitExceededError as error:
                self.stop(error, self.place(statement))
                break
        budget.depth = depth

    def call(self, callee: Value, arguments: Arguments, place: Place) -> Value:
        """Return what calling a value gives, having emitted what the call does."""
        return self.callers[type(callee)](self, callee, arguments, place)

    def attribute(self, owner: Value, name: str, place: Place) -> Value:
        """Return `owner.name`, having emitted what a property does."""
        return self.attributes(self, owner, name, place)

    def escape(self, value: Value, place: Place, action: str) -> bool:
        """Report a value that can run steps where it leaves the analysis, and return whether it can.

        `action` says after the value's name what the program does with it.
        """
        return value.relevant and self.escapes(self, value, place, action)

    def escape_operand(self, value: Value, place: Place, action: str) -> None:
        """Report a value that can run steps where its type decides what is done with it: a coroutine refuses it all."""
        if not isinstance(value, StepCall | WaitCall | FunctionCall | PreparedCall | Wrapped | Task | Gathering):
            self.escape(value, place, action)

    # What is said

    def emit(self, operation: Operation) -> None:
        """Add an operation to the present block."""
        self.budget.spend(Limit.OPERATIONS)
        self.operations.append(operation)
        if isinstance(operation, Run | Start | Await):
            self.frame.emitted = True
            if not isinstance(operation, Start):
                self.replay.check()
            if isinstance(operation, Await) and self.store.in_flight:
                for awaited in over_with(operation.group):
                    self.store.finish_task(awaited, self.loop_depth)

    def declare(self, step: StepFunction) -> None:
        """Enter a step under its name: of several of one name, the last one counts (SDK: `step_closures`)."""
        number = self.steps.add(step)
        self.store.write(self.steps.by_name, step.definition.name, step)
        self.frame.declared.pop(step, None)
        self.frame.declared[step] = number

    def declare_again(self, steps: Collection[StepFunction]) -> None:
        """Enter steps that a function has declared, once more where it is called.

        A function declares all that the functions it calls do: one by one, that would take the square of their number.
        """
        known = self.steps.by_name
        if not all(known.get(step.definition.name) is step for step in steps):
            for step in steps:
                self.declare(step)
            return
        # Each counts under its name already: all that changes is which was declared last.
        declared = self.frame.declared
        for step in () if declared.keys().isdisjoint(steps) else steps:
            declared.pop(step, None)
        declared.update(zip(steps, count(self.steps.count + 1), strict=False))
        self.steps.count += len(steps)

    def declared_since(self, number: int) -> tuple[StepDefinition, ...]:
        """Return the steps that the present frame has declared after so many declarations, in order."""
        recent = takewhile(lambda entry: entry[1] > number, reversed(self.frame.declared.items()))
        return tuple(step.definition for step, _ in recent)[::-1]

    def leave(self, kind: JumpKind, place: Place, raised: CaughtType | None = None) -> None:
        """Emit an exit, of a `raise` with its type; nothing after it in the present block is reached.

        Task groups are awaited on the way.
        """
        whole_function = kind in (JumpKind.RETURN, JumpKind.RAISE)
        self.live = False
        is_known = True
        for context in reversed(self.frame.contexts):
            if not (whole_function or context.loop is self.frame.loop):
                break
            if kind in context.stops:
                is_known = False
                context.changed.append(self.store.changes(context.checkpoint))
                context.kinds.add(kind)
            elif is_known:
                context.leave()
        self.operations.append(Jump(kind, place, raised=raised))

    def note(self, code: str, place: Place, message: str, advice: str, *, incomplete: bool = True) -> None:
        """Report something at a place, once."""
        self.notes.setdefault((code, id(place.node)), (place, message, advice, incomplete))

    def stop(self, error: LimitExceededError, place: Place) -> None:
        """Report, once, where a limit has ended the analysis."""
        self.budget.end()
        if not self.stopped:
            self.stopped = True
            self.note("limit-exceeded", place, f"the analysis stops here: {error.reason}.", LIMIT_ADVICE)

    def observe(self, fact: Fact) -> None:
        """Remember a fact for rules to judge, once."""
        self.budget.spend(Limit.FACTS)
        self.facts.setdefault(fact)

    @contextmanager
    def step_body(self, step: cst.CSTNode) -> Iterator[None]:
        """Read what a step runs: the engine keeps its result, and does not run it again."""
        outer, self.in_step = self.in_step, True
        replays, self.replays = self.replays, False
        around, since = self.replay.step, self.replay.step_since
        self.replay.step, self.replay.step_since = step, self.store.serial
        try:
            yield
        finally:
            self.in_step, self.replays = outer, replays
            self.replay.step, self.replay.step_since = around, since

    def report_caveat(self, caveat: Caveat) -> None:
        """Report why it is not certain that what is shown is what runs."""
        self.note(caveat.code, caveat.place, caveat.message, caveat.advice)

    def finished_notes(self) -> tuple[Note, ...]:
        """Return all that was reported, in the order of the source."""
        notes = [
            Note(code, message, advice, place.span, incomplete)
            for (code, _), (place, message, advice, incomplete) in self.notes.items()
        ]
        return tuple(sorted(notes, key=lambda note: (note.span, note.code)))

    # How ways part and meet

    @contextmanager
    def nested(self) -> Iterator[list[Operation]]:
        """Collect the operations emitted inside in a list of their own; the state goes on."""
        outer, self.operations = self.operations, []
        try:
            yield self.operations
        finally:
            self.operations = outer

    def block_of(self, run: Callable[[], object]) -> Block:
        """Return what something emits as a block; the state goes on."""
        with self.nested() as operations:
            run()
        return Block(tuple(operations)) if operations else EMPTY

    @contextmanager
    def in_scope(self, scope: LexicalScope) -> Iterator[None]:
        """Read code in another scope of the same frame."""
        outer, self.frame.scope = self.frame.scope, scope
        try:
            yield
        finally:
            self.frame.scope = outer

    @contextmanager
    def inside(
        self, leave: Callable[[], None] = lambda: None, stops: frozenset[JumpKind] = frozenset()
    ) -> Iterator[OpenContext]:
        """Read a block that is left with whatever leaves its loop or function."""
        context = OpenContext(self.frame.loop, leave, stops, self.store.checkpoint())
        self.frame.contexts.append(context)
        try:
            yield context
        finally:
            self.frame.contexts.pop()

    @contextmanager
    def in_frame(self, frame: Frame) -> Iterator[None]:
        """Read code in another frame."""
        outer, self.frame = self.frame, frame
        frame.loops_outside, frame.caller, frame.in_step = self.loop_depth, outer, self.in_step
        try:
            yield
        finally:
            self.frame = outer

    @contextmanager
    def in_own_code(self, scope: LexicalScope) -> Iterator[None]:
        """Read the own code of a module or class: it ran once, before all else, and nothing it did is taken back."""
        depth, self.loop_depth = self.loop_depth, 0
        live, self.live = self.live, True
        replays, self.replays = self.replays, False
        checkpoint = self.store.checkpoint()
        try:
            with self.in_frame(Frame(scope)), self.nested():
                yield
        finally:
            self.store.commit(checkpoint)
            self.loop_depth, self.live, self.replays = depth, live, replays

    def branch(self, run: Callable[[], object], condition: str | None = None, *, cut_short: bool = False) -> PathResult:
        """Read one of several ways and take its changes back. One that may be `cut_short` keeps what it passed."""
        self.budget.spend(Limit.BRANCHES)
        checkpoint, since, before = self.store.checkpoint(), self.work.task_ids, self.replay.reached
        self.live = True
        self.frame.conditions.append(condition)
        self.branches += 1
        block = self.block_of(run)
        self.frame.conditions.pop()
        self.branches -= 1
        live, self.live = self.live, True
        passed = tuple(self.store.passed(checkpoint)) if cut_short else ()
        reached = self.replay.reached
        self.replay.go_to(before)
        return PathResult(block, self.store.rollback(checkpoint), live, passed, since, reached)

    def rejoin(
        self,
        ways: Sequence[tuple[str | None, PathResult]],
        discriminant: str | None,
        place: Place,
        *,
        exclusive: bool = True,
    ) -> None:
        """Go on after one of several ways. Where they are not `exclusive`, another one was begun, and cut short."""
        paths = [PathChanges(condition, outcome.changes) for condition, outcome in ways if outcome.live]
        self.live = bool(paths)
        if not paths:
            return
        here = self.replay.reached
        self.replay.join_paths([outcome.reached or here for _, outcome in ways if outcome.live])
        since = min((outcome.since for _, outcome in ways if outcome.since is not None), default=None)
        join_paths(self.store, paths, discriminant, place, since if exclusive else None)

    def choose(self, union: Union, act: Callable[[Value], Value]) -> Value:
        """Do something with whichever of several values it is: a choice, if anything is done by it."""
        results: list[Value] = []
        since = self.work.task_ids

        def take(value: Value) -> None:
            results.append(act(value))

        ways = [(o.condition, self.branch(partial(take, o.value), o.condition)) for o in union.cases]
        exhaustive = union.discriminant is not None
        self.take_one(ways, union.discriminant, union.place, exhaustive=exhaustive)
        cases = [
            (o.condition, result if result is o.value else on_path(result, (), since))
            for o, result in zip(union.cases, results, strict=True)
        ]
        return join_values(cases, union.discriminant, union.place, since=0)

    def take_one(
        self,
        ways: Sequence[tuple[str | None, PathResult]],
        discriminant: str | None,
        place: Place,
        *,
        exhaustive: bool = False,
    ) -> None:
        """Emit a choice of ways that were read, and go on after it; without an `else`, none may be taken."""
        blocks = [(condition, outcome.block) for condition, outcome in ways]
        self.emit_choice(blocks, discriminant, place, exhaustive=exhaustive)
        if not exhaustive and all(condition is not None for condition, _ in ways):
            ways = [*ways, (None, PathResult(EMPTY, {}, live=True))]
        self.rejoin(ways, discriminant, place)

    def emit_choice(
        self,
        ways: Sequence[tuple[str | None, Block]],
        discriminant: str | None,
        place: Place,
        *,
        exhaustive: bool = False,
    ) -> None:
        """Emit a choice, unless there is nothing in any of its branches."""
        if any(block.operations for _, block in ways):
            branches = tuple(Branch(condition, block) for condition, block in ways)
            self.emit(Choice(branches, place, discriminant, exhaustive))


def evaluate_unknown(interpreter: Interpreter, node: cst.CSTNode) -> Value:
    """Evaluate the parts of an expression that no evaluator exists for, and report those that can run steps."""
    block = interpreter.block_of(lambda: _evaluate_parts(interpreter, node))
    for operation in block.operations:
        interpreter.emit(operation)
    if block.operations:
        interpreter.note(
            "escapes",
            interpreter.place(node),
            "steps run in code of a kind that is not followed.",
            "The graph shows each of them once.",
        )
    return UNKNOWN


def _evaluate_parts(interpreter: Interpreter, node: cst.CSTNode) -> None:
    for part in children(node):
        if isinstance(part, cst.BaseExpression):
            interpreter.escape(
                interpreter.evaluate(part), interpreter.place(part), "is used in an expression that is not followed"
            )
        else:
            _evaluate_parts(interpreter, part)


def execute_unknown(interpreter: Interpreter, node: cst.CSTNode) -> None:
    """Do the same for a statement of a kind that no executor exists for."""
    evaluate_unknown(interpreter, node)
