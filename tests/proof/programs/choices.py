"""Generate conditional statements: `if` and `match`."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.expressions import condition
from tests.proof.programs.printing import Block, Clause, Compound, Statement
from tests.proof.programs.scope import Scope
from tests.proof.programs.values import value


def branch_test(drawing: Drawing, scope: Scope) -> str:
    """Draw the test of an `if` or `while`, which may run steps."""
    return value(drawing, scope) if drawing.chance(6) else str(condition(drawing, scope))


def if_statement(drawing: Drawing, scope: Scope) -> Statement:
    clauses = [Clause(f"if {branch_test(drawing, scope)}", drawing.block(scope.inside()))]
    for _ in range(drawing.choose([0, 0, 0, 1, 2])):
        clauses.append(Clause(f"elif {branch_test(drawing, scope)}", drawing.block(scope.inside())))
    if drawing.chance(2):
        clauses.append(Clause("else", drawing.block(scope.inside())))
    return Compound(tuple(clauses))


def match_statement(drawing: Drawing, scope: Scope) -> Statement:
    subject = f"pick(1, 2, {value(drawing, scope)})" if drawing.chance(6) else "pick(1, 2, 3)"
    cases: list[Clause] = []
    for number in range(1, drawing.number(1, 3) + 1):
        name = drawing.name("seen")
        pattern = drawing.choose([str(number), f"{number} | 7", f"{name} if {name} == {number}", f"int() as {name}"])
        if pattern[0].isdigit() and drawing.chance(4):
            pattern += f" if {branch_test(drawing, scope)}"
        cases.append(Clause(f"case {pattern}", drawing.block(scope.inside())))
    if drawing.chance(2):
        cases.append(Clause("case _", drawing.block(scope.inside())))
    return Clause(f"match {subject}", Block((Compound(tuple(cases)),)))
