"""Awaits of one of several values, as in `await (first if is_new else second)`."""

from __future__ import annotations

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.union import union_of_results, union_of_values
from stepgraph.interpreter.values.tasks import Gathering, Task
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.awaiting import await_value, current_result, emit_await, is_awaitable
from stepgraph.interpreter.workflow.invalid_awaits import is_function
from stepgraph.interpreter.workflow.work import await_members, awaited_tasks
from stepgraph.ir.await_groups import AwaitGroup
from stepgraph.ir.nodes import Await, Choice, ChoiceBranch, OperationBlock
from stepgraph.ir.values import UNKNOWN, Value
from stepgraph.ir.walk import tasks_started_in
from stepgraph.syntax.module import SourcePlace


def await_union(interpreter: Interpreter, value: Union, place: SourcePlace, first_operation: int | None) -> Value:
    """Await a union. If possible, a single await covers the started tasks of all cases, without a choice."""
    if first_operation is not None and first_operation < len(interpreter.operations):
        results = _await_in_branches(interpreter, value, place)
        if results is not None:
            return union_of_values(results, [place.text] * len(results), place.text, place)
    tasks = [case.value for case in value.cases if isinstance(case.value, Task | Gathering)]
    unstarted = [case.value for case in value.cases if is_awaitable(case.value) and case.value not in tasks]
    members = tuple(member for task in tasks for member in await_members(task))
    if members and (not unstarted or all(awaited.on_every_path for task in tasks for awaited in awaited_tasks(task))):
        one_per_iteration = any(isinstance(task, Gathering) and task.one_per_iteration for task in tasks)
        emit_await(interpreter, Await(AwaitGroup("all", members), place, one_per_iteration))
        if not unstarted:
            finished = [_finished(interpreter, task, place) for task in tasks]
            return union_of_results(finished, place.text, place)
        awaited_cases = (
            replace(case, value=_finished(interpreter, case.value, place))
            if isinstance(case.value, Task | Gathering)
            else case
            for case in value.cases
        )
        value = Union(tuple(awaited_cases), value.discriminant, value.place)
    return interpreter.apply_to_cases(value, lambda chosen: _await_case(interpreter, chosen, place))


def _await_case(interpreter: Interpreter, chosen: Value, place: SourcePlace) -> Value:
    """Await a case of a union. A function is not reported, because code may await only the other cases."""
    return UNKNOWN if is_function(chosen) else await_value(interpreter, chosen, place)


def _finished(interpreter: Interpreter, future: Task | Gathering, place: SourcePlace) -> Gathering:
    """Return a future without members, whose work is finished, with the current result of another future."""
    return Gathering("all", (), result=current_result(interpreter, future, place))


def _await_in_branches(interpreter: Interpreter, value: Union, place: SourcePlace) -> list[Value] | None:
    """Move the await into the branches of the choice just emitted, as for `await (gather(a(), b()) if c else d())`.

    Return the results of the branches. Return None if the await cannot be moved.
    """
    choice = interpreter.operations[-1]
    if not isinstance(choice, Choice) or len(choice.branches) != len(value.cases):
        return None
    pairs = list(zip(choice.branches, value.cases, strict=True))
    tasks = [(branch, case.value) for branch, case in pairs if isinstance(case.value, Task | Gathering)]
    if not tasks or not all(_starts_tasks_of(branch, task) for branch, task in tasks):
        return None
    awaited = [_with_await(interpreter, branch, case.value, place) for branch, case in pairs]
    interpreter.operations[-1] = replace(choice, branches=tuple(branch for branch, _ in awaited))
    return [result for _, result in awaited]


def _starts_tasks_of(branch: ChoiceBranch, task: Value) -> bool:
    started = set(tasks_started_in(branch.block))
    return started >= {awaited.task_id for awaited in awaited_tasks(task)}


def _with_await(
    interpreter: Interpreter, branch: ChoiceBranch, value: Value, place: SourcePlace
) -> tuple[ChoiceBranch, Value]:
    """Return the branch extended by the await of its value, and the result. A coroutine begins at the await."""
    with interpreter.collect_operations() as operations:
        operations.extend(branch.block.operations)
        result = _await_case(interpreter, value, place)
    return replace(branch, block=OperationBlock(tuple(operations))), result
