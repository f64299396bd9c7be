"""Which workflow classes a module has: those that it defines, and those that it exports as the runtime finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.entry import OpenModule, may_be_base, open_interpreter, within_limits, workflow_named
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import derives_from_entrypoint, is_workflow, member, resolution_order
from stepgraph.interpreter.objects.names import module_name
from stepgraph.interpreter.objects.values import (
    ClassValue,
    External,
    ExternalResult,
    LexicalScope,
    Union,
    Unknown,
    UnknownBase,
    Unresolved,
    Value,
)
from stepgraph.interpreter.python.star_imports import exported_names
from stepgraph.limits import Limit, LimitExceededError
from stepgraph.model.note import ProblemKind
from stepgraph.syntax.changes import changed_in_functions
from stepgraph.syntax.class_visitor import classes_of
from stepgraph.syntax.module import Place, SourceModule
from stepgraph.syntax.walk import statements


class Exported(Struct, frozen=True):
    """A workflow class that a main module exports, under a name there."""

    name: str


class NotExported(Struct, frozen=True):
    """Why a class is not exported, in a word and in a sentence, and the workflow classes that are."""

    kind: ProblemKind
    reason: str
    others: tuple[str, ...] = ()


class Found(Struct, frozen=True):
    """The names of workflow classes, and the methods that stand for the `run` that classes like these lack."""

    workflows: tuple[str, ...]
    misnamed: tuple[Misnamed, ...] = ()
    refused: tuple[Refused, ...] = ()


class Misnamed(Struct, frozen=True):
    """A method with the place of its name, in a class that derives from WorkflowEntrypoint and has no `run`."""

    class_name: str
    method: str
    place: Place


class Refused(Struct, frozen=True):
    """A class that exceeds a limit, with the place of its name."""

    class_name: str
    reason: str
    place: Place


class Undeployed(Struct, frozen=True):
    """A workflow class that nothing deploys, with the place of its name."""

    class_name: str
    place: Place


def find_workflows(entry: OpenModule) -> Found:
    """Return the workflow classes that a module defines, in source order; else those that it exports.

    Raises InputError where that takes more work than it may.
    """
    interpreter, scope = open_interpreter(entry)
    with within_limits(interpreter, entry):
        return _find_workflows(interpreter, scope)


def _find_workflows(interpreter: Interpreter, scope: LexicalScope) -> Found:
    classes = classes_of(scope.module)
    refused = {name: reason for name in classes if (reason := _why_refused(interpreter, scope, name)) is not None}
    own = [name for name in classes if name not in refused]
    misnamed = tuple(method for name in own for method in _misnamed_runs(interpreter, scope, name))
    too_large = tuple(
        Refused(name, reason, Place(scope.module, classes[name].name)) for name, reason in refused.items()
    )
    for names in (own, exported_names(interpreter, scope)):
        found = tuple(name for name in names if _exported_workflow(interpreter, scope, name) is not None)
        if found:
            return Found(found, misnamed, too_large)
    return Found((), misnamed, too_large)


def _why_refused(interpreter: Interpreter, scope: LexicalScope, name: str) -> str | None:
    """Return the limit of one class that the class of a name exceeds, None where it exceeds none."""
    try:
        module_name(interpreter, scope, name)
    except LimitExceededError as error:
        if error.limit is not Limit.BASES:
            raise
        return error.reason
    return None


def _exported_workflow(interpreter: Interpreter, scope: LexicalScope, name: str) -> ClassValue | None:
    """Return the workflow class of a name, None where there is none that is within the limits."""
    return None if _why_refused(interpreter, scope, name) else workflow_named(interpreter, scope, name)


def _misnamed_runs(interpreter: Interpreter, scope: LexicalScope, name: str) -> Iterator[Misnamed]:
    """Yield a method that can only be meant for `run`, in a class of a module that surely has none."""
    if not any(map(scope.module.mentions, _MISNAMED)):
        return
    defined = module_name(interpreter, scope, name)
    if not isinstance(defined, ClassValue) or not derives_from_entrypoint(defined) or is_workflow(interpreter, defined):
        return
    if (
        may_be_base(defined)
        or _why_no_workflow(interpreter, scope.module.path, name, defined)[0] is not ProblemKind.NO_RUN
    ):
        return
    for statement in statements(defined.node.body):
        if isinstance(statement, cst.FunctionDef) and statement.name.value.encode() in _MISNAMED:
            yield Misnamed(name, statement.name.value, Place(scope.module, statement.name))


# What `run` is called by analogy with the handlers of a Worker, as `on_fetch`, or as in other languages.
_MISNAMED: Final = (b"on_run", b"onRun", b"Run")


class Exports:
    """The classes of a main module as the runtime finds them.

    It registers the workflow classes among the public names, or those of `__all__`, by the classes' names (workerd).
    Raises InputError where to find that out takes more work than it may.
    """

    def __init__(self, entry: OpenModule) -> None:
        self._entry = entry
        self._machine, self._scope = open_interpreter(entry)

    def find(self, class_name: str) -> Exported | NotExported:
        """Return the class of that name, or why it is not found."""
        with within_limits(self._machine, self._entry):
            return self._find(class_name)

    def _find(self, class_name: str) -> Exported | NotExported:
        refused = _why_refused(self._machine, self._scope, class_name)
        if refused is not None:
            reason = f"the class `{class_name}` in {self._scope.module.path} is not analyzed: {refused}"
            return NotExported(ProblemKind.LIMIT, reason)
        value = module_name(self._machine, self._scope, class_name)
        is_there = class_name in self._names and isinstance(value, ClassValue) and value.name == class_name
        if is_there and workflow_named(self._machine, self._scope, class_name) is not None:
            return Exported(class_name)
        renamed = self._by_class_name.get(class_name)
        if renamed is not None:
            return Exported(renamed)
        kind, reason = _why_not(self._machine, self._scope, class_name, value)
        return NotExported(kind, reason, self._class_names)

    @cached_property
    def _names(self) -> dict[str, None]:
        return dict.fromkeys(exported_names(self._machine, self._scope))

    @cached_property
    def _by_class_name(self) -> dict[str, str]:
        """The exported names of workflow classes, the first one of each class name."""
        found: dict[str, str] = {}
        for name in self._names:
            workflow = _exported_workflow(self._machine, self._scope, name)
            if workflow is not None:
                found.setdefault(workflow.name, name)
        return found

    @cached_property
    def _class_names(self) -> tuple[str, ...]:
        return tuple(self._by_class_name)


def find_undeployed(entry: OpenModule, configuration: bytes) -> Iterator[Undeployed]:
    """Yield the workflow classes that a main module defines and exports, and its configuration names nowhere.

    One that may be a base of others, or is named for another environment, is none of them.
    """
    named = frozenset(_WORD.findall(configuration.decode("utf-8", "replace")))
    own = [name for name in classes_of(entry.module) if name not in named]
    if not own:
        return
    interpreter, scope = open_interpreter(entry)
    with suppress(LimitExceededError):  # whether another one is deployed is not worth more work
        exported = frozenset(exported_names(interpreter, scope))
        for name in own:
            defined = _exported_workflow(interpreter, scope, name) if name in exported else None
            if defined is not None and defined.scope.module is scope.module and not may_be_base(defined):
                yield Undeployed(name, Place(scope.module, defined.node.name))


_WORD: Final = re.compile(r"\w+")

_Why: TypeAlias = tuple[ProblemKind, str]


def _why_not(interpreter: Interpreter, scope: LexicalScope, class_name: str, value: Value | None) -> _Why:
    path = scope.module.path
    if isinstance(value, ClassValue):
        return _why_not_as_class(interpreter, scope.module, class_name, value)
    unresolved = ProblemKind.UNRESOLVED_CLASS
    if isinstance(value, Unresolved):
        kind = ProblemKind.MISSING_CLASS if _is_missing(interpreter, value) else unresolved
        return kind, f"the class `{class_name}` cannot be followed: {value.reason}"
    if isinstance(value, External):
        return unresolved, f"the class `{class_name}` is imported as `{value.name}`, which is not in the project"
    if isinstance(value, Union):
        reason = f"the class `{class_name}` in {path} is defined in several ways, of which none is known to count"
        return unresolved, reason
    if isinstance(value, Unknown | ExternalResult):
        return unresolved, f"what `{class_name}` in {path} stands for is not known, so whether it is a class is not"
    # Of several modules from outside whose names are all imported, any may have it.
    is_open = value is None and bool(interpreter.modules.stars.outside.get(scope))
    if value is None and not is_open and _names_by_computing(scope.module):
        return unresolved, f"no statement in {path} binds `{class_name}`, but what it runs may"
    return unresolved if is_open else ProblemKind.MISSING_CLASS, f"there is no class `{class_name}` in {path}"


def _is_missing(interpreter: Interpreter, value: Unresolved) -> bool:
    """Whether an import of what is not there was reported at its place."""
    return any((code, id(value.place.node)) in interpreter.notes for code in ("missing-module", "missing-name"))


def _names_by_computing(module: SourceModule) -> bool:
    """Whether a module may have names that no statement of it binds."""
    return any(module.mentions(word) for word in (b"globals(", b"\nexec(", b"sys.modules"))


def _why_not_as_class(interpreter: Interpreter, module: SourceModule, class_name: str, value: ClassValue) -> _Why:
    path = module.path
    if "__name__" in value.scope.names:
        reason = f"`{class_name}` in {path} is the class `{value.name}`, which is given another name"
        return ProblemKind.UNRESOLVED_CLASS, reason
    if value.name != class_name:
        reason = f"`{class_name}` in {path} is the class `{value.name}`, and is exported under that name"
        return ProblemKind.UNEXPORTED_CLASS, reason
    if not is_workflow(interpreter, value):
        return _why_no_workflow(interpreter, path, class_name, value)
    if class_name.startswith("_"):
        reason = f"the class `{class_name}` in {path} is private, and so is not exported"
        return ProblemKind.UNEXPORTED_CLASS, reason
    if "__all__" in module.once(changed_in_functions):
        reason = f"whether the class `{class_name}` is in `__all__` of {path} is not known, as functions change that"
        return ProblemKind.UNRESOLVED_CLASS, reason
    reason = f"the class `{class_name}` is not in `__all__` of {path}, and so is not exported"
    return ProblemKind.UNEXPORTED_CLASS, reason


def _why_no_workflow(interpreter: Interpreter, path: str, class_name: str, value: ClassValue) -> _Why:
    order = resolution_order(value)
    broken = next((base for base in order if isinstance(base, Unresolved)), None)
    if broken is not None:
        reason = f"a base of the class `{class_name}` in {path} cannot be followed: {broken.reason}"
        return ProblemKind.UNRESOLVED_CLASS, reason
    is_open = any(isinstance(base, UnknownBase) for base in order)
    if not derives_from_entrypoint(value):
        reason = f"the class `{class_name}` in {path} has no `WorkflowEntrypoint` among its bases"
        return ProblemKind.UNRESOLVED_CLASS if is_open else ProblemKind.MISSING_CLASS, reason
    is_open = is_open or member(interpreter, order, "run") is not None
    is_open = is_open or interpreter.modules.is_assigned_elsewhere(value.scope, "run")
    reason = f"the class `{class_name}` in {path} has no method `run`"
    return ProblemKind.UNRESOLVED_CLASS if is_open else ProblemKind.NO_RUN, reason
