"""Generate loops that end."""

from __future__ import annotations

from tests.proof.programs.choices import branch_test
from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Block, Clause, Compound, Statement, line
from tests.proof.programs.scope import Scope
from tests.proof.programs.values import value
from tests.proof.programs.works import ROWS


def for_loop(drawing: Drawing, scope: Scope) -> Statement:
    row = drawing.name("row")
    rows = drawing.choose(ROWS)
    head = drawing.weighted(
        {
            f"for {row} in {rows}": 6,
            f"async for {row} in stream()": 1,
            f"for number, {row} in enumerate({rows})": 1,
            f"while (({row} := 1) and more())": 1,
            "step": 1,
        }
    )
    if head == "step":
        head = f"for {row} in [{value(drawing, scope)}]"
    return _with_else(drawing, scope, Clause(head, _body(drawing, scope, row)))


def while_loop(drawing: Drawing, scope: Scope) -> Statement:
    kinds = ["while more()", "while True", f"while more() and {branch_test(drawing, scope)}"]
    head = drawing.choose(kinds)
    body = _body(drawing, scope, None)
    if head == "while True":
        conditional_jump = Clause("if not more()", Block((line("break"),)))
        return Clause(
            head, Block((conditional_jump, *body.statements)) if drawing.chance(2) else body.then(conditional_jump)
        )
    return _with_else(drawing, scope, Clause(head, body))


def loop_over_steps(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a loop over a literal collection of steps."""
    steps = [drawing.choose(scope.thunks) for _ in range(drawing.number(1, 3))]
    drawing.budget -= len(steps)
    name = drawing.name("each")
    inner = scope.inside(can_break=True, once=False)
    inner.thunks.append(name)
    body = drawing.block(inner, 2)
    called = line(f"await {name}()")
    statements = body.then(called) if drawing.chance(3) else Block((called, *body.statements))
    written = drawing.choose(["[{}]", "({},)"]).format(", ".join(steps))
    return _with_else(drawing, scope, Clause(f"for {name} in {written}", statements))


def _body(drawing: Drawing, scope: Scope, row: str | None) -> Block:
    rows = scope.rows if row is None else [*scope.rows, row]
    return drawing.block(scope.inside(can_break=True, once=False, rows=rows))


def _with_else(drawing: Drawing, scope: Scope, loop: Clause) -> Statement:
    if not drawing.chance(6):
        return loop
    return Compound((loop, Clause("else", drawing.block(scope.inside()))))
