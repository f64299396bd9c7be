"""Entry points of the interpreter, which open a module, find a workflow class in it, and interpret the class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.escapes import escape, report_late_escapes
from stepgraph.interpreter.frame import Frame
from stepgraph.interpreter.interpreter import Caller, HandlerTable, Interpreter
from stepgraph.interpreter.library.models import call_external
from stepgraph.interpreter.library.side_effects import ENVIRONMENT
from stepgraph.interpreter.modules.body_runs import ProgramNotRunError
from stepgraph.interpreter.modules.loaded_modules import LoadedModules
from stepgraph.interpreter.objects.attributes.access import get_attribute
from stepgraph.interpreter.objects.class_relations import (
    derives_from_entrypoint,
    is_workflow,
    may_be_workflow,
    unknown_base,
)
from stepgraph.interpreter.objects.classes import project_classes, resolution_order
from stepgraph.interpreter.objects.names import resolve_body_name
from stepgraph.interpreter.python.calls import (
    call_function,
    call_partial,
    call_step,
    call_union,
    call_unknown,
    call_unresolved,
)
from stepgraph.interpreter.python.expressions import EVALUATORS
from stepgraph.interpreter.python.statements import EXECUTORS
from stepgraph.interpreter.store import Store
from stepgraph.interpreter.summaries import summarize_call
from stepgraph.interpreter.values.calls import Argument, Arguments, ManagerDecorator, Partial
from stepgraph.interpreter.values.objects import (
    BuiltinMethod,
    ClassValue,
    FunctionValue,
    LexicalScope,
    ProjectObject,
    SuperConstructor,
)
from stepgraph.interpreter.values.steps import Event, StepDecorator, StepFunction, StepMethod, StepObject
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.awaiting import await_value
from stepgraph.interpreter.workflow.data_calls import report_skipped_calls
from stepgraph.interpreter.workflow.dependency_reports import report_unknown_parameters
from stepgraph.interpreter.workflow.run_signature import (
    has_swapped_parameters,
    is_static_with_instance,
    observe_unusable_initializer,
    observe_unusable_run,
)
from stepgraph.interpreter.workflow.step_api import call_method, call_step_object, declare
from stepgraph.interpreter.workflow.unawaited import report_unawaited_work
from stepgraph.ir.facts import Fact, UnwrappedRun
from stepgraph.ir.nodes import EMPTY_BLOCK, OperationBlock, PayloadShape
from stepgraph.ir.values import UNKNOWN, External, Unresolved, Value
from stepgraph.ir.walk import Program, VisitedOperation, may_run_steps, walk_operations
from stepgraph.limits import Budget, LimitExceededError
from stepgraph.model.note import InputError, Note, Problem, ProblemKind
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.project.module_files import ModuleFile
from stepgraph.syntax.bindings import last_name
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.modules import Importer
from stepgraph.syntax.walk import statements, statements_below

if TYPE_CHECKING:
    from stepgraph.interpreter.shared_runs import SharedRuns

_ADVICE: Final = "Its workflows are missing. Simplify the code at this line."


_OBJECTS: Final = "stepgraph.interpreter.objects"

CALLERS: Final[HandlerTable[type[Value], Caller]] = HandlerTable(
    {
        FunctionValue: call_function,
        StepMethod: call_method,
        StepObject: call_step_object,
        StepDecorator: declare,
        StepFunction: call_step,
        External: call_external,
        Union: call_union,
        Partial: call_partial,
        Unresolved: call_unresolved,
    },
    {
        ClassValue: f"{_OBJECTS}.instances:instantiate",
        ProjectObject: f"{_OBJECTS}.instances:call_instance",
        SuperConstructor: f"{_OBJECTS}.instances:call_super_constructor",
        BuiltinMethod: f"{_OBJECTS}.builtin_methods:call_builtin_method",
        ManagerDecorator: "stepgraph.interpreter.python.context_managers.managers:decorate",
    },
    default=call_unknown,
)
"""The functions that call a value, by type of the value."""


class OpenModule(Struct, frozen=True):
    """A module to search for workflow classes."""

    module: SourceModule
    importer: Importer | None = None
    """The importer that resolves imports; None outside a project."""
    workflows: int = 1
    """The number of workflows in the module, which share the budget."""
    main: ModuleFile | None = None
    """The main module of the Worker, with which execution starts; None if this is the module itself."""
    other_mains: tuple[ModuleFile, ...] = ()
    """Other modules that may be the main module, because no configuration names it."""
    shared_runs: SharedRuns | None = None
    """The runs of all modules that its workflows share with others; None without any other workflow."""


def open_interpreter(entry: OpenModule) -> tuple[Interpreter, LexicalScope]:
    """Return a new interpreter for a module, and the scope of the module. The module's name is the stem of its file."""
    budget = Budget(entry.workflows)
    store = Store(budget)
    facts: dict[Fact, None] = {}
    modules = LoadedModules(entry.module, entry.importer, store, facts, budget, entry.main)
    scope = modules.scope_of(entry.module, None if entry.main else PurePosixPath(entry.module.path).stem)
    modules.register_main()
    frame = Frame.of_body(scope)
    interpreter = Interpreter(
        modules,
        frame,
        store,
        facts,
        budget,
        evaluators=EVALUATORS,
        executors=EXECUTORS,
        callers=CALLERS,
        attributes=get_attribute,
        escapes=escape,
    )
    return interpreter, scope


@contextmanager
def class_search_limits(interpreter: Interpreter, entry: OpenModule) -> Iterator[None]:
    """Search for workflow classes in a module. Raise InputError at the end if the search exceeds a limit."""
    reason = ""
    try:
        yield
    except LimitExceededError as error:
        reason = f"finding its workflow classes takes {error.reason}"
        interpreter.stop(error, SourcePlace(entry.module, entry.module.tree))
    if not interpreter.stopped:
        return
    place, message, *_ = next(note for (code, _), note in interpreter.notes.items() if code == "limit-exceeded")
    span = place.span
    message = f"{entry.module.path} is not analyzed: {reason}." if reason else message
    raise InputError(
        Problem(span.path, message, _ADVICE, span.line, span.column, kind=ProblemKind.UNRESOLVED_CLASS)
    ) from None


def find_workflow_class(interpreter: Interpreter, scope: LexicalScope, name: str) -> ClassValue | None:
    """Return the workflow class that a module binds to a name. Return None if the name is not bound to one."""
    value = resolve_body_name(interpreter, scope, name)
    return value if isinstance(value, ClassValue) and is_workflow(interpreter, value) else None


def find_configured_class(interpreter: Interpreter, scope: LexicalScope, name: str) -> ClassValue | None:
    """Like `find_workflow_class`, for a class that a configuration names: its unknown base may be a workflow class."""
    value = resolve_body_name(interpreter, scope, name)
    return value if isinstance(value, ClassValue) and may_be_workflow(interpreter, value) else None


def interpret_workflow(
    entry: OpenModule, name: str, mode: DependencyMode | None = None, *, traced: bool = False
) -> Program:
    """Return the program of the workflow class that a module binds to `name`.

    The dependency `mode` follows from the project's compatibility date. Without a mode, a step with `depends` implies
    legacy mode. A check needs a `traced` program, whose facts include the differences between runs. Raises KeyError if
    `name` is not bound to a workflow class, and InputError if the search for the class exceeds a limit.

    If `run(self, step, event)` runs no step with the arguments of the engine, the program is that with both swapped.
    Otherwise, its graph and findings would be missing until the parameters are repaired.
    """
    program = _interpret_in_mode(entry, name, mode, traced=traced)
    if has_swapped_parameters(program.facts) and not may_run_steps(program.body):
        return _interpret_in_mode(entry, name, mode, traced=traced, step_first=True)
    return program


def _interpret_in_mode(
    entry: OpenModule, name: str, mode: DependencyMode | None, *, traced: bool, step_first: bool = False
) -> Program:
    """Like `interpret_workflow`, for one order of the arguments of `run`."""
    implicit = mode or DependencyMode.IMPLICIT
    program, lists_depends = _interpret(entry, name, implicit, traced=traced, step_first=step_first)
    if mode is None and lists_depends:
        program, _ = _interpret(entry, name, DependencyMode.LEGACY, traced=traced, step_first=step_first)
    return program


def _interpret(
    entry: OpenModule, name: str, mode: DependencyMode, *, traced: bool, step_first: bool
) -> tuple[Program, bool]:
    """Return the program in one dependency mode, and whether a step lists its dependencies in `depends`."""
    new = partial(_open_for_workflow, mode=mode, traced=traced)
    interpreter = new(entry)
    if entry.shared_runs is None:
        return _interpret_in(interpreter, entry, name, traced=traced, step_first=step_first)
    from stepgraph.interpreter.shared_runs import ProgramSettings

    root, importer = _root_of(entry), entry.importer
    settings = ProgramSettings(
        None if importer is None else importer.files,
        root.path,
        entry.main is not None,
        entry.workflows,
        mode,
        traced,
    )
    program = entry.shared_runs.program(settings, partial(new, replace(entry, module=root)))
    interpreter.modules.sharing = program
    try:
        return _interpret_in(interpreter, entry, name, traced=traced, step_first=step_first)
    except ProgramNotRunError as error:
        interpreter = program.start(error.names, entry.module)
    return _interpret_in(interpreter, entry, name, traced=traced, step_first=step_first)


def _root_of(entry: OpenModule) -> SourceModule:
    """Return the module whose import starts the program: the main module, or else the analyzed module."""
    main = None if entry.main is None or entry.importer is None else entry.importer.load(entry.main)
    return main if isinstance(main, SourceModule) else entry.module


def _open_for_workflow(entry: OpenModule, *, mode: DependencyMode, traced: bool) -> Interpreter:
    """Return a new interpreter for a workflow of a module."""
    interpreter, _ = open_interpreter(entry)
    interpreter.mode = mode
    if traced:
        from stepgraph.interpreter.replay.replay_tracer import ReplayTracer  # only a check needs it

        interpreter.tracer = ReplayTracer(interpreter)
    return interpreter


def _interpret_in(
    interpreter: Interpreter, entry: OpenModule, name: str, *, traced: bool, step_first: bool
) -> tuple[Program, bool]:
    """Like `_interpret`, in an interpreter that has interpreted no workflow."""
    scope = interpreter.modules.scope_of(entry.module)
    with class_search_limits(interpreter, entry):
        workflow = find_configured_class(interpreter, scope, name)
    if workflow is None:
        raise KeyError(name)
    _report_unknown_base(interpreter, workflow)
    place = SourcePlace(workflow.scope.module, workflow.node)
    payload = PayloadShape()
    body, run = EMPTY_BLOCK, place
    operations: tuple[VisitedOperation, ...] = ()
    try:
        body, run = _interpret_run(interpreter, workflow, payload, place, step_first=step_first)
        if interpreter.work.first_starts:
            # Imported here because few workflows evaluate tasks again that start others.
            from stepgraph.interpreter.workflow.repeated_starts import merge_repeated_starts

            merge_repeated_starts(interpreter, body)
        operations = tuple(walk_operations(body))
        if not interpreter.stopped:
            _observe_workflow(interpreter, workflow, operations, run)
        if traced:
            _observe_load_failures(interpreter, workflow)
    except LimitExceededError as error:
        interpreter.stop(error, run)
    program = Program(
        class_name=workflow.name,
        body=body,
        operations=operations,
        payload=payload,
        notes=_sorted_notes(interpreter),
        place=place,
        mode=interpreter.mode,
        facts=tuple(interpreter.facts),
        name_place=SourcePlace(workflow.scope.module, workflow.node.name),
        may_be_base=not may_run_steps(body) and may_be_base(workflow),
        run=run,
        unordered=frozenset(
            interpreter.work.first_starts.get(task_id, task_id) for task_id in interpreter.work.unordered
        ),
    )
    return program, interpreter.steps.lists_depends


def _observe_load_failures(interpreter: Interpreter, workflow: ClassValue) -> None:
    """Add the facts about code that cannot be compiled, imported or loaded."""
    # Imported here because only a check needs them.
    from stepgraph.interpreter.modules.missing_imports import observe_missing_imports
    from stepgraph.interpreter.modules.missing_names import observe_circular_imports, observe_missing_names
    from stepgraph.interpreter.modules.unloadable_imports import observe_compile_failures, observe_unloadable_imports
    from stepgraph.interpreter.workflow.subscripted_bases import observe_unsubscriptable_bases

    observe_unsubscriptable_bases(interpreter, workflow)
    observe_unloadable_imports(interpreter)
    observe_missing_imports(interpreter)
    observe_missing_names(interpreter)
    observe_compile_failures(interpreter)
    observe_circular_imports(interpreter)


def _report_unknown_base(interpreter: Interpreter, workflow: ClassValue) -> None:
    """Add a note for a class that is a workflow only if its unknown base class is one."""
    base = None if derives_from_entrypoint(workflow) else unknown_base(workflow)
    if base is not None:
        interpreter.note(
            "unknown-base",
            base.place,
            f"the base class `{base.place.text}` of `{workflow.name}` is not in the project. It may not be a workflow"
            " class, and it may run steps of its own.",
            f"The graph shows `{workflow.name}.run`.",
        )


def _sorted_notes(interpreter: Interpreter) -> tuple[Note, ...]:
    """Return the interpreter's notes in source order."""
    notes = [
        Note(code, message, advice, place.span, incomplete)
        for (code, _), (place, message, advice, incomplete) in interpreter.notes.items()
    ]
    return tuple(sorted(notes, key=lambda note: (note.span, note.code)))


def _observe_workflow(
    interpreter: Interpreter, workflow: ClassValue, operations: Sequence[VisitedOperation], run: SourcePlace
) -> None:
    """Add the notes and facts that require the complete workflow."""
    report_late_escapes(interpreter)
    report_skipped_calls(interpreter)
    if interpreter.recursions_over_data:
        # Imported here because few workflows have recursive functions.
        from stepgraph.interpreter.recursive_calls import report_unknown_data

        report_unknown_data(interpreter)
    report_unawaited_work(interpreter, operations, run)
    report_unknown_parameters(interpreter)
    _observe_unwrapped_run(interpreter, workflow)
    interpreter.tracer.on_end(operations)


def _interpret_run(
    interpreter: Interpreter, workflow: ClassValue, payload: PayloadShape, place: SourcePlace, *, step_first: bool
) -> tuple[OperationBlock, SourcePlace]:
    """Interpret the creation of an instance and the call of its `run` with the event and the step object.

    With `step_first`, the step object is the first argument.

    Return the body of `run`, and the location of the function, or of the class if the function is unknown.
    """
    instance = ProjectObject(workflow, interpreter.store.new())
    interpreter.replays = True
    initializer = interpreter.attribute(instance, "__init__", place)
    if isinstance(initializer, FunctionValue | Union):
        context_and_environment = Arguments((Argument(UNKNOWN, place), Argument(ENVIRONMENT, place)))
        interpreter.call(initializer, context_and_environment, place)
    of_base = is_named_like_base(workflow.name) or may_be_base(workflow)
    if isinstance(initializer, FunctionValue) and not of_base:
        observe_unusable_initializer(interpreter, initializer, workflow)
    run = interpreter.attribute(instance, "run", place)
    event = Event(payload, is_run_event=True)
    values: list[Value] = [StepObject(), event] if step_first else [event, StepObject()]
    if isinstance(run, FunctionValue) and is_static_with_instance(run):
        values.insert(0, instance)
    arguments = Arguments(tuple(Argument(value, place) for value in values))

    def await_run() -> OperationBlock:
        return interpreter.block_of(lambda: await_value(interpreter, interpreter.call(run, arguments, place), place))

    if isinstance(run, Union):
        return await_run(), place
    if not isinstance(run, FunctionValue):
        class_name: cst.CSTNode = workflow.node.name
        interpreter.note(
            "unknown-member",
            SourcePlace(place.module, class_name),
            f"`{workflow.name}.run` cannot be resolved.",
            "Its steps are missing from the graph. Define it as a method of the class.",
        )
        return EMPTY_BLOCK, place
    for caveat in run.caveats:
        interpreter.report_caveat(caveat)
    interpreter.tracer.on_entry(run.node)
    observe_unusable_run(interpreter, run, of_base=of_base)
    run_place = SourcePlace(run.scope.module, run.node)
    if isinstance(run.node, cst.Lambda):
        return await_run(), run_place
    return summarize_call(interpreter, run, arguments).function.body, run_place


_BASE_WORDS: Final = ("Base", "Abstract", "Mixin")
_ABSTRACT_CLASSES: Final = ("ABC", "ABCMeta")
_NOT_IMPLEMENTED: Final = "NotImplementedError"


def may_be_base(workflow: ClassValue) -> bool:
    """Return whether a class looks like a base class: private, abstract, or with a subclass in its module."""
    is_base = workflow.name.startswith("_") or workflow.name in workflow.scope.module.once(_base_names)
    return is_base or _is_abstract(workflow)


def _is_abstract(workflow: ClassValue) -> bool:
    """Return whether a class derives directly from `ABC`, or has or inherits an abstract method."""
    if any(last_name(base.value) in _ABSTRACT_CLASSES for base in (*workflow.node.bases, *workflow.node.keywords)):
        return True
    methods: dict[str, cst.FunctionDef] = {}
    for owner in project_classes(workflow):
        own = [each for each in statements(owner.node.body) if isinstance(each, cst.FunctionDef)]
        methods = {method.name.value: method for method in own} | methods
    return any(map(_is_abstract_method, methods.values()))


def _is_abstract_method(method: cst.FunctionDef) -> bool:
    """Return whether a method is declared as abstract, or only raises NotImplementedError."""
    if any("abstract" in last_name(decorator.decorator) for decorator in method.decorators):
        return True
    for statement in statements(method.body):
        match statement:
            case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()):  # the docstring
                continue
            case cst.Raise(exc=cst.Call(func=raised)) | cst.Raise(exc=cst.BaseExpression() as raised):
                return last_name(raised) == _NOT_IMPLEMENTED
            case _:
                return False
    return False


def is_named_like_base(name: str) -> bool:
    """Return whether the name of a class suggests that other classes derive from it."""
    return any(word in name for word in _BASE_WORDS)


def _base_names(module: SourceModule) -> frozenset[str]:
    """Return the names of the base classes of all classes in a module."""
    return frozenset(
        base.value.value
        for statement in statements_below(module.tree)
        if isinstance(statement, cst.ClassDef)
        for base in statement.bases
        if isinstance(base.value, cst.Name)
    )


def _observe_unwrapped_run(interpreter: Interpreter, workflow_class: ClassValue) -> None:
    """Record a fact if `run` receives the raw JavaScript event and step because the SDK does not wrap it.

    When a class that derives from WorkflowEntrypoint is created, the SDK wraps the `run` in the body of that class
    (SDK: `__init_subclass__` in `workers/entrypoints.py`).
    """
    classes = project_classes(workflow_class)
    owner = next((owner for owner in classes if resolve_body_name(interpreter, owner.scope, "run") is not None), None)
    if owner is None or derives_from_entrypoint(owner):
        return
    if any(_may_set_members(interpreter, base) for base in resolution_order(workflow_class)):
        return
    interpreter.observe(UnwrappedRun(owner.name, _inheriting_base(workflow_class, owner)))


def _may_set_members(interpreter: Interpreter, owner: Value) -> bool:
    """Return whether a class has unknown members, or whether a hook, metaclass or statement may assign its `run`."""
    if not isinstance(owner, ClassValue):
        return not isinstance(owner, External)
    return (
        not owner.has_plain_metaclass
        or bool(owner.caveats)
        or "__init_subclass__" in owner.scope.bindings.binders
        or interpreter.modules.is_assigned_externally(owner.scope, "run")
    )


def _inheriting_base(workflow_class: ClassValue, owner: ClassValue) -> SourcePlace:
    """Return the base through which a class statement inherits from `owner`, or else the name of the class."""
    arguments = workflow_class.node.bases
    if not any(argument.star for argument in arguments):
        for argument, base in zip(arguments, workflow_class.bases, strict=True):
            if isinstance(base, ClassValue) and owner in resolution_order(base):
                return SourcePlace(workflow_class.scope.module, argument.value)
    name: cst.CSTNode = workflow_class.node.name
    return SourcePlace(workflow_class.scope.module, name)
