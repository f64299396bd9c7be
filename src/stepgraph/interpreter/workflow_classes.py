"""The workflow classes that a module defines, and those that it exports to the runtime."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import islice
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.entry import (
    OpenModule,
    class_search_limits,
    find_configured_class,
    find_workflow_class,
    is_named_like_base,
    may_be_base,
    open_interpreter,
)
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.star_imports import exported_names
from stepgraph.interpreter.objects.class_relations import derives_from_entrypoint, is_workflow, unknown_base
from stepgraph.interpreter.objects.classes import find_member, project_classes, resolution_order
from stepgraph.interpreter.objects.names import resolve_body_name
from stepgraph.interpreter.unanalyzed_classes import UnanalyzedClass, unanalyzed_classes
from stepgraph.interpreter.values.objects import ClassValue, LexicalScope, UnknownBase
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import External, ExternalResult, Unknown, Unresolved, Value
from stepgraph.limits import Limit, LimitExceededError
from stepgraph.model.note import Problem, ProblemKind
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.derivations import classes_of
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.mutation.changes import may_mutate_in_functions
from stepgraph.syntax.walk import statements, statements_below

_MAX_NAMES: Final = 8
"""The maximum number of exported classes that a problem names."""


class ExportedClass(Struct, frozen=True):
    """A workflow class that a main module exports."""

    name: str
    """The name of the class in the module, which may be an alias."""


class NotExported(Struct, frozen=True):
    """The reason why a main module does not export a workflow class."""

    kind: ProblemKind
    reason: str
    """The reason, as a sentence without a period."""
    exported_classes: tuple[str, ...] = ()
    """The names of the workflow classes that the module exports."""
    advice: str = ""
    """The change with which the module exports the class, or an empty string if it is unknown."""

    def problem(
        self, location: tuple[str, int, int], module: str, near: str | None, import_advice: str | None
    ) -> Problem:
        """Return the problem of the class that a configuration names at a location: path, line and column.

        `module` is the path of the main module, `near` a similar name, and `import_advice` the advice for a class that
        another module defines.
        """
        names = ", ".join(f"`{name}`" for name in self.exported_classes[:_MAX_NAMES])
        near_advice = f"Did you mean `{near}`?" if near else f"{module} exports {names or 'no workflow class'}."
        has_alternative = self.kind is ProblemKind.MISSING_CLASS and bool(self.exported_classes)
        own_advice = f"{self.advice} {near_advice}" if has_alternative else self.advice
        advice = import_advice or (own_advice if self.advice else near_advice)
        return Problem(location[0], f"{self.reason}.", advice, *location[1:], kind=self.kind)


class WorkflowClasses(Struct, frozen=True):
    """The workflow classes of a module, and its classes that are not valid workflows."""

    workflows: tuple[str, ...]
    """The names of the workflow classes in the module."""
    missing_runs: tuple[MissingRun, ...] = ()
    over_limit: tuple[ClassOverLimit, ...] = ()
    unanalyzed: tuple[UnanalyzedClass, ...] = ()


class MissingRun(Struct, frozen=True):
    """A subclass of WorkflowEntrypoint that has no `run`, although its body contains the code of a workflow."""

    class_name: str
    method: str
    """The function that looks like `run`, or an empty string if the class declares steps in its body."""
    place: SourcePlace
    """The location of the function's name or of the first declaration of a step."""

    @property
    def problem(self) -> Problem:
        """The hint that the engine cannot run the class."""
        span = self.place.span
        match self.method:
            case "":
                consequence = "and its body uses `step`, which is undefined there: a NameError when the Worker starts"
                advice = "Declare the steps in `async def run(self, event, step)`."
            case "run":
                consequence = "and the engine does not call this function `run`, which is not in the body of the class"
                advice = "Indent it as a method of the class."
            case name:
                consequence, advice = f"and the engine does not call `{name}`", "Name the method `run`."
        message = f"the class `{self.class_name}` has no method `run`, {consequence}."
        return Problem(span.path, message, advice, span.line, span.column, kind=ProblemKind.NO_RUN)


class ClassOverLimit(Struct, frozen=True):
    """A class that exceeds a limit of the analysis."""

    class_name: str
    reason: str
    place: SourcePlace
    """The location of the class name."""

    @property
    def problem(self) -> Problem:
        """The problem that the class is not analyzed."""
        span, kind = self.place.span, ProblemKind.LIMIT
        message = f"the class `{self.class_name}` is not analyzed: {self.reason}."
        return Problem(span.path, message, "Derive it from fewer classes.", span.line, span.column, kind=kind)


class UndeployedClass(Struct, frozen=True):
    """A workflow class that no configuration deploys."""

    class_name: str
    place: SourcePlace
    """The location of the class name."""

    def problem(self, configuration: str) -> Problem:
        """Return the hint that the configuration at a path does not name the class."""
        span = self.place.span
        message = f"{configuration} does not name the workflow class `{self.class_name}`, so it is not deployed."
        advice = "Add it to `workflows` there, or pass this file to analyze it."
        return Problem(span.path, message, advice, span.line, span.column, kind=ProblemKind.CONFIGURATION)


def find_workflows(entry: OpenModule, configured: Collection[str] = ()) -> WorkflowClasses:
    """Return the workflow classes that a module defines, in source order. Without any, return the exported ones.

    Classes that functions create follow the class statements.

    A class that is `configured`, by name, is a workflow class even if its base class is unknown. Raises InputError if
    the search exceeds a limit.
    """
    interpreter, scope = open_interpreter(entry)
    with class_search_limits(interpreter, entry):
        return _find_workflows(interpreter, scope, configured)


def _find_workflows(interpreter: Interpreter, scope: LexicalScope, configured: Collection[str]) -> WorkflowClasses:
    classes = classes_of(scope.module)
    reasons = {name: reason for name in classes if (reason := _limit_reason(interpreter, scope, name)) is not None}
    within_limit = [name for name in classes if name not in reasons]
    missing = tuple(run for name in within_limit for run in _missing_runs(interpreter, scope, name))
    refused = tuple(
        ClassOverLimit(name, reason, SourcePlace(scope.module, classes[name].name)) for name, reason in reasons.items()
    )
    for names in ([*within_limit, *_created_classes(interpreter, scope)], exported_names(interpreter, scope)):
        workflows = tuple(
            name
            for name in names
            if _workflow_within_limit(interpreter, scope, name, is_configured=name in configured) is not None
        )
        if workflows:
            break
    return WorkflowClasses(workflows, missing, refused, tuple(unanalyzed_classes(interpreter, scope, workflows)))


def _created_classes(interpreter: Interpreter, scope: LexicalScope) -> list[str]:
    """Return the exported names that a module binds to results of calls, if these are classes of its functions."""
    module = scope.module
    if not any(map(module.mentions, _CLASS_IN_FUNCTION)):
        return []
    called = [name for name, binders in scope.bindings.binders.items() if any(map(_binds_result, binders))]
    exported = frozenset(exported_names(interpreter, scope)) if called else frozenset[str]()
    return [
        name
        for name in called
        if name in exported
        and _limit_reason(interpreter, scope, name) is None
        and isinstance(value := resolve_body_name(interpreter, scope, name), ClassValue)
        and value.scope.is_local
        and value.scope.module is module
    ]


_CLASS_IN_FUNCTION: Final = (b"    class ", b"\tclass ")


def _binds_result(binder: cst.CSTNode) -> bool:
    """Return whether a statement binds a name to the result of a call or of a decorator."""
    match binder:
        case cst.Assign(value=cst.Call()) | cst.AnnAssign(value=cst.Call()):
            return True
        case cst.FunctionDef(decorators=[_, *_]):
            return True
        case _:
            return False


def _limit_reason(interpreter: Interpreter, scope: LexicalScope, name: str) -> str | None:
    """Return the reason for rejecting a class that exceeds the limit of base classes. Return None for other classes."""
    try:
        resolve_body_name(interpreter, scope, name)
    except LimitExceededError as error:
        if error.limit is not Limit.BASES:
            raise
        return error.reason
    return None


def _workflow_within_limit(
    interpreter: Interpreter, scope: LexicalScope, name: str, *, is_configured: bool = False
) -> ClassValue | None:
    """Return the workflow class bound to a name. Return None if there is none, or if it exceeds a limit."""
    find = find_configured_class if is_configured else find_workflow_class
    return None if _limit_reason(interpreter, scope, name) else find(interpreter, scope, name)


def _missing_runs(interpreter: Interpreter, scope: LexicalScope, name: str) -> Iterator[MissingRun]:
    """Yield the code in a class that belongs in `run`, if the class cannot have a `run`."""
    if not scope.module.once(_may_lack_run):
        return
    value = resolve_body_name(interpreter, scope, name)
    if not isinstance(value, ClassValue) or not derives_from_entrypoint(value) or is_workflow(interpreter, value):
        return
    from stepgraph.syntax.derivations import is_test_module  # few classes lack `run`

    if scope.module.once(is_test_module):
        return
    if (
        may_be_base(value)
        or _has_dynamic_members(value)
        or _not_workflow_reason(interpreter, scope.module.path, name, value)[0] is not ProblemKind.NO_RUN
    ):
        return
    methods = [statement for statement in statements(value.node.body) if isinstance(statement, cst.FunctionDef)]
    functions = [method for method in methods if _is_misnamed_run(method)]
    functions = functions or _misplaced_runs(scope.module, methods) or _workflow_methods(scope.module, value, methods)
    for function in functions:
        yield MissingRun(name, function.name.value, SourcePlace(scope.module, function.name))
    if not functions and not _may_bind(scope, _STEP):
        places = (SourcePlace(value.scope.module, call) for method in methods for call in _declarations(method))
        yield from (MissingRun(name, "", place) for place in islice(places, 1))


def _has_dynamic_members(value: ClassValue) -> bool:
    """Return whether a class or one of its bases may provide a method `run` on access."""
    return any("__getattr__" in owner.scope.bindings.binders for owner in project_classes(value))


def _may_lack_run(module: SourceModule) -> bool:
    names = (f"def {name}".encode() for name in _MISNAMED)
    return any(map(module.mentions, names)) or module.mentions(b"@step.") or module.mentions(b"await step.")


def _is_misnamed_run(method: cst.FunctionDef) -> bool:
    """Return whether a method looks like a misnamed `run`."""
    takes_step = len(method.params.posonly_params) + len(method.params.params) >= _RUN_PARAMETERS
    return method.name.value in _HANDLERS or (method.name.value in _MISNAMED and takes_step)


def _misplaced_runs(module: SourceModule, methods: Sequence[cst.FunctionDef]) -> list[cst.FunctionDef]:
    """Return the functions `run(self, event, step)` that are nested in a method, or outside of all classes."""
    suites: list[cst.BaseSuite | cst.Module] = [module.tree, *(method.body for method in methods)]
    functions = (each for suite in suites for each in statements_below(suite) if isinstance(each, cst.FunctionDef))
    return [each for each in functions if each.name.value == "run" and _parameter_names(each) == _RUN_SIGNATURE]


def _workflow_methods(
    module: SourceModule, value: ClassValue, methods: Sequence[cst.FunctionDef]
) -> list[cst.FunctionDef]:
    """Return the methods that take and use the arguments of `run`, unless the name of the class is that of a base."""
    if is_named_like_base(value.name):
        return []
    candidates = [method for method in methods if _parameter_names(method) == _RUN_SIGNATURE]
    return [each for each in candidates if f"{_STEP}." in module.text(each.body)]


def _parameter_names(function: cst.FunctionDef) -> list[str]:
    return [parameter.name.value for parameter in parameters(function.params)]


def _declarations(method: cst.FunctionDef) -> Iterator[cst.Call]:
    """Yield the calls that declare a step and decorate a method, such as `step.do("charge")`."""
    for decorator in method.decorators:
        match decorator.decorator:
            case cst.Call(func=cst.Attribute(value=cst.Name(value=owner))) as call if owner == _STEP:
                yield call


def _may_bind(scope: LexicalScope, name: str) -> bool:
    """Return whether a module may bind a name, directly, by a star import or dynamically."""
    return name in scope.bindings.binders or bool(scope.bindings.stars) or _may_bind_dynamically(scope.module)


_STEP: Final = "step"
# Names formed by analogy with the handlers of a Worker, such as `on_fetch`, and with `run` in other languages.
_HANDLERS: Final = ("on_run", "onRun", "Run")
# The names above and the names of entry points of other frameworks. A method with one of the latter names counts only
# if it takes the event and the step.
_MISNAMED: Final = (*_HANDLERS, "__call__", "execute", "handle", "handler", "main", "run_workflow", "start", "workflow")
# The number of parameters of `run`: the instance, the event and the step.
_RUN_PARAMETERS: Final = 3
_RUN_SIGNATURE: Final = ["self", "event", _STEP]


class ModuleExports:
    """The workflow classes that a main module exports to the runtime.

    The runtime registers classes by class name, not by the name in the module. It searches `__all__`, or else all
    public names (workerd).
    """

    def __init__(self, entry: OpenModule) -> None:
        self._entry = entry
        self._interpreter, self._scope = open_interpreter(entry)

    def find(self, class_name: str) -> ExportedClass | NotExported:
        """Return the exported class with a class name, or the reason why it is not exported.

        Raises InputError if the search exceeds a limit.
        """
        with class_search_limits(self._interpreter, self._entry):
            return self._find(class_name)

    def _find(self, class_name: str) -> ExportedClass | NotExported:
        exceeded = _limit_reason(self._interpreter, self._scope, class_name)
        if exceeded is not None:
            reason = f"the class `{class_name}` in {self._scope.module.path} is not analyzed: {exceeded}"
            return NotExported(ProblemKind.LIMIT, reason)
        value = resolve_body_name(self._interpreter, self._scope, class_name)
        has_class = class_name in self._names and isinstance(value, ClassValue) and value.name == class_name
        if has_class and find_workflow_class(self._interpreter, self._scope, class_name) is not None:
            return ExportedClass(class_name)
        alias = self._by_class_name.get(class_name)
        if alias is not None:
            return ExportedClass(alias)
        if has_class and find_configured_class(self._interpreter, self._scope, class_name) is not None:
            return ExportedClass(class_name)
        kind, reason = _not_exported_reason(self._interpreter, self._scope, class_name, value)
        advice = _export_advice(kind, class_name, value)
        return NotExported(kind, reason, self._class_names, advice)

    @cached_property
    def _names(self) -> dict[str, None]:
        return dict.fromkeys(exported_names(self._interpreter, self._scope))

    @cached_property
    def _by_class_name(self) -> dict[str, str]:
        """The first exported name of each workflow class, by class name."""
        names: dict[str, str] = {}
        for name in self._names:
            workflow = _workflow_within_limit(self._interpreter, self._scope, name)
            if workflow is not None:
                names.setdefault(workflow.name, name)
        return names

    @cached_property
    def _class_names(self) -> tuple[str, ...]:
        return tuple(self._by_class_name)


def find_undeployed(entry: OpenModule, configuration: bytes) -> Iterator[UndeployedClass]:
    """Yield the workflow classes that a main module defines and exports, but its configuration never mentions.

    Base classes are omitted. A class that the configuration of another environment mentions counts as deployed.
    """
    configured_words = frozenset(re.findall(_WORD, configuration.decode("utf-8", "replace")))
    unmentioned = [name for name in classes_of(entry.module) if name not in configured_words]
    if not unmentioned:
        return
    interpreter, scope = open_interpreter(entry)
    with suppress(LimitExceededError):  # a missing finding is better than an error
        exported = frozenset(exported_names(interpreter, scope))
        for name in unmentioned:
            workflow = _workflow_within_limit(interpreter, scope, name) if name in exported else None
            if workflow is not None and workflow.scope.module is scope.module and not may_be_base(workflow):
                yield UndeployedClass(name, SourcePlace(scope.module, workflow.node.name))


_WORD: Final = r"\w+"

# The kind and wording of a problem.
_Reason: TypeAlias = tuple[ProblemKind, str]


def _not_exported_reason(
    interpreter: Interpreter, scope: LexicalScope, class_name: str, value: Value | None
) -> _Reason:
    """Return the reason why no workflow class named `class_name` is exported. `value` is the value of this name."""
    path = scope.module.path
    if isinstance(value, ClassValue):
        return _class_not_exported_reason(interpreter, scope.module, class_name, value)
    unresolved = ProblemKind.UNRESOLVED_CLASS
    if isinstance(value, Unresolved):
        kind = ProblemKind.MISSING_CLASS if _is_failed_import(interpreter, value) else unresolved
        return kind, f"the class `{class_name}` cannot be resolved: {value.reason}"
    if isinstance(value, External):
        return unresolved, f"the class `{class_name}` is imported as `{value.name}`, which is outside the project"
    if isinstance(value, Union):
        reason = f"the class `{class_name}` in {path} has several definitions, and which one is used is unknown"
        return unresolved, reason
    if isinstance(value, Unknown | ExternalResult):
        return unresolved, f"the value of `{class_name}` in {path} is unknown, so it may not be a class"
    # A star import from a module outside the project may bind the name.
    may_be_imported = value is None and bool(interpreter.modules.stars.external_modules.get(scope))
    if value is None and not may_be_imported and _may_bind_dynamically(scope.module):
        return unresolved, f"no statement in {path} binds `{class_name}`, but code that it runs may"
    return unresolved if may_be_imported else ProblemKind.MISSING_CLASS, f"no class `{class_name}` in {path}"


def _is_failed_import(interpreter: Interpreter, value: Unresolved) -> bool:
    """Return whether a value comes from an import of a missing module or name, according to a note."""
    return any((code, id(value.place.node)) in interpreter.notes for code in ("missing-module", "missing-name"))


def _may_bind_dynamically(module: SourceModule) -> bool:
    """Return whether code such as `globals()["Orders"] = ...` may bind names in a module."""
    return any(module.mentions(word) for word in (b"globals(", b"\nexec(", b"sys.modules"))


def _class_not_exported_reason(
    interpreter: Interpreter, module: SourceModule, class_name: str, value: ClassValue
) -> _Reason:
    path = module.path
    if "__name__" in value.scope.names:
        reason = f"`{class_name}` in {path} is the class `{value.name}`, whose `__name__` is changed"
        return ProblemKind.UNRESOLVED_CLASS, reason
    if value.name != class_name:
        reason = f"`{class_name}` in {path} is the class `{value.name}`, and is exported as `{value.name}`"
        return ProblemKind.UNEXPORTED_CLASS, reason
    if not is_workflow(interpreter, value):
        return _not_workflow_reason(interpreter, path, class_name, value)
    if class_name.startswith("_"):
        reason = f"the class `{class_name}` in {path} is private, so it is not exported"
        return ProblemKind.UNEXPORTED_CLASS, reason
    if may_mutate_in_functions(module, "__all__"):
        reason = f"functions change `__all__` of {path}, so whether it exports the class `{class_name}` is unknown"
        return ProblemKind.UNRESOLVED_CLASS, reason
    reason = f"the class `{class_name}` is not in `__all__` of {path}, so it is not exported"
    return ProblemKind.UNEXPORTED_CLASS, reason


def _export_advice(kind: ProblemKind, class_name: str, value: Value | None) -> str:
    """Return the change with which the module exports a class of this name, or an empty string if it is unknown."""
    package = _external_package(value) if kind is ProblemKind.UNRESOLVED_CLASS else ""
    if package:
        return f"If this repository contains `{package}`, declare it in `[tool.uv.sources]` in `pyproject.toml`."
    if not isinstance(value, ClassValue) or value.name != class_name:
        return ""
    if kind is ProblemKind.MISSING_CLASS:
        return "Derive it from `WorkflowEntrypoint`."
    if kind is not ProblemKind.UNEXPORTED_CLASS:
        return ""
    public_name = class_name.lstrip("_")
    return f"Rename it, as in `{public_name}`." if public_name != class_name else "Add it to `__all__`."


def _external_package(value: Value | None) -> str:
    """Return the package outside the project that defines a class or one of its bases, or an empty string."""
    if isinstance(value, ClassValue):
        base = unknown_base(value)
        name = base.identity if base is not None else None
    else:
        name = value.name if isinstance(value, External) else None
    return name.partition(".")[0] if isinstance(name, str) else ""


def _not_workflow_reason(interpreter: Interpreter, path: str, class_name: str, value: ClassValue) -> _Reason:
    order = resolution_order(value)
    unresolved = next((base for base in order if isinstance(base, Unresolved)), None)
    if unresolved is not None:
        reason = f"a base of the class `{class_name}` in {path} cannot be resolved: {unresolved.reason}"
        return ProblemKind.UNRESOLVED_CLASS, reason
    if not derives_from_entrypoint(value):
        unknown = unknown_base(value)
        if unknown is not None:
            is_named = isinstance(unknown.identity, str)
            base = f"`{unknown.identity if is_named else unknown.place.text}`"
            fault = "is outside the project" if is_named else "cannot be resolved"
            reason = f"the class `{class_name}` in {path} derives from {base}, which {fault}"
            return ProblemKind.UNRESOLVED_CLASS, reason
        reason = f"the class `{class_name}` in {path} does not derive from `WorkflowEntrypoint`"
        return ProblemKind.MISSING_CLASS, reason
    may_be_workflow = any(isinstance(base, UnknownBase) for base in order)
    may_be_workflow = may_be_workflow or find_member(interpreter, order, "run") is not None
    may_be_workflow = may_be_workflow or interpreter.modules.is_assigned_externally(value.scope, "run")
    reason = f"the class `{class_name}` in {path} has no method `run`"
    misnamed = next(
        (s for s in statements(value.node.body) if isinstance(s, cst.FunctionDef) and _is_misnamed_run(s)), None
    )
    if misnamed is not None:
        reason += f", and the engine does not call `{misnamed.name.value}`"
    return ProblemKind.UNRESOLVED_CLASS if may_be_workflow else ProblemKind.NO_RUN, reason
