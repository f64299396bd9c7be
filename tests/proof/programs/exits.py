"""Generate statements that leave blocks: `break`, `continue`, `return` and `raise`."""

from __future__ import annotations

from tests.proof.programs.choices import branch_test
from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Block, Clause, Compound, LineStatement, Statement, line
from tests.proof.programs.scope import Scope
from tests.proof.programs.values import value

_RAISED = ["ValueError()", "TypeError()", "KeyError('key')", "NonRetryableError('no')", "ValueError"]


def conditional_jump(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a conditional jump."""
    jump = _jump(drawing, scope)
    inner = drawing.block(scope.inside(), 2).then(jump) if drawing.chance(3) else Block((jump,))
    clauses = [Clause(f"if {branch_test(drawing, scope)}", inner)]
    if drawing.chance(4):
        clauses.append(Clause("else", drawing.block(scope.inside(), 2)))
    if drawing.chance(12):
        return jump
    return Compound(tuple(clauses))


def _jump(drawing: Drawing, scope: Scope) -> LineStatement:
    kinds = {"return": 3} if scope.can_return else {}
    kinds |= {"break": 4, "continue": 4} if scope.can_break else {}
    kinds |= {"raise": 2, "again": 1 if scope.in_handler else 0} if not (scope.in_finally and kinds) else {}
    match drawing.weighted(kinds):
        case "raise":
            return line(f"raise {drawing.choose(_RAISED)}")
        case "again":
            return line("raise")
        case "return":
            return line(f"return bool({value(drawing, scope)})" if drawing.chance(3) else "return")
        case kind:
            return line(kind)
