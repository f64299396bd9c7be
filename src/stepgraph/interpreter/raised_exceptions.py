"""What can be raised in a `try` besides by its steps, and what its handlers catch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import leaves
from stepgraph.interpreter.library.logging_ import is_logging
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    ClassValue,
    Collection,
    Event,
    External,
    ExternalResultMember,
    FunctionValue,
    Gathering,
    GeneratorCall,
    GeneratorExpression,
    Instance,
    Mapping,
    MethodOf,
    Payload,
    StepCall,
    StepFunction,
    StepMethod,
    Task,
    Union,
    UnknownBase,
    Value,
    WaitCall,
)
from stepgraph.ir.nodes import CaughtType, EventWait, OwnErrors, Sleep, SleepUntil, StepRun
from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import children, expressions_below, statements_below

# Statements and expressions that may raise anything: what they lead to is not looked at.
_ANYTHING: Final = (
    *(cst.Raise, cst.With, cst.Try, cst.TryStar, cst.Match, cst.ClassDef, cst.Import, cst.ImportFrom, cst.Yield),
)
# Those that raise errors of the language itself, such as a KeyError.
_LANGUAGE: Final = (
    *(cst.Subscript, cst.Attribute, cst.BinaryOperation, cst.UnaryOperation, cst.Comparison, cst.FormattedString),
    *(cst.Del, cst.AugAssign, cst.Assert, cst.For, cst.StarredElement, cst.Tuple),
)
# Those of which the operands may have methods that are run: `__getitem__`, `__add__`, `__eq__`, `__iter__`.
_RUNNING: Final = (
    *(cst.Subscript, cst.BinaryOperation, cst.UnaryOperation, cst.Comparison, cst.ComparisonTarget, cst.AugAssign),
    *(cst.FormattedStringExpression, cst.For, cst.CompFor, cst.StarredElement, cst.Assign),
)
_OF_OBJECTS: Final = (Instance, GeneratorCall, GeneratorExpression)
_WITH_CODE: Final = (*_OF_OBJECTS, FunctionValue)
# What a workflow has from the SDK.
_OF_WORKFLOWS: Final = frozenset(["ctx", "env"])
_STARTING: Final = frozenset(["asyncio.gather", "asyncio.create_task", "asyncio.ensure_future", "asyncio.shield"])
_BUILTINS: Final = frozenset(
    f"builtins.{name}"
    for name in [
        *("abs", "all", "any", "bool", "dict", "enumerate", "float", "int", "isinstance", "len", "list", "max", "min"),
        *("print", "range", "repr", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip"),
    ]
)


class TriedCode(Struct):
    """Reads what is tried, with the names as they are at its end.

    `errors` are what it may raise by itself, not in a step; `raised` the steps that raise something, by its source.
    """

    interpreter: Interpreter
    errors: OwnErrors = OwnErrors.NONE
    raised: dict[str, str] = field(default_factory=dict)

    def read(self, node: cst.CSTNode) -> None:
        """Read a statement or expression with all that is in it, but for the bodies of functions."""
        match node:
            case cst.FunctionDef(decorators=decorators):
                for decorator in decorators:
                    self.read(decorator.decorator)
            case cst.Lambda():
                return
            case cst.Await(expression=awaited):
                self._awaited(awaited)
            case cst.Call():
                self._call(node)
            case _:
                self._may_raise(OwnErrors.ANY if self._runs_own_code(node) else _errors_of(node))
                for child in children(node):
                    self.read(child)

    def _may_raise(self, errors: OwnErrors) -> None:
        self.errors = max(self.errors, errors)

    def _runs_own_code(self, node: cst.CSTNode) -> bool:
        """Whether code of the project may run in evaluating an expression: a property, an operator, a generator."""
        match node:
            case cst.Attribute(value=owner, attr=cst.Name(value=name)):
                return any(
                    isinstance(value, Instance) and name not in value.state and name not in _OF_WORKFLOWS
                    for value in leaves(self._value(owner))
                )
            case _ if isinstance(node, _RUNNING):
                operands = [child for child in children(node) if isinstance(child, cst.Name | cst.Attribute)]
                values = [value for operand in operands for value in leaves(self._value(operand))]
                return any(isinstance(value, _OF_OBJECTS) for value in values)
            case _:
                return False

    def _may_be_run(self, argument: cst.Arg) -> bool:
        """Whether what is called may run code of the project that is in an argument: `key=rank`, `str(order)`."""
        if not isinstance(argument.value, cst.Name | cst.Attribute):
            return isinstance(argument.value, cst.Lambda)
        return any(isinstance(value, _WITH_CODE) for value in leaves(self._value(argument.value)))

    def _call(self, call: cst.Call) -> None:
        callee = self._value(call.func)
        self._may_raise(_errors_of_calling(callee))
        for step in _steps(callee):
            self._note_raised(step)
        if isinstance(callee, External) and any(map(self._may_be_run, call.args)):
            self._may_raise(OwnErrors.ANY)
        starts = isinstance(callee, External) and callee.name in _STARTING
        for argument in call.args:
            if starts and argument.keyword is None:
                self._awaited(argument.value)
            else:
                self.read(argument.value)

    def _awaited(self, node: cst.BaseExpression) -> None:
        """Read what is awaited, or what is in a collection of which each element is."""
        match node:
            case cst.Call():
                self._call(node)
            case cst.List(elements=elements) | cst.Tuple(elements=elements) | cst.Set(elements=elements):
                for element in elements:
                    self._awaited(element.value)
            case cst.ListComp(elt=element):
                self._awaited(element)
            case _:
                self._may_raise(OwnErrors.NONE if self._is_of_steps(self._value(node)) else OwnErrors.ANY)

    def _is_of_steps(self, value: Value) -> bool:
        """Whether awaiting a value, or each element of it, is awaiting steps, and no function that has some."""
        match value:
            case Union(cases=cases):
                return all(self._is_of_steps(case.value) for case in cases)
            case Collection(items=items):
                return all(self._is_of_steps(item.value) for item in items)
            case Gathering(members=members):
                return all(self._is_of_steps(member) for member in members)
            case Task(task_id=task_id):
                return isinstance(
                    self.interpreter.work.activities.get(task_id), StepRun | EventWait | Sleep | SleepUntil
                )
            case _:
                return isinstance(value, StepCall | WaitCall)

    def _value(self, node: cst.BaseExpression) -> Value:
        """Return what a name, or an attribute of one, stands for; what `step.do(...)` makes, and nothing else."""
        match node:
            case cst.Call(func=function):
                made = self._value(function)
                return made if made == StepMethod("do") else UNKNOWN
            case cst.Name() | cst.Attribute() if _is_plain(node):
                found: list[Value] = [UNKNOWN]
                self.interpreter.branch(lambda: found.append(self.interpreter.evaluate(node)))
                return found[-1]
            case _:
                return UNKNOWN

    def _note_raised(self, step: StepFunction) -> None:
        function = step.function
        if not isinstance(function, FunctionValue) or not isinstance(function.node, cst.FunctionDef):
            return
        for statement in statements_below(function.node.body):
            if isinstance(statement, cst.Raise) and statement.exc is not None:
                raised = statement.exc.func if isinstance(statement.exc, cst.Call) else statement.exc
                self.raised.setdefault(function.scope.module.text(raised), step.definition.name)


def _is_plain(node: cst.BaseExpression) -> bool:
    return all(isinstance(part, cst.Name | cst.Attribute | cst.Dot) for part in expressions_below(node))


def _errors_of(node: cst.CSTNode) -> OwnErrors:
    if isinstance(node, _ANYTHING) or (isinstance(node, cst.For) and node.asynchronous is not None):
        return OwnErrors.ANY
    return OwnErrors.LANGUAGE if isinstance(node, _LANGUAGE) else OwnErrors.NONE


def _errors_of_calling(callee: Value) -> OwnErrors:
    match callee:
        case StepMethod() | StepFunction():
            return OwnErrors.NONE
        case Union(cases=cases):
            return max(_errors_of_calling(case.value) for case in cases)
        case External(name=name) if name in _STARTING:
            return OwnErrors.NONE
        case External(name=name) if name in _BUILTINS:
            return OwnErrors.LANGUAGE
        case External(name=name) | ExternalResultMember(name=name) if is_logging(name):
            return OwnErrors.LANGUAGE
        case MethodOf(receiver=Collection() | Mapping() | Payload() | Event()):
            return OwnErrors.LANGUAGE
        case _:
            return OwnErrors.ANY


def _steps(callee: Value) -> Iterator[StepFunction]:
    match callee:
        case StepFunction():
            yield callee
        case Union(cases=cases):
            for case in cases:
                yield from _steps(case.value)


def caught_types(value: Value, place: Place, raised: dict[str, str]) -> tuple[CaughtType, ...]:
    """Return the types that a handler catches; nothing where one of them is not known."""
    parts = [(item.value, item.place) for item in value.items] if isinstance(value, Collection) else [(value, place)]
    types = [_caught_type(part, where, raised) for part, where in parts]
    return tuple(found for found in types if found is not None) if None not in types else ()


def _caught_type(value: Value, place: Place, raised: dict[str, str]) -> CaughtType | None:
    step = raised.get(place.text)
    match value:
        case External(name=name):
            return CaughtType(name, (name,), place, step)
        case ClassValue(name=name):
            ancestors = tuple(_ancestors(value))
            bases = tuple(_project_bases(value))
            return None if None in ancestors else CaughtType(name, tuple(filter(None, ancestors)), place, step, bases)
        case _:
            return None


def raised_type(interpreter: Interpreter, exception: cst.BaseExpression) -> CaughtType | None:
    """Return the type of what a `raise` raises, if it names a class or calls one; None where it is not known."""
    named = exception.func if isinstance(exception, cst.Call) else exception
    if not isinstance(named, cst.Name | cst.Attribute) or not _is_plain(named):
        return None
    found: list[Value] = [UNKNOWN]
    interpreter.branch(lambda: found.append(interpreter.evaluate(named)))
    value = found[-1]
    if isinstance(value, Instance) and not isinstance(exception, cst.Call):
        value = value.of
    return _caught_type(value, interpreter.place(named), {})


def _project_bases(defined: ClassValue) -> Iterator[str]:
    """Yield the names of the classes of the project that a class derives from."""
    seen = {defined}
    pending = list(defined.bases[::-1])
    while pending:
        base = pending.pop()
        if isinstance(base, ClassValue) and base not in seen:
            seen.add(base)
            yield base.name
            pending += base.bases[::-1]


def _ancestors(defined: ClassValue) -> Iterator[str | None]:
    """Yield the names of the classes from outside that a class derives from, None for what is not known."""
    seen = {defined}
    pending: list[Value] = list(defined.bases[::-1])
    while pending:
        match pending.pop():
            case External(name=name) | UnknownBase(identity=str(name)):
                yield name
            case ClassValue() as base:
                if base not in seen:
                    seen.add(base)
                    pending += base.bases[::-1]
            case _:
                yield None
