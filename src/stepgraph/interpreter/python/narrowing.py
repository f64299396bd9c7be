"""Narrowing of variables in code that runs only if a test holds or only if it fails, and of the tasks pending there.

A test may find an empty collection, no task, or a task that is done, as in `if tasks: await asyncio.gather(*tasks)`,
`if "mail" in tasks: await tasks["mail"]`, `if task is not None: await task` or `if not task.done(): ...`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from operator import is_
from typing import Final, TypeAlias

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.attributes.presence import may_have_attribute, must_have_attribute
from stepgraph.interpreter.objects.class_relations import is_instance
from stepgraph.interpreter.objects.classes import class_default
from stepgraph.interpreter.objects.names import binding_scope
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import FunctionValue, ProjectObject, mangle
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.tasks import Gathering, Task
from stepgraph.interpreter.values.unions import Case, Union, with_all_runs
from stepgraph.interpreter.workflow.work import awaited_tasks
from stepgraph.ir.await_groups import AwaitedTask
from stepgraph.ir.nodes import Choice
from stepgraph.ir.values import (
    ABSENT,
    UNKNOWN,
    UNSET,
    Absent,
    Constant,
    External,
    PartlyKnownText,
    Unresolved,
    Value,
    is_none,
)
from stepgraph.ir.values import is_none as holds_none
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourcePlace

_ISINSTANCE: Final = External("builtins.isinstance")
_HASATTR: Final = External("builtins.hasattr")
_CALLABLE: Final = External("builtins.callable")
_GETATTR: Final = External("builtins.getattr")
_TYPE: Final = External("builtins.type")
_CALLABLE_ATTRIBUTE: Final = (_CALLABLE, _GETATTR)
_Narrowing: TypeAlias = tuple[HeapCell, str, Value]
"""The heap cell and key of a variable or attribute, and its narrowed value."""

# Types whose values are always truthy.
_ALWAYS_TRUE = (StepFunction, FunctionValue, Task, Gathering)


def narrow(interpreter: Interpreter, test: cst.BaseExpression, *, holds: bool) -> AbstractContextManager[None]:
    """Return a context that narrows variables to the cases that satisfy a test, or to those that fail it.

    A variable that is assigned in the context keeps its new value.
    """
    return _applied(interpreter, list(narrowings(interpreter, test, holds=holds)))


def run_narrowed(interpreter: Interpreter, test: cst.BaseExpression, run: Callable[[], None]) -> None:
    """Run code that runs only if a test holds, such as the filter of a comprehension."""
    with narrow(interpreter, test, holds=True):
        run()


def narrow_to_instances(
    interpreter: Interpreter, node: cst.BaseExpression, classes: Sequence[Value]
) -> AbstractContextManager[None]:
    """Return a context that narrows a variable to the instances of some classes. Without classes, it does nothing."""
    narrowings = _narrow_variable(
        interpreter, node, lambda value: _may_be_instance(interpreter, value, classes, is_true=True)
    )
    return _applied(interpreter, list(narrowings) if classes else [])


def narrow_after(interpreter: Interpreter, test: cst.BaseExpression) -> None:
    """Narrow the variables of the function to the cases that fail a test, after an `if` whose body always jumps.

    Other variables keep all their cases, because changing them would be an effect of the function.
    """
    for cell, key, value in list(narrowings(interpreter, test, holds=False)):
        if cell is interpreter.frame.body_scope.names:
            interpreter.store.write(cell, key, value)


@contextmanager
def _applied(interpreter: Interpreter, narrowings: Sequence[_Narrowing]) -> Iterator[None]:
    saved = []
    for cell, key, value in narrowings:
        saved.append((cell, key, cell[key], value))
        interpreter.store.put(cell, key, value)
    yield
    for cell, key, old, new in reversed(saved):
        if cell.get(key) is new:
            interpreter.store.put(cell, key, old)


# Class patterns are slow for the many tests of a variable.
_COMPOUND_TESTS: Final = frozenset([cst.UnaryOperation, cst.BooleanOperation, cst.Comparison, cst.Call, cst.NamedExpr])
_IDENTITY_OPERATORS: Final = frozenset([cst.Is, cst.IsNot])


def narrowings(interpreter: Interpreter, test: cst.BaseExpression, *, holds: bool) -> Iterator[_Narrowing]:
    """Yield the narrower values that variables and attributes have if a test holds, or if it fails."""
    if type(test) not in _COMPOUND_TESTS:
        yield from _narrow_variable(interpreter, test, lambda value: _may_be_true(value, is_true=holds))
        return
    if type(test) is cst.Comparison and type(test.comparisons[0].operator) not in _IDENTITY_OPERATORS:
        return
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            yield from narrowings(interpreter, inner, holds=not holds)
        case cst.BooleanOperation(left=left, operator=operator, right=right) if type(operator) is (
            cst.And if holds else cst.Or
        ):
            yield from narrowings(interpreter, left, holds=holds)
            yield from narrowings(interpreter, right, holds=holds)
        case cst.Comparison():
            yield from _narrow_by_comparison(interpreter, test, holds=holds)
        case cst.Call():
            yield from _narrow_by_call(interpreter, test, holds=holds)
        case cst.NamedExpr(target=cst.Name() as name):
            yield from _narrow_variable(interpreter, name, lambda value: _may_be_true(value, is_true=holds))
            if holds:
                yield from _narrow_to_assigned(interpreter, test)
        case _:
            yield from _narrow_variable(interpreter, test, lambda value: _may_be_true(value, is_true=holds))


def _narrow_by_comparison(interpreter: Interpreter, test: cst.Comparison, *, holds: bool) -> Iterator[_Narrowing]:
    """Yield the values after a comparison by `is` or `is not`."""
    match test:
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(cst.Is(), cst.Name("None"))]):
            yield from _narrow_variable(interpreter, left, lambda value: _may_be_none(value, is_none=holds))
        case cst.Comparison() if holds and (searched := attribute_searched(interpreter, test)) is not None:
            yield from _narrow_to_attribute(interpreter, *searched)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(cst.IsNot(), cst.Name("None"))]):
            yield from _narrow_variable(interpreter, left, lambda value: _may_be_none(value, is_none=not holds))
            match left:
                case cst.NamedExpr(value=cst.Call(args=[_, _, cst.Arg(value=cst.Name("None"))])) if holds:
                    yield from _narrow_to_assigned(interpreter, left)
        case cst.Comparison(
            left=cst.Call(func=cst.Name("type") as function, args=[cst.Arg(value=subject, star="", keyword=None)]),
            comparisons=[cst.ComparisonTarget(cst.Is(), cst.Name() | cst.Attribute() as class_node)],
        ) if holds and interpreter.evaluate(function) == _TYPE:
            yield from _narrow_to_instances(interpreter, subject, [interpreter.evaluate(class_node)], holds=True)
        case _:
            yield from _narrow_variable(interpreter, test, lambda value: _may_be_true(value, is_true=holds))


def _narrow_by_call(interpreter: Interpreter, test: cst.Call, *, holds: bool) -> Iterator[_Narrowing]:
    """Yield the values after a call of `hasattr`, `isinstance` or `callable`, or of a method of the tested string."""
    match test:
        case cst.Call() if holds and (searched := attribute_searched(interpreter, test)) is not None:
            yield from _narrow_to_attribute(interpreter, *searched)
        case cst.Call(func=cst.Name("hasattr")) if (searched := attribute_searched(interpreter, test)) is not None:
            yield from _narrow_variable(
                interpreter, searched[0], lambda value: not must_have_attribute(value, searched[1])
            )
        case cst.Call() if is_call_of_type_test(test) and (tested := type_test(interpreter, test)) is not None:
            yield from _narrow_to_instances(interpreter, *tested, holds=holds)
        case cst.Call(func=cst.Attribute(value=cst.Name() as subject)) if holds and (text := tested_text(test)):
            slot = resolve_slot(interpreter, subject)
            if slot is not None and slot[0].get(slot[1]) is UNKNOWN:
                yield slot[0], slot[1], text
        case _:
            yield from _narrow_variable(interpreter, test, lambda value: _may_be_true(value, is_true=holds))


def is_call_of_type_test(test: cst.Call) -> bool:
    """Return whether a call may be one of `isinstance` or `callable`, by the name of its function."""
    return isinstance(test.func, cst.Name) and test.func.value in ("isinstance", "callable")


def type_test(interpreter: Interpreter, test: cst.Call) -> tuple[cst.BaseExpression, list[Value]] | None:
    """Return the subject and the classes of `isinstance(x, C)`, `isinstance(x, (C, D))` or `callable(x)`, or None."""
    match test.args:
        case [cst.Arg(value=subject, star="", keyword=None), cst.Arg(value=classes, star="", keyword=None)] if (
            interpreter.evaluate(test.func) == _ISINSTANCE
        ):
            return subject, [interpreter.evaluate(node) for node in class_expressions(classes)]
        case [cst.Arg(value=subject, star="", keyword=None)] if interpreter.evaluate(test.func) == _CALLABLE:
            return subject, [External("collections.abc.Callable")]
        case _:
            return None


def tested_text(test: cst.Call) -> PartlyKnownText | None:
    """Return the text that a variable holds if `x.startswith("a")` or `x.endswith("a")` is true. Return None if not."""
    match test:
        case cst.Call(
            func=cst.Attribute(attr=cst.Name(value="startswith" | "endswith" as method)),
            args=[cst.Arg(value=literal)],
        ) if (text := string_of(literal)) is not None:
            return PartlyKnownText((text, "") if method == "startswith" else ("", text))
        case _:
            return None


def attribute_searched(interpreter: Interpreter, test: cst.BaseExpression) -> tuple[cst.BaseExpression, str] | None:
    """Return the object and name in `hasattr(x, "name")`, or in a test of `getattr(x, "name", None)`, or None.

    The test fails for objects without the attribute.
    """
    match test:
        case cst.Call(
            func=cst.Name(value="callable") as function,
            args=[
                cst.Arg(
                    value=cst.Call(
                        func=cst.Name(value="getattr") as getter,
                        args=[
                            cst.Arg(value=subject, star=""),
                            cst.Arg(value=literal),
                            cst.Arg(value=cst.Name("None")),
                        ],
                    )
                )
            ],
        ) if (name := string_of(literal)) is not None and (
            interpreter.evaluate(function),
            interpreter.evaluate(getter),
        ) == _CALLABLE_ATTRIBUTE:
            return subject, name
        case cst.Call(
            func=cst.Name(value="getattr") as function,
            args=[
                cst.Arg(value=subject, star="", keyword=None),
                cst.Arg(value=literal, star=""),
                cst.Arg(value=cst.Name("None" | "False"), star=""),
            ],
        ) if (name := string_of(literal)) is not None and interpreter.evaluate(function) == _GETATTR:
            return subject, name
        case cst.Comparison(
            left=cst.Call(args=[_, _, cst.Arg(value=cst.Name("None"))]) as call,
            comparisons=[cst.ComparisonTarget(cst.IsNot(), cst.Name("None"))],
        ) if not is_call_of_type_test(call):
            return attribute_searched(interpreter, call)
        case cst.Call(
            func=cst.Name(value="hasattr") as function,
            args=[cst.Arg(value=subject, star="", keyword=None), cst.Arg(value=literal, star="")],
        ) if (name := string_of(literal)) is not None and interpreter.evaluate(function) == _HASATTR:
            return subject, name
        case _:
            return None


def _narrow_to_attribute(interpreter: Interpreter, node: cst.BaseExpression, attribute: str) -> Iterator[_Narrowing]:
    """Narrow a variable to the values that may have an attribute."""
    yield from _narrow_member(interpreter, node, attribute)
    yield from _narrow_variable(interpreter, node, lambda value: may_have_attribute(interpreter, value, attribute))


def _narrow_to_assigned(interpreter: Interpreter, test: cst.NamedExpr) -> Iterator[_Narrowing]:
    """Narrow `x` to the values that may have an attribute if a test assigns it, as in `y := getattr(x, "name", None)`.

    The test fails for the default.
    """
    searched = attribute_searched(interpreter, test.value)
    if searched is not None:
        yield from _narrow_to_attribute(interpreter, *searched)


def _narrow_member(interpreter: Interpreter, node: cst.BaseExpression, attribute: str) -> Iterator[_Narrowing]:
    """Narrow the variable of a loop over all members of an object to the members that may have an attribute."""
    slot = resolve_slot(interpreter, node)
    if slot is None or not isinstance(node, cst.Name) or not isinstance(slot[0].get(slot[1]), Unresolved):
        return
    # Imported here because few programs test members.
    from stepgraph.interpreter.objects.attributes.member_loops import members_with_attribute

    members = members_with_attribute(interpreter, node, attribute)
    if members is not None:
        yield slot[0], slot[1], members


def _narrow_variable(
    interpreter: Interpreter, node: cst.BaseExpression, may_satisfy: Callable[[Value], bool]
) -> Iterator[_Narrowing]:
    slot = resolve_slot(interpreter, node)
    if slot is None:
        return
    cell, key, unset_value = slot
    value = cell.get(key)
    if isinstance(value, ProjectObject | FunctionValue | StepFunction) and not may_satisfy(value):
        yield cell, key, ABSENT  # the code with this test result never runs
    if not isinstance(value, Union):
        return

    def may_remain(leaf: Value) -> bool:
        return any(map(may_satisfy, union_values(unset_value if leaf is UNSET else leaf)))

    narrowed = _narrow_union(value, may_remain)
    if narrowed is not None and narrowed is not value:
        yield cell, key, narrowed


def _narrow_to_instances(
    interpreter: Interpreter, node: cst.BaseExpression, classes: Sequence[Value], *, holds: bool
) -> Iterator[_Narrowing]:
    """Yield the narrower value of a variable whose value is an instance of one of these classes, or of none."""
    return _narrow_variable(
        interpreter, node, lambda value: _may_be_instance(interpreter, value, classes, is_true=holds)
    )


def _narrow_union(union: Union, may_satisfy: Callable[[Value], bool]) -> Value | None:
    """Return a union without the cases that cannot satisfy a test, or None if no case can."""
    remaining: list[Case] = []
    for case in union.cases:
        value = _narrow_union(case.value, may_satisfy) if isinstance(case.value, Union) else case.value
        if value is not None and (isinstance(value, Union) or may_satisfy(value)):
            remaining.append(case if value is case.value else Case(case.condition, value))
    if len(remaining) == len(union.cases) and all(map(is_, remaining, union.cases)):
        return union
    if not remaining:
        return None
    return remaining[0].value if len(remaining) == 1 else replace(union, cases=tuple(remaining))


def resolve_slot(interpreter: Interpreter, node: cst.BaseExpression) -> tuple[HeapCell, str, Value] | None:
    """Return the heap cell and key of a variable or attribute. Return None if it cannot be resolved.

    The third item is the default of the attribute in the class, or UNKNOWN.
    """
    match node:
        case cst.Name(value=name):
            scope = binding_scope(interpreter.frame.scope, name)
            is_variable = scope.kind in ("function", "expression") and name in scope.names
            return (scope.names, name, UNKNOWN) if is_variable else None
        case cst.NamedExpr(target=cst.Name() as target):
            return resolve_slot(interpreter, target)
        case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=name)):
            scope = binding_scope(interpreter.frame.scope, owner)
            instance = scope.names.get(owner)
            name = mangle(interpreter.frame.scope, name)
            if isinstance(instance, ProjectObject) and name in instance.state:
                return instance.state, name, class_default(interpreter, instance, name)
    return None


def _may_be_none(value: Value, *, is_none: bool) -> bool:
    """Return whether `value is None` may have the result `is_none`."""
    return not isinstance(value, _ALWAYS_TRUE) if is_none else not holds_none(value)


def _may_be_true(value: Value, *, is_true: bool) -> bool:
    """Return whether `bool(value)` may have the result `is_true`."""
    if isinstance(value, Absent | Constant):
        return (isinstance(value, Constant) and bool(value.value)) is is_true
    return is_true or not isinstance(value, _ALWAYS_TRUE)


def _may_be_instance(interpreter: Interpreter, value: Value, classes: Sequence[Value], *, is_true: bool) -> bool:
    """Return whether `isinstance(value, classes)` may have the result `is_true`."""
    results = [is_instance(interpreter, value, class_value) for class_value in classes]
    return any(result is not False for result in results) if is_true else not any(results)


def class_expressions(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    """Return the expressions of the individual classes in the second argument of `isinstance`."""
    match node:
        case cst.Tuple(elements=elements):
            return [element.value for element in elements]
        case cst.BinaryOperation(left=left, operator=cst.BitOr(), right=right):
            return [*class_expressions(left), *class_expressions(right)]
        case _:
            return [node]


_LEN: Final = External("builtins.len")
_SIZED_KINDS: Final = ("list", "tuple", "set", "frozenset", "deque")
"""The kinds of collections whose truth value tells whether they are empty."""
_NONEMPTY_TESTS: Final = ((cst.GreaterThan, "0"), (cst.NotEqual, "0"), (cst.GreaterThanEqual, "1"))
_EMPTY_TESTS: Final = ((cst.Equal, "0"), (cst.LessThanEqual, "0"), (cst.LessThan, "1"))
"""The comparisons of a length that hold for each nonempty collection, and for each empty one."""


def absent_tasks(interpreter: Interpreter, test: cst.BaseExpression, *, holds: bool) -> tuple[AwaitedTask, ...]:
    """Return the tasks that are not pending if a test holds, or if it fails.

    They are the tasks in the collections that are empty then, those at missing keys, those of variables that hold
    another value, and those that the test finds to be done.
    """
    operands = (*empty_if(interpreter, test, holds=holds), *_none_if(test, holds=holds))
    in_operands = (task for operand in operands for task in _tasks_in(interpreter, operand))
    at_keys = _tasks_at_missing_key(interpreter, test, holds=holds)
    return (*in_operands, *at_keys, *_tasks_of_excluded_cases(interpreter, test, holds=holds))


def _tasks_at_missing_key(interpreter: Interpreter, test: cst.BaseExpression, *, holds: bool) -> Iterator[AwaitedTask]:
    """Yield the tasks in a variable's dictionary at a key that is missing if a test holds, or if it fails."""
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            yield from _tasks_at_missing_key(interpreter, inner, holds=not holds)
            return
        case cst.Comparison(
            left=cst.SimpleString() | cst.Integer() | cst.Name() as key,
            comparisons=[cst.ComparisonTarget(cst.In() | cst.NotIn() as operator, table)],
        ) if isinstance(operator, cst.NotIn) is holds:
            slot = resolve_slot(interpreter, table)
        case _:
            return
    value = None if slot is None else slot[0].get(slot[1])
    if not isinstance(value, Mapping) or not any(entry.value.relevant for entry in value.entries):
        return
    from stepgraph.interpreter.objects.containers.entries import exact_key  # few tests look for a key

    exact = exact_key(interpreter.evaluate(key))
    for entry in value.entries:
        if exact is not None and exact_key(entry.key) == exact and not entry.many:
            yield from (task for task in awaited_tasks(entry.value) if task.on_every_path)


def _tasks_of_excluded_cases(
    interpreter: Interpreter, test: cst.BaseExpression, *, holds: bool
) -> Iterator[AwaitedTask]:
    """Yield the tasks that a variable holds on every path that starts them, but not if a test holds, or if it fails."""
    for cell, key, narrowed in narrowings(interpreter, test, holds=holds):
        remaining = {task.task_id for task in awaited_tasks(narrowed)}
        yield from (task for task in awaited_tasks(cell[key]) if task.on_every_path and task.task_id not in remaining)


def record_absent_tasks(
    interpreter: Interpreter, absent: Sequence[tuple[AwaitedTask, ...]], place: SourcePlace
) -> None:
    """Add to the choice just emitted the tasks that are absent on each of its paths, if there are any."""
    choice = interpreter.operations[-1] if interpreter.operations else None
    if any(absent) and isinstance(choice, Choice) and choice.place.node is place.node:
        interpreter.operations[-1] = replace(choice, absent_tasks=tuple(absent))


def empty_if(interpreter: Interpreter, test: cst.BaseExpression, *, holds: bool) -> Iterator[cst.BaseExpression]:
    """Yield the operands that are empty collections or tasks that are done if a test holds, or if it fails."""
    if type(test) is cst.Name or type(test) is cst.Attribute:
        if not holds:
            yield test
        return
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            yield from empty_if(interpreter, inner, holds=not holds)
        case cst.BooleanOperation(left=left, operator=operator, right=right):
            if isinstance(operator, cst.And) is holds:
                yield from empty_if(interpreter, left, holds=holds)
                yield from empty_if(interpreter, right, holds=holds)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator, cst.Integer(value=number))]):
            measured = _measured_by_len(interpreter, left)
            if measured is not None and (type(operator), number) in (_EMPTY_TESTS if holds else _NONEMPTY_TESTS):
                yield measured
        case cst.Call(func=cst.Attribute(value=task, attr=cst.Name(value="done")), args=[]) if holds:
            yield task
        case cst.NamedExpr(target=target) if not holds:
            yield target
        case _ if not holds:
            yield _measured_by_len(interpreter, test) or test


def _none_if(test: cst.BaseExpression, *, holds: bool) -> Iterator[cst.BaseExpression]:
    """Yield the operand that is None if a comparison with None holds, or if it fails."""
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            yield from _none_if(inner, holds=not holds)
        case cst.Comparison(
            left=left,
            comparisons=[
                cst.ComparisonTarget(
                    cst.Is() | cst.Equal() | cst.IsNot() | cst.NotEqual() as operator, cst.Name(value="None")
                )
            ],
        ) if isinstance(operator, cst.Is | cst.Equal) is holds:
            yield left


def _measured_by_len(interpreter: Interpreter, node: cst.BaseExpression) -> cst.BaseExpression | None:
    match node:
        case cst.Call(func=cst.Name(value="len") as function, args=[cst.Arg(value=measured, star="", keyword=None)]):
            return measured if interpreter.evaluate(function) == _LEN else None
        case _:
            return None


def _tasks_in(interpreter: Interpreter, node: cst.BaseExpression) -> Iterator[AwaitedTask]:
    """Yield the tasks that a variable or attribute, or the collection in it, holds on every path that starts them."""
    slot = resolve_slot(interpreter, node)
    value = None if slot is None else slot[0].get(slot[1])
    if isinstance(value, Task | Union) and all(isinstance(leaf, Task) or is_none(leaf) for leaf in union_values(value)):
        yield from (task for task in awaited_tasks(value) if task.on_every_path)
        return
    elements: Sequence[Element | MappingEntry] = ()
    if isinstance(value, Mapping) or (isinstance(value, Collection) and value.kind in _SIZED_KINDS):
        elements = value.entries if isinstance(value, Mapping) else value.items
    for element in elements:
        value = with_all_runs(element.value) if element.many else element.value
        yield from (task for task in awaited_tasks(value) if task.on_every_path)
