"""Special methods of project objects for operators, comparisons and iteration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeGuard

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import ExclusiveTasks, join_values, union_values
from stepgraph.interpreter.objects.attributes.lookup import with_receiver
from stepgraph.interpreter.objects.classes import class_member, enum_members, find_member, resolution_order
from stepgraph.interpreter.objects.containers.container_objects import as_collection
from stepgraph.interpreter.objects.containers.iterators import is_iterator, take_elements
from stepgraph.interpreter.python.arguments import make_collection
from stepgraph.interpreter.python.loops.generators import emit_generator_call
from stepgraph.interpreter.values.calls import Argument, Arguments, GeneratorCall, GeneratorExpression
from stepgraph.interpreter.values.containers import Collection, Element, Mapping
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import StepSignature
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.awaiting import await_value
from stepgraph.ir.nodes import Choice, ChoiceBranch, Jump, JumpKind, OperationBlock
from stepgraph.ir.values import UNKNOWN, Constant, Unresolved, Value, is_foreign
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.step_methods import do_parameters
from stepgraph.syntax.walk import expressions_below


def is_union_of_objects(value: Value) -> TypeGuard[Union]:
    """Return whether a value is a union of project objects. Its cases may also include constants such as None."""
    objects = [leaf for leaf in union_values(value) if not isinstance(leaf, Constant)]
    return isinstance(value, Union) and bool(objects) and all(isinstance(leaf, ProjectObject) for leaf in objects)


def call_special(
    interpreter: Interpreter, owner: Value, names: Sequence[str], operands: Sequence[Value], place: SourcePlace
) -> Value | None:
    """Return the result of the first method in `names` that `owner` defines. Return None if it defines none."""
    if is_union_of_objects(owner):
        return interpreter.apply_to_cases(
            owner, lambda case_value: call_special(interpreter, case_value, names, operands, place) or UNKNOWN
        )
    if not isinstance(owner, ProjectObject | ClassValue):
        return None
    method: Value = UNKNOWN
    for name in names:
        method = _special_method(interpreter, owner, name, place)
        if isinstance(method, FunctionValue | Union):
            return interpreter.call(method, Arguments(tuple(Argument(operand, place) for operand in operands)), place)
    return method if isinstance(method, Unresolved) else None


def _special_method(interpreter: Interpreter, owner: Value, name: str, place: SourcePlace) -> Value:
    """Return the special method of an object, or of a class from its metaclass."""
    if isinstance(owner, ProjectObject):
        return interpreter.attribute(owner, name, place)
    if not isinstance(owner, ClassValue) or not isinstance(owner.metaclass, ClassValue):
        return UNKNOWN
    method = find_member(interpreter, resolution_order(owner.metaclass), name)
    return UNKNOWN if method is None else with_receiver(method, owner)


def apply_binary_operator(
    interpreter: Interpreter, operator: cst.BaseBinaryOp, left_operand: Value, right_operand: Value, place: SourcePlace
) -> Value | None:
    """Return the result of a binary operator. Return None if neither operand defines the operator."""
    method, reflected = operand_methods(operator)
    calls = [
        _OperatorCall(left_operand, (method,), right_operand),
        _OperatorCall(right_operand, (reflected,), left_operand),
    ]
    if _overrides(interpreter, right_operand, left_operand, reflected):
        calls.reverse()
    return _first_implemented(interpreter, calls, place)


class _OperatorCall(NamedTuple):
    """A call of the first of some special methods that an operand defines."""

    owner: Value
    methods: tuple[str, ...]
    operand: Value


def _overrides(interpreter: Interpreter, value: Value, base_value: Value, method: str) -> bool:
    """Return whether a value has a subclass of the class of the other value, with a different method."""
    if not (isinstance(value, ProjectObject) and isinstance(base_value, ProjectObject)):
        return False
    order = resolution_order(value.cls)
    if value.cls is base_value.cls or base_value.cls not in order:
        return False
    inherited = find_member(interpreter, resolution_order(base_value.cls), method)
    return find_member(interpreter, order, method) != inherited


def _first_implemented(interpreter: Interpreter, calls: Sequence[_OperatorCall], place: SourcePlace) -> Value | None:
    """Call methods until one exists and cannot return `NotImplemented`. Return the result, or None without methods."""
    result: Value | None = None
    for owner, methods, operand in calls:
        call = partial(call_special, interpreter, owner, methods, (operand,), place)
        result = call() if result is None else _result_or(interpreter, result, call, place)
        if result is not None and not _may_be_unimplemented(interpreter, owner, methods):
            break
    return result


def _may_be_unimplemented(interpreter: Interpreter, owner: Value, methods: Sequence[str]) -> bool:
    """Return whether methods may return `NotImplemented`, so that Python tries the next method."""
    functions = [
        class_member(interpreter, leaf, method)
        for leaf in union_values(owner)
        if isinstance(leaf, ProjectObject)
        for method in methods
    ]
    return any(
        function.scope.module.once_for_code(function.node, _mentions_not_implemented)
        if isinstance(function, FunctionValue)
        else isinstance(function, Union)
        for function in functions
    )


def _mentions_not_implemented(node: cst.FunctionDef | cst.Lambda) -> bool:
    expressions = expressions_below(node.body, into_lambdas=True)
    return any(isinstance(each, cst.Name) and each.value == "NotImplemented" for each in expressions)


def _result_or(interpreter: Interpreter, result: Value, call: Callable[[], Value | None], place: SourcePlace) -> Value:
    """Return the result of a method, or the result of the next method if the first one is not implemented."""
    results: list[Value | None] = []
    path = interpreter.branch(lambda: results.append(call()), "NotImplemented")
    if results[0] is None:
        return result
    interpreter.join_branches([("NotImplemented", path)], None, place)
    return join_values([("NotImplemented", results[0]), (None, result)], None, place, ExclusiveTasks(path.since))


def apply_augmented_operator(
    interpreter: Interpreter, operator: cst.BaseAugOp, target: Value, value: Value, place: SourcePlace
) -> Value:
    """Return the value that `target += value` assigns. The value is UNKNOWN unless `target` is a project object."""
    reflected = f"__r{_OPERATORS[_BINARY_OPERATORS[type(operator)]]}__"
    calls = [
        _OperatorCall(target, in_place_methods(operator), value),
        _OperatorCall(value, (reflected,), target),
    ]
    result = _first_implemented(interpreter, calls, place)
    if result is None:
        interpreter.escape_operand(target, place, "is an operand, which stepgraph does not model")
    return UNKNOWN if result is None else result


def in_place_methods(operator: cst.BaseAugOp) -> tuple[str, ...]:
    """Return the names of the special methods for an augmented assignment, in the order in which Python tries them."""
    name = _OPERATORS[_BINARY_OPERATORS[type(operator)]]
    return f"__i{name}__", f"__{name}__"


def operand_methods(operator: cst.BaseBinaryOp) -> tuple[str, ...]:
    """Return the names of the special methods for an operator: of the left operand, then of the right operand."""
    name = _OPERATORS[type(operator)]
    return f"__{name}__", f"__r{name}__"


_OPERATORS: Final[dict[type[cst.BaseBinaryOp], str]] = {
    cst.Add: "add",
    cst.BitAnd: "and",
    cst.BitOr: "or",
    cst.BitXor: "xor",
    cst.Divide: "truediv",
    cst.FloorDivide: "floordiv",
    cst.LeftShift: "lshift",
    cst.MatrixMultiply: "matmul",
    cst.Modulo: "mod",
    cst.Multiply: "mul",
    cst.Power: "pow",
    cst.RightShift: "rshift",
    cst.Subtract: "sub",
}

OPERATOR_NAMES: Final = tuple(_OPERATORS.values())

_BINARY_OPERATORS: Final[dict[type[cst.BaseAugOp], type[cst.BaseBinaryOp]]] = {
    cst.AddAssign: cst.Add,
    cst.BitAndAssign: cst.BitAnd,
    cst.BitOrAssign: cst.BitOr,
    cst.BitXorAssign: cst.BitXor,
    cst.DivideAssign: cst.Divide,
    cst.FloorDivideAssign: cst.FloorDivide,
    cst.LeftShiftAssign: cst.LeftShift,
    cst.MatrixMultiplyAssign: cst.MatrixMultiply,
    cst.ModuloAssign: cst.Modulo,
    cst.MultiplyAssign: cst.Multiply,
    cst.PowerAssign: cst.Power,
    cst.RightShiftAssign: cst.RightShift,
    cst.SubtractAssign: cst.Subtract,
}


def iterator_of(interpreter: Interpreter, value: Value, place: SourcePlace, *, is_async: bool = False) -> Value:
    """Return the iterator from the `__iter__` or `__aiter__` of a project object. Return other values unchanged.

    The iterator of an enumeration is the tuple of its members.
    """
    if isinstance(value, ClassValue):
        members = enum_members(interpreter, value)
        return value if members is None else make_collection(interpreter, "tuple", members)
    method = "__aiter__" if is_async else "__iter__"
    value = as_collection(interpreter, value, method)
    if not isinstance(value, ProjectObject):
        return value
    iterator = call_special(interpreter, value, (method,), (), place)
    if isinstance(iterator, Unresolved):
        return interpreter.call(iterator, Arguments(), place)
    return value if iterator is None else iterator


def compare(
    interpreter: Interpreter, node: cst.ComparisonTarget, left_operand: Value, right_operand: Value, place: SourcePlace
) -> Value:
    """Return the result of a comparison. The `__contains__` of the right operand decides `in` and `not in`."""
    name = _COMPARISONS.get(type(node.operator))
    is_membership = type(node.operator) is cst.In or type(node.operator) is cst.NotIn
    if is_membership or name is not None:
        if is_foreign(right_operand):
            interpreter.escape_operand(left_operand, place, _COMPARED)
        if is_foreign(left_operand):
            for operand in _searched_values(interpreter, right_operand) if is_membership else (right_operand,):
                interpreter.escape_operand(operand, place, _COMPARED)
    if is_membership and isinstance(right_operand, StepSignature) and isinstance(left_operand, Constant):
        has_parameter = left_operand.value in do_parameters(interpreter.mode)
        return Constant(value=has_parameter is (type(node.operator) is cst.In))
    if is_membership:
        for container in union_values(right_operand):
            _search_iterator(interpreter, container, place)
        result = call_special(interpreter, right_operand, ("__contains__",), (left_operand,), place)
        if result is None and isinstance(right_operand, ProjectObject):
            _search_object(interpreter, right_operand, place)
        return result or UNKNOWN
    return (
        UNKNOWN
        if name is None
        else call_special(interpreter, left_operand, (name,), (right_operand,), place) or UNKNOWN
    )


_COMPARED: Final = "is compared with a value outside the project"


def _searched_values(interpreter: Interpreter, container: Value) -> Iterator[Value]:
    """Yield the values that `in` compares with its left operand, or a container whose elements it compares."""
    for value in union_values(container):
        if isinstance(value, Mapping):
            yield from (entry.key for entry in value.entries)
        elif not (
            isinstance(value, ProjectObject)
            and isinstance(class_member(interpreter, value, "__contains__"), FunctionValue)
        ):
            yield value


def _search_iterator(interpreter: Interpreter, container: Value, place: SourcePlace) -> None:
    """Search an iterator with `in`, which consumes its elements up to an equal element."""
    if isinstance(container, GeneratorCall | GeneratorExpression):
        interpreter.escape(container, place, "is searched, which stepgraph does not model")
    elif isinstance(container, Collection) and is_iterator(container):
        take_elements(interpreter, container, exhausts=False)


def _search_object(interpreter: Interpreter, container: ProjectObject, place: SourcePlace) -> None:
    """Search an object without `__contains__`, for which Python iterates over the elements."""
    iterator = iterator_of(interpreter, container, place)
    if isinstance(iterator, ProjectObject):
        interpreter.escape_operand(iterator, place, "is searched, which stepgraph does not model")
    else:
        _search_iterator(interpreter, iterator, place)


_COMPARISONS: Final[dict[type[cst.BaseCompOp], str]] = {
    cst.Equal: "__eq__",
    cst.GreaterThan: "__gt__",
    cst.GreaterThanEqual: "__ge__",
    cst.LessThan: "__lt__",
    cst.LessThanEqual: "__le__",
    cst.NotEqual: "__ne__",
}


def advance(interpreter: Interpreter, iterable: Value, place: SourcePlace) -> Value | None:
    """Emit the code that runs before a loop pass. Return the next item of a project object, or None for other values.

    This code is the `__anext__` or `__next__` method of an object, or the body of a generator.
    """
    if isinstance(iterable, GeneratorCall):
        emit_generator_call(interpreter, iterable)
    return _call_next(interpreter, iterable, place) if isinstance(iterable, ProjectObject) else None


def _result_of_next(interpreter: Interpreter, iterator: ProjectObject, place: SourcePlace) -> Value:
    is_async = isinstance(place.node, cst.For | cst.CompFor) and place.node.asynchronous is not None
    result = call_special(interpreter, iterator, ("__anext__" if is_async else "__next__",), (), place)
    if result is None and not is_async:
        result = call_special(interpreter, iterator, ("__getitem__",), (UNKNOWN,), place)
    if result is None:
        interpreter.escape_operand(iterator, place, "is iterated over, which stepgraph does not model")
        return UNKNOWN
    return await_value(interpreter, result, place) if is_async else result


def _call_next(interpreter: Interpreter, iterator: ProjectObject, place: SourcePlace) -> Value:
    """Return the next item. If the call emits operations, also emit a choice, because the call may end the loop.

    For an object without an iterator, Python reads the items 0, 1, 2 and so on with `__getitem__`.
    """
    operation_count, loop = len(interpreter.operations), interpreter.frame.loop
    before = {} if loop is None else interpreter.store.changes(loop.checkpoint)
    with interpreter.open_context(stops=frozenset({JumpKind.RAISE})) as context:
        item = _result_of_next(interpreter, iterator, place)
    if loop is not None:
        for changes in context.jump_states:  # changes before an exception that ends the loop remain
            loop.add_jump(before | changes, breaks=True, continues=True)
    if len(interpreter.operations) > operation_count:
        exhausted = OperationBlock((Jump(JumpKind.FINISHED, place),))
        interpreter.emit(Choice((ChoiceBranch("no more", exhausted),), place))
    return item


def emit_comparisons(interpreter: Interpreter, items: Sequence[Element], place: SourcePlace) -> None:
    """Emit the comparisons of a sort, as one loop for each element with a comparison method."""
    from stepgraph.interpreter.python.loops.interpretation import LoopBounds, interpret_loop

    def compare_with_others(value: Value) -> None:
        call_special(interpreter, value, ("__lt__", "__gt__"), (UNKNOWN,), place)

    for item in items:
        if isinstance(item.value, ProjectObject):
            interpret_loop(interpreter, partial(compare_with_others, item.value), None, place, LoopBounds())
