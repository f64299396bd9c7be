"""Tasks that are not pending on a path, because a test finds an empty collection, no task, or a task that is done.

For example, `if tasks: await asyncio.gather(*tasks)`, `if task is not None: await task` or `if not task.done(): ...`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.python.narrowing import narrowings, resolve_slot
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.tasks import Task
from stepgraph.interpreter.values.unions import Union, with_all_runs
from stepgraph.interpreter.workflow.work import awaited_tasks
from stepgraph.ir.await_groups import AwaitedTask
from stepgraph.ir.nodes import Choice
from stepgraph.ir.values import External, is_none
from stepgraph.syntax.module import SourcePlace

_LEN: Final = External("builtins.len")
_SIZED_KINDS: Final = ("list", "tuple", "set", "frozenset", "deque")
"""The kinds of collections whose truth value tells whether they are empty."""
_NONEMPTY_TESTS: Final = ((cst.GreaterThan, "0"), (cst.NotEqual, "0"), (cst.GreaterThanEqual, "1"))
_EMPTY_TESTS: Final = ((cst.Equal, "0"), (cst.LessThanEqual, "0"), (cst.LessThan, "1"))
"""The comparisons of a length that hold for each nonempty collection, and for each empty one."""


def absent_tasks(interpreter: Interpreter, test: cst.BaseExpression, *, holds: bool) -> tuple[AwaitedTask, ...]:
    """Return the tasks that are not pending if a test holds, or if it fails.

    They are the tasks in the collections that are empty then, those of variables that hold another value, and those
    that the test finds to be done.
    """
    operands = tuple(_empty_if(interpreter, test, holds=holds))
    in_operands = (task for operand in operands for task in _tasks_in(interpreter, operand))
    return (*in_operands, *_tasks_of_excluded_cases(interpreter, test, holds=holds))


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


def _empty_if(interpreter: Interpreter, test: cst.BaseExpression, *, holds: bool) -> Iterator[cst.BaseExpression]:
    """Yield the operands that are empty collections or tasks that are done if a test holds, or if it fails."""
    if type(test) is cst.Name or type(test) is cst.Attribute:
        if not holds:
            yield test
        return
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            yield from _empty_if(interpreter, inner, holds=not holds)
        case cst.BooleanOperation(left=left, operator=operator, right=right):
            if isinstance(operator, cst.And) is holds:
                yield from _empty_if(interpreter, left, holds=holds)
                yield from _empty_if(interpreter, right, holds=holds)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator, cst.Integer(value=number))]):
            is_empty = any(isinstance(operator, kind) and number == bound for kind, bound in _EMPTY_TESTS)
            is_nonempty = any(isinstance(operator, kind) and number == bound for kind, bound in _NONEMPTY_TESTS)
            measured = _measured_by_len(interpreter, left)
            if measured is not None and (is_empty if holds else is_nonempty):
                yield measured
        case cst.Call(func=cst.Attribute(value=task, attr=cst.Name(value="done")), args=[]) if holds:
            yield task
        case cst.NamedExpr(target=target) if not holds:
            yield target
        case _ if not holds:
            yield _measured_by_len(interpreter, test) or test


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
