"""Any statement, of whatever family."""

from __future__ import annotations

from collections.abc import Callable

from tests.proof.programs import choices, declarations, exits, functions, idioms, loops, protection, tasks, values
from tests.proof.programs.drawing import DEEPEST, Drawing
from tests.proof.programs.printing import Statement
from tests.proof.programs.scope import Scope

Family = Callable[[Drawing, Scope], Statement]

_FLAT: dict[Family, int] = {
    values.one_line: 30,
    values.not_awaited: 1,
    tasks.start: 8,
    tasks.join: 10,
    tasks.first_of: 2,
    tasks.value_of_work: 5,
    tasks.task_list: 3,
    exits.leaving: 6,
}
_HOLDING: dict[Family, int] = {
    choices.conditional: 10,
    choices.matching: 3,
    loops.for_loop: 6,
    loops.while_loop: 3,
    loops.unrolled: 2,
    protection.protected: 7,
    protection.managed: 3,
    tasks.group: 3,
    tasks.as_completed: 2,
    tasks.early: 2,
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


def statement(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a statement; the deeper, the flatter."""
    if not scope.thunks:
        return declarations.decorated(drawing, scope)
    families = _FLAT if scope.depth >= DEEPEST else _FLAT | _HOLDING
    return drawing.weighted(families)(drawing, scope)
