"""Expressions that evaluate operands conditionally: `and`, `or` and the conditional expression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import ExclusiveTasks, join_values, on_path, union_values
from stepgraph.interpreter.objects.attributes.presence import may_have_attribute
from stepgraph.interpreter.objects.class_relations import is_instance
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.python.loops.pass_tests import truth_in_pass
from stepgraph.interpreter.python.narrowing import (
    absent_tasks,
    attribute_searched,
    is_call_of_type_test,
    narrow,
    record_absent_tasks,
    type_test,
)
from stepgraph.interpreter.python.parameter_tests import record_operand, record_tests
from stepgraph.interpreter.values.calls import FunctionCoroutine, StepCall, WaitCall
from stepgraph.interpreter.values.containers import Collection, Container, without_constants
from stepgraph.interpreter.values.objects import EnumMember, FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import Case, Union
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.values import UNKNOWN, Absent, Constant, External, Value, is_from_package, is_none
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.walk import expressions_below

_TYPE_CHECKING_NAMES: Final = frozenset({"typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING"})


def static_truth(interpreter: Interpreter, test: cst.BaseExpression) -> bool | None:
    """Return the truth value of a static test. Return None if the test is not static.

    Static tests are `True`, `False`, `TYPE_CHECKING` (false at run time), coroutine checks of resolved values, tests
    that the current pass of an unrolled loop decides, and `not`, `and` and `or` of static tests. In code that runs at
    import, such as a decorator, they also include checks for None and for callables.
    """
    if interpreter.is_import_time and (truth := _import_time_truth(interpreter, test)) is not None:
        return truth
    match test:
        case cst.Name(value="True"):
            return True
        case cst.Name(value="False"):
            return False
        case cst.Name(value="TYPE_CHECKING" as name):
            value = look_up(interpreter, name)
            return False if isinstance(value, External) and value.name in _TYPE_CHECKING_NAMES else None
        case cst.Attribute(attr=cst.Name(value="TYPE_CHECKING")):
            value = interpreter.evaluate(test)
            return False if isinstance(value, External) and value.name in _TYPE_CHECKING_NAMES else None
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            inner_truth = static_truth(interpreter, inner)
            return None if inner_truth is None else not inner_truth
        case cst.BooleanOperation():
            return _truth_of_operands(interpreter, test)
        case cst.Call(func=function, args=[cst.Arg(value=cst.Name() | cst.Attribute() as argument, star="")]):
            return _coroutine_check_result(interpreter, function, argument)
        case cst.Comparison(
            left=cst.Name(value=name),
            comparisons=[
                cst.ComparisonTarget(operator=cst.Is() | cst.IsNot() as operator, comparator=cst.Name("None"))
            ],
        ):
            has_instance = _has_instance(interpreter, name)
            if has_instance is not None:
                return has_instance == isinstance(operator, cst.IsNot)
    return truth_in_pass(interpreter, test) if interpreter.frame.pass_constants else None


def _truth_of_operands(interpreter: Interpreter, test: cst.BooleanOperation) -> bool | None:
    decisive = isinstance(test.operator, cst.Or)
    for operand in _operands(test):
        truth = static_truth(interpreter, operand)
        if truth is None or truth is decisive:
            return truth
    return not decisive


def decided_truth(interpreter: Interpreter, node: cst.If | cst.IfExp) -> bool | None:
    """Return the truth value of the test of a conditional that runs one branch only. Return None for other tests.

    Such a test is static, a `hasattr` that no object satisfies, or an `isinstance` that the class of an object decides.
    The latter is a choice in the graph if a branch awaits anything or leaves a coroutine function.
    """
    truth = static_truth(interpreter, node.test)
    if truth is not None or interpreter.is_import_time:
        return truth
    searched = attribute_searched(interpreter, node.test)
    if searched is not None and isinstance(searched[0], cst.Name):
        values = union_values(interpreter.evaluate(searched[0]))
        return None if any(may_have_attribute(interpreter, value, searched[1]) for value in values) else False
    if not _is_type_test(node.test):
        return None
    function = interpreter.frame.function
    is_async = not isinstance(function, cst.FunctionDef) or function.asynchronous is not None
    if interpreter.module.once_for_code(node, _leaves_function if is_async else _awaits):
        return None
    return _type_test_truth(interpreter, node.test)


def _is_type_test(test: cst.BaseExpression) -> bool:
    """Return whether a test consists of calls of `isinstance` and `callable`, `not`, `and` and `or`."""
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            return _is_type_test(inner)
        case cst.BooleanOperation(left=left, right=right):
            return _is_type_test(left) and _is_type_test(right)
        case _:
            return isinstance(test, cst.Call) and is_call_of_type_test(test)


def _type_test_truth(interpreter: Interpreter, test: cst.BaseExpression) -> bool | None:
    """Return the truth value of a test that satisfies `_is_type_test`. Return None if some call is not decided."""
    match test:
        case cst.UnaryOperation(expression=inner):
            truth = _type_test_truth(interpreter, inner)
            return None if truth is None else not truth
        case cst.BooleanOperation(left=left, operator=operator, right=right):
            truths = [_type_test_truth(interpreter, operand) for operand in (left, right)]
            return None if None in truths else (all if isinstance(operator, cst.And) else any)(truths)
        case _:
            return _instance_truth(interpreter, test) if isinstance(test, cst.Call) else None


def _awaits(node: cst.CSTNode) -> bool:
    return any(isinstance(each, _AWAITS) for each in expressions_below(node))


def _leaves_function(node: cst.CSTNode) -> bool:
    return any(isinstance(each, _AWAITS_AND_JUMPS) for each in expressions_below(node))


_AWAITS: Final = (cst.Await, cst.Asynchronous, cst.Yield)
_AWAITS_AND_JUMPS: Final = (*_AWAITS, cst.Return, cst.Raise, cst.Break, cst.Continue)


def _instance_truth(interpreter: Interpreter, test: cst.Call) -> bool | None:
    """Return the truth value of `isinstance(x, C)`, `isinstance(x, (C, D))` or `callable(x)` for a variable.

    Return None for other tests, and for values whose class is unknown.
    """
    tested = type_test(interpreter, test)
    if tested is None or not isinstance(tested[0], cst.Name):
        return None
    values = union_values(interpreter.evaluate(tested[0]))
    truths = {_is_any_instance(interpreter, value, tested[1]) for value in values}
    return truths.pop() if len(truths) == 1 else None


def _is_any_instance(interpreter: Interpreter, value: Value, classes: Sequence[Value]) -> bool | None:
    """Return whether a value is an instance of one of the classes. Return None if that is unknown."""
    results = [is_instance(interpreter, value, class_value) for class_value in classes]
    return True if any(results) else None if None in results else False


def _has_instance(interpreter: Interpreter, name: str) -> bool | None:
    """Return whether the instance that a descriptor's `__get__` receives as the parameter `name` is not None.

    Return None for other variables.
    """
    match interpreter.frame.function:
        case cst.FunctionDef(
            name=cst.Name(value="__get__"),
            params=cst.Parameters(params=[_, cst.Param(name=cst.Name(value=parameter)), *_]),
        ) if parameter == name and len(interpreter.frame.body_scope.bindings.binders.get(name, ())) == 1:
            value = look_up(interpreter, name)
            return True if isinstance(value, ProjectObject) else (False if is_none(value) else None)
        case _:
            return None


def _import_time_truth(interpreter: Interpreter, test: cst.BaseExpression) -> bool | None:
    """Return the truth value of `x`, `x is None`, `x is not None`, `callable(x)` or `isinstance(x, C)`.

    The value of `x` may be a function, None, or a tuple such as the bases of a class. For `isinstance`, it may be an
    object of the project. Return None if the truth value is unresolved.
    """
    match test:
        case cst.Comparison(
            left=cst.Name() as name,
            comparisons=[cst.ComparisonTarget(operator=operator, comparator=cst.Name(value="None"))],
        ) if isinstance(operator, cst.Is | cst.IsNot):
            is_function = _is_function(interpreter.evaluate(name))
            return None if is_function is None else is_function == isinstance(operator, cst.IsNot)
        case cst.Call(func=cst.Name(value="callable"), args=[cst.Arg(value=cst.Name() as name, star="")]):
            value = interpreter.evaluate(name)
            return False if isinstance(value, Constant) else _is_function(value)
        case cst.Call(func=cst.Name(value="isinstance")):
            return _instance_truth(interpreter, test)
        case cst.Name():
            value = interpreter.evaluate(test)
            return _is_nonempty(value) if isinstance(value, Collection) else _is_function(value)
        case _:
            return None


def _is_nonempty(value: Collection) -> bool | None:
    """Return whether a tuple has elements. Return None for other collections, which code may change."""
    if value.kind != "tuple":
        return None
    if not value.items:
        return False
    return True if any(not (item.many or item.may_be_missing) for item in value.items) else None


def _is_function(value: Value) -> bool | None:
    """Return True for a function or step, False for None, and None for all other values."""
    if is_none(value):
        return False
    return True if isinstance(value, FunctionValue | StepFunction) else None


def _coroutine_check_result(
    interpreter: Interpreter, function: cst.BaseExpression, argument: cst.BaseExpression
) -> bool | None:
    """Return the result of `iscoroutinefunction`, `iscoroutine` or `isawaitable`. Return None if it is not certain."""
    name = function.attr if isinstance(function, cst.Attribute) else function
    if not isinstance(name, cst.Name) or name.value not in _COROUTINE_CHECKS:
        return None
    callee = interpreter.evaluate(function)
    if not isinstance(callee, External) or callee.name not in _COROUTINE_CHECKS[name.value]:
        return None
    values: list[Value] = []
    interpreter.block_of(lambda: values.append(interpreter.evaluate(argument)))
    checks_function = name.value == "iscoroutinefunction"
    results = {
        _is_coroutine_function(value) if checks_function else _is_coroutine(value) for value in union_values(values[0])
    }
    return results.pop() if len(results) == 1 else None


_COROUTINE_CHECKS: Final = {
    "isawaitable": ("inspect.isawaitable",),
    "iscoroutine": ("asyncio.iscoroutine", "inspect.iscoroutine"),
    "iscoroutinefunction": ("asyncio.iscoroutinefunction", "inspect.iscoroutinefunction"),
}


def _is_coroutine_function(value: Value) -> bool | None:
    """Return whether a value is a coroutine function, as every step is. Return None if unresolved."""
    match value:
        case StepFunction(may_be_replaced=False):
            return True
        case FunctionValue(node=cst.FunctionDef() as node, caveats=(), wrapped=None):
            is_generator = bindings_of(node, value.scope.module).is_generator
            return node.asynchronous is not None and not is_generator
        case FunctionValue(node=cst.Lambda()):
            return False
        case _:
            return None


def _is_coroutine(value: Value) -> bool | None:
    return True if isinstance(value, StepCall | WaitCall | FunctionCoroutine) else None


def evaluate_conditional(interpreter: Interpreter, node: cst.IfExp) -> Value:
    """Evaluate `a if c else b`."""
    truth = decided_truth(interpreter, node)
    if truth is not None:
        return interpreter.evaluate(node.body if truth else node.orelse)
    test = interpreter.evaluate(node.test)
    condition = interpreter.text(node.test)
    place = interpreter.place(node)
    interpreter.tracer.on_test(test, interpreter.place(node.test), place)
    values: list[Value] = []
    absent = [absent_tasks(interpreter, node.test, holds=holds) for holds in (True, False)]

    def evaluate_branch(branch: cst.BaseExpression, *, holds: bool) -> None:
        with narrow(interpreter, node.test, holds=holds):
            values.append(interpreter.evaluate(branch))

    paths = [
        (condition, interpreter.branch(lambda: evaluate_branch(node.body, holds=True), condition)),
        (None, interpreter.branch(lambda: evaluate_branch(node.orelse, holds=False))),
    ]
    interpreter.join_branches(paths, None, place)
    record_tests(interpreter, [node.test], place)
    record_absent_tasks(interpreter, absent, place)
    value = join_values([(condition, values[0]), (None, values[1])], None, place, ExclusiveTasks(paths[0][1].since))
    result = EnumMember(value.cls) if isinstance(value, EnumMember) else without_constants(value)
    return interpreter.tracer.on_operation((test, *values), result)


def evaluate_boolean(interpreter: Interpreter, node: cst.BooleanOperation) -> Value:
    """Evaluate `a and b` or `a or b`.

    An operand with steps becomes a branch of a choice. The condition of the branch consists of the preceding operands,
    starting with the last of them that has steps, or else with the first.
    """
    operands = _operands(node)
    value = interpreter.evaluate(operands[0])
    return _evaluate_operands(interpreter, node, operands, 0, 1, value)


def _evaluate_operands(
    interpreter: Interpreter,
    node: cst.BooleanOperation,
    operands: list[cst.BaseExpression],
    first: int,
    index: int,
    value: Value,
) -> Value:
    """Evaluate the operands from `index` on. Their conditions start with the operand at `first`."""
    is_and = isinstance(node.operator, cst.And)
    while index < len(operands):
        truth = static_truth(interpreter, operands[index - 1])
        if truth is (not is_and):
            return UNKNOWN
        if truth is is_and and first == index - 1:
            with narrow(interpreter, operands[first], holds=is_and):
                value = interpreter.evaluate(operands[index])
            first, index = index, index + 1
            continue
        results: list[Value] = []
        position = index

        def evaluate_operand(position: int = position, results: list[Value] = results) -> None:
            with narrow(interpreter, operands[position - 1], holds=is_and):
                results.append(interpreter.evaluate(operands[position]))
            if interpreter.operations:
                results[0] = _evaluate_operands(interpreter, node, operands, position, position + 1, results[0])

        interpreter.tracer.on_test(value, interpreter.place(operands[position - 1]), interpreter.place(node))
        path = interpreter.branch(evaluate_operand)
        if not path.block.operations and not path.changes and not (value.relevant or results[0].relevant):
            value = _decided_operand(node, value, results[0]) or interpreter.tracer.on_operation((value, results[0]))
            index += 1
            continue
        condition = _condition(interpreter, node, operands[first:index])
        interpreter.join_branches([(condition, path)], None, interpreter.place(node))
        record_operand(interpreter, operands[first:index], interpreter.place(node), is_and=is_and)
        value = _join_operands(interpreter, node, value, Case(condition, results[0]), path.since)
        if path.block.operations:
            return value
        index += 1
    return value


def _decided_operand(node: cst.BooleanOperation, left: Value, right: Value) -> Value | None:
    """Return the operand that is the result if the left one is constant or None. Return None otherwise."""
    if not isinstance(left, Absent | Constant):
        return None
    truth = isinstance(left, Constant) and bool(left.value)
    return left if truth is isinstance(node.operator, cst.Or) else right


def _join_operands(
    interpreter: Interpreter, node: cst.BooleanOperation, left: Value, right: Case, since: TaskId | None
) -> Value:
    """Join the results of two operands. `right` includes its condition. Irrelevant values need no union.

    The result of `or` may be an irrelevant left operand. This matters if code outside the project provides the operand,
    or if loops may run over it.
    """
    if not (left.relevant or right.value.relevant):
        return interpreter.tracer.on_operation((left, right.value))
    if isinstance(left, FunctionValue | StepFunction):  # always truthy
        return left if isinstance(node.operator, cst.Or) else right.value
    if isinstance(left, Absent) or (isinstance(left, Container) and left.read_as_empty()):  # always falsy
        return right.value if isinstance(node.operator, cst.Or) else left
    place = interpreter.place(node)
    keeps_left = isinstance(node.operator, cst.Or) and (is_from_package(left) or _has_container(right.value))
    if not left.relevant and not keeps_left:
        return Union((Case(right.condition, on_path(right.value, (), ExclusiveTasks(since))),), None, place)
    if isinstance(node.operator, cst.Or) and isinstance(node.right, _DISPLAYS) and _is_empty(right.value):
        since = 0  # an empty default replaces only empty operands, so a loop over the result awaits all their tasks
    return join_values([(right.condition, right.value), (None, left)], None, place, ExclusiveTasks(since))


_DISPLAYS: Final = (cst.List, cst.Tuple, cst.Dict)


def _is_empty(value: Value) -> bool:
    return isinstance(value, Container) and value.is_empty


def _has_container(value: Value) -> bool:
    return any(isinstance(case, Container) for case in union_values(value))


def _operands(node: cst.BooleanOperation) -> list[cst.BaseExpression]:
    """Return the operands of a chain of the same operator. A parenthesized chain counts as one operand."""
    operands: list[cst.BaseExpression] = []
    current: cst.BaseExpression = node
    kind = type(node.operator)
    while isinstance(current, cst.BooleanOperation) and isinstance(current.operator, kind):
        if current is not node and current.lpar:
            break
        operands.append(current.right)
        current = current.left
    operands.append(current)
    return list(reversed(operands))


def _condition(interpreter: Interpreter, node: cst.BooleanOperation, operands: list[cst.BaseExpression]) -> str:
    word = "and" if isinstance(node.operator, cst.And) else "or"
    texts = [interpreter.module.operand_text(operand) for operand in operands]
    text = f" {word} ".join(texts)
    interpreter.budget.spend(Limit.TEXT, len(text))
    if word == "and":
        return text
    return negate(text, operands[0]) if len(operands) == 1 else f"not ({text})"


def negate(text: str, node: cst.BaseExpression) -> str:
    """Return `not text`, parenthesized if the expression requires it."""
    is_atomic = isinstance(node, cst.Name | cst.Call | cst.Attribute | cst.Subscript)
    is_parenthesized = bool(node.lpar) and text.startswith("(")
    return f"not {text}" if is_atomic or is_parenthesized else f"not ({text})"
