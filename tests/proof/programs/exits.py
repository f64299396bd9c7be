"""Ways out: of a pass, a loop, a function, a try."""

from __future__ import annotations

from tests.proof.programs.choices import test
from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Block, Clause, Compound, Line, Statement, line
from tests.proof.programs.scope import Scope
from tests.proof.programs.values import value

_RAISED = ["ValueError()", "TypeError()", "KeyError('key')", "NonRetryableError('no')", "ValueError"]


def leaving(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a way out that is taken sometimes, or an `if` of which a branch leaves in the end."""
    way = _way(drawing, scope)
    inner = drawing.block(scope.inside(), 2).then(way) if drawing.chance(3) else Block((way,))
    clauses = [Clause(f"if {test(drawing, scope)}", inner)]
    if drawing.chance(4):
        clauses.append(Clause("else", drawing.block(scope.inside(), 2)))
    if drawing.chance(12):
        return way
    return Compound(tuple(clauses))


def _way(drawing: Drawing, scope: Scope) -> Line:
    ways = {"return": 3} if scope.can_return else {}
    ways |= {"break": 4, "continue": 4} if scope.can_break else {}
    ways |= {"raise": 2, "again": 1 if scope.in_handler else 0} if not (scope.in_final and ways) else {}
    match drawing.weighted(ways):
        case "raise":
            return line(f"raise {drawing.among(_RAISED)}")
        case "again":
            return line("raise")
        case "return":
            return line(f"return bool({value(drawing, scope)})" if drawing.chance(3) else "return")
        case way:
            return line(way)
