"""The machine that reads a program: what it has emitted, where it stands, and how ways part and meet.

It dispatches; what the constructs of the language mean is decided in the other modules of this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import Any, TypeAlias

import libcst as cst

from stepgraph.model.note import Note
from stepgraph.program.facts import Fact
from stepgraph.program.ir import (
    EMPTY,
    Activity,
    Block,
    Branch,
    Choice,
    Exit,
    ExitKind,
    Function,
    Handle,
    Join,
    Operation,
    Run,
    Start,
    StepDefinition,
    StepRun,
)
from stepgraph.program.lowering.replay_state import Reached, ReplayState, VolatileUse
from stepgraph.program.lowering.star_memory import StarMemory
from stepgraph.program.lowering.state import Changes, Path, Store, meet, merged, told_apart
from stepgraph.program.lowering.wrong_imports import wrong_imports_of
from stepgraph.program.values import (
    UNKNOWN,
    Alternatives,
    Arguments,
    Declarations,
    Doubt,
    LexicalScope,
    Option,
    Slots,
    StepFunction,
    Value,
)
from stepgraph.project.dependency_mode import DependencyMode
from stepgraph.project.module_files import ModuleFile
from stepgraph.syntax.assignments import AssignedAttributes, assigned_attributes
from stepgraph.syntax.bindings import Bindings, Owner, scan
from stepgraph.syntax.changes import changed_in_functions
from stepgraph.syntax.import_names import possible_modules
from stepgraph.syntax.module import Place, SourceModule
from stepgraph.syntax.modules import Importer
from stepgraph.syntax.walk import statements

# A table says by the type of a node or value what to do with it: each entry takes that type, which cannot be written.
Evaluator: TypeAlias = "Callable[[Machine, Any], Value]"
Executor: TypeAlias = "Callable[[Machine, Any], None]"
Caller: TypeAlias = "Callable[[Machine, Any, Arguments, Place], Value]"


@dataclass(slots=True)
class LoopState:
    """The innermost loop: where it began, and the states in which it is left or begun again."""

    mark: int
    leaves: list[Changes] = field(default_factory=list)
    breaks: bool = False
    continues: bool = False


@dataclass(slots=True)
class OpenContext:
    """A block that is left with its loop or function: `leave` emits what is awaited then.

    It `stops` exits that go no further, or only after something that is not known here: a handler, a `finally`. These
    begin with what has `changed` since the `mark`, for each exit that led there; `kinds` are those of the exits.
    """

    loop: LoopState | None
    leave: Callable[[], None]
    stops: frozenset[ExitKind]
    mark: int
    changed: list[Changes] = field(default_factory=list)
    kinds: set[ExitKind] = field(default_factory=set)


@dataclass(slots=True)
class Frame:
    """One execution of a function body, or of a module's or class's own code.

    `scope` is the present one, which in a comprehension or lambda is not the `function`'s `own`. `conditions` are those
    of the branches being read; `called` identifies the callables whose steps ran, `declared` are the steps that were
    declared, also by functions it called, the last one last, each with the number of its declaration. A plain function
    that returns an awaitable `awaits_result`, and `starts_work` if it sets something going before it returns; a body
    `has_started` work of which it may not have awaited all. `drained` is the collection that the present loop empties,
    `loops_outside` the number of loops around the call, `contexts` are those that are left with whatever leaves here. A
    context manager that is a generator gives way `at_yield` to the block that it stands around. So many `try` around
    the present statement catch `type_errors` by name.
    """

    scope: LexicalScope
    own: LexicalScope = field(init=False)
    function: cst.FunctionDef | None = None
    is_async: bool = False
    returns: list[Option] = field(default_factory=list)
    conditions: list[str | None] = field(default_factory=list)
    loop: LoopState | None = None
    called: list[object] = field(default_factory=list)
    declared: dict[StepFunction, int] = field(default_factory=dict)
    emitted: bool = False
    awaits_result: bool = False
    starts_work: bool = False
    has_started: bool = False
    drained: Slots | None = None
    loops_outside: int = 0
    contexts: list[OpenContext] = field(default_factory=list)
    at_yield: Callable[[Value], None] | None = None
    type_errors: int = 0

    def __post_init__(self) -> None:
        self.own = self.scope


@dataclass(frozen=True, slots=True)
class Outcome:
    """A stretch of the program, read and taken back: what it does, what it changed, and whether its end is reached.

    `passed` are values that it replaced again, which are what it leaves if it is cut short by an exception; work with a
    handle after `since` was started on it; its end comes after what it has `reached`, None for what it
    began with.
    """

    block: Block
    changes: Changes
    live: bool
    passed: tuple[Changes, ...] = ()
    since: Handle | None = None
    reached: Reached | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What was learned of a function for one set of arguments, and when."""

    function: Function
    result: Value
    called: tuple[object, ...]
    declared: tuple[StepFunction, ...]
    awaits_result: bool
    starts_work: bool
    epoch: int
    reusable: bool
    uses: tuple[VolatileUse, ...] = ()


@dataclass(slots=True)
class Machine:
    """The state of reading one workflow.

    `declarations` are the steps declared so far, `step_runs` their runs as dependencies with the version of those
    they hold for, `resolving` the steps whose dependencies are being looked up, `choosing` how many of them there
    were where a dependency is one of several. `ran_steps` are the steps that ran, `hides` says which step that had
    not run another one of its name took the place of. `lists_depends` tells that some step was declared as in
    legacy mode. `handles` numbers the work that was started, `call_since` is the last number before the arguments
    of the present call were evaluated. `modules` are those that were needed so far, `unread` those that they import
    and that were not, `stars` what is known of their star imports, and `ran` those whose own code was run as a
    whole. `entered` are the functions of context managers whose code is being read. `facts` are for rules to judge,
    in the order in which they were met; `in_step` tells that the body of a step is being read. `made` are
    the coroutines, of which some have `begun`, `wrapped` the calls that make others of them, `started` those that
    set work going; `activities` is what was started, by its handle, and some of these are `shielded`.

    What is read `replays` if the engine runs it again: `run` and what it calls, but for the bodies of steps. `replay`
    is what is to be known of that.
    """

    evaluators: dict[type[cst.CSTNode], Evaluator]
    executors: dict[type[cst.CSTNode], Executor]
    callers: dict[type[Value], Caller]
    attributes: Callable[[Machine, Value, str, Place], Value]
    frame: Frame = field(init=False)
    mode: DependencyMode = DependencyMode.IMPLICIT
    lists_depends: bool = False
    declarations: Declarations = field(default_factory=Declarations)
    step_runs: dict[StepDefinition, tuple[int, StepRun]] = field(default_factory=dict)
    resolving: list[StepDefinition] = field(default_factory=list)
    choosing: list[int] = field(default_factory=list)
    ran_steps: set[StepDefinition] = field(default_factory=set)
    hides: dict[StepDefinition, StepDefinition] = field(default_factory=dict)
    declared: int = 0
    store: Store = field(default_factory=Store)
    operations: list[Operation] = field(default_factory=list)
    live: bool = True
    loop_depth: int = 0
    notes: dict[tuple[str, int], tuple[Place, str, str, bool]] = field(default_factory=dict)
    facts: dict[Fact, None] = field(default_factory=dict)
    in_step: bool = False
    replays: bool = False
    replay: ReplayState = field(default_factory=ReplayState)
    made: dict[int, tuple[Place, Value]] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    wrapped: dict[int, Place] = field(default_factory=dict)
    started: dict[int, tuple[Place, set[Handle]]] = field(default_factory=dict)
    activities: dict[Handle, Activity] = field(default_factory=dict)
    shielded: set[Handle] = field(default_factory=set)
    summaries: dict[tuple[object, ...], Summary] = field(default_factory=dict)
    active: dict[tuple[object, ...], Function] = field(default_factory=dict)
    latest: dict[cst.CSTNode, Summary] = field(default_factory=dict)
    readings: int = 0
    lambdas_open: int = 0
    lambda_names: dict[cst.CSTNode, str] = field(default_factory=dict)
    lambdas_read: int = 0
    passes: int = 0
    branches: int = 0
    _assigned: dict[SourceModule, AssignedAttributes] = field(default_factory=dict)
    importer: Importer | None = None
    modules: dict[SourceModule, LexicalScope] = field(default_factory=dict)
    stars: StarMemory = field(default_factory=StarMemory)
    ran: list[LexicalScope] = field(default_factory=list)
    unread: dict[str, ModuleFile] = field(default_factory=dict)
    _noted: set[str] = field(default_factory=set)
    _changed: dict[SourceModule, frozenset[str]] = field(default_factory=dict)
    _scans: dict[cst.CSTNode, Bindings] = field(default_factory=dict)
    handles: Handle = 0
    entered: list[cst.CSTNode] = field(default_factory=list)
    call_since: Handle = 0

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
        return self.module.text(node)

    def bindings_of(self, owner: Owner, module: SourceModule) -> Bindings:
        """Return which names a module, class or function binds, parameters included; scanned once."""
        found = self._scans.get(owner)
        if found is None:
            found = self._scans[owner] = scan(owner, module)
        return found

    def module_scope(self, module: SourceModule, name: str | None = None) -> LexicalScope:
        """Return the names of a module, which is called by its dotted name, or as told; they are read as asked for."""
        scope = self.modules.get(module)
        if scope is None:
            known = name or (self.importer.files.name_of(module.path) if self.importer is not None else module.path)
            bindings = self.bindings_of(module.tree, module)
            scope = LexicalScope(bindings, self.store.new(), None, module, path=(known,), kind="module")
            self.modules[module] = scope
            self._note_imports(module, bindings)
            for wrong in wrong_imports_of(module):
                self.observe(wrong)
        return scope

    def _note_imports(self, module: SourceModule, bindings: Bindings) -> None:
        """Remember what a module imports: it may write to names of others, though nobody asks for its own."""
        self.unread.pop(module.path, None)
        self._noted.add(module.path)
        if self.importer is None:
            return
        statements = [binder for binders in bindings.binders.values() for binder in binders]
        for statement in dict.fromkeys([*statements, *bindings.stars]):
            if isinstance(statement, cst.Import | cst.ImportFrom):
                for level, name in possible_modules(statement):
                    self._note_import(self.importer.find(module, level, name))

    def _note_import(self, file: ModuleFile | None) -> None:
        if file is not None and file.path is not None and file.path not in self._noted:
            self._noted.add(file.path)
            self.unread[file.path] = file

    def assigned_attributes(self, module: SourceModule) -> AssignedAttributes:
        """Return the names of the attributes that a module assigns to; scanned once."""
        found = self._assigned.get(module)
        if found is None:
            found = self._assigned[module] = assigned_attributes(module)
        return found

    def changed_in_functions(self, module: SourceModule) -> frozenset[str]:
        """Return the names whose collections functions of a module write to; scanned once."""
        found = self._changed.get(module)
        if found is None:
            found = self._changed[module] = changed_in_functions(module)
        return found

    def is_assigned_elsewhere(self, scope: LexicalScope, name: str) -> bool:
        """Whether a module, of those needed so far or imported by them, assigns to a name of a module or class."""
        self._read_assigning(name)
        owner = scope.path[-1].rsplit(".", 1)[-1] if scope.path else ""
        return any((owner, name) in self.assigned_attributes(module).foreign for module in self.modules)

    def _read_assigning(self, name: str) -> None:
        """Read the imported modules that may assign to a name, and what these import in turn."""
        while self.importer is not None:
            modules = self.importer.modules
            file = next((f for path, f in self.unread.items() if name in modules.names_assigned(path)), None)
            if file is None or file.path is None:
                return
            del self.unread[file.path]
            module = self.importer.load(file)
            if isinstance(module, SourceModule):
                self.module_scope(module)

    def evaluate(self, node: cst.BaseExpression) -> Value:
        """Return the value of an expression, having emitted what it does."""
        evaluator = self.evaluators.get(type(node))
        return UNKNOWN if evaluator is None else evaluator(self, node)

    def execute(self, body: cst.BaseSuite) -> None:
        """Read the statements of a block, as far as they can be reached."""
        for statement in statements(body):
            if not self.live:
                return
            executor = self.executors.get(type(statement))
            if executor is not None:
                executor(self, statement)

    def call(self, callee: Value, arguments: Arguments, place: Place) -> Value:
        """Return what calling a value gives, having emitted what the call does."""
        return self.callers[type(callee)](self, callee, arguments, place)

    def attribute(self, owner: Value, name: str, place: Place) -> Value:
        """Return `owner.name`, having emitted what a property does."""
        return self.attributes(self, owner, name, place)

    # What is said

    def emit(self, operation: Operation) -> None:
        """Add an operation to the present block."""
        self.operations.append(operation)
        if isinstance(operation, Run | Start | Join):
            self.frame.emitted = True
            if not isinstance(operation, Start):
                self.replay.check()

    def declare(self, step: StepFunction) -> None:
        """Enter a step under its name: of several of one name, the last one counts (SDK: `step_closures`)."""
        before = self.declarations.get(step.definition.name)
        if isinstance(before, StepFunction) and before.definition not in self.ran_steps:
            self._hide(before.definition, step.definition)
        self.store.write(self.declarations, step.definition.name, step)
        self.declared += 1
        self.frame.declared.pop(step, None)
        self.frame.declared[step] = self.declared

    def _hide(self, before: StepDefinition, now: StepDefinition) -> None:
        if before.place.node is not now.place.node:
            self.hides[now] = before

    def declared_since(self, number: int) -> tuple[StepDefinition, ...]:
        """Return the steps that the present frame has declared after so many declarations, in order."""
        recent = takewhile(lambda entry: entry[1] > number, reversed(self.frame.declared.items()))
        return tuple(step.definition for step, _ in recent)[::-1]

    def leave(self, kind: ExitKind, place: Place) -> None:
        """Emit an exit; nothing after it in the present block is reached. Task groups are awaited on the way."""
        whole_function = kind in (ExitKind.RETURN, ExitKind.RAISE)
        self.live = False
        is_known = True
        for context in reversed(self.frame.contexts):
            if not (whole_function or context.loop is self.frame.loop):
                break
            if kind in context.stops:
                is_known = False
                context.changed.append(self.store.changes(context.mark))
                context.kinds.add(kind)
            elif is_known:
                context.leave()
        self.operations.append(Exit(kind, place))

    def new_handle(self) -> Handle:
        """Return a handle for work to be started."""
        self.handles += 1
        return self.handles

    def note(self, code: str, place: Place, message: str, advice: str, *, incomplete: bool = True) -> None:
        """Report something at a place, once."""
        self.notes.setdefault((code, id(place.node)), (place, message, advice, incomplete))

    def observe(self, fact: Fact) -> None:
        """Remember a fact for rules to judge, once."""
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

    def doubt(self, doubt: Doubt) -> None:
        """Report why it is not certain that what is shown is what runs."""
        self.note(doubt.code, doubt.place, doubt.message, doubt.advice)

    def make(self, coroutine: Value, place: Place) -> Value:
        """Return a new coroutine, and remember it: one that never begins is reported."""
        self.made.setdefault(id(place.node), (place, coroutine))
        return coroutine

    def hold(self, place: Place, handles: Iterable[Handle]) -> None:
        """Remember the call that set work going: whoever has what it gives can wait for that."""
        self.started.setdefault(id(place.node), (place, set()))[1].update(handles)

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
        self, leave: Callable[[], None] = lambda: None, stops: frozenset[ExitKind] = frozenset()
    ) -> Iterator[OpenContext]:
        """Read a block that is left with whatever leaves its loop or function."""
        context = OpenContext(self.frame.loop, leave, stops, self.store.mark())
        self.frame.contexts.append(context)
        try:
            yield context
        finally:
            self.frame.contexts.pop()

    @contextmanager
    def in_frame(self, frame: Frame) -> Iterator[None]:
        """Read code in another frame."""
        outer, self.frame = self.frame, frame
        frame.loops_outside = self.loop_depth
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
        mark = self.store.mark()
        try:
            with self.in_frame(Frame(scope)), self.nested():
                yield
        finally:
            self.store.settle(mark)
            self.loop_depth, self.live, self.replays = depth, live, replays

    def branch(self, run: Callable[[], object], condition: str | None = None, *, cut_short: bool = False) -> Outcome:
        """Read one of several ways and take its changes back. One that may be `cut_short` keeps what it passed."""
        mark, since, before = self.store.mark(), self.handles, self.replay.reached
        self.live = True
        self.frame.conditions.append(condition)
        self.branches += 1
        block = self.block_of(run)
        self.frame.conditions.pop()
        self.branches -= 1
        live, self.live = self.live, True
        passed = tuple(self.store.passed(mark)) if cut_short else ()
        reached = self.replay.reached
        self.replay.go_to(before)
        return Outcome(block, self.store.rewind(mark), live, passed, since, reached)

    def rejoin(
        self,
        ways: Sequence[tuple[str | None, Outcome]],
        discriminant: str | None,
        place: Place,
        *,
        exclusive: bool = True,
    ) -> None:
        """Go on after one of several ways. Where they are not `exclusive`, another one was begun, and cut short."""
        paths = [Path(condition, outcome.changes) for condition, outcome in ways if outcome.live]
        self.live = bool(paths)
        if not paths:
            return
        here = self.replay.reached
        self.replay.meet([outcome.reached or here for _, outcome in ways if outcome.live])
        since = min((outcome.since for _, outcome in ways if outcome.since is not None), default=None)
        meet(self.store, paths, discriminant, place, since if exclusive else None)

    def choose(self, alternatives: Alternatives, act: Callable[[Value], Value]) -> Value:
        """Do something with whichever of several values it is: a choice, if anything is done by it."""
        results: list[Value] = []
        since = self.handles

        def take(value: Value) -> None:
            results.append(act(value))

        ways = [(o.condition, self.branch(partial(take, o.value), o.condition)) for o in alternatives.options]
        exhaustive = alternatives.discriminant is not None
        self.take_one(ways, alternatives.discriminant, alternatives.place, exhaustive=exhaustive)
        options = [
            (o.condition, result if result is o.value else told_apart(result, (), since))
            for o, result in zip(alternatives.options, results, strict=True)
        ]
        return merged(options, alternatives.discriminant, alternatives.place, since=0)

    def take_one(
        self,
        ways: Sequence[tuple[str | None, Outcome]],
        discriminant: str | None,
        place: Place,
        *,
        exhaustive: bool = False,
    ) -> None:
        """Emit a choice of ways that were read, and go on after it; without an `else`, none may be taken."""
        blocks = [(condition, outcome.block) for condition, outcome in ways]
        self.emit_choice(blocks, discriminant, place, exhaustive=exhaustive)
        if not exhaustive and all(condition is not None for condition, _ in ways):
            ways = [*ways, (None, Outcome(EMPTY, {}, live=True))]
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
