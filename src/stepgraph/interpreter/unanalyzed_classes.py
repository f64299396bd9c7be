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
from stepgraph.interpreter.values.objects import ClassValue, LexicalScope
from stepgraph.ir.values import External
from stepgraph.model.note import Problem, ProblemKind
from stepgraph.syntax.module import SourcePlace

_CREATORS: Final = ("type", "new_class")
"""The functions that create a class from a tuple of bases."""
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
    if any(scope.module.mentions(b"%b(" % name.encode()) for name in _CREATORS):
        yield from _classes_made_by_type(interpreter, scope)


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


def _classes_made_by_type(interpreter: Interpreter, scope: LexicalScope) -> Iterator[UnanalyzedClass]:
    for name, binders in scope.bindings.binders.items():
        bases = [element for binder in binders for element in _bases_in_call(interpreter, scope, binder)]
        target = _target(scope, name)
        if target is not None and any(_is_workflow_base(interpreter, scope, base) for base in bases):
            message = f"the workflow class `{name}` is the result of a call, so it is not analyzed."
            yield UnanalyzedClass(message, SourcePlace(scope.module, target))


def _bases_in_call(interpreter: Interpreter, scope: LexicalScope, binder: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """Yield the base classes in `name = type("Name", (Base,), {...})`, or in `types.new_class("Name", (Base,))`."""
    match binder:
        case (
            cst.Assign(value=cst.Call(func=function, args=[_, cst.Arg(value=cst.Tuple(elements=elements)), *_]))
            | cst.AnnAssign(value=cst.Call(func=function, args=[_, cst.Arg(value=cst.Tuple(elements=elements)), *_]))
        ) if _creates_class(interpreter, scope, function):
            yield from (element.value for element in elements)


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


def _is_workflow_base(interpreter: Interpreter, scope: LexicalScope, base: cst.BaseExpression) -> bool:
    match base:
        case cst.Name(value=name):
            value = resolve_body_name(interpreter, scope, name)
            return value == External(ENTRYPOINT) or (isinstance(value, ClassValue) and derives_from_entrypoint(value))
        case cst.Attribute(value=cst.Name(value=module), attr=cst.Name(value=attribute)):
            owner = resolve_body_name(interpreter, scope, module)
            return isinstance(owner, External) and f"{owner.name}.{attribute}" == ENTRYPOINT
        case _:
            return False


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
