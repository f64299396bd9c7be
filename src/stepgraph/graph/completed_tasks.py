"""The callers' tasks that functions complete: a function may await tasks that it does not start."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from stepgraph.graph.calls import BodyOf, CallSummaries, functions_called_in, functions_with_steps, reachable
from stepgraph.graph.control import structure_control_flow
from stepgraph.graph.liveness import must_awaited_tasks
from stepgraph.ir.await_groups import AwaitedTask, TaskId
from stepgraph.ir.nodes import Call, Function, OperationBlock, StartOperation, operations_in
from stepgraph.ir.walk import task_references, tasks_started_in
from stepgraph.limits import Budget, Limit


def summarize_calls(body: OperationBlock, body_of: BodyOf, budget: Budget) -> CallSummaries:
    """Return the summaries of the functions that a program calls.

    Raises LimitExceededError if the functions exceed the budget.
    """
    functions = reachable(body, body_of)
    calls = CallSummaries(functions_with_steps(functions, body_of))
    if any(map(_callers_tasks, [body, *map(body_of, functions)])):
        return _CompletedTasks(body, functions, body_of, budget).summaries(calls.step_functions)
    return calls


class _CompletedTasks:
    """The search for the callers' tasks that each function completes.

    It begins with none. A summary is computed again after a summary that it depends on has changed. Summaries only
    grow, because tasks that are done after a call are still done if other calls complete more tasks.
    """

    def __init__(self, body: OperationBlock, functions: Sequence[Function], body_of: BodyOf, budget: Budget) -> None:
        self._body_of = body_of
        self._budget = budget
        self._completed: dict[int, tuple[AwaitedTask, ...]] = {}
        self._tasks_of_callees: dict[TaskId, tuple[AwaitedTask, ...]] = {}
        callee_of = {task_id: callee for inner in [body, *map(body_of, functions)] for task_id, callee in _calls(inner)}
        self._tasks_of: dict[int, list[TaskId]] = {}
        """The tasks that call each function."""
        for task_id, callee in callee_of.items():
            self._tasks_of.setdefault(id(callee), []).append(task_id)
        needed = {id(function): _needed(body_of(function), callee_of) for function in functions}
        self._functions = _needed_first(functions, needed)
        numbers = {id(function): number for number, function in enumerate(self._functions)}
        self._dependents: dict[int, list[int]] = {}
        """The numbers of the functions whose summaries depend on the one of a function."""
        for function in functions:
            for callee in needed[id(function)]:
                self._dependents.setdefault(id(callee), []).append(numbers[id(function)])

    def summaries(self, step_functions: frozenset[int]) -> CallSummaries:
        """Return the summaries of all functions."""
        calls = CallSummaries(step_functions, self._completed, self._tasks_of_callees)
        queue = list(range(len(self._functions)))
        queued = set(queue)
        while queue:
            number = heapq.heappop(queue)
            queued.remove(number)
            function = self._functions[number]
            if self._grows(function, structure_control_flow(self._body_of(function), calls)):
                for dependent in self._dependents.get(id(function), ()):
                    if dependent not in queued:
                        queued.add(dependent)
                        heapq.heappush(queue, dependent)
        return calls

    def _grows(self, function: Function, body: OperationBlock) -> bool:
        """Compute the summary of a function with a structured body. Return whether it has changed."""
        callers_tasks = _callers_tasks(body)
        if not callers_tasks:
            return False
        earlier = self._completed.get(id(function), ())
        completed = _merged([*earlier, *must_awaited_tasks(body, callers_tasks, self._budget)])
        if completed == earlier:
            return False
        self._budget.spend(Limit.PAIRS, 2 * len(completed))  # for the function and for its tasks
        self._completed[id(function)] = completed
        self._tasks_of_callees |= dict.fromkeys(self._tasks_of.get(id(function), ()), completed)
        return True


def _merged(tasks: Iterable[AwaitedTask]) -> tuple[AwaitedTask, ...]:
    """Return tasks without duplicates, ordered by id."""
    merged: dict[TaskId, AwaitedTask] = {}
    for task in tasks:
        earlier = merged.get(task.task_id)
        merged[task.task_id] = task if earlier is None else replace(task, all_runs=task.all_runs or earlier.all_runs)
    return tuple(merged[task_id] for task_id in sorted(merged))


def _needed(body: OperationBlock, callee_of: dict[TaskId, Function]) -> list[Function]:
    """Return the functions whose summaries decide which tasks a body completes."""
    awaited = (callee_of[task_id] for task_id in task_references(body) if task_id in callee_of)
    return list({id(function): function for function in (*functions_called_in(body), *awaited)}.values())


def _needed_first(functions: Sequence[Function], needed: dict[int, list[Function]]) -> list[Function]:
    """Return functions sorted so that each function follows the functions that it needs, except in cycles."""
    ordered: dict[int, Function] = {}
    visited: set[int] = set()
    for root in functions:
        stack = [(root, iter(needed[id(root)]))]
        while stack:
            function, unvisited_functions = stack[-1]
            visited.add(id(function))
            following = next((each for each in unvisited_functions if id(each) not in visited), None)
            if following is None:
                stack.pop()
                ordered[id(function)] = function
            else:
                stack.append((following, iter(needed[id(following)])))
    return list(ordered.values())


def _callers_tasks(body: OperationBlock) -> frozenset[TaskId]:
    """Return the tasks that a body awaits but does not start."""
    started = set(tasks_started_in(body))
    return frozenset(task_id for task_id in task_references(body) if task_id not in started)


def _calls(block: OperationBlock) -> Iterator[tuple[TaskId, Function]]:
    """Yield, for each call that a block starts as a task, the task and the called function."""
    for operation in operations_in(block):
        if isinstance(operation, StartOperation) and isinstance(operation.activity, Call):
            yield operation.task_id, operation.activity.function
