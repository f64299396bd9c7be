"""Generate statements of all families."""

from __future__ import annotations

from collections.abc import Callable

from tests.proof.programs import (
    choices,
    classes,
    containers,
    declarations,
    exits,
    functions,
    generators,
    idioms,
    loops,
    progress,
    protection,
    state,
    tasks,
    values,
    wrappers,
)
from tests.proof.programs.drawing import MAX_DEPTH, Drawing
from tests.proof.programs.printing import Statement
from tests.proof.programs.scope import Scope

Family = Callable[[Drawing, Scope], Statement]

_SIMPLE: dict[Family, int] = {
    values.one_line: 30,
    values.unawaited_sleep: 1,
    tasks.start: 8,
    tasks.join: 10,
    tasks.wait_for_new_tasks: 2,
    tasks.await_gather: 5,
    tasks.task_list: 3,
    exits.conditional_jump: 6,
}
_COMPOUND: dict[Family, int] = {
    choices.if_statement: 10,
    choices.match_statement: 3,
    loops.for_loop: 6,
    loops.while_loop: 3,
    loops.loop_over_steps: 2,
    protection.try_statement: 7,
    protection.with_statement: 3,
    tasks.group: 3,
    tasks.as_completed: 2,
    tasks.coroutine_before_await: 2,
    declarations.declaration: 6,
    functions.closure: 3,
    idioms.registry: 1,
    idioms.undo_stack: 1,
    idioms.exit_stack: 1,
    idioms.manager: 2,
    idioms.generator: 1,
    idioms.holder: 1,
    idioms.queue: 1,
    idioms.starred: 1,
    idioms.iterated: 1,
}
_STATEFUL: dict[Family, int] = {
    state.state: 3,
    state.variable: 2,
    state.function_list: 2,
    state.change: 8,
    state.flag: 2,
    state.loop_over_function_list: 2,
    tasks.task_table: 2,
    progress.retry: 2,
    progress.kept_error: 2,
    progress.machine: 2,
    progress.work_list: 2,
    progress.results: 2,
    classes.hierarchy: 2,
    classes.actor: 1,
    wrappers.decorator: 2,
    wrappers.forwarding: 2,
    generators.plan: 3,
    containers.collection: 4,
    containers.table: 3,
}
"""Statements that depend on changing objects."""

_STATEFUL_DEPTH = 3
_STATEFUL_COST = 3
"""The part of the budget that each of these statements uses, in addition to its calls."""


def statement(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a statement. A deeply nested statement is a simple one, and does not depend on changing objects."""
    if not scope.thunks:
        return declarations.decorated_step(drawing, scope)
    families = _SIMPLE if scope.depth >= MAX_DEPTH else _SIMPLE | _COMPOUND
    if drawing.stateful and scope.depth < _STATEFUL_DEPTH:
        families = families | _STATEFUL
    family = drawing.weighted(families)
    if family in _STATEFUL:
        drawing.budget -= _STATEFUL_COST
    return family(drawing, scope)
