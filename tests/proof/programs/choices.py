"""Ways that part: `if`, `match`."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.expressions import condition
from tests.proof.programs.printing import Block, Clause, Compound, Statement
from tests.proof.programs.scope import Scope
from tests.proof.programs.values import value


def test(drawing: Drawing, scope: Scope) -> str:
    """Draw the test of an `if` or a `while`, which may run steps."""
    return value(drawing, scope) if drawing.chance(6) else str(condition(drawing, scope))


def conditional(drawing: Drawing, scope: Scope) -> Statement:
    clauses = [Clause(f"if {test(drawing, scope)}", drawing.block(scope.inside()))]
    for _ in range(drawing.among([0, 0, 0, 1, 2])):
        clauses.append(Clause(f"elif {test(drawing, scope)}", drawing.block(scope.inside())))
    if drawing.chance(2):
        clauses.append(Clause("else", drawing.block(scope.inside())))
    return Compound(tuple(clauses))


def matching(drawing: Drawing, scope: Scope) -> Statement:
    subject = f"pick(1, 2, {value(drawing, scope)})" if drawing.chance(6) else "pick(1, 2, 3)"
    cases: list[Clause] = []
    for number in range(1, drawing.number(1, 3) + 1):
        name = drawing.name("seen")
        pattern = drawing.among([str(number), f"{number} | 7", f"{name} if {name} == {number}", f"int() as {name}"])
        if pattern[0].isdigit() and drawing.chance(4):
            pattern += f" if {test(drawing, scope)}"
        cases.append(Clause(f"case {pattern}", drawing.block(scope.inside())))
    if drawing.chance(2):
        cases.append(Clause("case _", drawing.block(scope.inside())))
    return Clause(f"match {subject}", Block((Compound(tuple(cases)),)))
