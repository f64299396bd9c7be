"""Races outside of steps: awaits that are over with the first of several."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.ir.facts import Raced
from stepgraph.ir.nodes import Await, AwaitGroup, Block, TaskId, awaited_in, is_race
from stepgraph.ir.walk import name_of, reached
from stepgraph.syntax.bindings import target_names
from stepgraph.syntax.module import Place
from stepgraph.syntax.parents import around
from stepgraph.syntax.walk import expressions_below, statements, with_below


def observe_races(interpreter: Interpreter, body: Block) -> None:
    """Observe the races of a program, but for those in steps, and those of which one member only is written."""
    for met in reached(body):
        if met.in_step is not None or not isinstance(met.operation, Await):
            continue
        task_ids = _racing_in(met.operation)
        names = [
            name_of(interpreter.work.activities[task_id])
            for task_id in task_ids
            if task_id in interpreter.work.activities
        ]
        place = met.operation.place
        if names and not _has_one_member(place.node):
            interpreter.observe(Raced(tuple(dict.fromkeys(names)), _drains(place), place))


def _racing_in(join: Await) -> list[TaskId]:
    """Return what an await is a race of: also that of the next of several, in a loop that has one pass only."""
    if join.group.in_turn and _ends_at_first_pass(join.place):
        return [awaited.task_id for awaited in awaited_in(join.group)]
    return list(_racing(join.group))


def _ends_at_first_pass(place: Place) -> bool:
    """Whether the loop whose variable is awaited is left at the end of its first pass, if not by an error."""
    awaited = place.node.expression if isinstance(place.node, cst.Await) else None
    if not isinstance(awaited, cst.Name):
        return False
    loops = [outer for outer in around(place.module.parents, place.node) if isinstance(outer, cst.For)]
    loop = next((loop for loop in loops if awaited.value in target_names(loop.target)), None)
    return loop is not None and _is_left(loop.body)


def _is_left(body: cst.BaseSuite) -> bool:
    found = list(statements(body))
    return bool(found) and isinstance(found[-1], cst.Break | cst.Return) and not any(map(_goes_on, found))


def _goes_on(statement: cst.CSTNode) -> bool:
    return any(isinstance(inner, cst.Continue) for inner in with_below(statement))


def _racing(group: AwaitGroup) -> Iterator[TaskId]:
    """Yield what is in a race, in groups inside it too."""
    for member in group.members:
        if isinstance(member, AwaitGroup):
            yield from _racing(AwaitGroup(group.kind, member.members) if is_race(group) else member)
        elif is_race(group):
            yield member.task_id


def _waited_for(node: cst.CSTNode) -> cst.BaseExpression | None:
    """Return what an await of a call waits for: its first argument."""
    match node:
        case cst.Await(expression=cst.Call(args=[cst.Arg(value=value), *_])):
            return value
        case _:
            return None


def _has_one_member(node: cst.CSTNode) -> bool:
    match _waited_for(node):
        case cst.List(elements=elements) | cst.Set(elements=elements) | cst.Tuple(elements=elements):
            return len(elements) == 1 and not isinstance(elements[0], cst.StarredElement)
        case _:
            return False


def _drains(place: Place) -> bool:
    """Whether a race is in a loop that goes on with what is left.

    `while pending: ...`, or `done, pending = await asyncio.wait(pending, ...)`.
    """
    parents = place.module.parents
    waited = _waited_for(place.node)
    if waited is None:
        return False
    loops = [outer for outer in around(parents, place.node) if isinstance(outer, cst.While | cst.For)]
    read = _sources(place, waited)
    if any(isinstance(loop, cst.While) and not read.isdisjoint(_sources(place, loop.test)) for loop in loops):
        return True
    assignment = parents.get(id(place.node))
    targets = [target.target for target in assignment.targets] if isinstance(assignment, cst.Assign) else []
    return bool(loops) and any(not read.isdisjoint(_sources(place, target)) for target in targets)


def _sources(place: Place, node: cst.CSTNode) -> set[str]:
    """Return the source of each name and attribute in an expression."""
    return {place.module.text(part) for part in expressions_below(node) if isinstance(part, cst.Name | cst.Attribute)}
