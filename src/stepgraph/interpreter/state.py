"""The state of the abstract interpreter, and the contexts that change it for a part of the program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.frame import (
    Frame,
    FunctionErrors,
    FunctionSummary,
    OpenContext,
    Recursion,
    SkippedCalls,
)
from stepgraph.interpreter.modules.loaded_modules import LoadedModules
from stepgraph.interpreter.path_joins import ExposedValues
from stepgraph.interpreter.replay.tracer import NO_TRACER, Tracer
from stepgraph.interpreter.store import Store
from stepgraph.interpreter.values.objects import CallableArgument, LexicalScope
from stepgraph.interpreter.workflow.work import DeclaredSteps, NoteTable, WorkRegistry
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.facts import Fact
from stepgraph.ir.nodes import Function, JumpKind, Operation, PayloadShape
from stepgraph.limits import Budget, Limit
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.module import SourceModule, SourcePlace

if TYPE_CHECKING:
    from stepgraph.interpreter.objects.containers.recursive_iterators import OpenIterator
    from stepgraph.ir.parameter_tests import DecidingArgument


class _InFrame:
    """The context of `InterpreterState.in_frame`: a class, because a generator takes three times as long."""

    __slots__ = ("frame", "interpreter", "outer")

    def __init__(self, interpreter: InterpreterState, frame: Frame) -> None:
        self.interpreter = interpreter
        self.frame = frame

    def __enter__(self) -> None:
        interpreter, frame = self.interpreter, self.frame
        self.outer, interpreter.frame = interpreter.frame, frame
        frame.outer_loop_depth, frame.caller, frame.in_step = interpreter.loop_depth, self.outer, interpreter.in_step

    def __exit__(self, *_: object) -> None:
        self.interpreter.frame = self.outer


class _OperationCollector:
    """The context of `InterpreterState.collect_operations`, a class like `_InFrame`."""

    __slots__ = ("interpreter", "outer")

    def __init__(self, interpreter: InterpreterState) -> None:
        self.interpreter = interpreter

    def __enter__(self) -> list[Operation]:
        interpreter = self.interpreter
        self.outer, interpreter.operations = interpreter.operations, []
        return interpreter.operations

    def __exit__(self, *_: object) -> None:
        self.interpreter.operations = self.outer


class _InStepBody:
    """The context of `InterpreterState.step_body`, a class like `_InFrame`."""

    __slots__ = ("interpreter", "outer", "replays", "traced")

    def __init__(self, interpreter: InterpreterState, step: cst.CSTNode) -> None:
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


class InterpreterState(Struct, eq=False):
    """The position of the interpreter in the program, and its results so far."""

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
    recursions_over_data: dict[cst.CSTNode, SourcePlace] = field(default_factory=dict)
    """The functions whose recursions create different data at each level, each with a recursive call."""
    discards_passes: bool = False
    """Whether the outermost call of a recursion starts again, so that results of the current pass are not needed."""
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
    inlined_functions: list[tuple[cst.CSTNode, int]] = field(default_factory=list)
    """The functions of the inlined generators and context managers whose bodies are being interpreted.

    Each is paired with the serial of the newest heap cell at its start.
    """
    open_iterators: list[OpenIterator] = field(default_factory=list)
    """The generator expressions and other iterators being evaluated, outermost first."""
    task_id_before_call: TaskId = 0
    """The last task id before the arguments of the current call were evaluated."""
    open_class_count: int = 0
    """The number of nested class definitions being evaluated, such as a class and its bases."""
    stopped: bool = False
    """Whether an exceeded limit has ended the analysis."""
    skipping: SkippedCalls = field(default_factory=SkippedCalls)
    """The calls in step bodies that are not interpreted."""

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

    @property
    def local_loop_depth(self) -> int:
        """The number of loops around the current code in its function."""
        return self.loop_depth - self.frame.outer_loop_depth

    # Contexts

    @contextmanager
    def without_notes(self, code: str) -> Iterator[None]:
        """Discard the new notes with a code, because another note covers them."""
        count = len(self.notes)
        yield
        added = [self.notes.popitem() for _ in range(len(self.notes) - count)]
        self.notes.update((key, note) for key, note in reversed(added) if key[0] != code)

    def step_body(self, step: cst.CSTNode) -> AbstractContextManager[None]:
        """Interpret the body of a step, which the engine does not replay because it stores the result."""
        return _InStepBody(self, step)

    def collect_operations(self) -> AbstractContextManager[list[Operation]]:
        """Collect the operations emitted inside the context in a separate list. Changes of the store stay in effect."""
        return _OperationCollector(self)

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
        self, leave: Callable[[], None] | None = None, stops: frozenset[JumpKind] = frozenset()
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
        self.inlined_functions.append((function, self.store.serial))
        try:
            yield
        finally:
            self.inlined_functions.pop()

    def is_recursive(self, function: cst.CSTNode, serial: int) -> bool:
        """Return whether inlined code of a function created a generator of this function.

        `serial` is that of the newest heap cell at the creation of the generator.
        """
        return any(function is inlined and serial >= start for inlined, start in self.inlined_functions)

    @contextmanager
    def at_yield_of(self, outer: Frame) -> Iterator[Frame]:
        """Interpret the code that an inlined function yields to, in the frame `outer`. Return the function's frame."""
        inner, self.frame = self.frame, outer
        inlined = self.inlined_functions.pop()
        count = len(outer.around_yields)
        outer.around_yields += [*inner.around_yields, *inner.open_contexts]
        try:
            yield inner
        finally:
            del outer.around_yields[count:]
            self.inlined_functions.append(inlined)
            self.frame = inner

    @contextmanager
    def in_definition_body(self, scope: LexicalScope) -> Iterator[None]:
        """Interpret a module or class body. The body ran before the workflow, so no rollback undoes its changes."""
        depth, self.loop_depth = self.loop_depth, 0
        live, self.is_reachable = self.is_reachable, True
        replays, self.replays = self.replays, False
        is_import_time, self.is_import_time = self.is_import_time, True
        creates_shared, self.store.creates_shared = self.store.creates_shared, not scope.is_local
        is_importing, self.store.is_importing = self.store.is_importing, self.store.is_importing or not scope.is_local
        in_step, self.in_step = self.in_step, self.in_step and not self.store.is_importing
        exposed, self.exposed = self.exposed, None
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
            self.store.creates_shared, self.exposed = creates_shared, exposed
            self.store.is_importing, self.in_step = is_importing, in_step
