"""Workflow classes that a call creates, so that the analysis omits them: `Orders = type("Orders", (Base,), {...})`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.sdk_imports import ENTRYPOINT
from stepgraph.interpreter.objects.class_relations import derives_from_entrypoint
from stepgraph.interpreter.objects.names import resolve_body_name
from stepgraph.interpreter.values.containers import Collection
from stepgraph.interpreter.values.objects import ClassValue, LexicalScope, ModuleValue
from stepgraph.ir.values import External, Value
from stepgraph.model.note import Problem, ProblemKind
from stepgraph.syntax.bindings import import_binding
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import children

_CREATORS: Final = ("type", "new_class")
"""The functions that create a class from a tuple of bases."""
_MAX_DEPTH: Final = 2
"""The nesting of the collections that may contain a base class: the unpacked arguments of a call, and its bases."""
_ADVICE: Final = "Write a `class` statement for each workflow."


class UnanalyzedClass(Struct, frozen=True):
    """A workflow class that is not analyzed, because of the call that creates it."""

    message: str
    place: SourcePlace
    """The location of the name that the class is bound to."""

    @property
    def problem(self) -> Problem:
        """The hint that the class is not analyzed."""
        span = self.place.span
        return Problem(span.path, self.message, _ADVICE, span.line, span.column, kind=ProblemKind.UNRESOLVED_CLASS)


def unanalyzed_classes(
    interpreter: Interpreter, scope: LexicalScope, workflows: Sequence[str]
) -> Iterator[UnanalyzedClass]:
    """Yield the workflow classes of a module that are not among its `workflows`, or share a class name with one."""
    yield from _classes_of_the_same_name(interpreter, scope, workflows)
    yield from _created_classes(interpreter, scope, workflows)


def _classes_of_the_same_name(
    interpreter: Interpreter, scope: LexicalScope, workflows: Sequence[str]
) -> Iterator[UnanalyzedClass]:
    first_of: dict[str, str] = {}
    for name in workflows:
        value = resolve_body_name(interpreter, scope, name)
        if not isinstance(value, ClassValue):
            continue
        first = first_of.setdefault(value.name, name)
        target = _target(scope, name)
        if first != name and target is not None:
            message = (
                f"the classes `{first}` and `{name}` have the same class name, `{value.name}`, so only `{first}` is "
                "analyzed."
            )
            yield UnanalyzedClass(message, SourcePlace(scope.module, target))


def _created_classes(
    interpreter: Interpreter, scope: LexicalScope, workflows: Sequence[str]
) -> Iterator[UnanalyzedClass]:
    """Yield the workflow classes that a call creates, and those that derive from them."""
    created = _CreatedClasses(interpreter, scope, {})
    for name, binders in scope.bindings.binders.items():
        target = _target(scope, name)
        if target is None or name in workflows or not created.has(name):
            continue
        is_statement = any(isinstance(binder, cst.ClassDef) for binder in binders)
        origin = "derives from the result of a call" if is_statement else "is the result of a call"
        message = f"the workflow class `{name}` {origin}, so it is not analyzed."
        yield UnanalyzedClass(message, SourcePlace(scope.module, target))


class _CreatedClasses:
    """Searches a module for workflow classes that a call creates, and for those that derive from them."""

    def __init__(
        self, interpreter: Interpreter, scope: LexicalScope, by_scope: dict[LexicalScope, _CreatedClasses]
    ) -> None:
        self._interpreter = interpreter
        self._scope = scope
        self._by_scope = by_scope
        """The searches of all modules, by scope."""
        self._results: dict[str, bool] = {}
        """Whether each name that was looked up is such a class. False during the search for it."""

    def has(self, name: str) -> bool:
        """Return whether the module binds a name to such a class, itself or by an import."""
        if name not in self._results:
            self._results[name] = False
            binders = self._scope.bindings.binders.get(name, ())
            self._results[name] = any(map(self._binds_one, binders)) or self._imports(name)
        return self._results[name]

    def _binds_one(self, binder: cst.CSTNode) -> bool:
        """Return whether a statement binds a name to a class that the search includes."""
        match binder:
            case cst.Assign(value=cst.Call() as call) | cst.AnnAssign(value=cst.Call() as call):
                return self._creates_one(call)
            case cst.ClassDef(bases=bases):
                return any(self._is_created(base.value) for base in bases)
            case _:
                return False

    def _is_created(self, base: cst.BaseExpression) -> bool:
        match base:
            case cst.Name(value=name):
                return self.has(name)
            case cst.Attribute(value=cst.Name(value=module), attr=cst.Name(value=attribute)):
                owner = resolve_body_name(self._interpreter, self._scope, module)
                return (
                    isinstance(owner, ModuleValue)
                    and owner.scope is not None
                    and self._search(owner.scope).has(attribute)
                )
            case cst.Subscript(value=subscripted):
                return self._is_created(subscripted)
            case cst.Call():
                return self._creates_one(base)
            case _:
                return False

    def _imports(self, name: str) -> bool:
        bindings = self._scope.bindings
        imports = [each for each in bindings.binders.get(name, bindings.stars) if isinstance(each, cst.ImportFrom)]
        return any(
            self._search(imported).has(member)
            for statement in imports
            for member in _imported_members(statement, name)
            for imported in self._interpreter.modules.imported_by(self._scope.module, statement)
        )

    def _search(self, scope: LexicalScope) -> _CreatedClasses:
        search = self._by_scope.get(scope)
        if search is None:
            search = self._by_scope[scope] = _CreatedClasses(self._interpreter, scope, self._by_scope)
        return search

    def _creates_one(self, call: cst.Call) -> bool:
        if not _creates_class(self._interpreter, self._scope, call.func):
            return False
        return any(self._is_workflow_base(name) for bases in _base_arguments(call) for name in _dotted_names(bases))

    def _is_workflow_base(self, node: cst.Name | cst.Attribute) -> bool:
        """Return whether an expression is a base class of workflows, or a collection with one."""
        match node:
            case cst.Name(value=name):
                value = resolve_body_name(self._interpreter, self._scope, name)
                return self._is_created(node) or _may_be_entrypoint(value)
            case cst.Attribute(value=cst.Name(value=module), attr=cst.Name(value=attribute)):
                owner = resolve_body_name(self._interpreter, self._scope, module)
                if isinstance(owner, ModuleValue) and owner.scope is not None:
                    value = resolve_body_name(self._interpreter, owner.scope, attribute)
                    return self._is_created(node) or _may_be_entrypoint(value)
                return isinstance(owner, External) and f"{owner.name}.{attribute}" == ENTRYPOINT
            case _:
                return False


def _imported_members(statement: cst.ImportFrom, name: str) -> Iterator[str]:
    """Yield the member of a module that a statement may bind to a name."""
    if isinstance(statement.names, cst.ImportStar):
        yield name
        return
    for alias in statement.names:
        if import_binding(alias) == name:
            yield alias.evaluated_name


def _may_be_entrypoint(value: Value | None, depth: int = 0) -> bool:
    match value:
        case Collection(items=items) if depth < _MAX_DEPTH:
            return any(_may_be_entrypoint(item.value, depth + 1) for item in items)
        case ClassValue():
            return derives_from_entrypoint(value)
        case _:
            return value == External(ENTRYPOINT)


def _creates_class(interpreter: Interpreter, scope: LexicalScope, function: cst.BaseExpression) -> bool:
    match function:
        case cst.Name(value="type"):
            return "type" not in scope.bindings.binders
        case cst.Name(value=name):
            return resolve_body_name(interpreter, scope, name) == External("types.new_class")
        case cst.Attribute(value=cst.Name(value=module), attr=cst.Name(value="new_class")):
            return resolve_body_name(interpreter, scope, module) == External("types")
        case _:
            return False


def _base_arguments(call: cst.Call) -> Iterator[cst.BaseExpression]:
    """Yield the arguments of a call of `type` or `new_class` that contain the base classes, or may when unpacked."""
    for position, argument in enumerate(call.args):
        is_second = position == 1 and argument.keyword is None
        if argument.star or is_second or (argument.keyword is not None and argument.keyword.value == "bases"):
            yield argument.value


def _dotted_names(node: cst.CSTNode) -> Iterator[cst.Name | cst.Attribute]:
    """Yield the names in an expression, those with attributes as a whole."""
    if isinstance(node, cst.Name | cst.Attribute):
        yield node
        return
    for child in children(node):
        yield from _dotted_names(child)


def _target(scope: LexicalScope, name: str) -> cst.Name | None:
    """Return the name that an assignment of a module binds to a value, or the name of a function or class."""
    for binder in scope.bindings.binders.get(name, ()):
        match binder:
            case cst.Assign(targets=targets):
                names = (target.target for target in targets)
                return next((each for each in names if isinstance(each, cst.Name) and each.value == name), None)
            case cst.AnnAssign(target=cst.Name() as target):
                return target
            case cst.FunctionDef(name=target) | cst.ClassDef(name=target):
                return target
    return None
