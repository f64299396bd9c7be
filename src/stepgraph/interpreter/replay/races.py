"""Races outside of steps: awaits that end as soon as the first of several tasks completes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.ir.await_groups import AwaitGroup, TaskId, awaited_tasks_of, is_race
from stepgraph.ir.nodes import Await
from stepgraph.ir.replay_facts import RaceOutsideStep
from stepgraph.ir.walk import VisitedOperation, name_of
from stepgraph.syntax.bindings import target_names
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import ancestors_of, expressions_below, self_and_statements_below, statements


def observe_races(interpreter: Interpreter, operations: Iterable[VisitedOperation]) -> None:
    """Record a fact for each race outside of steps, unless it has only one member."""
    for visit in operations:
        if visit.in_step is not None or not isinstance(visit.operation, Await):
            continue
        task_ids = _tasks_in_race(visit.operation)
        names = [
            name_of(interpreter.work.activities[task_id])
            for task_id in task_ids
            if task_id in interpreter.work.activities
        ]
        place = visit.operation.place
        if names and not _has_one_member(place.node):
            interpreter.observe(RaceOutsideStep(tuple(dict.fromkeys(names)), _drains(place), place))


def _tasks_in_race(await_: Await) -> list[TaskId]:
    """Return the tasks in a race. `as_completed` is a race if its loop ends after the first iteration."""
    if await_.group.in_completion_order and _ends_after_first_iteration(await_.place):
        return [awaited.task_id for awaited in awaited_tasks_of(await_.group)]
    return list(_tasks_in_group_race(await_.group))


def _ends_after_first_iteration(place: SourcePlace) -> bool:
    """Return whether the loop over the awaited variable must end in its first iteration."""
    awaited = place.node.expression if isinstance(place.node, cst.Await) else None
    if not isinstance(awaited, cst.Name):
        return False
    loops = [outer for outer in ancestors_of(place.module.parents, place.node) if isinstance(outer, cst.For)]
    loop = next((loop for loop in loops if awaited.value in target_names(loop.target)), None)
    return loop is not None and _always_exits(loop.body)


def _always_exits(body: cst.BaseSuite) -> bool:
    body_statements = list(statements(body))
    return (
        bool(body_statements)
        and isinstance(body_statements[-1], cst.Break | cst.Return)
        and not any(map(_has_continue, body_statements))
    )


def _has_continue(statement: cst.CSTNode) -> bool:
    return any(isinstance(inner, cst.Continue) for inner in self_and_statements_below(statement))


def _tasks_in_group_race(group: AwaitGroup) -> Iterator[TaskId]:
    """Yield the tasks of all races in a group, including tasks in nested groups."""
    for member in group.members:
        if isinstance(member, AwaitGroup):
            yield from _tasks_in_group_race(AwaitGroup(group.kind, member.members) if is_race(group) else member)
        elif is_race(group):
            yield member.task_id


def _awaited_argument(node: cst.CSTNode) -> cst.BaseExpression | None:
    """Return the first argument of an awaited call."""
    match node:
        case cst.Await(expression=cst.Call(args=[cst.Arg(value=value), *_])):
            return value
        case _:
            return None


def _has_one_member(node: cst.CSTNode) -> bool:
    match _awaited_argument(node):
        case cst.List(elements=elements) | cst.Set(elements=elements) | cst.Tuple(elements=elements):
            return len(elements) == 1 and not isinstance(elements[0], cst.StarredElement)
        case _:
            return False


def _drains(place: SourcePlace) -> bool:
    """Return whether a race is in a loop that also awaits the remaining tasks.

    The loop is `while pending: ...`, or contains `done, pending = await asyncio.wait(pending, ...)`.
    """
    parents = place.module.parents
    argument = _awaited_argument(place.node)
    if argument is None:
        return False
    loops = [outer for outer in ancestors_of(parents, place.node) if isinstance(outer, cst.While | cst.For)]
    argument_sources = _sources(place, argument)
    if any(
        isinstance(loop, cst.While) and not argument_sources.isdisjoint(_sources(place, loop.test)) for loop in loops
    ):
        return True
    assignment = parents.get(id(place.node))
    targets = [target.target for target in assignment.targets] if isinstance(assignment, cst.Assign) else []
    return bool(loops) and any(not argument_sources.isdisjoint(_sources(place, target)) for target in targets)


def _sources(place: SourcePlace, node: cst.CSTNode) -> set[str]:
    """Return the source of each name and attribute in an expression."""
    return {place.module.text(part) for part in expressions_below(node) if isinstance(part, cst.Name | cst.Attribute)}
