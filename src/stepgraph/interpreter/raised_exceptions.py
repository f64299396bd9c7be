"""Errors that a `try` body may raise outside its steps, and the exception types of handlers and `raise` statements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.equivalence import MISSING, Slot, bucket_key
from stepgraph.interpreter.frame import FunctionErrors
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import join_slot_values, union_values
from stepgraph.interpreter.library.models import errors_of_call, starts_tasks
from stepgraph.interpreter.python.jumps import emit_jump
from stepgraph.interpreter.values.calls import Arguments, GeneratorCall, GeneratorExpression, StepCall, WaitCall
from stepgraph.interpreter.values.containers import Collection
from stepgraph.interpreter.values.objects import (
    BuiltinMethod,
    ClassValue,
    FunctionValue,
    ProjectObject,
    UnknownBase,
    mangle,
)
from stepgraph.interpreter.values.steps import StepFunction, StepMethod
from stepgraph.interpreter.values.tasks import Gathering, Task, TaskGroup
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.early_raises import record_early_raise
from stepgraph.ir.exceptions import ExceptionType, NonStepErrors, exception_group, may_be_grouped
from stepgraph.ir.nodes import JumpKind, work_kind
from stepgraph.ir.values import UNKNOWN, External, Value
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import dotted_names
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.places import raised_types
from stepgraph.syntax.repeated_awaits import may_fail_as_repeated
from stepgraph.syntax.walk import children

# Nodes that may raise any error, because this module does not model their semantics.
_ANY_ERROR_NODES: Final = frozenset(
    [cst.Raise, cst.With, cst.Try, cst.TryStar, cst.Match, cst.ClassDef, cst.Import, cst.ImportFrom, cst.Yield]
)
# Nodes that may raise errors of the language itself, such as a KeyError.
_LANGUAGE_ERROR_NODES: Final = frozenset(
    [
        *(cst.Subscript, cst.Attribute, cst.BinaryOperation, cst.UnaryOperation, cst.Comparison, cst.FormattedString),
        *(cst.Del, cst.AugAssign, cst.For, cst.StarredElement, cst.Tuple),
    ]
)
# Nodes that call special methods of their operands, such as `__getitem__`, `__add__`, `__eq__` and `__iter__`.
_SPECIAL_METHOD_NODES: Final = frozenset(
    [
        *(cst.Subscript, cst.BinaryOperation, cst.UnaryOperation, cst.Comparison, cst.ComparisonTarget, cst.AugAssign),
        *(cst.FormattedStringExpression, cst.For, cst.CompFor, cst.StarredElement, cst.Assign),
    ]
)
# Nodes of which `BlockErrors` does not visit all children. Their types are compared first: patterns are slower.
_SPECIAL_VISITS: Final = frozenset(
    [
        *(cst.Call, cst.Await, cst.FunctionDef, cst.Lambda, cst.Import, cst.ImportFrom, cst.Annotation),
        *(cst.Try, cst.TryStar, cst.With),
    ]
)
# Nodes without children that raise no error. They are not visited, because most nodes are among them.
_LEAVES: Final = frozenset([cst.Name, cst.Integer, cst.Float, cst.SimpleString])
# Types of values whose special methods are project code.
_OBJECTS: Final = (ProjectObject, GeneratorCall, GeneratorExpression)
_OBJECTS_AND_FUNCTIONS: Final = (*_OBJECTS, FunctionValue)
# Attributes of a workflow that the SDK sets.
_SDK_ATTRIBUTES: Final = frozenset(["ctx", "env"])
_TASK_GROUP: Final = External("asyncio.TaskGroup")


class BlockErrors(Struct):
    """A visitor that collects the possible errors of a `try` body or of the body of a function.

    The visitor runs after the interpretation of the body, so names have the values at the end of the body.
    """

    interpreter: Interpreter
    opens_groups: bool = False
    """Whether the handlers catch the errors in an exception group, which a task group raises."""
    stops_at_any: bool = False
    """Whether the visit ends when the body may raise any error, because the steps that raise do not matter then."""
    own_errors: NonStepErrors = NonStepErrors.NONE
    """The errors that the body may raise outside its steps."""
    raising_steps: dict[str, str] = field(default_factory=dict)
    """The name of a step that raises an exception type, by the source text of the type."""
    callees: dict[str, cst.BaseExpression] = field(default_factory=dict)
    """The dotted names of the visited calls, by their text."""
    values: dict[str, Value] = field(default_factory=dict)
    """The values of dotted names at the end of the body, by their text."""

    def visit(self, node: cst.CSTNode) -> None:
        """Visit a statement or expression. Of nested functions, visit only the decorators."""
        if self.stops_at_any and self.own_errors is NonStepErrors.ANY:
            return
        if type(node) in _SPECIAL_VISITS:
            self._visit_special(node)
        else:
            self._visit_children(node)

    def _visit_children(self, node: cst.CSTNode) -> None:
        if self.own_errors is not NonStepErrors.ANY:
            errors = NonStepErrors.ANY if self._may_run_project_code(node) else _errors_of(node)
            if errors is not NonStepErrors.NONE:
                self._add_errors(errors)
        for child in children(node):
            if type(child) not in _LEAVES:
                self.visit(child)

    def _visit_special(self, node: cst.CSTNode) -> None:
        match node:
            case cst.Call():
                self._visit_call(node)
            case cst.Await(expression=operand):
                self._visit_await(operand)
            case cst.FunctionDef(decorators=decorators):
                for decorator in decorators:
                    self.visit(decorator.decorator)
            case cst.Lambda():
                return
            case cst.Import() | cst.ImportFrom() | cst.Annotation():
                self._visit_unevaluated(node)
            case cst.Try() | cst.TryStar():
                self._visit_try(node)
            case cst.With() if self.opens_groups and self._is_task_group(node):
                self.visit(node.body)
            case _:
                self._visit_children(node)

    def _visit_try(self, node: cst.Try | cst.TryStar) -> None:
        """Visit a nested `try`. Of one that has been visited for an inner `try`, only the callees are visited again."""
        self._add_errors(NonStepErrors.ANY)
        visited = self.interpreter.frame.try_callees
        if (callees := visited.get(node)) is None:
            outer_callees, self.callees = self.callees, {}
            for child in children(node):
                self.visit(child)
            callees = visited[node] = self.callees
            self.callees = outer_callees
        else:
            for callee in callees.values():
                self._record_callee(self._value(callee))
        self.callees |= callees

    def _visit_unevaluated(self, node: cst.CSTNode) -> None:
        """Visit an import or an annotation. Names in this part are not reads of variables."""
        self._add_errors(_errors_of(node))
        for child in children(node):
            self._visit_unevaluated(child)

    def _add_errors(self, errors: NonStepErrors) -> None:
        self.own_errors = max(self.own_errors, errors)

    def _may_run_project_code(self, node: cst.CSTNode) -> bool:
        """Return whether a node itself may run project code, such as a property, an operator or a generator."""
        if type(node) in _SPECIAL_METHOD_NODES:
            operands = [child for child in children(node) if type(child) is cst.Name or type(child) is cst.Attribute]
            values = [value for operand in operands for value in union_values(self._value(operand))]
            return any(isinstance(value, _OBJECTS) for value in values)
        if type(node) is not cst.Attribute:
            return False
        name = mangle(self.interpreter.frame.scope, node.attr.value)
        return any(
            isinstance(value, ProjectObject) and name not in value.state and name not in _SDK_ATTRIBUTES
            for value in union_values(self._value(node.value))
        )

    def _errors_of_call(self, callee: Value) -> NonStepErrors:
        if isinstance(callee, Union):
            return max(self._errors_of_call(case.value) for case in callee.cases)
        if _creates_task_of_group(callee):
            return NonStepErrors.NONE
        if not isinstance(callee, FunctionValue) or callee.caveats:
            return errors_of_call(callee)
        errors = self.interpreter.function_errors.get(callee.node)
        if errors is None:
            return NonStepErrors.ANY
        for raised, step in errors.raising_steps.items():
            self.raising_steps.setdefault(raised, step)
        return errors.own_errors

    def _is_task_group(self, node: cst.With) -> bool:
        """Return whether a statement opens task groups and no other contexts."""
        calls = [item.item for item in node.items if isinstance(item.item, cst.Call)]
        return len(calls) == len(node.items) and all(self._value(call.func) == _TASK_GROUP for call in calls)

    def _is_project_callback(self, argument: cst.Arg) -> bool:
        """Return whether a callee may run project code through an argument, as with `key=rank` and `str(order)`."""
        if type(argument.value) is not cst.Name and type(argument.value) is not cst.Attribute:
            return type(argument.value) is cst.Lambda
        return any(isinstance(value, _OBJECTS_AND_FUNCTIONS) for value in union_values(self._value(argument.value)))

    def _visit_call(self, call: cst.Call) -> None:
        callee = self._value(call.func)
        self._add_errors(self._errors_of_call(callee))
        self._record_callee(callee)
        if name := ".".join(dotted_names(call.func)):
            self.callees.setdefault(name, call.func)
        if isinstance(callee, External) and any(map(self._is_project_callback, call.args)):
            self._add_errors(NonStepErrors.ANY)
        are_awaited = starts_tasks(callee) or _creates_task_of_group(callee)
        for argument in call.args:
            if are_awaited and argument.keyword is None:
                self._visit_awaited(argument.value)
            else:
                self.visit(argument.value)

    def _visit_await(self, operand: cst.BaseExpression) -> None:
        self._visit_awaited(operand)
        if may_fail_as_repeated(operand, self.interpreter.module):
            self._add_errors(NonStepErrors.ANY)

    def _visit_awaited(self, node: cst.BaseExpression) -> None:
        """Visit an awaited expression, or a display whose elements are awaited."""
        match node:
            case cst.Call():
                self._visit_call(node)
            case cst.List(elements=elements) | cst.Tuple(elements=elements) | cst.Set(elements=elements):
                for element in elements:
                    self._visit_awaited(element.value)
            case cst.ListComp(elt=element):
                self._visit_awaited(element)
            case _:
                self._add_errors(NonStepErrors.NONE if self._has_only_steps(self._value(node)) else NonStepErrors.ANY)

    def _has_only_steps(self, value: Value) -> bool:
        """Return whether awaiting a value or its elements awaits only steps, sleeps and waits, but no functions."""
        match value:
            case Union(cases=cases):
                return all(self._has_only_steps(case.value) for case in cases)
            case Collection(items=items):
                return all(self._has_only_steps(item.value) for item in items)
            case Gathering(members=members):
                return all(self._has_only_steps(member) for member in members)
            case Task(task_id=task_id):
                activity = self.interpreter.work.activities.get(task_id)
                return activity is not None and work_kind(activity) is not None
            case _:
                return isinstance(value, StepCall | WaitCall)

    def _value(self, node: cst.BaseExpression) -> Value:
        """Return the value of a dotted name, `step.do` for a call of it, or UNKNOWN for other expressions."""
        if type(node) is cst.Call:
            callee = self._value(node.func)
            return callee if callee == StepMethod("do") else UNKNOWN
        name = ".".join(dotted_names(node))
        if not name:
            return UNKNOWN
        if name not in self.values:
            values: list[Value] = [UNKNOWN]
            self.interpreter.branch(lambda: values.append(self.interpreter.evaluate(node)))
            self.values[name] = values[-1]
        return self.values[name]

    def _record_callee(self, callee: Value) -> None:
        for step in _steps(callee):
            self._record_raised(step)

    def _record_raised(self, step: StepFunction) -> None:
        """Record the exception types that a step's function raises."""
        if isinstance(step.function, FunctionValue):
            for raised in raised_types(SourcePlace(step.function.scope.module, step.function.node)):
                self.raising_steps.setdefault(raised, step.definition.name)


def record_function_errors(interpreter: Interpreter, body: cst.BaseSuite) -> None:
    """Record the errors that the function in the current frame may raise, after the interpretation of its body."""
    function = interpreter.frame.function
    earlier = None if function is None else interpreter.function_errors.get(function)
    if function is None or (earlier is not None and earlier.own_errors is NonStepErrors.ANY):
        return
    code = BlockErrors(interpreter, stops_at_any=True)
    live = interpreter.is_reachable
    code.visit(body)
    interpreter.is_reachable = live
    if earlier is not None:
        code.own_errors = max(code.own_errors, earlier.own_errors)
        code.raising_steps = {**code.raising_steps, **earlier.raising_steps}
    interpreter.function_errors[function] = FunctionErrors(code.own_errors, code.raising_steps)


def _errors_of(node: cst.CSTNode) -> NonStepErrors:
    if type(node) in _ANY_ERROR_NODES or (type(node) is cst.For and node.asynchronous is not None):
        return NonStepErrors.ANY
    if type(node) is cst.Assert:
        return NonStepErrors.ASSERTION
    return NonStepErrors.LANGUAGE if type(node) in _LANGUAGE_ERROR_NODES else NonStepErrors.NONE


def _creates_task_of_group(callee: Value) -> bool:
    return isinstance(callee, BuiltinMethod) and isinstance(callee.receiver, TaskGroup) and callee.name == "create_task"


def _steps(callee: Value) -> Iterator[StepFunction]:
    match callee:
        case StepFunction():
            yield callee
        case Union(cases=cases):
            for case in cases:
                yield from _steps(case.value)


def caught_types(value: Value, place: SourcePlace, raised: dict[str, str]) -> tuple[ExceptionType, ...]:
    """Return the types that a handler catches, or an empty tuple if one of them is unknown.

    `raised` is `BlockErrors.raising_steps` of the `try` body.
    """
    parts = [(item.value, item.place) for item in value.items] if isinstance(value, Collection) else [(value, place)]
    types = [_exception_type(part, part_place, raised) for part, part_place in parts]
    return tuple(caught for caught in types if caught is not None) if None not in types else ()


def _exception_type(value: Value, place: SourcePlace, raised: dict[str, str]) -> ExceptionType | None:
    step = raised.get(place.text)
    match value:
        case External(name=name):
            return ExceptionType(name, (name,), place, step)
        case ClassValue(name=name):
            ancestors = tuple(_external_ancestors(value))
            bases = tuple(_project_bases(value))
            return (
                None if None in ancestors else ExceptionType(name, tuple(filter(None, ancestors)), place, step, bases)
            )
        case _:
            return None


def execute_raise(interpreter: Interpreter, node: cst.Raise) -> None:
    """Execute a `raise`."""
    exception_type = None
    if node.exc is not None:
        exception_type = _outside_task_groups(interpreter, _raised_type(interpreter, node.exc))
        value = interpreter.evaluate(node.exc)
        if isinstance(value, ClassValue):
            value = interpreter.call(value, Arguments(), interpreter.place(node.exc))
        if isinstance(value, ProjectObject):
            _record_raised(interpreter, node, value)
        else:
            interpreter.escape(value, interpreter.place(node), "is raised, which stepgraph does not model")
    if node.cause is not None:
        interpreter.evaluate(node.cause.item)
    emit_jump(interpreter, JumpKind.RAISE, interpreter.place(node), exception_type)
    record_early_raise(interpreter, interpreter.place(node), exception_type)


def _raised_type(interpreter: Interpreter, exception: cst.BaseExpression) -> ExceptionType | None:
    """Return the exception type of a `raise` that names a class or an instance. Return None if it is unknown."""
    type_node = exception.func if isinstance(exception, cst.Call) else exception
    if not isinstance(type_node, cst.Name | cst.Attribute) or not dotted_names(type_node):
        return None
    values: list[Value] = [UNKNOWN]
    interpreter.branch(lambda: values.append(interpreter.evaluate(type_node)))
    value = values[-1]
    if isinstance(value, ProjectObject) and not isinstance(exception, cst.Call):
        value = value.cls
    return _exception_type(value, interpreter.place(type_node), {})


def _outside_task_groups(interpreter: Interpreter, raised: ExceptionType | None) -> ExceptionType | None:
    """Return the type of a raised exception where handlers see it: a task group wraps the errors of its block."""
    if raised is None or not may_be_grouped(raised):
        return raised
    for context in reversed(interpreter.frame.open_contexts):
        if context.leave is not None:
            return exception_group(raised)
        if JumpKind.RAISE in context.intercepted:
            return raised
    return raised


def _record_raised(interpreter: Interpreter, node: cst.Raise, raised: ProjectObject) -> None:
    """Record a raised project object, and join its attributes with those of earlier runs of the `raise` statement."""
    key = (id(node), raised.cls)
    earlier = interpreter.work.raised.get(key)
    state = dict(raised.state)
    if earlier is not None:
        place = interpreter.place(node)
        for name in earlier.state | state:
            values = _distinct_values(interpreter, earlier.state.get(name, MISSING), state.get(name, MISSING))
            state[name] = join_slot_values(interpreter.budget, name, values, place)
    may_be_replaced = raised.may_be_replaced or (earlier is not None and earlier.may_be_replaced)
    interpreter.work.raised[key] = ProjectObject(raised.cls, interpreter.store.new(state), may_be_replaced)


def _distinct_values(interpreter: Interpreter, earlier: Slot, value: Slot) -> list[Slot]:
    """Return the values of an attribute in several runs, without earlier copies of an object or a collection.

    Each interpretation of a loop body creates new objects, with which the union would grow without bound.
    """
    values = union_values(value)
    earlier_values = union_values(earlier)
    interpreter.budget.spend(Limit.ELEMENTS, len(values) + len(earlier_values))
    contents = {_contents(each) for each in values} - {None}
    return [*(each for each in earlier_values if _contents(each) not in contents), *values]


def _contents(value: Slot) -> object:
    """Return a key shared by copies of an object or a collection, or None for other values."""
    match value:
        case ProjectObject(cls=cls, state=state):
            return cls, frozenset((name, _origins(part)) for name, part in state.items())
        case Collection(kind=kind, items=items):
            return kind, tuple(_origins(item.value) for item in items)
        case _:
            return None


def _origins(part: Slot) -> object:
    """Return a key for the possible values of a part of an object or a collection."""
    return frozenset(map(_origin, union_values(part)))


def _origin(value: Slot) -> object:
    from stepgraph.interpreter.origins import origin_of  # few exceptions carry work

    if isinstance(value, tuple):
        return id(value)
    return origin_of(value) if isinstance(value, Value) and value.relevant else bucket_key(value)


def raised_with_work(interpreter: Interpreter) -> list[ProjectObject]:
    """Return the raised project objects whose attributes may lead to a step."""
    raised = list(interpreter.work.raised.values())
    interpreter.budget.spend(Limit.ELEMENTS, len(raised))
    return [value for value in raised if any(part.relevant for part in value.state.values())]


def _project_bases(class_value: ClassValue) -> Iterator[str]:
    """Yield the names of the direct and indirect base classes in the project."""
    visited = {class_value}
    pending = list(class_value.bases[::-1])
    while pending:
        base = pending.pop()
        if isinstance(base, ClassValue) and base not in visited:
            visited.add(base)
            yield base.name
            pending += base.bases[::-1]


def _external_ancestors(class_value: ClassValue) -> Iterator[str | None]:
    """Yield the names of the direct and indirect base classes outside the project, with None for an unknown base."""
    visited = {class_value}
    pending: list[Value] = list(class_value.bases[::-1])
    while pending:
        match pending.pop():
            case External(name=name) | UnknownBase(identity=str(name)):
                yield name
            case ClassValue() as base:
                if base not in visited:
                    visited.add(base)
                    pending += base.bases[::-1]
            case _:
                yield None
